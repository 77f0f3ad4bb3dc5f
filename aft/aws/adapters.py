"""Puts the AWS adapters together: what the application gets from this package, and the doors into
accounts: the management account's, role sessions in members, and whether an account is usable yet.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aft.aws.accounts import AwsAccountLookup, RecentlyTagged, state_of
from aft.aws.calls import AwsCallRecorder
from aft.aws.ledger_head import AwsLedgerHead
from aft.aws.ledger_signer import AwsLedgerSigner
from aft.aws.organizations import AwsOrganizationWriter
from aft.aws.secrets import AwsSecretReader
from aft.aws.session import ATTEMPTS, AwsSessions
from aft.aws.snapshot import AwsOrganizationReader
from aft.aws.units import KnownUnits
from aft.config.model import Config
from aft.errors import Denied, NotFound, Terminal, Transient
from aft.organization.model import AccountState
from aft.ports import AccessRefusal, Clock
from aft.values.ids import AccountId

if TYPE_CHECKING:
    import botocore.session

_POLICIES_OF_THE_CALLER = ("identity-based policy", "permissions boundary", "session policy")
_NEVER = (AccountState.SUSPENDED, AccountState.PENDING_CLOSURE, AccountState.CLOSED)


class AwsManagementAccess:
    """Implements ``aft.account_provider.ManagementAccess``."""

    def __init__(self, sessions: AwsSessions, *, tagged: RecentlyTagged) -> None:
        self.home_region, self.global_region = sessions.home_region, sessions.global_region
        self.client, self.client_once = sessions.management, sessions.management_once
        self.member_role = sessions.member_role
        self.note_tagged = tagged.add


class AwsAccountSession:
    """Implements ``aft.sessions.AccountSession``; credentials are fetched when first needed."""

    def __init__(
        self,
        sessions: AwsSessions,
        account_id: AccountId,
        *,
        read_only: bool = False,
        preview: bool = False,
    ) -> None:
        """With ``read_only`` nothing can be written through it, or through ``of``; with ``preview``
        its processes may read what a preview of code has to."""
        self._sessions = sessions
        self._read_only = read_only
        self._preview = preview
        self.account_id, self.home_region = account_id, sessions.home_region
        self.client = sessions.member(account_id, reading=read_only)

    def of(self, account_id: AccountId) -> AwsAccountSession:
        return AwsAccountSession(
            self._sessions, account_id, read_only=self._read_only, preview=self._preview
        )

    def sleep(self, seconds: float) -> None:
        self._sessions.clock.sleep(seconds)

    def environment(self) -> Mapping[str, str]:
        return self._sessions.environment(
            self.account_id, read_only=self._read_only, preview=self._preview
        )

    def __repr__(self) -> str:
        return f"<session in account {self.account_id}>"


class AwsMemberAccess:
    """Implements ``aft.ports.MemberAccess``. With ``reads_only`` every session may only read."""

    def __init__(self, sessions: AwsSessions, *, reads_only: bool = False) -> None:
        self._sessions = sessions
        self._reads_only = reads_only

    def session(self, account_id: AccountId) -> AwsAccountSession:
        return AwsAccountSession(self._sessions, account_id, read_only=self._reads_only)

    def preview_session(self, account_id: AccountId) -> AwsAccountSession:
        """A session that may only read, as may its child processes: those of a preview, such as
        ``terraform plan``, which reads more than aft itself."""
        return AwsAccountSession(self._sessions, account_id, read_only=True, preview=True)

    def is_usable(self, account_id: AccountId) -> bool:
        """One AssumeRole and one EC2 read in the home region: EC2 is among the last services to
        be switched on in a young account. A refusal by a service control policy counts as an
        answer. Only after another refusal is the account's state asked, too."""
        try:
            self._answer_of(account_id)
        except Denied as error:
            if "service control policy" in error.message and ":AssumeRole " not in error.message:
                return True
            self._refuse_permanently(account_id)
            return False
        except Transient:
            return False
        return True

    def refusal(self, account_id: AccountId) -> AccessRefusal | None:
        """See ``aft.ports.MemberAccess``. AWS names the policy that is in the way only where it is
        the caller's own: a role that is missing, new, or does not trust us looks the same."""
        try:
            self._answer_of(account_id)
        except Denied as error:
            said = error.message.partition(" (request id ")[0]  # which differs each time
            if ":AssumeRole " not in said:
                return AccessRefusal(message=said, hint=error.hint, is_callers=bool(error.lacks))
            role = self._sessions.role_arn(account_id, reading=self._reads_only)
            who = self._sessions.who_assumes
            is_ours = any(words in said for words in _POLICIES_OF_THE_CALLER)
            trust = f"check that {role} exists and trusts the management account"
            allow = f"allow sts:AssumeRole on {role} to {who}"
            return AccessRefusal(
                message=said if is_ours else f"sts:AssumeRole of {role} is refused",
                hint=allow if is_ours else f"{trust}, and {allow}",
                is_callers=is_ours,
            )
        except Transient:
            return None
        return None

    def _answer_of(self, account_id: AccountId) -> None:
        """Raises what AWS says to a small question in the account."""
        ec2 = self._sessions.member(account_id, reading=self._reads_only)("ec2")
        ec2.describe_regions(RegionNames=[self._sessions.home_region])

    def _refuse_permanently(self, account_id: AccountId) -> None:
        """Raise ``Terminal`` when waiting cannot help."""
        client = self._sessions.organizations()
        try:
            raw = client.describe_account(AccountId=account_id)["Account"]
        except NotFound as error:
            raise Terminal(
                f"account {account_id} is not in this organization",
                hint="invite it first, or correct its id",
            ) from error
        state = state_of(raw)
        if state in _NEVER:
            raise Terminal(
                f"account {account_id} is {state}: its role "
                f"{self._sessions.role_arn(account_id, reading=self._reads_only)} "
                "cannot be assumed",
                hint="AWS Support can reopen an account within 90 days of its closure",
            )


