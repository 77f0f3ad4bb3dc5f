"""What a plan knows of the accounts that customizations read: their outputs, and what will run.

The accounts that others depend on are planned first, so that their changes are known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from aft.customizations.model import CUSTOMIZATION, OtherAccount, Outputs
from aft.desired.model import AccountRequest
from aft.ledger.events import AccountRecord
from aft.plan.draft import Draft
from aft.plan.model import Action
from aft.plan.view import PlanView
from aft.values.ids import RequestId


def other_accounts(view: PlanView, request: AccountRequest) -> Mapping[str, OtherAccount]:
    """What the request's steps may see, by the ids of the requests it depends on."""
    records = {name: view.ledger.record(name) for name in request.depends_on}
    return {
        name: OtherAccount(
            account_id=view.around.accounts.get(name) or record.account_id,
            outputs=outputs_of(record),
        )
        for name, record in records.items()
    }


def outputs_of(record: AccountRecord) -> Mapping[str, Outputs]:
    """What the ledger knows that steps of an account left, by step id."""
    return {step: done.outputs for step, done in record.steps_of(CUSTOMIZATION).items()}


def running(draft: Draft, request_id: str) -> frozenset[str]:
    """The steps that this plan runs in the account of ``request_id``, which was planned before."""
    return frozenset(
        change.key for change in draft.changes_of(request_id) if change.action is Action.RUN
    )


def dependencies_first(requests: Iterable[AccountRequest]) -> tuple[AccountRequest, ...]:
    """The requests, each after those of them that it depends on; otherwise in their order.

    Among requests that wait for each other (which rules refuse) the order is as given.
    """
    wanted = {request.id: request for request in requests}
    ordered: dict[RequestId, AccountRequest] = {}
    started: set[RequestId] = set()
    for first in wanted.values():
        todo = [(first, False)]
        while todo:
            request, is_ready = todo.pop()
            if is_ready:
                ordered.setdefault(request.id, request)
            elif request.id not in started:
                started.add(request.id)
                todo.append((request, True))
                todo.extend((wanted[name], False) for name in request.depends_on if name in wanted)
    return tuple(ordered.values())
