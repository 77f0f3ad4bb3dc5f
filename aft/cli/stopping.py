"""SIGINT and SIGTERM stop a run between two steps; a second one ends it at once."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from types import FrameType

from aft.reconcile.model import StopToken

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextlib.contextmanager
def stop_on_signals() -> Iterator[StopToken]:
    """A token that the first signal sets; the second one ends the process there and then.

    Ending at once is safe too: what was begun is in the ledger, and the next run continues.
    """
    token = StopToken()

    def on_signal(number: int, _frame: FrameType | None) -> None:
        if token.is_set:
            os._exit(128 + number)
        token.set(f"{signal.Signals(number).name} received")

    previous = {number: signal.signal(number, on_signal) for number in _SIGNALS}
    try:
        yield token
    finally:
        for number, old in previous.items():
            signal.signal(number, old)
