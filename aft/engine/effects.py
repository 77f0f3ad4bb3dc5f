"""How a kind's changes are carried out: the contract of its effects, and what a success leaves.

Pure kinds (``aft.plan.kind``) name their effects by a string; the composition root loads them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aft.account_provider import ManagementAccess
from aft.ledger.events import EventKind
from aft.plan.draft import Look
from aft.plan.model import Change, Confirmation
from aft.ports import MemberAccess
from aft.values.ids import AccountId
from aft.values.refs import Ref

if TYPE_CHECKING:
    from aft.engine.context import RunContext


@dataclass(frozen=True, slots=True, kw_only=True)
class StepSuccess:
    """``summary`` is a sentence for ``git log``, ``message`` a short one for the screen. ``digest``
    is what the ledger remembers with the step, ``data`` goes into the event next to it. ``made`` is
    AWS's id of the thing, for those who use it (``RunContext.id_of``), also after a crash.
    ``unchanged`` says that all was right already, ``gone`` names things that no longer are."""

    summary: str
    message: str = ""
    account_id: AccountId | None = None
    digest: str = ""
    outputs: Mapping[str, str] = field(default_factory=dict)
    made: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    unchanged: bool = False
    gone: tuple[Ref, ...] = ()
    event: EventKind = EventKind.STEP_DONE


class Effects(ABC):
    """Carries out the changes of one kind. Each may be repeated without harm."""

    def connect(self, management: ManagementAccess) -> None:
        """Once, before anything else: what the organization is reached through. Makes no call."""
        del management

    def read(self) -> Mapping[str, Any] | None:
        """The things of this kind that AWS has, by key, as plain JSON values, for snapshots of the
        whole organization; ``None`` for kinds that are not read so. Raises ``aft.errors``."""
        return None

    @abstractmethod
    def apply(self, run: RunContext, change: Change) -> StepSuccess:
        """Carry out one change, on a thread of the engine. Raises ``aft.errors`` when it cannot
        be done; anything else that is raised costs this one change."""

    def about(self, run: RunContext, change: Change) -> Mapping[str, str]:
        """What the ledger must know of the thing once its files are gone, also after a failure."""
        del run, change
        return {}

    def kept(self, run: RunContext, item: Confirmation) -> Mapping[str, str]:
        """What the ledger keeps of a thing that was found right, as it does of one that was made
        so."""
        del run, item
        return {}

    def look(
        self, looks: Sequence[Look], members: MemberAccess, *, in_parallel: int
    ) -> Mapping[tuple[str, str], Any]:
        """Look inside accounts for the plan, side by side, and change nothing. By account id and
        key; what cannot be seen just now is ``Unread``, and what does not exist is left out."""
        del looks, members, in_parallel
        return {}
