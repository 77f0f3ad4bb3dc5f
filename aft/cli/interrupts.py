"""SIGINT and SIGTERM end a command from its first moment on, a second one there and then.

What a shell's script starts in the background ignores SIGINT, and Python leaves that as it is: a
run that someone interrupted while it still read would go on and change accounts.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from threading import Event
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aft.engine.model import StopToken
    from aft.ports import Clock

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupts:
    """The first signal becomes a ``KeyboardInterrupt``; its number stays in ``received``."""

    def __init__(self) -> None:
        self.received = 0

    def begin(self) -> None:
        """Listen from now on, also to what the process was started to ignore."""
        for number in SIGNALS:
            signal.signal(number, self._on_signal)

    def end(self) -> None:
        """All is done: from now on a signal just ends the process."""
        for number in SIGNALS:
            signal.signal(number, signal.SIG_DFL)

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        if self.received:  # a thread may wait for long, and an interrupt can get lost on its way
            os.write(2, b"stopped\n")
            os._exit(128 + number)
        self.received = number
        raise KeyboardInterrupt


@contextlib.contextmanager
def stop_on_signals(
    *, clock: Clock | None = None, seconds: float | None = None, notice: str = ""
) -> Iterator[StopToken]:
    """A token that the first signal, or ``seconds`` of ``clock``, sets; a second signal ends the
    process there and then. ``notice`` is said, on standard error, when the first one comes. Ending
    at once is safe too: what was started is in the ledger, and the next run continues."""
    from aft.engine.model import StopToken

    interrupted = Event()
    token = StopToken(clock=clock, seconds=seconds)

    def on_signal(number: int, _frame: FrameType | None) -> None:
        if interrupted.is_set():
            os._exit(128 + number)
        interrupted.set()
        if notice:  # not through a buffer: this may have interrupted a write
            os.write(2, f"\n{notice}\n".encode())
        token.set(f"{signal.Signals(number).name} received")

    previous = {number: signal.signal(number, on_signal) for number in SIGNALS}
    try:
        yield token
    finally:
        for number, old in previous.items():
            signal.signal(number, old)
