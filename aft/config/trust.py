"""Which sections of ``aft.yaml`` say as whom and where to, rather than what accounts shall be.

A pull request is planned with the base branch's values of these (``--config-from``), so that
no one can point the plan job at another role, ledger or server by proposing to. The other
sections (``allow``, ``governed_regions``, ``limits`` …) are part of what is
proposed: they change what the plan shows, which is reviewed. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from aft.config.model import Config

GRANTS = "grants"
TRUSTED = (
    "provider",  # by whom accounts are created
    "home_region",  # where sessions begin
    "roles",  # as whom
    "ledger",  # what was done, and where that is written
    "worker",  # which branch counts as merged
    "terraform",  # which program is run, and where its states are
    "github",  # which teams and rules hold
    "report",  # what is masked
    GRANTS,  # which secrets go to which code
)


def with_trusted(proposed: Config, trusted: Config) -> Config:
    """``proposed`` with the sections above from ``trusted``."""
    return proposed.model_copy(update={name: getattr(trusted, name) for name in TRUSTED})


def withheld(proposed: Config, trusted: Config) -> tuple[tuple[str, ...], ...]:
    """Where ``proposed`` differs in those sections: ``("roles", "management")``, sorted."""
    return tuple(
        sorted(
            place
            for name in TRUSTED
            for place in _differences(getattr(proposed, name), getattr(trusted, name), (name,))
        )
    )


WITHHELD_HINT = "everything here was read and planned with the value of the base revision"


def withheld_message(*keys: str) -> str:
    """What people read about keys that differ."""
    return f"this pull request changes {', '.join(keys)}: takes effect after the merge"


def _differences(one: Any, other: Any, place: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    if one == other:
        return
    if type(one) is not type(other) or not isinstance(one, BaseModel):
        yield place
        return
    for name in type(one).model_fields:
        yield from _differences(getattr(one, name), getattr(other, name), (*place, name))
