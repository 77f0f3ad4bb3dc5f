"""The process apart, seen from inside: it does one job after the other, within limits.

Everything it inherits is given up first: descriptors, signals, environment, folder. Then a name of
a table, an argument and bytes come in, and plain JSON goes out. Each job has its own limit of
processor time; memory is limited above what the process had at its start. What hits a limit, or
raises, ends the process; what has grown says so with its answer, and ends too. So no document pays
for those before it.

Imports nothing that a job does not need: where the process is started afresh, its start counts.
"""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import importlib
import json
import math
import os
import signal
import socket
import struct
import sys
from collections.abc import Callable, Mapping
from functools import cache
from operator import attrgetter
from pathlib import Path
from typing import Any, NoReturn

Work = Callable[[Any, bytes], Any]
"""From an argument (plain JSON) and content to plain JSON."""
Works = Mapping[str, str]
"""Jobs by name: ``module:attribute`` of a ``Work``, imported where it is done."""

CPU_SECONDS = 2.0
"""Of one job, for each ``CPU_BYTES`` of its content or part of them."""
CPU_BYTES = 256 * 1024
MEMORY_BYTES = 300 * 1024 * 1024
"""More than the process had at its start. Holds on Linux."""
GROWN_BYTES = 64 * 1024 * 1024
"""A process that has grown by this is replaced after its job."""
READY = b"r"
"""What the process says before its first answer."""
NO_MEMORY, RAISED = 3, 4
"""How the process exits for want of memory, and when a job raises."""
HEAD = struct.Struct(">II")
"""Of a job: the lengths of its name with argument, and of its content."""
ANSWER = struct.Struct(">IB")
"""Of an answer: its length, and whether it is the last one."""

_PARENT_DEATH_SIGNAL = 1  # prctl(2)


def main() -> NoReturn:
    """The process when it is started afresh: its pipe is its standard input."""
    works, parent = json.loads(sys.argv[1])
    serve(socket.socket(fileno=os.dup(0)), works, parent)


def serve(pipe: socket.socket, works: Works, parent: int) -> NoReturn:
    """Do jobs until there are no further ones, or process ``parent`` ends (0: until the pipe
    does). Never returns."""
    try:
        _give_up_inheritance(pipe.fileno())
        _end_with(parent)
        most = _limited()
        pipe.sendall(READY)
        while True:
            head, body = HEAD.unpack(received(pipe, HEAD.size))
            name, argument = json.loads(received(pipe, head))
            content = received(pipe, body)
            work: Work = work_at(works[name])
            parts = max(1, math.ceil(len(content) / CPU_BYTES))
            signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS * parts)
            answer = json.dumps(work(argument, content), separators=(",", ":")).encode()
            has_grown = _memory() > most
            pipe.sendall(ANSWER.pack(len(answer), has_grown) + answer)
            if has_grown:
                os._exit(0)
    except MemoryError:
        os._exit(NO_MEMORY)
    except OSError:
        os._exit(0)  # the pipe has ended
    except BaseException:  # noqa: BLE001 - not one line of this process goes on in another way
        os._exit(RAISED)
    finally:
        os._exit(0)


def received(pipe: socket.socket, size: int) -> bytes:
    """So many bytes. Raises ``OSError`` when there are fewer."""
    parts: list[bytes] = []
    while size:
        part = pipe.recv(min(size, 1 << 20))
        if not part:
            raise ConnectionResetError
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


@cache
def work_at(place: str) -> Any:
    """What there is at ``module:attribute``."""
    module, _, attribute = place.partition(":")
    return attrgetter(attribute)(importlib.import_module(module))


def _give_up_inheritance(pipe: int) -> None:
    """No descriptor but the pipe stays open, so that no lock, pipe or socket of others waits for
    this process; no signal meant for others arrives, and no code of others is called by one."""
    with contextlib.suppress(OSError):
        os.setpgid(0, 0)
    signal.set_wakeup_fd(-1)
    for number in signal.valid_signals():
        if callable(signal.getsignal(number)):
            signal.signal(number, signal.SIG_DFL)
    for deadly in (signal.SIGTERM, signal.SIGPROF, signal.SIGHUP):
        signal.signal(deadly, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # for the one that started it, which then ends it
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    faulthandler.disable()
    sys.settrace(None)
    sys.setprofile(None)
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nothing, standard)
    sys.stdin = sys.__stdin__ = None  # type: ignore[misc]
    sys.stdout = sys.stderr = open(1, "w", closefd=False)  # noqa: SIM115 - outlives this
    for folder in ("/proc/self/fd", "/dev/fd"):
        if Path(folder).is_dir():
            for descriptor in map(int, os.listdir(folder)):  # noqa: PTH208 - numbers, no paths
                if descriptor > 2 and descriptor != pipe:
                    with contextlib.suppress(OSError):
                        os.close(descriptor)
            break
    os.environ.clear()
    with contextlib.suppress(OSError):
        os.chdir("/")


def _end_with(parent: int) -> None:
    """End when process ``parent`` does, even while a job is done."""
    if not parent:
        return
    if sys.platform == "linux":
        import ctypes  # noqa: PLC0415 - elsewhere the end of the pipe must do

        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PARENT_DEATH_SIGNAL, int(signal.SIGKILL))
    if os.getppid() != parent:
        os._exit(0)


def _limited() -> int:
    """Limit what the process may use from now on; the memory that is too much."""
    import resource  # noqa: PLC0415 - of Unix, as such processes are

    sys.dont_write_bytecode = True
    gc.disable()
    gc.freeze()
    for kind, value in ((resource.RLIMIT_CORE, 0), (resource.RLIMIT_FSIZE, 0)):
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(kind, (value, value))
    size = _memory()
    if sys.platform == "linux":
        with contextlib.suppress(OSError, ValueError):
            _, hard = resource.getrlimit(resource.RLIMIT_AS)
            wanted = size + MEMORY_BYTES
            if hard == resource.RLIM_INFINITY or wanted < hard:
                resource.setrlimit(resource.RLIMIT_AS, (wanted, wanted))
    return size + GROWN_BYTES


def _memory() -> int:
    """Bytes that the process has reserved, which is what its limit counts; where the system does
    not say that, the most it ever used."""
    import resource  # noqa: PLC0415 - of Unix, as such processes are

    try:
        pages = Path("/proc/self/statm").read_bytes().split()[0]
    except OSError:
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else most * 1024
    return int(pages) * resource.getpagesize()
