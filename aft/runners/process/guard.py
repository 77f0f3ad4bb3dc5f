"""The process around a step's process (Linux): ``python -I -S guard.py ORDER COMMAND…``.

It starts the command so that it can reach neither aft nor another step, and ends everything that
the command started: when the command ends, when it is asked to (SIGTERM), and when aft dies. ORDER
is JSON: ``parent``, the process id of aft, and ``view``, null or what the command sees of the
machine from its own user, pid and mount namespaces: ``readable`` and ``writable`` paths, ``base``
(a folder to build on) and ``tmp`` (the folder that is its ``/tmp``).

Imports nothing of aft: it runs without site packages, so that it starts in milliseconds.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import struct
import sys
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

UNAVAILABLE = 120
"""Exit code: the machine does not allow the namespaces; the reason is on standard error."""
NOT_STARTED = 127
"""Exit code: the command cannot be started; the reason is on standard error."""

PR_SET_DUMPABLE = 4
_PR_SET_PDEATHSIG, _PR_CAPBSET_DROP, _PR_SET_SECUREBITS = 1, 24, 28
_PR_SET_CHILD_SUBREAPER, _PR_SET_NO_NEW_PRIVS = 36, 38
_NO_ROOT = 0b1111  # SECBIT_NOROOT, SECBIT_NO_SETUID_FIXUP, and both locked
_CAPABILITIES = 64
_CAPABILITY_VERSION = 0x20080522
_CLONE_NEWNS, _CLONE_NEWUSER, _CLONE_NEWPID = 0x20000, 0x10000000, 0x20000000
_MS_NOSUID, _MS_NODEV, _MS_NOEXEC, _MS_BIND, _MS_REC = 2, 4, 8, 0x1000, 0x4000
_MS_PRIVATE, _MNT_DETACH = 1 << 18, 2
_ATTR_RDONLY, _ATTR_NOSUID, _ATTR_NODEV = 1, 2, 4
_AT_RECURSIVE, _AT_CWD = 0x8000, -100
_MOUNT_SETATTR, _LANDLOCK_CREATE, _LANDLOCK_RESTRICT = 442, 444, 446
_LANDLOCK_VERSION = 1
_LANDLOCK_MAKE_BLOCK = 1 << 11  # a ruleset must be about something: steps make no devices
_LANDLOCK_SCOPES, _SCOPES_SINCE = 0b11, 6  # abstract sockets and signals
_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
_OLD = "/.old"

libc = ctypes.CDLL(None, use_errno=True)


class _Asked(BaseException):
    """SIGTERM: end the step now. Raised once."""


class Refused(Exception):
    """The kernel refused a call."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def main() -> NoReturn:
    """See the module."""
    order: Mapping[str, Any] = json.loads(sys.argv[1])
    command, view = sys.argv[2:], order["view"]
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is for the step
    signal.signal(signal.SIGTERM, _asked)
    status = signal.SIGKILL.value
    try:
        _die_with(order["parent"], signal.SIGTERM)
        if view is not None:
            _unshare()
            _die_with(order["parent"], signal.SIGTERM)  # new credentials drop it
        # Not before: a process that is not dumpable may not write its own uid_map.
        prctl(PR_SET_DUMPABLE, 0)
        prctl(_PR_SET_CHILD_SUBREAPER, 1)
        status = _run(command) if view is None else _run_inside(command, view)
    except _Asked:
        pass
    except Refused as error:
        _say(error.reason)
        status = UNAVAILABLE << 8
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


# --- namespaces ---


def _unshare() -> None:
    """Enter new namespaces as the same user. Raises ``Refused``."""
    uid, gid = os.geteuid(), os.getegid()
    _call("user namespace", libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNS | _CLONE_NEWPID))
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{uid} {uid} 1"),
        ("gid_map", f"{gid} {gid} 1"),
    ):
        try:
            with open(f"/proc/self/{name}", "w") as file:
                file.write(text)
        except OSError as error:
            raise Refused(f"user namespace: {name}: {error.strerror}") from error


