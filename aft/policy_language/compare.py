"""Does a changed policy give more power? ``wider`` looks for a request that shows it.

More power is: a request that the new document allows and the old did not, or one that the old
denied and the new does not (a Deny that is gone). Requests are taken as free: any text as an action
or resource, every condition key with any value, none, or a list where an operator is about lists.
The values that could matter are finite (``candidates``), so "no" is a proof, not a guess.

Where that ends (policy variables, more combinations than are tried) the answer is "may be".
"""

from __future__ import annotations

import enum
import functools
import json
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aft.policy_language import candidates
from aft.policy_language.candidates import Candidates
from aft.policy_language.conditions import Condition
from aft.policy_language.context import Context, Missing, Template, Value
from aft.policy_language.documents import as_list
from aft.policy_language.evaluate import Decision, Level, decided
from aft.policy_language.operators import Quantifier
from aft.policy_language.policy import Policy
from aft.policy_language.principals import Principal
from aft.policy_language.statements import NO_RESOURCE, Request, Statement

MOST_TRIES = 20_000
"""Combinations of values that are tried for one statement."""
ACTION, RESOURCE, PRINCIPAL = "action", "resource", "principal"
_NOBODY = Context()


class Verdict(enum.StrEnum):
    """``may be``: no example was found, and none was shown to be impossible."""

    YES = "yes"
    NO = "no"
    MAY_BE = "may be"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """``example`` is a request that shows it; ``policy`` and ``statement`` (from 0) the Allow that
    is new, or the Deny that is gone (``lost``)."""

    verdict: Verdict
    example: Request | None = None
    policy: str = ""
    sid: str = ""
    statement: int | None = None
    lost: bool = False


def wider(before: Iterable[Policy], after: Iterable[Policy]) -> Comparison:
    """Do the policies ``after`` give more than those ``before``? Each side counts together, as the
    policies of one role or of one OU do."""
    old, new = tuple(before), tuple(after)
    targets = list(_targets(old, new))
    if not targets:
        return Comparison(verdict=Verdict.NO)
    space = _Space([item for policy in (*old, *new) for item in policy.statements])
    undecided: Comparison | None = None
    for target in targets:
        found = target.look(space, old, new)
        if found.verdict is Verdict.YES:
            return found
        if found.verdict is Verdict.MAY_BE:
            undecided = undecided or found
    return undecided or Comparison(verdict=Verdict.NO)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Target:
    """A statement that must match while none of ``others`` does."""

    policy: Policy
    statement: Statement
    others: tuple[Statement, ...]
    lost: bool

    def look(self, space: _Space, old: Sequence[Policy], new: Sequence[Policy]) -> Comparison:
        search = space.search(self.statement, self.others)
        for request in search:
            if _shows(request, old, new):
                return self._found(Verdict.YES, request)
        return self._found(Verdict.NO if search.is_proof else Verdict.MAY_BE)

    def _found(self, verdict: Verdict, example: Request | None = None) -> Comparison:
        return Comparison(
            verdict=verdict,
            example=example,
            policy=self.policy.name,
            sid=self.statement.sid,
            statement=self.statement.index,
            lost=self.lost,
        )


def _targets(old: Sequence[Policy], new: Sequence[Policy]) -> Iterator[_Target]:
    """Every Allow of the new side and Deny of the old one, but for those both sides have."""
    old_allows, old_denies = _by_effect(old)
    new_allows, new_denies = _by_effect(new)
    denying = tuple(statement for _, statement in new_denies)
    known = (*(statement for _, statement in old_allows), *denying)
    kept = {text for _, item in (*old_allows, *new_denies) if (text := _text(item))}
    for policy, statement in new_allows:
        if _text(statement) not in kept:
            yield _Target(policy=policy, statement=statement, others=known, lost=False)
    for policy, statement in old_denies:
        if _text(statement) not in kept:
            yield _Target(policy=policy, statement=statement, others=denying, lost=True)


def _text(statement: Statement) -> str:
    """Of statements that say the same in any document, which those with variables do not."""
    told = {key: value for key, value in statement.source.items() if key != "Sid"}
    text = json.dumps(told, sort_keys=True, default=str)
    return "" if "${" in text else text


_Placed = tuple[Policy, Statement]


