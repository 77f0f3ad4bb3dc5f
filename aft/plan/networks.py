"""Which account's network gets which range: claims, what is taken, and who holds what already.

Looks at every request of the repository and everything the ledger remembers, also for a plan that
is limited to a few requests, so that none of them is given what another one has or gets. The
arithmetic is ``aft.plan.allocate``'s.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network
from typing import Any

from aft.baselines.model import BaselineSetting
from aft.desired.model import AccountRequest, DesiredState
from aft.desired.networks import Claim, NetworkClaims, mentioned
from aft.ledger.events import ORGANIZATION, AccountRecord, LedgerState, is_of_organization
from aft.organization.model import OrganizationSnapshot
from aft.plan.allocate import (
    Allocations,
    Problem,
    RangeClaim,
    RangePool,
    Refusal,
    Taken,
    allocate,
)
from aft.plan.fields import CIDR, field_of
from aft.plan.identity import Identities
from aft.plan.model import Attention, Change, FieldChange
from aft.values.cidrs import parse_cidr, parse_vpc_cidr
from aft.values.ids import AccountId, OrgUnitPath

Settings = Mapping[str, BaselineSetting[Any, Any]]
LiveNetworks = Mapping[tuple[str, str], str | None]
"""By account id and setting: the range found inside the account, ``None`` when it has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Networks:
    """The outcome, by request id and then by setting name.

    ``remembered`` is what the ledger has: whatever else is given is new to it. ``held_back``
    are settings that wait, by request id and setting name, with the reason.
    """

    given: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    remembered: Mapping[tuple[str, str], str] = field(default_factory=dict)
    held_back: Mapping[tuple[str, str], Attention] = field(default_factory=dict)

    def of(self, request_id: str) -> Mapping[str, str]:
        """The ranges of one request's account, by setting."""
        return self.given.get(request_id, {})

    def range_field(self, request_id: str, setting: str) -> FieldChange | None:
        """A setting's range, as a change shows it; ``None`` when it has none of its own."""
        cidr = self.of(request_id).get(setting)
        if cidr is None:
            return None
        return FieldChange(
            field=CIDR, before=self.remembered.get((request_id, setting)), after=cidr
        )


NO_NETWORKS = Networks()


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


def plan_networks(
    desired: DesiredState,
    snapshot: OrganizationSnapshot,
    ledger: LedgerState,
    *,
    settings: Settings,
    identities: Identities,
    place_of: Callable[[AccountRequest], OrgUnitPath | None],
    live: LiveNetworks | None,
) -> Networks:
    """Ranges for every claim. ``live`` is ``None`` before anything was read inside accounts:
    what is given then to accounts that exist is not final, but says what to read."""
    claims = NetworkClaims(desired.baselines, desired.config, settings)
    if claims.is_empty:
        return NO_NETWORKS
    owners = list(_owners(claims, desired, ledger, identities, place_of))
    wanted = [item for item in (_range_claim(owner, live) for owner in owners) if item is not None]
    result = allocate(
        wanted,
        pools=_pools(desired),
        taken=list(_taken(claims, owners, desired, snapshot, ledger)),
    )
    return _outcome(owners, result, live)


def networks_to_read(changes: tuple[Change, ...]) -> tuple[Change, ...]:
    """Changes that would give a range to an account that exists: it may have one already."""
    return tuple(
        change
        for change in changes
        if change.account_id is not None
        and (given := field_of(change, CIDR)) is not None
        and given.before is None
    )


def _owners(
    claims: NetworkClaims,
    desired: DesiredState,
    ledger: LedgerState,
    identities: Identities,
    place_of: Callable[[AccountRequest], OrgUnitPath | None],
) -> Iterator[_Owner]:
    left_behind = ledger.record(ORGANIZATION).allocations
    for request in desired.requests:
        ou = place_of(request)
        if ou is None:
            continue
        found = claims.of(request, ou)
        if not found:
            continue
        match = identities.matches.get(request.id)
        record = _record(request, ledger)
        account_id = match.account.id if match is not None else None
        known = account_id or record.account_id
        for claim in found:
            remembered = record.allocations.get(claim.setting)
            if record.account_id not in (None, known):
                remembered = None  # another account's
            yield _Owner(
                claim=claim,
                account_id=AccountId(known) if known else None,
                remembered=remembered or left_behind.get(f"{known}/{claim.setting}"),
            )


