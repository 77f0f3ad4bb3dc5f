"""What is done to one account from outside: create, adopt, rebind, move, rename, tag.

Works on one request and the account ``aft.plan.identity`` found for it.
"""

from __future__ import annotations

from collections.abc import Iterator

from aft.desired.model import AccountRequest, desired_tags
from aft.findings.model import Condition, Finding, finding_about
from aft.organization.model import REQUEST_TAG, Account
from aft.plan.draft import Draft
from aft.plan.fields import ACCOUNT_ID, ARRIVAL, DOUBT, EMAIL, NAME, OU, OU_ID, REQUEST, tag_field
from aft.plan.identity import Evidence
from aft.plan.model import Action, FieldChange
from aft.plan.targets import AccountSite
from aft.plan.view import PlanView
from aft.values.refs import account_ref, ou_ref

_BINDING = frozenset({str(account_ref()), str(account_ref("request"))})
"""The steps of which one ends well before an account is at home."""


def plan_accounts(view: PlanView, draft: Draft) -> None:
    """What has to be done to each account itself, in the order in which it goes."""
    for request in view.requests:
        site = draft.sites.get(request.id)
        if site is None or request.id in draft.blocked:
            continue
        objection = _objection(site)
        if objection is not None:
            draft.block(objection)
            continue
        draft.remark(*_remarks(site))
        if site.match is None:
            _create(view, draft, site)
        else:
            _change(draft, site, site.match.account, site.match.evidence)


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


def _remarks(work: AccountSite) -> Iterator[Finding]:
    """What people should know, while the other changes go ahead."""
    request, account, path = work.request, work.account, work.request.source.path
    if account is None:
        return
    if work.moves and request.protect:
        message = f"the account is protected, so it stays in {work.here or '?'} and is not moved "
        message += f"to {work.place.path}"
        hint = f"drop `protect: true` from {path} in a separate change, then move it"
        yield finding_about("AFT906", request.id, message, hint, Condition.ACCOUNT_KEPT)
    if account.email.casefold() != request.email.key:
        message = f"the account's root e-mail address is {account.email}, the request says "
        message += f"{request.email}; aft does not change root e-mail addresses"
        hint = f"change it in the account's settings, or write `email: {account.email}` in {path}"
        yield finding_about("AFT908", request.id, message, hint, Condition.OTHER_EMAIL)


def _change(draft: Draft, work: AccountSite, account: Account, evidence: Evidence) -> None:
    request = work.request
    is_bound = evidence is Evidence.LEDGER and _is_witnessed(work)
    if not is_bound:
        _bind(draft, work, account, evidence)
    if work.moves and not request.protect:
        draft.add(
            Action.MOVE,
            account_ref("ou"),
            target=request.id,
            fields=(
                FieldChange(
                    field=OU, before=str(work.here or account.ou), after=str(work.place.path)
                ),
                FieldChange(
                    field=OU_ID,
                    before=account.parent_id,
                    after=work.place.id,
                    known=work.place.id is not None,
                ),
                *_flag(
                    ARRIVAL, is_set=_arrives(work) and work.here is not None and work.here.is_root
                ),
            ),
            uses=work.place.uses,
            leaves=(ou_ref(work.here),) if work.here is not None else (),
            reason=_again(work, "ou", f"`ou` of {request.source.path}"),
        )
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
    fields.extend(_flag(ARRIVAL, is_set=_arrives(work)))
    draft.add(
        Action.ADOPT,
        account_ref(),
        target=request.id,
        makes=(),  # the account is there already
        fields=fields,
        reason=_how_found(request, evidence),
    )


def _arrives(site: AccountSite) -> bool:
    """aft began to create the account, and has not come to the end of that. The ledger alone
    cannot say so."""
    if not _is_witnessed(site):
        return False
    if site.record.account_id is None:
        return site.record.intent is not None
    return _BINDING.isdisjoint(site.record.steps)


def _is_witnessed(site: AccountSite) -> bool:
    """The account itself says that it is the request's."""
    return site.account is not None and site.account.tags.get(REQUEST_TAG) == site.request.id


def _flag(name: str, *, is_set: bool) -> tuple[FieldChange, ...]:
    return (FieldChange(field=name, before=None, after="yes"),) if is_set else ()


def _how_found(request: AccountRequest, evidence: Evidence) -> str:
    match evidence:
        case Evidence.LEDGER:
            return f"only the ledger says so: the account has no tag {REQUEST_TAG}={request.id}"
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
