"""Where an effective value comes from: the vocabulary of ``aft explain``.

Plain values, made by the packages that know the files and shown by ``aft.report``. Decides nothing.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from aft.findings.model import SourceRef

Loc = tuple[str | int, ...]


class OriginKind(enum.StrEnum):
    """Who says it."""

    REQUEST = "request"  # the request's own file
    DEFAULTS = "defaults"  # a _defaults.yaml above it
    CONFIG = "config"  # aft.yaml
    ORGANIZATION = "organization"  # organization.yaml
    BASELINE = "baseline"  # a file of customizations/baselines/
    CUSTOMIZATION = "customization"  # a folder, or its customization.yaml
    SETTING = "setting"  # a baseline setting's own default
    BUILT_IN = "built-in"  # no file: it is so unless one says otherwise
    LEDGER = "ledger"  # what aft wrote down
    AWS = "aws"  # read from the organization


@dataclass(frozen=True, slots=True, kw_only=True)
class Overridden:
    """A value that a nearer file replaced, as it is written."""

    value: Any
    source: SourceRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """``source`` is the place, where there is one. ``pattern`` is the text with placeholders that
    the value was made from, ``why`` says in words what a place cannot."""

    kind: OriginKind
    source: SourceRef | None = None
    pattern: str = ""
    why: str = ""
    over: tuple[Overridden, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """One effective value. ``name`` is written as people write it: ``tags.cost-center``. ``field``
    is the place of the value; ``value`` holds JSON values only."""

    name: str
    value: Any
    origin: Origin
    loc: Loc = ()


def leaves(value: Any, loc: Loc = ()) -> Iterator[tuple[Loc, Any]]:
    """Every value that is no mapping, with its place. A list is one value, unless it holds
    mappings; an empty mapping is none."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from leaves(item, (*loc, key))
    elif isinstance(value, list | tuple) and any(isinstance(item, Mapping) for item in value):
        for index, item in enumerate(value):
            yield from leaves(item, (*loc, index))
    else:
        yield loc, list(value) if isinstance(value, tuple) else value


def dotted(loc: Loc) -> str:
    """``access[0].group``."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in loc)
    return text.removeprefix(".")
