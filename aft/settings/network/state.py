"""What there is of a network in an account: its parts by name, read by their tags. Reads only.

Every part carries the tags ``aft:network`` (the network's name) and ``aft:network-part``; what does
not is somebody else's and is looked past.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from aft.errors import NotFound
from aft.sessions import AccountSession
from aft.settings.network.parameters import FlowLogsParameters, NetworkParameters
from aft.values.cidrs import parse_cidr

if TYPE_CHECKING:
    from types_boto3_ec2 import EC2Client

NETWORK_TAG = "aft:network"
PART_TAG = "aft:network-part"
ANYWHERE = "0.0.0.0/0"
_TARGETS = (
    *("GatewayId", "NatGatewayId", "TransitGatewayId", "NetworkInterfaceId", "InstanceId"),
    *("VpcPeeringConnectionId", "EgressOnlyInternetGatewayId", "CarrierGatewayId"),
    *("LocalGatewayId", "CoreNetworkArn"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class VpcState:
    """The VPC."""

    id: str
    cidr: str
    dns_support: bool
    dns_hostnames: bool
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class SubnetState:
    """A subnet of ours."""

    id: str
    cidr: str
    zone: str
    assigns_public_ips: bool
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteTableState:
    """A route table of ours. ``default`` is where it sends what it does not know better."""

    id: str
    default: str | None
    default_works: bool
    subnets: Mapping[str, str]
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class NatState:
    """A NAT gateway of ours that is not gone, and its addresses."""

    id: str
    state: str
    subnet: str
    allocations: tuple[str, ...]
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowLogState:
    """Our flow log."""

    id: str
    destination: str
    traffic: str
    interval_seconds: int
    works: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkState:
    """All of it. ``others`` are the ranges of other VPCs, with the VPC's id, ``default`` is the
    id of the default VPC among them, ``twins`` are more than one VPC of this name.
    ``associations`` say, by subnet, which route table it has, ours or not."""

    zones: tuple[str, ...]
    others: tuple[tuple[str, str], ...] = ()
    default: str = ""
    twins: tuple[str, ...] = ()
    vpc: VpcState | None = None
    subnets: Mapping[str, SubnetState] = field(default_factory=dict)
    route_tables: Mapping[str, RouteTableState] = field(default_factory=dict)
    associations: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    internet_gateway: str | None = None
    is_attached: bool = False
    nats: Mapping[str, NatState] = field(default_factory=dict)
    addresses: Mapping[str, str] = field(default_factory=dict)
    flow_log: FlowLogState | None = None
    has_log_group: bool = False
    has_role: bool = False


def read_network(
    parameters: NetworkParameters, region: str, session: AccountSession
) -> NetworkState:
    """Everything ``change`` and ``compare`` need; few calls where there is no network yet."""
    ec2 = session.client("ec2", region)
    vpcs = list(_pages(ec2, "vpcs"))
    own = sorted(
        (vpc for vpc in vpcs if _tags(vpc).get(NETWORK_TAG) == parameters.network),
        key=lambda vpc: str(vpc["VpcId"]),
    )
    around: dict[str, Any] = {
        "zones": _zones(ec2),
        "others": _ranges(vpc for vpc in vpcs if vpc not in own),
        "default": next((str(vpc["VpcId"]) for vpc in vpcs if vpc.get("IsDefault")), ""),
        **_flow_log_surroundings(parameters.flow_logs, region, session),
    }
    if not own:
        gateway, _ = _internet_gateway(ec2, parameters.network, None)
        return NetworkState(internet_gateway=gateway, addresses={}, **around)
    vpc_id = str(own[0]["VpcId"])
    tables = list(_pages(ec2, "route_tables", {"vpc-id": [vpc_id]}))
    gateway, is_attached = _internet_gateway(ec2, parameters.network, vpc_id)
    return NetworkState(
        **around,
        twins=tuple(str(vpc["VpcId"]) for vpc in own[1:]),
        vpc=_vpc(ec2, own[0]),
        subnets={
            _tags(item)[PART_TAG]: _subnet(item)
            for item in _pages(ec2, "subnets", {"vpc-id": [vpc_id]})
            if _is_part(item, parameters.network)
        },
        route_tables={
            _tags(item)[PART_TAG]: _route_table(item)
            for item in tables
            if _is_part(item, parameters.network)
        },
        associations={
            str(link["SubnetId"]): (
                str(link["RouteTableAssociationId"]),
                str(table["RouteTableId"]),
            )
            for table in tables
            for link in table.get("Associations", ())
            if link.get("SubnetId")
        },
        internet_gateway=gateway,
        is_attached=is_attached,
        nats=nats_of(ec2, parameters.network, vpc_id),
        addresses=addresses_of(ec2, parameters.network),
        flow_log=_flow_log(ec2, parameters, vpc_id),
    )


def _ranges(vpcs: Iterable[Mapping[str, Any]]) -> tuple[tuple[str, str], ...]:
    """Every range of every VPC, with the VPC's id."""
    return tuple(
        sorted(
            (str(vpc["VpcId"]), str(block["CidrBlock"]))
            for vpc in vpcs
            for block in vpc.get("CidrBlockAssociationSet", ())
        )
    )


