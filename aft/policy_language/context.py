"""The condition keys of a request (known, absent, or unknown), and the variables that name them.

Policy variables (``${aws:username}``, ``${key, 'default'}``, ``${*}``, ``${?}``, ``${$}``) are in
condition values and in the sixth segment of a Resource, in documents of version 2012-10-17. What a
variable is replaced by is always literal: a ``*`` in it is no wildcard.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aft.policy_language.patterns import Token, compiled, regex_of, tokens_of
from aft.policy_language.truth import Truth, unknown

Value = str | tuple[str, ...]
"""One value, or the list of a multi-valued key (which may be empty)."""


_VARIABLE = re.compile(r"\$\{([^{}]*)\}")
_WITH_DEFAULT = re.compile(r"\s*([^,]*?)\s*,\s*'([^']*)'\s*")
_LITERALS = ("*", "?", "$")


class Missing(enum.Enum):
    """Why a key has no value."""

    ABSENT = "absent"
    UNKNOWN = "unknown"


class Context:
    """Condition keys by name, whose case does not matter. Immutable: answers are kept in it. A key
    in neither ``values`` nor ``unknown`` is absent, and so is one of ``absent``. ``unknown`` may
    contain wildcards: ``aws:ResourceTag/*``, or ``*`` for every key that has no value."""

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


@dataclass(frozen=True, slots=True)
class Variable:
    """A key whose value is put in; ``default`` is taken where the key has no single value."""

    key: str
    name: str
    default: str | None = None


class Unresolved(Exception):
    """A variable has no value; ``truth`` is false, or the unknown keys it is about."""

    def __init__(self, truth: Truth) -> None:
        super().__init__("unresolved")
        self.truth = truth


@dataclass(frozen=True, slots=True)
class Template:
    """A text of a policy: literal parts, wildcards and variables, in order."""

    parts: tuple[Token | Variable, ...]

    @property
    def variables(self) -> tuple[Variable, ...]:
        return tuple(part for part in self.parts if isinstance(part, Variable))

    def resolved(self, context: Context) -> tuple[Token, ...]:
        """The tokens with every variable put in, as literal text. Raises ``Unresolved``."""
        found: list[Token] = []
        for part in self.parts:
            if not isinstance(part, Variable):
                found.append(part)
                continue
            value = context.get(part.key)
            if isinstance(value, str):
                found.append(value)
            elif value is Missing.UNKNOWN:
                raise Unresolved(unknown(part.name))
            elif part.default is not None:
                found.append(part.default)
            else:  # absent, or a list, which no variable can mean
                raise Unresolved(False)
        return tuple(found)


def template_of(text: str, *, variables: bool = True, wildcards: bool = True) -> Template:
    """Read ``text``; without ``variables`` or ``wildcards`` these mean themselves."""
    parts: list[Token | Variable] = []
    position = 0
    for found in _VARIABLE.finditer(text) if variables else ():
        parts += _plain(text[position : found.start()], wildcards=wildcards)
        parts.append(_meant(found[1]))
        position = found.end()
    parts += _plain(text[position:], wildcards=wildcards)
    return Template(tuple(parts))


def variable_texts(text: str) -> Sequence[str]:
    """What is between ``${`` and ``}`` in ``text``."""
    return [found[1] for found in _VARIABLE.finditer(text)]


def _plain(text: str, *, wildcards: bool) -> list[Token]:
    if wildcards:
        return list(tokens_of(text))
    return [text] if text else []


def _meant(inside: str) -> Token | Variable:
    if inside in _LITERALS:
        return inside
    with_default = _WITH_DEFAULT.fullmatch(inside)
    name = with_default[1] if with_default else inside.strip()
    return Variable(key=name.lower(), name=name, default=with_default[2] if with_default else None)
