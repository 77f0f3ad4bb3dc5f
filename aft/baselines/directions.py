"""Which direction weakens a parameter of a setting: declared next to the parameter, compared here.

``SettingParameters.weakens`` says it for every parameter. What was last applied is compared with
what will be; the first time, with the setting's own defaults, which are strict. Pure.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, get_args

from pydantic import BaseModel


class Weaker(enum.Enum):
    """``None`` is the weakest of numbers. ``REMOVAL`` and ``ADDITION`` are of an item, or of the
    only value. ``ANY``: any change of what was applied, because what is stronger depends on what
    the value names. ``TRUST`` is an addition that someone outside the organization is trusted by.
    """

    LOWER = "lower"
    HIGHER = "higher"
    OFF = "off"
    ON = "on"
    REMOVAL = "removal"
    ADDITION = "addition"
    ANY = "any"
    TRUST = "trust"


@dataclass(frozen=True, slots=True)
class Routine:
    """No change of the parameter weakens anything, because of ``why``."""

    why: str


class Ranked:
    """Values from the weakest to the strongest; a tuple holds equal ones. ``None`` is the weakest
    unless it is among them."""

    def __init__(self, *values: str | tuple[str, ...] | None) -> None:
        self.ranks: Mapping[str | None, int] = {
            value: rank
            for rank, step in enumerate(values)
            for value in (step if isinstance(step, tuple) else (step,))
        }


@dataclass(frozen=True, slots=True)
class Each:
    """A mapping, of whose values each goes by ``direction``."""

    direction: Weaker


@dataclass(frozen=True, slots=True)
class Items:
    """Parameters inside a parameter, each of which says it itself: one group, or many that are
    known by ``key``. One that is gone weakens where ``removal`` is true."""

    key: tuple[str, ...] = ()
    removal: bool = False


class Judged(enum.Enum):
    """The setting itself says who gains power by it (``Empowers``)."""

    BY_SETTING = "by the setting"


Direction = Weaker | Routine | Ranked | Each | Items | Judged
Directions = Mapping[str, Direction]
"""By parameter."""


class Weakening(NamedTuple):
    """``path`` names the parameter, such as ``flow_logs.traffic``; values as people read them."""

    path: str
    before: str | None
    after: str | None
    is_trust: bool = False


def directions_of(model: type[BaseModel]) -> Directions:
    """What ``model`` declares. What a plug-in does not say may weaken by any change."""
    declared = _declared(model)
    return {name: declared.get(name, Weaker.ANY) for name in model.model_fields}


def _declared(model: type[BaseModel]) -> Directions:
    """What the class and those it comes from say."""
    found: dict[str, Direction] = {}
    for base in reversed(model.__mro__):
        found |= base.__dict__.get("weakens", {})
    return found


def is_declared(model: type[BaseModel]) -> Iterator[tuple[str, bool]]:
    """Every parameter, with those inside others, and whether its direction is declared."""
    declared = _declared(model)
    for name, field in model.model_fields.items():
        yield f"{model.__name__}.{name}", name in declared
        if isinstance(declared.get(name), Items):
            yield from is_declared(_inner(field.annotation))


def can_weaken(model: type[BaseModel]) -> bool:
    """Some change of its parameters needs a look."""
    return any(not isinstance(item, Routine) for item in directions_of(model).values())


def weakenings(after: BaseModel, before: Mapping[str, Any] | None) -> Iterator[Weakening]:
    """What gets weaker. ``before`` are the parameters last applied, as JSON; ``None`` for a setting
    that was never applied."""
    yield from _compared(type(after), after.model_dump(mode="json"), before, "")


def _compared(
    model: type[BaseModel], after: Mapping[str, Any], before: Mapping[str, Any] | None, above: str
) -> Iterator[Weakening]:
    for name, direction in directions_of(model).items():
        field, path = model.model_fields[name], f"{above}{name}"
        default = None if field.is_required() else _plain(field.get_default())
        was = default if before is None else before.get(name, default)
        will = after.get(name)
        if was == will or (before is None and direction in (Weaker.ANY, Weaker.REMOVAL)):
            continue
        if isinstance(direction, Items):
            is_first = before is None and not direction.key
            inner = _inner(field.annotation)
            yield from _inside(direction, inner, path, None if is_first else was, will)
        elif isinstance(direction, Each):
            was, will = was or {}, will or {}
            for key in sorted(was.keys() | will.keys()):
                yield from _one(direction.direction, f"{path}.{key}", was.get(key), will.get(key))
        else:
            yield from _one(direction, path, was, will)


def _inside(
    items: Items, model: type[BaseModel], path: str, was: Any, will: Any
) -> Iterator[Weakening]:
    if not items.key:
        if will is not None:
            yield from _compared(model, will, was, f"{path}.")
        elif items.removal:
            yield Weakening(path, "set", None)
        return
    old, new = ({_name(items, item): item for item in found or ()} for found in (was, will))
    for name, item in new.items():
        yield from _compared(model, item, old.get(name), f"{path}.{name}.")
    if items.removal:
        yield from (Weakening(f"{path}.{name}", "set", None) for name in old if name not in new)


def _name(items: Items, item: Mapping[str, Any]) -> str:
    return "/".join(str(item[key]) for key in items.key if item.get(key) is not None)


def _one(direction: Direction, path: str, was: Any, will: Any) -> Iterator[Weakening]:
    match direction:
        case Weaker.REMOVAL:
            lost = [item for item in _list(was) if item not in _list(will)]
            if lost:
                yield Weakening(path, _shown(lost if isinstance(was, list) else was), None)
        case Weaker.ADDITION | Weaker.TRUST:
            new = [item for item in _list(will) if item not in _list(was)]
            if new:
                shown = _shown(new if isinstance(will, list) else will)
                yield Weakening(path, None, shown, is_trust=direction is Weaker.TRUST)
        case _ if _is_weaker(direction, was, will):
            yield Weakening(path, _shown(was), _shown(will))


def _is_weaker(direction: Direction, was: Any, will: Any) -> bool:
    match direction:
        case Weaker.LOWER:
            return _number(will, -math.inf) < _number(was, -math.inf)
        case Weaker.HIGHER:
            return _number(will, math.inf) > _number(was, math.inf)
        case Weaker.OFF:
            return bool(was) and not will
        case Weaker.ON:
            return bool(will) and not was
        case Weaker.ANY:
            return bool(was != will)
        case Ranked():
            return direction.ranks.get(will, -1) < direction.ranks.get(was, -1)
    return False


def _number(value: Any, none: float) -> float:
    return none if value is None else float(value)


def _list(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _shown(value: Any) -> str | None:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, bool):
        return "on" if value else "off"
    return None if value is None else str(value)


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value


def _inner(annotation: Any) -> type[BaseModel]:
    """The model inside an annotation such as ``tuple[Tier, ...] | None``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for item in get_args(annotation):
        if item is not Ellipsis and (get_args(item) or isinstance(item, type)):
            found = _inner_or_none(item)
            if found is not None:
                return found
    raise TypeError(f"{annotation} has no parameters of its own")


def _inner_or_none(annotation: Any) -> type[BaseModel] | None:
    try:
        return _inner(annotation)
    except TypeError:
        return None
