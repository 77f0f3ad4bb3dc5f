"""Baselines: named, ordered lists of settings that accounts get, and what a setting is.

A *setting* is a plug-in (entry point group ``aft.baseline_settings``): it reads one thing inside
an account, compares it with its parameters, and changes it. It sees ``SettingInputs`` and an
``AccountSession`` and nothing else of aft. (Not called *control*: in Control Tower's words that
is a guardrail.)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, Protocol, TypeVar, runtime_checkable

from pydantic import BaseModel, ConfigDict

from aft.baselines.directions import Directions
from aft.findings.model import SourceRef
from aft.organization.model import AccountFacts
from aft.sessions import AccountSession
from aft.values.ids import OrgUnitPath, RequestId
from aft.values.refs import Ref

SETTING = "setting"
"""The kind of settings."""


def setting_ref(name: str) -> Ref:
    """The setting ``name`` of an account."""
    return Ref(SETTING, name)


def settings_among(things: Iterable[str]) -> frozenset[str]:
    """The names of the settings among things of an account, which are given as texts."""
    head = f"{SETTING}/"
    return frozenset(name.removeprefix(head) for name in things if name.startswith(head))


class SettingParameters(BaseModel):
    """Base of every setting's parameters: strict, frozen, unknown keys refused. ``weakens`` says of
    each which direction weakens it."""

    weakens: ClassVar[Directions] = {}
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)


P = TypeVar("P", bound=SettingParameters)
S = TypeVar("S")


@dataclass(frozen=True, kw_only=True)
class SettingInputs(Generic[P]):
    """What a setting works from. ``region`` is set for regional settings, one call a region."""

    account: AccountFacts
    parameters: P
    region: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingDifference:
    """One thing that is not as it should be; ``description`` is one line for people.

    ``before`` and ``after`` are short plain values, never secrets; ``None`` is "absent".
    ``is_pending`` marks what only time or someone else can fix, such as a tag that AWS has not
    seen yet: no failure, not done either, so later runs look again. ``change`` is not called
    when nothing else differs. ``takes_away`` marks what someone may miss once it is gone, such as
    a role or a rule that is in use: reviewers see it first, and nothing of the kind is done that
    no one has reviewed.
    """

    description: str
    before: str | None
    after: str | None
    is_pending: bool = False
    takes_away: bool = False


class BaselineSetting(Protocol[P, S]):
    """One setting. All calls are idempotent; errors are those of ``aft.errors``. ``name`` is what
    baselines write; ``effect_version`` goes up when equal parameters do something else, which
    re-runs the setting everywhere. ``regional`` settings run once in every governed region of the
    account, with ``SettingInputs.region`` set."""

    name: ClassVar[str]
    effect_version: ClassVar[int]
    regional: ClassVar[bool]
    description: ClassVar[str]
    parameters_model: type[P]

    def facts(self, account: AccountFacts) -> object:
        """Pure: the part of ``account`` that the result depends on, as plain JSON values. It goes
        into the digest next to the parameters, so keep it to what is used: everything here re-runs
        the setting when it changes."""
        ...

    def read(self, inputs: SettingInputs[P], session: AccountSession) -> S:
        """Read the present state; makes no change."""
        ...

    def compare(self, inputs: SettingInputs[P], observed: S) -> tuple[SettingDifference, ...]:
        """Pure: what is not as it should be; empty when all is well."""
        ...

    def change(self, inputs: SettingInputs[P], observed: S, session: AccountSession) -> None:
        """Make it so. Raises ``Terminal`` where changing would hurt (and says why)."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Caution:
    """A parameter that is accepted, and may give more than it seems to. ``code`` is that of a
    finding, ``loc`` the place in the parameters."""

    code: str
    loc: tuple[str | int, ...]
    message: str
    hint: str = ""


@runtime_checkable
class Cautions(Protocol):
    """What a setting adds to ``BaselineSetting`` when parameters can give more than they seem to:
    a warning for reviewers of the baseline."""

    def cautions(self, parameters: Any) -> Iterable[Caution]:
        """Pure: what to look at again."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkClaim:
    """The range of addresses a setting wants in one account: ``cidr`` where it is given, else
    ``prefix`` bits from ``pool``. ``field`` is the path of the request's field that gives it, empty
    where the baseline does. The text of ``cidr`` is not checked yet; it may have at most
    ``smallest`` bits, or the setting finds no room in it."""

    cidr: str | None = None
    field: tuple[str, ...] = ()
    pool: str = ""
    prefix: int = 0
    smallest: int = 28


@runtime_checkable
class ClaimsNetwork(Protocol):
    """What a setting adds to ``BaselineSetting`` when it needs its own addresses. The plan
    hands them out without overlap over the whole organization; ``AccountFacts`` then has them in
    ``allocations`` under the setting's name."""

    def network_claim(self, account: AccountFacts, parameters: Any) -> NetworkClaim | None:
        """Pure: what the setting wants in this account; ``None`` for nothing."""
        ...

    def network_fields(self, parameters: Any) -> tuple[tuple[str, ...], ...]:
        """Pure: the fields of requests that hold ranges, such as ``custom_fields.vpc.cidr``."""
        ...

    def live_network(self, inputs: SettingInputs[Any], session: AccountSession) -> str | None:
        """The range the setting already has in the account; makes no change."""
        ...