def own_cidr(ec2: EC2Client, network: str) -> str | None:
    """The range of the VPC of this name, in one call."""
    found = ec2.describe_vpcs(Filters=[{"Name": f"tag:{NETWORK_TAG}", "Values": [network]}])
    return next((str(vpc["CidrBlock"]) for vpc in found["Vpcs"]), None)


def overlapping(state: NetworkState, cidr: str) -> tuple[str, ...]:
    """Other VPCs of the account that have addresses of ``cidr``."""
    wanted = parse_cidr(cidr)
    return tuple(
        f"{vpc} ({block})" for vpc, block in state.others if parse_cidr(block).overlaps(wanted)
    )


def without_default(state: NetworkState) -> NetworkState:
    """The state as it is once the default VPC is gone."""
    kept = tuple(item for item in state.others if item[0] != state.default)
    return replace(state, others=kept)


def nats_of(ec2: EC2Client, network: str, vpc_id: str) -> Mapping[str, NatState]:
    """NAT gateways of ours that are not deleted."""
    pages = ec2.get_paginator("describe_nat_gateways").paginate(
        Filters=[{"Name": "vpc-id", "Values": [vpc_id]}]
    )
    return {
        _tags(item)[PART_TAG]: NatState(
            id=str(item["NatGatewayId"]),
            state=str(item["State"]),
            subnet=str(item["SubnetId"]),
            allocations=tuple(
                str(address["AllocationId"])
                for address in item.get("NatGatewayAddresses", ())
                if address.get("AllocationId")
            ),
            tags=_tags(item),
        )
        for page in pages
        for item in page["NatGateways"]
        if _is_part(item, network) and item["State"] not in ("deleted", "failed", "deleting")
    }


def addresses_of(ec2: EC2Client, network: str) -> Mapping[str, str]:
    """Allocation ids of our addresses, by part."""
    answer = ec2.describe_addresses(Filters=[{"Name": f"tag:{NETWORK_TAG}", "Values": [network]}])
    return {
        _tags(item)[PART_TAG]: str(item["AllocationId"])
        for item in answer["Addresses"]
        if PART_TAG in _tags(item)
    }


def _vpc(ec2: EC2Client, vpc: Mapping[str, Any]) -> VpcState:
    vpc_id = str(vpc["VpcId"])
    support = ec2.describe_vpc_attribute(VpcId=vpc_id, Attribute="enableDnsSupport")
    names = ec2.describe_vpc_attribute(VpcId=vpc_id, Attribute="enableDnsHostnames")
    return VpcState(
        id=vpc_id,
        cidr=str(vpc["CidrBlock"]),
        dns_support=bool(support["EnableDnsSupport"]["Value"]),
        dns_hostnames=bool(names["EnableDnsHostnames"]["Value"]),
        tags=_tags(vpc),
    )


def _subnet(item: Mapping[str, Any]) -> SubnetState:
    return SubnetState(
        id=str(item["SubnetId"]),
        cidr=str(item["CidrBlock"]),
        zone=str(item["AvailabilityZone"]),
        assigns_public_ips=bool(item.get("MapPublicIpOnLaunch")),
        tags=_tags(item),
    )


