"""Requests whose file is gone: their accounts are let go, never closed.

Only a snapshot of the whole organization and the whole repository may say so; a limited plan
names them and leaves them.
"""

from __future__ import annotations

from collections.abc import Iterable

from aft.findings.model import Condition, Finding
from aft.ledger.events import ORGANIZATION, AccountRecord, is_of_organization
from aft.organization.model import REQUEST_TAG
from aft.plan.draft import Draft
from aft.plan.fields import REQUEST, tag_field
from aft.plan.model import Action, FieldChange
from aft.plan.view import PlanView
from aft.values.ids import AccountId
from aft.values.refs import account_ref


def forget_requests(view: PlanView, draft: Draft) -> None:
    """Let the accounts go whose requests are gone, and say of what else is left over."""
    gone = _leftovers(view)
    if view.is_limited:
        draft.remark(*_not_forgotten_here(gone, view.scope or ()))
        return
    draft.remark(*_unsettled(gone))
    draft.remark(*_orphans(view))
    _forget_accounts(view, draft, gone)


def _leftovers(view: PlanView) -> tuple[AccountRecord, ...]:
    """Ledger records without a request, but those whose account some request has or takes."""
    desired, ledger = view.desired, view.ledger
    held = {
        account_id
        for request in desired.requests
        if (account_id := ledger.record(request.id).account_id) is not None
    }
    claimed = {
        request.previously
        for request in desired.requests
        if request.previously is not None and ledger.record(request.id).account_id is None
    }
    return tuple(
        record
        for subject, record in sorted(ledger.records.items())
        if not is_of_organization(subject)
        and subject not in desired.request_by_id
        and subject not in claimed
        and record.account_id not in held
    )


def _forget_accounts(view: PlanView, draft: Draft, records: Iterable[AccountRecord]) -> None:
    """One change per record with an account: the tags aft put there go, the account stays."""
    for record in records:
        if record.account_id is None or record.subject in view.identities.kept:
            continue
        account = view.snapshot.account_by_id.get(AccountId(record.account_id))
        tags = dict(account.tags) if account is not None else {}
        keys = {key for key in record.tag_keys if key in tags}
        if tags.get(REQUEST_TAG) == record.subject:
            keys.add(REQUEST_TAG)
        elif REQUEST_TAG in keys:
            keys.discard(REQUEST_TAG)  # somebody else's by now
        gone = "" if account is not None else ", and the account is no longer in the organization"
        draft.add(
            Action.RELEASE,
            account_ref(),
            target=record.subject,
            account_id=record.account_id,
            fields=(
                FieldChange(field=REQUEST, before=record.subject, after=None),
                *(tag_field(key, tags[key], None) for key in sorted(keys)),
            ),
            reason=f"its request file is gone{gone}",
        )


def _unsettled(records: Iterable[AccountRecord]) -> tuple[Finding, ...]:
    """Creations that were begun for requests whose file is gone since."""
    return tuple(
        Finding(
            code="AFT915",
            target=ORGANIZATION,
            message=f"a creation was started at {record.intent.at:%Y-%m-%d %H:%M} UTC for request "
            f"{record.subject} ({record.intent.email}), whose file is gone; an account may exist",
            hint="restore the file and apply, so that the creation is settled; then remove it",
        )
        for record in records
        if record.account_id is None and record.intent is not None
    )


def _orphans(view: PlanView) -> tuple[Finding, ...]:
    """Accounts that carry the tag of a request that is neither in git nor in the ledger."""
    identities, records = view.identities, view.ledger.records.values()
    known = {match.account.id for match in identities.matches.values()}
    known |= {AccountId(record.account_id) for record in records if record.account_id is not None}
    return tuple(
        Finding(
            code="AFT914",
            target=account.id,
            message=f"account {account.name} ({account.id}) carries the tag "
            f"{REQUEST_TAG}={account.tags[REQUEST_TAG]}, but there is no such request",
            hint="bring the request's file back, or take the tag off the account",
            condition=Condition.UNKNOWN_REQUEST,
        )
        for account in sorted(view.snapshot.accounts, key=lambda item: item.id)
        if REQUEST_TAG in account.tags
        and account.id not in known
        and account.tags[REQUEST_TAG] not in view.desired.request_by_id
        and account.tags[REQUEST_TAG] not in identities.kept
    )


def _not_forgotten_here(
    records: Iterable[AccountRecord], scope: Iterable[str]
) -> tuple[Finding, ...]:
    """Gone requests inside a limited plan's scope."""
    wanted = frozenset(scope)
    return tuple(
        Finding(
            code="AFT918",
            target=ORGANIZATION,
            message=f"the file of request {record.subject} is gone; a limited plan does not "
            "forget accounts",
            hint="run a plan of the whole organization",
        )
        for record in records
        if record.subject in wanted and (record.account_id or record.intent)
    )
