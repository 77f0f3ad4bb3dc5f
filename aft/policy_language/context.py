"""The condition keys of one request: known values, keys nobody knows, and absent ones."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from aft.policy_language.patterns import compiled, regex_of, tokens_of
from aft.policy_language.truth import Truth

Value = str | tuple[str, ...]
"""One value, or the list of a multi-valued key (which may be empty)."""


class Missing(enum.Enum):
    """Why a key has no value."""

    ABSENT = "absent"
    UNKNOWN = "unknown"


class Context:
    """Condition keys by name, whose case does not matter. Immutable: answers are kept in it.

    A key in neither ``values`` nor ``unknown`` is absent, and so is one of ``absent``. ``unknown``
    may contain wildcards: ``aws:ResourceTag/*``, or ``*`` for every key that has no value.
    """

    __slots__ = ("_absent", "_all_unknown", "_memo", "_names", "_patterns", "_unknown", "_values")

    def __init__(
        self,
        values: Mapping[str, Value] | None = None,
        unknown: Iterable[str] = (),
        *,
        absent: Iterable[str] = (),
    ) -> None:
        self._absent = frozenset(name.lower() for name in absent)
        self._values = {key.lower(): value for key, value in (values or {}).items()}
        names = [name.lower() for name in unknown]
        self._names = tuple(names)
        self._all_unknown = "*" in names
        self._unknown = frozenset(names)
        self._patterns = tuple(
            compiled(regex_of(tokens_of(name))).fullmatch
            for name in names
            if "*" in name and name != "*"
        )
        self._memo: dict[object, Truth] = {}

    def get(self, key: str) -> Value | Missing:
        """``key`` in lower case."""
        found = self._values.get(key)
        if found is not None:
            return found
        if key in self._absent:
            return Missing.ABSENT
        if self._all_unknown or key in self._unknown:
            return Missing.UNKNOWN
        if any(matches(key) for matches in self._patterns):
            return Missing.UNKNOWN
        return Missing.ABSENT

    def with_values(self, values: Mapping[str, Value], *, unknown: Iterable[str] = ()) -> Context:
        """This context with more known and more unknown keys."""
        return Context({**self._values, **values}, (*self._names, *unknown), absent=self._absent)

    def remembered(self, block: object, truth_of: Callable[[], Truth]) -> Truth:
        """``truth_of()``, asked once per ``block``."""
        found = self._memo.get(block)
        if found is None:
            found = self._memo[block] = truth_of()
        return found


def value_of(raw: Any) -> Value:
    """A JSON value as the value of a key. Raises ``ValueError`` for what no key can hold."""
    if isinstance(raw, list | tuple):
        return tuple(_text(item) for item in raw)
    return _text(raw)


def _text(raw: Any) -> str:
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if isinstance(raw, str | int | float):
        return str(raw)
    raise ValueError(f"a condition key holds text, a number or true and false, not {raw!r}")
