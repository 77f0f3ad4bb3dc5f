"""Baseline setting ``image-public-access``: no AMI is shared with everybody. Regional.

AWS (EC2 User Guide, "Block public access to your AMIs"; API ``EnableImageBlockPublicAccess``): a
switch per account *and region* with one strength, ``block-new-sharing``. AMIs that are public
already stay so. It is asynchronous: up to ten minutes pass in which the state still reads
``unblocked``, so the change waits for it. New accounts have it on in many regions; accounts with
public AMIs do not. Where a declarative policy of the organization sets it the account cannot
change it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from aft.baselines.model import SettingDifference, SettingInputs, SettingParameters
from aft.errors import Terminal
from aft.organization.model import AccountFacts
from aft.sessions import AccountSession

if TYPE_CHECKING:
    from types_boto3_ec2 import EC2Client

WANTED: Final = "block-new-sharing"
SECONDS_BETWEEN_LOOKS = 15.0
LOOKS = 60
"""Fifteen minutes: half again as long as AWS says."""


class ImagePublicAccessParameters(SettingParameters):
    """``image-public-access`` takes no parameters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedImageSharing:
    """The switch as it stands, and who decides: ``account`` or ``declarative-policy``."""

    state: str
    managed_by: str


class ImagePublicAccess:
    """Public sharing of AMIs is blocked."""

    name: ClassVar[str] = "image-public-access"
    effect_version: ClassVar[int] = 1
    regional: ClassVar[bool] = True
    description: ClassVar[str] = "The block of public AMIs, in every governed region."
    parameters_model: type[ImagePublicAccessParameters] = ImagePublicAccessParameters

    def facts(self, account: AccountFacts) -> object:  # noqa: ARG002 (the port's signature)
        return {}

    def read(
        self, inputs: SettingInputs[ImagePublicAccessParameters], session: AccountSession
    ) -> ObservedImageSharing:
        return _observed(session.client("ec2", inputs.region))

    def compare(
        self, inputs: SettingInputs[ImagePublicAccessParameters], observed: ObservedImageSharing
    ) -> tuple[SettingDifference, ...]:
        if observed.state == WANTED:
            return ()
        return (
            SettingDifference(
                description=f"public AMIs in {inputs.region}: {observed.state}, should be {WANTED}",
                before=observed.state,
                after=WANTED,
            ),
        )

    def refuse(
        self, inputs: SettingInputs[ImagePublicAccessParameters], observed: ObservedImageSharing
    ) -> None:
        if observed.managed_by != "account":
            raise Terminal(
                f"public AMIs in {inputs.region} are {observed.state} by a "
                f"{observed.managed_by} of the organization, which the account cannot change",
                hint="change the policy, or leave image-public-access out of the baseline",
            )

    def change(
        self,
        inputs: SettingInputs[ImagePublicAccessParameters],
        observed: ObservedImageSharing,
        session: AccountSession,
    ) -> None:
        if observed.state == WANTED:
            return
        self.refuse(inputs, observed)
        ec2 = session.client("ec2", inputs.region)
        ec2.enable_image_block_public_access(ImageBlockPublicAccessState=WANTED)
        for _ in range(LOOKS):
            if _observed(ec2).state == WANTED:
                return
            session.sleep(SECONDS_BETWEEN_LOOKS)
        raise Terminal(
            f"AWS accepted the block of public AMIs in {inputs.region}, but after "
            f"{LOOKS * SECONDS_BETWEEN_LOOKS / 60:.0f} minutes it is not in force",
            hint="run again; AWS says that it takes up to ten minutes",
        )


def _observed(ec2: EC2Client) -> ObservedImageSharing:
    answer = ec2.get_image_block_public_access_state()
    return ObservedImageSharing(
        state=answer["ImageBlockPublicAccessState"], managed_by=answer.get("ManagedBy", "account")
    )
