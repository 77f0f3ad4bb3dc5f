"""What is done to one account from outside: create, adopt, rebind, move, rename, tag.

Works on one request and the account ``aft.plan.identity`` found for it.
"""

from __future__ import annotations

from collections.abc import Iterator

from aft.desired.model import AccountRequest, desired_tags
from aft.findings.model import Condition, Finding, finding_about
from aft.kinds.account.policies import Exchanged, Seen, exchanged
from aft.organization.model import REQUEST_TAG, Account
from aft.plan.draft import Draft
from aft.plan.fields import (
    ACCOUNT_ID,
    ARRIVAL,
    DOUBT,
    EMAIL,
    NAME,
    OU,
    OU_ID,
    PROTECTED,
    REQUEST,
    tag_field,
)
from aft.plan.identity import Evidence, Match
from aft.plan.model import ORGANIZATION, Action, Confirmation, FieldChange
from aft.plan.protection import (
    PROTECT,
    is_noted,
    is_past,
    knows_protections,
    note_of,
    words_of,
)
from aft.plan.targets import AccountSite
from aft.plan.view import PlanView
from aft.values.refs import account_ref, ou_ref


def plan_accounts(view: PlanView, draft: Draft, seen: Seen | None) -> None:
    """What has to be done to each account itself, in the order in which it goes. ``seen`` are the
    policies that are attached to where accounts are and go; ``None`` where they were not read."""
    for request in view.requests:
        site = draft.sites.get(request.id)
        if site is None or request.id in draft.blocked:
            continue
        objection = _objection(site)
        if objection is not None:
            draft.block(objection)
            continue
        draft.remark(*_remarks(view, site))
        if site.match is None:
            _create(view, draft, site)
        else:
            policies = exchanged(view, draft.tree, site, seen) if site.moves else Exchanged()
            _change(view, draft, site, site.match, policies)


def _objection(work: AccountSite) -> Finding | None:
    """What forbids any change to this request's account."""
    request, account = work.request, work.account
    if account is None or not work.is_management:
        return None
    asked = {"move": work.moves, "rename": account.name != request.name}
    if not any(asked.values()):
        return None
    verbs = " or ".join(verb for verb, is_asked in asked.items() if is_asked)
    message = f"{account.name} ({account.id}) is the management account; aft does not {verbs} it"
    hint = f"write `name: {account.name}` and `ou: {work.here or '/'}` in {request.source.path}"
    return finding_about("AFT905", request.id, message, hint)


def _remarks(view: PlanView, work: AccountSite) -> Iterator[Finding]:
    """What people should know, while the other changes go ahead."""
    request, account, path = work.request, work.account, work.request.source.path
    if account is None:
        return
    if work.stays:
        yield _kept(work)
    if request.protect and is_past(request.protection, view.today):
        message = f"the account is still protected{words_of(request.protection)}; that day is past"
        hint = f"give `protect` in {path} a later `until`, or remove it"
        yield finding_about("AFT962", request.id, message, hint)
    if account.email.casefold() != request.email.key:
        message = f"the account's root e-mail address is {account.email}, the request says "
        message += f"{request.email}; aft does not change root e-mail addresses"
        hint = f"change it in the account's settings, or write `email: {account.email}` in {path}"
        yield finding_about("AFT908", request.id, message, hint, Condition.OTHER_EMAIL)


def _kept(work: AccountSite) -> Finding:
    """A protected account is elsewhere, and why that is so."""
    path, here, there = work.request.source.path, work.here or "?", work.place.path
    hint = f"drop `protect` from {path} in a separate change, then move it"
    if work.was_moved:
        message = f"the account is protected and was moved from {there} to {here}; it stays there, "
        message += f"and is set up as an account in {there}"
        hint = f"move it back manually, or {hint}"
        condition = Condition.ACCOUNT_MOVED
    else:
        message = f"the account is protected, so it stays in {here} and is not moved to {there}; "
        message += "until it is moved nothing inside it is changed"
        condition = Condition.ACCOUNT_KEPT
    if not work.request.protect:
        hint = "apply the release of its protection first; then have a plan with the move reviewed"
    return finding_about("AFT906", work.request.id, message, hint, condition)


def _release(draft: Draft, work: AccountSite) -> None:
    """The request no longer protects the account, which takes effect when this is applied."""
    applied, path = work.protection, work.request.source.path
    said = applied.words if applied is not None else ""
    draft.add(
        Action.UPDATE,
        PROTECT,
        target=work.request.id,
        fields=(FieldChange(field=PROTECTED, before=f"yes{said}", after="no"),),
        reason=_again(work, PROTECT.key, f"`protect` is gone from {path}"),
    )


def _protect(view: PlanView, draft: Draft, work: AccountSite, account: Account) -> None:
    """Have apply note the protection, where it is new or says something else. One of an account
    that is elsewhere says where it was noted first."""
    request, applied, ou = work.request, work.protection, str(account.parent_id)
    if work.moves:
        ou = applied.ou if applied is not None else ""
    is_known = applied is not None or not work.moves or knows_protections(view.events(ORGANIZATION))
    if not (request.protect and is_known):
        return
    note = note_of(request, ou)
    if not is_noted(work.record, note):
        draft.confirmations.append(
            Confirmation(
                target=request.id, account_id=account.id, ref=PROTECT, inputs_digest="", about=note
            )
        )


