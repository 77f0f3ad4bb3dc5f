"""Puts the AWS adapters together: what the application gets from this package."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aft.aws.access import AwsManagementAccess, AwsMemberAccess
from aft.aws.accounts import AwsAccountLookup
from aft.aws.calls import AwsCallRecorder
from aft.aws.organizations import AwsOrganizationWriter
from aft.aws.session import ATTEMPTS, AwsSessions
from aft.aws.snapshot import AwsOrganizationReader
from aft.aws.tags import RecentlyTagged
from aft.aws.units import KnownUnits
from aft.config.model import Config
from aft.ports import Clock

if TYPE_CHECKING:
    import botocore.session


@dataclass(frozen=True, kw_only=True)
class AwsEdge:
    """One organization through its ports. ``management`` is for whoever creates accounts,
    ``sessions`` for checks and child processes."""

    reader: AwsOrganizationReader
    writer: AwsOrganizationWriter
    management: AwsManagementAccess
    lookup: AwsAccountLookup
    members: AwsMemberAccess
    calls: AwsCallRecorder
    sessions: AwsSessions


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
        reader_role=config.roles.reader,
        clock=clock,
        child_endpoint=child_endpoint,
        run_id=run_id,
        attempts=attempts,
    )
    known, tagged = KnownUnits(), RecentlyTagged(clock)
    return AwsEdge(
        reader=AwsOrganizationReader(sessions, known=known, tagged=tagged),
        writer=AwsOrganizationWriter(sessions, known=known, tagged=tagged),
        management=AwsManagementAccess(sessions, tagged=tagged),
        lookup=AwsAccountLookup(sessions, known=known),
        members=AwsMemberAccess(sessions, reads_only=reads_only),
        calls=sessions.calls,
        sessions=sessions,
    )
