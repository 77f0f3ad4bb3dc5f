"""Security services with an administrator account: what an account's part in it is.

Shared by ``guardduty``, ``security-hub`` and ``access-analyzer``: without an administrator each
account stands alone; the administrator itself has the organization's configuration; every other
account is a member. Knows no service.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from aft.baselines.references import AccountReference, account_behind
from aft.errors import Terminal
from aft.organization.model import AccountFacts
from aft.sessions import AccountSession
from aft.values.ids import AccountId


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
