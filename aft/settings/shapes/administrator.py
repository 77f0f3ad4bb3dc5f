"""The shape of a security service with an administrator account.

Without an administrator each account is separate; the administrator itself has the organization's
configuration; every other account is a member. Knows no service.
"""

from __future__ import annotations

import enum
from abc import abstractmethod
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from pydantic import Field

from aft.baselines.directions import Directions, Weaker
from aft.baselines.model import SettingInputs, SettingParameters
from aft.baselines.references import AccountReference, account_behind
from aft.errors import Terminal
from aft.organization.model import AccountFacts
from aft.sessions import AccountSession
from aft.settings.shapes.setting import Compared, Differences, S, Setting, unequal
from aft.values.ids import AccountId

if TYPE_CHECKING:
    from types_boto3_guardduty import GuardDutyClient
    from types_boto3_securityhub import SecurityHubClient


class Part(enum.Enum):
    """What the account is to the service."""

    ALONE = "stand-alone"
    ADMINISTRATOR = "administrator"
    MEMBER = "member"


def part_of(reference: AccountReference | None, account: AccountFacts) -> Part:
    """The part of ``account``. Raises ``Terminal`` while the administrator does not exist."""
    if reference is None:
        return Part.ALONE
    is_own = account_behind(reference, account) == account.account_id
    return Part.ADMINISTRATOR if is_own else Part.MEMBER


def into_management(session: AccountSession, account: AccountFacts) -> AccountSession:
    """A session in the management account. Raises ``Terminal`` while it is not known."""
    if account.management_account_id is None:
        raise Terminal("the organization's management account is not known here")
    return session.of(account.management_account_id)


def somebody_elses(service: str, region: str | None, appointed: str) -> Terminal:
    """The refusal to replace an administrator that someone has appointed."""
    where = f" in {region}" if region else ""
    return Terminal(
        f"the organization's {service} administrator{where} is account {appointed}, and is not "
        "replaced",
        hint="name that account as `administrator` in the baseline, or remove it as the "
        "delegated administrator first",
    )


class AdministeredParameters(SettingParameters):
    """What such settings have in common."""

    weakens: ClassVar[Directions] = {"administrator": Weaker.ANY}

    administrator: AccountReference | None = Field(
        default=None,
        description="The service's administrator in the organization: an account id in quotes, or "
        "the id of its request. Without it, each account is standalone.",
    )


A = TypeVar("A", bound=AdministeredParameters)


class Administered(Setting[A, S]):
    """A regional service whose administrator is appointed by ``EnableOrganizationAdminAccount``
    and adds members by ``CreateMembers``. ``service`` is its name."""

    regional = True
    service: ClassVar[str]

    @abstractmethod
    def service_client(
        self, session: AccountSession, region: str | None
    ) -> GuardDutyClient | SecurityHubClient:
        """The service's client in the account of ``session``."""

    def part(self, inputs: SettingInputs[A]) -> Part:
        """The account's part. Raises ``Terminal`` while the administrator does not exist."""
        return part_of(inputs.parameters.administrator, inputs.account)

    def administrator(self, inputs: SettingInputs[A]) -> AccountId:
        """The administrator's account. Raises ``Terminal`` while it does not exist."""
        reference = inputs.parameters.administrator
        if reference is None:
            raise Terminal("a standalone account has no administrator")
        return account_behind(reference, inputs.account)

    def standing(self, inputs: SettingInputs[A], appointed: str, membership: str) -> list[Compared]:
        """Pure: what the account's part asks of it first."""
        match self.part(inputs):
            case Part.ADMINISTRATOR:
                return [("administrator", appointed or None, str(inputs.account.account_id))]
            case Part.MEMBER:
                what = f"membership under administrator {inputs.parameters.administrator}"
                return [(what, membership or None, "Enabled")]
        return []

    def unequal(self, inputs: SettingInputs[A], fields: Iterable[Compared]) -> Differences:
        """Pure: differences of the service in the region."""
        for what, before, after in fields:
            label = f"{self.service} {what}".rstrip()
            yield from unequal([(label, before, after)], suffix=f" in {inputs.region}")

    def appointed(self, inputs: SettingInputs[A], session: AccountSession) -> str:
        """The administrator there is; empty for none."""
        management = self.service_client(into_management(session, inputs.account), inputs.region)
        answer: Mapping[str, Any] = management.list_organization_admin_accounts()
        ids = (item.get("AdminAccountId") or item["AccountId"] for item in answer["AdminAccounts"])
        return next(ids, "")

    def appoint(self, inputs: SettingInputs[A], appointed: str, session: AccountSession) -> None:
        """Make the account the administrator. Raises ``Terminal`` where another one is."""
        if appointed == session.account_id:
            return
        if appointed:
            raise somebody_elses(self.service, inputs.region, appointed)
        management = self.service_client(into_management(session, inputs.account), inputs.region)
        management.enable_organization_admin_account(AdminAccountId=session.account_id)

    def refuse_joining(self, inputs: SettingInputs[A], member_of: str, *, missing: str) -> None:
        """Raises ``Terminal`` where the account is another administrator's, or the administrator
        has none of what is ``missing``."""
        administrator = self.administrator(inputs)
        if member_of not in ("", administrator):
            raise somebody_elses(self.service, inputs.region, member_of)
        if missing:
            raise Terminal(
                f"the administrator {administrator} has no {missing} in {inputs.region}",
                hint=f"give that account a baseline with the same `{self.name}` setting; it comes "
                "first",
            )

    def refuse_unprocessed(self, inputs: SettingInputs[A], answer: Mapping[str, Any]) -> None:
        """Raises ``Terminal`` for an account to which an answer that succeeds says no."""
        for item in answer.get("UnprocessedAccounts", ()):
            why = item.get("ProcessingResult") or item.get("Result")
            raise Terminal(
                f"{self.service} in {inputs.region} refused account {item['AccountId']}: {why}",
                hint=f"look at the account in the {self.service} administrator's list of members",
            )
