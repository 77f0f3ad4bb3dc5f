"""What somebody else's exception says stays inside: it may quote the answer it stumbled over."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

AFT = Path(__file__).parents[2] / "aft"
MODULES = sorted(path for path in AFT.rglob("*.py") if "sandbox" not in path.parts)

OURS = {
    "AftError",
    "BadJson",
    "GitCommandError",
    "NotPlain",
    "RemoteMoved",
    "TemplateError",
    "Refused",
    "UserError",
    "WrongShape",
} | {
    # of aft.errors
    *("Conflict", "Denied", "NotFound", "Stopped", "Terminal", "Throttled", "Transient"),
    *("FindingsError", "UnknownOutcome"),
}
"""Classes whose text aft writes itself, or (git's) reads to tell failures apart."""

ADMITTED = {
    "ValueError": "aft's own parsers of ids, paths, patterns and ranges raise it, in our words; "
    "json's says where, and quotes nothing",
    "CycleError": "graphlib's: its second argument is the nodes of a circle, as they were given",
    "ValueError, RecursionError": "json's, as above",
    "TemplateSyntaxError": "Jinja's words about a file of the repository",
}
"""Others whose text may be shown, by what ``except`` names: never a whole family of libraries."""

WRITERS = {
    "redacted": "git's own words, without credentials",
    "search": "read, not shown",
    "system_words": "the operating system's words for its error number",
    "unexpected": "names the class and the place alone",
    "trace": "names the classes alone",
    "type": "the class",
}
"""Functions an exception may be handed to, or its text."""

TOLD_APART = {
    "TemplateError": "Jinja's words about a template of the repository",
    "bounds.TemplateRefusal": "ours",
    "TypeError": "Python's words about types",
    "ArithmeticError": "Python's words about numbers, without them",
}
"""Classes whose text may be shown after ``isinstance``."""

LOGS = {"debug", "info", "warning", "error", "exception", "critical", "log", "print", "echo"}
"""Functions that format what they are handed."""


def _held(tree: ast.AST) -> Iterator[tuple[str, str, list[ast.stmt]]]:
    """Every name that holds an exception, caught or handed over: its classes, and where."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler) and node.name:
            names = "" if node.type is None else ast.unparse(node.type).strip("()")
            yield node.name, names, node.body
        elif isinstance(node, ast.FunctionDef):
            for argument in (*node.args.args, *node.args.kwonlyargs):
                names = ast.unparse(argument.annotation) if argument.annotation else ""
                if re.search(r"(?:Error|Exception)\b", names) and "[" not in names:
                    yield argument.arg, names.replace(" |", ","), node.body


def _is_admitted(classes: str) -> bool:
    return classes in ADMITTED or all(
        name.strip().rpartition(".")[2] in OURS for name in classes.split(",")
    )


def _said(body: list[ast.stmt], name: str) -> Iterator[ast.AST]:
    """Where the text of ``name`` is made: formatted, ``str``, ``repr`` or ``args``."""

    def is_it(node: ast.AST) -> bool:
        return isinstance(node, ast.Name) and node.id == name

    def look(node: ast.AST) -> Iterator[ast.AST]:
        match node:
            case ast.Call(func=ast.Name(id=writer)) if writer in WRITERS:
                return
            case ast.Call(func=ast.Attribute(attr=writer)) if writer in WRITERS:
                return
            case ast.Compare(ops=[ast.In() | ast.NotIn()]):  # ``"…" in str(error)`` shows nothing
                return
            case ast.If(test=ast.Call(func=ast.Name(id="isinstance"), args=[first, kinds])) if (
                is_it(first)
                and set(ast.unparse(kinds).strip("()").split(", ")) <= TOLD_APART.keys()
            ):
                for other in node.orelse:
                    yield from look(other)
                return
            case ast.Call(func=function, args=[*given]) if ast.unparse(function).rpartition(".")[
                2
            ] in LOGS and any(map(is_it, given)):
                yield node
            case ast.FormattedValue(value=value) if is_it(value):
                yield node
            case ast.Call(func=ast.Name(id="str" | "repr" | "format"), args=[first, *_]) if is_it(
                first
            ):
                yield node
            case ast.Attribute(value=value, attr="args") if is_it(value):
                yield node
        for child in ast.iter_child_nodes(node):
            yield from look(child)

    for statement in body:
        yield from look(statement)


def breaches(source: str) -> list[str]:
    return [
        f"{node.lineno}: {ast.unparse(node)} of {classes}"  # type: ignore[attr-defined]
        for name, classes, body in _held(ast.parse(source))
        if not _is_admitted(classes)
        for node in _said(body, name)
    ]


def test_no_text_of_a_foreign_exception_is_formatted() -> None:
    found = {str(path.relative_to(AFT)): breaches(path.read_text()) for path in MODULES}
    assert {name: lines for name, lines in found.items() if lines} == {}


@pytest.mark.parametrize(
    "body",
    [
        'say(f"it failed: {error}")',
        'say(f"{error!r}")',
        "say(str(error))",
        "say(repr(error))",
        "say(error.args[0])",
        'raise UserError(f"no: {error}") from error',
        'log.warning("it failed: %s", error)',
        "click.echo(error)",
        "if isinstance(error, ValueError):\n        say(str(error))",
    ],
)
@pytest.mark.parametrize("classes", ["Exception", "OSError", "(AftError, boto.BotoCoreError)"])
def test_such_text_is_seen(classes: str, body: str) -> None:
    assert breaches(f"try:\n    pass\nexcept {classes} as error:\n    {body}\n")
    assert breaches(f"def tell(error: Exception) -> None:\n    {body}\n")


@pytest.mark.parametrize(
    "source",
    [
        "except AftError as error:\n    say(str(error))",
        "except Exception as error:\n    say(unexpected(error))",
        "except Exception as error:\n    say(f'{type(error).__name__}')",
        "except OSError as error:\n    say(system_words(error))",
        "except pygit2.GitError as error:\n    if 'locked' in str(error):\n        pass",
        "except Exception as error:\n    if isinstance(error, TypeError):\n        say(str(error))",
    ],
)
def test_our_own_words_are_fine(source: str) -> None:
    assert breaches(f"try:\n    pass\n{source}\n") == []


def test_no_traceback_is_made_of_foreign_words() -> None:
    """``aft.traces`` leaves them out; the standard library's functions, and logging's, do not."""
    odd = re.compile(
        r"\btraceback\.(?:print|format)_(?:exc|exception|last|exception_only)\b|\bexc_info\b"
        r"|\.exception\("
    )
    found = {
        f"{path.relative_to(AFT)}: {line.strip()}"
        for path in MODULES
        for line in path.read_text().splitlines()
        if odd.search(line)
    }
    (line,) = found  # of a step, whose own text this is unless ``_speaks`` knows better
    assert line.startswith("runners/python/host.py: text = ")
