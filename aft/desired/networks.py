"""Which ranges of addresses the requests and baselines ask for, and what is wrong with them. Pure.
A range counts in any place: a field that some baseline's network reads is occupied for all
requests, also in a request whose own baseline makes no network."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from ipaddress import IPv4Network
from itertools import chain
from typing import Any, NamedTuple

from aft.baselines.model import ClaimsNetwork, NetworkClaim, SettingParameters, SettingSpec
from aft.baselines.select import Settings, resolve
from aft.config.model import CONFIG_PATH, NetworksConfig
from aft.desired.model import AccountRequest, DesiredAccount, DesiredState
from aft.desired.rules import Places, about
from aft.errors import UserError
from aft.findings.model import Finding, SourceRef, finding_at
from aft.findings.validation import value_at
from aft.organization.model import AccountFacts
from aft.values.cidrs import parse_cidr, parse_vpc_cidr
from aft.values.ids import OrgUnitPath
from aft.values.placeholders import has_placeholders
from aft.values.suggestions import did_you_mean


class Claim(NamedTuple):
    """What a setting at ``source`` wants for a request's account."""

    request: AccountRequest
    setting: str
    source: SourceRef
    wanted: NetworkClaim


class NetworkClaims:
    """Reads claims off requests; cheap enough to ask for every request of a repository."""

    def __init__(self, state: DesiredState, settings: Settings) -> None:
        self._config = state.config
        self._settings = settings
        self._parameters: dict[SourceRef, SettingParameters] = {}
        # Asked once for each plug-in: such a question is expensive.
        self._claiming: Mapping[str, ClaimsNetwork] = {
            name: plugin for name, plugin in settings.items() if isinstance(plugin, ClaimsNetwork)
        }
        self._specs = {
            name: tuple(spec for spec in baseline.settings if spec.setting in self._claiming)
            for name, baseline in state.baselines.items()
        }

    @property
    def is_empty(self) -> bool:
        """No baseline makes a network."""
        return not any(self._specs.values())

    def of(self, account: DesiredAccount) -> Iterator[Claim]:
        """The claims for ``account``. A setting whose parameters do not fit this account is left
        out: it is reported elsewhere."""
        chosen = None if self.is_empty else account.choice.baseline
        for spec in self._specs[chosen.name] if chosen is not None else ():
            try:
                parameters = self._resolved(spec, account.facts)
            except UserError:
                continue
            wanted = self._claiming[spec.setting].network_claim(account.facts, parameters)
            if wanted is not None:
                yield Claim(account.request, spec.setting, spec.source, wanted)

    def _resolved(self, spec: SettingSpec, facts: AccountFacts) -> SettingParameters:
        known = self._parameters.get(spec.source)
        if known is not None:
            return known
        parameters = resolve(spec, facts, self._settings[spec.setting]).parameters
        if not has_placeholders(spec.parameters):
            self._parameters[spec.source] = parameters
        return parameters

    def fields(self) -> frozenset[tuple[str, ...]]:
        """The fields of requests that hold ranges, over all baselines."""
        sample = AccountFacts(
            request_id="sample",
            account_id=None,
            name="sample",
            email="aws+sample@example.com",
            ou=OrgUnitPath(("Sample",)),
            home_region=self._config.home_region,
            regions=self._config.regions,
        )
        found: set[tuple[str, ...]] = set()
        for spec in chain.from_iterable(self._specs.values()):
            with suppress(UserError):
                parameters = self._resolved(spec, sample)
                found.update(self._claiming[spec.setting].network_fields(parameters))
        return frozenset(found)


def mentioned(
    custom_fields: Mapping[str, Any], fields: Iterable[tuple[str, ...]]
) -> Iterator[tuple[tuple[str, ...], IPv4Network]]:
    """The valid ranges that a request writes in these fields."""
    for field in sorted(fields):
        try:
            value = value_at(custom_fields, field[1:])
            network = parse_cidr(value) if isinstance(value, str) else None
        except (LookupError, ValueError):
            continue
        if network is not None:
            yield field, network


def check_networks(state: DesiredState, settings: Settings, places: Places) -> Iterator[Finding]:
    """Ranges that are none, that two requests have, that are outside the pools; unknown pools."""
    claims = NetworkClaims(state, settings)
    if claims.is_empty:
        return
    checker = _Checker(state.config.networks, places)
    fields = claims.fields()
    for request in state.requests:
        account = state.accounts[request.id]
        mine = tuple(claims.of(account)) if account.is_baseline_known else ()
        for claim in mine:
            yield from checker.check(claim)
        checker.note(request, mine, fields)
    yield from checker.overlaps()


class _Written(NamedTuple):
    """A range and where it is written; ``claimed`` when a network is made of it."""

    range: IPv4Network
    who: str
    source: SourceRef
    request: AccountRequest | None = None
    field: tuple[str, ...] = ()
    claimed: bool = False


