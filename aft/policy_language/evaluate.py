"""What policies say of one request, with the statements that decided it.

An explicit Deny wins, wherever it stands. ``granted`` answers for policies that grant by
themselves (identity and resource policies, session policies, permission boundaries);
``aft.policy_language.ceiling`` for SCPs and RCPs, which only limit.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from aft.policy_language.policy import Policy
from aft.policy_language.statements import Effect, Request, Statement
from aft.policy_language.truth import Truth


class Decision(enum.StrEnum):
    """``depends``: on keys nobody knows; it would be allowed with some values of theirs."""

    DENIED = "denied"
    ALLOWED = "allowed"
    DEPENDS = "depends"


class Trace(NamedTuple):
    """One statement (counted from 0) that had a part in the answer, and where it stands.

    ``source`` is a kind of policy (``scp``, ``rcp``, ``identity`` …), ``level`` an OU's or
    account's id. Without ``policy`` it says that no statement there allows.
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
    """``traces`` begin with what decided. ``explicit``: a Deny matched, rather than nothing
    allowing it."""

    decision: Decision
    traces: tuple[Trace, ...] = ()
    explicit: bool = False
    keys: frozenset[str] = field(default=frozenset())

    @property
    def trace(self) -> Trace | None:
        """What decided."""
        return self.traces[0] if self.traces else None


class Level:
    """Policies that count together: of one OU or account, or of one principal."""

    __slots__ = ("id", "policies", "source")

    def __init__(self, source: str, level_id: str, policies: Iterable[Policy]) -> None:
        self.source = source
        self.id = level_id
        self.policies = tuple(policies)

    def matching(
        self, request: Request, action: str, effect: Effect, possible: list[_Found]
    ) -> _Found | None:
        """The first statement of ``effect`` that matches; those that might go to ``possible``."""
        which = 0 if effect is Effect.DENY else 1
        for policy in self.policies:
            for statement in policy.about(action)[which]:
                truth = statement.truth(request)
                if truth is not False:
                    found = (self, policy, statement, truth)
                    if truth is True:
                        return found
                    possible.append(found)
        return None


_Found = tuple[Level, Policy, Statement, Truth]


def _trace(found: _Found) -> Trace:
    level, policy, statement, truth = found
    keys: frozenset[str] = frozenset() if isinstance(truth, bool) else truth
    return Trace(
        level.source,
        level.id,
        policy.name,
        statement.sid,
        statement.index,
        statement.effect.value,
        keys,
    )


def decided(levels: Sequence[Level], request: Request, *, needs_allow: bool = True) -> Answer:
    """Every level must allow (if ``needs_allow``) and none may deny; root first.

    Names the first Deny, else the first level where nothing allows.
    """
    action = request.action.lower()
    possible: list[_Found] = []
    for level in levels:
        found = level.matching(request, action, Effect.DENY, possible)
        if found is not None:
            return Answer(decision=Decision.DENIED, traces=(_trace(found),), explicit=True)
    allows: list[_Found] = []
    for level in levels if needs_allow else ():
        maybe: list[_Found] = []
        found = level.matching(request, action, Effect.ALLOW, maybe)
        if found is not None:
            allows.append(found)
        elif maybe:
            possible += maybe
        else:
            return Answer(decision=Decision.DENIED, traces=(Trace(level.source, level.id),))
    if possible:
        traces = tuple(_trace(item) for item in possible)
        keys: frozenset[str] = frozenset().union(*(trace.keys for trace in traces))
        return Answer(decision=Decision.DEPENDS, traces=traces, keys=keys)
    return Answer(decision=Decision.ALLOWED, traces=tuple(_trace(item) for item in allows))


def granted(policies: Iterable[Policy], request: Request, *, source: str) -> Answer:
    """What policies that grant by themselves say together: of a role, of a session, a permissions
    boundary, the trust of a role (``source`` is the word for it)."""
    return decided((Level(source, "", policies),), request)


def combined(answers: Iterable[Answer]) -> Answer:
    """All of them must allow. A Deny goes before what nothing allows."""
    found = list(answers)
    denied = [item for item in found if item.decision is Decision.DENIED]
    if denied:
        return next((item for item in denied if item.explicit), denied[0])
    keys = frozenset().union(*(item.keys for item in found))
    traces = tuple(trace for item in found for trace in item.traces)
    if any(item.decision is Decision.DEPENDS for item in found):
        first = tuple(
            trace for item in found if item.decision is Decision.DEPENDS for trace in item.traces
        )
        return Answer(decision=Decision.DEPENDS, traces=first, keys=keys)
    return Answer(decision=Decision.ALLOWED, traces=traces)