def _route_table(item: Mapping[str, Any]) -> RouteTableState:
    default = next(
        (route for route in item["Routes"] if route.get("DestinationCidrBlock") == ANYWHERE), None
    )
    target = (
        next((str(default[key]) for key in _TARGETS if default.get(key)), "") if default else None
    )
    return RouteTableState(
        id=str(item["RouteTableId"]),
        default=target,
        default_works=default is not None and default.get("State") == "active",
        subnets={
            str(link["SubnetId"]): str(link["RouteTableAssociationId"])
            for link in item.get("Associations", ())
            if link.get("SubnetId")
        },
        tags=_tags(item),
    )


def _zones(ec2: EC2Client) -> tuple[str, ...]:
    """Zones by their ids, which mean the same place in every account; names do not."""
    answer = ec2.describe_availability_zones(
        Filters=[
            {"Name": "state", "Values": ["available"]},
            {"Name": "zone-type", "Values": ["availability-zone"]},
        ]
    )
    found = sorted(answer["AvailabilityZones"], key=lambda zone: str(zone["ZoneId"]))
    return tuple(str(zone["ZoneName"]) for zone in found)


def _internet_gateway(ec2: EC2Client, network: str, vpc_id: str | None) -> tuple[str | None, bool]:
    """The VPC's gateway, whosever it is; else one of ours that is not attached (yet)."""
    found = list(_pages(ec2, "internet_gateways"))
    for item in found:
        if vpc_id and any(link.get("VpcId") == vpc_id for link in item.get("Attachments", ())):
            return str(item["InternetGatewayId"]), True
    for item in found:
        if _is_part(item, network) and not item.get("Attachments"):
            return str(item["InternetGatewayId"]), False
    return None, False


def _flow_log(ec2: EC2Client, parameters: NetworkParameters, vpc_id: str) -> FlowLogState | None:
    answer = ec2.describe_flow_logs(Filters=[{"Name": "resource-id", "Values": [vpc_id]}])
    for item in answer["FlowLogs"]:
        if _is_part(item, parameters.network):
            destination = item.get("LogDestination") or item.get("LogGroupName") or ""
            if item.get("LogDestinationType") == "cloud-watch-logs":
                destination = item.get("LogGroupName") or destination
            return FlowLogState(
                id=str(item["FlowLogId"]),
                destination=str(destination),
                traffic=str(item.get("TrafficType", "")),
                interval_seconds=int(item.get("MaxAggregationInterval", 600)),
                works=item.get("DeliverLogsStatus", "SUCCESS") != "FAILED",
            )
    return None


def _flow_log_surroundings(
    wanted: FlowLogsParameters | None, region: str, session: AccountSession
) -> dict[str, Any]:
    """Whether the log group and the role are there, where flow logs need them."""
    if wanted is None or wanted.destination != "cloud-watch-logs":
        return {}
    groups = session.client("logs", region).describe_log_groups(
        logGroupNamePrefix=wanted.log_group
    )["logGroups"]
    try:
        session.client("iam").get_role(RoleName=wanted.role)
        has_role = True
    except NotFound:
        has_role = False
    return {
        "has_log_group": any(group["logGroupName"] == wanted.log_group for group in groups),
        "has_role": has_role,
    }


def _is_part(item: Mapping[str, Any], network: str) -> bool:
    tags = _tags(item)
    return tags.get(NETWORK_TAG) == network and PART_TAG in tags


def _tags(item: Mapping[str, Any]) -> Mapping[str, str]:
    return {tag["Key"]: tag["Value"] for tag in item.get("Tags", ())}


def _pages(
    ec2: EC2Client, operation: str, filters: Mapping[str, Sequence[str]] | None = None
) -> Iterator[Mapping[str, Any]]:
    key = "".join(word.capitalize() for word in operation.split("_"))
    asked = [{"Name": name, "Values": list(values)} for name, values in (filters or {}).items()]
    by_name: Any = ec2  # an operation that is not a literal has no type
    pages = by_name.get_paginator(f"describe_{operation}").paginate(
        **({"Filters": asked} if asked else {})
    )
    for page in pages:
        yield from page[key]
