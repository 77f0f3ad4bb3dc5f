"""Makes the parts of a network, and takes away those that are no longer wanted.

Every step is safe to repeat: parts are tagged in the very call that makes them, so that a run that
dies in between leaves nothing the next one does not find.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from aft.errors import Conflict, NotFound, Terminal
from aft.sessions import AccountSession
from aft.settings.network.parameters import FlowLogsParameters, SubnetPlan
from aft.settings.network.state import (
    ANYWHERE,
    NETWORK_TAG,
    PART_TAG,
    NetworkState,
    addresses_of,
    nats_of,
    route_table_of,
    subnet_of,
    vpc_of,
)
from aft.settings.shapes import policies as iam_policies
from aft.settings.shapes.setting import tolerated, unless_gone
from aft.settings.shapes.tags import OWNER_TAG, tag_list
from aft.values.regions import partition_of

if TYPE_CHECKING:
    from types_boto3_ec2 import EC2Client
    from types_boto3_ec2.literals import ResourceTypeType
    from types_boto3_ec2.type_defs import TagSpecificationTypeDef, UnsuccessfulItemTypeDef

    from aft.settings.network.desired import Comparison

T = TypeVar("T")
SECONDS_BETWEEN_LOOKS = 10.0
NAT_LOOKS = 90
"""Fifteen minutes; a NAT gateway takes two or three."""
SEEN_LOOKS = 6
FLOW_LOGS = "vpc-flow-logs.amazonaws.com"
FLOW_LOG_TRIES = 6
FLOW_LOG_POLICY = "write-flow-logs"
_EXISTS = (
    *("EntityAlreadyExists", "EntityAlreadyExistsException"),
    *("ResourceAlreadyExistsException", "FlowLogAlreadyExists"),
)


@dataclass(frozen=True, kw_only=True)
class Builder:
    """Works in the account. Everything it makes is in the comparison's state from then on."""

    it: Comparison
    region: str
    ec2: EC2Client
    session: AccountSession

    @property
    def state(self) -> NetworkState:
        return self.it.state

    @property
    def vpc(self) -> str:
        """The id of the VPC, which is made first."""
        if self.state.vpc is None:
            raise Terminal("the VPC was not made; this is a bug in aft")
        return self.state.vpc.id

    def specification(self, kind: ResourceTypeType, part: str) -> list[TagSpecificationTypeDef]:
        """The tags of a part, for the call that makes it."""
        network = self.it.parameters.network
        own = {"Name": f"{network}-{part}", NETWORK_TAG: network, PART_TAG: part}
        return [{"ResourceType": kind, "Tags": tag_list({**self.it.parameters.tags, **own})}]

    def _when_seen(self, call: Callable[..., T], **arguments: Any) -> T:
        """EC2 is eventually consistent: what was just made may not be found for a moment."""
        for _ in range(SEEN_LOOKS - 1):
            try:
                return call(**arguments)
            except NotFound:
                self.session.sleep(2.0)
        return call(**arguments)

    def _note(self, **parts: Any) -> None:
        self.it.state = replace(self.state, **parts)

    def make_vpc(self, cidr: str) -> None:
        tags = self.specification("vpc", "vpc")
        made = self.ec2.create_vpc(CidrBlock=cidr, TagSpecifications=tags)["Vpc"]
        # AWS makes VPCs with support on and hostnames off.
        self._note(vpc=vpc_of(made, dns_support=True, dns_hostnames=False))

    def switch(self, *, name: str, is_on: bool) -> None:
        arguments: dict[str, Any] = {"VpcId": self.vpc, name: {"Value": is_on}}
        self._when_seen(self.ec2.modify_vpc_attribute, **arguments)

    def attach_internet_gateway(self) -> None:
        gateway = self.state.internet_gateway
        if gateway is None:
            tags = self.specification("internet-gateway", "internet-gateway")
            made = self.ec2.create_internet_gateway(TagSpecifications=tags)
            gateway = made["InternetGateway"]["InternetGatewayId"]
        attach = self.ec2.attach_internet_gateway
        self._when_seen(attach, InternetGatewayId=gateway, VpcId=self.vpc)
        self._note(internet_gateway=gateway, is_attached=True)

    def make_subnet(self, *, plan: SubnetPlan) -> None:
        made = self._when_seen(
            self.ec2.create_subnet,
            VpcId=self.vpc,
            CidrBlock=plan.cidr,
            AvailabilityZone=self.state.zones[plan.zone],
            TagSpecifications=self.specification("subnet", plan.part),
        )
        self._note(subnets={**self.state.subnets, plan.part: subnet_of(made["Subnet"])})

    def assign_public_ips(self, *, subnet: str, is_on: bool) -> None:
        arguments = {"SubnetId": subnet, "MapPublicIpOnLaunch": {"Value": is_on}}
        self._when_seen(self.ec2.modify_subnet_attribute, **arguments)

    def make_nat(self, *, part: str, subnet: str) -> None:
        """It works once ``await_nats`` returns."""
        allocation = self.state.addresses.get(part)
        if allocation is None or allocation in self.state.addresses_in_use:
            tags = self.specification("elastic-ip", part)
            made = self.ec2.allocate_address(Domain="vpc", TagSpecifications=tags)
            allocation = made["AllocationId"]
        self._when_seen(
            self.ec2.create_nat_gateway,
            SubnetId=self.state.subnets[subnet].id,
            AllocationId=allocation,
            TagSpecifications=self.specification("natgateway", part),
        )

    def await_nats(self) -> None:
        """Returns once all NAT gateways wanted work. Raises ``Terminal`` when one does not get
        there."""
        for _ in range(NAT_LOOKS):
            found = nats_of(self.ec2, self.it.parameters.network, self.vpc)
            available = {part for part, nat in found.items() if nat.state == "available"}
            if self.it.nats.keys() <= available:
                self._note(nats=found)
                return
            self.session.sleep(SECONDS_BETWEEN_LOOKS)
        raise Terminal(
            f"NAT gateways of {self.vpc} are not available after "
            f"{NAT_LOOKS * SECONDS_BETWEEN_LOOKS / 60:.0f} minutes",
            hint="look at them in the VPC console, then run again",
        )

    def make_route_table(self, *, part: str) -> None:
        tags = self.specification("route-table", part)
        create = self.ec2.create_route_table
        made = self._when_seen(create, VpcId=self.vpc, TagSpecifications=tags)["RouteTable"]
        self._note(route_tables={**self.state.route_tables, part: route_table_of(made)})

    def associate(self, *, table: str, subnet: str) -> None:
        other = self.state.associations.get(subnet)
        if other is not None:  # a subnet has one route table at most: ours takes its place
            self.ec2.replace_route_table_association(AssociationId=other, RouteTableId=table)
        else:
            self._when_seen(self.ec2.associate_route_table, RouteTableId=table, SubnetId=subnet)

    def set_default_route(self, *, part: str, target: str) -> None:
        table = self.state.route_tables[part]
        key = "GatewayId" if target.startswith("igw-") else "NatGatewayId"
        place = {"RouteTableId": table.id, "DestinationCidrBlock": ANYWHERE}
        arguments: dict[str, Any] = {**place, key: target}
        if table.default is None:
            self._when_seen(self.ec2.create_route, **arguments)
            return
        if table.default_works and not table.default.startswith(("igw-", "nat-")):
            raise Terminal(
                f"the default route of route table {part} ({table.id}) leads to {table.default}, "
                "which this setting did not create; it was not changed",
                hint="write `nat: none` in the baseline, or take that route away",
            )
        self.ec2.replace_route(**arguments)

    def delete_flow_log(self) -> None:
        """Delete the flow log there is; what it wrote to stays."""
        if found := self.state.flow_log:
            unless_gone(self.ec2.delete_flow_logs, FlowLogIds=[found.id])

    def make_flow_log(self, *, wanted: FlowLogsParameters) -> None:
        """Make the flow log; one that differs cannot be changed, and is deleted first."""
        self.delete_flow_log()
        arguments: dict[str, Any] = {
            "ResourceIds": [self.vpc],
            "ResourceType": "VPC",
            "TrafficType": wanted.traffic,
            "LogDestinationType": wanted.destination,
            "MaxAggregationInterval": wanted.interval_seconds,
            "TagSpecifications": self.specification("vpc-flow-log", "flow-log"),
        }
        if wanted.destination == "s3":
            arguments["LogDestination"] = wanted.bucket_arn
        else:
            arguments["LogGroupName"] = wanted.log_group
            role = (
                f"arn:{partition_of(self.region)}:iam::{self.session.account_id}:role/{wanted.role}"
            )
            arguments["DeliverLogsPermissionArn"] = role
        self._create_flow_log(arguments)

    def _create_flow_log(self, arguments: Mapping[str, Any]) -> None:
        """AWS answers with a list of what it refused, not with an error; a young role is tried for
        a while."""
        is_role_young = not self.state.has_role
        refused: list[UnsuccessfulItemTypeDef] = []
        for _ in range(FLOW_LOG_TRIES if is_role_young else 1):
            try:
                refused = self.ec2.create_flow_logs(**arguments).get("Unsuccessful", [])
            except Terminal as error:
                if error.code in _EXISTS:
                    return
                if not is_role_young or "InvalidParameter" not in error.code:
                    raise
                refused = [{"Error": {"Code": error.code, "Message": error.message}}]
            if not refused:
                return
            self.session.sleep(5.0)
        problem = refused[0].get("Error", {}) if refused else {}
        raise Terminal(
            f"AWS made no flow log: {problem.get('Message', 'it did not say why')}",
            hint="look at the bucket, the log group or the role that `flow_logs` names",
            code=str(problem.get("Code", "")),
        )

    def make_log_group(self, *, wanted: FlowLogsParameters) -> None:
        """The log group, with its retention."""
        logs = self.session.client("logs", self.region)
        name, days = wanted.log_group, wanted.retention_days
        with tolerated(*_EXISTS):
            if not self.state.has_log_group:
                logs.create_log_group(logGroupName=name)
            logs.put_retention_policy(logGroupName=name, retentionInDays=days)

    def make_role(self, *, wanted: FlowLogsParameters) -> None:
        """A role only this account's flow logs may use, to write to this one log group."""
        iam = self.session.client("iam")
        account, partition = self.session.account_id, partition_of(self.region)
        own = {"aws:SourceAccount": account}
        trust = iam_policies.allow({"Service": [FLOW_LOGS]}, {"StringEquals": own})
        group = f"arn:{partition}:logs:*:{account}:log-group:{wanted.log_group}"
        write = {
            "Effect": "Allow",
            "Action": [
                *("logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogGroups"),
                *("logs:DescribeLogStreams", "logs:PutLogEvents"),
            ],
            "Resource": [group, f"{group}:*"],
        }
        with tolerated(*_EXISTS):
            iam.create_role(
                RoleName=wanted.role,
                AssumeRolePolicyDocument=iam_policies.document([trust]),
                Description="Lets VPC flow logs write to their log group",
                Tags=tag_list({OWNER_TAG: "network"}),
            )
        iam.put_role_policy(
            RoleName=wanted.role,
            PolicyName=FLOW_LOG_POLICY,
            PolicyDocument=iam_policies.document([write]),
        )

    def tag(self, *, ids: Sequence[str]) -> None:
        self.ec2.create_tags(Resources=ids, Tags=tag_list(self.it.parameters.tags))

    def remove_surplus(self) -> None:
        """Take away what is ours and no longer wanted, from the leaves to the root."""
        ec2, it, state = self.ec2, self.it, self.state
        surplus = {part: nat for part, nat in sorted(state.nats.items()) if part not in it.nats}
        for nat in surplus.values():
            for part, table in state.route_tables.items():
                if table.default == nat.id and it.default_route(part) in (None, nat.id):
                    place = {"RouteTableId": table.id, "DestinationCidrBlock": ANYWHERE}
                    unless_gone(ec2.delete_route, **place)
            unless_gone(ec2.delete_nat_gateway, NatGatewayId=nat.id)
        if surplus:
            self._wait_until_gone([nat.id for nat in surplus.values()])
        kept = {
            item for part in state.nats.keys() - surplus for item in state.nats[part].allocations
        }
        for part, allocation in sorted(addresses_of(ec2, it.parameters.network).items()):
            if part not in it.nats and allocation not in kept:
                unless_gone(ec2.release_address, AllocationId=allocation)
        for part in sorted(state.subnets.keys() - it.subnets.keys()):
            _delete(ec2.delete_subnet, f"subnet {part}", SubnetId=state.subnets[part].id)
        for part in sorted(state.route_tables.keys() - it.route_tables.keys()):
            table = state.route_tables[part]
            _delete(ec2.delete_route_table, f"route table {part}", RouteTableId=table.id)

    def _wait_until_gone(self, nats: Sequence[str]) -> None:
        """An address can be released once the NAT gateway that has it is deleted."""
        for _ in range(NAT_LOOKS):
            found = self.ec2.describe_nat_gateways(NatGatewayIds=nats)["NatGateways"]
            if all(item["State"] == "deleted" for item in found):
                return
            self.session.sleep(SECONDS_BETWEEN_LOOKS)


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
