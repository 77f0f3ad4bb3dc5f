"""Baseline setting ``enterprise-support``: the account is asked into the organization's plan.

AWS (Support User Guide, "Changing AWS Support plans"; API ``CreateCase``, ``DescribeCases``): a new
account has Basic Support; Enterprise Support is extended to it by a support case of an account that
has the plan. The Support API answers in us-east-1 and only for plans from Business on, else with
``SubscriptionRequiredException``. ``CreateCase`` has no idempotency token. ``DescribeCases`` leaves
resolved cases out unless asked, and keeps cases for 24 months.

The case is opened in the management account. There is never a second one for an account, be the
first open or resolved: each carries a mark in its subject, and is looked for right before one is
opened. Without a plan that answers, the setting is skipped with a word, and later runs look again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from aft.baselines.model import SettingDifference, SettingInputs, SettingParameters
from aft.errors import Denied
from aft.organization.model import AccountFacts
from aft.sessions import AccountSession
from aft.settings.delegation import into_management

if TYPE_CHECKING:
    from types_boto3_support import SupportClient

REGION = "us-east-1"
SERVICE, CATEGORY = "account-management", "billing"
_NO_PLAN = "SubscriptionRequiredException"


class EnterpriseSupportParameters(SettingParameters):
    """Parameters of ``enterprise-support``."""

    cc: Annotated[
        tuple[Annotated[str, Field(min_length=3, pattern=r"^[^\s@]+@[^\s@]+$")], ...],
        Field(max_length=10),
    ] = Field(default=(), description="E-mail addresses that get copies of the case.")
    language: Literal["en", "ja", "zh", "ko"] = Field(
        default="en", description="The language AWS Support answers in."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedCase:
    """The case for this account, if any; ``has_plan`` is false where no case can be opened."""

    has_plan: bool
    id: str = ""
    status: str = ""


class EnterpriseSupport:
    """A support case asks for the account to be in the plan."""

    name: ClassVar[str] = "enterprise-support"
    effect_version: ClassVar[int] = 1
    regional: ClassVar[bool] = False
    description: ClassVar[str] = "Enterprise Support for the account, asked for by a support case."
    parameters_model: type[EnterpriseSupportParameters] = EnterpriseSupportParameters

    def bills_for(self, parameters: EnterpriseSupportParameters) -> str:  # noqa: ARG002 (the port's signature)
        return "Enterprise Support, by what the account uses"

    def facts(self, account: AccountFacts) -> object:
        return {"account_id": account.account_id}

    def read(
        self, inputs: SettingInputs[EnterpriseSupportParameters], session: AccountSession
    ) -> ObservedCase:
        return _find(_support(inputs, session), session)

    def compare(
        self, inputs: SettingInputs[EnterpriseSupportParameters], observed: ObservedCase
    ) -> tuple[SettingDifference, ...]:
        if observed.id:
            return ()
        account = inputs.account.account_id
        words = (
            f"has not been asked for account {account}"
            if observed.has_plan
            else "cannot be asked for: the management account has no support plan with an API "
            "(Business or above), so this is skipped"
        )
        return (
            SettingDifference(
                description=f"Enterprise Support {words}",
                before=None,
                after="asked for",
                is_pending=not observed.has_plan,
            ),
        )

    def change(
        self,
        inputs: SettingInputs[EnterpriseSupportParameters],
        observed: ObservedCase,
        session: AccountSession,
    ) -> None:
        if observed.id or not observed.has_plan:
            return
        support = _support(inputs, session)
        if _find(support, session).id:  # opened meanwhile, perhaps by a try whose answer was lost
            return
        account = inputs.account
        copies: dict[str, Any] = (
            {"ccEmailAddresses": list(inputs.parameters.cc)} if inputs.parameters.cc else {}
        )
        support.create_case(
            subject=f"Please extend Enterprise Support to one more account {_mark(session)}",
            communicationBody=(
                "Hello,\n\n"
                f"our organization has a new member, account {session.account_id} "
                f"({account.name}). Please add it to the Enterprise Support plan of this "
                "organization's management account.\n\n"
                "Thank you."
            ),
            serviceCode=SERVICE,
            categoryCode=CATEGORY,
            severityCode="low",
            issueType="customer-service",
            language=inputs.parameters.language,
            **copies,
        )


def _support(
    inputs: SettingInputs[EnterpriseSupportParameters], session: AccountSession
) -> SupportClient:
    return into_management(session, inputs.account).client("support", REGION)


def _mark(session: AccountSession) -> str:
    """By this the case is found again; it must never change."""
    return f"[aft:{session.account_id}]"


def _find(support: SupportClient, session: AccountSession) -> ObservedCase:
    try:
        pages = support.get_paginator("describe_cases").paginate(
            includeResolvedCases=True, includeCommunications=False
        )
        for page in pages:
            for case in page["cases"]:
                if _mark(session) in case["subject"]:
                    return ObservedCase(has_plan=True, id=case["caseId"], status=case["status"])
    except Denied as error:
        if error.code != _NO_PLAN:
            raise
        return ObservedCase(has_plan=False)
    return ObservedCase(has_plan=True)
