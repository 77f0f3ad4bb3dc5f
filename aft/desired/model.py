"""What git asks for: account requests with defaults merged, and the whole desired state.

Everything here is valid by construction: ``parse`` and ``rules`` report findings, and only
a repository without errors becomes a ``DesiredState``. Nothing inside re-validates.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from aft.baselines.model import Baseline
from aft.config.model import Config
from aft.customizations.model import Customization
from aft.findings.model import SourceRef
from aft.organization.model import Budget, Contact
from aft.organization.spec import OrganizationSpec
from aft.values.ids import AccountId, EmailAddress, OrgUnitId, OrgUnitPath, RequestId, Revision


class LifecycleState(enum.StrEnum):
    """What the account is meant to be."""

    ACTIVE = "active"
    QUARANTINED = "quarantined"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Who answers for the account."""

    team: str
    email: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRequest:
    """One account somebody asks for. ``source`` is its file; ``blob_id`` the file's content.

    ``ou`` is a path, or AWS's own id of an OU (``ou-…``). ``baseline`` is ``None`` when it is
    to be selected by OU or tag. ``parameters`` are given to customizations, by name.
    ``account_id`` adopts that existing account.
    """

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
    account_id: AccountId | None = None
    previously: RequestId | None = None


@dataclass(frozen=True, kw_only=True)
class DesiredState:
    """Everything git says at one revision. ``requests`` are sorted by id.

    ``customizations`` are keyed by name and include ``global`` when that folder has steps.
    ``baselines`` are keyed by name. ``withheld`` are keys of ``aft.yaml`` whose values here are
    another revision's, which is trusted, and not those of this one. ``parts`` are what kinds read
    from their own keys of ``organization.yaml``, by kind; nothing where the file is not there.
    """

    revision: Revision
    config: Config
    organization: OrganizationSpec
    requests: tuple[AccountRequest, ...]
    baselines: Mapping[str, Baseline]
    customizations: Mapping[str, Customization]
    withheld: tuple[str, ...] = ()
    parts: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def request_by_id(self) -> Mapping[RequestId, AccountRequest]:
        return {request.id: request for request in self.requests}
