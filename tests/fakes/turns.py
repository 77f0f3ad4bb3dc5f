"""Two runs of which one works at a time: the other one is frozen, in the middle of a call.

Each run has few enough threads that one of them works at a time, so whoever comes by belongs to
the run whose turn it is.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from waiting import PATIENCE

from fakes.clocks import MachineClock


@dataclass(eq=False)
class Turns:
    """``switches`` count moments: after that many of the run at work, the other one goes on. A run
    that ends hands over as well. ``suspends`` stops the clock of a frozen run's machine;
    ``pause`` are seconds that go by at every switch."""

    clocks: Sequence[MachineClock]
    switches: Sequence[int]
    suspends: bool = False
    pause: float = 0.0

    def __post_init__(self) -> None:
        self._turn = threading.Condition()
        self._active = 0
        self._left = list(self.switches)
        self._frozen = [clock.monotonic() for clock in self.clocks]
        self._over = [False for _ in self.clocks]
        self._errors: list[BaseException] = []

    @property
    def unused(self) -> int:
        """Switches that never came, because the runs were over before."""
        return len(self._left)

    def moment(self) -> None:
        """The run at work has come to a point where it may be frozen."""
        with self._turn:
            mine = self._active
            if not self._left or self._over[1 - mine]:
                return
            self._left[0] -= 1
            if self._left[0] <= 0:
                self._left.pop(0)
                self._hand_over(mine)
                self._wait_for(mine)

    def play(self, *runs: Callable[[], None]) -> None:
        """Both runs to their end; the first one begins."""
        threads = [
            threading.Thread(target=self._run, args=(number, run), daemon=True)
            for number, run in enumerate(runs)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
            assert not thread.is_alive(), "the runs wait for each other"
        for error in self._errors:
            raise error

    def _run(self, number: int, run: Callable[[], None]) -> None:
        with self._turn:
            self._wait_for(number)
        try:
            run()
        except BaseException as error:
            self._errors.append(error)
        with self._turn:
            self._over[number] = True
            self._hand_over(number)

    def _hand_over(self, number: int) -> None:
        clock, other = self.clocks[number].base, 1 - number
        clock.advance(self.pause)
        self._frozen[number] = clock.monotonic()
        if self.suspends and not self._over[other]:
            self.clocks[other].suspended += clock.monotonic() - self._frozen[other]
        self._active = other
        self._turn.notify_all()

    def _wait_for(self, number: int) -> None:
        self._turn.wait_for(lambda: self._active == number)
