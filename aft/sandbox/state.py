"""The organization on disk between two commands.

One file: a JSON header line (who wrote it), then a compressed pickle of our ``World`` and of
moto's backends as one graph. A pickle is code: only a file that is ours, with mode 0600, is
read, and only when the versions that wrote it are the ones that read it.
"""

from __future__ import annotations

import fcntl
import json
import os
import stat
import sys
import tempfile
import zlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import botocore
import moto

import aft
from aft.errors import UserError
from aft.sandbox import keys
from aft.sandbox.snapshot import dump, load
from aft.sandbox.world import World

_FORMAT = 4
_RESET = "Run `aft sandbox reset` to begin with a new organization."


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What was in the file; ``now`` is the virtual moment it was written."""

    world: World
    now: datetime


def _versions() -> dict[str, str | int]:
    return {
        "format": _FORMAT,
        "aft": aft.__version__,
        "moto": moto.__version__,
        "botocore": botocore.__version__,
        "Python": f"{sys.version_info.major}.{sys.version_info.minor}",
    }


class StateFile:
    """Locked from construction until ``release``."""

    def __init__(self, path: Path) -> None:
        """Raises ``UserError`` when another process has it open."""
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock_path = path.with_name(path.name + ".lock")
        self._lock = os.open(lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._lock)
            raise UserError(
                f"The sandbox {path} is in use by another process.",
                hint="Wait for that command to end, or stop its `aft sandbox serve`.",
            ) from error

    def release(self) -> None:
        """Let another process have it."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def delete(self) -> bool:
        """Forget what was saved; ``False`` when there is nothing."""
        existed = self.path.exists()
        self.path.unlink(missing_ok=True)
        return existed

    def load(self) -> Loaded | None:
        """What was saved, put into moto; ``None`` when there is no file yet.

        Raises ``UserError`` for a file that is not ours, damaged, or of other versions.
        """
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise UserError(f"The sandbox {self.path} cannot be read: {error}.") from error
        with os.fdopen(descriptor, "rb") as stream:
            self._check_owner(stream.fileno())
            content = stream.read()
        header, _, packed = content.partition(b"\n")
        found = self._header(header)
        try:
            world = load(zlib.decompress(packed))
        except Exception as error:  # a damaged pickle can raise anything
            raise UserError(f"The sandbox {self.path} is damaged: {error}", hint=_RESET) from error
        keys.rebuild()
        return Loaded(world=world, now=datetime.fromisoformat(str(found["now"])))

    def save(self, world: World, *, now: datetime) -> None:
        """Replace the file in one step; a crash leaves the old one."""
        header = json.dumps({**_versions(), "now": now.isoformat()}, sort_keys=True)
        packed = zlib.compress(dump(world), 1)
        descriptor, name = tempfile.mkstemp(dir=self.path.parent, prefix=self.path.name + ".")
        temporary = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(header.encode() + b"\n" + packed)
                stream.flush()
                os.fsync(stream.fileno())
            temporary.replace(self.path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise

    def _check_owner(self, descriptor: int) -> None:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_uid != os.getuid():
            raise UserError(f"The sandbox {self.path} is not a file of yours.", hint=_RESET)
        if stat.S_IMODE(status.st_mode) & 0o077:
            raise UserError(
                f"The sandbox {self.path} can be written or read by others "
                f"(mode {stat.S_IMODE(status.st_mode):04o}, expected 0600).",
                hint=f"If no other user has changed it: chmod 600 {self.path}",
            )

    def _header(self, line: bytes) -> dict[str, str | int]:
        try:
            found = json.loads(line)
        except ValueError as error:
            raise UserError(f"{self.path} is not a sandbox.", hint=_RESET) from error
        if not isinstance(found, dict) or "now" not in found:
            raise UserError(f"{self.path} is not a sandbox.", hint=_RESET)
        for name, version in _versions().items():
            if found.get(name) != version:
                raise UserError(
                    f"The sandbox {self.path} was written with {name} {found.get(name)}, "
                    f"and this is {name} {version}.",
                    hint=_RESET,
                )
        return found