@runtime_checkable
class OptsIntoRegions(Protocol):
    """A setting that enables opt-in regions, so that regional settings after it may run there."""

    opts_into_regions: ClassVar[bool]


@runtime_checkable
class ComesAfter(Protocol):
    """A setting that waits for the named settings of the account, which otherwise run side by side
    with it, because it works on what they make. Names that the baseline lacks mean nothing."""

    comes_after: ClassVar[tuple[str, ...]]


@runtime_checkable
class Bills(Protocol):
    """A setting for whose work AWS sends a bill; plans say so next to the account's budget."""

    def bills_for(self, parameters: Any) -> str:
        """Pure: what AWS bills for with these parameters, in a few words and without prices;
        empty for nothing."""
        ...


@runtime_checkable
class Refuses(Protocol):
    """A setting that can tell from what it has read that ``change`` would refuse: a plan says so
    beforehand, and no run tries in vain."""

    def refuse(self, inputs: SettingInputs[Any], observed: Any) -> None:
        """Pure; asked where something differs. Raises the ``Terminal`` with which ``change`` would
        end without having changed anything."""
        ...


@runtime_checkable
class SweepsAccount(Protocol):
    """A setting that goes over all there is of a kind in the account, such as every VPC: after the
    account's customizations, however they end, and again whenever one runs."""

    sweeps_account: ClassVar[bool]


@runtime_checkable
class Protects(Protocol):
    """A setting that says whether it protects the account, where its parameters do not show it: it
    has some that can be made weaker, or none. To remove it from a baseline is risky if it does."""

    protects: ClassVar[bool]


@runtime_checkable
class LeavesThings(Protocol):
    """A setting that can say what stays in an account whose baseline no longer has it, such as
    ``its VPC stays``."""

    stays: ClassVar[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A value that a setting takes from the request: from which ``field``, and what it makes of it;
    without a field, what it makes of the parameter ``name``.
    ``name`` is the parameter that the request's value goes before, or what it becomes inside the
    account, such as the path of an SSM parameter."""

    name: str
    value: Any
    field: tuple[str, ...]


@runtime_checkable
class Publishes(Protocol):
    """A setting that works with values of requests; ``aft explain`` shows which."""

    def published(self, account: AccountFacts, parameters: Any) -> tuple[Published, ...]:
        """Pure: what it takes from this account's request."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Power:
    """Someone can do more than before: ``what`` has changed (``role deploy``), and ``gains`` says
    how, in words. ``is_outside``: it is someone outside the organization."""

    what: str
    gains: str
    is_outside: bool = False


@runtime_checkable
class Empowers(Protocol):
    """A setting that gives people or programs power, and can say by which change."""

    def powers(
        self, account: AccountFacts, before: Any, after: Any, *, members: frozenset[str]
    ) -> Iterator[Power]:
        """Pure: who can do more with the parameters ``after`` than with ``before`` (``None``: with
        nothing). ``members`` are the accounts of the organization."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingSpec:
    """One line of a baseline: which setting, with which (already validated) parameters. String
    parameters may hold ``{id}``, ``{name}``, ``{account_id}`` and ``{ou_name}``. ``references`` are
    the requests whose accounts the parameters name, with their places."""

    setting: str
    parameters: Mapping[str, Any]
    source: SourceRef
    references: tuple[tuple[RequestId, SourceRef], ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Selector:
    """Which accounts: all of the criteria given must hold; an empty selector selects none.
    ``organizational_units`` include everything below them; ``tags`` values of ``*`` match any.
    ``request_sources`` are the places of ``requests``."""

    organizational_units: tuple[OrgUnitPath, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    requests: tuple[str, ...] = ()
    request_sources: tuple[SourceRef, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """A file of ``customizations/baselines/``; ``name`` is its stem."""

    name: str
    description: str
    select: Selector
    settings: tuple[SettingSpec, ...]
    source: SourceRef
