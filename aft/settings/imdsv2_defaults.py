"""Baseline setting ``imdsv2-defaults``: how new EC2 instances offer their metadata. Regional.

AWS (EC2 User Guide, "Configure instance metadata options for new instances"; API
``ModifyInstanceMetadataDefaults``): defaults per account *and region* for instances launched from
now on, where neither the launch call nor the AMI says otherwise; instances there are stay as they
are. What was never set is absent from the answer, and ``no-preference`` (``-1`` for the hop limit,
else 1 to 64) takes a default away. A hop limit of 1 keeps containers from the credentials of their
host, and from their own where they get them so: AWS advises 2 for them. ``HttpTokensEnforced``
makes launches that ask for IMDSv1 fail. Where a declarative policy of the organization sets the
defaults, the account cannot change them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from aft.baselines.model import SettingInputs, SettingParameters
from aft.sessions import AccountSession
from aft.settings.shapes import values
from aft.settings.shapes.values import Observed, Values

Switch = Literal["enabled", "disabled"]


class Imdsv2DefaultsParameters(SettingParameters):
    """Parameters of ``imdsv2-defaults``; what is null is left as it is."""

    http_tokens: Literal["required", "optional"] | None = Field(
        default="required", description="`required` is IMDSv2 alone; `optional` also IMDSv1."
    )
    hop_limit: Annotated[int, Field(ge=1, le=64)] | None = Field(
        default=2, description="How many network hops the answer may travel; containers need 2."
    )
    endpoint: Switch | None = Field(
        default=None, description="Whether instances have a metadata endpoint at all."
    )
    metadata_tags: Switch | None = Field(
        default=None, description="Whether an instance sees its own tags in its metadata."
    )
    enforce: Switch | None = Field(
        default=None, description="`enabled` makes launches fail that ask for IMDSv1."
    )


Inputs = SettingInputs[Imdsv2DefaultsParameters]
_FIELDS = {
    "tokens are": values.Field("http_tokens", "HttpTokens"),
    "hop limit is": values.Field("hop_limit", "HttpPutResponseHopLimit"),
    "endpoint is": values.Field("endpoint", "HttpEndpoint"),
    "tags are": values.Field("metadata_tags", "InstanceMetadataTags"),
    "enforcement is": values.Field("enforce", "HttpTokensEnforced"),
}


class Imdsv2Defaults(Values[Imdsv2DefaultsParameters]):
    """New instances offer their metadata as in the baseline."""

    name = "imdsv2-defaults"
    regional = True
    description = "Metadata options of new EC2 instances, in every governed region."
    parameters_model = Imdsv2DefaultsParameters
    subject = "instance metadata"
    fields = _FIELDS

    def desired(self, parameters: Imdsv2DefaultsParameters) -> Mapping[str, Any]:
        found = super().desired(parameters)
        return {words: value for words, value in found.items() if value is not None}

    def read(self, inputs: Inputs, session: AccountSession) -> Observed:
        answer = session.client("ec2", inputs.region).get_instance_metadata_defaults()
        level = answer.get("AccountLevel") or {}
        return Observed(values=self.named(level), managed_by=level.get("ManagedBy", "account"))

    def fix(self, inputs: Inputs, observed: Observed, session: AccountSession) -> None:
        session.client("ec2", inputs.region).modify_instance_metadata_defaults(
            **self.as_aws(self.differing(inputs, observed))
        )
