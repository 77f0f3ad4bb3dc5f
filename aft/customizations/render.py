"""Templates of customization steps, with Jinja2; equal inputs give equal text.

Sandboxed, strict (an undefined name is an error, never empty text), without a loader (no include,
no import), and bounded: loops, calls, numbers and output have limits. CloudFormation's own
``{{resolve:…}}`` passes through untouched.
"""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from jinja2 import TemplateAssertionError, TemplateSyntaxError, meta, nodes

from aft.customizations import template_bounds as bounds
from aft.customizations.model import ALL_INPUTS, Access, StepInputs
from aft.customizations.template_environment import MASKED, RESOLVE, Environment, tree_of
from aft.customizations.template_values import (
    ACCOUNT_FIELDS,
    ROOTS,
    inputs_read,
    template_values,
)
from aft.errors import Terminal
from aft.findings.model import Finding, SourceRef, few, finding_at, sorted_findings
from aft.values.suggestions import did_you_mean

_HINT = "fix the template, or give the account's request what it lacks"

_NO_MORE: Mapping[str, Any] = {}

_LOOKUPS = frozenset({"get", "items", "keys", "values"})
_REFUSED: Mapping[type[nodes.Node], str] = {
    nodes.Include: "include",
    nodes.Import: "import",
    nodes.FromImport: "import",
    nodes.Extends: "extends",
}


def render_template(
    source: str, path: str, inputs: StepInputs, more: Mapping[str, Any] = _NO_MORE
) -> str:
    """The text of a template for one account; ``more`` are names added to the usual. Raises
    ``Terminal`` whose message begins with ``path:line`` and names what is missing."""
    environment = Environment()
    try:
        template = environment.bounded_template(source, path)
        text = str(template.render({**more, **template_values(inputs)}))
    except TemplateSyntaxError as error:
        raise Terminal(f"{path}:{error.lineno}: {error.message}", hint=_HINT) from error
    except Exception as error:  # any exception of a template's expression is the template's
        said = _words_of(error)
        raise Terminal(f"{path}:{_line_of(error, path)}: {said}", hint=_HINT) from error
    if len(text) > bounds.MAX_OUTPUT:
        raise Terminal(f"{path}:1: the output is over {bounds.MAX_OUTPUT:,} characters")
    return text.replace(MASKED, RESOLVE)


def rendered(source: str, path: str, inputs: StepInputs, more: Mapping[str, Any] = _NO_MORE) -> str:
    """``render_template``, done by the one that the inputs' options name."""
    return (inputs.options.render or render_template)(source, path, inputs, more)


def check_template(source: str, path: str, more: Iterable[str] = ()) -> tuple[Finding, ...]:
    """Offline: syntax, unknown names, filters and tests, refused constructs. Renders nothing.
    ``more`` are the names the template may use in addition to the usual ones."""
    environment = Environment()
    try:
        tree = tree_of(source)
    except TemplateSyntaxError as error:
        return (_syntax(error, path),)
    lines = source.splitlines()

    def place(line: int, name: str) -> SourceRef:
        return SourceRef(path, line, _column(lines, line, (name,)))

    findings = [
        *_unknown_names(_accesses(tree, source), {*ROOTS, *environment.globals, *more}, path),
        *_unknown_tools(tree, environment, place),
        *_refused(tree, place),
    ]
    if not findings:
        try:
            environment.code_of(tree, path)
        except TemplateSyntaxError as error:
            findings.append(_syntax(error, path))
    return few(sorted_findings(findings), path)


def template_uses(source: str) -> frozenset[str]:
    """The inputs a template reads; all of them when that is unknown."""
    try:
        return inputs_read(_accesses(tree_of(source), source))
    except TemplateSyntaxError:
        return ALL_INPUTS


def template_accesses(source: str) -> tuple[Access, ...]:
    """Every name a template reads from outside, sorted; nothing for what is no template."""
    try:
        return _accesses(tree_of(source), source)
    except TemplateSyntaxError:
        return ()


def _accesses(tree: nodes.Template, source: str) -> tuple[Access, ...]:
    reader = _Reader(source.splitlines())
    reader.read(tree, certain=True)
    try:
        outside = meta.find_undeclared_variables(tree)
    except TemplateAssertionError:  # an unknown filter, which is reported on its own
        outside = set(ROOTS)
    return tuple(sorted({item for item in reader.found if item.path[0] in outside}))


