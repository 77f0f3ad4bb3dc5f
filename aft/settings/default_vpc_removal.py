"""Baseline setting ``default-vpc-removal``: no default VPC. Regional; refuses when in use.

AWS (VPC User Guide, "Default VPCs"): every region of a new account has one, with a subnet per zone,
an attached internet gateway, and a main route table, network ACL, default security group and shared
DHCP options; the latter four are deleted with the VPC or stay in the account. ``DeleteVpc`` returns
``DependencyViolation`` while anything else is left. It cannot be undone, but ``CreateDefaultVpc``
creates a new one.

Order: internet gateways (detach, delete), subnets, the VPC. Each is safe to repeat: a gateway is
tagged before it is detached, so a run that dies in between leaves a trail the next one follows.
Nothing is deleted while anything added there is left: network interfaces (instances,
load balancers, databases, functions all have one), gateways, endpoints, and added security
groups, route tables or network ACLs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from aft.baselines.model import SettingInputs, SettingParameters
from aft.errors import Conflict, Terminal
from aft.sessions import AccountSession
from aft.settings.shapes.ec2 import described
from aft.settings.shapes.setting import Differences, Setting, differs, first_of, unless_gone

if TYPE_CHECKING:
    from types_boto3_ec2 import EC2Client

TRAIL_TAG = "aft:default-vpc-removal"
"""On an internet gateway: the id of the default VPC it is being taken from."""


class DefaultVpcRemovalParameters(SettingParameters):
    """``default-vpc-removal`` takes no parameters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DefaultVpc:
    """A default VPC and what is in it. ``in_use`` names what forbids its removal."""

    id: str
    internet_gateways: tuple[str, ...]
    detached_gateways: tuple[str, ...]
    subnets: tuple[str, ...]
    in_use: tuple[str, ...]


Inputs = SettingInputs[DefaultVpcRemovalParameters]


class DefaultVpcRemoval(Setting[DefaultVpcRemovalParameters, DefaultVpc | None]):
    """There is no default VPC."""

    name = "default-vpc-removal"
    regional = True
    description = "Removal of unused default VPCs, in every governed region."
    stays = "the default VPCs stay removed"

    def read(self, inputs: Inputs, session: AccountSession) -> DefaultVpc | None:
        """The default VPC of the region; one call where there is none."""
        ec2 = session.client("ec2", inputs.region)
        vpcs = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
        if not vpcs:
            return None
        vpc = str(vpcs[0]["VpcId"])
        attached = described(ec2, "internet_gateways", "attachment.vpc-id", [vpc])
        trail = described(ec2, "internet_gateways", f"tag:{TRAIL_TAG}", [vpc])
        subnets = described(ec2, "subnets", "vpc-id", [vpc])
        return DefaultVpc(
            id=vpc,
            internet_gateways=tuple(sorted(item["InternetGatewayId"] for item in attached)),
            detached_gateways=tuple(
                sorted(item["InternetGatewayId"] for item in trail if not item.get("Attachments"))
            ),
            subnets=tuple(sorted(item["SubnetId"] for item in subnets)),
            in_use=tuple(_what_is_inside(ec2, vpc)),
        )

    def differences(self, inputs: Inputs, observed: DefaultVpc | None) -> Differences:
        if observed is None:
            return
        subnets = f"{len(observed.subnets)} subnet{'' if len(observed.subnets) == 1 else 's'}"
        inside = f"in use: {first_of(observed.in_use)}" if observed.in_use else "unused"
        words = f"exists ({subnets}, {inside}), should be removed"
        yield differs(f"default VPC {observed.id} in {inputs.region} {words}", observed.id, None)

    def refuse(self, inputs: Inputs, observed: DefaultVpc | None) -> None:
        if observed is not None and observed.in_use:
            raise _refusal(observed, inputs.region, first_of(observed.in_use))

    def fix(self, inputs: Inputs, observed: DefaultVpc | None, session: AccountSession) -> None:
        if observed is None:
            return
        ec2 = session.client("ec2", inputs.region)
        try:
            _remove(ec2, observed)
        except (Terminal, Conflict) as error:
            if isinstance(error, Terminal) and error.code != "DependencyViolation":
                raise
            raise _refusal(observed, inputs.region, f"AWS says {error.message}") from error