@dataclass(frozen=True, kw_only=True)
class AwsEdge:
    """One organization through its ports. ``management`` is for creating accounts,
    ``sessions`` for checks and child processes."""

    reader: AwsOrganizationReader
    writer: AwsOrganizationWriter
    management: AwsManagementAccess
    lookup: AwsAccountLookup
    members: AwsMemberAccess
    calls: AwsCallRecorder
    sessions: AwsSessions
    ledger_head: AwsLedgerHead
    ledger_signer: AwsLedgerSigner | None
    secrets: AwsSecretReader


def connect(
    config: Config,
    *,
    clock: Clock,
    botocore_session: botocore.session.Session | None = None,
    child_endpoint: Callable[[], str | None] | None = None,
    run_id: str = "",
    attempts: int = ATTEMPTS,
    reads_only: bool = False,
) -> AwsEdge:
    """Everything aft needs of AWS; makes no call yet. ``botocore_session=None`` is boto3's own
    chain. With ``reads_only`` no session in a member account can write. ``run_id`` names the role
    sessions, so that CloudTrail leads back to the run."""
    sessions = AwsSessions(
        botocore_session=botocore_session,
        home_region=config.home_region,
        management_role=config.roles.management,
        member_role=config.roles.member,
        writer_role=config.roles.writer,
        reader_role=config.roles.reader,
        preview_role=config.roles.preview,
        clock=clock,
        child_endpoint=child_endpoint,
        run_id=run_id,
        attempts=attempts,
    )
    key = config.ledger.signing_key
    known, tagged = KnownUnits(), RecentlyTagged(clock)
    return AwsEdge(
        reader=AwsOrganizationReader(sessions, known=known, tagged=tagged),
        writer=AwsOrganizationWriter(sessions, known=known, tagged=tagged),
        management=AwsManagementAccess(sessions, tagged=tagged),
        lookup=AwsAccountLookup(sessions, known=known),
        members=AwsMemberAccess(sessions, reads_only=reads_only),
        calls=sessions.calls,
        sessions=sessions,
        ledger_head=AwsLedgerHead(sessions),
        ledger_signer=AwsLedgerSigner(sessions, key) if key and not reads_only else None,
        secrets=AwsSecretReader(sessions),
    )
