"""What can be said of a Python step by reading its source. Executes nothing."""

from __future__ import annotations

import ast
import itertools
import warnings
from collections.abc import Iterator

from aft.customizations.model import ALL_INPUTS, Access
from aft.findings.model import Finding, SourceRef, finding_at

DEFAULT_TIMEOUT_SECONDS = 300
MAX_TIMEOUT_SECONDS = 3600
TIMEOUT_NAME = "TIMEOUT_SECONDS"
_ROOTS = frozenset({"outputs", "accounts", "parameters"})
_MAYBE = (
    *(ast.If, ast.IfExp, ast.For, ast.While, ast.Try, ast.BoolOp, ast.Match, ast.comprehension),
    *(ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ListComp, ast.DictComp, ast.SetComp),
)
_METHODS = frozenset({"get", "items", "keys", "values"})
_REMEDY = "write `def customize(context):` at the top level"


def parse_source(content: bytes, path: str) -> ast.Module | Finding:
    """The syntax tree, or the finding that there is none."""
    try:
        with warnings.catch_warnings(action="ignore"):  # they would be printed, with the path
            return ast.parse(content, filename="<step>")
    except SyntaxError as error:
        source = SourceRef(path, error.lineno or 1, max(error.offset or 1, 1))
        return finding_at("AFT610", source, f"not valid Python: {error.msg}")
    except (ValueError, RecursionError, MemoryError) as error:
        message = f"not valid Python: {error or type(error).__name__}"
        return finding_at("AFT610", SourceRef(path), message)


def check_source(content: bytes, path: str) -> tuple[Finding, ...]:
    """Syntax, the function ``customize`` and its argument, the time limit."""
    tree = parse_source(content, path)
    if isinstance(tree, Finding):
        return (tree,)
    return (*_check_function(tree, path), *_check_timeout(tree, path))


def timeout_of(content: bytes, path: str, otherwise: int | None = None) -> int:
    """``TIMEOUT_SECONDS`` of the step, in seconds, else the customization's, else the default."""
    default = otherwise or DEFAULT_TIMEOUT_SECONDS
    tree = parse_source(content, path)
    if isinstance(tree, Finding):
        return default
    for _, value in _timeouts(tree):
        number = _number(value)
        if number is not None and 1 <= number <= MAX_TIMEOUT_SECONDS:
            return number
    return default


def inputs_used(content: bytes, path: str) -> frozenset[str]:
    """The inputs ``customize`` reads; all of them where its argument is used otherwise than as
    ``context.account.<field>`` or ``context.<another member>``: anything may be read of it then."""
    function = _readable(content, path)
    if function is None:
        return ALL_INPUTS
    used: set[str] = {"home_region"}
    for names, _, _ in _uses(function):
        match names:
            case ("account", str() as fact, *_) if fact in ALL_INPUTS:
                used.add(fact)
            case (str() as member, *_) if member in _ROOTS | {"client", "log"}:
                used |= {member} & _ROOTS
            case _:
                return ALL_INPUTS
    return frozenset(used)


def names_read(content: bytes, path: str) -> tuple[Access, ...]:
    """What ``customize`` reads by constant names: outputs, other accounts, parameters and custom
    fields. A read in a branch, a loop or a function inside is not certain."""
    function = _readable(content, path)
    uses = _uses(function) if function is not None else ()
    return tuple(
        sorted(
            Access(read, place.lineno, place.col_offset + 1, certain, path)
            for names, place, certain in uses
            if (read := _read_of(names))
        )
    )


def _uses(function: ast.FunctionDef) -> Iterator[tuple[tuple[str, ...], ast.expr, bool]]:
    """Each use of the context: the names after it, where, and whether it is certain."""
    context = function.args.args[0].arg
    todo: list[tuple[ast.AST, bool]] = [(node, True) for node in function.body]
    while todo:
        node, certain = todo.pop()
        chain = _chain(node)
        if chain[:1] == (context,) and isinstance(node, ast.expr):
            yield chain[1:], node, certain
            continue
        inside = certain and not isinstance(node, _MAYBE)
        todo.extend((child, inside) for child in ast.iter_child_nodes(node))


