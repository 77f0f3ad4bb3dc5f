"""How a kind's changes are carried out: the contract of its effects, and what a success leaves.

Pure kinds (``aft.plan.kind``) name their effects by a string; the composition root loads them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from aft.ledger.events import EventKind
from aft.plan.model import Change
from aft.values.ids import AccountId
from aft.values.refs import Ref

if TYPE_CHECKING:
    from aft.engine.context import RunContext


@dataclass(frozen=True, slots=True, kw_only=True)
class StepSuccess:
    """``summary`` is a sentence for ``git log``, ``message`` a short one for the screen.

    ``digest`` is what the ledger remembers with the step, ``data`` goes into the event beside it.
    ``unchanged`` says that all was right already, ``gone`` names things that no longer are.
    """

    summary: str
    message: str = ""
    account_id: AccountId | None = None
    digest: str = ""
    outputs: Mapping[str, str] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    unchanged: bool = False
    gone: tuple[Ref, ...] = ()
    event: EventKind = EventKind.STEP_DONE


class Effects(Protocol):
    """Carries out the changes of one kind. Each may be repeated without harm."""

    def apply(self, run: RunContext, change: Change) -> StepSuccess:
        """Carry out one change, on a thread of the engine. Raises ``aft.errors`` when it cannot
        be done; whatever else is raised costs this one change."""
        ...

    def about(self, run: RunContext, change: Change) -> Mapping[str, str]:
        """What the ledger must know of the thing once its files are gone, also after a failure."""
        ...
