"""Faults on demand: what a network and a busy AWS do to a call, by rule.

A ``Rule`` picks calls and says what happens to them; ``Faults`` counts and decides. Carrying a
decision out is the dispatcher's. Deterministic unless the behaviour asks for random faults.
"""

from __future__ import annotations

import enum
import fnmatch
import random
import threading
from dataclasses import dataclass


class FaultKind(enum.StrEnum):
    """What happens to a call."""

    THROTTLE = "throttle"
    """Refused with the service's own throttling code; not executed."""
    ERROR = "error"
    """Refused with ``code``; not executed."""
    PAGE = "page"
    """Answered by something on the way, with ``status`` and a page in HTML; not executed."""
    LATENCY = "latency"
    """Executed after ``seconds`` of real time, or once ``gate`` is opened."""
    RESET = "reset"
    """The connection breaks before AWS sees the call."""
    LOST_REPLY = "lost_reply"
    """Executed, but the connection breaks before the answer arrives."""
    CUT_REPLY = "cut_reply"
    """Executed, but only ``share`` of the answer's body arrives, as if that were all of it."""
    EXIT = "exit"
    """Executed, the organization's state is saved, then this process dies (exit code 137)."""
    EXIT_BEFORE = "exit_before"
    """The state is saved and this process dies before the call is executed."""


class Gate:
    """Where calls wait until a test opens it, however fast or slow the machine is."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        """Set as soon as a call waits here."""
        self.arrived = 0
        """How many calls have come so far."""
        self._opened = threading.Event()
        self._lock = threading.Lock()

    def open(self) -> None:
        """Let through whoever waits, and everyone after."""
        self._opened.set()

    def wait(self) -> None:
        """Return once it is open."""
        with self._lock:
            self.arrived += 1
        self.reached.set()
        self._opened.wait()


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One kind of trouble with its parameters; made by the functions below."""

    kind: FaultKind
    code: str = ""
    message: str = ""
    status: int = 400
    seconds: float = 0.0
    gate: Gate | None = None
    share: float = 0.5


def throttle() -> Action:
    """Refuse with the service's throttling error."""
    return Action(kind=FaultKind.THROTTLE)


def error(code: str, message: str = "Injected by a fault rule.", *, status: int = 400) -> Action:
    """Refuse with ``code``."""
    return Action(kind=FaultKind.ERROR, code=code, message=message, status=status)


def page(status: int = 503) -> Action:
    """Answer as a load balancer does that has no AWS behind it."""
    return Action(kind=FaultKind.PAGE, status=status)


def latency(seconds: float) -> Action:
    """Answer only after ``seconds`` of real time."""
    return Action(kind=FaultKind.LATENCY, seconds=seconds)


def held(gate: Gate) -> Action:
    """Execute the call once ``gate`` is opened."""
    return Action(kind=FaultKind.LATENCY, gate=gate)


def reset() -> Action:
    """Break the connection before the call is executed."""
    return Action(kind=FaultKind.RESET)


def lost_reply() -> Action:
    """Execute the call and lose its answer."""
    return Action(kind=FaultKind.LOST_REPLY)


def cut_reply(share: float) -> Action:
    """Execute the call and answer with the first ``share`` (0 up to 1) of the body alone."""
    return Action(kind=FaultKind.CUT_REPLY, share=share)


def exit_process() -> Action:
    """Execute the call, save the state and die."""
    return Action(kind=FaultKind.EXIT)


def exit_before() -> Action:
    """Save the state and die without executing the call."""
    return Action(kind=FaultKind.EXIT_BEFORE)


@dataclass(frozen=True, slots=True)
class Rule:
    """Which calls (``fnmatch`` patterns over botocore's names) meet which trouble.

    The first ``after`` matching calls pass; then every ``every``-th one is hit, at most
    ``times`` of them.
    """

    service: str
    operation: str
    action: Action
    after: int = 0
    every: int = 1
    times: int | None = None
    account_id: str = "*"

    def matches(self, service: str, operation: str, account_id: str) -> bool:
        return (
            fnmatch.fnmatchcase(service, self.service)
            and fnmatch.fnmatchcase(operation, self.operation)
            and fnmatch.fnmatchcase(account_id, self.account_id)
        )


class Faults:
    """The rules in force; the first one that hits decides. Thread-safe."""

    def __init__(self, *, seed: int = 0) -> None:
        self._lock = threading.Lock()
        self._rules: list[tuple[Rule, list[int]]] = []
        self._random = random.Random(seed)  # noqa: S311 - repeatable, not secret

    def add(self, rule: Rule) -> None:
        """Put ``rule`` behind those already in force."""
        with self._lock:
            self._rules.append((rule, [0, 0]))

    def clear(self) -> None:
        """Forget every rule."""
        with self._lock:
            self._rules.clear()

    @property
    def rules(self) -> tuple[Rule, ...]:
        with self._lock:
            return tuple(rule for rule, _ in self._rules)

    @property
    def hits(self) -> int:
        """How many calls the rules in force have met."""
        with self._lock:
            return sum(counts[1] for _, counts in self._rules)

    def decide(
        self, *, service: str, operation: str, account_id: str, probability: float = 0.0
    ) -> Action | None:
        """What happens to this call, which is counted."""
        with self._lock:
            chosen: Action | None = None
            for rule, counts in self._rules:
                if not rule.matches(service, operation, account_id):
                    continue
                counts[0] += 1
                due = counts[0] > rule.after and (counts[0] - rule.after - 1) % rule.every == 0
                spent = rule.times is not None and counts[1] >= rule.times
                if due and not spent and chosen is None:
                    counts[1] += 1
                    chosen = rule.action
            if chosen is None and probability and self._random.random() < probability:
                chosen = self._random.choice((throttle(), reset(), lost_reply()))
            return chosen