def _by_effect(policies: Sequence[Policy]) -> tuple[list[_Placed], list[_Placed]]:
    placed = [(policy, item) for policy in policies for item in policy.statements]
    allows = [item for item in placed if not item[1].denies]
    return allows, [item for item in placed if item[1].denies]


def _shows(request: Request, old: Sequence[Policy], new: Sequence[Policy]) -> bool:
    """Asked of the evaluator itself: is this request an example?"""
    before = decided((Level("", "", old),), request)
    after = decided((Level("", "", new),), request)
    if before.explicit and not after.explicit:
        return after.decision is not Decision.DEPENDS
    return after.decision is Decision.ALLOWED and before.decision is Decision.DENIED


# --- the space of requests -----------------------------------------------------------------


class _Space:
    """The values of every dimension, and what each statement says of them."""

    def __init__(self, statements: Sequence[Statement]) -> None:
        conditions: dict[str, list[Condition]] = {}
        for item in statements:
            for condition in item.conditions.each:
                if not condition.has_variables:
                    conditions.setdefault(condition.key, []).append(condition)
        self._values: dict[str, Candidates[Any]] = {
            ACTION: candidates.actions(statements),
            RESOURCE: candidates.resources(statements),
            PRINCIPAL: candidates.principals(statements),
        }
        for key, found in conditions.items():
            self._values[f"key {key}"] = candidates.key_values(key, found)
        self._says: dict[tuple[int, str], tuple[bool, ...]] = {}
        self._spelled = _spellings(statements)
        self._opens = {name: fills for item in statements for name, fills in _opens(item)}

    def request(self, chosen: Mapping[str, Any]) -> Request | None:
        """The request of some values; ``None`` where none is known for a policy variable."""
        resource = chosen.get(RESOURCE, NO_RESOURCE)
        keys: dict[str, Value | Missing] = {
            name.removeprefix("key "): value
            for name, value in chosen.items()
            if name.startswith("key ")
        }
        for name in (name for name, value in chosen.items() if value is True):
            filled = self._opens.get(name)
            if filled is None:
                return None
            resource = filled.resource or resource
            keys.update(filled.keys)
        return Request(
            principal=chosen.get(PRINCIPAL, Principal("*")),
            action=self._spelled.get(chosen[ACTION], chosen[ACTION]),
            resource=resource,
            context=_context(keys),
        )

    def search(self, target: Statement, others: Sequence[Statement]) -> _Search:
        """Requests that ``target`` matches and none of ``others``."""
        dimensions = {name: None for item in (target, *others) for name in _dimensions(item)}
        choices: dict[str, list[tuple[Any, int]]] = {}
        is_proof = True
        for name in dimensions:
            values = self._values.get(name) or Candidates((True, False))
            is_proof = is_proof and values.complete
            wanted = self._of(target, name, values)
            missed = [self._of(item, name, values) for item in others]
            found = [
                (value, sum(1 << bit for bit, says in enumerate(missed) if not says[number]))
                for number, value in enumerate(values.values)
                if wanted[number]
            ]
            choices[name] = _best(found)
        return _Search(choices, (1 << len(others)) - 1, is_proof=is_proof, make=self.request)

    def _of(self, statement: Statement, name: str, values: Candidates[Any]) -> tuple[bool, ...]:
        """Of every value: does the statement match it, as far as this dimension goes?"""
        key = (id(statement), name)
        if key not in self._says:
            self._says[key] = tuple(_matches(statement, name, value) for value in values.values)
        return self._says[key]


def _dimensions(statement: Statement) -> Iterator[str]:
    yield ACTION
    if statement.resources.has_variables:
        yield f"open {_resource_text(statement)}"
    else:
        yield RESOURCE
    if statement.principal is not None:
        yield PRINCIPAL
    if statement.not_principal is not None:
        yield f"open NotPrincipal {statement.source['NotPrincipal']}"
    for condition in statement.conditions.each:
        yield _open_text(condition) if condition.has_variables else f"key {condition.key}"


def _matches(statement: Statement, name: str, value: Any) -> bool:
    if name == ACTION:
        return statement.covers_action(value)
    if name == RESOURCE:
        resources = statement.resources
        return resources.has_variables or resources.truth(value, _NOBODY) is True
    if name == PRINCIPAL:
        return statement.principal is None or statement.principal.covers(value)
    if name.startswith("open "):
        return name not in set(_dimensions(statement)) or value is True
    key = name.removeprefix("key ")
    context = _context({key: value})
    return all(
        condition.truth(context) is True
        for condition in statement.conditions.each
        if condition.key == key and not condition.has_variables
    )