def _run_inside(command: Sequence[str], view: Mapping[str, Any]) -> int:
    """As ``_run``, below the first process of the pid namespace: when that ends, so does the
    rest."""
    read, write = os.pipe()
    cwd = os.getcwd()
    first = os.fork()
    if first == 0:
        code = 0
        try:
            prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            _see_only(view)
            os.chdir(cwd)
            os.write(write, struct.pack("=i", _run(command)))
        except Refused as error:
            _say(error.reason)
            code = UNAVAILABLE
        except BaseException as error:  # noqa: BLE001 - this copy of the process must never go on
            _say(f"namespaces: {getattr(error, 'strerror', type(error).__name__)}")
            code = UNAVAILABLE
        os._exit(code)
    os.close(write)
    _, status = os.waitpid(first, 0)
    answer = os.read(read, 4)
    return struct.unpack("=i", answer)[0] if len(answer) == 4 else status


def _see_only(view: Mapping[str, Any]) -> None:
    """Build the machine as the step sees it, and make it the root. Raises ``Refused``."""
    _mount("none", "/", None, _MS_REC | _MS_PRIVATE)
    base = view["base"]
    _mount("tmpfs", base, "tmpfs", _MS_NOSUID | _MS_NODEV, "mode=0755")
    os.mkdir(base + _OLD)
    _call("pivot_root", libc.pivot_root(base.encode(), (base + _OLD).encode()))
    os.chdir("/")
    os.umask(0o022)
    os.mkdir("/proc")
    _mount("proc", "/proc", "proc", _MS_NOSUID | _MS_NODEV | _MS_NOEXEC)
    _make_devices()
    for place in ("/tmp", "/var/tmp"):
        _show(view["tmp"], place, writable=True)
    os.makedirs("/run", exist_ok=True)
    for path in sorted(view["readable"]):
        _show(path, path, writable=False)
    for path in sorted(view["writable"]):
        _show(path, path, writable=True)
    _call("umount", libc.umount2(_OLD.encode(), _MNT_DETACH))
    os.rmdir(_OLD)
    _set_attributes("/", _ATTR_RDONLY, recursive=False)
    os.umask(0o077)


def _make_devices() -> None:
    os.makedirs("/dev/shm", exist_ok=True)
    _mount("tmpfs", "/dev/shm", "tmpfs", _MS_NOSUID | _MS_NODEV, "mode=1777")
    for name in _DEVICES:
        os.close(os.open(f"/dev/{name}", os.O_CREAT | os.O_WRONLY, 0o666))
        _mount(f"{_OLD}/dev/{name}", f"/dev/{name}", None, _MS_BIND)
    for name, target in (("fd", ""), ("stdin", "/0"), ("stdout", "/1"), ("stderr", "/2")):
        os.symlink(f"/proc/self/fd{target}", f"/dev/{name}")


def _show(source: str, target: str, *, writable: bool) -> None:
    """Let the step see ``source`` of the machine as ``target``."""
    old = _OLD + source
    if os.path.islink(old):
        _link(os.readlink(old), target)
        return
    if os.path.isdir(old):
        os.makedirs(target, exist_ok=True)
    elif os.path.exists(old):
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if not os.path.exists(target):
            os.close(os.open(target, os.O_CREAT | os.O_WRONLY, 0o600))
    else:
        return
    _mount(old, target, None, _MS_BIND | _MS_REC)
    attributes = _ATTR_NOSUID | _ATTR_NODEV | (0 if writable else _ATTR_RDONLY)
    _set_attributes(target, attributes, recursive=True)


def _link(to: str, target: str) -> None:
    os.makedirs(os.path.dirname(target), exist_ok=True)
    try:
        os.symlink(to, target)
    except FileExistsError:
        pass


def _mount(source: str, target: str, kind: str | None, flags: int, data: str = "") -> None:
    done = libc.mount(
        source.encode(),
        target.encode(),
        kind.encode() if kind else None,
        ctypes.c_ulong(flags),
        data.encode() or None,
    )
    _call(f"mount of {target}", done)


def _set_attributes(target: str, attributes: int, *, recursive: bool) -> None:
    wanted = struct.pack("=4Q", attributes, 0, 0, 0)
    flags = _AT_RECURSIVE if recursive else 0
    size = ctypes.c_size_t(len(wanted))
    done = libc.syscall(_MOUNT_SETATTR, _AT_CWD, target.encode(), flags, wanted, size)
    _call(f"attributes of {target}", done)


def _call(what: str, result: int) -> None:
    if result != 0:
        raise Refused(f"{what}: {os.strerror(ctypes.get_errno())}")


if __name__ == "__main__":
    main()
