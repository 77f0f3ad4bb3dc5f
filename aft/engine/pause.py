"""Waiting that can be interrupted: in slices, asking the stop token between them.

The only place of this package that sleeps.
"""

from __future__ import annotations

from aft.engine.model import StopToken
from aft.errors import Stopped
from aft.ports import Clock

SLICE_SECONDS = 0.5
"""How long a wait may go on after a stop was asked for."""

TICK_SECONDS = 0.001
"""What is left of a wait below this is over: a simulated clock cannot sleep a rounding error."""


class Pause:
    """``wait`` sleeps through the clock; both methods raise ``Stopped`` when asked to stop."""

    def __init__(self, clock: Clock, stop: StopToken) -> None:
        self._clock = clock
        self._stop = stop

    def check(self) -> None:
        """Raise ``Stopped`` if the run is to end; call it before anything begins."""
        if reason := self._stop.reason:
            raise Stopped(reason, hint="run again to continue from here")

    def wait(self, seconds: float) -> None:
        """Sleep ``seconds``, or less when the run is to end."""
        ends = self._clock.monotonic() + seconds
        self.check()
        while (left := ends - self._clock.monotonic()) > TICK_SECONDS:
            self._clock.sleep(min(left, SLICE_SECONDS))
            self.check()
