"""Scratch folders: one for each run of a step, removed when it ends, or by a later run.

A process that is killed cannot clean up. So each folder holds a file that its process keeps locked
for as long as it lives, and every new folder first removes those whose lock is free.
"""

from __future__ import annotations

import contextlib
import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from aft.runners.process.child import strays

_PREFIX = "aft-step-"
LOCK = "in-use"
"""The locked file."""


@contextlib.contextmanager
def scratch_folder() -> Iterator[Path]:
    """A private folder with an empty ``home`` in it."""
    _remove_abandoned()
    with tempfile.TemporaryDirectory(prefix=_PREFIX, ignore_cleanup_errors=True) as folder:
        place = Path(folder).resolve()
        (place / "home").mkdir()
        unlocked = place / "starting"
        with unlocked.open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            unlocked.rename(place / LOCK)  # not found before it is locked
            yield place


def _remove_abandoned() -> None:
    """Remove the folders of processes that no longer run, unless one of their steps still does."""
    for lock in Path(tempfile.gettempdir()).resolve().glob(f"{_PREFIX}*/{LOCK}"):
        with contextlib.suppress(OSError), lock.open() as file:  # in use, another user's, or gone
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not any(strays(str(lock.parent / "home"))):
                shutil.rmtree(lock.parent, ignore_errors=True)
