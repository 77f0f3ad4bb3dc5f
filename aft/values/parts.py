"""What a change does to the parts of its thing: a stack's resources, each with its properties.

Plans hold these, runners make them, and reports show them; what a part is, only its runner knows.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from aft.values.canonical_json import digest


class PartOutcome(StrEnum):
    """What happens to a part."""

    ADDED = "added"
    CHANGED = "changed"
    MAY_BE_REPLACED = "may be replaced"
    REPLACED = "replaced"
    REMOVED = "removed"

    @property
    def loses(self) -> bool:
        """What is in the part may be gone afterwards."""
        return self in {self.MAY_BE_REPLACED, self.REPLACED, self.REMOVED}


class Replacement(StrEnum):
    """Whether a property's change replaces its part."""

    NEVER = "never"
    CONDITIONAL = "conditional"
    ALWAYS = "always"


@dataclass(frozen=True, slots=True, kw_only=True)
class PropertyChange:
    """``path`` names the property (``Tags/env``); ``None``: it was, or will be, not there."""

    path: str
    before: str | None
    after: str | None
    replacement: Replacement = Replacement.NEVER


@dataclass(frozen=True, slots=True, kw_only=True)
class PartChange:
    """One part. ``noun`` is what it is (``AWS::S3::Bucket``), empty where ``id`` says so;
    ``reason`` says why it is, or may be, replaced; ``is_kept``: what is removed or replaced
    stays, outside of aft's reach."""

    id: str
    noun: str
    outcome: PartOutcome
    properties: tuple[PropertyChange, ...] = ()
    reason: str = ""
    is_kept: bool = False

    @property
    def is_loss(self) -> bool:
        """What is in it may be gone afterwards, and nothing keeps it."""
        return self.outcome.loses and not self.is_kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Gain:
    """A part gives someone power. ``principals`` are those it names that it did not name before:
    account ids, ``*``, or what a policy says."""

    part: str
    words: str
    principals: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What a change does, as far as that is known beforehand: to its parts, as lines of a
    diff, and what cannot be known, in words. ``is_new``: it was never done here, so that there is
    nothing to lose."""

    parts: tuple[PartChange, ...] = ()
    diff: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    is_new: bool = False

    @property
    def is_empty(self) -> bool:
        """Nothing changes."""
        return not (self.parts or self.diff or self.unknown)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a step's tool itself says that running it would do. ``asks`` are the ids of those parts
    that people have to agree to although nothing of them is lost. ``digest`` covers all of it,
    and the code and inputs that it comes from."""

    parts: tuple[PartChange, ...] = ()
    asks: tuple[str, ...] = ()
    digest: str = ""

    @classmethod
    def of(cls, parts: tuple[PartChange, ...], asks: tuple[str, ...], *, binding: str) -> Preview:
        """With its digest; ``binding`` is that of the code and inputs."""
        found = digest({"binding": binding, "parts": parts, "asks": asks})
        return cls(parts=parts, asks=asks, digest=found)

    @property
    def held(self) -> tuple[PartChange, ...]:
        """The parts that are not changed before people have agreed."""
        return tuple(part for part in self.parts if part.is_loss or part.id in self.asks)
