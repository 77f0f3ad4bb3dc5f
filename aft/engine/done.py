"""What a step function hands back when it succeeded; the executor makes the ledger event of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aft.ledger.events import EventKind
from aft.values.ids import AccountId


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """``summary`` is a sentence for ``git log``, ``message`` a short one for the screen.

    ``name`` is the step's key in the ledger (else the kind of change), ``digest`` what to
    remember with it, ``data`` goes into the event beside them. ``unchanged`` says that all was
    right already.
    """

    summary: str
    message: str = ""
    account_id: AccountId | None = None
    name: str = ""
    digest: str = ""
    outputs: Mapping[str, str] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    unchanged: bool = False
    event: EventKind = EventKind.STEP_DONE
