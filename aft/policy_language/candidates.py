"""The finitely many values of a dimension that are enough to tell some statements apart.

A dimension is what requests can differ in: action, resource, principal, a condition key. Which of
the values a statement is about is asked of the statement itself.
"""

from __future__ import annotations

import contextlib
import ipaddress
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Generic, TypeVar

from aft.policy_language.cells import ANY_ARN, Cells, Steps, arn_steps, cells, steps_of
from aft.policy_language.conditions import Condition
from aft.policy_language.context import Missing, Value, template_of
from aft.policy_language.documents import as_list
from aft.policy_language.operators import (
    Family,
    NotComparable,
    Quantifier,
    moment_of,
    number_of,
    range_of,
)
from aft.policy_language.patterns import tokens_of
from aft.policy_language.principals import Principal
from aft.policy_language.service_facts import MULTI_VALUED_KEYS
from aft.policy_language.statements import NO_RESOURCE, Statement

_ODD = "x"
"""A text that is no number, date, address or ARN."""
_MOST_SUBSETS = 10
_ACCOUNT = "999999999999"
_TEXTUAL = (Family.STRING, Family.ARN, Family.BOOL, Family.BINARY)


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Candidates(Generic[T]):
    """Values to try, those that read best first; ``complete`` when no other could matter."""

    values: tuple[T, ...]
    complete: bool = True


def actions(statements: Iterable[Statement]) -> Candidates[str]:
    """Actions, in lower case: of every service that is named, and of one that is not."""
    texts = dict.fromkeys(text for item in statements for text in item.actions if ":" in text)
    by_service: dict[str, list[str]] = {}
    anywhere: list[str] = []
    for text in texts:
        service = text.partition(":")[0]
        is_named = not re.search(r"[*?]", service)
        (by_service.setdefault(service, []) if is_named else anywhere).append(text)
    values: dict[str, None] = {}
    complete = True
    for prefix, own in (("?*", []), *by_service.items()):
        patterns = [steps_of(tokens_of(text), but_colon=True) for text in (*own, *anywhere)]
        found = cells(patterns, within=steps_of(tokens_of(f"{prefix}:?*"), but_colon=True))
        values.update(dict.fromkeys(found.texts))
        complete = complete and found.complete
    return Candidates(tuple(values), complete)


def resources(statements: Iterable[Statement]) -> Candidates[str | None]:
    """ARNs, and the resource of an action without one."""
    patterns = [
        arn_steps(template.parts, ignore_case_until=5, open_end=True)
        for item in statements
        for template in item.resources.templates
        if not template.variables
    ]
    found = cells(list(dict.fromkeys(patterns)), within=ANY_ARN)
    return Candidates((NO_RESOURCE, *found.texts), found.complete)


def principals(statements: Iterable[Statement]) -> Candidates[Principal]:
    """Those named, another one of each account that is, and strangers of every kind."""
    named: dict[str, None] = {}
    for item in statements:
        for key in ("Principal", "NotPrincipal"):
            raw = item.source.get(key)
            groups = raw.values() if isinstance(raw, dict) else [raw]
            named.update(dict.fromkeys(str(name) for each in groups for name in as_list(each)))
    found: list[Principal] = []
    for name in named:
        principal = Principal(name)
        found.append(principal)
        account, role = principal.role
        if role:
            session = f"arn:aws:sts::{account}:assumed-role/{role}/session"
            found.append(Principal(session, role_arn=name))
        if principal.account:
            found.append(Principal(f"arn:aws:iam::{principal.account}:role/somebody-else"))
    found += [
        Principal(f"arn:aws:iam::{_ACCOUNT}:role/stranger"),
        Principal("stranger.amazonaws.com"),
        Principal(f"arn:aws:iam::{_ACCOUNT}:oidc-provider/stranger"),
        Principal("*"),
    ]
    return Candidates(tuple(dict.fromkeys(found)))


KeyValue = Value | Missing


def key_values(key: str, conditions: Sequence[Condition]) -> Candidates[KeyValue]:
    """Values of one condition key: one of each kind its operators tell apart, none, and lists
    where an operator is about lists."""
    families = {item.operator.comparison.family for item in conditions} - {Family.NULL}
    texts, complete = _texts(conditions)
    ordered = families - set(_TEXTUAL)
    complete = complete and (not ordered or len(families) == 1)
    quantified = sum(item.operator.quantifier is not Quantifier.NONE for item in conditions)
    found: list[KeyValue] = [] if key in MULTI_VALUED_KEYS else list(texts)
    found.append(Missing.ABSENT)
    if quantified or key in MULTI_VALUED_KEYS:
        most = quantified if len(texts) <= _MOST_SUBSETS else 1
        complete = complete and (most >= quantified)
        sizes = range(max(1, min(most, len(texts))) + 1)
        found += [chosen for size in sizes for chosen in combinations(texts, size)]
    return Candidates(tuple(found), complete)


def _texts(conditions: Sequence[Condition]) -> tuple[tuple[str, ...], bool]:
    patterns: dict[Steps, None] = {}
    numbers: set[float] = set()
    addresses: dict[str, None] = {}
    for condition in conditions:
        family = condition.operator.comparison.family
        if family in _TEXTUAL:
            patterns.update(dict.fromkeys(_pattern(condition, item) for item in condition.values))
        for value in condition.values:
            with contextlib.suppress(NotComparable):
                if family is Family.IP:
                    addresses.update(dict.fromkeys(_addresses(value)))
                elif family is Family.NUMERIC:
                    numbers.add(number_of(value))
                elif family is Family.DATE:
                    numbers.add(moment_of(value))
        if family is Family.ARN:
            patterns[steps_of(tokens_of("*:*:*:*:*"))] = None
    found = cells(list(patterns)) if patterns else Cells((_ODD,), complete=True)
    return tuple(dict.fromkeys((*_points(numbers), *addresses, *found.texts))), found.complete


def _pattern(condition: Condition, value: str) -> Steps:
    comparison = condition.operator.comparison
    if comparison.family is Family.ARN:
        return arn_steps(tokens_of(value), ignore_case_until=1)
    ignore_case = comparison.family is Family.BOOL or comparison.name.endswith("IgnoreCase")
    tokens = template_of(value, variables=False, wildcards=comparison.wildcards).parts
    return steps_of(tokens, ignore_case=ignore_case)


def _points(numbers: Iterable[float]) -> Iterator[str]:
    """Every border, a point between each two, and one on either side."""
    borders = sorted(numbers)
    between = [(low + high) / 2 for low, high in pairwise(borders)]
    ends = [borders[0] - 1, borders[-1] + 1] if borders else []
    for number in (*borders, *between, *ends):
        yield f"{number:.9f}".rstrip("0").rstrip(".")


def _addresses(value: str) -> Iterator[str]:
    """The first and last of a range, their neighbours, and addresses of either version."""
    network = range_of(value)
    first, last = int(network[0]), int(network[-1])
    address = ipaddress.IPv4Address if network.version == 4 else ipaddress.IPv6Address
    for number in (first, last, first - 1, last + 1):
        if 0 <= number < 2**network.max_prefixlen:
            yield str(address(number))
    yield from ("0.0.0.0", "::")  # noqa: S104 - an address, nothing is bound to it
