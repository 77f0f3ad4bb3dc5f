"""Baseline setting ``default-vpc-removal``: no default VPC. Regional; refuses when in use.

AWS (VPC User Guide, "Default VPCs"): every region of a new account has one, with a subnet per
zone, an attached internet gateway, and a main route table, network ACL, default security group
and shared DHCP options; the latter four go with the VPC or stay with the account. ``DeleteVpc``
answers ``DependencyViolation`` while anything else is left. It cannot be undone, but
``CreateDefaultVpc`` makes a fresh one.

Order: internet gateways (detach, delete), subnets, the VPC. Each is safe to repeat: a gateway is
tagged before it is detached, so a run that dies in between leaves a trail the next one follows.
Nothing is deleted while anything that somebody put there is left: network interfaces (instances,
load balancers, databases, functions all have one), gateways, endpoints, and security groups,
route tables or network ACLs of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from aft.baselines.model import SettingDifference, SettingInputs, SettingParameters
from aft.errors import Conflict, NotFound, Terminal
from aft.organization.model import AccountFacts
from aft.sessions import AccountSession

if TYPE_CHECKING:
    from types_boto3_ec2 import EC2Client

TRAIL_TAG = "aft:default-vpc-removal"
"""On an internet gateway: the id of the default VPC it is being taken from."""

_SHOWN = 3


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


class DefaultVpcRemoval:
    """There is no default VPC."""

    name: ClassVar[str] = "default-vpc-removal"
    effect_version: ClassVar[int] = 1
    regional: ClassVar[bool] = True
    description: ClassVar[str] = "Removal of unused default VPCs, in every governed region."
    parameters_model: type[DefaultVpcRemovalParameters] = DefaultVpcRemovalParameters

    def facts(self, account: AccountFacts) -> object:  # noqa: ARG002 (the port's signature)
        return {}

    def read(
        self, inputs: SettingInputs[DefaultVpcRemovalParameters], session: AccountSession
    ) -> DefaultVpc | None:
        """The default VPC of the region; one call where there is none."""
        ec2 = session.client("ec2", inputs.region)
        vpcs = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
        if not vpcs:
            return None
        vpc = str(vpcs[0]["VpcId"])
        attached = _find(ec2, "internet_gateways", {"attachment.vpc-id": [vpc]})
        trail = _find(ec2, "internet_gateways", {f"tag:{TRAIL_TAG}": [vpc]})
        subnets = _find(ec2, "subnets", {"vpc-id": [vpc]})
        return DefaultVpc(
            id=vpc,
            internet_gateways=tuple(sorted(item["InternetGatewayId"] for item in attached)),
            detached_gateways=tuple(
                sorted(item["InternetGatewayId"] for item in trail if not item.get("Attachments"))
            ),
            subnets=tuple(sorted(item["SubnetId"] for item in subnets)),
            in_use=tuple(_what_is_inside(ec2, vpc)),
        )

    def compare(
        self, inputs: SettingInputs[DefaultVpcRemovalParameters], observed: DefaultVpc | None
    ) -> tuple[SettingDifference, ...]:
        if observed is None:
            return ()
        subnets = len(observed.subnets)
        inside = f"in use: {_listed(observed.in_use)}" if observed.in_use else "unused"
        return (
            SettingDifference(
                description=f"default VPC {observed.id} in {inputs.region} exists "
                f"({subnets} subnet{'' if subnets == 1 else 's'}, {inside}), should be removed",
                before=observed.id,
                after=None,
            ),
        )

    def refuse(
        self, inputs: SettingInputs[DefaultVpcRemovalParameters], observed: DefaultVpc | None
    ) -> None:
        if observed is not None and observed.in_use:
            raise _refusal(observed, inputs.region, _listed(observed.in_use))

    def change(
        self,
        inputs: SettingInputs[DefaultVpcRemovalParameters],
        observed: DefaultVpc | None,
        session: AccountSession,
    ) -> None:
        if observed is None:
            return
        self.refuse(inputs, observed)
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
        _unless_gone(ec2.detach_internet_gateway, InternetGatewayId=gateway, VpcId=vpc.id)
    for gateway in (*vpc.internet_gateways, *vpc.detached_gateways):
        _unless_gone(ec2.delete_internet_gateway, InternetGatewayId=gateway)
    for subnet in vpc.subnets:
        _unless_gone(ec2.delete_subnet, SubnetId=subnet)
    _unless_gone(ec2.delete_vpc, VpcId=vpc.id)


def _refusal(vpc: DefaultVpc, region: str | None, what: str) -> Terminal:
    return Terminal(
        f"the default VPC {vpc.id} in {region} is in use and was left alone: {what}",
        hint="move or delete what is inside, or leave default-vpc-removal out of this baseline",
        code="DependencyViolation",
    )


def _unless_gone(call: Callable[..., object], **arguments: str) -> None:
    """Run a deletion; what is gone already is what was wanted."""
    try:
        call(**arguments)
    except NotFound:
        return
    except Terminal as error:
        if not (error.code.endswith(".NotFound") or error.code == "Gateway.NotAttached"):
            raise


# What forbids a removal: how to find it, which of the found count, how to name one.
# An own route table or network ACL is a sign that somebody uses the VPC, though it is empty.
@dataclass(frozen=True, slots=True, kw_only=True)
class _Tenant:
    label: str
    operation: str
    filter: str
    id_key: str
    counts: Callable[[Mapping[str, Any]], bool] = lambda _: True
    detail: Callable[[Mapping[str, Any]], str] = lambda _: ""


def _is_live(item: Mapping[str, Any]) -> bool:
    return str(item.get("State", "available")).lower() not in {"deleted", "deleting", "failed"}


def _is_main(table: Mapping[str, Any]) -> bool:
    return any(link.get("Main") for link in table.get("Associations", ()))


def _instance_or_description(interface: Mapping[str, Any]) -> str:
    attachment = interface.get("Attachment") or {}
    return str(attachment.get("InstanceId") or interface.get("Description") or "")


_TENANTS = (
    _Tenant(
        label="network interface",
        operation="network_interfaces",
        filter="vpc-id",
        id_key="NetworkInterfaceId",
        detail=_instance_or_description,
    ),
    _Tenant(
        label="NAT gateway",
        operation="nat_gateways",
        filter="vpc-id",
        id_key="NatGatewayId",
        counts=_is_live,
    ),
    _Tenant(
        label="VPC endpoint",
        operation="vpc_endpoints",
        filter="vpc-id",
        id_key="VpcEndpointId",
        counts=_is_live,
        detail=lambda item: str(item.get("ServiceName", "")),
    ),
    _Tenant(
        label="VPN gateway",
        operation="vpn_gateways",
        filter="attachment.vpc-id",
        id_key="VpnGatewayId",
        counts=_is_live,
    ),
    _Tenant(
        label="peering connection",
        operation="vpc_peering_connections",
        filter="requester-vpc-info.vpc-id",
        id_key="VpcPeeringConnectionId",
        counts=lambda item: (item.get("Status") or {}).get("Code") in {"active", "provisioning"},
    ),
    _Tenant(
        label="peering connection",
        operation="vpc_peering_connections",
        filter="accepter-vpc-info.vpc-id",
        id_key="VpcPeeringConnectionId",
        counts=lambda item: (item.get("Status") or {}).get("Code") in {"active", "provisioning"},
    ),
    _Tenant(
        label="security group",
        operation="security_groups",
        filter="vpc-id",
        id_key="GroupId",
        counts=lambda item: item.get("GroupName") != "default",
        detail=lambda item: str(item.get("GroupName", "")),
    ),
    _Tenant(
        label="route table",
        operation="route_tables",
        filter="vpc-id",
        id_key="RouteTableId",
        counts=lambda item: not _is_main(item),
    ),
    _Tenant(
        label="network ACL",
        operation="network_acls",
        filter="vpc-id",
        id_key="NetworkAclId",
        counts=lambda item: not item.get("IsDefault"),
    ),
)


def _what_is_inside(ec2: EC2Client, vpc: str) -> Iterator[str]:
    for tenant in _TENANTS:
        for item in _find(ec2, tenant.operation, {tenant.filter: [vpc]}):
            if tenant.counts(item):
                detail = tenant.detail(item)
                yield f"{tenant.label} {item[tenant.id_key]}" + (f" ({detail})" if detail else "")


def _find(
    ec2: EC2Client, operation: str, filters: Mapping[str, Sequence[str]]
) -> Sequence[Mapping[str, Any]]:
    """All of ``describe_<operation>`` that match; the answer's key is its name in capitals.

    One page is enough to decide; reading on would only lengthen a refusal.
    """
    answer = getattr(ec2, f"describe_{operation}")(
        Filters=[{"Name": name, "Values": list(values)} for name, values in filters.items()]
    )
    found: Sequence[Mapping[str, Any]] = answer[
        "".join(word.capitalize() for word in operation.split("_"))
    ]
    return found


def _listed(items: Sequence[str]) -> str:
    more = f" and {len(items) - _SHOWN} more" if len(items) > _SHOWN else ""
    return ", ".join(items[:_SHOWN]) + more
