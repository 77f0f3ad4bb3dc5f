"""Jobs for the process apart, and what came of them.

One process does them, in their order; it is started with the first of them. A job that hits a
limit, or ends the process in any other way, gives ``Ended``; a new process takes the jobs behind
it. What comes out is never executed. Where no process can be started from another (Windows), jobs
are done here, without limits.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import threading
import weakref
from collections import deque
from typing import Any, NamedTuple

from aft.confined.child import (
    ANSWER,
    CPU_SECONDS,
    HEAD,
    MEMORY_BYTES,
    NO_MEMORY,
    RAISED,
    READY,
    Works,
    received,
    work_at,
)
from aft.confined.start import FORKED_BYTES, Process, start_process
from aft.errors import UserError
from aft.values.bounded_json import read_json

WALL_SECONDS = 120.0
"""After which a process that says nothing has hung; far more than its processor time."""
MAX_ANSWER = 16 * 1024 * 1024
_WINDOW = 96 * 1024
"""Bytes of jobs that may wait for the process: less than the system keeps for it, so that giving
one never waits for a process that waits for its answer to be read."""
_BY_OTHERS = (-signal.SIGKILL, -signal.SIGTERM, -signal.SIGHUP)
"""Ends that others cause: a system without memory, or a person. The job is tried once more."""


class Ended(NamedTuple):
    """A job did not come to its end; ``why`` is in our words."""

    why: str


class _Job(NamedTuple):
    number: int
    frame: bytes


class Confinement:
    """Jobs for one process at a time. Safe for threads; a forked copy of the process that owns it
    starts its own."""

    def __init__(self, works: Works, *, forked_bytes: int = FORKED_BYTES) -> None:
        self._works = works
        self._forked_bytes = forked_bytes
        self._lock = threading.RLock()
        self._process: Process | None = None
        self._end: weakref.finalize[..., Any] | None = None
        self._is_ready = False
        self._waiting: deque[_Job] = deque()
        self._done: dict[int, Any] = {}
        self._number = self._bytes = 0
        self._tried = 0
        """The job that is done again."""
        self.starts = 0
        """How many processes there were."""
        _ALL.add(self)

    @property
    def pid(self) -> int | None:
        """That of the process, while there is one."""
        return self._process and self._process.pid

    def call(self, work: str, argument: Any, content: bytes = b"") -> Any | Ended:
        """Do one job."""
        return self.result(self.submit(work, argument, content))

    def submit(self, work: str, argument: Any, content: bytes = b"") -> int:
        """Give a job, whose ``result`` is asked for later."""
        head = json.dumps([work, argument]).encode()
        with self._lock:
            self._number += 1
            job = _Job(self._number, HEAD.pack(len(head), len(content)) + head + content)
            if not hasattr(os, "fork"):
                self._done[job.number] = work_at(self._works[work])(argument, content)
                return job.number
            while self._waiting and self._bytes + len(job.frame) > _WINDOW:
                self._collect()
            self._waiting.append(job)
            self._bytes += len(job.frame)
            if self._process is None:
                self._start()
            else:
                self._send(self._process, job)
            return job.number

    def result(self, number: int) -> Any | Ended:
        """What came of a job, once."""
        with self._lock:
            while number not in self._done:
                self._collect()
            return self._done.pop(number)

    def close(self) -> None:
        """End the process, if there is one; jobs that wait are done by the next."""
        with self._lock:
            self._closed()

    def forget(self) -> None:
        """In a forked copy: the process belongs to the original, and so does the lock."""
        self._lock = threading.RLock()
        self._closed()

    def _closed(self) -> int:
        process, self._process = self._process, None
        if self._end is not None:
            self._end.detach()
        return 0 if process is None else process.end()

    def _start(self) -> Process:
        """A new process, for all jobs that wait."""
        try:
            process = start_process(self._works, forked_bytes=self._forked_bytes)
        except OSError as error:
            raise _not_started() from error
        self._process = process
        self._end = weakref.finalize(self, process.end)
        self._is_ready = False
        process.pipe.settimeout(WALL_SECONDS)
        self.starts += 1
        for job in self._waiting:
            self._send(process, job)
        return process

    def _send(self, process: Process, job: _Job) -> None:
        with contextlib.suppress(OSError):  # it has ended, which reading shows
            process.pipe.sendall(job.frame)

    def _collect(self) -> None:
        """The answer to the oldest job, or why there is none."""
        process = self._process or self._start()
        found: Any = None
        is_last = False
        try:
            if not self._is_ready:
                self._is_ready = received(process.pipe, 1) == READY
            size, is_last = ANSWER.unpack(received(process.pipe, ANSWER.size))
            if size > MAX_ANSWER:
                found = Ended("what it says is too long")
            else:
                found = read_json(received(process.pipe, size))
        except TimeoutError:
            found = Ended(f"no end within {WALL_SECONDS:.0f} s")
        except ValueError:
            found = Ended("it is not what it seemed")
        except OSError:
            found = self._ended(self._closed())
            if found is None:
                return
        job = self._waiting.popleft()
        self._bytes -= len(job.frame)
        self._done[job.number] = found
        if is_last or isinstance(found, Ended):
            self._closed()
            if self._waiting:
                self._start()

    def _ended(self, code: int) -> Ended | None:
        """Why the oldest job was not done; ``None`` where it is to be done again. Raises
        ``UserError`` where that does not help."""
        job = self._waiting[0]
        if self._is_ready and (code not in _BY_OTHERS or self._tried == job.number):
            return Ended(_why(code))
        if self._tried == job.number:
            raise _not_started()
        self._tried = job.number
        return None


_ALL: weakref.WeakSet[Confinement] = weakref.WeakSet()


def _forget_all() -> None:
    for confinement in tuple(_ALL):
        confinement.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)


def _not_started() -> UserError:
    return UserError(
        "the process that reads files does not start", hint="is there memory for another process?"
    )


def _why(code: int) -> str:
    if code == -signal.SIGPROF:
        return f"it takes more than {CPU_SECONDS:.0f} s"
    if code == NO_MEMORY:
        return f"it takes more than {MEMORY_BYTES // 1024**2} MB"
    if code == RAISED:
        return "the process that read it failed"
    if code < 0:
        return f"the process that read it was ended by signal {-code}"
    return "the process that read it ended"
