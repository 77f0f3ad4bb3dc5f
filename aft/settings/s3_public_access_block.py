"""Baseline setting ``s3-public-access-block``: no bucket of the account can be made public.

AWS (S3 Control API): four switches per *account*, which hold in every region whatever a bucket's
own switches say. The call wants the account's own id. ``PutPublicAccessBlock`` writes all four;
``GetPublicAccessBlock`` raises ``NoSuchPublicAccessBlockConfiguration`` while none was set, which
means "all off". Changes may take a few minutes to hold everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field

from aft.baselines.model import SettingDifference, SettingInputs, SettingParameters
from aft.errors import NotFound
from aft.organization.model import AccountFacts
from aft.sessions import AccountSession
from aft.settings.wording import on_or_off


class S3PublicAccessBlockParameters(SettingParameters):
    """Parameters of ``s3-public-access-block``; all on unless said otherwise."""

    block_public_acls: bool = Field(default=True, description="Refuse new public ACLs.")
    ignore_public_acls: bool = Field(default=True, description="Ignore public ACLs there are.")
    block_public_policy: bool = Field(
        default=True, description="Refuse bucket policies that allow the public in."
    )
    restrict_public_buckets: bool = Field(
        default=True,
        description="Keep buckets with a public policy to AWS services and the account itself.",
    )


_FIELDS: Mapping[str, str] = {
    "block_public_acls": "BlockPublicAcls",
    "ignore_public_acls": "IgnorePublicAcls",
    "block_public_policy": "BlockPublicPolicy",
    "restrict_public_buckets": "RestrictPublicBuckets",
}


class S3PublicAccessBlock:
    """The account's four public access switches are as wanted."""

    name: ClassVar[str] = "s3-public-access-block"
    effect_version: ClassVar[int] = 1
    regional: ClassVar[bool] = False
    description: ClassVar[str] = "The account-wide block of public access to S3 buckets."
    parameters_model: type[S3PublicAccessBlockParameters] = S3PublicAccessBlockParameters

    def facts(self, account: AccountFacts) -> object:  # noqa: ARG002 (the port's signature)
        return {}

    def read(
        self,
        inputs: SettingInputs[S3PublicAccessBlockParameters],  # noqa: ARG002 (the port's signature)
        session: AccountSession,
    ) -> Mapping[str, bool]:
        """The switches by parameter name."""
        try:
            answer = session.client("s3control").get_public_access_block(
                AccountId=session.account_id
            )
        except NotFound:
            return dict.fromkeys(_FIELDS, False)
        switches = answer["PublicAccessBlockConfiguration"]
        return {field: bool(switches.get(key, False)) for field, key in _FIELDS.items()}

    def compare(
        self, inputs: SettingInputs[S3PublicAccessBlockParameters], observed: Mapping[str, bool]
    ) -> tuple[SettingDifference, ...]:
        return tuple(
            SettingDifference(
                description=f"S3 public access: {key} is {on_or_off(observed[field])}, "
                f"should be {on_or_off(wanted)}",
                before=on_or_off(observed[field]),
                after=on_or_off(wanted),
            )
            for field, key in _FIELDS.items()
            if (wanted := getattr(inputs.parameters, field)) != observed[field]
        )

    def change(
        self,
        inputs: SettingInputs[S3PublicAccessBlockParameters],
        observed: Mapping[str, bool],
        session: AccountSession,
    ) -> None:
        if not self.compare(inputs, observed):
            return
        wanted = inputs.parameters
        session.client("s3control").put_public_access_block(
            AccountId=session.account_id,
            PublicAccessBlockConfiguration={
                "BlockPublicAcls": wanted.block_public_acls,
                "IgnorePublicAcls": wanted.ignore_public_acls,
                "BlockPublicPolicy": wanted.block_public_policy,
                "RestrictPublicBuckets": wanted.restrict_public_buckets,
            },
        )