def _record(request: AccountRequest, ledger: LedgerState) -> AccountRecord:
    record = ledger.record(request.id)
    if record.account_id is None and request.previously is not None:
        return ledger.records.get(request.previously) or record
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


def _pools(desired: DesiredState) -> Mapping[str, RangePool]:
    return {
        name: RangePool(
            range=parse_cidr(pool.cidr), reserved=tuple(parse_cidr(text) for text in pool.reserved)
        )
        for name, pool in desired.config.networks.pools.items()
    }


def _taken(
    claims: NetworkClaims,
    owners: list[_Owner],
    desired: DesiredState,
    snapshot: OrganizationSnapshot,
    ledger: LedgerState,
) -> Iterator[Taken]:
    for text in desired.config.networks.reserved:
        yield "networks.reserved of aft.yaml", parse_cidr(text)
    claimed = {(owner.key[0], owner.claim.wanted.field) for owner in owners}
    fields = claims.fields()
    for request in desired.requests:
        for path, network in mentioned(request, fields):
            if (str(request.id), path) not in claimed:
                yield str(request.id), network
    mine = {owner.key for owner in owners}
    current = {owner.account_id for owner in owners if owner.account_id is not None}
    heirs = {item.previously for item in desired.requests if item.previously is not None}
    for subject, record in ledger.records.items():
        if is_of_organization(subject):
            yield from _left_behind(record, snapshot, current)
            continue
        if subject not in desired.request_by_id and record.account_id is None:
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
    try:
        return parse_cidr(text)
    except ValueError:
        return None


def _outcome(owners: list[_Owner], result: Allocations, live: LiveNetworks | None) -> Networks:
    given: dict[str, dict[str, str]] = {}
    held_back: dict[tuple[str, str], Attention] = {}
    for owner in owners:
        network, refusal = result.ranges.get(owner.name), result.refusals.get(owner.name)
        unseen = (
            live is not None
            and owner.account_id is not None
            and owner.remembered is None
            and (owner.account_id, owner.claim.setting) not in live
        )
        if refusal is not None:
            held_back[owner.key] = _refused(owner, refusal)
        elif network is not None and unseen and owner.claim.wanted.cidr is None:
            held_back[owner.key] = _unseen(owner)
        elif network is not None:
            given.setdefault(owner.key[0], {})[owner.claim.setting] = str(network)
    return Networks(
        given=given,
        remembered={owner.key: owner.remembered for owner in owners if owner.remembered},
        held_back=held_back,
    )


def _refused(owner: _Owner, refusal: Refusal) -> Attention:
    request, wanted = owner.claim.request, owner.claim.wanted
    setting = f"setting {owner.claim.setting} ({owner.claim.source})"
    match refusal.problem:
        case Problem.EXHAUSTED:
            return Attention(
                code="AFT930",
                target=request.id,
                message=f"{setting} gets no network: pool {wanted.pool} ({refusal.range}) has no "
                f"/{wanted.prefix} left",
                hint=f"enlarge `networks.pools.{wanted.pool}` in aft.yaml, or add another pool",
            )
        case Problem.OVERLAP:
            return Attention(
                code="AFT931",
                target=request.id,
                message=f"{setting} gets no network: {wanted.cidr} overlaps {refusal.range} of "
                f"{refusal.other}",
                hint=f"give another range in {request.source.path}",
            )
        case Problem.NO_POOL:
            return Attention(
                code="AFT930",
                target=request.id,
                message=f"{setting} gets no network: there is no pool {wanted.pool!r}",
                hint=f"add `networks.pools.{wanted.pool}` to aft.yaml",
            )


def _unseen(owner: _Owner) -> Attention:
    return Attention(
        code="AFT932",
        target=owner.claim.request.id,
        message=f"setting {owner.claim.setting} waits: the ledger does not know the network of "
        f"account {owner.account_id}, and the account cannot be read now",
        hint="run again when the account can be read",
    )
