"""A process that reads what others wrote, with limits on time and memory, apart from this one.

It is forked from this process, so that all code is there already, and does one job after the other:
a name of a table, an argument and bytes go in, plain JSON comes out, and nothing that comes out is
ever executed. Each job has its own limit of processor time; memory is limited above what the
process had when it began. A job that hits a limit, or ends the process in any other way, gives
``Ended``; a new process takes the jobs behind it. What has grown is replaced, so that no document
pays for those before it. Where processes cannot be forked, jobs are done here, without limits.
"""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import json
import math
import os
import signal
import socket
import struct
import sys
import threading
import warnings
import weakref
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from aft.values.bounded_json import read_json

Work = Callable[[Any, bytes], Any]
"""From an argument (plain JSON) and content to plain JSON. Runs in the process apart."""

CPU_SECONDS = 2.0
"""Of one job, for each ``CPU_BYTES`` of its content or part of them."""
CPU_BYTES = 256 * 1024
WALL_SECONDS = 120.0
"""After which a process that says nothing has hung; far more than its processor time."""
MEMORY_BYTES = 300 * 1024 * 1024
"""More than the process had when it began."""
GROWN_BYTES = 64 * 1024 * 1024
"""A process that has grown by this is replaced after its job."""
MAX_ANSWER = 16 * 1024 * 1024
_WINDOW = 96 * 1024
"""Bytes of jobs that may wait for the process: less than the system keeps for it, so that giving
one never waits for a process that waits for its answer to be read."""
_BUFFER = 2 * _WINDOW
_NO_MEMORY = 3
_HEAD = struct.Struct(">II")
_ANSWER = struct.Struct(">IB")


class Ended(NamedTuple):
    """A job did not come to its end; ``why`` is in our words."""

    why: str


class _Job(NamedTuple):
    number: int
    frame: bytes


class _Process(NamedTuple):
    pid: int
    pipe: socket.socket
    end: weakref.finalize[..., Any]


class Confinement:
    """Jobs for one process at a time, which is started with the first of them."""

    def __init__(self, works: Mapping[str, Work]) -> None:
        self._works = works
        self._lock = threading.RLock()
        self._process: _Process | None = None
        self._waiting: deque[_Job] = deque()
        self._done: dict[int, Any] = {}
        self._number = self._bytes = 0
        self.starts = 0
        """How many processes there were."""

    def call(self, work: str, argument: Any, content: bytes = b"") -> Any | Ended:
        """Do one job."""
        return self.result(self.submit(work, argument, content))

    def submit(self, work: str, argument: Any, content: bytes = b"") -> int:
        """Give a job, whose ``result`` is asked for later."""
        head = json.dumps([work, argument]).encode()
        with self._lock:
            self._number += 1
            job = _Job(self._number, _HEAD.pack(len(head), len(content)) + head + content)
            if not hasattr(os, "fork"):
                self._done[job.number] = self._works[work](argument, content)
                return job.number
            while self._waiting and self._bytes + len(job.frame) > _WINDOW:
                self._collect()
            self._waiting.append(job)
            self._bytes += len(job.frame)
            if self._process is None:
                self._start()
            else:
                self._send(job)
            return job.number

    def result(self, number: int) -> Any | Ended:
        """What came of a job, once."""
        with self._lock:
            while number not in self._done:
                self._collect()
            return self._done.pop(number)

    def close(self) -> None:
        """End the process, if there is one."""
        if self._process is not None:
            self._process.end()
            self._process = None

    def _start(self) -> None:
        """A new process, for all jobs that wait."""
        ours, theirs = socket.socketpair()
        for pipe in (ours, theirs):
            pipe.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER)
        with warnings.catch_warnings():
            # The process forked here runs code that takes no lock of another thread.
            warnings.simplefilter("ignore", DeprecationWarning)
            pid = os.fork()
        if pid == 0:
            _serve(theirs, self._works)
        theirs.close()
        ours.settimeout(WALL_SECONDS)
        self._process = _Process(pid, ours, weakref.finalize(self, _end, pid, ours))
        self.starts += 1
        for job in self._waiting:
            self._send(job)

    def _send(self, job: _Job) -> None:
        assert self._process is not None  # noqa: S101 (for the type: its callers have seen to it)
        with contextlib.suppress(OSError):  # it has ended, which reading shows
            self._process.pipe.sendall(job.frame)

    def _collect(self) -> None:
        """The answer to the oldest job, or why there is none."""
        if self._process is None:
            self._start()
        process = self._process
        assert process is not None  # noqa: S101 (for the type: it was started)
        why = ""
        is_last = False
        try:
            size, is_last = _ANSWER.unpack(_received(process.pipe, _ANSWER.size))
            if size > MAX_ANSWER:
                why = "what it says is too long"
            else:
                answer = read_json(_received(process.pipe, size))
        except TimeoutError:
            why = f"no end within {WALL_SECONDS:.0f} s"
        except ValueError:
            why = "it is not what it seemed"
        except OSError:
            why = _why(process.end())
        job = self._waiting.popleft()
        self._bytes -= len(job.frame)
        self._done[job.number] = Ended(why) if why else answer
        if why or is_last:
            self.close()
            if self._waiting:
                self._start()


