"""What there is of a network in an account: its parts by name, read by their tags. Reads only.

Every part carries the tags ``aft:network`` (the network's name) and ``aft:network-part``; what does
not is someone else's and is looked past.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from aft.errors import NotFound
from aft.sessions import AccountSession
from aft.settings.network.parameters import FlowLogsParameters, NetworkParameters
from aft.settings.shapes.ec2 import described
from aft.settings.shapes.tags import OWNER_TAG, tags_of
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


class VpcState(NamedTuple):
    """The VPC."""

    id: str
    cidr: str
    dns_support: bool
    dns_hostnames: bool
    tags: Mapping[str, str]


class SubnetState(NamedTuple):
    """A subnet of ours."""

    id: str
    cidr: str
    assigns_public_ips: bool
    tags: Mapping[str, str]


class RouteTableState(NamedTuple):
    """A route table of ours. ``default`` is where it sends what it does not know better."""

    id: str
    default: str | None
    default_works: bool
    subnets: frozenset[str]
    tags: Mapping[str, str]


class NatState(NamedTuple):
    """A NAT gateway of ours that is not gone, and its addresses."""

    id: str
    state: str
    allocations: tuple[str, ...]
    tags: Mapping[str, str]


class FlowLogState(NamedTuple):
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
    ``associations`` are, by subnet, the id of that with its route table, ours or not.
    ``is_log_group_new`` of one that holds nothing, and would hold it permanently."""

    zones: tuple[str, ...]
    others: tuple[tuple[str, str], ...] = ()
    default: str = ""
    twins: tuple[str, ...] = ()
    vpc: VpcState | None = None
    subnets: Mapping[str, SubnetState] = field(default_factory=dict)
    route_tables: Mapping[str, RouteTableState] = field(default_factory=dict)
    associations: Mapping[str, str] = field(default_factory=dict)
    internet_gateway: str | None = None
    is_attached: bool = False
    nats: Mapping[str, NatState] = field(default_factory=dict)
    addresses: Mapping[str, str] = field(default_factory=dict)
    flow_log: FlowLogState | None = None
    has_log_group: bool = False
    is_log_group_new: bool = False
    has_role: bool = False
    is_role_ours: bool = False

    @property
    def addresses_in_use(self) -> frozenset[str]:
        """Allocation ids of the addresses that our NAT gateways have."""
        return frozenset(item for nat in self.nats.values() for item in nat.allocations)


def read_network(
    parameters: NetworkParameters, region: str, session: AccountSession
) -> NetworkState:
    """Everything ``change`` and ``compare`` need; few calls where there is no network yet."""
    ec2, network = session.client("ec2", region), parameters.network
    vpcs = described(ec2, "vpcs")
    own = sorted(
        (vpc for vpc in vpcs if tags_of(vpc).get(NETWORK_TAG) == network),
        key=lambda vpc: str(vpc["VpcId"]),
    )
    around: dict[str, Any] = {
        "zones": _zones(ec2),
        "others": tuple(
            sorted(
                (vpc["VpcId"], block["CidrBlock"])
                for vpc in vpcs
                if vpc not in own
                for block in vpc.get("CidrBlockAssociationSet", ())
            )
        ),
        "default": next((vpc["VpcId"] for vpc in vpcs if vpc.get("IsDefault")), ""),
        **_flow_log_surroundings(parameters.flow_logs, region, session),
    }
    if not own:
        gateway, _ = _internet_gateway(ec2, network, None)
        return NetworkState(internet_gateway=gateway, **around)
    vpc_id = own[0]["VpcId"]
    tables = described(ec2, "route_tables", "vpc-id", [vpc_id])
    gateway, is_attached = _internet_gateway(ec2, network, vpc_id)
    return NetworkState(
        **around,
        twins=tuple(vpc["VpcId"] for vpc in own[1:]),
        vpc=_vpc(ec2, own[0]),
        subnets={
            part: subnet_of(item)
            for part, item in _parts(network, described(ec2, "subnets", "vpc-id", [vpc_id]))
        },
        route_tables={part: route_table_of(item) for part, item in _parts(network, tables)},
        associations={
            subnet: link["RouteTableAssociationId"]
            for table in tables
            for subnet, link in _associated(table)
        },
        internet_gateway=gateway,
        is_attached=is_attached,
        nats=nats_of(ec2, network, vpc_id),
        addresses=addresses_of(ec2, network),
        flow_log=_flow_log(ec2, parameters, vpc_id),
    )


def own_cidr(ec2: EC2Client, network: str) -> str | None:
    """The range of the VPC of this name, in one call."""
    found = described(ec2, "vpcs", f"tag:{NETWORK_TAG}", [network])
    return next((vpc["CidrBlock"] for vpc in found), None)


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
    found = described(ec2, "nat_gateways", "vpc-id", [vpc_id])
    return {
        part: NatState(
            id=item["NatGatewayId"],
            state=item["State"],
            allocations=tuple(
                filter(None, (at.get("AllocationId") for at in item.get("NatGatewayAddresses", ())))
            ),
            tags=tags_of(item),
        )
        for part, item in _parts(network, found)
        if item["State"] not in ("deleted", "failed", "deleting")
    }


