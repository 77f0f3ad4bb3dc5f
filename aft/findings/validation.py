"""From plain data with positions to a model, or to findings at the lines that are wrong.

The only place where pydantic's errors are read. Every message says what was expected and what
was found; nothing here knows which file it looks at.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel, ValidationError

from aft.findings.expectations import Expected, shown, type_words
from aft.findings.model import MAX_FINDINGS, Condition, Finding, SourceRef, few
from aft.findings.origins import dotted
from aft.values.suggestions import Suggestions
from aft.values.words import listed

Loc = tuple[str | int, ...]
_MOST_ERRORS = 10 * MAX_FINDINGS
"""Errors of one file that are looked at; of a value that may be of several types, each has some."""
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


def validate(
    model: type[M], document: Located, *, at: Loc = (), data: object = ...
) -> tuple[M | None, tuple[Finding, ...]]:
    """Strictly read the value at ``at`` as a ``model``; ``data`` replaces the value
    itself. Lists become tuples and ISO text becomes dates, as in JSON; nothing else is
    converted."""
    value = value_at(document.data, at) if data is ... else data
    try:
        return model.model_validate_json(json.dumps(value)), ()
    except ValidationError as error:
        errors = error.errors(include_url=False)[:_MOST_ERRORS]
        problems = [_Problem.of(item, value) for item in errors]
    make = _Findings(model, document, at)
    return None, few(map(make.of, _without_unions(problems)), document.at(()).path)


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
        for number, step in enumerate(steps, start=1):
            if step == "[key]":
                on_key = True
                break
            try:
                data = value_at(data, (step,))
            except LookupError:
                if number == len(steps) and error["type"] == "missing":
                    loc.append(step)
                elif union is None:
                    union = tuple(loc)
            else:
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
        words = listed(dict.fromkeys(type_words(item.kind) or "" for item in members), last="or")
        yield replace(
            members[0], kind="no_member", loc=union, on_key=False, context={"expected": words}
        )


class _Findings:
    """Problems as findings, of one model at one place."""

    def __init__(self, model: type[BaseModel], document: Located, at: Loc) -> None:
        self._model = model
        self._document = document
        self._at = at
        self._near = Suggestions()

    def of(self, problem: _Problem) -> Finding:
        place = (*self._at, *problem.loc)
        name = dotted(place) or "the file"
        condition, key = Condition.NONE, ""
        if problem.kind == "extra_forbidden":
            keys = Expected(self._model, problem.loc[:-1]).keys()
            hint = self._near(str(problem.loc[-1]), keys)
            if not hint and keys:
                hint = f"allowed here: {', '.join(sorted(keys))}"
            code, message = "AFT201", f"{name} is not a known key"
        elif problem.kind == "missing":
            code, message, hint = "AFT203", f"{name} is missing", ""
            condition, key = Condition.KEY_MISSING, name
        elif problem.kind == "no_member" or type_words(problem.kind):
            code, words, hint = _wrong_type(problem)
            message = f"{name}: {words}"
        else:
            words, hint = _broken_rule(problem, Expected(self._model, problem.loc), self._near)
            code, message, condition = "AFT204", f"{name}: {words}", Condition.BREAKS_RULE
        return Finding(
            code=code,
            source=self._document.at(place, key=problem.on_key),
            message=message,
            hint=hint,
            condition=condition,
            key=key,
        )


def _wrong_type(problem: _Problem) -> tuple[str, str, str]:
    """Code, message and hint."""
    value, words = problem.value, type_words(problem.kind) or problem.context.get("expected", "")
    if words == "text" and type(value) is int and len(str(value)) == 12:
        # An AWS account id; YAML has made a number of it.
        message = f"{value} is not in quotes, so it is a number; expected text"
        return "AFT205", message, f'write "{value}"'
    return "AFT202", f"expected {words}, found {shown(value)}", _as_type(value, words)


def _broken_rule(problem: _Problem, expected: Expected, near: Suggestions) -> tuple[str, str]:
    """Message and hint for a value of the right type that breaks a rule."""
    value = problem.value
    if problem.kind in ("literal_error", "enum"):
        allowed = str(problem.context["expected"])
        choices = re.findall(r"'([^']*)'", allowed)
        hint = near(value, choices) if isinstance(value, str) else ""
        return f"expected {allowed}, found {shown(value)}", hint
    if problem.kind == "value_error":
        return str(problem.context.get("error", problem.text)), ""
    return _constraint(problem, expected), ""


def _as_type(value: object, expected: str) -> str:
    """What to write so that the value is of the type that is expected."""
    if expected == "text" and isinstance(value, int | float):
        return f'write "{str(value).lower()}"'
    if expected == "true or false" and isinstance(value, str):
        return "write true or false, without quotes"
    if expected == "a list" and isinstance(value, str):
        return f"write [{value}]"
    return ""


_LIMITS: Mapping[str, tuple[str, str]] = {
    "greater_than_equal": ("at least", "ge"),
    "greater_than": ("more than", "gt"),
    "less_than_equal": ("at most", "le"),
    "less_than": ("less than", "lt"),
}


def _constraint(problem: _Problem, expected: Expected) -> str:
    context, value, kind = problem.context, problem.value, problem.kind
    found = f"found {shown(value)}"
    bound = "at most" if kind.endswith("too_long") else "at least"
    if kind in _LIMITS:
        words, key = _LIMITS[kind]
        limit = context[key]
        if isinstance(limit, float) and limit.is_integer():
            limit = int(limit)  # 2.0 as people write it
        return f"expected {words} {limit}, {found}"
    match kind:
        case "string_pattern_mismatch":
            examples = expected.examples()
            if examples:
                return f"expected text such as {listed(map(repr, examples), last='or')}, {found}"
            return f"expected text that matches {context['pattern']}, {found}"
        case "string_too_short" | "string_too_long":
            limit = context["max_length" if bound == "at most" else "min_length"]
            unit = "character" if limit == 1 else "characters"
            length = len(value) if isinstance(value, str) else 0
            return f"expected {bound} {limit} {unit}, found {length}"
        case "too_short" | "too_long":
            limit = context["max_length" if bound == "at most" else "min_length"]
            return f"expected {bound} {limit} entries, found {context['actual_length']}"
        case "date_parsing" | "date_from_datetime_parsing" | "date_from_datetime_inexact":
            return f"expected a date such as 2027-06-30, {found}"
    return f"{problem.text[:1].lower()}{problem.text[1:]}; {found}"
