"""Requests whose file is gone: their accounts are let go, never closed.

Only a snapshot of the whole organization and the whole repository may say so; a limited plan
names them and leaves them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from aft.config.model import REQUESTS_PATH
from aft.desired.held import HeldRequest
from aft.findings.model import Condition, Finding, finding_about
from aft.ledger.events import ORGANIZATION, AccountRecord, is_of_organization
from aft.organization.model import REQUEST_TAG
from aft.plan.draft import Draft
from aft.plan.fields import REQUEST, tag_field
from aft.plan.model import Action, FieldChange
from aft.plan.protection import applied_protection, is_protected
from aft.plan.view import PlanView
from aft.values.ids import AccountId, EmailAddress
from aft.values.refs import account_ref


def forget_requests(view: PlanView, draft: Draft) -> None:
    """Let the accounts go whose requests are gone, and say of what else is left over."""
    gone = _leftovers(view)
    if view.is_limited:
        draft.remark(*_not_forgotten_here(gone, view.scope or ()))
        return
    unread = _unread(view)
    # A folder is also missing in git when its only file is removed.
    if not view.desired.has_folder and sum(it.account_id is not None for it in gone) > 1:
        draft.remark(*_without_folder(gone))
        gone = ()
    if unread:  # any of these files may be what became of any of those requests
        draft.remark(*_kept(gone, unread))
        gone = ()
    draft.remark(*_unsettled(gone))
    draft.remark(*_orphans(view))
    _forget_accounts(view, draft, gone)


def _leftovers(view: PlanView) -> tuple[AccountRecord, ...]:
    """Ledger records without a request, but those whose account some request has or takes."""
    desired, ledger = view.desired, view.ledger
    asked = desired.asked_for
    held: set[str | None] = {ledger.record(request.id).account_id for request in asked}
    claimed = {
        request.previously
        for request in asked
        if request.previously is not None and ledger.record(request.id).account_id is None
    }
    held |= {account_id for it in desired.held.requests.values() for account_id in _meant(view, it)}
    # An account may be in the ledger under several former ids; the request takes it from one.
    held |= {ledger.record(subject).account_id for subject in claimed}
    held.discard(None)  # a creation that was started has no account yet
    return tuple(
        record
        for subject, record in sorted(ledger.records.items())
        if not is_of_organization(subject)
        and not desired.has_file(subject)
        and subject not in claimed
        and record.account_id not in held
    )


def _meant(view: PlanView, request: HeldRequest) -> Iterator[AccountId]:
    """The accounts that a request with errors may mean, by what could be read of it."""
    if request.account_id is not None:
        yield request.account_id
    if request.email and view.ledger.record(request.id).account_id is None:
        key = EmailAddress(request.email).key
        yield from (it.id for it in view.snapshot.accounts if EmailAddress(it.email).key == key)


def _unread(view: PlanView) -> tuple[str, ...]:
    """Files that may mean any account: it is neither bound to them, nor can they be read."""
    held = view.desired.held
    unknown = (item for item in held.requests.values() if not item.is_known)
    unbound = (it.path for it in unknown if view.ledger.record(it.id).account_id is None)
    return tuple(dict.fromkeys((*held.nameless, *unbound)))


def _kept(records: Iterable[AccountRecord], unread: Sequence[str]) -> Iterator[Finding]:
    more = f" and {len(unread) - 1} more" if len(unread) > 1 else ""
    for record in records:
        if record.account_id is not None:
            message = f"its file is gone, but {unread[0]}{more} cannot be read and may be what "
            message += "became of it, so the account is not forgotten"
            hint = "fix that file; if it is the request's new file, add "
            hint += f"`previously: {record.subject}` to it"
            condition = Condition.HELD_BACK
            yield finding_about("AFT927", record.subject, message, hint, condition)


def _without_folder(records: Iterable[AccountRecord]) -> Iterator[Finding]:
    """The whole folder is missing, as after a wrong checkout or rename: no request was removed."""
    for record in records:
        if record.account_id is not None:
            message = f"the folder {REQUESTS_PATH}/ is missing, so account {record.account_id} is "
            message += "not forgotten"
            hint = "restore the folder; to remove its last request, leave another file in it, such "
            hint += "as _defaults.yaml"
            yield finding_about("AFT963", record.subject, message, hint, Condition.HELD_BACK)


def _forget_accounts(view: PlanView, draft: Draft, records: Iterable[AccountRecord]) -> None:
    """One change per record with an account: the tags aft put there go, the account stays."""
    for record in records:
        if record.account_id is None or record.subject in view.identities.kept:
            continue
        if is_protected(None, record):
            draft.remark(_not_forgotten(record))
            continue
        account = view.snapshot.account_by_id.get(AccountId(record.account_id))
        tags = dict(account.tags) if account is not None else {}
        keys = {key for key in record.tag_keys if key in tags}
        if tags.get(REQUEST_TAG) == record.subject:
            keys.add(REQUEST_TAG)
        elif REQUEST_TAG in keys:
            keys.discard(REQUEST_TAG)  # another's by now
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


def _not_forgotten(record: AccountRecord) -> Finding:
    """The file of a protected account is gone."""
    applied = applied_protection(record)
    said = applied.words if applied is not None else ""
    message = f"the file of request {record.subject} is gone, but account {record.account_id} is "
    message += f"protected{said}: it is not forgotten"
    hint = "bring the file back; to remove it, drop `protect` from it first, and apply that"
    return finding_about("AFT961", record.subject, message, hint)


def _unsettled(records: Iterable[AccountRecord]) -> Iterator[Finding]:
    """Creations that were started for requests whose file is gone since."""
    for record in records:
        if record.account_id is None and (intent := record.intent) is not None:
            message = f"a creation was started at {intent.at:%Y-%m-%d %H:%M} UTC for request "
            message += (
                f"{record.subject} ({intent.email}), whose file is gone; an account may exist"
            )
            hint = "restore the file and apply, so that the creation is settled; then remove it"
            yield finding_about("AFT915", ORGANIZATION, message, hint, Condition.REMARK)


def _orphans(view: PlanView) -> Iterator[Finding]:
    """Accounts that carry the tag of a request that is neither in git nor in the ledger."""
    identities, records = view.identities, view.ledger.records.values()
    known = {match.account.id for match in identities.matches.values()}
    known |= {AccountId(record.account_id) for record in records if record.account_id is not None}
    for account in sorted(view.snapshot.accounts, key=lambda item: item.id):
        tag = account.tags.get(REQUEST_TAG)
        if tag is None or account.id in known or tag in identities.kept:
            continue
        if view.desired.has_file(tag):
            continue
        message = f"account {account.name} ({account.id}) carries the tag {REQUEST_TAG}={tag}, "
        message += "but there is no such request"
        hint = "bring the request's file back, or take the tag off the account"
        yield finding_about("AFT914", account.id, message, hint, Condition.UNKNOWN_REQUEST)


def _not_forgotten_here(
    records: Iterable[AccountRecord], scope: Iterable[str]
) -> Iterator[Finding]:
    """Gone requests inside a limited plan's scope."""
    wanted = frozenset(scope)
    for record in records:
        if record.subject in wanted and (record.account_id or record.intent):
            message = f"the file of request {record.subject} is gone; a limited plan does not "
            message += "forget accounts"
            hint = "run a plan of the whole organization"
            yield finding_about("AFT918", ORGANIZATION, message, hint)
