"""Baseline setting ``snapshot-public-access``: no EBS snapshot is shared with everybody. Regional.

AWS (EBS User Guide, "Block public access for Amazon EBS snapshots"; API
``EnableSnapshotBlockPublicAccess``): a switch per account *and region* with two strengths.
``block-all-sharing`` also hides snapshots that are public already (they stay marked as public, and
are so again when the switch is taken back); ``block-new-sharing`` leaves those. It takes effect at
once, and sharing with named accounts is never touched. Where a declarative policy of the
organization sets it (``ManagedBy: declarative-policy``) the account cannot change it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from pydantic import Field

from aft.baselines.model import SettingDifference, SettingInputs, SettingParameters
from aft.errors import Terminal
from aft.organization.model import AccountFacts
from aft.sessions import AccountSession


class SnapshotPublicAccessParameters(SettingParameters):
    """Parameters of ``snapshot-public-access``."""

    mode: Literal["block-all-sharing", "block-new-sharing"] = Field(
        default="block-all-sharing",
        description="`block-all-sharing` also hides snapshots that are public already; "
        "`block-new-sharing` leaves them public.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedSharing:
    """The switch as it stands, and who decides: ``account`` or ``declarative-policy``."""

    state: str
    managed_by: str


class SnapshotPublicAccess:
    """Public sharing of EBS snapshots is blocked."""

    name: ClassVar[str] = "snapshot-public-access"
    effect_version: ClassVar[int] = 1
    regional: ClassVar[bool] = True
    description: ClassVar[str] = "The block of public EBS snapshots, in every governed region."
    parameters_model: type[SnapshotPublicAccessParameters] = SnapshotPublicAccessParameters

    def facts(self, account: AccountFacts) -> object:  # noqa: ARG002 (the port's signature)
        return {}

    def read(
        self, inputs: SettingInputs[SnapshotPublicAccessParameters], session: AccountSession
    ) -> ObservedSharing:
        answer = session.client("ec2", inputs.region).get_snapshot_block_public_access_state()
        return ObservedSharing(state=answer["State"], managed_by=answer.get("ManagedBy", "account"))

    def compare(
        self, inputs: SettingInputs[SnapshotPublicAccessParameters], observed: ObservedSharing
    ) -> tuple[SettingDifference, ...]:
        wanted = inputs.parameters.mode
        if observed.state == wanted:
            return ()
        return (
            SettingDifference(
                description=f"public EBS snapshots in {inputs.region}: {observed.state}, "
                f"should be {wanted}",
                before=observed.state,
                after=wanted,
            ),
        )

    def change(
        self,
        inputs: SettingInputs[SnapshotPublicAccessParameters],
        observed: ObservedSharing,
        session: AccountSession,
    ) -> None:
        wanted = inputs.parameters.mode
        if observed.state == wanted:
            return
        if observed.managed_by != "account":
            raise Terminal(
                f"public EBS snapshots in {inputs.region} are {observed.state} by a "
                f"{observed.managed_by} of the organization, which the account cannot change",
                hint="change the policy, or write the mode it sets in the baseline",
            )
        session.client("ec2", inputs.region).enable_snapshot_block_public_access(State=wanted)
