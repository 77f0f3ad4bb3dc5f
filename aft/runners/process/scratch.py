"""Scratch folders: one for each run of a step, removed when it ends, or by a later run.

A process that is killed cannot clean up. So each folder holds a file that its process keeps locked
for as long as it lives, and every new folder first removes those whose lock is free.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from aft.runners.process.child import strays
from aft.runners.process.left import remove_left

_PREFIX = "aft-step-"
LOCK = "in-use"
"""The locked file."""
_PLAIN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@contextlib.contextmanager
def scratch_folder() -> Iterator[Path]:
    """A private folder with an empty ``home`` in it."""
    _remove_abandoned()
    place = Path(tempfile.mkdtemp(prefix=_PREFIX)).resolve()
    try:
        (place / "home").mkdir()
        unlocked = place / "starting"
        with unlocked.open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            unlocked.rename(place / LOCK)  # not found before it is locked
            yield place
    finally:
        remove_left(place)


def _remove_abandoned() -> None:
    """Remove the folders of processes that no longer run, unless one of their steps still does."""
    for lock in Path(tempfile.gettempdir()).resolve().glob(f"{_PREFIX}*/{LOCK}"):
        # In use, another user's, gone, or a link or pipe that someone else put there.
        with contextlib.suppress(OSError), os.fdopen(os.open(lock, _PLAIN)) as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not any(strays(str(lock.parent / "home"))):
                remove_left(lock.parent)
