"""Whole processes and what they cost: CPU seconds of user and system together."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

AFT = (sys.executable, "-m", "aft")


def cpu_seconds(
    command: Sequence[str], *, cwd: Path, environ: Mapping[str, str] | None = None
) -> float:
    """What ``command`` used. Raises ``CalledProcessError`` when it fails."""
    before = _children()
    subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, **(environ or {})},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return _children() - before


def modules_of(
    arguments: Sequence[str], *, cwd: Path, environ: Mapping[str, str]
) -> frozenset[str]:
    """The top-level modules that ``aft`` with these arguments has imported when it ends."""
    code = (
        "import sys\n"
        "from aft.cli.main import run\n"
        "code = run(sys.argv[1:])\n"
        "print('\\n'.join(sys.modules), file=sys.stderr)\n"
        "sys.exit(code)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=cwd,
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        check=True,
    )
    return frozenset(name.partition(".")[0] for name in done.stderr.split())


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
