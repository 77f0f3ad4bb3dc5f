"""What git asks for: account requests with defaults merged, and the whole desired state. Everything
here is valid by construction: ``parse`` and ``rules`` report findings, and only a repository
without errors becomes a ``DesiredState``. Nothing inside re-validates."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from typing import Any

from aft.baselines.model import Baseline
from aft.baselines.select import BaselineChoice, select_baseline
from aft.config.allowance import OwnAllowance
from aft.config.model import Config
from aft.customizations.model import Customization
from aft.customizations.select import customizations_of
from aft.desired.held import NOTHING, HeldBack, HeldRequest
from aft.findings.model import Finding, SourceRef
from aft.organization.model import REQUEST_TAG, AccountFacts, Budget, Contact, Surroundings
from aft.organization.spec import OrganizationSpec
from aft.values.ids import AccountId, EmailAddress, OrgUnitId, OrgUnitPath, RequestId, Revision


class LifecycleState(enum.StrEnum):
    """What the account is meant to be."""

    ACTIVE = "active"
    QUARANTINED = "quarantined"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Who is responsible for the account."""

    team: str
    email: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Protection:
    """Why an account is protected, who asked for it, and until when; as far as the file says."""

    reason: str = ""
    by: str = ""
    until: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRequest:
    """One account someone asks for. ``source`` is its file; ``blob_id`` the file's content. ``ou``
    is a path, or AWS's own id of an OU (``ou-…``). ``baseline`` is ``None`` when it is to be
    selected by OU or tag. ``parameters`` are given to customizations, by name. ``account_id``
    adopts that existing account. ``protection`` says more about ``protect``."""

    id: RequestId
    name: str
    email: EmailAddress
    ou: OrgUnitPath | OrgUnitId
    source: SourceRef
    blob_id: str
    owner: Owner | None = None
    reason: str = ""
    ticket: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    contacts: Mapping[str, Contact] = field(default_factory=dict)
    budget: Budget | None = None
    regions: tuple[str, ...] = ()
    baseline: str | None = None
    customizations: tuple[str, ...] = ()
    parameters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    custom_fields: Mapping[str, Any] = field(default_factory=dict)
    depends_on: tuple[RequestId, ...] = ()
    state: LifecycleState = LifecycleState.ACTIVE
    protect: bool = False
    protection: Protection = Protection()
    allow: tuple[OwnAllowance, ...] = ()
    account_id: AccountId | None = None
    previously: RequestId | None = None

    @property
    def ou_path(self) -> OrgUnitPath:
        """The OU's path; the root where only AWS knows it."""
        return self.ou if isinstance(self.ou, OrgUnitPath) else OrgUnitPath()


def desired_tags(request: AccountRequest) -> Mapping[str, str]:
    """The tags aft answers for: the request's own, and the one that says whose it is."""
    return {**request.tags, REQUEST_TAG: str(request.id)}


@dataclass(frozen=True, kw_only=True)
class DesiredAccount:
    """What git decides about the account of ``request`` in ``ou``: its baseline, and what settings,
    templates and scripts may see of it. Each is decided here, at most once. ``email`` is the
    account's own address, where the account is known."""

    request: AccountRequest
    config: Config
    baselines: Mapping[str, Baseline]
    ou: OrgUnitPath
    account_id: AccountId | None = None
    email: str | None = None
    around: Surroundings = field(default_factory=Surroundings)
    allocations: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_baseline_known(self) -> bool:
        """Which baseline an OU given by AWS's id selects is only known to the plan."""
        return isinstance(self.request.ou, OrgUnitPath) or self.request.baseline is not None

    @cached_property
    def choice(self) -> BaselineChoice:
        return select_baseline(request=self.request, ou=self.ou, baselines=self.baselines)

    @cached_property
    def facts(self) -> AccountFacts:
        return account_facts(self)


def account_facts(account: DesiredAccount) -> AccountFacts:
    """``regions`` are the request's, else the configuration's, home first."""
    request, config = account.request, account.config
    regions = (config.home_region, *(request.regions or config.governed_regions))
    owner = request.owner
    return AccountFacts(
        request_id=request.id,
        account_id=account.account_id,
        name=request.name,
        email=account.email or request.email,
        ou=account.ou,
        home_region=config.home_region,
        regions=tuple(dict.fromkeys(regions)),
        tags=request.tags,
        owner={"team": owner.team, "email": owner.email} if owner else {},
        contacts=request.contacts,
        custom_fields=request.custom_fields,
        allocations=account.allocations,
        budget=request.budget,
        around=account.around,
    )


@dataclass(frozen=True, kw_only=True)
class DesiredState:
    """Everything git says at one revision. ``requests`` are sorted by id. ``customizations`` are
    keyed by name and include ``global`` when that folder has steps. ``baselines`` are keyed by
    name. ``withheld`` are keys of ``aft.yaml`` whose values here are another revision's, which is
    trusted, and not those of this one. ``parts`` are what kinds read from their own keys of
    ``organization.yaml``, by kind; nothing where the file is not there. ``held`` is what errors in
    files hold back: of it ``requests``, ``baselines`` and ``customizations`` have what is sound."""

    revision: Revision
    config: Config
    organization: OrganizationSpec
    requests: tuple[AccountRequest, ...]
    baselines: Mapping[str, Baseline]
    customizations: Mapping[str, Customization]
    withheld: tuple[str, ...] = ()
    parts: Mapping[str, Any] = field(default_factory=dict)
    held: HeldBack = NOTHING
    has_folder: bool = True
    """There is a folder of requests: without it, no request counts as removed."""

    @cached_property
    def request_by_id(self) -> Mapping[RequestId, AccountRequest]:
        return {request.id: request for request in self.requests}

    @cached_property
    def accounts(self) -> Mapping[RequestId, DesiredAccount]:
        """By request, as far as the files alone can tell."""
        return {request.id: self.account(request) for request in self.requests}

    def account(self, request: AccountRequest) -> DesiredAccount:
        """The account of a request, be it of another day, under this configuration."""
        return DesiredAccount(
            request=request,
            config=self.config,
            baselines=self.baselines,
            ou=request.ou_path,
            account_id=request.account_id,
        )

    @property
    def asked_for(self) -> tuple[AccountRequest | HeldRequest, ...]:
        """Every request, of those held back also what can be read of their files."""
        return (*self.requests, *self.held.requests.values())

    def has_file(self, request_id: str) -> bool:
        """There is a file for this request, be it one with errors."""
        return request_id in self.request_by_id or request_id in self.held.requests

    def held_by(self, request: AccountRequest, ou: OrgUnitPath) -> Finding | None:
        """The error that holds the account of ``request`` back, which is or will be in ``ou``."""
        held = self.held
        if held is NOTHING:
            return None
        if request.id in held.requests:
            return held.requests[request.id].finding
        choice = replace(self.account(request), ou=ou).choice
        chosen = (choice.baseline.name,) if choice.baseline is not None else choice.tied
        got = (item.name for item in customizations_of(request, ou, self.customizations))
        found = [held.baselines.get(name) for name in (request.baseline, *chosen) if name]
        found += [held.customizations.get(name) for name in (*request.customizations, *got)]
        # An error may leave open whether its baseline and customizations are these.
        found.append(held.open_baseline if request.baseline is None else None)
        return next(filter(None, (*found, held.open_customization)), None)
