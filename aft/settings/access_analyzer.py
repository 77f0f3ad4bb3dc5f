"""Baseline setting ``access-analyzer``: access from outside is found and shown. Regional.

AWS (IAM User Guide, "Getting started with IAM Access Analyzer"; API ``CreateAnalyzer``): analyzers
are regional. The zone of trust of type ``ACCOUNT`` is the account, that of ``ORGANIZATION`` the
whole organization; only the management account and the delegated administrator of
``access-analyzer.amazonaws.com`` (which needs trusted access) can create the latter. External
access analyzers are free; there can be one of each type per region and account. An existing
analyzer with another name is accepted and not changed. ``DISABLED`` and ``FAILED`` analyzers do not
recover and are created again.

Accounts other than the administrator need none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from aft.baselines.directions import Directions, Routine, Weaker
from aft.baselines.model import SettingInputs, SettingParameters
from aft.baselines.references import AccountReference
from aft.errors import Conflict, Transient
from aft.sessions import AccountSession
from aft.settings.shapes.administrator import Part, into_management, part_of, somebody_elses
from aft.settings.shapes.setting import Differences, Setting, should_be, tolerated, unless_gone

PRINCIPAL = "access-analyzer.amazonaws.com"
_USABLE = frozenset({"ACTIVE", "CREATING"})


class AccessAnalyzerParameters(SettingParameters):
    """Parameters of ``access-analyzer``."""

    weakens: ClassVar[Directions] = {
        "administrator": Weaker.ANY,
        "name": Routine("it only names an analyzer that has to be made"),
    }

    administrator: AccountReference | None = Field(
        default=None,
        description="The account that has one analyzer for the whole organization: an account "
        "id in quotes, or the id of its request. Without it, each account has its "
        "own analyzer.",
    )
    name: Annotated[str, Field(max_length=255, pattern=r"^[A-Za-z_][A-Za-z0-9_.-]*$")] = Field(
        default="aft", description="Name of the analyzer, if one must be created."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedAnalyzer:
    """The analyzer of the kind wanted, if any; ``appointed`` is the delegated administrator."""

    name: str = ""
    status: str = ""
    appointed: str = ""


Inputs = SettingInputs[AccessAnalyzerParameters]
Observed = ObservedAnalyzer | None


class AccessAnalyzer(Setting[AccessAnalyzerParameters, Observed]):
    """An analyzer watches the account, or the organization from its administrator."""

    name = "access-analyzer"
    regional = True
    description = "IAM Access Analyzer, for the account or for the organization."
    stays = "the analyzer stays"

    def read(self, inputs: Inputs, session: AccountSession) -> Observed:
        """``None`` where the account needs no analyzer; not a call is made then."""
        part = _part(inputs)
        if part is Part.MEMBER:
            return None
        appointed = ""
        if _wants_appointment(inputs):
            appointed = _appointed(into_management(session, inputs.account))
        client = session.client("accessanalyzer", inputs.region)
        pages = client.get_paginator("list_analyzers").paginate(type=_kind(part))
        found = [item for page in pages for item in page["analyzers"]]
        best = min(found, key=lambda item: item["status"] not in _USABLE, default=None)
        if best is None:
            return ObservedAnalyzer(appointed=appointed)
        return ObservedAnalyzer(name=best["name"], status=best["status"], appointed=appointed)

    def differences(self, inputs: Inputs, observed: Observed) -> Differences:
        if observed is None:
            return
        own = str(inputs.account.account_id)
        if _wants_appointment(inputs) and observed.appointed != own:
            yield should_be("Access Analyzer administrator", observed.appointed or None, own)
        if observed.status not in _USABLE:
            label = f"Access Analyzer of the {_kind(_part(inputs)).lower()} in {inputs.region}"
            label += f" {observed.name}" if observed.name else ""
            yield should_be(label, observed.status or None, "ACTIVE")

    def fix(self, inputs: Inputs, observed: Observed, session: AccountSession) -> None:
        if observed is None:
            return
        if _wants_appointment(inputs) and observed.appointed != session.account_id:
            if observed.appointed:
                raise somebody_elses("Access Analyzer", None, observed.appointed)
            _appoint(into_management(session, inputs.account), session)
        if observed.status in _USABLE:
            return
        client = session.client("accessanalyzer", inputs.region)
        if observed.name:
            unless_gone(client.delete_analyzer, analyzerName=observed.name)
        try:
            client.create_analyzer(analyzerName=inputs.parameters.name, type=_kind(_part(inputs)))
        except Conflict as error:
            # Made by an earlier try of ours, or a name still being deleted: reading again tells.
            raise Transient(error.message, hint=error.hint) from error


def _part(inputs: Inputs) -> Part:
    return part_of(inputs.parameters.administrator, inputs.account)


def _kind(part: Part) -> Literal["ORGANIZATION", "ACCOUNT"]:
    return "ORGANIZATION" if part is Part.ADMINISTRATOR else "ACCOUNT"


def _wants_appointment(inputs: Inputs) -> bool:
    """The management account needs no appointment."""
    account = inputs.account
    is_management = account.account_id == account.management_account_id
    return _part(inputs) is Part.ADMINISTRATOR and not is_management


def _appointed(management: AccountSession) -> str:
    answer = management.client("organizations").list_delegated_administrators(
        ServicePrincipal=PRINCIPAL
    )
    return next((str(item["Id"]) for item in answer["DelegatedAdministrators"]), "")


def _appoint(management: AccountSession, session: AccountSession) -> None:
    """Once for all regions, which run side by side: being second is no failure."""
    organizations = management.client("organizations")
    organizations.enable_aws_service_access(ServicePrincipal=PRINCIPAL)
    with tolerated("AccountAlreadyRegisteredException"):
        organizations.register_delegated_administrator(
            AccountId=session.account_id, ServicePrincipal=PRINCIPAL
        )
