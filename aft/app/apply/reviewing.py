"""What a worker may take as reviewed: the record of the forge, or, where the configuration says so,
everything on the branch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from aft.app.apply.applying import Agreed
from aft.app.workspace import Workspace
from aft.engine.model import Consent
from aft.errors import AftError, UserError
from aft.ledger.events import LedgerEvent
from aft.ledger.payloads import RunFinished, RunStarted, payload_of
from aft.plan.reviewed import NOTHING_REVIEWED, Reviewed
from aft.values.ids import Revision

WorkerReview = Literal["forge", "branch"]
"""What counts as reviewed, by ``worker.review`` of ``aft.yaml``."""

ReviewOf = Callable[[Revision, str], Reviewed]
"""The forge's record of a commit, and of what was merged since another one."""

_BY_PEOPLE = (Consent.OPERATOR, Consent.PLAN, Consent.BRANCH, None)
"""Consent of runs at whose revision someone stood behind all of the configuration; older versions
note none."""


@dataclass(frozen=True, kw_only=True)
class WorkerReviews:
    """``review_of`` is ``None`` where this worker has no access to a forge."""

    workspace: Workspace
    review_of: ReviewOf | None

    def check(self, review: WorkerReview) -> None:
        """Raises ``UserError`` for a worker that could never know what was reviewed."""
        if review == "forge" and self.review_of is None:
            raise UserError(
                "the worker has no record of what was reviewed",
                hint="give it the forge's (GITHUB_REPOSITORY and GITHUB_TOKEN), or set "
                "`worker: {review: branch}` in aft.yaml, if merging is the review",
            )

    def agreed(
        self, revision: Revision, review: WorkerReview, events: Sequence[LedgerEvent]
    ) -> Agreed:
        """What people have agreed to at ``revision``, whose configuration says ``review``.
        ``events`` are the organization's in the ledger. A push cannot make itself reviewed: that
        merging is the review counts once the configuration said so before."""
        if review == "branch" and self._said_so_before(events):
            return Agreed(consent=Consent.BRANCH)
        if self.review_of is None:
            return Agreed(consent=Consent.REVIEW, reviewed=NOTHING_REVIEWED)
        reviewed = self.review_of(revision, open_since(events))
        return Agreed(consent=Consent.REVIEW, reviewed=reviewed)

    def _said_so_before(self, events: Sequence[LedgerEvent]) -> bool:
        for event in reversed(events):
            said = payload_of(event)
            if isinstance(said, RunStarted) and said.consent in _BY_PEOPLE:
                try:
                    config = self.workspace.config(self.workspace.files(event.revision))
                except AftError:
                    return False  # it is not known what was agreed to
                return config.worker.review == "branch" or said.consent is None
        return True  # nothing was ever applied


def open_since(events: Sequence[LedgerEvent]) -> str:
    """The revision of the newest run over everything that left nothing undone but what waits for
    people; "" for none. What was reviewed since may still be wanted."""
    whole: dict[str, str] = {}
    found = ""
    for event in events:
        match payload_of(event):
            case RunStarted(scope=None):
                whole[event.run] = event.revision
            case RunFinished() as said if not (said.failed or said.blocked or said.stopped):
                found = whole.get(event.run, found)
    return found
