"""SIGINT and SIGTERM end a command from its first moment on, a second one there and then.

What a shell's script starts in the background ignores SIGINT, and Python leaves that as it is: a
run that somebody interrupted while it still read would go on and change accounts.
"""

from __future__ import annotations

import os
import signal
from types import FrameType

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
