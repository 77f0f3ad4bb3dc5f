"""Makes a network as wanted: each part when it is missing, in the order in which they need it.

Every step looks at what was read and is safe to repeat: parts are tagged in the very call that
makes them, so that a run that dies in between leaves nothing the next one does not find.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from aft.errors import Conflict, NotFound, Terminal
from aft.sessions import AccountSession
from aft.settings.network.desired import Wishes, default_route_of, missing_tags, wishes_of
from aft.settings.network.flow_logs import change_flow_logs
from aft.settings.network.parameters import NetworkParameters, SubnetPlan
from aft.settings.network.state import (
    ANYWHERE,
    NETWORK_TAG,
    PART_TAG,
    NatState,
    NetworkState,
    VpcState,
    addresses_of,
    nats_of,
    route_table_of,
    subnet_of,
    vpc_of,
)
from aft.settings.shapes.setting import unless_gone
from aft.settings.shapes.tags import tag_list

if TYPE_CHECKING:
    from types_boto3_ec2 import EC2Client
    from types_boto3_ec2.literals import ResourceTypeType
    from types_boto3_ec2.type_defs import TagSpecificationTypeDef

T = TypeVar("T")
SECONDS_BETWEEN_LOOKS = 10.0
NAT_LOOKS = 90
"""Fifteen minutes; a NAT gateway takes two or three."""
SEEN_LOOKS = 6


@dataclass(kw_only=True)
class _Work:
    """The network as it grows. ``state`` follows every step."""

    parameters: NetworkParameters
    wishes: Wishes
    state: NetworkState
    ec2: EC2Client
    session: AccountSession

    @property
    def vpc(self) -> VpcState:
        if self.state.vpc is None:
            raise Terminal("the VPC was not made; this is a bug in aft")
        return self.state.vpc

    def tags(self, part: str) -> dict[str, str]:
        network = self.parameters.network
        own = {"Name": f"{network}-{part}", NETWORK_TAG: network, PART_TAG: part}
        return {**self.parameters.tags, **own}

    def specification(self, kind: ResourceTypeType, part: str) -> list[TagSpecificationTypeDef]:
        """The tags of a part, for the call that makes it."""
        return [{"ResourceType": kind, "Tags": tag_list(self.tags(part))}]

    def when_seen(self, call: Callable[..., T], **arguments: Any) -> T:
        """EC2 is eventually consistent: what was just made may not be found for a moment."""
        for _ in range(SEEN_LOOKS - 1):
            try:
                return call(**arguments)
            except NotFound:
                self.session.sleep(2.0)
        return call(**arguments)


def change_network(
    parameters: NetworkParameters,
    plan: Sequence[SubnetPlan],
    observed: NetworkState,
    *,
    cidr: str,
    region: str,
    session: AccountSession,
) -> None:
    """Make it so. The caller has refused what must not be done."""
    work = _Work(
        parameters=parameters,
        wishes=wishes_of(parameters, plan),
        state=observed,
        ec2=session.client("ec2", region),
        session=session,
    )
    _vpc(work, cidr)
    _internet_gateway(work)
    _subnets(work)
    _route_tables(work)
    _nat_gateways(work)
    _default_routes(work)
    _surplus(work)
    untagged = missing_tags(parameters, observed)
    if untagged:
        work.ec2.create_tags(Resources=sorted(untagged.values()), Tags=tag_list(parameters.tags))
    change_flow_logs(
        parameters,
        observed,
        vpc_id=work.vpc.id,
        specification=work.specification("vpc-flow-log", "flow-log"),
        region=region,
        session=session,
    )


def _vpc(work: _Work, cidr: str) -> None:
    ec2, parameters = work.ec2, work.parameters
    if work.state.vpc is None:
        made = ec2.create_vpc(CidrBlock=cidr, TagSpecifications=work.specification("vpc", "vpc"))
        # AWS makes VPCs with support on and hostnames off.
        vpc = vpc_of(made["Vpc"], dns_support=True, dns_hostnames=False)
        work.state = replace(work.state, vpc=vpc)
    vpc = work.vpc
    # Hostnames need support, so support is switched on first and off last.
    switches = [
        ("EnableDnsSupport", vpc.dns_support, parameters.dns_support),
        ("EnableDnsHostnames", vpc.dns_hostnames, parameters.dns_hostnames),
    ]
    for name, is_on, wanted in switches if parameters.dns_support else reversed(switches):
        if is_on != wanted:
            arguments: dict[str, Any] = {"VpcId": vpc.id, name: {"Value": wanted}}
            work.when_seen(ec2.modify_vpc_attribute, **arguments)


def _internet_gateway(work: _Work) -> None:
    state = work.state
    if not work.parameters.has_public or state.is_attached:
        return
    gateway = state.internet_gateway
    if gateway is None:
        made = work.ec2.create_internet_gateway(
            TagSpecifications=work.specification("internet-gateway", "internet-gateway")
        )
        gateway = made["InternetGateway"]["InternetGatewayId"]
    work.when_seen(work.ec2.attach_internet_gateway, InternetGatewayId=gateway, VpcId=work.vpc.id)
    work.state = replace(state, internet_gateway=gateway, is_attached=True)


def _subnets(work: _Work) -> None:
    subnets = dict(work.state.subnets)
    for part, plan in work.wishes.subnets.items():
        if part not in subnets:
            made = work.when_seen(
                work.ec2.create_subnet,
                VpcId=work.vpc.id,
                CidrBlock=plan.cidr,
                AvailabilityZone=work.state.zones[plan.zone],
                TagSpecifications=work.specification("subnet", part),
            )["Subnet"]
            subnets[part] = subnet_of(made)
        subnet, wanted = subnets[part], plan.tier.assign_public_ips
        if subnet.assigns_public_ips != wanted:
            work.when_seen(
                work.ec2.modify_subnet_attribute,
                SubnetId=subnet.id,
                MapPublicIpOnLaunch={"Value": wanted},
            )
    work.state = replace(work.state, subnets=subnets)


def _route_tables(work: _Work) -> None:
    ec2, tables = work.ec2, dict(work.state.route_tables)
    for part, names in work.wishes.route_tables.items():
        if part not in tables:
            made = work.when_seen(
                ec2.create_route_table,
                VpcId=work.vpc.id,
                TagSpecifications=work.specification("route-table", part),
            )["RouteTable"]
            tables[part] = route_table_of(made)
        table = tables[part]
        for name in names:
            subnet = work.state.subnets[name].id
            other = work.state.associations.get(subnet)
            if subnet in table.subnets:
                continue
            if other is not None:  # a subnet has one route table at most: ours takes its place
                ec2.replace_route_table_association(AssociationId=other, RouteTableId=table.id)
            else:
                work.when_seen(ec2.associate_route_table, RouteTableId=table.id, SubnetId=subnet)
    work.state = replace(work.state, route_tables=tables)


def _nat_gateways(work: _Work) -> None:
    wanted = work.wishes.nats
    missing = [part for part in wanted if part not in work.state.nats]
    in_use = {item for nat in work.state.nats.values() for item in nat.allocations}
    for part in missing:
        allocation = work.state.addresses.get(part)
        if allocation is None or allocation in in_use:
            made = work.ec2.allocate_address(
                Domain="vpc", TagSpecifications=work.specification("elastic-ip", part)
            )
            allocation = made["AllocationId"]
        work.when_seen(
            work.ec2.create_nat_gateway,
            SubnetId=work.state.subnets[wanted[part]].id,
            AllocationId=allocation,
            TagSpecifications=work.specification("natgateway", part),
        )
    if missing or any(nat.state == "pending" for nat in work.state.nats.values()):
        work.state = replace(work.state, nats=_available(work))


def _available(work: _Work) -> Mapping[str, NatState]:
    """Our NAT gateways once all of them work. Raises ``Terminal`` when one does not get there."""
    for _ in range(NAT_LOOKS):
        found = nats_of(work.ec2, work.parameters.network, work.vpc.id)
        available = {part for part, nat in found.items() if nat.state == "available"}
        if work.wishes.nats.keys() <= available:
            return found
        work.session.sleep(SECONDS_BETWEEN_LOOKS)
    raise Terminal(
        f"NAT gateways of {work.vpc.id} are not available after "
        f"{NAT_LOOKS * SECONDS_BETWEEN_LOOKS / 60:.0f} minutes",
        hint="look at them in the VPC console, then run again",
    )


def _default_routes(work: _Work) -> None:
    for part in work.wishes.route_tables:
        table = work.state.route_tables[part]
        target = default_route_of(part, work.parameters, work.state)
        if target is None or (table.default == target and table.default_works):
            continue
        key = "GatewayId" if target.startswith("igw-") else "NatGatewayId"
        place = {"RouteTableId": table.id, "DestinationCidrBlock": ANYWHERE}
        arguments: dict[str, Any] = {**place, key: target}
        if table.default is None:
            work.when_seen(work.ec2.create_route, **arguments)
            continue
        if table.default_works and not table.default.startswith(("igw-", "nat-")):
            raise Terminal(
                f"the default route of route table {part} ({table.id}) leads to {table.default}, "
                "which this setting did not create; it was not changed",
                hint="write `nat: none` in the baseline, or take that route away",
            )
        work.ec2.replace_route(**arguments)


def _surplus(work: _Work) -> None:
    """Take away what is ours and no longer wanted, from the leaves to the root."""
    ec2, state, wishes = work.ec2, work.state, work.wishes
    surplus = {part: nat for part, nat in sorted(state.nats.items()) if part not in wishes.nats}
    for nat in surplus.values():
        for part, table in state.route_tables.items():
            target = default_route_of(part, work.parameters, state)
            if table.default == nat.id and target in (None, nat.id):
                unless_gone(ec2.delete_route, RouteTableId=table.id, DestinationCidrBlock=ANYWHERE)
        unless_gone(ec2.delete_nat_gateway, NatGatewayId=nat.id)
    if surplus:
        _wait_until_gone(work, [nat.id for nat in surplus.values()])
    kept = {item for part in state.nats.keys() - surplus for item in state.nats[part].allocations}
    for part, allocation in sorted(addresses_of(ec2, work.parameters.network).items()):
        if part not in wishes.nats and allocation not in kept:
            unless_gone(ec2.release_address, AllocationId=allocation)
    for part in sorted(state.subnets.keys() - wishes.subnets.keys()):
        _delete(ec2.delete_subnet, f"subnet {part}", SubnetId=state.subnets[part].id)
    for part in sorted(state.route_tables.keys() - wishes.route_tables.keys()):
        table = state.route_tables[part]
        _delete(ec2.delete_route_table, f"route table {part}", RouteTableId=table.id)


def _wait_until_gone(work: _Work, nats: Sequence[str]) -> None:
    """An address can be released once the NAT gateway that has it is deleted."""
    for _ in range(NAT_LOOKS):
        found = work.ec2.describe_nat_gateways(NatGatewayIds=nats)["NatGateways"]
        if all(item["State"] == "deleted" for item in found):
            return
        work.session.sleep(SECONDS_BETWEEN_LOOKS)


def _delete(call: Callable[..., object], what: str, **arguments: str) -> None:
    """Delete what nothing uses. Raises ``Terminal`` when AWS says that something does."""
    try:
        unless_gone(call, **arguments)
    except (Terminal, Conflict) as error:
        if isinstance(error, Terminal) and error.code != "DependencyViolation":
            raise
        raise Terminal(
            f"{what} ({', '.join(arguments.values())}) is no longer wanted, but in use, and was "
            f"left alone: AWS says {error.message}",
            hint="move or delete what is in it, or list it again",
            code="DependencyViolation",
        ) from error
