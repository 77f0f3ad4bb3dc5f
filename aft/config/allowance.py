"""A reviewed line that lifts a limit or a protection for a while: one syntax, in ``aft.yaml`` for
all accounts and in a request for its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, model_validator

END = "end"
"""What a line lets a customization do: replace or remove what it made."""


ITEMS = (
    "To which things: of `end` a step (`web/10-bucket.cfn.yaml`) or one of its resources "
    "(`web/10-bucket.cfn.yaml/Artifacts`). Without it, to all."
)
REASON = "Why; for those who review the line."
UNTIL = "Last day on which it holds (UTC)."
Items = tuple[Annotated[str, Field(min_length=1)], ...]
Reason = Annotated[str, Field(min_length=3)]


class _Line(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)


class OwnAllowance(_Line):
    """A line of a request, for its account."""

    what: Literal["end"] = Field(
        description="What it lets happen: `end` (a customization replaces or removes what it made)."
    )
    items: Items = Field(default=(), description=ITEMS)
    reason: Reason = Field(description=REASON)
    until: date = Field(description=UNTIL)


class Allowance(_Line):
    """A line of ``aft.yaml``, for all accounts or the one of ``target``."""

    what: Annotated[str, Field(min_length=1)] = Field(
        description="What it lets happen: a limit, or `end` (a customization replaces or removes "
        "what it made)."
    )
    target: str | None = Field(
        default=None, description="The request it is for; without it, it is for all."
    )
    up_to: NonNegativeInt | None = Field(
        default=None, description="The number allowed instead, where `what` is a limit."
    )
    items: Items = Field(default=(), description=ITEMS)
    reason: Reason = Field(description=REASON)
    until: date = Field(description=UNTIL)

    @model_validator(mode="after")
    def _is_of_one_sort(self) -> Allowance:
        if (self.up_to is None) is not (self.what == END):
            raise ValueError("expected up_to where what is a limit, and only there")
        if self.what != END and (self.target is not None or self.items):
            raise ValueError("expected target and items only where what is end")
        return self


def lines_for(
    config: Iterable[Allowance], request: Iterable[OwnAllowance], *, target: str
) -> tuple[Allowance | OwnAllowance, ...]:
    """The lines of ``aft.yaml`` and of the request ``target`` that are about its account."""
    return (*request, *(line for line in config if line.target in (None, target)))


def allowed_parts(
    lines: Iterable[Allowance | OwnAllowance], step: str, *, today: date
) -> frozenset[str]:
    """The parts of ``step`` that ``lines`` let end on that day; ``*`` for all of them."""
    return frozenset(_parts(lines, step, today))


def _parts(lines: Iterable[Allowance | OwnAllowance], step: str, today: date) -> Iterator[str]:
    for line in lines:
        if line.what != END or line.until < today:
            continue
        if not line.items or step in line.items:
            yield "*"
        yield from (
            item.removeprefix(f"{step}/") for item in line.items if item.startswith(f"{step}/")
        )
