"""The Condition of a statement: operators, keys and values, compiled.

Operators and keys must all hold, of the values one suffices (for a negated operator none may fit).
A key that is absent fails, but for ``...IfExists``, ``Null``, ``ForAllValues:`` and negated
operators without a set operator. A value that is not of the operator's type fits nothing, and
under a negated operator makes the condition false as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from aft.policy_language.context import Context, Missing, Value
from aft.policy_language.documents import NotAPolicy, as_list, text_of
from aft.policy_language.operators import (
    Family,
    NotComparable,
    Operator,
    Quantifier,
    Test,
    operator_of,
)
from aft.policy_language.truth import Truth, all_of, any_of, negated, unknown
from aft.policy_language.variables import Template, Unresolved, template_of


@dataclass(frozen=True, slots=True)
class _Wanted:
    """One value of the policy; ``test`` is there when no variable is in it."""

    template: Template
    test: Test | None

    def test_in(self, operator: Operator, context: Context) -> Test:
        """Raises ``Unresolved``."""
        return self.test or operator.comparison.test(self.template.resolved(context))


@dataclass(frozen=True, slots=True, eq=False)
class Condition:
    """One key under one operator; ``name`` is the key as it is written."""

    operator: Operator
    key: str
    name: str
    values: tuple[str, ...]
    wanted: tuple[_Wanted, ...]

    @property
    def templates(self) -> tuple[Template, ...]:
        return tuple(item.template for item in self.wanted)

    @property
    def has_variables(self) -> bool:
        return any(item.template.variables for item in self.wanted)

    def truth(self, context: Context) -> Truth:
        """Does it hold?"""
        found = context.get(self.key)
        if found is Missing.UNKNOWN:
            return unknown(self.name)
        if self.operator.comparison.family is Family.NULL:
            absent = "true" if found is Missing.ABSENT else "false"
            return any(value.lower() == absent for value in self.values)
        if isinstance(found, Missing):
            return self._truth_when_absent()
        return self._truth_of(found, context)

    def _truth_when_absent(self) -> bool:
        operator = self.operator
        if operator.quantifier is not Quantifier.NONE:
            return operator.quantifier is Quantifier.ALL
        return operator.if_exists or operator.comparison.negated

    def _truth_of(self, found: Value, context: Context) -> Truth:
        quantifier = self.operator.quantifier
        if quantifier is Quantifier.NONE:
            # A multi-valued key needs a set operator; without one nothing ever fits.
            return self._fits(found, context) if isinstance(found, str) else False
        values = (found,) if isinstance(found, str) else found
        each = (self._fits(value, context) for value in values)
        return all_of(each) if quantifier is Quantifier.ALL else any_of(each)

    def _fits(self, value: str, context: Context) -> Truth:
        if not self.operator.comparison.negated:
            return any_of(self._tests(value, context))
        answers = list(self._tests(value, context, strict=True))
        if True in answers:
            return False
        if None in answers:
            return False
        return negated(any_of(item for item in answers if item is not None))

    def _tests(self, value: str, context: Context, *, strict: bool = False) -> Iterator[Any]:
        """One answer per value of the policy; ``None`` (only if ``strict``) where none is
        possible."""
        for wanted in self.wanted:
            try:
                yield wanted.test_in(self.operator, context)(value)
            except NotComparable:
                yield None if strict else False
            except Unresolved as error:
                yield None if strict and error.truth is False else error.truth


class Conditions:
    """All conditions of one statement."""

    __slots__ = ("each",)

    def __init__(self, each: Iterable[Condition]) -> None:
        self.each = tuple(each)

    def truth(self, context: Context) -> Truth:
        """Do all hold? Kept in the context, since many actions are asked about in one."""
        return context.remembered(self, self._truth) if self.each else True

    def _truth(self, context: Context) -> Truth:
        return all_of(item.truth(context) for item in self.each)


def compile_conditions(raw: Any, *, variables: bool) -> Conditions:
    """Raises ``NotAPolicy`` for what cannot be evaluated."""
    if raw is None:
        return Conditions(())
    if not isinstance(raw, Mapping):
        raise NotAPolicy("Condition is not a mapping of operators")
    return Conditions(
        _condition(str(operator), str(key), values, variables=variables)
        for operator, keys in raw.items()
        for key, values in _keys_of(operator, keys)
    )


def _keys_of(operator: Any, keys: Any) -> Iterable[tuple[Any, Any]]:
    if not isinstance(keys, Mapping):
        raise NotAPolicy(f"the condition operator {operator} holds no mapping of keys")
    return keys.items()


def _condition(name: str, key: str, raw: Any, *, variables: bool) -> Condition:
    operator = operator_of(name)
    if operator is None:
        raise NotAPolicy(f"there is no condition operator {name!r}")
    values = tuple(text_of(item) for item in as_list(raw))
    wanted = []
    for value in values:
        template = template_of(value, variables=variables, wildcards=operator.comparison.wildcards)
        fixed = not template.variables
        test = operator.comparison.test(template.parts) if fixed else None
        wanted.append(_Wanted(template, test))
    return Condition(operator, key.lower(), key, values, tuple(wanted))
