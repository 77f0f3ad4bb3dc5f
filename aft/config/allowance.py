"""A reviewed line that lifts a limit, a protection or a hold for a while: one syntax, in
``aft.yaml`` for all accounts and in a request for its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, model_validator

from aft.values.canonical_json import digest

END = "end"
"""What a line lets a customization do: replace or remove what it made."""
POWER = "power"
"""What a line lets a customization do: change who may do what."""


ITEMS = (
    "To which things: a step of a customization (`web/10-bucket.cfn.yaml`), one of its resources "
    "(`web/10-bucket.cfn.yaml/Artifacts`), a setting, an OU. Without it, to all."
)
REASON = "Why; for those who review the line."
UNTIL = "Last day on which it holds (UTC)."
Items = tuple[Annotated[str, Field(min_length=1)], ...]
What = Annotated[str, Field(min_length=1)]
Reason = Annotated[str, Field(min_length=3)]


class _Line(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)


class LimitAllowance(_Line):
    """A reviewed exception that raises one safety limit for a period."""

    limit: Annotated[str, Field(min_length=1)] = Field(description="The limit to raise.")
    up_to: NonNegativeInt = Field(description="The number allowed instead.")
    reason: Annotated[str, Field(min_length=3)] = Field(
        description="The reason; recorded in the ledger."
    )
    until: date = Field(description="The last day on which the exception is valid (UTC).")


class OwnAllowance(_Line):
    """A line of a request, for its account."""

    what: What = Field(
        description="What it lets happen: a risk as plans name it (`move`, `take-away`, …). `end` "
        "(a customization replaces or removes what it made) also lifts the protection."
    )
    items: Items = Field(default=(), description=ITEMS)
    reason: Reason = Field(description=REASON)
    until: date = Field(description=UNTIL)


class Allowance(_Line):
    """A line of ``aft.yaml``, for all accounts or the one of ``target``."""

    what: What = Field(
        description="What it lets happen: with `up_to` a limit, without it a risk as plans name it "
        "(`move`, `take-away`, …). `end` (a customization replaces or removes what it made) also "
        "lifts the protection."
    )
    target: str | None = Field(
        default=None,
        description="The request it is for, or `organization`; without it, it is for all.",
    )
    up_to: NonNegativeInt | None = Field(
        default=None, description="The number allowed instead, where `what` is a limit."
    )
    items: Items = Field(default=(), description=ITEMS)
    reason: Reason = Field(description=REASON)
    until: date = Field(description=UNTIL)

    @model_validator(mode="after")
    def _is_of_one_sort(self) -> Allowance:
        if self.up_to is not None and (self.target is not None or self.items):
            raise ValueError("expected target and items only without up_to: a limit is for all")
        return self


Line = Allowance | OwnAllowance


def lines_for(
    config: Iterable[Allowance], request: Iterable[OwnAllowance], *, target: str
) -> tuple[Line, ...]:
    """The lines of ``aft.yaml`` and of the request ``target`` that let something happen to it, and
    not only more of it."""
    general = (line for line in config if line.up_to is None and line.target in (None, target))
    return (*request, *general)


def line_digest(line: Line, *, target: str = "") -> str:
    """By which a review knows the line again; ``target`` is the request that it is in."""
    return digest({"in": target, **line.model_dump(mode="json", exclude_none=True)})


def allowed_parts(
    lines: Iterable[Line], step: str, *, today: date, what: str = END
) -> frozenset[str]:
    """The parts of ``step`` to which ``lines`` let ``what`` happen on that day; ``*`` for all."""
    return frozenset(
        part
        for line in lines
        if line.what == what and line.until >= today
        for part in parts_named(line, step)
    )


def parts_named(line: Line, thing: str) -> Iterator[str]:
    """The parts of ``thing`` that the items of ``line`` name; ``*`` for all of them."""
    if not line.items or thing in line.items:
        yield "*"
    yield from (
        item.removeprefix(f"{thing}/") for item in line.items if item.startswith(f"{thing}/")
    )
