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
        found[name] = Module(
            name=name,
            path=str(relative),
            tree=tree,
            length=len(text.splitlines()),
            imports=tuple(_imports(tree, for_types=False)),
        )
    return found


def nodes(*kinds: type[ast.AST]) -> Iterator[tuple[Module, ast.AST]]:
    """Every node of these kinds, with its module."""
    for module in modules().values():
        yield from ((module, node) for node in ast.walk(module.tree) if isinstance(node, kinds))


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


def _imports(node: ast.AST, *, for_types: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            names = [alias.name for alias in child.names]
        elif isinstance(child, ast.ImportFrom):
            assert not child.level, "imports are absolute"
            names = [f"{child.module}.{alias.name}" for alias in child.names]
        elif isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
            for inner in child.body:
                yield from _imports(ast.Module([inner], []), for_types=True)
            continue
        else:
            yield from _imports(child, for_types=for_types)
            continue
        for name in names:
            yield Import(target=name, line=child.lineno, for_types=for_types)
