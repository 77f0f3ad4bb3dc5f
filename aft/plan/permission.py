"""Which risky changes reviewed lines of ``allow`` let happen, although no review has seen the
change itself. A line that no review has seen either permits nothing: else who pushes a change past
the review could push its permission with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from aft.config.allowance import Allowance, Line, OwnAllowance, line_digest, lines_for, parts_named
from aft.desired.model import DesiredState
from aft.plan.fields import powers
from aft.plan.model import Change


@dataclass(frozen=True, slots=True, kw_only=True)
class Permissions:
    """The lines of a revision: those of ``aft.yaml``, and of each request. ``seen`` are the digests
    of those that were reviewed; ``today`` is UTC."""

    general: tuple[Allowance, ...] = ()
    own: Mapping[str, tuple[OwnAllowance, ...]] = field(default_factory=dict)
    seen: frozenset[str] = frozenset()
    today: date = date.min

    def allows(self, change: Change) -> bool:
        """A reviewed line lets the change happen."""
        return any(self._digest(line, change) in self.seen for line in self._about(change))

    def would_allow(self, change: Change) -> bool:
        """A line lets it happen, reviewed or not."""
        return any(True for _ in self._about(change))

    def _about(self, change: Change) -> Iterator[Line]:
        lines = lines_for(self.general, self.own.get(change.target, ()), target=change.target)
        for line in lines:
            if line.what == change.risk and line.until >= self.today and _names(line, change):
                yield line

    def _digest(self, line: Line, change: Change) -> str:
        return line_digest(line, target=change.target if isinstance(line, OwnAllowance) else "")


NO_PERMISSIONS = Permissions()


def permissions_in(desired: DesiredState, seen: frozenset[str], *, today: date) -> Permissions:
    """What the lines of ``desired`` permit to those who have reviewed ``seen``."""
    return Permissions(
        general=desired.config.allow,
        own={request.id: request.allow for request in desired.requests if request.allow},
        seen=seen,
        today=today,
    )


def line_digests(desired: DesiredState) -> tuple[str, ...]:
    """Every line that who reviews ``desired`` has seen, or that was there before."""
    general = [line_digest(line) for line in desired.config.allow if line.up_to is None]
    own = [
        line_digest(line, target=request.id)
        for request in desired.requests
        for line in request.allow
    ]
    return tuple(sorted({*general, *own}))


def _names(line: Line, change: Change) -> bool:
    """The line is about the thing of ``change``: the whole of it, or each part that is risky."""
    parts = frozenset(parts_named(line, change.key))
    risky = frozenset(_risky_parts(change))
    return "*" in parts or bool(risky and risky <= parts)


def _risky_parts(change: Change) -> Iterator[str]:
    """What would end, else what gives someone power. What a tool itself says of a step goes before
    what its code says."""
    found = change.preview or change.comparison
    ends = [part.id for part in found.parts if part.is_loss] if found is not None else []
    if ends:
        yield from ends
    elif change.preview is not None:
        yield from change.preview.asks
    else:
        yield from (item.field.partition(".")[2] for item in powers(change))
