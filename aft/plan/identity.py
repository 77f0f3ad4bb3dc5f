"""Which account belongs to which request: the ledger's binding, then the tag, then
``account_id``, then the e-mail. Never the name.

Where the evidence disagrees, or two requests lead to one account, nothing is guessed: the
request gets a finding and no change. So no account is ever created twice or shared.
"""

from __future__ import annotations

import enum
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from aft.desired.model import AccountRequest, DesiredState
from aft.findings.model import Condition, Finding, finding_about
from aft.ledger.events import LedgerState
from aft.organization.model import REQUEST_TAG, Account, AccountState, OrganizationSnapshot
from aft.plan.model import ORGANIZATION
from aft.values.ids import AccountId, EmailAddress, RequestId


class Evidence(enum.IntEnum):
    """Why an account is taken for a request's, the strongest first."""

    LEDGER = 0
    LEDGER_PREVIOUSLY = 1
    TAG = 2
    TAG_PREVIOUSLY = 3
    ACCOUNT_ID = 4
    EMAIL = 5


_WORDS: Mapping[Evidence, str] = {
    Evidence.LEDGER: "the ledger",
    Evidence.LEDGER_PREVIOUSLY: "the ledger, under its previous id",
    Evidence.TAG: f"the tag {REQUEST_TAG}",
    Evidence.TAG_PREVIOUSLY: f"the tag {REQUEST_TAG}, with its previous id",
    Evidence.ACCOUNT_ID: "`account_id`",
    Evidence.EMAIL: "its e-mail address",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A request's account, and how it was recognised."""

    account: Account
    evidence: Evidence


@dataclass(frozen=True, kw_only=True)
class Identities:
    """Who is who. A request that is neither matched nor blocked has no account yet. ``kept`` are
    ledger subjects without a file that must not be forgotten, because some request seems to be
    their successor."""

    matches: Mapping[RequestId, Match]
    attention: Mapping[RequestId, Finding]
    kept: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Claim:
    request: AccountRequest
    account_id: AccountId
    evidence: Evidence


@dataclass
class _World:
    desired: DesiredState
    snapshot: OrganizationSnapshot
    ledger: LedgerState

    def __post_init__(self) -> None:
        self.attention: dict[RequestId, Finding] = {}
        self.kept: set[str] = set()
        self.by_email: dict[str, list[Account]] = defaultdict(list)
        self.by_tag: dict[str, list[Account]] = defaultdict(list)
        self.bound_to: dict[str, list[str]] = defaultdict(list)
        for account in sorted(self.snapshot.accounts, key=lambda item: item.id):
            self.by_email[EmailAddress(account.email).key].append(account)
            if REQUEST_TAG in account.tags:
                self.by_tag[account.tags[REQUEST_TAG]].append(account)
        for subject, record in sorted(self.ledger.records.items()):
            if record.account_id is not None:
                self.bound_to[record.account_id].append(subject)

    def block(
        self,
        code: str,
        request: AccountRequest,
        message: str,
        hint: str,
        condition: Condition = Condition.NONE,
    ) -> None:
        doubt = finding_about(code, request.id, message, hint, condition)
        self.attention.setdefault(request.id, doubt)

    def account_text(self, account_id: AccountId) -> str:
        account = self.snapshot.account_by_id.get(account_id)
        return f"{account_id} ({account.name})" if account is not None else str(account_id)


def identify(
    desired: DesiredState, snapshot: OrganizationSnapshot, ledger: LedgerState
) -> Identities:
    """Settle every request of ``desired``, those outside a scope too: they may hold accounts."""
    world = _World(desired, snapshot, ledger)
    claims: dict[RequestId, _Claim] = {}
    for request in sorted(desired.requests, key=lambda item: item.id):
        claim = _claim(request, world)
        if claim is not None:
            claims[request.id] = claim
    _settle_contests(claims.values(), world)
    _check_reserved(claims, world)
    matches: dict[RequestId, Match] = {}
    for request_id, claim in claims.items():
        account = _checked(claim, world)
        if account is not None and request_id not in world.attention:
            matches[request_id] = Match(account=account, evidence=claim.evidence)
    return Identities(matches=matches, attention=world.attention, kept=frozenset(world.kept))


def wrong_organization(snapshot: OrganizationSnapshot, ledger: LedgerState) -> Finding | None:
    """Credentials of another organization look as if every account had left at once. One account
    may leave; that none of several is there is taken for a mistake, before OUs and accounts are
    created where they do not belong. Needs a snapshot of the whole organization."""
    bound = {record.account_id for record in ledger.records.values()} - {None}
    if len(bound) < 2 or not bound.isdisjoint(snapshot.account_by_id):
        return None
    return finding_about(
        "AFT921",
        ORGANIZATION,
        f"none of the {len(bound)} accounts in the ledger is in organization "
        f"{snapshot.organization_id}, so nothing is changed in it",
        "check the credentials, and which ledger branch is used; a ledger of a simulated "
        "organization that was reset has to go with it",
        Condition.OTHER_ORGANIZATION,
    )


def _evidence(request: AccountRequest, world: _World) -> Iterable[tuple[Evidence, AccountId]]:
    """Every sign that an account is this request's, the strongest first."""
    bound = world.ledger.record(request.id).account_id
    if bound is not None:
        yield Evidence.LEDGER, AccountId(bound)
    previously = request.previously
    if previously is not None and world.desired.has_file(previously):
        previously = None  # that request still has its file, and keeps its account
    if bound is None and previously is not None:
        before = world.ledger.record(previously).account_id
        if before is not None:
            yield Evidence.LEDGER_PREVIOUSLY, AccountId(before)
    for account in world.by_tag.get(request.id, ()):
        yield Evidence.TAG, account.id
    if bound is None and previously is not None:
        for account in world.by_tag.get(previously, ()):
            yield Evidence.TAG_PREVIOUSLY, account.id
    if request.account_id is not None:
        yield Evidence.ACCOUNT_ID, request.account_id
    for account in world.by_email.get(request.email.key, ()):
        yield Evidence.EMAIL, account.id


def _claim(request: AccountRequest, world: _World) -> _Claim | None:
    signs = tuple(_evidence(request, world))
    if not signs:
        return None
    evidence, account_id = signs[0]
    other = next((sign for sign in signs if sign[1] != account_id), None)
    if other is not None:
        first, second = world.account_text(account_id), world.account_text(other[1])
        message = (
            f"two accounts claim this request: {first} by {_WORDS[evidence]}, and {second} by "
        )
        field = {Evidence.EMAIL: "email", Evidence.ACCOUNT_ID: "account_id"}.get(other[0])
        hint = f"take the tag {REQUEST_TAG} off the account that is not this request's"
        if field is not None:
            hint = f"correct `{field}` in {request.source.path}"
        world.block("AFT901", request, message + _WORDS[other[0]], hint)
    return _Claim(request=request, account_id=account_id, evidence=evidence)


def _settle_contests(claims: Iterable[_Claim], world: _World) -> None:
    """An account goes to the one request with the strongest evidence; a tie goes to none."""
    by_account: dict[AccountId, list[_Claim]] = defaultdict(list)
    for claim in claims:
        by_account[claim.account_id].append(claim)
    for account_id, rivals in by_account.items():
        if len(rivals) == 1:
            continue
        rivals.sort(key=lambda item: (item.evidence, item.request.id))
        is_tie = rivals[0].evidence == rivals[1].evidence
        for claim in rivals if is_tie else rivals[1:]:
            rival = rivals[0] if claim is not rivals[0] else rivals[1]
            found = f"account {world.account_text(account_id)}, found by {_WORDS[claim.evidence]}"
            owner = f"request {rival.request.id} by {_WORDS[rival.evidence]}"
            paths = f"{claim.request.source.path} and {rival.request.source.path}"
            hint = f"let only one of {paths} ask for it"
            world.block("AFT902", claim.request, f"{found}, belongs to {owner}", hint)


def _check_reserved(claims: Mapping[RequestId, _Claim], world: _World) -> None:
    """What an account has whose request cannot be read stays its own: its name, and the e-mail
    address that its creation was started with."""
    names: dict[str, RequestId] = {}
    emails: dict[str, RequestId] = {}
    for held in world.desired.held.requests.values():
        record = world.ledger.record(held.id)
        account = world.snapshot.account_by_id.get(AccountId(record.account_id or ""))
        if held.id in world.desired.request_by_id:
            continue  # the rules of one revision have seen it
        if account is not None:
            names[account.name.casefold()] = held.id
        if record.intent is not None:
            emails[EmailAddress(record.intent.email).key] = held.id
            names[record.intent.name.casefold()] = held.id
    for request in world.desired.requests if names or emails else ():
        claim, owner = claims.get(request.id), names.get(request.name.casefold())
        account = world.snapshot.account_by_id.get(claim.account_id) if claim else None
        if account is not None and account.name == request.name:
            owner = None
        what = f"the name {request.name!r}"
        if account is None and request.email.key in emails:
            owner, what = emails[request.email.key], f"the e-mail address {request.email}"
        if owner is not None:
            path = world.desired.held.requests[owner].path
            message = f"held back by an error: {what} is that of request {owner}, "
            message += f"whose file {path} cannot be read"
            hint = f"fix {path}, or choose another in {request.source.path}"
            world.block("AFT926", request, message, hint, Condition.HELD_BACK)


def _checked(claim: _Claim, world: _World) -> Account | None:
    """The claimed account, if it is there, free and in a state to be worked on."""
    request = claim.request
    account = world.snapshot.account_by_id.get(claim.account_id)
    _check_successor(claim, account, world)
    if account is None:
        _report_absent(claim, world)
        return None
    if account.state is AccountState.ACTIVE:
        return account
    message = f"account {account.name} ({account.id}) is {account.state.value}, "
    message += "so nothing can be done to it"
    if account.state is AccountState.PENDING_ACTIVATION:
        hint = "it will be usable once AWS has activated it; run again then"
        world.block("AFT904", request, message, hint)
    else:
        hint = "reopen it through AWS Support within 90 days of its closure, or remove "
        hint += f"{request.source.path}; its e-mail address cannot be used for a new account yet"
        world.block("AFT904", request, message, hint, Condition.ACCOUNT_SUSPENDED)
    return None


def _check_successor(claim: _Claim, account: Account | None, world: _World) -> None:
    """An account that another request had, or still has, is not taken over silently."""
    request = claim.request
    if claim.evidence in (Evidence.LEDGER, Evidence.LEDGER_PREVIOUSLY):
        return
    owners = [
        subject for subject in world.bound_to.get(claim.account_id, ()) if subject != request.id
    ]
    tag = account.tags.get(REQUEST_TAG) if account is not None else None
    if tag not in (None, request.id, request.previously):
        owners.append(str(tag))
    for owner in owners:
        what, path = f"account {world.account_text(claim.account_id)}", request.source.path
        if world.desired.has_file(owner):
            message = f"{what}, found by {_WORDS[claim.evidence]}, belongs to request {owner}"
            hint = f"correct `email` or `account_id` in {path}"
            world.block("AFT902", request, message, hint)
        elif owner != request.previously:
            world.kept.add(owner)
            message = f"{what} belongs to request {owner}, whose file is gone"
            hint = f"if this request was called {owner} before, add `previously: {owner}` to {path}"
            world.block(
                "AFT916", request, message, f"{hint}; if not, choose another e-mail address"
            )


def _report_absent(claim: _Claim, world: _World) -> None:
    request, path, what = claim.request, claim.request.source.path, f"account {claim.account_id}"
    if world.snapshot.scope is not None:
        message, hint = (
            f"{what} was not read by this limited plan",
            "run a plan of the whole organization",
        )
        world.block("AFT918", request, message, hint, Condition.NOT_READ)
    elif claim.evidence is Evidence.ACCOUNT_ID:
        message = f"{what} is to be adopted, but is not in this organization"
        hint = f"correct `account_id` in {path}, or invite the account first"
        world.block("AFT907", request, message, hint)
    else:
        message = f"{what} belongs to this request by the ledger, but is no longer in the "
        message += "organization; no second one is created"
        hint = f"bring the account back, or remove {path}, apply, and ask for a new account under "
        hint += "another id and e-mail address"
        world.block("AFT903", request, message, hint, Condition.ACCOUNT_GONE)
