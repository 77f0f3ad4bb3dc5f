"""Which account's network gets which range: claims, what is taken, and who holds what already.

Looks at every request of the repository and everything the ledger remembers, also for a plan that
is limited to a few requests, so that none of them is given what another one has or gets. The
arithmetic is ``aft.kinds.address_range.allocate``'s.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from ipaddress import IPv4Network

from aft.baselines.model import setting_ref
from aft.desired.model import AccountRequest
from aft.desired.networks import Claim, NetworkClaims, mentioned
from aft.errors import UserError
from aft.findings.model import Finding
from aft.kinds.address_range.allocate import (
    Allocations,
    Problem,
    RangeClaim,
    RangePool,
    Refusal,
    Taken,
    allocate,
)
from aft.ledger.events import ORGANIZATION, AccountRecord, is_of_organization
from aft.organization.model import OrganizationSnapshot
from aft.plan.draft import Draft, Look
from aft.plan.targets import target_of
from aft.plan.view import PlanView
from aft.values.cidrs import parse_cidr, parse_vpc_cidr
from aft.values.ids import AccountId, OrgUnitPath

LiveNetworks = Mapping[tuple[str, str], str | None]
"""By account id and setting: the range found inside the account, ``None`` when it has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Owner:
    """A claim with the account it is for, if there is one, and what is remembered of it."""

    claim: Claim
    account_id: AccountId | None
    remembered: str | None

    @property
    def key(self) -> tuple[str, str]:
        return str(self.claim.request.id), self.claim.setting

    @property
    def name(self) -> str:
        return "/".join(self.key)


def unseen_networks(view: PlanView, draft: Draft) -> Iterator[Look]:
    """The networks that accounts which exist may have already, and the ledger does not know."""
    claims = _claims(view)
    owners = [] if claims.is_empty else list(_owners(claims, view, draft))
    result = _allocated(owners, claims, view, None)
    looked_at = {request.id for request in view.requests} - draft.blocked
    for owner in owners:
        request = owner.claim.request
        site = draft.sites.get(request.id)
        if (
            site is None
            or site.account_id is None
            or owner.remembered is not None
            or owner.name not in result.ranges
            or request.id not in looked_at
        ):
            continue
        try:
            settings = target_of(view, site, {}).settings
        except UserError:
            continue  # said when the account's target is resolved
        for resolved in settings:
            if resolved.name == owner.claim.setting:
                yield Look(
                    ref=setting_ref(resolved.name),
                    target=request.id,
                    account_id=site.account_id,
                    subject=resolved,
                )


def plan_ranges(view: PlanView, draft: Draft, live: LiveNetworks | None) -> None:
    """A range for every claim. ``live`` is ``None`` without a look inside accounts: what is
    given then to accounts that exist is not final."""
    claims = _claims(view)
    if claims.is_empty:
        return
    owners = list(_owners(claims, view, draft))
    result = _allocated(owners, claims, view, live)
    for owner in owners:
        network, refusal = result.ranges.get(owner.name), result.refusals.get(owner.name)
        unseen = (
            live is not None
            and owner.account_id is not None
            and owner.remembered is None
            and (owner.account_id, owner.claim.setting) not in live
        )
        if refusal is not None:
            draft.held_back[owner.key] = _refused(owner, refusal)
        elif network is not None and unseen and owner.claim.wanted.cidr is None:
            draft.held_back[owner.key] = _unseen(owner)
        elif network is not None:
            draft.allocations[owner.key[0]][owner.claim.setting] = str(network)
        if owner.remembered is not None:
            draft.remembered[owner.key] = owner.remembered


def _claims(view: PlanView) -> NetworkClaims:
    return NetworkClaims(view.desired, view.settings)


def _allocated(
    owners: list[_Owner], claims: NetworkClaims, view: PlanView, live: LiveNetworks | None
) -> Allocations:
    wanted = [item for item in (_range_claim(owner, live) for owner in owners) if item is not None]
    return allocate(wanted, pools=_pools(view), taken=list(_taken(claims, owners, view)))


def _owners(claims: NetworkClaims, view: PlanView, draft: Draft) -> Iterator[_Owner]:
    left_behind = view.ledger.record(ORGANIZATION).allocations
    for request in view.desired.requests:
        site = draft.sites.get(request.id)
        ou = site.ou if site is not None else request.ou
        if not isinstance(ou, OrgUnitPath):
            continue
        found = tuple(claims.of(replace(view.desired.accounts[request.id], ou=ou)))
        if not found:
            continue
        record = _record(request, view)
        match = view.identities.matches.get(request.id)
        known = (match.account.id if match is not None else None) or record.account_id
        for claim in found:
            remembered = record.allocations.get(claim.setting)
            if record.account_id not in (None, known):
                remembered = None  # another account's
            yield _Owner(
                claim=claim,
                account_id=AccountId(known) if known else None,
                remembered=remembered or left_behind.get(f"{known}/{claim.setting}"),
            )


