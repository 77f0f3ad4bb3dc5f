"""Baseline setting ``imdsv2-defaults``: how new EC2 instances offer their metadata. Regional.

AWS (EC2 User Guide, "Configure instance metadata options for new instances"; API
``ModifyInstanceMetadataDefaults``): defaults per account *and region* for instances launched from
now on, where neither the launch call nor the AMI says otherwise; instances there are stay as they
are. What was never set is absent from the answer, and ``no-preference`` (``-1`` for the hop limit,
else 1 to 64) takes a default away. A hop limit of 1 keeps containers from the credentials of their
host, and from their own where they get them so: AWS advises 2 for them. ``HttpTokensEnforced``
makes launches that ask for IMDSv1 fail. Where a declarative policy of the organization sets the
defaults the account cannot change them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from aft.baselines.model import SettingDifference, SettingInputs, SettingParameters
from aft.errors import Terminal
from aft.organization.model import AccountFacts
from aft.sessions import AccountSession

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


_MEMBERS: Mapping[str, str] = {
    "http_tokens": "HttpTokens",
    "hop_limit": "HttpPutResponseHopLimit",
    "endpoint": "HttpEndpoint",
    "metadata_tags": "InstanceMetadataTags",
    "enforce": "HttpTokensEnforced",
}
_WORDS: Mapping[str, str] = {
    "http_tokens": "tokens are",
    "hop_limit": "hop limit is",
    "endpoint": "endpoint is",
    "metadata_tags": "tags are",
    "enforce": "enforcement is",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedDefaults:
    """``values`` by parameter name, without those never set; and who decides."""

    values: Mapping[str, str | int]
    managed_by: str


class Imdsv2Defaults:
    """New instances offer their metadata as wanted."""

    name: ClassVar[str] = "imdsv2-defaults"
    effect_version: ClassVar[int] = 1
    regional: ClassVar[bool] = True
    description: ClassVar[str] = "Metadata options of new EC2 instances, in every governed region."
    parameters_model: type[Imdsv2DefaultsParameters] = Imdsv2DefaultsParameters

    def facts(self, account: AccountFacts) -> object:  # noqa: ARG002 (the port's signature)
        return {}

    def read(
        self, inputs: SettingInputs[Imdsv2DefaultsParameters], session: AccountSession
    ) -> ObservedDefaults:
        answer = session.client("ec2", inputs.region).get_instance_metadata_defaults()
        level: Mapping[str, Any] = answer.get("AccountLevel") or {}
        return ObservedDefaults(
            values={field: level[name] for field, name in _MEMBERS.items() if name in level},
            managed_by=level.get("ManagedBy", "account"),
        )

    def compare(
        self, inputs: SettingInputs[Imdsv2DefaultsParameters], observed: ObservedDefaults
    ) -> tuple[SettingDifference, ...]:
        return tuple(
            SettingDifference(
                description=f"instance metadata in {inputs.region}: {_WORDS[field]} "
                f"{observed.values.get(field, 'not set')}, should be {wanted}",
                before=str(observed.values[field]) if field in observed.values else None,
                after=str(wanted),
            )
            for field, wanted in _differing(inputs, observed).items()
        )

    def refuse(
        self, inputs: SettingInputs[Imdsv2DefaultsParameters], observed: ObservedDefaults
    ) -> None:
        if observed.managed_by != "account":
            raise Terminal(
                f"instance metadata defaults in {inputs.region} are set by a "
                f"{observed.managed_by} of the organization, which the account cannot change",
                hint="change the policy, or leave imdsv2-defaults out of the baseline",
            )

    def change(
        self,
        inputs: SettingInputs[Imdsv2DefaultsParameters],
        observed: ObservedDefaults,
        session: AccountSession,
    ) -> None:
        differing = _differing(inputs, observed)
        if not differing:
            return
        self.refuse(inputs, observed)
        arguments: dict[str, Any] = {_MEMBERS[field]: value for field, value in differing.items()}
        session.client("ec2", inputs.region).modify_instance_metadata_defaults(**arguments)


def _differing(
    inputs: SettingInputs[Imdsv2DefaultsParameters], observed: ObservedDefaults
) -> Mapping[str, str | int]:
    wanted = {field: getattr(inputs.parameters, field) for field in _MEMBERS}
    return {
        field: value
        for field, value in wanted.items()
        if value is not None and observed.values.get(field) != value
    }
