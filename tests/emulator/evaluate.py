"""Expressions to values, and texts with ``${{ }}`` in them to texts."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from . import functions, values
from .expressions import (
    BadExpression,
    Binary,
    Call,
    Context,
    Index,
    Literal,
    Node,
    Not,
    parse,
    walk,
)

_TEMPLATE = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
STATUS = ("success", "failure", "always", "cancelled")

parsed = functools.cache(parse)


@dataclass(frozen=True)
class Scope:
    """``contexts`` by name; ``status`` answers ``success()`` and its like; ``calls`` are the
    functions that need more than their arguments (``hashFiles``)."""

    contexts: Mapping[str, Any]
    status: Mapping[str, bool] = field(default_factory=dict)
    calls: Mapping[str, Callable[..., Any]] = field(default_factory=dict)

    def value(self, text: str) -> Any:
        """The value of one expression, without its braces."""
        return self._value(parsed(text.strip()))

    def condition(self, text: str) -> bool:
        """An ``if:``. Without a status function it also asks for ``success()``."""
        whole = _TEMPLATE.fullmatch(text.strip())
        inner = whole[1] if whole and "${{" not in whole[1] else text
        if not inner.strip():
            return self.status["success"]
        node = parsed(inner.strip())
        asks = any(isinstance(item, Call) and item.name in STATUS for item in walk(node))
        if not asks and not self.status["success"]:
            return False
        return values.is_true(self._value(node))

    def text(self, template: Any) -> str:
        """A text with its expressions replaced."""
        if not isinstance(template, str):
            return values.text(template)
        return _TEMPLATE.sub(lambda found: values.text(self.value(found[1])), template)

    def filled(self, template: Any) -> Any:
        """The same for whole structures; a text that is one expression keeps its type."""
        match template:
            case str():
                whole = _TEMPLATE.fullmatch(template.strip())
                if whole and "${{" not in whole[1]:
                    return self.value(whole[1])
                return self.text(template)
            case dict():
                return {key: self.filled(item) for key, item in template.items()}
            case list():
                return [self.filled(item) for item in template]
        return template

    def _value(self, node: Node) -> Any:
        match node:
            case Literal(value):
                return value
            case Context(name):
                return self._context(name)
            case Index(of, None):
                return values.Filtered(values.items(self._value(of)))
            case Index(of, key) if key is not None:
                return values.index(self._value(of), self._value(key))
            case Not(of):
                return not values.is_true(self._value(of))
            case Binary("&&", left, right):
                first = self._value(left)
                return self._value(right) if values.is_true(first) else first
            case Binary("||", left, right):
                first = self._value(left)
                return first if values.is_true(first) else self._value(right)
            case Binary(operator, left, right):
                return values.compare(operator, self._value(left), self._value(right))
            case Call(name, arguments):
                return self._call(name, [self._value(item) for item in arguments])
        raise AssertionError(node)

    def _context(self, name: str) -> Any:
        found = {key.lower(): key for key in self.contexts}.get(name.lower())
        if found is None:
            raise BadExpression(f"there is no context {name} here")
        return self.contexts[found]

    def _call(self, name: str, arguments: list[Any]) -> Any:
        if name in STATUS:
            if name not in self.status:
                raise BadExpression(f"{name}() is for conditions")
            return self.status[name]
        known = {key.lower(): call for key, call in (functions.FUNCTIONS | self.calls).items()}
        if name not in known:
            raise BadExpression(f"there is no function {name}")
        return known[name](*arguments)


def expressions_in(template: str) -> list[str]:
    """The expressions of a text, without braces."""
    return [found.strip() for found in _TEMPLATE.findall(template)]