class _Checker:
    def __init__(self, config: NetworksConfig, places: Places) -> None:
        self._config = config
        self._places = places
        self._written: list[_Written] = []
        self._reported: set[SourceRef] = set()
        self._pools = dict(_valid((name, pool.cidr) for name, pool in config.pools.items()))
        for _, network in _valid((text, text) for text in config.reserved):
            who = "`networks.reserved` of aft.yaml"
            self._written.append(_Written(network, who, SourceRef(CONFIG_PATH)))

    def check(self, claim: Claim) -> Iterator[Finding]:
        """One claim by itself."""
        wanted = claim.wanted
        if wanted.cidr is None:
            yield from self._check_pool(claim)
            return
        try:
            network = parse_vpc_cidr(wanted.cidr)
        except ValueError as error:
            hint = "write another range, /16 to /28"
            found = finding_at("AFT330", self._place(claim), str(error), hint)
            yield about(found, claim.request)
            return
        if network.prefixlen > wanted.smallest:
            needs = f"it wants /{wanted.smallest} or larger"
            message = f"{network} is too small for this network: {needs}"
            found = finding_at("AFT330", self._place(claim), message, "write a larger range")
            yield about(found, claim.request)
        inside = any(network.subnet_of(pool) for pool in self._pools.values())
        if self._config.pools_only and not inside:
            pools = ", ".join(f"{name} ({pool})" for name, pool in self._pools.items()) or "none"
            message = f"{network} is outside every pool of aft.yaml: {pools}"
            hint = "choose a range in one of them, or leave it out to have one allocated"
            yield about(finding_at("AFT332", self._place(claim), message, hint), claim.request)

    def _check_pool(self, claim: Claim) -> Iterator[Finding]:
        wanted, source = claim.wanted, claim.source
        if not wanted.pool:
            where = ".".join(wanted.field) or "`cidr`"
            place = self._places.at(claim.request.id, ("baseline",))
            message = f"setting {claim.setting!r} ({source}) has no range for this account: "
            message += f"{where} is not given, and the baseline names no pool"
            hint = f"write {where} in the request, or `pool` in the baseline"
            yield about(finding_at("AFT333", place, message, hint), claim.request)
            return
        pool = self._pools.get(wanted.pool)
        if pool is None:
            message = f"there is no network pool {wanted.pool!r} in aft.yaml"
            hint = did_you_mean(wanted.pool, self._pools) or "add it under `networks.pools`"
        elif wanted.prefix < pool.prefixlen:
            message = f"a /{wanted.prefix} does not fit into pool {wanted.pool!r} ({pool})"
            hint = "write a longer `prefix`, or enlarge the pool"
        else:
            return
        if source not in self._reported:
            self._reported.add(source)
            yield finding_at("AFT333", source, message, hint)

    def note(
        self, request: AccountRequest, claims: Iterable[Claim], fields: Iterable[tuple[str, ...]]
    ) -> None:
        """Remember what ``request`` writes, for ``overlaps``."""
        who = f"{request.id} ({request.source.path})"
        claimed: set[tuple[str, ...]] = set()
        for claim in claims:
            found = dict(_valid([("", claim.wanted.cidr or "")]))
            if found:
                claimed.add(claim.wanted.field)
                field = claim.wanted.field
                self._written.append(
                    _Written(found[""], who, claim.source, request, field, claimed=True)
                )
        for field, network in mentioned(request.custom_fields, fields):
            if field not in claimed:
                self._written.append(_Written(network, who, request.source, request, field))

    def overlaps(self) -> Iterator[Finding]:
        """Ranges are nested or apart: going through them in order, only those around count."""
        around: list[_Written] = []
        order = sorted(self._written, key=lambda item: (item.range, item.who))
        for item in order:
            while around and not around[-1].range.overlaps(item.range):
                around.pop()
            other = next((each for each in reversed(around) if each.claimed or item.claimed), None)
            if other is not None and not _is_same(item, other):
                first, last = sorted((item, other), key=_claims_most)
                source = last.source
                if last.request is not None and last.field:
                    source = self._places.at(last.request.id, last.field)
                message = f"{last.range} overlaps {first.range} of {first.who}"
                hint = "give each account's network a different range"
                both = (each.request for each in (last, first) if each.request is not None)
                yield about(finding_at("AFT331", source, message, hint), *both)
            around.append(item)

    def _place(self, claim: Claim) -> SourceRef:
        field = claim.wanted.field
        return self._places.at(claim.request.id, field) if field else claim.source


def _claims_most(item: _Written) -> tuple[bool, bool, str]:
    """The one to report is last: a request that claims, and of two the later."""
    return item.request is not None, item.claimed, item.who


def _is_same(one: _Written, other: _Written) -> bool:
    return one.request is other.request and one.field == other.field and one.range == other.range


def _valid(texts: Iterable[tuple[str, str]]) -> Iterator[tuple[str, IPv4Network]]:
    for name, text in texts:
        try:
            yield name, parse_cidr(text)
        except ValueError:
            continue
