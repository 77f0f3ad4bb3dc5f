"""Jinja2 with its doors closed: no loader, no code but ours behind a name, and everything it does
paid for from one budget (``aft.customizations.template_bounds``). What Jinja2, or Python behind
it, cannot read is a ``TemplateSyntaxError``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from types import CodeType
from typing import Any, TypeVar

from jinja2 import StrictUndefined, TemplateSyntaxError, nodes, pass_context
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from aft.customizations import template_bounds as bounds
from aft.customizations.template_shape import refused_shape
from aft.customizations.template_values import Values
from aft.values.suggestions import did_you_mean

# CloudFormation's dynamic references begin like a Jinja2 expression. While Jinja2 looks, their
# braces are two characters of Unicode's private use, which no text of ours holds.
RESOLVE = "{{resolve:"
MASKED = "\ue000\ue001resolve:"


def masked(source: str) -> str:
    """``source`` as Jinja2 gets it."""
    return source.replace(RESOLVE, MASKED)


class _Missing(StrictUndefined):
    """An undefined value whose message says what there is instead."""

    __slots__ = ()

    @property
    def _undefined_message(self) -> str:
        owner, name = self._undefined_obj, str(self._undefined_name)
        if self._undefined_hint or not isinstance(owner, Values):
            return str(super()._undefined_message)
        near = did_you_mean(name, owner)
        known = ", ".join(sorted(owner)) or "nothing"
        return f"{owner.label} has no {name!r}; " + (near or f"it has {known}")


class Environment(ImmutableSandboxedEnvironment):
    """Jinja2 with its doors closed. One per rendering: it holds the rendering's budget."""

    intercepted_binops = frozenset({"+", "*", "**", "%"})

    def __init__(self) -> None:
        super().__init__(
            undefined=_Missing, autoescape=False, keep_trailing_newline=True, optimized=False
        )
        self.budget = bounds.Budget()
        known = self.filters
        self.filters = {name: known[name] for name in bounds.FILTERS}
        self.filters |= {
            "replace": bounds.bounded_replace(known["replace"]),
            "join": bounds.bounded_join(known["join"]),
            "indent": bounds.bounded_number(known["indent"], 1000),
            "round": bounds.bounded_number(known["round"], 15),
            "batch": bounds.bounded_number(known["batch"], bounds.MAX_RANGE),
            "tojson": bounds.to_json,
        }
        self.filters = {
            name: bounds.paid_filter(self.budget, name, item) for name, item in self.filters.items()
        }
        own = ("each", "joined", "out", "read", "weigh")
        self.filters |= {f"aft_{name}": _each_time(getattr(self.budget, name)) for name in own}
        namespace, mapping = self.globals["namespace"], self.globals["dict"]
        self.globals.clear()
        self.globals.update(range=bounds.bounded_range, namespace=namespace, dict=mapping)

    def read(self, source: str) -> nodes.Template:
        """The tree of a template. Raises ``TemplateSyntaxError`` alone."""
        text = masked(source)
        if odd := refused_shape(self.lex(text)):
            raise TemplateSyntaxError(odd[1], odd[0])
        return _or_gave_up(lambda: self.parse(text))

    def code_of(self, tree: nodes.Template, path: str) -> CodeType:
        """The same of a tree's code."""
        return _or_gave_up(lambda: self.compile(tree, path, path))

    def bounded_template(self, source: str, path: str) -> Any:
        code = _bounded_code(source, path)
        return self.template_class.from_code(self, code, self.make_globals(None), None)

    def getattr(self, obj: Any, attribute: str) -> Any:
        if isinstance(obj, Values) and attribute in obj:  # a custom field may be called "items"
            return obj[attribute]
        return super().getattr(obj, attribute)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        if isinstance(obj, str) and attr not in bounds.TEXT_METHODS:
            return False
        return super().is_safe_attribute(obj, attr, value)

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        wrapped = super().wrap_str_format(value)
        if wrapped is None:
            return None

        def paid(*args: Any, **kwargs: Any) -> str:
            bounds.check_format(self.budget, value.__self__, (*args, *kwargs.values()))
            return wrapped(*args, **kwargs)

        return paid

    def call(  # the names are Jinja2's, out of the way of keyword arguments
        __self,  # noqa: N805 (see above)
        __context: Context,
        __obj: Any,
        /,
        *args: Any,
        **kwargs: Any,
    ) -> Any:
        __self.budget.turn()
        owner, name = getattr(__obj, "__self__", None), getattr(__obj, "__name__", "")
        if isinstance(owner, str | list | tuple | Mapping):
            args = bounds.paid_arguments(__self.budget, owner, name, args)
        elif __obj is dict or name == "changed":  # compare, or look for, what they are given
            __self.budget.read(args)
        return super().call(__context, __obj, *args, **kwargs)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        bounds.check_operation(self.budget, operator, left, right)
        return super().call_binop(context, operator, left, right)


T = TypeVar("T")


