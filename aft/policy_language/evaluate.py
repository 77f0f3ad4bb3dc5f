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
from aft.policy_language.statements import Request, Statement
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


def trace_of(
    source: str, level: str, policy: Policy, statement: Statement, *, truth: Truth
) -> Trace:
    """The trace of one statement that matches, or might."""
    keys = frozenset() if isinstance(truth, bool) else truth
    return Trace(
        source, level, policy.name, statement.sid, statement.index, statement.effect.value, keys
    )


class Level:
    """Policies that count together: of one OU or account, or of one principal."""

    __slots__ = ("id", "policies", "source")

    def __init__(self, source: str, level_id: str, policies: Iterable[Policy]) -> None:
        self.source = source
        self.id = level_id
        self.policies = tuple(policies)

    def denied(self, request: Request, action: str) -> tuple[Trace | None, list[Trace]]:
        """The Deny that matches, and those that might."""
        possible: list[Trace] = []
        for policy in self.policies:
            for statement in policy.about(action)[0]:
                truth = statement.truth(request)
                if truth is True:
                    return trace_of(self.source, self.id, policy, statement, truth=truth), possible
                if truth is not False:
                    possible.append(trace_of(self.source, self.id, policy, statement, truth=truth))
        return None, possible

    def allowed(self, request: Request, action: str) -> tuple[Trace | None, list[Trace]]:
        """The Allow that matches, and those that might."""
        possible: list[Trace] = []
        for policy in self.policies:
            for statement in policy.about(action)[1]:
                truth = statement.truth(request)
                if truth is True:
                    return trace_of(self.source, self.id, policy, statement, truth=truth), possible
                if truth is not False:
                    possible.append(trace_of(self.source, self.id, policy, statement, truth=truth))
        return None, possible


def decided(levels: Sequence[Level], request: Request, *, needs_allow: bool = True) -> Answer:
    """Every level must allow (if ``needs_allow``) and none may deny; root first.

    Names the first Deny, else the first level where nothing allows.
    """
    action = request.action.lower()
    open_traces: list[Trace] = []
    for level in levels:
        found, possible = level.denied(request, action)
        if found is not None:
            return Answer(decision=Decision.DENIED, traces=(found,), explicit=True)
        open_traces += possible
    allows: list[Trace] = []
    for level in levels if needs_allow else ():
        found, possible = level.allowed(request, action)
        if found is not None:
            allows.append(found)
        elif possible:
            open_traces += possible
        else:
            nothing = Trace(level.source, level.id)
            return Answer(decision=Decision.DENIED, traces=(nothing,))
    if open_traces:
        keys = frozenset().union(*(trace.keys for trace in open_traces))
        return Answer(decision=Decision.DEPENDS, traces=tuple(open_traces), keys=keys)
    return Answer(decision=Decision.ALLOWED, traces=tuple(allows))


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
