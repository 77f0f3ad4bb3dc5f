"""Baseline setting ``default-security-group``: default security groups allow nothing. Regional.

AWS (VPC User Guide, "Default security groups for your VPCs"): every VPC has one. It cannot be
deleted, allows traffic between its members and all outbound traffic, and applies to every network
interface that is created without a security group. Without rules, such an interface allows no
traffic (Security Hub control EC2.2). Rules are revoked by their ids; rules of *other* groups that
refer to the default group are not changed.

A default group that a network interface uses is left alone: to close it cuts the connections of
everything behind that interface. ``even_in_use`` says that this is meant.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import Field

from aft.baselines.directions import Directions, Weaker
from aft.baselines.model import SettingInputs, SettingParameters
from aft.errors import Terminal
from aft.sessions import AccountSession
from aft.settings.shapes.ec2 import described
from aft.settings.shapes.setting import Differences, Setting, differs, first_of, unless_gone


class DefaultSecurityGroupParameters(SettingParameters):
    """Parameters of ``default-security-group``."""

    weakens: ClassVar[Directions] = {"even_in_use": Weaker.OFF}

    even_in_use: bool = Field(
        default=False,
        description="Also remove the rules of default groups that network interfaces use. "
        "Connections that no other group allows are interrupted.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenGroup:
    """A default security group with rules; ``used_by`` are network interfaces."""

    id: str
    vpc: str
    ingress: tuple[str, ...]
    egress: tuple[str, ...]
    used_by: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.id} of {self.vpc}"

    @property
    def use(self) -> str:
        """Who uses it, in words."""
        return f" (used by {first_of(self.used_by)})" if self.used_by else ""


Inputs = SettingInputs[DefaultSecurityGroupParameters]


class DefaultSecurityGroup(Setting[DefaultSecurityGroupParameters, tuple[OpenGroup, ...]]):
    """No default security group has rules."""

    name = "default-security-group"
    regional = True
    comes_after = ("default-vpc-removal", "network")
    sweeps_account = True
    description = "Default security groups without rules, in every VPC of every governed region."

    def read(self, inputs: Inputs, session: AccountSession) -> tuple[OpenGroup, ...]:
        """Default groups that have rules; two calls where there are none, one without VPCs."""
        ec2 = session.client("ec2", inputs.region)
        groups = described(ec2, "security_groups", "group-name", ["default"])
        vpcs = {group["GroupId"]: group.get("VpcId", "") for group in groups}
        if not vpcs:
            return ()
        rules = described(ec2, "security_group_rules", "group-id", sorted(vpcs))
        ruled = sorted({rule["GroupId"] for rule in rules})
        if not ruled:
            return ()
        interfaces = described(ec2, "network_interfaces", "group-id", ruled)
        users = {
            item["NetworkInterfaceId"]: {member["GroupId"] for member in item["Groups"]}
            for item in interfaces
        }
        return tuple(
            OpenGroup(
                id=group,
                vpc=vpcs[group],
                ingress=_rules(rules, group, is_egress=False),
                egress=_rules(rules, group, is_egress=True),
                used_by=tuple(sorted(user for user, groups in users.items() if group in groups)),
            )
            for group in ruled
        )

    def differences(self, inputs: Inputs, observed: tuple[OpenGroup, ...]) -> Differences:
        for group in observed:
            rules = f"{len(group.ingress)} ingress and {len(group.egress)} egress rule"
            rules += "" if len(group.ingress) + len(group.egress) == 1 else "s"
            words = f"{group} in {inputs.region} has {rules}{group.use}, should have none"
            takes = bool(group.used_by) and inputs.parameters.even_in_use
            yield differs(f"default security group {words}", rules, None, takes=takes)

    def refuse(self, inputs: Inputs, observed: tuple[OpenGroup, ...]) -> None:
        kept = _kept(inputs, observed)
        if kept == list(observed):
            _refuse(inputs, kept)

    def fix(self, inputs: Inputs, observed: tuple[OpenGroup, ...], session: AccountSession) -> None:
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


def _kept(inputs: Inputs, observed: Sequence[OpenGroup]) -> list[OpenGroup]:
    """The groups that must not be closed."""
    return [group for group in observed if group.used_by and not inputs.parameters.even_in_use]


def _refuse(inputs: Inputs, kept: Sequence[OpenGroup]) -> None:
    if kept:
        named = "; ".join(f"{group}{group.use}" for group in kept)
        raise Terminal(
            f"default security groups in {inputs.region} are in use and were left alone: {named}",
            hint="give those interfaces other groups, or set `even_in_use: true`",
        )


def _rules(rules: Sequence[Mapping[str, Any]], group: str, *, is_egress: bool) -> tuple[str, ...]:
    return tuple(
        sorted(
            rule["SecurityGroupRuleId"]
            for rule in rules
            if (rule["GroupId"], rule["IsEgress"]) == (group, is_egress)
        )
    )
