"""Run one child process to its end in all cases: time limit, captured output, no leftovers.

On Linux a guard (``guard``) is the child: it starts the command, and ends with everything that the
command started. Elsewhere the child leads a process group, which is killed as a whole. The end of
its output is kept, without given secrets and those it names itself by a line
``::add-mask::<secret>``.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, NamedTuple

from aft.redaction import redact
from aft.runners.process import guard

MAX_OUTPUT = 64 * 1024
"""Bytes of a child's output that are kept."""
MAX_ANSWER = 1024 * 1024
"""Bytes of an answer that are read."""
LINES_SHOWN = 5
_CHUNK = 16 * 1024
_GLANCE_SECONDS = 0.02
_DRAIN_SECONDS = 2.0
_SWEEP_SECONDS = 20.0
"""How long the guard may take to end what a step started."""
IS_GUARDED = sys.platform == "linux"
MASK = "***"
ADD_MASK = b"::add-mask::"
"""Begins a line of output whose rest is to be masked from then on, as on GitHub."""
_KEY_END = "PRIVATE KEY-----"
SHORTEST_SECRET = 4
"""A shorter "secret" would only make the log unreadable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildEnd:
    """How a child ended. ``exit_code`` is negative for a signal; ``answer`` is what it wrote to
    the descriptor it was given; ``output`` its last 64 KiB, masked; ``secrets`` those given and
    those it named itself."""

    exit_code: int
    timed_out: bool
    answer: bytes
    output: str
    secrets: tuple[str, ...] = ()

    @property
    def how(self) -> str:
        """``exit code 3``, or ``killed by SIGKILL``."""
        if self.exit_code >= 0:
            return f"exit code {self.exit_code}"
        with contextlib.suppress(ValueError):
            return f"killed by {signal.Signals(-self.exit_code).name}"
        return f"killed by signal {-self.exit_code}"

    @property
    def tail(self) -> str:
        """The last lines of the output, to append to a message; empty when there are none."""
        # Whole, as without the lines before it nothing tells a key from other letters.
        text = redact(self.output)
        lines = [line for line in text.splitlines() if line.strip()][-LINES_SHOWN:]
        return f"; its last lines: {' | '.join(lines)}" if lines else ""


class _Drain(threading.Thread):
    """Reads a descriptor to its end, so that the child never waits for a full pipe."""

    def __init__(self, descriptor: int, keep: int) -> None:
        super().__init__(daemon=True)
        self._descriptor = descriptor
        self._keep = keep
        self._kept = bytearray()
        self._line = b""  # the last one, not ended yet
        self.cut = False
        self.named: list[str] = []
        self.start()

    def run(self) -> None:
        with contextlib.suppress(OSError):
            while chunk := os.read(self._descriptor, _CHUNK):
                self._look_for_masks(chunk)
                self._kept += chunk
                if len(self._kept) > self._keep:
                    del self._kept[: len(self._kept) - self._keep]
                    self.cut = True

    def end(self) -> bytes:
        self.join(_DRAIN_SECONDS)
        self._note_mask(self._line)
        return bytes(self._kept)

    def _look_for_masks(self, chunk: bytes) -> None:
        *whole, last = (self._line + chunk).split(b"\n")
        for line in whole:
            self._note_mask(line)
        self._line = last[-_CHUNK:]

    def _note_mask(self, line: bytes) -> None:
        if line.startswith(ADD_MASK):
            self.named.append(line.removeprefix(ADD_MASK).strip().decode(errors="replace"))


class Pipe(NamedTuple):
    """The two ends of a pipe for a child's answer; ``write`` is the child's."""

    read: int
    write: int


def run_child(
    command: Sequence[str],
    *,
    cwd: Path,
    environment: Mapping[str, str],
    timeout: float,
    secrets: Sequence[str],
    order: bytes = b"",
    answer: Pipe | None = None,
    grace: float = 0.0,
    elapsed: Callable[[], float] = time.monotonic,
) -> ChildEnd:
    """Run ``command`` with ``order`` as its input, for at most ``timeout`` seconds of ``elapsed``.
    A child with ``grace`` is interrupted when its time is up, and has so many seconds to end by
    itself before it is killed. Closes both ends of ``answer``. Raises ``OSError`` when the command
    cannot be started."""
    end = elapsed() + timeout
    child = _start(command, cwd=cwd, environment=environment, answer=answer)
    assert child.stdin is not None  # noqa: S101 (for the type: PIPE was asked for)
    assert child.stdout is not None  # noqa: S101 (for the type: PIPE was asked for)
    output = _Drain(child.stdout.fileno(), MAX_OUTPUT)
    answered = _Drain(answer.read, MAX_ANSWER) if answer else None
    writer = threading.Thread(target=_write, args=(child.stdin, order), daemon=True)
    writer.start()
    try:
        timed_out = not _wait(child, end, elapsed)
        if timed_out and grace:
            _signal_group(child, signal.SIGINT)
            _wait(child, elapsed() + grace, elapsed)
    finally:
        if IS_GUARDED and not _has_ended(child):
            child.terminate()  # it ends the rest first
            _wait(child, time.monotonic() + _SWEEP_SECONDS, time.monotonic)
        _signal_group(child, signal.SIGKILL)
        exit_code = child.wait()
    written = output.end()
    found = answered.end() if answered else b""
    writer.join(_DRAIN_SECONDS)
    if not output.is_alive():
        child.stdout.close()
    if answer and answered and not answered.is_alive():
        os.close(answer.read)
    everything = (*secrets, *(name for name in output.named if len(name) >= SHORTEST_SECRET))
    return ChildEnd(
        exit_code=exit_code,
        timed_out=timed_out,
        answer=found,
        output=shown(written, cut=output.cut, secrets=everything),
        secrets=everything,
    )


def _start(
    command: Sequence[str], *, cwd: Path, environment: Mapping[str, str], answer: Pipe | None
) -> subprocess.Popen[bytes]:
    """The child, leading its own session; its end of the pipe is closed on this side."""
    try:
        child = subprocess.Popen(
            _guarded(command, cwd=cwd, environment=environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=cwd,
            env=dict(environment),
            pass_fds=(answer.write,) if answer else (),
            start_new_session=True,
            umask=0o077,
        )
    except OSError:
        for end in answer or ():
            os.close(end)
        raise
    if answer:
        os.close(answer.write)
    return child


def _guarded(command: Sequence[str], *, cwd: Path, environment: Mapping[str, str]) -> Sequence[str]:
    """The command line to start. Raises ``OSError`` for a command that is not there."""
    program = command[0] if os.sep in command[0] else ""
    if not (program or shutil.which(command[0], path=environment.get("PATH", os.defpath))):
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), command[0])
    if program and not os.access(cwd / program, os.X_OK):
        kind = errno.EACCES if (cwd / program).exists() else errno.ENOENT
        raise OSError(kind, os.strerror(kind), program)
    if not IS_GUARDED:
        return command
    return (sys.executable, "-I", "-S", guard.__file__, str(os.getpid()), *command)


def masked(text: str, secrets: Sequence[str]) -> str:
    """``text`` with every secret in it replaced."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, MASK)
    return text


