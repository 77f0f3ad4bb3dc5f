"""Baseline setting ``imdsv2-defaults``: how new EC2 instances offer their metadata. Regional.

AWS (EC2 User Guide, "Configure instance metadata options for new instances"; API
``ModifyInstanceMetadataDefaults``): defaults per account *and region* for new instances, unless the
launch call or the AMI sets other values; existing instances are not changed. Options that were
never set are absent from the response, and ``no-preference`` (``-1`` for the hop limit, otherwise 1
to 64) removes a default. A hop limit of 1 prevents containers from getting the credentials of their
host, and also their own if they use the metadata service: AWS recommends 2 for containers.
``HttpTokensEnforced`` makes launches that request IMDSv1 fail. If a declarative policy of the
organization controls the defaults, the account cannot change them.
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
        default="required",
        description="`required` allows only IMDSv2; `optional` also allows IMDSv1.",
    )
    hop_limit: Annotated[int, Field(ge=1, le=64)] | None = Field(
        default=2, description="How many network hops a response can travel; containers need 2."
    )
    endpoint: Switch | None = Field(
        default=None, description="Whether instances have a metadata endpoint."
    )
    metadata_tags: Switch | None = Field(
        default=None, description="Whether an instance can read its own tags from its metadata."
    )
    enforce: Switch | None = Field(
        default=None, description="`enabled` makes launches that request IMDSv1 fail."
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
