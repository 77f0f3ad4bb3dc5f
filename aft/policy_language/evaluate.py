"""What policies say of one request, with the statements that decided it.

An explicit Deny always wins. ``granted`` answers for policies that grant by themselves
(of identities, resources, sessions, boundaries), ``ceiling`` for SCPs and RCPs, which only limit.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from aft.policy_language.policy import Policy
from aft.policy_language.statements import Request, Statement
from aft.policy_language.truth import Truth


class Decision(enum.StrEnum):
    """``depends``: on unknown keys; it would be allowed with some values of theirs."""

    DENIED = "denied"
    ALLOWED = "allowed"
    DEPENDS = "depends"


class Trace(NamedTuple):
    """A statement (counted from 0) that had a part in the answer. ``source`` is a kind of policy
    (``scp``, ``rcp`` …), ``level`` an OU's or account's id; without ``policy`` none there allows.
    """

    source: str
    level: str
    policy: str = ""
    sid: str = ""
    statement: int | None = None
    effect: str = ""
    keys: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """``explicit``: a Deny matched, rather than nothing allowing it. ``found`` is what ``traces``
    are made of on request: most answers are counted, and not read."""

    decision: Decision
    found: tuple[Found, ...] = ()
    explicit: bool = False
    keys: frozenset[str] = frozenset()

    @property
    def traces(self) -> tuple[Trace, ...]:
        """The statements that had a part; what decided comes first."""
        return tuple(_trace(item) for item in self.found)

    @property
    def trace(self) -> Trace | None:
        """What decided."""
        return _trace(self.found[0]) if self.found else None


class Level:
    """Policies that count together: of one OU or account, or of one principal."""

    __slots__ = ("id", "policies", "source")

    def __init__(self, source: str, level_id: str, policies: Iterable[Policy]) -> None:
        self.source = source
        self.id = level_id
        self.policies = tuple(policies)

    def matching(
        self, request: Request, action: str, which: int, possible: list[Found]
    ) -> Found | None:
        """The first statement that denies (``which`` 0) or allows (1) the request; those that
        might go to ``possible``."""
        for policy in self.policies:
            for statement in policy.about(action)[which]:
                truth = statement.truth(request)
                if truth is True:
                    return Found(self, policy, statement)
                if truth is not False:
                    possible.append(Found(self, policy, statement, truth))
        return None


class Found(NamedTuple):
    """A statement that matches, or might; without one, a level where nothing allows."""

    level: Level
    policy: Policy | None = None
    statement: Statement | None = None
    truth: Truth = True


def _trace(found: Found) -> Trace:
    level, policy, statement, truth = found
    if policy is None or statement is None:
        return Trace(level.source, level.id)
    keys: frozenset[str] = frozenset() if isinstance(truth, bool) else truth
    own = (policy.name, statement.sid, statement.index, statement.effect.value)
    return Trace(level.source, level.id, *own, keys)


def decided(levels: Sequence[Level], request: Request, *, needs_allow: bool = True) -> Answer:
    """Every level must allow (if ``needs_allow``) and none may deny; root first. Names the first
    Deny, else the first level where nothing allows."""
    action = request.action.lower()
    possible: list[Found] = []
    for level in levels:
        found = level.matching(request, action, 0, possible)
        if found is not None:
            return Answer(decision=Decision.DENIED, found=(found,), explicit=True)
    allows: list[Found] = []
    for level in levels if needs_allow else ():
        maybe: list[Found] = []
        found = level.matching(request, action, 1, maybe)
        if found is not None:
            allows.append(found)
        elif maybe:
            possible += maybe
        else:
            return Answer(decision=Decision.DENIED, found=(Found(level),))
    if possible:
        return Answer(decision=Decision.DEPENDS, found=tuple(possible), keys=_keys(possible))
    return Answer(decision=Decision.ALLOWED, found=tuple(allows))


def _keys(found: Iterable[Found]) -> frozenset[str]:
    nothing: frozenset[str] = frozenset()
    return nothing.union(*(item.truth for item in found if not isinstance(item.truth, bool)))


def granted(policies: Iterable[Policy], request: Request, *, source: str) -> Answer:
    """What policies that grant by themselves say together; ``source`` says what they are of."""
    return decided((Level(source, "", policies),), request)


def combined(answers: Iterable[Answer]) -> Answer:
    """All of them must allow. A Deny goes before what nothing allows."""
    each = list(answers)
    denied = [item for item in each if item.decision is Decision.DENIED]
    if denied:
        return next((item for item in denied if item.explicit), denied[0])
    open_ones = [item for item in each if item.decision is Decision.DEPENDS]
    found = tuple(part for item in open_ones or each for part in item.found)
    if open_ones:
        return Answer(decision=Decision.DEPENDS, found=found, keys=_keys(found))
    return Answer(decision=Decision.ALLOWED, found=found)
