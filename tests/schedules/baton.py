"""Threads of which exactly one goes on: at each port call a seeded draw decides which.

Time passes only here: each call takes a little, a sleeper or a frozen one goes on once its time has
come, and when all of them wait, time goes to the first that wakes.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from fakes.clocks import START
from waiting import PATIENCE

from aft.errors import AftError, Throttled, Transient, UnknownOutcome

MOST_CALLS = 30_000
"""A world in which more happens does not come to an end."""


IRREVOCABLE = frozenset({"CreateAccount", "ProvisionProduct", "push"})
HOT = 8.0
"""How much more often a writer is frozen before what cannot be taken back; and then for longer."""

FREEZES = (2.0, 20.0, 31.0, 61.0, 95.0, 130.0, 200.0, 400.0)
LONG = 4
"""Seconds, and the first of those that outlast a lease."""

MOST_FREEZES = 2
"""Of one writer: where all are frozen all the time, none overtakes another."""


class Killed(BaseException):
    """The process was killed: nothing may catch this, and nothing is called afterwards."""


@dataclass(frozen=True, kw_only=True)
class Weather:
    """Chances at each port call. ``latency`` is the most that a call takes, ``stick`` the chance
    that the same writer goes on."""

    kill: float = 0.0
    freeze: float = 0.0
    trouble: float = 0.0
    latency: float = 0.1
    stick: float = 0.5


CALM = Weather()


@dataclass(eq=False)
class Actor:
    """One process on one machine. ``wakes`` is when it may go on; it was ``frozen`` for so many
    seconds. ``suspends`` when its machine is frozen as well, and the clock there stops."""

    name: str
    suspends: bool = False
    wakes: float = 0.0
    frozen: float = 0.0
    freezes: int = 0
    is_dead: bool = False
    turn: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))


class Baton:
    """``seen`` gets a line for each call."""

    def __init__(
        self, random: Random, weather: Weather, *, seen: Callable[[str], None] | None = None
    ) -> None:
        self.now = 0.0
        self.calls = 0
        self.weather = weather
        self.faults: list[str] = []
        self.current = Actor("nobody")
        self._random = random
        self._seen = seen
        self._order = hashlib.sha256()
        self._here: list[Actor] = []
        self._all_over = threading.Semaphore(0)

    @property
    def digest(self) -> str:
        """Of the sequence of (writer, port call), with what befell them."""
        return self._order.hexdigest()

    # --- the writers ---

    def play(self, actors: Sequence[tuple[Actor, Callable[[], None]]]) -> None:
        """All of them to their ends. An error that is not aft's own is a fault."""
        self._here = [actor for actor, _ in actors]
        threads = [
            threading.Thread(target=self._act, args=(actor, run), daemon=True)
            for actor, run in actors
        ]
        for thread in threads:
            thread.start()
        self._choose(None).turn.release()
        assert self._all_over.acquire(timeout=PATIENCE), "the writers wait for each other"
        for thread in threads:
            thread.join(PATIENCE)

    def _act(self, actor: Actor, run: Callable[[], None]) -> None:
        actor.turn.acquire()
        try:
            run()
        except Killed:
            pass
        except BaseException as error:
            self.faults.append(f"{actor.name} ended with {error!r}")
        self._here.remove(actor)
        if self._here:
            self._choose(None).turn.release()
        else:
            self._all_over.release()

    def _choose(self, going: Actor | None) -> Actor:
        ready = [actor for actor in self._here if actor.wakes <= self.now]
        if not ready:
            self.now = min(actor.wakes for actor in self._here)
            ready = [actor for actor in self._here if actor.wakes <= self.now]
        if going not in ready or (len(ready) > 1 and self._random.random() >= self.weather.stick):
            going = self._random.choice(ready)
        self.current = going
        return going

    def _pass_on(self) -> None:
        actor = self.current
        chosen = self._choose(actor)
        if chosen is not actor:
            chosen.turn.release()
            actor.turn.acquire()

    # --- what they come to ---

    def sleep(self, seconds: float) -> None:
        """The one at work waits."""
        self.current.wakes = self.now + max(0.0, seconds)
        self._pass_on()

    def reach(self, what: str) -> None:
        """The one at work has come to a port call: it may be killed or frozen here, and others may
        go on. Raises ``Killed``."""
        actor, weather = self.current, self.weather
        self.calls += 1
        if actor.is_dead:
            self.faults.append(f"{actor.name} is dead and calls {what}")
            raise Killed
        self.now += self._random.random() * weather.latency
        self._note(what)
        if self.calls > MOST_CALLS:
            actor.is_dead = True
            self.faults.append("it does not end")
            raise Killed
        if self._drawn(weather.kill):
            actor.is_dead = True
            self._note("killed")
            raise Killed
        is_hot = what in IRREVOCABLE
        often = weather.freeze * (HOT if is_hot else 1.0)
        if actor.freezes < MOST_FREEZES and self._drawn(often):
            seconds = self._random.choice(FREEZES[LONG:] if is_hot else FREEZES)
            self._note(f"frozen for {seconds:g} s")
            actor.wakes = self.now + seconds
            actor.frozen += seconds
            actor.freezes += 1
        self._pass_on()

    @contextmanager
    def call(self, what: str, *, writes: bool = False) -> Iterator[None]:
        """A port call, inside of which it takes effect: before and after that is a moment, and the
        reply may be lost."""
        self.reach(what)
        trouble = self._trouble(writes=writes) if self._drawn(self.weather.trouble) else None
        if trouble is not None and not isinstance(trouble, UnknownOutcome):
            self._note(type(trouble).__name__)
            raise trouble
        yield
        self.reach(f"{what}, done")
        if trouble is not None:
            self._note("reply lost")
            raise trouble if writes else Transient("no reply")

    def _trouble(self, *, writes: bool) -> AftError | None:
        drawn = self._random.randrange(4)
        if drawn == 0:
            return Throttled("slow down")
        if drawn == 1:
            return Transient("500")
        if drawn == 2:
            return UnknownOutcome("no reply")
        self._note("slow")
        self.now += self._random.choice((5.0, 12.0, 31.0))
        return None

    def _drawn(self, chance: float) -> bool:
        return chance > 0.0 and self._random.random() < chance

    def _note(self, what: str) -> None:
        name = self.current.name
        self._order.update(f"{name} {what}\n".encode())
        if self._seen is not None:
            self._seen(f"{self.now:9.2f} {name:5} {what}")


@dataclass(frozen=True)
class ActorClock:
    """``aft.ports.Clock`` of one machine: only its boot time goes on while it is suspended."""

    baton: Baton
    actor: Actor

    def now(self) -> datetime:
        return START + timedelta(seconds=self.baton.now)

    def monotonic(self) -> float:
        return self.baton.now - (self.actor.frozen if self.actor.suspends else 0.0)

    def boottime(self) -> float:
        return self.baton.now

    def sleep(self, seconds: float) -> None:
        self.baton.sleep(seconds)