def _remove(ec2: EC2Client, vpc: DefaultVpc) -> None:
    for gateway in vpc.internet_gateways:
        ec2.create_tags(Resources=[gateway], Tags=[{"Key": TRAIL_TAG, "Value": vpc.id}])
        unless_gone(ec2.detach_internet_gateway, InternetGatewayId=gateway, VpcId=vpc.id)
    for gateway in (*vpc.internet_gateways, *vpc.detached_gateways):
        unless_gone(ec2.delete_internet_gateway, InternetGatewayId=gateway)
    for subnet in vpc.subnets:
        unless_gone(ec2.delete_subnet, SubnetId=subnet)
    unless_gone(ec2.delete_vpc, VpcId=vpc.id)


def _refusal(vpc: DefaultVpc, region: str | None, what: str) -> Terminal:
    return Terminal(
        f"the default VPC {vpc.id} in {region} is in use and was left alone: {what}",
        hint="move or delete what is inside, or leave default-vpc-removal out of this baseline",
        code="DependencyViolation",
    )


class _Tenant(NamedTuple):
    """What forbids a removal: how to find it, which of the found count, how to name one."""

    label: str
    operation: str
    id_key: str
    filter: str = "vpc-id"
    counts: Callable[[Mapping[str, Any]], bool] = lambda _: True
    detail: Callable[[Mapping[str, Any]], object] = lambda _: ""


def _is_live(item: Mapping[str, Any]) -> bool:
    return str(item.get("State", "available")).lower() not in {"deleted", "deleting", "failed"}


def _is_peered(item: Mapping[str, Any]) -> bool:
    return (item.get("Status") or {}).get("Code") in {"active", "provisioning"}


def _instance_or_description(interface: Mapping[str, Any]) -> object:
    attachment = interface.get("Attachment") or {}
    return attachment.get("InstanceId") or interface.get("Description")


_PEERING = ("peering connection", "vpc_peering_connections", "VpcPeeringConnectionId")
# An own route table or network ACL is a sign that someone uses the VPC, though it is empty.
_TENANTS = (
    _Tenant(
        "network interface",
        "network_interfaces",
        "NetworkInterfaceId",
        detail=_instance_or_description,
    ),
    _Tenant("NAT gateway", "nat_gateways", "NatGatewayId", counts=_is_live),
    _Tenant(
        "VPC endpoint",
        "vpc_endpoints",
        "VpcEndpointId",
        counts=_is_live,
        detail=lambda item: item.get("ServiceName"),
    ),
    _Tenant("VPN gateway", "vpn_gateways", "VpnGatewayId", "attachment.vpc-id", counts=_is_live),
    _Tenant(*_PEERING, "requester-vpc-info.vpc-id", counts=_is_peered),
    _Tenant(*_PEERING, "accepter-vpc-info.vpc-id", counts=_is_peered),
    _Tenant(
        "security group",
        "security_groups",
        "GroupId",
        counts=lambda item: item.get("GroupName") != "default",
        detail=lambda item: item.get("GroupName"),
    ),
    _Tenant(
        "route table",
        "route_tables",
        "RouteTableId",
        counts=lambda item: not any(link.get("Main") for link in item.get("Associations", ())),
    ),
    _Tenant(
        "network ACL", "network_acls", "NetworkAclId", counts=lambda item: not item.get("IsDefault")
    ),
)


def _what_is_inside(ec2: EC2Client, vpc: str) -> Iterator[str]:
    for tenant in _TENANTS:
        for item in described(ec2, tenant.operation, tenant.filter, [vpc]):
            if tenant.counts(item):
                detail = tenant.detail(item)
                yield f"{tenant.label} {item[tenant.id_key]}" + (f" ({detail})" if detail else "")