def addresses_of(ec2: EC2Client, network: str) -> Mapping[str, str]:
    """Allocation ids of our addresses, by part."""
    found = described(ec2, "addresses", f"tag:{NETWORK_TAG}", [network])
    return {part: item["AllocationId"] for part, item in _parts(network, found)}


def _vpc(ec2: EC2Client, vpc: Mapping[str, Any]) -> VpcState:
    vpc_id = vpc["VpcId"]
    support = ec2.describe_vpc_attribute(VpcId=vpc_id, Attribute="enableDnsSupport")
    names = ec2.describe_vpc_attribute(VpcId=vpc_id, Attribute="enableDnsHostnames")
    return vpc_of(
        vpc,
        dns_support=bool(support["EnableDnsSupport"]["Value"]),
        dns_hostnames=bool(names["EnableDnsHostnames"]["Value"]),
    )


def vpc_of(item: Mapping[str, Any], *, dns_support: bool, dns_hostnames: bool) -> VpcState:
    """From an answer of AWS's."""
    return VpcState(item["VpcId"], item["CidrBlock"], dns_support, dns_hostnames, tags_of(item))


def subnet_of(item: Mapping[str, Any]) -> SubnetState:
    """From an answer of AWS's."""
    is_public = bool(item.get("MapPublicIpOnLaunch"))
    return SubnetState(item["SubnetId"], item["CidrBlock"], is_public, tags_of(item))


def route_table_of(item: Mapping[str, Any]) -> RouteTableState:
    """From an answer of AWS's."""
    routes = (route for route in item["Routes"] if route.get("DestinationCidrBlock") == ANYWHERE)
    default = next(routes, None)
    return RouteTableState(
        id=item["RouteTableId"],
        default=None if default is None else next(filter(None, map(default.get, _TARGETS)), ""),
        default_works=default is not None and default.get("State") == "active",
        subnets=frozenset(subnet for subnet, _ in _associated(item)),
        tags=tags_of(item),
    )


def _associated(table: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The associations of a route table with subnets."""
    for link in table.get("Associations", ()):
        if link.get("SubnetId"):
            yield link["SubnetId"], link


def _zones(ec2: EC2Client) -> tuple[str, ...]:
    """Zones by their ids, which mean the same place in every account; names do not."""
    answer = ec2.describe_availability_zones(
        Filters=[
            {"Name": "state", "Values": ["available"]},
            {"Name": "zone-type", "Values": ["availability-zone"]},
        ]
    )
    found = sorted(answer["AvailabilityZones"], key=lambda zone: zone["ZoneId"])
    return tuple(zone["ZoneName"] for zone in found)


def _internet_gateway(ec2: EC2Client, network: str, vpc_id: str | None) -> tuple[str | None, bool]:
    """The VPC's gateway, whosever it is; else one of ours that is not attached (yet)."""
    found = described(ec2, "internet_gateways")
    for item in found:
        if vpc_id and any(link.get("VpcId") == vpc_id for link in item.get("Attachments", ())):
            return item["InternetGatewayId"], True
    for _, item in _parts(network, found):
        if not item.get("Attachments"):
            return item["InternetGatewayId"], False
    return None, False


def _flow_log(ec2: EC2Client, parameters: NetworkParameters, vpc_id: str) -> FlowLogState | None:
    answer: Any = ec2.describe_flow_logs(Filters=[{"Name": "resource-id", "Values": [vpc_id]}])
    for _, item in _parts(parameters.network, answer["FlowLogs"]):
        group, destination = item.get("LogGroupName"), item.get("LogDestination")
        to_group = item.get("LogDestinationType") == "cloud-watch-logs"
        return FlowLogState(
            id=item["FlowLogId"],
            destination=(group or destination if to_group else destination or group) or "",
            traffic=item.get("TrafficType", ""),
            interval_seconds=item.get("MaxAggregationInterval", 600),
            works=item.get("DeliverLogsStatus", "SUCCESS") != "FAILED",
        )
    return None


def _flow_log_surroundings(
    wanted: FlowLogsParameters | None, region: str, session: AccountSession
) -> dict[str, Any]:
    """Whether the log group and the role are there, where flow logs need them, and may be as a run
    left them that ended half way."""
    if wanted is None or wanted.destination != "cloud-watch-logs":
        return {}
    answer = session.client("logs", region).describe_log_groups(logGroupNamePrefix=wanted.log_group)
    groups = [group for group in answer["logGroups"] if group["logGroupName"] == wanted.log_group]
    found: dict[str, Any] = {
        "has_log_group": bool(groups),
        "is_log_group_new": any(
            "retentionInDays" not in group and not group.get("storedBytes") for group in groups
        ),
    }
    with suppress(NotFound):
        role = session.client("iam").get_role(RoleName=wanted.role)["Role"]
        is_ours = {"Key": OWNER_TAG, "Value": "network"} in role.get("Tags", ())
        found |= {"has_role": True, "is_role_ours": is_ours}
    return found


def _parts(
    network: str, found: Iterable[Mapping[str, Any]]
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Those of the network, with the names of the parts they are."""
    for item in found:
        tags = tags_of(item)
        if tags.get(NETWORK_TAG) == network and PART_TAG in tags:
            yield tags[PART_TAG], item
