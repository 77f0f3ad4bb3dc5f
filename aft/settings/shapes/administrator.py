"""The shape of a security service with an administrator account.

Without an administrator each account stands alone; the administrator itself has the organization's
configuration; every other account is a member. Knows no service.
"""

from __future__ import annotations

import enum
from abc import abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, TypeVar

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Delegation:
    """``administrator`` is set unless the account stands alone."""

    part: Part
    administrator: AccountId | None = None

    @classmethod
    def of(cls, reference: AccountReference | None, account: AccountFacts) -> Delegation:
        """Raises ``Terminal`` while the administrator's account does not exist."""
        if reference is None:
            return cls(part=Part.ALONE)
        administrator = account_behind(reference, account)
        is_own = administrator == account.account_id
        return cls(part=Part.ADMINISTRATOR if is_own else Part.MEMBER, administrator=administrator)

    def into(self, session: AccountSession) -> AccountSession:
        """A session in the administrator's account."""
        if self.administrator is None:
            raise Terminal("an account that stands alone has no administrator")
        return session.of(self.administrator)


def into_management(session: AccountSession, account: AccountFacts) -> AccountSession:
    """A session in the management account. Raises ``Terminal`` while it is not known."""
    if account.management_account_id is None:
        raise Terminal("the organization's management account is not known here")
    return session.of(account.management_account_id)


def somebody_elses(service: str, region: str | None, appointed: str) -> Terminal:
    """The refusal to replace an administrator that somebody has appointed."""
    where = f" in {region}" if region else ""
    return Terminal(
        f"the organization's {service} administrator{where} is account {appointed}, and is not "
        "replaced",
        hint="name that account as `administrator` in the baseline, or remove it as the "
        "delegated administrator first",
    )


class AdministeredParameters(SettingParameters):
    """What such settings have in common."""

    administrator: AccountReference | None


A = TypeVar("A", bound=AdministeredParameters)


class Administered(Setting[A, S]):
    """A regional service whose administrator is appointed by ``EnableOrganizationAdminAccount``
    and adds members by ``CreateMembers``. ``service`` is its name."""

    regional = True
    service: ClassVar[str]

    @abstractmethod
    def organizations_client(
        self, inputs: SettingInputs[A], session: AccountSession
    ) -> GuardDutyClient | SecurityHubClient:
        """The service's client in the management account."""

    def delegation(self, inputs: SettingInputs[A]) -> Delegation:
        """The account's part. Raises ``Terminal`` while the administrator does not exist."""
        return Delegation.of(inputs.parameters.administrator, inputs.account)

    def standing(self, inputs: SettingInputs[A], appointed: str, membership: str) -> list[Compared]:
        """Pure: what the account's part asks of it first."""
        match self.delegation(inputs).part:
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

    def appoint(self, inputs: SettingInputs[A], appointed: str, session: AccountSession) -> None:
        """Make the account the administrator. Raises ``Terminal`` where another one is."""
        if appointed == session.account_id:
            return
        if appointed:
            raise somebody_elses(self.service, inputs.region, appointed)
        management = self.organizations_client(inputs, session)
        management.enable_organization_admin_account(AdminAccountId=session.account_id)

    def refuse_joining(self, inputs: SettingInputs[A], member_of: str, *, missing: str) -> None:
        """Raises ``Terminal`` where the account is another administrator's, or the administrator
        has none of what is ``missing``."""
        administrator = str(self.delegation(inputs).administrator)
        if member_of not in ("", administrator):
            raise somebody_elses(self.service, inputs.region, member_of)
        if missing:
            raise Terminal(
                f"the administrator {administrator} has no {missing} in {inputs.region}",
                hint=f"give that account a baseline with the same `{self.name}` setting; it comes "
                "first",
            )

    def refuse_unprocessed(
        self, inputs: SettingInputs[A], refused: Iterable[tuple[str, str]]
    ) -> None:
        """Raises ``Terminal`` for accounts that an answer which succeeds says no to, with why."""
        for account_id, why in refused:
            raise Terminal(
                f"{self.service} in {inputs.region} refused account {account_id}: {why}",
                hint=f"look at the account in the {self.service} administrator's list of members",
            )
