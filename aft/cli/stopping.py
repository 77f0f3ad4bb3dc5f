"""SIGINT and SIGTERM stop a run between two steps; a second one ends it at once."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from threading import Event
from types import FrameType

from aft.cli.interrupts import SIGNALS
from aft.engine.model import StopToken
from aft.ports import Clock


@contextlib.contextmanager
def stop_on_signals(
    *, clock: Clock | None = None, seconds: float | None = None, notice: str = ""
) -> Iterator[StopToken]:
    """A token that the first signal, or ``seconds`` of ``clock``, sets; a second signal ends the
    process there and then. ``notice`` is said, on standard error, when the first one comes.

    Ending at once is safe too: what was begun is in the ledger, and the next run continues.
    """
    interrupted = Event()
    token = StopToken(clock=clock, seconds=seconds)

    def on_signal(number: int, _frame: FrameType | None) -> None:
        if interrupted.is_set():
            os._exit(128 + number)
        interrupted.set()
        if notice:  # not through a buffer: this may have interrupted somebody who is writing
            os.write(2, f"\n{notice}\n".encode())
        token.set(f"{signal.Signals(number).name} received")

    previous = {number: signal.signal(number, on_signal) for number in SIGNALS}
    try:
        yield token
    finally:
        for number, old in previous.items():
            signal.signal(number, old)