def _end(pid: int, pipe: socket.socket) -> int:
    """End a process for sure; how it ended, where it did so before."""
    pipe.close()
    try:
        os.kill(pid, signal.SIGKILL)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    except OSError:
        return 0  # someone else has waited for it


def _why(code: int | None) -> str:
    if code == -signal.SIGPROF:
        return f"it takes more than {CPU_SECONDS:.0f} s"
    if code == _NO_MEMORY:
        return f"it takes more than {MEMORY_BYTES // 1024**2} MB"
    if code is not None and code < 0:
        return f"the process that read it was ended by signal {-code}"
    return "the process that read it ended"


def _received(pipe: socket.socket, size: int) -> bytes:
    """So many bytes. Raises ``OSError`` when there are fewer."""
    parts: list[bytes] = []
    while size:
        part = pipe.recv(min(size, 1 << 20))
        if not part:
            raise ConnectionResetError
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


# --- in the process apart ---


def _serve(pipe: socket.socket, works: Mapping[str, Work]) -> NoReturn:
    """Do jobs until there are no further ones. Never returns."""
    try:
        most = _alone()
        while True:
            head, body = _HEAD.unpack(_received(pipe, _HEAD.size))
            work, argument = json.loads(_received(pipe, head))
            content = _received(pipe, body)
            parts = max(1, math.ceil(len(content) / CPU_BYTES))
            signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS * parts)
            answer = json.dumps(works[work](argument, content), separators=(",", ":")).encode()
            grown = _most_memory() > most
            pipe.sendall(_ANSWER.pack(len(answer), grown) + answer)
            if grown:
                os._exit(0)
    except MemoryError:
        os._exit(_NO_MEMORY)
    except BaseException:  # noqa: BLE001 - not one line of this process goes on in another way
        os._exit(1)
    finally:
        os._exit(0)


def _alone() -> int:
    """Give up what the jobs need not have, and limit the rest; the memory that is too much."""
    sys.settrace(None)
    sys.dont_write_bytecode = True
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # for the one that started it, which then ends it
    for number in (signal.SIGTERM, signal.SIGPROF):
        signal.signal(number, signal.SIG_DFL)
    faulthandler.disable()
    os.environ.clear()
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nothing, standard)
    sys.stdout = sys.stderr = os.fdopen(nothing, "w")
    gc.disable()
    gc.freeze()

    import resource  # noqa: PLC0415 - of Unix, as ``fork`` is

    for kind, value in ((resource.RLIMIT_CORE, 0), (resource.RLIMIT_FSIZE, 0)):
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(kind, (value, value))
    with contextlib.suppress(OSError, ValueError):
        size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        wanted = size + MEMORY_BYTES
        if hard == resource.RLIM_INFINITY or wanted < hard:
            resource.setrlimit(resource.RLIMIT_AS, (wanted, wanted))
    return _most_memory() + GROWN_BYTES


def _most_memory() -> int:
    import resource  # noqa: PLC0415 - of Unix, as ``fork`` is

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024