def _or_gave_up(parse: Callable[[], T]) -> T:
    """Any error but the engine's own is one of Python behind it: too deep, too long, twice."""
    try:
        return parse()
    except TemplateSyntaxError:
        raise
    except Exception as error:  # of a parser of others: any class there is
        why = f"Python cannot compile it ({type(error).__name__})"
        raise TemplateSyntaxError(why, 1) from error


@lru_cache(maxsize=8)
def tree_of(source: str) -> nodes.Template:
    """The tree of a template, to be looked at alone: a file is asked about several times in turn.
    Raises ``TemplateSyntaxError``."""
    return Environment().read(source)


@lru_cache(maxsize=64)
def _bounded_code(source: str, path: str) -> CodeType:
    """The same for every account. Raises ``TemplateSyntaxError``."""
    environment = Environment()
    return environment.code_of(_Bounding().visit(environment.read(source)), path)


def _each_time(spend: Callable[..., Any]) -> Callable[..., Any]:
    """A filter that Jinja2 does not work out once, at compile time, for a constant."""
    return pass_context(lambda _, *values: spend(*values))


_Body = nodes.Macro | nodes.CallBlock
_SHORT = 64
"""Entries of a list in a template that count for nothing."""


class _Bounding(NodeTransformer):
    """Makes the loops and texts of a parsed template count against the budget."""

    def visit_For(self, node: nodes.For) -> nodes.For:  # noqa: N802 (Jinja2's name)
        weight = nodes.Const(_weight_of(node))
        self.generic_visit(node)
        node.iter = _filtered(node.iter, "aft_each", weight)
        return node

    def visit_Macro(self, node: _Body) -> _Body:  # noqa: N802 (Jinja2's name)
        weight = _weight_of(node)
        self.generic_visit(node)
        if weight > 1:
            weighed = _filtered(nodes.Const(weight, lineno=node.lineno), "aft_weigh")
            node.body = [nodes.Output([weighed], lineno=node.lineno), *node.body]
        return node

    visit_CallBlock = visit_Macro  # noqa: N815 (Jinja2's name)

    def visit_Compare(self, node: nodes.Compare) -> nodes.Compare:  # noqa: N802 (Jinja2's name)
        self.generic_visit(node)
        node.expr = _filtered(node.expr, "aft_read")
        for operand in node.ops:
            operand.expr = _filtered(operand.expr, "aft_read")
        return node

    def visit_Test(self, node: nodes.Test) -> nodes.Test:  # noqa: N802 (Jinja2's name)
        self.generic_visit(node)
        node.args = [_filtered(item, "aft_read") for item in node.args or ()]
        return node

    def visit_Getitem(self, node: nodes.Getitem) -> nodes.Getitem:  # noqa: N802 (Jinja2's name)
        self.generic_visit(node)
        if isinstance(node.arg, nodes.Slice):
            node.node = _filtered(node.node, "aft_read")
        elif not isinstance(node.arg, nodes.Const):
            node.arg = _filtered(node.arg, "aft_read")
        return node

    def visit_Pair(self, node: nodes.Pair) -> nodes.Pair:  # noqa: N802 (Jinja2's name)
        self.generic_visit(node)
        if not isinstance(node.key, nodes.Const):
            node.key = _filtered(node.key, "aft_read")
        return node

    def visit_List(self, node: nodes.List) -> nodes.Expr:  # noqa: N802 (Jinja2's name)
        self.generic_visit(node)
        return _filtered(node, "aft_read") if len(node.items) > _SHORT else node

    visit_Dict = visit_List  # noqa: N815 (Jinja2's name)

    def visit_Tuple(self, node: nodes.Tuple) -> nodes.Expr:  # noqa: N802 (Jinja2's name)
        self.generic_visit(node)
        long = len(node.items) > _SHORT and node.ctx == "load"
        return _filtered(node, "aft_read") if long else node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Expr:  # noqa: N802 (Jinja2's name)
        self.generic_visit(node)
        return _filtered(nodes.List(node.nodes, lineno=node.lineno), "aft_joined")

    def visit_Output(self, node: nodes.Output) -> nodes.Output:  # noqa: N802 (Jinja2's name)
        self.generic_visit(node)
        node.nodes = [_filtered(item, "aft_out") for item in node.nodes]
        return node

    def visit_TemplateData(self, node: nodes.TemplateData) -> nodes.Const:  # noqa: N802
        return nodes.Const(node.data, lineno=node.lineno)


def _filtered(node: nodes.Node, name: str, *arguments: nodes.Expr) -> nodes.Filter:
    assert isinstance(node, nodes.Expr)  # noqa: S101 (for the type: Jinja2 loops over expressions)
    return nodes.Filter(node, name, [*arguments], [], None, None, lineno=node.lineno)


def _weight_of(node: nodes.Node) -> int:
    """The price of going through a body once, in turns of a loop that says a few things."""
    return 1 + sum(1 for _ in node.find_all(nodes.Node)) // 64
