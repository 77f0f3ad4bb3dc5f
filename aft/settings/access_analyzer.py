"""Baseline setting ``access-analyzer``: access from outside is found and shown. Regional.

AWS (IAM User Guide, "Getting started with IAM Access Analyzer"; API ``CreateAnalyzer``): analyzers
are regional. ``ACCOUNT`` takes the account as the zone of trust, ``ORGANIZATION`` the whole
organization; the latter may be made by the management account and by the delegated administrator
of ``access-analyzer.amazonaws.com`` alone, which needs trusted access. External access analyzers
cost nothing; there may be one of each kind for each region and account. An analyzer that was there
under another name does as well and is left alone. ``DISABLED`` and ``FAILED`` ones do not come back
by themselves and are made anew.

``administrator`` absent: each account has an analyzer of its own. Given: the administrator has one
for the organization, and other accounts need none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from aft.baselines.model import SettingDifference, SettingInputs, SettingParameters
from aft.baselines.references import AccountReference
from aft.errors import Conflict, Terminal, Transient
from aft.organization.model import AccountFacts
from aft.sessions import AccountSession
from aft.settings.delegation import Delegation, Part, into_management, somebody_elses
from aft.settings.deletion import unless_gone

PRINCIPAL = "access-analyzer.amazonaws.com"
_USABLE = frozenset({"ACTIVE", "CREATING"})


class AccessAnalyzerParameters(SettingParameters):
    """Parameters of ``access-analyzer``."""

    administrator: AccountReference | None = Field(
        default=None,
        description="The account that has one analyzer for the whole organization: an account id "
        "in quotes, or the id of its request. Without it each account has an analyzer of its own.",
    )
    name: Annotated[str, Field(max_length=255, pattern=r"^[A-Za-z_][A-Za-z0-9_.-]*$")] = Field(
        default="aft", description="Name of an analyzer that has to be made."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedAnalyzer:
    """The analyzer of the kind wanted, if any; ``appointed`` is the delegated administrator."""

    name: str = ""
    status: str = ""
    appointed: str = ""


class AccessAnalyzer:
    """An analyzer watches the account, or the organization from its administrator."""

    name: ClassVar[str] = "access-analyzer"
    effect_version: ClassVar[int] = 1
    regional: ClassVar[bool] = True
    description: ClassVar[str] = "IAM Access Analyzer, for the account or for the organization."
    parameters_model: type[AccessAnalyzerParameters] = AccessAnalyzerParameters

    def facts(self, account: AccountFacts) -> object:  # noqa: ARG002 (the port's signature)
        return {}

    def read(
        self, inputs: SettingInputs[AccessAnalyzerParameters], session: AccountSession
    ) -> ObservedAnalyzer | None:
        """``None`` where the account needs no analyzer; not a call is made then."""
        part = Delegation.of(inputs.parameters.administrator, inputs.account).part
        if part is Part.MEMBER:
            return None
        appointed = ""
        if (
            part is Part.ADMINISTRATOR
            and session.account_id != inputs.account.management_account_id
        ):
            appointed = _appointed(into_management(session, inputs.account))
        client = session.client("accessanalyzer", inputs.region)
        pages = client.get_paginator("list_analyzers").paginate(type=_kind(part))
        found = [item for page in pages for item in page["analyzers"]]
        best = min(found, key=lambda item: item["status"] not in _USABLE, default=None)
        if best is None:
            return ObservedAnalyzer(appointed=appointed)
        return ObservedAnalyzer(name=best["name"], status=best["status"], appointed=appointed)

    def compare(
        self, inputs: SettingInputs[AccessAnalyzerParameters], observed: ObservedAnalyzer | None
    ) -> tuple[SettingDifference, ...]:
        if observed is None:
            return ()
        part = Delegation.of(inputs.parameters.administrator, inputs.account).part
        own = str(inputs.account.account_id)
        found = []
        if _wants_appointment(inputs, part) and observed.appointed != own:
            was = f"is {observed.appointed}" if observed.appointed else "is missing"
            found.append(
                SettingDifference(
                    description=f"Access Analyzer administrator {was}, should be {own}",
                    before=observed.appointed or None,
                    after=own,
                )
            )
        if observed.status not in _USABLE:
            label = f"Access Analyzer of the {_kind(part).lower()} in {inputs.region}"
            was = f"{observed.name} is {observed.status}" if observed.name else "is missing"
            found.append(
                SettingDifference(
                    description=f"{label} {was}, should be ACTIVE",
                    before=observed.status or None,
                    after="ACTIVE",
                )
            )
        return tuple(found)

    def change(
        self,
        inputs: SettingInputs[AccessAnalyzerParameters],
        observed: ObservedAnalyzer | None,
        session: AccountSession,
    ) -> None:
        if observed is None:
            return
        part = Delegation.of(inputs.parameters.administrator, inputs.account).part
        if _wants_appointment(inputs, part) and observed.appointed != session.account_id:
            if observed.appointed:
                raise somebody_elses("Access Analyzer", None, observed.appointed)
            _appoint(into_management(session, inputs.account), session)
        if observed.status in _USABLE:
            return
        client = session.client("accessanalyzer", inputs.region)
        if observed.name:
            unless_gone(client.delete_analyzer, analyzerName=observed.name)
        try:
            client.create_analyzer(analyzerName=inputs.parameters.name, type=_kind(part))
        except Conflict as error:
            # Made by an earlier try of ours, or a name still being deleted: reading again tells.
            raise Transient(error.message, hint=error.hint) from error


def _kind(part: Part) -> Literal["ORGANIZATION", "ACCOUNT"]:
    return "ORGANIZATION" if part is Part.ADMINISTRATOR else "ACCOUNT"


def _wants_appointment(inputs: SettingInputs[AccessAnalyzerParameters], part: Part) -> bool:
    """The management account needs no appointment."""
    account = inputs.account
    return part is Part.ADMINISTRATOR and account.account_id != account.management_account_id


def _appointed(management: AccountSession) -> str:
    answer = management.client("organizations").list_delegated_administrators(
        ServicePrincipal=PRINCIPAL
    )
    return next((str(item["Id"]) for item in answer["DelegatedAdministrators"]), "")


def _appoint(management: AccountSession, session: AccountSession) -> None:
    """Once for all regions, which run side by side: being second is no failure."""
    organizations = management.client("organizations")
    organizations.enable_aws_service_access(ServicePrincipal=PRINCIPAL)
    try:
        organizations.register_delegated_administrator(
            AccountId=session.account_id, ServicePrincipal=PRINCIPAL
        )
    except Terminal as error:
        if error.code != "AccountAlreadyRegisteredException":
            raise
