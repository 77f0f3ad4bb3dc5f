"""How a process ended, in words: its exit code or signal, and the last lines it wrote."""

from __future__ import annotations

import signal

from aft.runners.process.child import ChildEnd

LINES_SHOWN = 5


def ending(exit_code: int) -> str:
    """``exit code 3``, or ``killed by SIGKILL`` for a negative one."""
    if exit_code >= 0:
        return f"exit code {exit_code}"
    try:
        return f"killed by {signal.Signals(-exit_code).name}"
    except ValueError:
        return f"killed by signal {-exit_code}"


def tail(end: ChildEnd) -> str:
    """The last lines of the output, to append to a message; empty when there are none."""
    lines = [line for line in end.output.splitlines() if line.strip()][-LINES_SHOWN:]
    return f"; its last words: {' | '.join(lines)}" if lines else ""
