"""The expression language of workflow files: text to tree.

https://docs.github.com/en/actions/reference/workflows-and-actions/expressions
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any


class BadExpression(Exception):
    """An expression that GitHub would not take."""


@dataclass(frozen=True)
class Literal:
    value: Any


@dataclass(frozen=True)
class Context:
    """The first name of a chain: ``github`` in ``github.event.number``."""

    name: str


@dataclass(frozen=True)
class Index:
    """``of[key]`` or ``of.key``; a ``key`` of ``None`` is the filter ``*``."""

    of: Node
    key: Node | None


@dataclass(frozen=True)
class Call:
    name: str
    arguments: Sequence[Node]


@dataclass(frozen=True)
class Not:
    of: Node


@dataclass(frozen=True)
class Binary:
    operator: str
    left: Node
    right: Node


Node = Literal | Context | Index | Call | Not | Binary

_TOKEN = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<number>[-+]?(?:0x[0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?))
  | (?P<string>'(?:[^']|'')*')
  | (?P<name>[A-Za-z_][A-Za-z0-9_-]*)
  | (?P<operator>&&|\|\||==|!=|<=|>=|[<>!().,\[\]*])
    """,
    re.VERBOSE,
)
_WORDS = {"true": True, "false": False, "null": None}
_LEVELS = (("||",), ("&&",), ("==", "!="), ("<", "<=", ">", ">="))
"""Operators from the loosest to the tightest."""


def parse(text: str) -> Node:
    """The tree of what stands between ``${{`` and ``}}``. Raises ``BadExpression``."""
    parser = _Parser(list(_tokens(text)), text)
    node = parser.binary(0)
    parser.end()
    return node


def walk(node: Node) -> Iterator[Node]:
    """The node and everything in it."""
    yield node
    match node:
        case Index(of, key):
            yield from walk(of)
            if key is not None:
                yield from walk(key)
        case Call(_, arguments):
            for argument in arguments:
                yield from walk(argument)
        case Not(of):
            yield from walk(of)
        case Binary(_, left, right):
            yield from walk(left)
            yield from walk(right)


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise BadExpression(f"{text[at:]!r} in {text!r}")
        at = found.end()
        if found.lastgroup and found.lastgroup != "space":
            yield found.lastgroup, found[0]


class _Parser:
    def __init__(self, tokens: list[tuple[str, str]], text: str) -> None:
        self._tokens = tokens
        self._text = text
        self._at = 0

    def binary(self, level: int) -> Node:
        if level == len(_LEVELS):
            return self._unary()
        left = self.binary(level + 1)
        while (operator := self._peek()[1]) in _LEVELS[level] and self._peek()[0] == "operator":
            self._at += 1
            left = Binary(operator, left, self.binary(level + 1))
        return left

    def end(self) -> None:
        if self._at != len(self._tokens):
            raise BadExpression(f"{self._peek()[1]!r} is one too many in {self._text!r}")

    def _unary(self) -> Node:
        if self._took("!"):
            return Not(self._unary())
        return self._chain()

    def _chain(self) -> Node:
        node = self._primary()
        while True:
            if self._took("."):
                if self._took("*"):
                    node = Index(node, None)
                    continue
                kind, name = self._next()
                if kind != "name":
                    raise BadExpression(f"a name follows a dot in {self._text!r}")
                node = Index(node, Literal(name))
            elif self._took("["):
                node = Index(node, None if self._took("*") else self.binary(0))
                self._expect("]")
            else:
                return node

    def _primary(self) -> Node:
        kind, text = self._next()
        match kind:
            case "number":
                return Literal(float(int(text, 16)) if "0x" in text.lower() else float(text))
            case "string":
                return Literal(text[1:-1].replace("''", "'"))
            case "name" if text.lower() in _WORDS:
                return Literal(_WORDS[text.lower()])
            case "name":
                return Call(text.lower(), self._arguments()) if self._took("(") else Context(text)
            case "operator" if text == "(":
                node = self.binary(0)
                self._expect(")")
                return node
        raise BadExpression(f"{text!r} is out of place in {self._text!r}")

    def _arguments(self) -> Sequence[Node]:
        if self._took(")"):
            return ()
        found = [self.binary(0)]
        while self._took(","):
            found.append(self.binary(0))
        self._expect(")")
        return tuple(found)

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._at] if self._at < len(self._tokens) else ("end", "")

    def _next(self) -> tuple[str, str]:
        found = self._peek()
        self._at += 1
        return found

    def _took(self, operator: str) -> bool:
        if self._peek() == ("operator", operator):
            self._at += 1
            return True
        return False

    def _expect(self, operator: str) -> None:
        if not self._took(operator):
            raise BadExpression(f"{operator!r} is missing in {self._text!r}")
