"""The port through which accounts are created, and the words spoken through it.

A provider is a plug-in (entry point group ``aft.account_providers``), chosen by ``provider`` in
``aft.yaml``. Its docstrings are its contract; ``tests/contract/test_account_providers.py`` runs one
suite over every provider. Calls are short: they begin or look, they never wait. All raise
``aft.errors`` only.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from aft.aws_clients import ClientOf
from aft.errors import Terminal
from aft.organization.model import OrganizationSnapshot
from aft.values.ids import AccountId, OrgUnitId, OrgUnitPath, RequestId

# --- what is asked for ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """An account to be created. ``tags`` include the request's own. ``ou`` is where the account is
    to end, ``ou_path`` the same in words where it is known. ``token`` has at most 64 letters,
    digits and hyphens; it is the same whenever this application is repeated, also by a later run,
    and new for every other one."""

    request_id: RequestId
    name: str
    email: str
    ou: OrgUnitId
    ou_path: OrgUnitPath | None
    tags: Mapping[str, str]
    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierApplication:
    """What was noted before an application was started, perhaps by a run that was killed. Whether
    it was started is not known. ``at`` is when it was noted."""

    request_id: RequestId
    name: str
    email: str
    token: str
    at: datetime


# --- what is answered -----------------------------------------------------------------------


class CreationState(enum.StrEnum):
    """The state of a creation."""

    IN_PROGRESS = "IN_PROGRESS"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True, kw_only=True)
class CreationFailure:
    """Why an account was not created, and what that means for its requester. ``reason`` is the
    vendor's own word; ``hint`` says in one sentence what to do. ``account_exists``: an account has
    this e-mail address already, perhaps the one that is wanted. ``tries`` is how many more
    applications are worth while, each after a pause. When neither is set the failure is final until
    someone follows the hint."""

    reason: str
    hint: str
    account_exists: bool = False
    tries: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Creation:
    """An account creation as the provider reports it. ``failure`` is set when it has failed."""

    id: str
    account_name: str
    state: CreationState
    requested_at: datetime
    account_id: AccountId | None = None
    failure: CreationFailure | None = None


class CreationRefused(Terminal):
    """The provider refuses an application; nothing was started."""

    def __init__(self, message: str, *, failure: CreationFailure) -> None:
        super().__init__(message, hint=failure.hint, code=failure.reason)
        self.failure = failure


# --- the provider ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class PollingPace:
    """How often to look at creations: soon at first, rarer with age. Seconds between two looks are
    ``share`` of the creation's age, but at least ``soonest`` and at most ``rarest``."""

    soonest: float = 0.25
    rarest: float = 5.0
    share: float = 0.05

    def interval(self, age: float) -> float:
        """Seconds until the next look at a creation that is ``age`` seconds old."""
        return min(self.rarest, max(self.soonest, self.share * age))


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderTraits:
    """What the engine must know of a provider. ``max_in_flight`` creations may be in progress at a
    time. ``is_idempotent``: beginning twice with one token is beginning once; the repetition
    answers with the first creation, also while no further one is accepted. ``tags_accounts``: new
    accounts carry the application's tags from birth. ``settles_after``: once an application is this
    old, ``find`` shows what came of it."""

    max_in_flight: int
    is_idempotent: bool
    tags_accounts: bool
    settles_after: timedelta
    pace: PollingPace = field(default_factory=PollingPace)


class AccountProvider(Protocol):
    """Creates accounts. Safe to use from several threads."""

    @property
    def traits(self) -> ProviderTraits: ...

    def birthplace(self, ou: OrgUnitId, organization: OrganizationSnapshot) -> OrgUnitId | None:
        """The OU in which an account applied for in ``ou`` is born; ``None`` when only looking
        tells. Makes no call."""
        ...

    def begin(self, application: Application) -> Creation:
        """Ask for one account; exactly one attempt, never repeated inside. Raises ``Transient`` or
        ``Conflict`` when it is not accepted for the moment (``Throttled`` when all slots are
        taken), ``CreationRefused`` when it never will be as it is, ``UnknownOutcome`` when the
        reply was lost. But for the last, nothing was started."""
        ...

    def look(self, creation_id: str) -> Creation:
        """One creation as it is now. Raises ``NotFound``."""
        ...

    def in_progress(self) -> Sequence[Creation]:
        """All creations in progress, of any requester, by one call where the vendor has one.
        May lag: a creation that was never in it may be too new."""
        ...

    def find(self, earlier: EarlierApplication) -> Sequence[Creation]:
        """The creations that may have come of ``earlier``, the likeliest first; those that failed
        left nothing and are not among them. A provider that cannot be sure gives all it may be:
        the account's tag or e-mail address decides afterwards."""
        ...


class ManagementAccess(Protocol):
    """What a provider is given of the organization's management account."""

    @property
    def home_region(self) -> str: ...

    @property
    def global_region(self) -> str:
        """Where services that are not regional answer, such as Organizations."""
        ...

    @property
    def member_role(self) -> str:
        """The name of the role by which aft enters member accounts."""
        ...

    @property
    def client(self) -> ClientOf:
        """Gives clients of boto3's shape, in the home region unless another is named, whose errors
        are those of ``aft.errors``."""
        ...

    @property
    def client_once(self) -> ClientOf:
        """The same, and no call of theirs is ever sent twice."""
        ...

    def note_tagged(self, account_id: AccountId, *, at: datetime | None = None) -> None:
        """This account was born with tags ``at`` (now): bulk answers may not show them yet."""
        ...


class AccountProviderPlugin(Protocol):
    """What an entry point names: a class made without arguments, cheap to import."""

    @property
    def name(self) -> str:
        """How ``aft.yaml`` calls it."""
        ...

    @property
    def effect_version(self) -> int:
        """Goes up when applications are carried out otherwise: a plan that was reviewed before is
        then refused."""
        ...

    def connect(self, management: ManagementAccess) -> AccountProvider:
        """The provider for one organization; makes no call yet."""
        ...
