"""How the process apart is started, and ended.

A process that is small and has one thread is forked: all code is there already. One that is large
would leave the other a copy of each page that it changes afterwards, and one with several threads
may have locks that no one in the copy opens: there, and outside Linux, a new interpreter is
started.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import sys
import threading
import warnings
from pathlib import Path
from typing import Any, NamedTuple

from aft.confined.child import Works, serve

FORKED_BYTES = 256 * 1024 * 1024
"""A process that uses more is not forked."""
_BUFFER = 192 * 1024
"""Bytes that the system keeps in each direction."""
_CODE = """\
import json, sys
sys.path[:] = json.loads(sys.argv[2])
from aft.confined.child import main
main()
"""
_LIBRARIES = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
"""What an interpreter may need to start; no job sees it."""


class Process(NamedTuple):
    """A process apart, of process ``owner``."""

    pid: int
    pipe: socket.socket
    owner: int

    def end(self) -> int:
        """End it for sure; how it ended, where it did so before. A forked copy of the owner only
        gives up its part of the pipe."""
        self.pipe.close()
        if os.getpid() != self.owner:
            return 0
        try:
            os.kill(self.pid, signal.SIGKILL)
            return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        except OSError:
            return 0  # someone else has waited for it


def start_process(works: Works, *, forked_bytes: int = FORKED_BYTES) -> Process:
    """A new process that does ``works``. This one is forked if it uses less than ``forked_bytes``.
    Raises ``OSError``."""
    ours, theirs = socket.socketpair()
    with theirs:
        for pipe in (ours, theirs):
            pipe.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER)
        owner = os.getpid()
        # Linux takes the end of the thread that started it for that of the process.
        is_main = threading.current_thread() is threading.main_thread()
        parent = owner if is_main else 0
        try:
            started = _forked if _may_fork(forked_bytes) else _afresh
            pid = started(theirs, works, parent)
        except BaseException:
            ours.close()
            raise
    return Process(pid, ours, owner)


def _forked(pipe: socket.socket, works: Works, parent: int) -> int:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of threads, of which there are none
        pid = os.fork()
    if pid == 0:
        serve(pipe, works, parent)
    return pid


def _afresh(pipe: socket.socket, works: Works, parent: int) -> int:
    path = [str(Path(entry).absolute()) for entry in sys.path if entry]
    arguments = [sys.executable, "-I", "-X", "utf8", "-c", _CODE]
    arguments += [json.dumps([dict(works), parent]), json.dumps(path)]
    actions: list[Any] = [(os.POSIX_SPAWN_DUP2, pipe.fileno(), 0)]
    actions += [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_WRONLY, 0) for number in (1, 2)]
    environ = {name: os.environ[name] for name in _LIBRARIES if name in os.environ}
    return os.posix_spawn(
        sys.executable, arguments, environ, file_actions=actions, setpgroup=0, setsigmask=()
    )


def _may_fork(most: int) -> bool:
    if not sys.executable:
        return True
    with contextlib.suppress(OSError, ValueError):
        threads = len(os.listdir("/proc/self/task"))  # noqa: PTH208 - those of libraries, too
        pages = int(Path("/proc/self/statm").read_bytes().split()[1])
        return threads == 1 and pages * os.sysconf("SC_PAGE_SIZE") < most
    return False
