"""The sources of aft, parsed once: what each module holds, and what it imports."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """``target`` is dotted, down to the name where that is a module or comes from outside."""

    target: str
    line: int
    for_types: bool
    """Made by type checkers alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """``name`` is dotted; that of a package is its ``__init__``."""

    name: str
    path: str
    tree: ast.Module
    nodes: tuple[ast.AST, ...]
    """All of ``tree``, from the outside in: to walk through it takes as long as to parse it."""
    text: str
    length: int
    imports: tuple[Import, ...]


@cache
def modules() -> Mapping[str, Module]:
    """Every module of aft by its name."""
    found = {}
    for path in sorted((ROOT / "aft").rglob("*.py")):
        relative = path.relative_to(ROOT)
        name = ".".join(relative.with_suffix("").parts).removesuffix(".__init__")
        text = path.read_text()
        tree = ast.parse(text)
        walked = tuple(ast.walk(tree))
        found[name] = Module(
            name=name,
            path=str(relative),
            tree=tree,
            nodes=walked,
            text=text,
            length=len(text.splitlines()),
            imports=tuple(_imports(walked)),
        )
    return found


def nodes(*kinds: type[ast.AST]) -> Iterator[tuple[Module, ast.AST]]:
    """Every node of these kinds, with its module."""
    for module in modules().values():
        yield from ((module, node) for node in module.nodes if isinstance(node, kinds))


def covers(pattern: str, name: str) -> bool:
    """Is ``name`` the module or package ``pattern``, or inside it? ``*`` stands for one part or
    for the rest of one."""
    parts = re.escape(pattern).replace(r"\*", "[^.]*")
    return re.fullmatch(rf"{parts}(\..+)?", name) is not None


def inside(patterns: Iterable[str]) -> frozenset[str]:
    """The modules that one of the patterns covers."""
    return frozenset(
        name for name in modules() if any(covers(pattern, name) for pattern in patterns)
    )


def reached(start: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
    """Every module loaded at run time, sooner or later, by those of ``start``, with the way to it.

    A module loads the packages it is in, too.
    """
    ways = {name: (name,) for name in start}
    waiting = list(ways)
    while waiting:
        name = waiting.pop()
        parts = name.split(".")
        above = [".".join(parts[:size]) for size in range(1, len(parts))]
        wanted = [item.target for item in modules()[name].imports if not item.for_types]
        for target in (*above, *map(owner, wanted)):
            if target in modules() and target not in ways:
                ways[target] = (*ways[name], target)
                waiting.append(target)
    return ways


def owner(target: str) -> str:
    """The module that an import reads: ``target`` itself, or what its last name is read from."""
    return target if target in modules() else target.rpartition(".")[0]


def _imports(nodes: Iterable[ast.AST]) -> Iterator[Import]:
    for_types: set[int] = set()
    for node in nodes:
        if isinstance(node, ast.If) and _is_for_types(node.test):
            for_types |= {id(inner) for line in node.body for inner in ast.walk(line)}
        elif isinstance(node, ast.Import | ast.ImportFrom):
            for name in _names(node):
                yield Import(target=name, line=node.lineno, for_types=id(node) in for_types)


def _is_for_types(test: ast.expr) -> bool:
    return isinstance(test, ast.Name) and test.id == "TYPE_CHECKING"


def _names(node: ast.Import | ast.ImportFrom) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    assert not node.level, "imports are absolute"
    return [f"{node.module}.{alias.name}" for alias in node.names]
