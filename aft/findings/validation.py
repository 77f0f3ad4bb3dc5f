"""From plain data with positions to a model, or to findings at the lines that are wrong.

The only place where pydantic's errors are read. Every message says what was expected and what
was found; nothing here knows which file it looks at.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeVar

from pydantic import BaseModel, ValidationError

from aft.findings.expectations import Expected, listed, shown, type_words
from aft.findings.model import Condition, Finding, SourceRef, sorted_findings
from aft.findings.origins import dotted
from aft.values.suggestions import did_you_mean

Loc = tuple[str | int, ...]
M = TypeVar("M", bound=BaseModel)


class Located(Protocol):
    """Data that knows where its values were written, such as a ``YamlDocument``."""

    @property
    def data(self) -> Mapping[str, Any]:
        """The whole document, as plain values."""
        ...

    def at(self, loc: Loc, *, key: bool = False) -> SourceRef:
        """Where the value at ``loc`` was written; with ``key`` where its key was."""
        ...


class _Whole:
    """Stands for "the document's own value at that place"."""


_WHOLE: Final = _Whole()


def validate(
    model: type[M], document: Located, *, at: Loc = (), data: object = _WHOLE
) -> tuple[M | None, tuple[Finding, ...]]:
    """Strictly read the value at ``at`` as a ``model``; ``data`` replaces the value itself.

    Lists become tuples and ISO text becomes dates, as in JSON; nothing else is converted.
    """
    value = value_at(document.data, at) if data is _WHOLE else data
    try:
        return model.model_validate_json(json.dumps(value)), ()
    except ValidationError as error:
        problems = [_Problem.of(item, value) for item in error.errors(include_url=False)]
    findings = (_finding(problem, model, document, at) for problem in _without_unions(problems))
    return None, sorted_findings(findings)


def value_at(data: Any, loc: Loc) -> Any:
    """The value at ``loc``. Raises ``LookupError`` when there is none."""
    for step in loc:
        match data:
            case dict():
                data = data[step]
            case list() if isinstance(step, int):
                data = data[step]
            case _:
                raise LookupError(step)
    return data


@dataclass(frozen=True, slots=True, kw_only=True)
class _Problem:
    """One pydantic error. ``loc`` is a place in the data; ``union`` is the place of the choice
    between several types under which it was found, if any."""

    kind: str
    loc: Loc
    on_key: bool
    union: Loc | None
    value: object
    context: Mapping[str, Any]
    text: str

    @classmethod
    def of(cls, error: Mapping[str, Any], data: object) -> _Problem:
        """Leave out of the error's place what is no key: the names of a union's members."""
        loc: list[str | int] = []
        union: Loc | None = None
        on_key = False
        steps = error["loc"]
        for number, step in enumerate(steps):
            last = number == len(steps) - 1
            if step == "[key]":
                on_key = True
                break
            try:
                inner = value_at(data, (step,))
            except LookupError:
                if last and error["type"] == "missing":
                    loc.append(step)
                elif union is None:
                    union = tuple(loc)
                continue
            data = inner
            loc.append(step)
        return cls(
            kind=error["type"],
            loc=tuple(loc),
            on_key=on_key or error["type"] == "extra_forbidden",
            union=union,
            value=error["input"],
            context=error.get("ctx", {}),
            text=error["msg"],
        )


def _without_unions(problems: list[_Problem]) -> Iterator[_Problem]:
    """Of a value that fits no member of a union, keep what helps: the errors inside it, else
    one error that names all the types expected."""
    groups: dict[Loc, list[_Problem]] = {}
    for problem in problems:
        if problem.union is None:
            yield problem
        else:
            groups.setdefault(problem.union, []).append(problem)
    for union, members in groups.items():
        inside = [item for item in members if item.loc != union or not type_words(item.kind)]
        if inside:
            yield from inside
            continue
        words = dict.fromkeys(type_words(item.kind) or "" for item in members)
        first = members[0]
        yield _Problem(
            kind="no_member",
            loc=union,
            on_key=False,
            union=None,
            value=first.value,
            context={"expected": listed(words)},
            text="",
        )


def _finding(problem: _Problem, model: type[BaseModel], document: Located, at: Loc) -> Finding:
    loc = problem.loc
    name = dotted((*at, *loc)) or "the file"
    source = document.at((*at, *loc), key=problem.on_key)
    expected = Expected(model, loc)

    def make(
        code: str, message: str, hint: str = "", condition: Condition = Condition.NONE
    ) -> Finding:
        message = f"{name}: {message}"
        return Finding(code=code, source=source, message=message, hint=hint, condition=condition)

    if problem.kind == "extra_forbidden":
        return _unknown_key(problem, Expected(model, loc[:-1]).keys(), source, name)
    if problem.kind == "missing":
        message = f"{name} is missing"
        return Finding(
            code="AFT203", source=source, message=message, condition=Condition.KEY_MISSING, key=name
        )
    words = type_words(problem.kind) or problem.context.get("expected", "")
    if problem.kind == "no_member" or type_words(problem.kind):
        return _wrong_type(problem.value, words, make)
    if problem.kind in ("literal_error", "enum"):
        choices = expected.choices()
        allowed = listed(repr(choice) for choice in choices) or words
        hint = did_you_mean(problem.value, choices) if isinstance(problem.value, str) else ""
        message = f"expected {allowed}, found {shown(problem.value)}"
    elif problem.kind == "value_error":
        message, hint = str(problem.context.get("error", problem.text)), ""
    else:
        message, hint = _constraint(problem, expected)
    return make("AFT204", message, hint, Condition.BREAKS_RULE)


def _unknown_key(problem: _Problem, keys: tuple[str, ...], source: SourceRef, name: str) -> Finding:
    hint = did_you_mean(str(problem.loc[-1]), keys)
    if not hint and keys:
        hint = f"allowed here: {', '.join(sorted(keys))}"
    return Finding(code="AFT201", source=source, message=f"{name} is not a known key", hint=hint)


def _wrong_type(value: object, expected: str, make: Any) -> Finding:
    finding: Finding
    if expected == "text" and type(value) is int:
        if len(str(value)) == 12:  # an AWS account id; YAML has made a number of it
            message = f"{value} is not in quotes, so it is a number; expected text"
            finding = make("AFT205", message, f'write "{value}"')
            return finding
        finding = make("AFT202", f"expected text, found {shown(value)}", f'write "{value}"')
        return finding
    hint = ""
    if expected == "text" and isinstance(value, (bool, float)):
        hint = f'write "{str(value).lower()}"'
    elif expected == "true or false" and isinstance(value, str):
        hint = "write true or false, without quotes"
    elif expected == "a list" and isinstance(value, str):
        hint = f"write [{value}]"
    finding = make("AFT202", f"expected {expected}, found {shown(value)}", hint)
    return finding


def _constraint(problem: _Problem, expected: Expected) -> tuple[str, str]:
    """Message and hint for a value of the right type that breaks a rule."""
    context, value = problem.context, problem.value
    found = f"found {shown(value)}"
    match problem.kind:
        case "string_pattern_mismatch":
            examples = expected.examples()
            if examples:
                return f"expected text such as {listed(map(repr, examples))}, {found}", ""
            return f"expected text that matches {context['pattern']}, {found}", ""
        case "string_too_short" | "string_too_long":
            at_most = problem.kind == "string_too_long"
            limit = context["max_length" if at_most else "min_length"]
            unit = "character" if limit == 1 else "characters"
            length = len(value) if isinstance(value, str) else 0
            bound = "most" if at_most else "least"
            return f"expected at {bound} {limit} {unit}, found {length}", ""
        case "too_short" | "too_long":
            at_most = problem.kind == "too_long"
            limit = context["max_length" if at_most else "min_length"]
            bound = "most" if at_most else "least"
            return f"expected at {bound} {limit} entries, found {context['actual_length']}", ""
        case "greater_than_equal":
            return f"expected at least {_bound(context['ge'])}, {found}", ""
        case "greater_than":
            return f"expected more than {_bound(context['gt'])}, {found}", ""
        case "less_than_equal":
            return f"expected at most {_bound(context['le'])}, {found}", ""
        case "less_than":
            return f"expected less than {_bound(context['lt'])}, {found}", ""
        case "date_parsing" | "date_from_datetime_parsing" | "date_from_datetime_inexact":
            return f"expected a date such as 2027-06-30, {found}", ""
    return f"{problem.text[:1].lower()}{problem.text[1:]}; {found}", ""


def _bound(limit: Any) -> Any:
    """``2.0`` as people write it."""
    return int(limit) if isinstance(limit, float) and limit.is_integer() else limit
