"""Baseline setting ``s3-public-access-block``: no bucket of the account can be made public.

AWS (S3 Control API): four settings per *account*, which apply in every region, for any settings
of a bucket. The call requires the account's own id. ``PutPublicAccessBlock`` writes all four;
``GetPublicAccessBlock`` raises ``NoSuchPublicAccessBlockConfiguration`` if none was set, which
means "all off". Changes can take a few minutes to apply everywhere.
"""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from aft.baselines.directions import Directions, Weaker
from aft.baselines.model import SettingInputs, SettingParameters
from aft.errors import NotFound
from aft.sessions import AccountSession
from aft.settings.shapes.values import Observed, Value, Values


class S3PublicAccessBlockParameters(SettingParameters):
    """Parameters of ``s3-public-access-block``; all on unless said otherwise."""

    weakens: ClassVar[Directions] = {
        "block_public_acls": Weaker.OFF,
        "ignore_public_acls": Weaker.OFF,
        "block_public_policy": Weaker.OFF,
        "restrict_public_buckets": Weaker.OFF,
    }

    block_public_acls: bool = Field(default=True, description="Reject new public ACLs.")
    ignore_public_acls: bool = Field(default=True, description="Ignore existing public ACLs.")
    block_public_policy: bool = Field(
        default=True, description="Reject bucket policies that allow public access."
    )
    restrict_public_buckets: bool = Field(
        default=True,
        description="Restrict buckets with a public policy to AWS services and the account itself.",
    )


Inputs = SettingInputs[S3PublicAccessBlockParameters]
_FIELDS = {
    "BlockPublicAcls is": Value("block_public_acls", "BlockPublicAcls"),
    "IgnorePublicAcls is": Value("ignore_public_acls", "IgnorePublicAcls"),
    "BlockPublicPolicy is": Value("block_public_policy", "BlockPublicPolicy"),
    "RestrictPublicBuckets is": Value("restrict_public_buckets", "RestrictPublicBuckets"),
}


class S3PublicAccessBlock(Values[S3PublicAccessBlockParameters]):
    """The account's four public access switches are as in the baseline."""

    name = "s3-public-access-block"
    description = "The account-wide block of public access to S3 buckets."
    subject = "S3 public access"
    fields = _FIELDS

    def read(self, inputs: Inputs, session: AccountSession) -> Observed:
        found: Any = {}
        client = session.client("s3control")
        try:
            answer = client.get_public_access_block(AccountId=session.account_id)
            found = answer["PublicAccessBlockConfiguration"]
        except NotFound:
            pass
        return Observed(values={**dict.fromkeys(_FIELDS, False), **self.named(found)})

    def fix(self, inputs: Inputs, observed: Observed, session: AccountSession) -> None:
        switches: Any = self.as_aws(self.desired(inputs.parameters))
        session.client("s3control").put_public_access_block(
            AccountId=session.account_id, PublicAccessBlockConfiguration=switches
        )
