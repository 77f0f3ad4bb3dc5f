"""What the events of a subject keep of a step as it was applied, and say of what it made. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from aft.ledger import legacy
from aft.ledger.events import KEPT, EventKind, LedgerEvent
from aft.ledger.replay import step_ref
from aft.values.refs import Ref

_SAYING = (EventKind.STEP_DONE, EventKind.STEP_CONFIRMED)
Events = Callable[[str], Sequence[LedgerEvent]]


def made_ids(events: Events, subject: str) -> Mapping[str, str]:
    """AWS's ids of the things that steps of ``subject`` made, by the texts of their refs, where
    the events say them and the record does not: so it was before ids were kept with outputs."""
    return {
        str(step_ref(event)): found
        for event in events(subject)
        if event.kind is EventKind.STEP_DONE and (found := legacy.made_id(event.data))
    }


def kept_of(events: Events, subject: str, ref: Ref, digest: str) -> str:
    """What was kept of the step whose inputs had this digest; empty where nothing was.

    ``events`` gives the story of a subject; that of a request's former id is read where its
    account was handed over.
    """
    seen: set[str] = set()
    while subject and subject not in seen:
        seen.add(subject)
        former = ""
        for event in reversed(events(subject)):
            if event.kind in _SAYING and step_ref(event) == ref:
                if event.data.get("digest") == digest and KEPT in event.data:
                    return str(event.data[KEPT])
            elif event.kind is EventKind.BOUND:
                former = former or str(event.data.get("previously", ""))
        subject = former
    return ""