def _readable(content: bytes, path: str) -> ast.FunctionDef | None:
    """``customize``, if it takes the context alone."""
    tree = parse_source(content, path)
    function = None if isinstance(tree, Finding) else _function(tree)
    if isinstance(function, ast.FunctionDef) and len(function.args.args) == 1:
        return function
    return None


def _chain(node: ast.AST) -> tuple[str, ...]:
    """``context.outputs["a"]["b"]`` as its names; empty for anything else."""
    names: list[str] = []
    while True:
        match node:
            case (
                ast.Attribute(value=value, attr=name)
                | ast.Subscript(value=value, slice=ast.Constant(value=str() as name))
            ):
                names.append(name)
                node = value
            case ast.Name(id=name):
                return (name, *reversed(names))
            case _:
                return ()


def _read_of(names: tuple[str, ...]) -> tuple[str, ...]:
    known = tuple(itertools.takewhile(lambda name: name not in _METHODS, names))
    if known[:1] and known[0] in _ROOTS:
        return ("accounts", known[1], "id") if known[2:] == ("account_id",) else known
    return known[1:] if known[:2] == ("account", "custom_fields") and len(known) > 2 else ()


def _function(tree: ast.Module) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
    """The last definition, as Python would have it."""
    for node in reversed(tree.body):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == "customize":
            return node
    return None


def _check_function(tree: ast.Module, path: str) -> Iterator[Finding]:
    function = _function(tree)
    if function is None:
        message = "the step defines no function `customize`"
        yield finding_at("AFT611", SourceRef(path), message, _REMEDY)
        return
    arguments = function.args
    given = len(arguments.posonlyargs) + len(arguments.args)
    needed = given - len(arguments.defaults)
    needed_by_name = sum(default is None for default in arguments.kw_defaults)
    takes_one = needed <= 1 <= given or (needed == 0 and arguments.vararg is not None)
    if isinstance(function, ast.AsyncFunctionDef):
        problem = "is a coroutine; expected a plain function"
    elif not takes_one or needed_by_name:
        problem = f"takes {needed + needed_by_name} arguments; expected one, the context"
    elif any(_yields(node) for node in function.body):
        problem = "is a generator, so calling it runs nothing"
    else:
        return
    # The name, not the word `def` before it.
    word = "async def " if isinstance(function, ast.AsyncFunctionDef) else "def "
    source = SourceRef(path, function.lineno, function.col_offset + len(word) + 1)
    yield finding_at("AFT612", source, f"`customize` {problem}", _REMEDY)


def _yields(node: ast.AST) -> bool:
    if isinstance(node, ast.Yield | ast.YieldFrom):
        return True
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
        return False
    return any(_yields(child) for child in ast.iter_child_nodes(node))


def _check_timeout(tree: ast.Module, path: str) -> Iterator[Finding]:
    for target, value in _timeouts(tree):
        number = _number(value)
        if number is None or not 1 <= number <= MAX_TIMEOUT_SECONDS:
            message = f"{TIMEOUT_NAME} is {ast.unparse(value)}; expected a whole number from 1 to "
            message += f"{MAX_TIMEOUT_SECONDS:,}, written as such"
            source = SourceRef(path, target.lineno, target.col_offset + 1)
            yield finding_at(
                "AFT613", source, message, f"write `{TIMEOUT_NAME} = 600`, for example"
            )


def _timeouts(tree: ast.Module) -> Iterator[tuple[ast.Name, ast.expr]]:
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id="TIMEOUT_SECONDS") as target], value=value):
                yield target, value
            case ast.AnnAssign(
                target=ast.Name(id="TIMEOUT_SECONDS") as target, value=ast.expr() as value
            ):
                yield target, value


def _number(value: ast.expr) -> int | None:
    if isinstance(value, ast.Constant) and type(value.value) is int:
        return value.value
    return None