class _Reader:
    """Walks a parsed template and notes what it reads."""

    def __init__(self, lines: list[str]) -> None:
        self.found: list[Access] = []
        self._lines = lines

    def read(self, node: nodes.Node | None, *, certain: bool) -> None:
        match node:
            case None:
                return
            case nodes.Getattr() | nodes.Getitem() | nodes.Name():
                self._read_chain(node, certain=certain)
            case nodes.Call(node=nodes.Getattr(attr=attribute) as method) if attribute in _LOOKUPS:
                self.read(method.node, certain=certain)
                self._read_all((*node.args, *node.kwargs), certain=certain)
            case nodes.Filter(name="default" | "d") | nodes.Test(name="defined" | "undefined"):
                self._read_guarded(node.node, certain=certain)
                self._read_all((*node.args, *node.kwargs), certain=certain)
            case nodes.If():
                self.read(node.test, certain=certain)
                self._read_all((*node.body, *node.elif_, *node.else_), certain=False)
            case nodes.CondExpr():
                self.read(node.test, certain=certain)
                self._read_all((node.expr1, node.expr2), certain=False)
            case nodes.And() | nodes.Or():
                self.read(node.left, certain=certain)
                self.read(node.right, certain=False)
            case nodes.For():
                self.read(node.iter, certain=certain)
                self._read_all((node.test, *node.body, *node.else_), certain=False)
            case nodes.Macro() | nodes.CallBlock():
                self._read_all(node.iter_child_nodes(), certain=False)
            case _:
                self._read_all(node.iter_child_nodes(), certain=certain)

    def _read_all(self, children: Any, *, certain: bool) -> None:
        for child in children:
            self.read(child, certain=certain)

    def _read_guarded(self, node: nodes.Node | None, *, certain: bool) -> None:
        """Only the last name of a guarded chain may be absent; what is before it may not."""
        self.read(node, certain=False)
        if isinstance(node, nodes.Getattr | nodes.Getitem):
            self.read(node.node, certain=certain)

    def _read_chain(self, node: nodes.Node, *, certain: bool) -> None:
        names: list[str] = []
        at: nodes.Node = node
        while isinstance(at, nodes.Getattr | nodes.Getitem):
            match at:
                case nodes.Getattr(attr=name) | nodes.Getitem(arg=nodes.Const(value=str() as name)):
                    names.append(name)
                case nodes.Getitem(arg=argument):
                    names.clear()  # a computed key: what is before it is read as a whole
                    self.read(argument, certain=certain)
            at = at.node
        if not isinstance(at, nodes.Name):
            self.read(at, certain=certain)
        elif at.ctx == "load":
            path = (at.name, *reversed(names))
            is_placed = len(self.found) < _MOST_PLACES
            column = _column(self._lines, node.lineno, path) if is_placed else 1
            self.found.append(Access(path, node.lineno, column, is_certain=certain))


_Place = Callable[[int, str], SourceRef]
"""Where on a line of the template a name is written."""


def _unknown_names(accesses: Iterable[Access], known: set[str], path: str) -> Iterator[Finding]:
    for access in accesses:
        root, rest = access.path[0], access.path[1:]
        if root not in known:
            message = f"{root!r} is not defined; a template may use {', '.join(ROOTS)}"
            hint = did_you_mean(root, ROOTS) or f"did you mean custom_fields.{root}?"
        elif root == "account" and rest and rest[0] not in ACCOUNT_FIELDS:
            message = f"account has no {rest[0]!r}; it has {', '.join(ACCOUNT_FIELDS)}"
            hint = did_you_mean(rest[0], ACCOUNT_FIELDS)
        else:
            continue
        source = SourceRef(path, access.line, access.column)
        yield finding_at("AFT602", source, message, hint)


def _unknown_tools(
    tree: nodes.Template, environment: Environment, place: _Place
) -> Iterator[Finding]:
    for node in tree.find_all((nodes.Filter, nodes.Test)):
        known = environment.filters if isinstance(node, nodes.Filter) else environment.tests
        if node.name not in known:
            shown = sorted(name for name in known if not name.startswith("aft_"))
            message = f"there is no {type(node).__name__.lower()} {node.name!r}"
            hint = did_you_mean(node.name, shown) or f"there are {', '.join(shown)}"
            yield finding_at("AFT602", place(node.lineno, node.name), message, hint)


def _refused(tree: nodes.Template, place: _Place) -> Iterator[Finding]:
    """Other templates, and names that begin with ``__``, as Python's internals do."""
    for node in tree.find_all(tuple(_REFUSED)):
        word = _REFUSED[type(node)]
        message = f"{word!r} is not allowed in templates"
        source = place(node.lineno, word)
        yield finding_at("AFT603", source, message, "write the content out")
    for node in tree.find_all(nodes.Getattr):
        if node.attr.startswith("__"):
            message = f"{node.attr!r} reaches for Python's internals, which templates do not see"
            hint = f"a template sees {', '.join(ROOTS)}"
            yield finding_at("AFT603", place(node.lineno, node.attr), message, hint)


def _syntax(error: TemplateSyntaxError, path: str) -> Finding:
    code = "AFT603" if isinstance(error, TemplateAssertionError) else "AFT601"
    message, hint = f"not a valid template: {error.message}", "a literal '{{' is written {{ '{{' }}"
    return finding_at(code, SourceRef(path, error.lineno), message, hint)


_MOST_PLACES = 1_000
"""Reads of a template whose column is looked for; of further ones only the line is known."""
_LONG_LINE = 1000
"""Characters of a line in which names are looked for."""


def _column(lines: list[str], line: int, names: tuple[str, ...]) -> int:
    """Where on its line a chain of names is written; 1 when it cannot be found."""
    between = r"[\s.\[\]'\"]{0,8}"
    text = lines[line - 1][:_LONG_LINE] if line <= len(lines) else ""
    found = re.search(r"\b" + between.join(map(re.escape, names)) + r"(?![\w])", text)
    return found.start() + 1 if found else 1


def _words_of(error: Exception) -> str:
    """Jinja2's own words, and ours, name what the template has; Python's about types and numbers
    name no values. Any other exception may quote what it stumbled over, such as an output that is
    a secret."""
    from jinja2 import TemplateError  # noqa: PLC0415 - for failures alone

    if isinstance(error, (TemplateError, bounds.TemplateRefusal, TypeError, ArithmeticError)):
        return str(error)
    return f"an expression raises {type(error).__name__}"


def _line_of(error: BaseException, path: str) -> int:
    """The line of the template at which ``error`` was raised."""
    frames = reversed(traceback.extract_tb(error.__traceback__))
    return next((frame.lineno or 1 for frame in frames if frame.filename == path), 1)
