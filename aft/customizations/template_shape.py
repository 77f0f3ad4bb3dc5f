"""How deep and how long a template may be, seen in its words before any parser builds a tree of it.

A template engine, and Python behind it, walk a template's tree by recursion. What they cannot walk
ends them in as many ways as there are walks; so what is nested or chained beyond these bounds is
refused by counting. Knows the words of the template language, and no template engine.
"""

from __future__ import annotations

from collections.abc import Iterable

MAX_BLOCKS = 15
"""Blocks in blocks: Python takes twenty loops in each other."""
MAX_BRACKETS = 32
MAX_CHAIN = 100
"""Operators, attributes, filters and conditions one after the other, without a comma between."""
MAX_SIGNS = 30
"""Signs, ``not`` and powers that are in each other: each further one costs a compiler more."""
MAX_BRANCHES = 100
"""``elif`` of one ``if``."""
MAX_STATEMENTS = 2_000
MAX_WORDS = 20_000
"""Names, operators and values of a whole template."""

_OPENS = frozenset({"for", "if", "macro", "call", "filter", "with", "autoescape", "block"})
_CHAINS = frozenset({"and", "or", "not", "if", "else", "is", "in"})
_TEXT = frozenset({"data", "whitespace", "comment", "comment_begin", "comment_end", "string"})


def refused_shape(words: Iterable[tuple[int, str, str]]) -> tuple[int, str] | None:
    """The line of the first word that is too much, and why; ``words`` have a line, a kind and a
    text, as the template engine's lexer gives them."""
    shape = _Shape()
    for line, kind, text in words:
        if kind == "string":
            shape.has_operand = True
        elif kind not in _TEXT and (why := shape.add(kind, text)):
            return line, why
    return None


class _Shape:
    def __init__(self) -> None:
        self._blocks: list[int] = []  # the branches so far of each block that is open
        self._brackets = self._chain = self._signs = self._statements = self._words = 0
        self.has_operand = False
        """Whether the last word is one that a sign cannot belong to."""
        self._is_first = False  # of a statement
        self._captures = False  # ``set x`` without a value: what follows is in a block

    def add(self, kind: str, text: str) -> str:
        """Why this word is too much, or an empty string."""
        self._words += 1
        if self._words > MAX_WORDS:
            return f"the template has more than {MAX_WORDS:,} names, operators and values"
        if kind in ("block_begin", "block_end", "variable_begin", "variable_end"):
            if self._captures:
                self._captures = False
                return self._open()
            self._brackets = self._chain = self._signs = 0
            self.has_operand = False
            self._is_first = kind == "block_begin"
            self._statements += self._is_first
            if self._statements > MAX_STATEMENTS:
                return f"the template has more than {MAX_STATEMENTS:,} statements"
            return ""
        if self._is_first:
            self._is_first = False
            return self._statement(text)
        if kind == "operator":
            return self._operator(text)
        self._chain += text in _CHAINS
        self._signs += text == "not"
        self.has_operand = text not in _CHAINS
        return self._too_long()

    def _statement(self, word: str) -> str:
        self._captures = word == "set"
        if word in _OPENS:
            return self._open()
        if word == "elif" and self._blocks:
            self._blocks[-1] += 1
            if self._blocks[-1] > MAX_BRANCHES:
                return f"an if has more than {MAX_BRANCHES} elif"
        elif word.startswith("end") and self._blocks:
            self._blocks.pop()
        return ""

    def _open(self) -> str:
        self._blocks.append(0)
        too_deep = len(self._blocks) > MAX_BLOCKS
        return f"blocks are nested more than {MAX_BLOCKS} deep" if too_deep else ""

    def _operator(self, text: str) -> str:
        if text in "([{":
            self._brackets += 1
            if self._brackets > MAX_BRACKETS:
                return f"brackets are nested more than {MAX_BRACKETS} deep"
        elif text in ")]}":
            self._brackets -= 1
        elif text == ",":
            self._chain = self._signs = 0
        self._signs += text == "**" or (text in "+-" and not self.has_operand)
        self.has_operand = text in ")]}"
        if text == "=" and not self._brackets:
            self._captures = False
        self._chain += text != ","
        return self._too_long()

    def _too_long(self) -> str:
        if self._chain > MAX_CHAIN:
            return f"more than {MAX_CHAIN} operators, attributes or filters follow each other"
        if self._signs > MAX_SIGNS:
            return f"more than {MAX_SIGNS} signs, powers or `not` are in each other"
        return ""
