"""Baseline setting ``image-public-access``: no AMI is shared with everybody. Regional.

AWS (EC2 User Guide, "Block public access to your AMIs"; API ``EnableImageBlockPublicAccess``): a
switch per account *and region* with one strength, ``block-new-sharing``. AMIs that are public
already stay so. It is asynchronous: up to ten minutes pass in which the state still reads
``unblocked``, so the change waits for it. New accounts have it on in many regions; accounts with
public AMIs do not. Where a declarative policy of the organization sets it, the account cannot
change it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from aft.baselines.model import SettingInputs, SettingParameters
from aft.errors import Terminal
from aft.sessions import AccountSession
from aft.settings.shapes.values import Observed, Values

WANTED: Final = "block-new-sharing"
SECONDS_BETWEEN_LOOKS = 15.0
LOOKS = 60
"""Fifteen minutes: half again as long as AWS says."""


class ImagePublicAccessParameters(SettingParameters):
    """``image-public-access`` takes no parameters."""


Inputs = SettingInputs[ImagePublicAccessParameters]


class ImagePublicAccess(Values[ImagePublicAccessParameters]):
    """Public sharing of AMIs is blocked."""

    name = "image-public-access"
    regional = True
    description = "The block of public AMIs, in every governed region."
    parameters_model = ImagePublicAccessParameters
    subject = "public AMIs"

    def desired(self, parameters: ImagePublicAccessParameters) -> Mapping[str, str]:
        return {"": WANTED}

    def read(self, inputs: Inputs, session: AccountSession) -> Observed:
        answer = session.client("ec2", inputs.region).get_image_block_public_access_state()
        state, decides = answer["ImageBlockPublicAccessState"], answer.get("ManagedBy", "account")
        return Observed(values={"": state}, managed_by=decides)

    def fix(self, inputs: Inputs, observed: Observed, session: AccountSession) -> None:
        session.client("ec2", inputs.region).enable_image_block_public_access(
            ImageBlockPublicAccessState=WANTED
        )
        for _ in range(LOOKS):
            if not self.differing(inputs, self.read(inputs, session)):
                return
            session.sleep(SECONDS_BETWEEN_LOOKS)
        raise Terminal(
            f"AWS accepted the block of public AMIs in {inputs.region}, but after "
            f"{LOOKS * SECONDS_BETWEEN_LOOKS / 60:.0f} minutes it is not in force",
            hint="run again; AWS says that it takes up to ten minutes",
        )
