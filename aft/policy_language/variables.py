"""Policy variables: ``${aws:username}``, ``${key, 'default'}``, and ``${*}``, ``${?}``, ``${$}``.

They stand in condition values and in the sixth segment of a Resource, in documents of version
2012-10-17; in older ones the text means itself. What a variable stands for is always literal: a
``*`` in it is no wildcard.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from aft.policy_language.context import Context, Missing
from aft.policy_language.patterns import Token, tokens_of
from aft.policy_language.truth import Truth, unknown

_VARIABLE = re.compile(r"\$\{([^{}]*)\}")
_WITH_DEFAULT = re.compile(r"\s*([^,]*?)\s*,\s*'([^']*)'\s*")
_LITERALS = ("*", "?", "$")


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
            else:  # absent, or a list, which no variable can stand for
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
    """What stands between ``${`` and ``}`` in ``text``."""
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
