"""Words of the field, plain and modern: in code, messages and documentation alike."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from functools import cache
from itertools import groupby
from pathlib import Path

import pytest
import source_graph
from source_graph import Module

ROOT = Path(__file__).parents[2]
INSTEAD = {
    r"(?<![a-z])mend(s|ed|ing)?(?![a-z])": "fix",
    r"\bfor ever\b(?!\w)": "permanently",
    r"\bdear(er)?\b": "expensive",
    r"\bgets? no more\b": "no longer gets",
    r"\bmaster account\b": "management account",
}
"""Patterns that are not used anywhere, and what to write instead."""

PLAIN = {
    r"\btold\b": "reported",
    r"\bbesides?\b": "next to, in addition to",
    r"\b(who|wher)ever\b": "name the person or place",
    r"\bbegun\b": "started",
    r"\banew\b": "again",
    r"\b(no|any|some|every)body\b": "no one, anyone, someone, everyone; or name the role",
    r"\b(no|any) more\b(?! than)": "no longer",
    r"\bwish(es|ed)?\b": "desired, request",
    r"\bgoes? ahead\b": "is applied, continues",
    r"\bby hand\b": "manually",
    r"\bfor good\b": "permanently",
    r"\bcame to nothing\b": "was abandoned",
    r"\blies (in|inside|outside|where|there)\b": "is in",
    r"\b(stands|stood) (in|beside|alone|for|where|there)\b": "is in",
}
"""Patterns that no sentence has: documentation, data, messages, docstrings and comments."""

FOR_READERS = {
    r"\bwhom\b": "rephrase",
    r"\bis said\b": "is reported",
    r"\bhand(ed|s)? out\b": "allocate",
    r"\blets? go\b": "no longer manages",
    r"\b(puts?|putting) back\b": "revert, repair",
    r"\btak(e|es|en) away\b": "remove",
}
"""Patterns that no reader meets: in documentation, data, help texts and messages."""

FOR_MAINTAINERS = {
    r"\b(what|which)ever\b": "any, everything, regardless of",
    r"\bstands?\b": "is, represents",
    r"\blies?\b": "is",
    r"\bof (its|their|one's) own\b": "its own, separate",
}
"""Patterns that docstrings and comments of the product do not have."""

ALLOWED = ("'nobody'",)
"""Literal values of examples."""


def documents() -> list[Path]:
    names = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "Makefile", "aft.yaml")
    found = [ROOT / name for name in names]
    for folder in ("docs", "customizations", "account-requests", ".github"):
        for ending in ("md", "json", "yaml", "yml", "sh"):
            found += (ROOT / folder).rglob(f"*.{ending}")
    return [*found, *(ROOT / "aft").rglob("*.toml")]


def modules() -> list[Module]:
    return sorted(source_graph.modules().values(), key=lambda module: module.path)


def lines_of(path: Path) -> Iterator[tuple[int, str]]:
    yield from enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)


def docstrings_of(module: Module) -> Iterator[ast.Expr]:
    """Every expression that is a statement: docstrings, also those of constants and fields."""
    return (node for node in module.nodes if isinstance(node, ast.Expr))


def messages_of(module: Module) -> Iterator[tuple[int, str]]:
    """Texts of more than one word, with docstrings only where ``--help`` shows them."""
    shown = {
        id(node.body[0])
        for node in module.nodes
        if isinstance(node, ast.FunctionDef)
        and any("command(" in ast.unparse(item) for item in node.decorator_list)
    }
    internal = {id(node.value) for node in docstrings_of(module) if id(node) not in shown}
    for node in module.nodes:
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and " " in node.value.strip()
            and id(node) not in internal
        ):
            yield node.lineno, " ".join(node.value.split())


def remarks_of(module: Module) -> Iterator[tuple[int, str]]:
    """Every docstring, and comments with those of the lines below, as one line each."""
    for node in docstrings_of(module):
        if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node.lineno, " ".join(node.value.value.split())
    comments = {
        token.start[0]: token.string.lstrip("# ")
        for token in tokenize.generate_tokens(io.StringIO(module.text).readline)
        if token.type == tokenize.COMMENT
    }
    # Lines that follow each other differ from their place in the list by the same number.
    for _, block in groupby(enumerate(comments), key=lambda place: place[1] - place[0]):
        numbers = [number for _, number in block]
        yield numbers[0], " ".join(comments[number] for number in numbers)


@cache
def everything() -> tuple[str, ...]:
    """Every line of documents and modules, after its place."""
    return tuple(
        f"{path.relative_to(ROOT)}:{number}: {line}"
        for path in (*documents(), *(ROOT / module.path for module in modules()))
        for number, line in lines_of(path)
    )


@cache
def for_readers() -> tuple[str, ...]:
    """Every line of documents and every message, after its place."""
    texts = [(str(path.relative_to(ROOT)), lines_of(path)) for path in documents()]
    texts += [(module.path, messages_of(module)) for module in modules()]
    return tuple(
        f"{path}:{number}: {line}"
        for path, lines in texts
        for number, line in lines
        if not any(word in line for word in ALLOWED)
    )


@cache
def for_maintainers() -> tuple[str, ...]:
    """Every docstring and comment of the product, without the sandbox, after its place."""
    return tuple(
        f"{module.path}:{number}: {line}"
        for module in modules()
        if not module.path.startswith("aft/sandbox/")
        for number, line in remarks_of(module)
    )


@pytest.mark.parametrize("pattern", INSTEAD)
def test_old_words_are_written_no_longer(pattern: str) -> None:
    found = list(filter(re.compile(pattern, re.IGNORECASE).search, everything()))
    assert not found, f"write {INSTEAD[pattern]!r}"


@pytest.mark.parametrize("pattern", PLAIN | FOR_READERS)
def test_readers_meet_plain_words(pattern: str) -> None:
    found = list(filter(re.compile(pattern, re.IGNORECASE).search, for_readers()))
    assert not found, (PLAIN | FOR_READERS)[pattern]


@pytest.mark.parametrize("pattern", PLAIN | FOR_MAINTAINERS)
def test_docstrings_and_comments_have_plain_words(pattern: str) -> None:
    found = list(filter(re.compile(pattern, re.IGNORECASE).search, for_maintainers()))
    assert not found, (PLAIN | FOR_MAINTAINERS)[pattern]
