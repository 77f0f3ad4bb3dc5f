"""Baseline setting ``snapshot-public-access``: no EBS snapshot is shared with everybody. Regional.

AWS (EBS User Guide, "Block public access for Amazon EBS snapshots"; API
``EnableSnapshotBlockPublicAccess``): a switch per account *and region* with two strengths.
``block-all-sharing`` also hides snapshots that are public already (they stay marked as public, and
are so again when the switch is taken back); ``block-new-sharing`` leaves those. It takes effect at
once, and sharing with named accounts is never touched. Where a declarative policy of the
organization sets it (``ManagedBy: declarative-policy``), the account cannot change it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from aft.baselines.model import SettingInputs, SettingParameters
from aft.sessions import AccountSession
from aft.settings.shapes.values import Observed, Values


class SnapshotPublicAccessParameters(SettingParameters):
    """Parameters of ``snapshot-public-access``."""

    mode: Literal["block-all-sharing", "block-new-sharing"] = Field(
        default="block-all-sharing",
        description="`block-all-sharing` also hides snapshots that are public already; "
        "`block-new-sharing` leaves them public.",
    )


Inputs = SettingInputs[SnapshotPublicAccessParameters]


class SnapshotPublicAccess(Values[SnapshotPublicAccessParameters]):
    """Public sharing of EBS snapshots is blocked."""

    name = "snapshot-public-access"
    regional = True
    description = "The block of public EBS snapshots, in every governed region."
    parameters_model = SnapshotPublicAccessParameters
    subject = "public EBS snapshots"

    def desired(self, parameters: SnapshotPublicAccessParameters) -> Mapping[str, str]:
        return {"": parameters.mode}

    def read(self, inputs: Inputs, session: AccountSession) -> Observed:
        answer = session.client("ec2", inputs.region).get_snapshot_block_public_access_state()
        decides = answer.get("ManagedBy", "account")
        return Observed(values={"": answer["State"]}, managed_by=decides)

    def fix(self, inputs: Inputs, observed: Observed, session: AccountSession) -> None:
        ec2 = session.client("ec2", inputs.region)
        ec2.enable_snapshot_block_public_access(State=inputs.parameters.mode)
