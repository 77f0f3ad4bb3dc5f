"""What a plan knows of the accounts that customizations read: their outputs, and what will run.

The accounts that others depend on are planned first, so that their changes are known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from aft.customizations.model import CUSTOMIZATION, OtherAccount
from aft.desired.model import AccountRequest
from aft.ledger.events import LedgerState
from aft.plan.model import Action, Change
from aft.values.ids import RequestId


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherAccounts:
    """``chains`` grows while the plan is made; ``account_ids`` are those that exist, by request."""

    ledger: LedgerState = field(default_factory=LedgerState)
    chains: Mapping[RequestId, tuple[Change, ...]] = field(default_factory=dict)
    account_ids: Mapping[str, str] = field(default_factory=dict)

    def of(self, request: AccountRequest) -> Mapping[str, OtherAccount]:
        """What the request's steps may see, by the ids of the requests it depends on."""
        return {
            name: OtherAccount(
                account_id=self.account_ids.get(name) or self.ledger.record(name).account_id,
                outputs={
                    step: done.outputs
                    for step, done in self.ledger.record(name).steps_of(CUSTOMIZATION).items()
                },
            )
            for name in request.depends_on
        }

    def running(self, request_id: str) -> frozenset[str]:
        """The customization steps that this plan runs in the account of ``request_id``."""
        return frozenset(
            change.key
            for change in self.chains.get(RequestId(request_id), ())
            if change.action is Action.RUN
        )


def dependencies_first(requests: Iterable[AccountRequest]) -> tuple[AccountRequest, ...]:
    """The requests, each after those of them that it depends on; otherwise in their order.

    Among requests that wait for each other (which rules refuse) the order is as given.
    """
    wanted = {request.id: request for request in requests}
    ordered: dict[RequestId, AccountRequest] = {}
    begun: set[RequestId] = set()
    for first in wanted.values():
        todo = [(first, False)]
        while todo:
            request, is_ready = todo.pop()
            if is_ready:
                ordered.setdefault(request.id, request)
            elif request.id not in begun:
                begun.add(request.id)
                todo.append((request, True))
                todo.extend((wanted[name], False) for name in request.depends_on if name in wanted)
    return tuple(ordered.values())
