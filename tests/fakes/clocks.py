"""Clocks on which waiting costs nothing.

``SteppingClock``: every sleeper moves time itself; enough where only elapsed time matters.
``MachineClock``: the same time on a machine that can be suspended, which stops its own clock.
``SimulatedClock``: time moves to the next sleeper only once no thread has anything left to do, so
that what happens side by side takes as long as it would; for tests about schedules.
"""

from __future__ import annotations

import gc
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import FrameType
from typing import Self

START = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)


class SteppingClock:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._now = 0.0
        self.alarms: list[tuple[float, object]] = []

    def monotonic(self) -> float:
        with self._lock:
            return self._now

    def boottime(self) -> float:
        return self.monotonic()

    def now(self) -> datetime:
        return START + timedelta(seconds=self.monotonic())

    def sleep(self, seconds: float) -> None:
        self.advance(max(0.0, seconds))

    def advance(self, seconds: float) -> None:
        with self._lock:
            self._now += seconds
            due = [action for at, action in self.alarms if at <= self._now]
            self.alarms = [item for item in self.alarms if item[0] > self._now]
        for action in due:
            assert callable(action)
            action()

    def at(self, seconds: float, action: object) -> None:
        """Call ``action`` once time has come to ``seconds`` after the start."""
        self.alarms.append((seconds, action))


@dataclass
class MachineClock:
    """``suspended`` are the seconds that ``monotonic`` has missed."""

    base: SteppingClock
    suspended: float = 0.0

    def monotonic(self) -> float:
        return self.base.monotonic() - self.suspended

    def boottime(self) -> float:
        return self.base.boottime()

    def now(self) -> datetime:
        return self.base.now()

    def sleep(self, seconds: float) -> None:
        self.base.sleep(seconds)


@dataclass(eq=False)
class _Sleeper:
    wake: float
    event: threading.Event = field(default_factory=threading.Event)


class SimulatedClock:
    """Use as a context manager in the thread that runs the code under test."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._now = 0.0
        self._sleepers: list[_Sleeper] = []
        self._strangers = set(threading.enumerate()) - {threading.current_thread()}
        self._over = False
        self._driver = threading.Thread(target=self._drive, daemon=True)

    def __enter__(self) -> Self:
        self._driver.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over = True
        self._driver.join()

    def monotonic(self) -> float:
        with self._lock:
            return self._now

    def boottime(self) -> float:
        return self.monotonic()

    def now(self) -> datetime:
        return START + timedelta(seconds=self.monotonic())

    def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            return
        with self._lock:
            sleeper = _Sleeper(self._now + seconds)
            self._sleepers.append(sleeper)
        sleeper.event.wait()

    def _drive(self) -> None:
        calm = 0
        while not self._over:
            time.sleep(0.0001)
            calm = calm + 1 if self._all_parked() else 0
            if calm >= 3:
                calm = 0
                self._wake_next()

    def _wake_next(self) -> None:
        with self._lock:
            if not self._sleepers:
                return
            self._now = max(self._now, min(sleeper.wake for sleeper in self._sleepers))
            due = [sleeper for sleeper in self._sleepers if sleeper.wake <= self._now + 1e-9]
            self._sleepers = [sleeper for sleeper in self._sleepers if sleeper not in due]
            for sleeper in due:
                sleeper.event.set()

    def _all_parked(self) -> bool:
        frames = _current_frames()
        for thread in threading.enumerate():
            if thread in self._strangers or thread is self._driver:
                continue
            frame = frames.get(thread.ident or -1)
            if frame is None or not _is_parked(frame):
                return False
            if _is_runnable(thread):
                return False
        return True


def _current_frames() -> Mapping[int, FrameType]:
    """What every thread is doing.

    Without the garbage collector: until Python 3.12, one that begins in there and clears a
    ``threading.local`` waits permanently for the lock that this call holds (gh-106883).
    """
    gc.disable()
    try:
        return sys._current_frames()
    finally:
        gc.enable()


def _is_runnable(thread: threading.Thread) -> bool:
    """Linux: it has been woken and waits for a processor, which its frame does not show: a worker
    that has just taken a job looks like one that waits for one."""
    try:
        stat = Path(f"/proc/self/task/{thread.native_id}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] == "R"


def _is_parked(frame: FrameType) -> bool:
    """The thread waits to be woken by another one, and has not been."""
    code = frame.f_code
    if code.co_filename == threading.__file__:
        if code.co_name == "wait":
            waiter = frame.f_locals.get("waiter")
            return waiter is not None and waiter.locked()
        return code.co_name in ("_wait_for_tstate_lock", "join")
    if code.co_name == "_worker" and code.co_filename.endswith("concurrent/futures/thread.py"):
        return bool(frame.f_locals["work_queue"].qsize() == 0)
    return False