def _record(request: AccountRequest, view: PlanView) -> AccountRecord:
    record = view.ledger.record(request.id)
    if record.account_id is None and request.previously is not None:
        return view.ledger.records.get(request.previously) or record
    return record


def _range_claim(owner: _Owner, live: LiveNetworks | None) -> RangeClaim | None:
    wanted = owner.claim.wanted
    held = owner.remembered
    if held is None and live is not None and owner.account_id is not None:
        held = live.get((owner.account_id, owner.claim.setting))
    try:
        given = parse_vpc_cidr(wanted.cidr) if wanted.cidr is not None else None
        return RangeClaim(
            owner=owner.name,
            given=given,
            held=parse_cidr(held) if held else None,
            pool=wanted.pool,
            prefix=wanted.prefix,
        )
    except ValueError:
        return None  # the files are valid, so the ledger is damaged; the setting then refuses


def _pools(view: PlanView) -> Mapping[str, RangePool]:
    return {
        name: RangePool(
            range=parse_cidr(pool.cidr), reserved=tuple(parse_cidr(text) for text in pool.reserved)
        )
        for name, pool in view.desired.config.networks.pools.items()
    }


def _taken(claims: NetworkClaims, owners: Iterable[_Owner], view: PlanView) -> Iterator[Taken]:
    desired, ledger = view.desired, view.ledger
    for text in desired.config.networks.reserved:
        yield "networks.reserved of aft.yaml", parse_cidr(text)
    claimed = {(owner.key[0], owner.claim.wanted.field) for owner in owners}
    fields = claims.fields()
    for request in desired.asked_for:
        for path, network in mentioned(request.custom_fields, fields):
            if (str(request.id), path) not in claimed:
                yield str(request.id), network
    mine = {owner.key for owner in owners}
    current = {owner.account_id for owner in owners if owner.account_id is not None}
    heirs = {item.previously for item in desired.requests if item.previously is not None}
    for subject, record in ledger.records.items():
        if is_of_organization(subject):
            yield from _left_behind(record, view.snapshot, current)
            continue
        if not desired.has_file(subject) and record.account_id is None:
            continue  # asked for and taken back before there was an account
        if subject in heirs and record.account_id in current:
            continue  # it goes by another request id now
        for name, text in record.allocations.items():
            known = _parsed(text)
            if (subject, name) not in mine and known is not None:
                yield f"{subject}/{name}", known


def _left_behind(
    record: AccountRecord, snapshot: OrganizationSnapshot, current: set[AccountId]
) -> Iterator[Taken]:
    """Networks of accounts that were forgotten: left alone, so still there."""
    for key, text in record.allocations.items():
        account_id = AccountId(key.partition("/")[0])
        gone = snapshot.scope is None and account_id not in snapshot.account_by_id
        network = _parsed(text)
        if network is not None and not gone and account_id not in current:
            yield f"account {account_id}, which was forgotten", network


def _parsed(text: str) -> IPv4Network | None:
    with suppress(ValueError):
        return parse_cidr(text)
    return None


def _refused(owner: _Owner, refusal: Refusal) -> Finding:
    request, wanted = owner.claim.request, owner.claim.wanted
    match refusal.problem:
        case Problem.EXHAUSTED:
            code = "AFT930"
            why = f"pool {wanted.pool} ({refusal.range}) has no /{wanted.prefix} left"
            hint = f"enlarge `networks.pools.{wanted.pool}` in aft.yaml, or add another pool"
        case Problem.OVERLAP:
            code = "AFT931"
            why = f"{wanted.cidr} overlaps {refusal.range} of {refusal.other}"
            hint = f"give another range in {request.source.path}"
        case Problem.NO_POOL:
            code = "AFT930"
            why = f"there is no pool {wanted.pool!r}"
            hint = f"add `networks.pools.{wanted.pool}` to aft.yaml"
    setting = f"setting {owner.claim.setting} ({owner.claim.source})"
    return Finding(
        code=code, target=request.id, message=f"{setting} gets no network: {why}", hint=hint
    )


def _unseen(owner: _Owner) -> Finding:
    return Finding(
        code="AFT932",
        target=owner.claim.request.id,
        message=f"setting {owner.claim.setting} waits: the ledger does not know the network of "
        f"account {owner.account_id}, and the account cannot be read now",
        hint="run again when the account can be read",
    )
