"""Run one child process to its end, whatever it does: time limit, captured output, no leftovers.

The child leads a process group of its own, which is killed as a whole once the child has ended or
its time is up. Its output is kept up to a limit, the end rather than the beginning, with given
secrets masked. Knows nothing of what the child is for.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

MAX_OUTPUT = 64 * 1024
"""Bytes of a child's output that are kept."""
MAX_ANSWER = 1024 * 1024
"""Bytes of an answer that are read."""
_CHUNK = 16 * 1024
_GLANCE_SECONDS = 0.02
_DRAIN_SECONDS = 2.0
MASK = "***"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildEnd:
    """How a child ended. ``exit_code`` is negative for a signal; ``answer`` is what it wrote to
    the descriptor it was given; ``output`` its last 64 KiB, masked."""

    exit_code: int
    timed_out: bool
    answer: bytes
    output: str


class _Drain(threading.Thread):
    """Reads a descriptor to its end, so that the child never waits for a full pipe."""

    def __init__(self, descriptor: int, keep: int) -> None:
        super().__init__(daemon=True)
        self._descriptor = descriptor
        self._keep = keep
        self._kept = bytearray()
        self.cut = False
        self.start()

    def run(self) -> None:
        with contextlib.suppress(OSError):
            while chunk := os.read(self._descriptor, _CHUNK):
                self._kept += chunk
                if len(self._kept) > self._keep:
                    del self._kept[: len(self._kept) - self._keep]
                    self.cut = True

    def end(self) -> bytes:
        self.join(_DRAIN_SECONDS)
        return bytes(self._kept)


def run_child(
    command: Sequence[str],
    *,
    order: bytes,
    cwd: Path,
    environment: Mapping[str, str],
    answer_fd: int,
    answer_to: int,
    timeout: float,
    secrets: Sequence[str],
) -> ChildEnd:
    """Run ``command`` with ``order`` as its input, for at most ``timeout`` seconds.

    ``answer_fd`` and ``answer_to`` are the two ends of a pipe; both are closed when this returns.
    """
    child = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=cwd,
        env=dict(environment),
        pass_fds=(answer_to,),
        start_new_session=True,
    )
    os.close(answer_to)
    assert child.stdin is not None  # noqa: S101 (for the type: PIPE was asked for)
    assert child.stdout is not None  # noqa: S101 (for the type: PIPE was asked for)
    output = _Drain(child.stdout.fileno(), MAX_OUTPUT)
    answer = _Drain(answer_fd, MAX_ANSWER)
    writer = threading.Thread(target=_write, args=(child.stdin, order), daemon=True)
    writer.start()
    try:
        timed_out = not _wait(child, timeout)
    finally:
        _kill_group(child)
        exit_code = child.wait()
    written, answered = output.end(), answer.end()
    writer.join(_DRAIN_SECONDS)
    if not output.is_alive():
        child.stdout.close()
    if not answer.is_alive():
        os.close(answer_fd)
    return ChildEnd(
        exit_code=exit_code,
        timed_out=timed_out,
        answer=answered,
        output=shown(written, cut=output.cut, secrets=secrets),
    )


def masked(text: str, secrets: Sequence[str]) -> str:
    """``text`` with every secret in it replaced."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, MASK)
    return text


def shown(written: bytes, *, cut: bool, secrets: Sequence[str]) -> str:
    """Output for people: masked; where its beginning was ``cut`` off, that is said."""
    text = written.decode(errors="replace")
    if not cut:
        return masked(text, secrets)
    for secret in secrets:  # the cut may have gone through one, and a mask needs it whole
        halves = (secret[start:] for start in range(1, len(secret)))
        text = text.removeprefix(next((half for half in halves if text.startswith(half)), ""))
    return "[…]" + masked(text, secrets)


def _write(stream: IO[bytes], order: bytes) -> None:
    with contextlib.suppress(OSError):  # the child may end without reading its order
        stream.write(order)
    with contextlib.suppress(OSError):
        stream.close()


def _wait(child: subprocess.Popen[bytes], timeout: float) -> bool:
    """True when the child has ended by itself. It is not reaped: until then its number, and so
    its group's, belongs to nobody else."""
    end = time.monotonic() + timeout
    while not _has_ended(child):
        if time.monotonic() >= end:
            return False
        time.sleep(_GLANCE_SECONDS)
    return True


def _has_ended(child: subprocess.Popen[bytes]) -> bool:
    if not hasattr(os, "waitid"):  # some systems cannot look without reaping
        return child.poll() is not None
    return os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _kill_group(child: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
