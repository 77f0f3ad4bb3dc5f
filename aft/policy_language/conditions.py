"""The Condition of a statement: operators, keys and values, compiled.

All operators and keys must hold, and one value of each (of a negated operator: none). An absent key
fails, but for ``...IfExists``, ``Null``, ``ForAllValues:`` and negated operators without a set
operator. A value of another type than the operator's makes the condition false, negated or not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from aft.policy_language.context import Context, Missing, Template, Unresolved, template_of
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
        quantifier = self.operator.quantifier
        if isinstance(found, Missing):
            if quantifier is not Quantifier.NONE:
                return quantifier is Quantifier.ALL
            return self.operator.if_exists or self.operator.comparison.negated
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
        if True in answers or None in answers:
            return False
        return negated(any_of(item for item in answers if item is not None))

    def _tests(self, value: str, context: Context, *, strict: bool = False) -> Iterator[Any]:
        """An answer per value of the policy; if ``strict``, ``None`` where none is possible."""
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
        if not self.each:
            return True
        return context.remembered(self, lambda: all_of(item.truth(context) for item in self.each))


def compile_conditions(raw: Any, *, variables: bool) -> Conditions:
    """Raises ``NotAPolicy`` for what cannot be evaluated."""
    if raw is not None and not isinstance(raw, Mapping):
        raise NotAPolicy("Condition is not a mapping of operators")
    found: list[Condition] = []
    for operator, keys in (raw or {}).items():
        if not isinstance(keys, Mapping):
            raise NotAPolicy(f"the condition operator {operator} has no mapping of keys")
        for key, values in keys.items():
            found.append(_condition(str(operator), str(key), values, variables=variables))
    return Conditions(found)


def _condition(name: str, key: str, raw: Any, *, variables: bool) -> Condition:
    operator = operator_of(name)
    if operator is None:
        raise NotAPolicy(f"there is no condition operator {name!r}")
    comparison = operator.comparison
    values = tuple(text_of(item) for item in as_list(raw))
    wanted = []
    for value in values:
        template = template_of(value, variables=variables, wildcards=comparison.wildcards)
        test = None if template.variables else comparison.test(template.parts)
        wanted.append(_Wanted(template, test))
    return Condition(operator, key.lower(), key, values, tuple(wanted))
