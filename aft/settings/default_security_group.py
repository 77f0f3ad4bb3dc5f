"""Baseline setting ``default-security-group``: default security groups allow nothing. Regional.

AWS (VPC User Guide, "Default security groups for your VPCs"): every VPC has one; it cannot be
deleted, lets its members talk to each other and everything out, and is what a network interface
gets for which nobody names a group. So a launch without a group should find a closed door
(Security Hub control EC2.2). Rules are revoked by their ids; rules of *other* groups that name the
default group stay as they are.

A default group that a network interface uses is left alone: to close it cuts the connections of
whatever is behind that interface. ``even_in_use`` says that this is meant.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from aft.baselines.model import SettingDifference, SettingInputs, SettingParameters
from aft.errors import Terminal
from aft.organization.model import AccountFacts
from aft.sessions import AccountSession
from aft.settings.deletion import unless_gone

if TYPE_CHECKING:
    from types_boto3_ec2 import EC2Client

_SHOWN = 3


class DefaultSecurityGroupParameters(SettingParameters):
    """Parameters of ``default-security-group``."""

    even_in_use: bool = Field(
        default=False,
        description="Also close default groups that network interfaces use. Their connections "
        "break where no other group of theirs allows them.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenGroup:
    """A default security group with rules; ``used_by`` are network interfaces."""

    id: str
    vpc: str
    ingress: tuple[str, ...]
    egress: tuple[str, ...]
    used_by: tuple[str, ...]


class DefaultSecurityGroup:
    """No default security group has rules."""

    name: ClassVar[str] = "default-security-group"
    effect_version: ClassVar[int] = 1
    regional: ClassVar[bool] = True
    comes_after: ClassVar[tuple[str, ...]] = ("default-vpc-removal", "network")
    sweeps_account: ClassVar[bool] = True
    description: ClassVar[str] = (
        "Default security groups without rules, in every VPC of every governed region."
    )
    parameters_model: type[DefaultSecurityGroupParameters] = DefaultSecurityGroupParameters

    def facts(self, account: AccountFacts) -> object:  # noqa: ARG002 (the port's signature)
        return {}

    def read(
        self, inputs: SettingInputs[DefaultSecurityGroupParameters], session: AccountSession
    ) -> tuple[OpenGroup, ...]:
        """Default groups that have rules; two calls where there are none, one without VPCs."""
        ec2 = session.client("ec2", inputs.region)
        groups = _all(ec2, "security_groups", "group-name", ["default"])
        vpcs = {str(group["GroupId"]): str(group.get("VpcId", "")) for group in groups}
        if not vpcs:
            return ()
        rules = _all(ec2, "security_group_rules", "group-id", sorted(vpcs))
        ruled = sorted({str(rule["GroupId"]) for rule in rules})
        if not ruled:
            return ()
        interfaces = _all(ec2, "network_interfaces", "group-id", ruled)
        return tuple(
            OpenGroup(
                id=group,
                vpc=vpcs[group],
                ingress=_rules(rules, group, is_egress=False),
                egress=_rules(rules, group, is_egress=True),
                used_by=tuple(
                    sorted(
                        str(item["NetworkInterfaceId"])
                        for item in interfaces
                        if any(member["GroupId"] == group for member in item["Groups"])
                    )
                ),
            )
            for group in ruled
        )

    def compare(
        self, inputs: SettingInputs[DefaultSecurityGroupParameters], observed: tuple[OpenGroup, ...]
    ) -> tuple[SettingDifference, ...]:
        return tuple(
            SettingDifference(
                description=f"default security group {group.id} of {group.vpc} in "
                f"{inputs.region} has {_counted(group)}{_use(group)}, should have none",
                before=_counted(group),
                after=None,
                takes_away=bool(group.used_by) and inputs.parameters.even_in_use,
            )
            for group in observed
        )

    def refuse(
        self, inputs: SettingInputs[DefaultSecurityGroupParameters], observed: tuple[OpenGroup, ...]
    ) -> None:
        kept = _kept(inputs, observed)
        if kept == list(observed):
            _refuse(inputs, kept)

    def change(
        self,
        inputs: SettingInputs[DefaultSecurityGroupParameters],
        observed: tuple[OpenGroup, ...],
        session: AccountSession,
    ) -> None:
        """Closes every group it may, then refuses if some are left."""
        ec2 = session.client("ec2", inputs.region)
        kept = _kept(inputs, observed)
        for group in observed:
            if group in kept:
                continue
            for revoke, rules in (
                (ec2.revoke_security_group_ingress, group.ingress),
                (ec2.revoke_security_group_egress, group.egress),
            ):
                if rules:
                    unless_gone(revoke, GroupId=group.id, SecurityGroupRuleIds=list(rules))
        _refuse(inputs, kept)


def _kept(
    inputs: SettingInputs[DefaultSecurityGroupParameters], observed: Sequence[OpenGroup]
) -> list[OpenGroup]:
    """The groups that must not be closed."""
    return [group for group in observed if group.used_by and not inputs.parameters.even_in_use]


def _refuse(
    inputs: SettingInputs[DefaultSecurityGroupParameters], kept: Sequence[OpenGroup]
) -> None:
    if kept:
        named = "; ".join(f"{group.id} of {group.vpc}{_use(group)}" for group in kept)
        raise Terminal(
            f"default security groups in {inputs.region} are in use and were left alone: {named}",
            hint="give those interfaces groups of their own, or set `even_in_use: true`",
        )


def _all(
    ec2: EC2Client, operation: str, name: str, values: Sequence[str]
) -> Sequence[Mapping[str, Any]]:
    """All of ``describe_<operation>`` with this filter; AWS takes 200 values in one."""
    key = "".join(word.capitalize() for word in operation.split("_"))
    by_name: Any = ec2  # an operation that is not a literal has no type
    pages = by_name.get_paginator(f"describe_{operation}")
    return [
        item
        for start in range(0, len(values), 200)
        for page in pages.paginate(
            Filters=[{"Name": name, "Values": list(values[start : start + 200])}]
        )
        for item in page[key]
    ]


def _rules(rules: Sequence[Mapping[str, Any]], group: str, *, is_egress: bool) -> tuple[str, ...]:
    return tuple(
        sorted(
            str(rule["SecurityGroupRuleId"])
            for rule in rules
            if rule["GroupId"] == group and bool(rule["IsEgress"]) is is_egress
        )
    )


def _counted(group: OpenGroup) -> str:
    parts = (f"{len(group.ingress)} ingress", f"{len(group.egress)} egress")
    count = len(group.ingress) + len(group.egress)
    return f"{' and '.join(parts)} rule{'' if count == 1 else 's'}"


def _use(group: OpenGroup) -> str:
    if not group.used_by:
        return ""
    more = len(group.used_by) - _SHOWN
    listed = ", ".join(group.used_by[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
    return f" (used by {listed})"