def shown(written: bytes, *, cut: bool, secrets: Sequence[str]) -> str:
    """Output for people: masked, and marked where its beginning was ``cut`` off."""
    text = written.decode(errors="replace")
    if not cut:
        return masked(text, secrets)
    # The cut may have gone through a secret, its name or a key, and a mask needs them whole.
    _, newline, rest = text.partition("\n")
    if newline:
        text = rest
        key, end, rest = text.partition(_KEY_END)
        text = rest.lstrip() if end and "-----BEGIN" not in key else text
    for secret in () if newline else secrets:
        halves = (secret[start:] for start in range(1, len(secret)))
        text = text.removeprefix(next((half for half in halves if text.startswith(half)), ""))
    return "[…]" + masked(text, secrets)


def _write(stream: IO[bytes], order: bytes) -> None:
    with contextlib.suppress(OSError):  # the child may end without reading its order
        stream.write(order)
    with contextlib.suppress(OSError):
        stream.close()


def _wait(child: subprocess.Popen[bytes], end: float, elapsed: Callable[[], float]) -> bool:
    """True when the child has ended by itself before ``end``. It is not reaped: until then its
    number, and so its group's, belongs to no one else."""
    while not _has_ended(child):
        if elapsed() >= end:
            return False
        time.sleep(_GLANCE_SECONDS)
    return True


def _has_ended(child: subprocess.Popen[bytes]) -> bool:
    if not hasattr(os, "waitid"):  # some systems cannot look without reaping
        return child.poll() is not None
    return os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _signal_group(child: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, number)


def strays(home: str) -> Iterator[int]:
    """The processes whose HOME is ``home``, in any session (Linux: by their
    environment). None where that is aft's own home."""
    mark = b"HOME=" + os.fsencode(home)
    is_own = not home or home == os.environ.get("HOME")
    for place in () if is_own else Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):  # not ours, or gone meanwhile
            if mark in place.read_bytes().split(b"\0"):
                yield int(place.parent.name)