def _change(
    view: PlanView, draft: Draft, work: AccountSite, match: Match, policies: Exchanged
) -> None:
    """``policies`` are those that a move leaves and gains."""
    request, account, evidence = work.request, match.account, match.evidence
    is_bound = evidence is Evidence.LEDGER and work.is_witnessed
    if not is_bound:
        _bind(draft, work, account, evidence)
    if work.is_released:
        _release(draft, work)
    elif evidence is Evidence.LEDGER:  # else the binding notes it
        _protect(view, draft, work, account)
    if work.moves and not work.stays:
        _move(draft, work, account, policies)
    if account.name != request.name:
        draft.add(
            Action.UPDATE,
            account_ref("name"),
            target=request.id,
            fields=(FieldChange(field=NAME, before=account.name, after=request.name),),
            reason=_again(work, "name", f"`name` of {request.source.path}"),
        )
    tags = _tag_changes(work, account)
    if not is_bound:  # binding the account sets this tag
        tags = tuple(item for item in tags if item.field != tag_field(REQUEST_TAG, None, "").field)
    if tags:
        draft.add(
            Action.UPDATE,
            account_ref("tags"),
            target=request.id,
            fields=tags,
            reason=_again(work, "tags", f"`tags` of {request.source.path}"),
        )


def _move(draft: Draft, work: AccountSite, account: Account, policies: Exchanged) -> None:
    """The policies that hold here and there are no part of what is done."""
    fields = (
        FieldChange(field=OU, before=str(work.here or account.ou), after=str(work.place.path)),
        FieldChange(
            field=OU_ID,
            before=account.parent_id,
            after=work.place.id,
            known=work.place.id is not None,
        ),
        *_flag(ARRIVAL, is_set=work.arrives and work.here is not None and work.here.is_root),
    )
    draft.add(
        Action.MOVE,
        account_ref("ou"),
        target=work.request.id,
        fields=(*fields, *policies.fields),
        details=policies.words,
        effect={"fields": fields},
        uses=work.place.uses,
        leaves=(ou_ref(work.here),) if work.here is not None else (),
        reason=_again(work, "ou", f"`ou` of {work.request.source.path}"),
    )


def _create(view: PlanView, draft: Draft, work: AccountSite) -> None:
    request, intent = work.request, work.record.intent
    doubt = True
    if intent is not None:
        reason = f"a creation was started at {intent.at:%Y-%m-%d %H:%M} UTC and is looked up first"
    elif view.snapshot.scope is not None:
        reason = "no account was found for it; whether its e-mail is free is known only at apply"
    else:
        doubt = False
        reason = _again(work, "", "the organization has no account for it")
    tags = desired_tags(request)
    fields = (
        FieldChange(field=NAME, before=None, after=request.name),
        FieldChange(field=EMAIL, before=None, after=str(request.email)),
        FieldChange(field=OU, before=None, after=str(work.place.path)),
        FieldChange(field=OU_ID, before=None, after=work.place.id, known=work.place.id is not None),
        FieldChange(field=ACCOUNT_ID, before=None, after=None, known=False),
        *(tag_field(key, None, tags[key]) for key in sorted(tags)),
    )
    draft.add(
        Action.CREATE,
        account_ref(),
        target=request.id,
        fields=(*fields, *_flag(DOUBT, is_set=doubt)),
        effect={
            "fields": fields,
            "provider": view.desired.config.provider,
            "version": view.provider_version,
        },
        uses=work.place.uses,
        reason=reason,
    )


def _bind(draft: Draft, work: AccountSite, account: Account, evidence: Evidence) -> None:
    request = work.request
    tag = account.tags.get(REQUEST_TAG)
    fields = [FieldChange(field=ACCOUNT_ID, before=account.id, after=account.id)]
    if tag != request.id:
        fields.append(tag_field(REQUEST_TAG, tag, str(request.id)))
    if evidence is Evidence.LEDGER_PREVIOUSLY:
        fields.insert(
            0, FieldChange(field=REQUEST, before=request.previously, after=str(request.id))
        )
        draft.add(
            Action.UPDATE,
            account_ref("request"),
            target=request.id,
            fields=fields,
            reason=f"`previously: {request.previously}` at {request.source}",
        )
        return
    fields.insert(0, FieldChange(field=REQUEST, before=None, after=str(request.id)))
    fields.extend(_flag(ARRIVAL, is_set=work.arrives))
    draft.add(
        Action.ADOPT,
        account_ref(),
        target=request.id,
        makes=(),  # the account is there already
        fields=fields,
        reason=_how_found(request, evidence),
    )


def _flag(name: str, *, is_set: bool) -> tuple[FieldChange, ...]:
    return (FieldChange(field=name, before=None, after="yes"),) if is_set else ()


def _how_found(request: AccountRequest, evidence: Evidence) -> str:
    match evidence:
        case Evidence.LEDGER:
            lacks = f"no tag {REQUEST_TAG}={request.id}, and not the request's e-mail address"
            return f"only the ledger says so: the account has {lacks}"
        case Evidence.TAG:
            return f"the account carries the tag {REQUEST_TAG}={request.id}"
        case Evidence.TAG_PREVIOUSLY:
            return f"the account carries the tag {REQUEST_TAG}={request.previously}, its former id"
        case Evidence.ACCOUNT_ID:
            return f"`account_id` of {request.source.path}"
        case _:
            return f"the account has the e-mail address {request.email}"


def _tag_changes(work: AccountSite, account: Account) -> tuple[FieldChange, ...]:
    wanted = desired_tags(work.request)
    keys = {key for key, value in wanted.items() if account.tags.get(key) != value}
    keys |= {key for key in work.record.tag_keys if key in account.tags and key not in wanted}
    return tuple(tag_field(key, account.tags.get(key), wanted.get(key)) for key in sorted(keys))


def _again(work: AccountSite, aspect: str, reason: str) -> str:
    failure = work.record.failed(account_ref(aspect))
    if failure is None:
        return reason
    return f"tried again, it failed at {failure.at:%Y-%m-%d %H:%M} UTC: {failure.reason}"
