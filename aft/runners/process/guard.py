"""The process around a step's process (Linux): ``python -I -S guard.py PARENT COMMAND…``.

It starts the command so that it can reach neither aft nor another step, and ends everything that
the command started: when the command ends, when it is asked to (SIGTERM), and when aft dies. PARENT
is the process id of aft.

Imports nothing of aft, and as little as it can: it runs without site packages, so that it starts in
milliseconds. ``typing`` and ``json`` would take as long as all the rest.
"""

from __future__ import annotations

import ctypes
import os
import signal
import struct
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn

NOT_STARTED = 127
"""Exit code: the command cannot be started; the reason is on standard error."""

PR_SET_DUMPABLE = 4
_PR_SET_PDEATHSIG, _PR_CAPBSET_DROP, _PR_SET_SECUREBITS = 1, 24, 28
_PR_SET_CHILD_SUBREAPER, _PR_SET_NO_NEW_PRIVS = 36, 38
_NO_ROOT = 0b1111  # SECBIT_NOROOT, SECBIT_NO_SETUID_FIXUP, and both locked
_CAPABILITIES = 64
_CAPABILITY_VERSION = 0x20080522
_LANDLOCK_CREATE, _LANDLOCK_RESTRICT = 444, 446
_LANDLOCK_VERSION = 1
_LANDLOCK_MAKE_BLOCK = 1 << 11  # a ruleset must be about something: steps make no devices
_LANDLOCK_SCOPES, _SCOPES_SINCE = 0b11, 6  # abstract sockets and signals

libc = ctypes.CDLL(None, use_errno=True)


class _Asked(BaseException):
    """SIGTERM: end the step now. Raised once."""


def main() -> NoReturn:
    """See the module."""
    parent = int(sys.argv[1])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is for the step
    signal.signal(signal.SIGTERM, _asked)
    status = signal.SIGKILL.value
    try:
        _die_with(parent, signal.SIGTERM)
        prctl(PR_SET_DUMPABLE, 0)
        prctl(_PR_SET_CHILD_SUBREAPER, 1)
        status = _run(sys.argv[2:])
    except _Asked:
        pass
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    _end_all()
    _end_like(status)


def prctl(what: int, value: int) -> bool:
    """Whether the kernel did it."""
    return bool(libc.prctl(what, ctypes.c_ulong(value), *(ctypes.c_ulong(0),) * 3) == 0)


def _asked(number: int, frame: object) -> NoReturn:
    del frame
    signal.signal(number, signal.SIG_IGN)
    raise _Asked


def _die_with(parent: int, number: int) -> None:
    prctl(_PR_SET_PDEATHSIG, number)
    if os.getppid() != parent:  # it died before the kernel was asked
        os._exit(1)


def _say(text: str) -> None:
    os.write(2, f"{text}\n".encode(errors="replace"))


def _end_like(status: int) -> NoReturn:
    """End as the process did whose ``status`` ``wait`` gave."""
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        if number != signal.SIGKILL:
            signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
    os._exit(os.WEXITSTATUS(status))


# --- the step, and what it leaves running ---


def _run(command: Sequence[str]) -> int:
    """Start the command, and return its status once it has ended."""
    step = os.fork()
    if step == 0:
        _become(command)
    while True:
        ended, status = os.wait()  # orphans, too
        if ended == step:
            return status


def _become(command: Sequence[str]) -> NoReturn:
    """In the child: give up every privilege, and turn into the command."""
    try:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_DFL)
        _drop_privileges()
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        os.execvp(command[0], list(command))
    except OSError as error:
        _say(f"{command[0]} cannot be started: {error.strerror}")
    except BaseException as error:  # noqa: BLE001 - this copy of the process must never go on
        _say(f"the step cannot be started: {type(error).__name__}")
    os._exit(NOT_STARTED)


def _drop_privileges() -> None:
    """No capability, now or by any program, and no way to trace or signal what is outside."""
    for number in range(_CAPABILITIES):
        prctl(_PR_CAPBSET_DROP, number)
    prctl(_PR_SET_SECUREBITS, _NO_ROOT)
    header = struct.pack("=Ii", _CAPABILITY_VERSION, 0)
    libc.capset(header, bytes(24))
    if not prctl(_PR_SET_NO_NEW_PRIVS, 1):  # sudo is one command away otherwise
        raise OSError(0, "no_new_privs is refused")
    _leave_others_alone()


def _leave_others_alone() -> None:
    """Landlock, where the kernel has it: who is in a domain traces no process outside, whether of
    aft or of another step, and since Linux 6.12 sends no signal there."""
    version = libc.syscall(_LANDLOCK_CREATE, None, 0, _LANDLOCK_VERSION)
    if version < 1:
        return
    scopes = _LANDLOCK_SCOPES if version >= _SCOPES_SINCE else 0
    fields = (_LANDLOCK_MAKE_BLOCK, 0, scopes)[: 3 if scopes else 1]
    rules = struct.pack(f"={len(fields)}Q", *fields)
    ruleset = libc.syscall(_LANDLOCK_CREATE, rules, ctypes.c_size_t(len(rules)), 0)
    if ruleset >= 0:
        libc.syscall(_LANDLOCK_RESTRICT, ruleset, 0)
        os.close(ruleset)


def _end_all() -> None:
    """Kill what is left below this process, and see it end. Orphans of any session are this
    process's children, so nothing gets away; what forks meanwhile is found in the next round."""
    while True:
        for number in _below(os.getpid()):
            try:
                os.kill(number, signal.SIGKILL)
            except OSError:
                pass
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        os.sched_yield()


def _below(root: int) -> list[int]:
    """The processes that descend from ``root``."""
    parents: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", "rb") as file:
                    parent = int(file.read().rpartition(b")")[2].split()[1])
            except (OSError, IndexError, ValueError):
                continue  # gone meanwhile
            parents.setdefault(parent, []).append(int(name))
    found, todo = [], [root]
    while todo:
        children = parents.get(todo.pop(), [])
        found += children
        todo += children
    return found


if __name__ == "__main__":
    main()
