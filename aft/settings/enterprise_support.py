"""Baseline setting ``enterprise-support``: the account is asked into the organization's plan.

AWS (Support User Guide, "Changing AWS Support plans"; API ``CreateCase``, ``DescribeCases``): a new
account has Basic Support; Enterprise Support is extended to it with a support case from an account
that has the plan. The Support API is in us-east-1 and only for Business plans and higher; otherwise
it returns ``SubscriptionRequiredException``. ``CreateCase`` has no idempotency token.
``DescribeCases`` omits resolved cases by default, and keeps cases for 24 months.

The case is opened in the management account. There is never a second one for an account, be the
first open or resolved: each carries a mark in its subject, and is looked for right before one is
opened. Without a plan that answers, the setting is skipped with a word, and later runs look again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from aft.baselines.directions import Directions, Routine
from aft.baselines.model import SettingInputs, SettingParameters
from aft.errors import Denied
from aft.organization.model import AccountFacts
from aft.sessions import AccountSession
from aft.settings.shapes.administrator import into_management
from aft.settings.shapes.setting import Differences, Setting, differs

if TYPE_CHECKING:
    from types_boto3_support import SupportClient

REGION = "us-east-1"
SERVICE, CATEGORY = "account-management", "billing"
_NO_PLAN = "SubscriptionRequiredException"


class EnterpriseSupportParameters(SettingParameters):
    """Parameters of ``enterprise-support``."""

    weakens: ClassVar[Directions] = {
        "cc": Routine("they read along in a case with AWS"),
        "language": Routine("the language of a case with AWS"),
    }

    cc: Annotated[
        tuple[Annotated[str, Field(min_length=3, pattern=r"^[^\s@]+@[^\s@]+$")], ...],
        Field(max_length=10),
    ] = Field(default=(), description="E-mail addresses that get copies of the case.")
    language: Literal["en", "ja", "zh", "ko"] = Field(
        default="en", description="The language of the support case."
    )


Inputs = SettingInputs[EnterpriseSupportParameters]
HasCase = bool | None


class EnterpriseSupport(Setting[EnterpriseSupportParameters, HasCase]):
    """A support case asks for the account to be in the plan."""

    name = "enterprise-support"
    description = "Enterprise Support for the account, requested with a support case."
    stays = "the support plan stays"

    def bills_for(self, parameters: EnterpriseSupportParameters) -> str:
        return "Enterprise Support, by what the account uses"

    def facts(self, account: AccountFacts) -> object:
        return {"account_id": account.account_id}

    def read(self, inputs: Inputs, session: AccountSession) -> HasCase:
        """Whether there is a case; ``None`` without a plan with which one can be opened."""
        return _has_case(_support(inputs, session), session)

    def differences(self, inputs: Inputs, observed: HasCase) -> Differences:
        if observed:
            return
        words = (
            f"has not been asked for account {inputs.account.account_id}"
            if observed is not None
            else "cannot be asked for: the management account has no support plan with an API "
            "(Business or above), so this is skipped"
        )
        words = f"Enterprise Support {words}"
        yield differs(words, None, "asked for", pending=observed is None)

    def fix(self, inputs: Inputs, observed: HasCase, session: AccountSession) -> None:
        support = _support(inputs, session)
        # One may have been opened meanwhile, perhaps by a try whose answer was lost.
        if observed is None or _has_case(support, session):
            return
        account, cc = inputs.account, list(inputs.parameters.cc)
        copies: dict[str, Any] = {"ccEmailAddresses": cc} if cc else {}
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


def _support(inputs: Inputs, session: AccountSession) -> SupportClient:
    return into_management(session, inputs.account).client("support", REGION)


def _mark(session: AccountSession) -> str:
    """By this the case is found again; it must never change."""
    return f"[aft:{session.account_id}]"


def _has_case(support: SupportClient, session: AccountSession) -> HasCase:
    mark = _mark(session)
    try:
        pages = support.get_paginator("describe_cases").paginate(
            includeResolvedCases=True, includeCommunications=False
        )
        return any(mark in case["subject"] for page in pages for case in page["cases"])
    except Denied as error:
        if error.code != _NO_PLAN:
            raise
        return None