def _resource_text(statement: Statement) -> str:
    element = "NotResource" if "NotResource" in statement.source else "Resource"
    return f"{element} {statement.source.get(element)}"


def _open_text(condition: Condition) -> str:
    """The same text is the same condition, true or false together."""
    by = condition.operator
    name = f"{by.quantifier.value} {by.comparison.name} {by.if_exists}"
    return f"open {name} {condition.key} {sorted(condition.values)}"


def _best(found: list[tuple[Any, int]]) -> list[tuple[Any, int]]:
    """Without values that miss no statement that another does not miss as well."""
    kept: list[tuple[Any, int]] = []
    for value, mask in sorted(found, key=lambda item: -item[1].bit_count()):
        if not any(mask | other == other for _, other in kept):
            kept.append((value, mask))
    return kept


class _Search:
    """Iterates over requests; afterwards ``is_proof`` tells whether there can be no other."""

    def __init__(
        self,
        choices: Mapping[str, list[tuple[Any, int]]],
        all_missed: int,
        *,
        is_proof: bool,
        make: Callable[[Mapping[str, Any]], Request | None],
    ) -> None:
        self._make = make
        self._choices = sorted(choices.items(), key=lambda item: len(item[1]))
        self._all = all_missed
        self.is_proof = is_proof
        self._tries = 0

    def __iter__(self) -> Iterator[Request]:
        ahead = [0]
        for _, values in reversed(self._choices):
            ahead.append(functools.reduce(operator.or_, (mask for _, mask in values), ahead[-1]))
        ahead.reverse()
        for chosen in self._walk(0, 0, {}, ahead):
            self.is_proof = False  # a combination that the evaluator may yet refuse
            request = self._make(chosen)
            if request is not None:
                yield request

    def _walk(
        self, depth: int, missed: int, chosen: dict[str, Any], ahead: Sequence[int]
    ) -> Iterator[Mapping[str, Any]]:
        if missed | ahead[depth] != self._all:
            return
        if depth == len(self._choices):
            yield dict(chosen)
            return
        name, values = self._choices[depth]
        for value, mask in values:
            self._tries += 1
            if self._tries > MOST_TRIES:
                self.is_proof = False
                return
            chosen[name] = value
            yield from self._walk(depth + 1, missed | mask, chosen, ahead)


def _spellings(statements: Iterable[Statement]) -> Mapping[str, str]:
    """Actions as a policy spells them, by their lower case."""
    written = (
        str(text)
        for item in statements
        for text in as_list(item.source.get("Action", item.source.get("NotAction")))
    )
    return {text.lower(): text for text in written}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Filled:
    """What makes a part with policy variables true: a resource, or values of keys."""

    resource: str = ""
    keys: Mapping[str, Value]


_FILLING = "x"


def _opens(statement: Statement) -> Iterator[tuple[str, _Filled]]:
    """The simplest values for parts with variables; the evaluator has the last word on them."""
    if statement.resources.has_variables and "Resource" in statement.source:
        template = next(item for item in statement.resources.templates if item.variables)
        keys, text = _filled(template)
        yield f"open {_resource_text(statement)}", _Filled(resource=text, keys=keys)
    for condition in statement.conditions.each:
        if not condition.has_variables:
            continue
        template = next(item for item in condition.templates if item.variables)
        keys, text = _filled(template)
        value: Value = text if condition.operator.quantifier is Quantifier.NONE else (text,)
        own = {} if condition.operator.comparison.negated else {condition.key: value}
        yield _open_text(condition), _Filled(keys={**keys, **own})


def _filled(template: Template) -> tuple[Mapping[str, str], str]:
    keys = {variable.key: _FILLING for variable in template.variables}
    tokens = template.resolved(Context(keys))
    return keys, "".join(item if isinstance(item, str) else _FILLING for item in tokens)


def _context(values: Mapping[str, Value | Missing]) -> Context:
    return Context({key: value for key, value in values.items() if not isinstance(value, Missing)})
