"""What customization steps wrote, as files of this machine: one folder per run, the oldest pruned.

Masked before it gets here; readable by this user alone all the same. A log that cannot be kept is
no reason to fail a step.
"""

from __future__ import annotations

import contextlib
import re
import shutil
from pathlib import Path

from aft.redaction import redact

RUNS_KEPT = 50
_ODD = re.compile(r"[^A-Za-z0-9._-]+")


class RunLogs:
    """The logs below one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, *, run: str, target: str, step: str) -> Path:
        """Where the log of one step is, or would be."""
        return self._folder / _name(run) / _name(target) / f"{_name(step)}.log"

    def find(self, *, run: str, target: str, step: str) -> str:
        """The log's file, or an empty string when this machine has none."""
        path = self.path(run=run, target=target, step=step)
        return str(path) if run and path.is_file() else ""

    def keep(self, log: str, *, run: str, target: str, step: str) -> None:
        """See ``aft.ports.StepLogs``."""
        path = self.path(run=run, target=target, step=step)
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            path.touch(0o600)
            path.write_bytes(redact(log).encode(errors="replace"))

    def prune(self, *, keep: int = RUNS_KEPT) -> None:
        """Delete all runs but the newest."""
        with contextlib.suppress(OSError):
            runs = [entry for entry in self._folder.iterdir() if entry.is_dir()]
            runs.sort(key=lambda entry: entry.stat().st_mtime, reverse=True)
            for old in runs[keep:]:
                shutil.rmtree(old, ignore_errors=True)


def _name(text: str) -> str:
    return _ODD.sub("__", text).strip(".") or "_"
