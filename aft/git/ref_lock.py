"""Past the lock of a ref: waited for while it is held, removed when a killed process left it.

libgit2 and git create ``<ref>.lock`` for the instant in which they move a ref. A process that
dies in that instant leaves the file behind, and would hold up every later run.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pygit2

from aft.errors import Transient

STALE_SECONDS = 10.0
"""A lock this old has no owner: moving a ref takes milliseconds."""

PATIENCE_SECONDS = 30.0

_WAIT = 0.01
"""Real seconds also under a simulated clock, as the other process's are real too."""

_UNASKED_SECONDS = 1.0
"""How long to try before looking at the lock's age."""

T = TypeVar("T")


def past_lock(
    handle: pygit2.Repository,
    name: str,
    move: Callable[[], T],
    *,
    elapsed: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> T:
    """What ``move``, which writes the ref ``name``, returns. Waits by ``elapsed`` and ``sleep``.
    Raises ``Transient`` when the ref stays locked and its lock cannot be removed."""
    lock = Path(handle.path) / f"{name}.lock"
    began = elapsed()
    while True:
        try:
            return move()
        except OSError as error:  # libgit2's "failed to lock file"
            last = error
        waited = elapsed() - began
        if waited > PATIENCE_SECONDS or (waited > _UNASKED_SECONDS and not _may_wait(lock)):
            raise Transient(
                f"{name} is locked: {last}",
                hint="if no other git or aft runs here, a killed one left its .lock file: "
                "delete it",
            ) from last
        sleep(_WAIT)


def _may_wait(lock: Path) -> bool:
    """True when another try makes sense: the lock is young, or was just removed."""
    try:
        age = time.time() - lock.stat().st_mtime
    except FileNotFoundError:
        return False  # something else is in the way
    if age < STALE_SECONDS:
        return True
    with contextlib.suppress(OSError):
        lock.unlink()
        return True
    return False
