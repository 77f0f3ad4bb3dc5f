"""Waiting for what another process or thread does: until it is so, not for a while.

Nothing may depend on how fast the machine is. The limit here is for real hangs alone.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

PATIENCE = 300.0
"""Seconds after which something hangs."""


def until(condition: Callable[[], object], what: str = "it happened") -> None:
    """Wait until ``condition`` holds."""
    ends = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < ends, f"not within {PATIENCE:.0f} s: {what}"
        time.sleep(0.02)


@contextlib.contextmanager
def no_hang() -> Iterator[None]:
    """What hangs in this block fails, after all."""

    def ring(number: int, frame: FrameType | None) -> None:
        raise AssertionError(f"not within {PATIENCE:.0f} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(int(PATIENCE))
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def is_running(pid: int) -> bool:
    """False also for a zombie, which waits for its parent to see it."""
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except ProcessLookupError:
        return False
    except FileNotFoundError:  # gone meanwhile, or a system without /proc
        return not Path("/proc").is_dir()
    return state != "Z"


def until_gone(*pids: int) -> None:
    """Wait until none of these processes runs any more."""
    assert pids
    until(lambda: not any(map(is_running, pids)), f"{pids} have ended")


class TimeOnceThere:
    """Elapsed time that stands still until ``path`` is there, and then is past every limit."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __call__(self) -> float:
        return 1e9 if self._path.exists() else 0.0
