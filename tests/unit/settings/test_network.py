"""The network setting: made, found right, drifted by hand, put back, and refused."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from builders_inside import HOME, Applied, Inside, applied, facts
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from aft.errors import Terminal
from aft.sandbox.seed import AccountSpec
from aft.settings.network.parameters import NetworkParameters, Tier, subnets_of
from aft.settings.network.setting import Network
from aft.values.cidrs import parse_cidr

CIDR = "10.64.16.0/20"
TIERS = [{"name": "private"}, {"name": "public", "public": True}]
BOTH = {"cidr": CIDR, "tiers": TIERS}


def network(inside: Inside, *, allocated: str = "", **parameters: Any) -> Applied:
    account = facts(
        inside.account_id,
        allocations={"network": allocated} if allocated else {},
        custom_fields={"vpc": {"cidr": "10.20.0.0/20"}},
    )
    made = applied(inside, Network(), account=account, cidr=CIDR)
    read = NetworkParameters.model_validate_json(json.dumps(parameters or {"cidr": CIDR}))
    inputs = type(made.inputs)(account=account, parameters=read, region=None)
    return Applied(inside=inside, setting=made.setting, inputs=inputs)


def described(setting: Applied) -> list[str]:
    prefix = f"network main in {HOME}: "
    return [item.description.removeprefix(prefix) for item in setting.differences()]


def vpc(inside: Inside, region: str = HOME) -> dict[str, Any]:
    found = inside.look("ec2", region).describe_vpcs(
        Filters=[{"Name": "tag:aft:network", "Values": ["main"]}]
    )["Vpcs"]
    (one,) = found
    return dict(one)


def tagged(items: list[dict[str, Any]], part: str) -> dict[str, Any]:
    (found,) = (
        item for item in items if {"Key": "aft:network-part", "Value": part} in item.get("Tags", [])
    )
    return found


def tables(inside: Inside) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = inside.look("ec2").describe_route_tables()["RouteTables"]
    return found


def default_route(inside: Inside, part: str) -> dict[str, Any]:
    routes = tagged(tables(inside), part)["Routes"]
    return next((r for r in routes if r.get("DestinationCidrBlock") == "0.0.0.0/0"), {})


def subnets(inside: Inside) -> dict[str, dict[str, Any]]:
    found = inside.look("ec2").describe_subnets(
        Filters=[{"Name": "vpc-id", "Values": [vpc(inside)["VpcId"]]}]
    )["Subnets"]
    return {
        next(tag["Value"] for tag in item["Tags"] if tag["Key"] == "aft:network-part"): item
        for item in found
    }


# --- made ------------------------------------------------------------------------------------


def test_a_private_network_is_made_then_found_right(inside: Inside) -> None:
    setting = network(inside, cidr=CIDR, tags={"team": "net"})
    assert [item.description for item in setting.differences()] == [
        f"network main in {HOME} is not there, should be made of {CIDR}"
    ]
    setting.change()
    assert setting.differences() == ()
    made = vpc(inside)
    assert made["CidrBlock"] == CIDR
    assert {"Key": "team", "Value": "net"} in made["Tags"]
    ec2 = inside.look("ec2")
    names = ec2.describe_vpc_attribute(VpcId=made["VpcId"], Attribute="enableDnsHostnames")
    assert names["EnableDnsHostnames"]["Value"] is True
    found = subnets(inside)
    assert {part: item["CidrBlock"] for part, item in found.items()} == {
        "private-1": "10.64.16.0/22",
        "private-2": "10.64.20.0/22",
        "private-3": "10.64.24.0/22",
    }
    assert sorted(item["AvailabilityZone"] for item in found.values()) == [
        f"{HOME}{letter}" for letter in "abc"
    ]
    for number in (1, 2, 3):
        table = tagged(tables(inside), f"private-{number}")
        assert [link["SubnetId"] for link in table["Associations"]] == [
            found[f"private-{number}"]["SubnetId"]
        ]
        assert default_route(inside, f"private-{number}") == {}
    written = setting.writes()
    setting.change()
    assert setting.writes() == written


def test_flow_logs_go_to_a_log_group_that_keeps_them_for_a_while(inside: Inside) -> None:
    network(inside).change()
    (log,) = inside.look("ec2").describe_flow_logs()["FlowLogs"]
    assert (log["ResourceId"], log["TrafficType"]) == (vpc(inside)["VpcId"], "ALL")
    assert (log["LogGroupName"], log["DeliverLogsStatus"]) == ("/aft/vpc-flow-logs", "SUCCESS")
    (group,) = inside.look("logs").describe_log_groups()["logGroups"]
    assert group["retentionInDays"] == 365
    role = inside.look("iam").get_role(RoleName="aft-vpc-flow-logs")["Role"]
    assert role["AssumeRolePolicyDocument"]["Statement"][0]["Condition"] == {
        "StringEquals": {"aws:SourceAccount": str(inside.account_id)}
    }


def test_flow_logs_may_go_to_a_bucket_of_another_account(inside: Inside) -> None:
    (archive,) = inside.sandbox.seed_accounts(
        [AccountSpec(name="log-archive", email="aws+log-archive@example.com")]
    )
    s3 = inside.sandbox.member_session(archive).client("s3", region_name="us-east-1")
    s3.create_bucket(Bucket="acme-flow-logs")
    arn = "arn:aws:s3:::acme-flow-logs/network"
    to_bucket = {"destination": "s3", "bucket_arn": arn, "interval_seconds": 60}
    setting = network(inside, cidr=CIDR, flow_logs=to_bucket)
    setting.change()
    assert setting.differences() == ()
    (log,) = inside.look("ec2").describe_flow_logs()["FlowLogs"]
    assert (log["LogDestination"], log["MaxAggregationInterval"]) == (arn, 60)
    assert inside.look("logs").describe_log_groups()["logGroups"] == []


def test_a_bucket_that_is_not_there_is_told(inside: Inside) -> None:
    arn = "arn:aws:s3:::acme-nowhere"
    setting = network(inside, cidr=CIDR, flow_logs={"destination": "s3", "bucket_arn": arn})
    with pytest.raises(Terminal, match=r"AWS made no flow log: .*acme-nowhere"):
        setting.change()
    assert "there is no flow log" in described(setting)


def test_public_tiers_lead_to_an_internet_gateway(inside: Inside) -> None:
    tiers = [{"name": "app"}, {"name": "edge", "public": True, "assign_public_ips": True}]
    setting = network(inside, cidr=CIDR, zones=2, tiers=tiers)
    setting.change()
    assert setting.differences() == ()
    found = subnets(inside)
    assert sorted(found) == ["app-1", "app-2", "edge-1", "edge-2"]
    assert found["edge-1"]["MapPublicIpOnLaunch"]
    assert not found["app-1"]["MapPublicIpOnLaunch"]
    assert default_route(inside, "public")["GatewayId"].startswith("igw-")
    assert default_route(inside, "private-1") == {}


@pytest.mark.parametrize(("nat", "count"), [("single", 1), ("per-zone", 3)])
def test_nat_gateways_are_waited_for_and_routed_to(inside: Inside, nat: str, count: int) -> None:
    setting = network(inside, **BOTH, nat=nat)
    setting.change()
    assert setting.differences() == ()
    gateways = inside.look("ec2").describe_nat_gateways()["NatGateways"]
    assert [item["State"] for item in gateways] == ["available"] * count
    targets = {default_route(inside, f"private-{n}")["NatGatewayId"] for n in (1, 2, 3)}
    assert targets == {item["NatGatewayId"] for item in gateways}
    public = {item["SubnetId"] for part, item in subnets(inside).items() if "public" in part}
    assert {item["SubnetId"] for item in gateways} <= public


def test_giving_up_nat_gateways_takes_routes_and_addresses_along(inside: Inside) -> None:
    network(inside, **BOTH, nat="per-zone").change()
    single = network(inside, **BOTH, nat="single")
    assert described(single)[:2] == [
        "NAT gateway nat-2 is left over, should be deleted",
        "NAT gateway nat-3 is left over, should be deleted",
    ]
    single.change()
    assert single.differences() == ()
    ec2 = inside.look("ec2")
    assert len(ec2.describe_addresses()["Addresses"]) == 1
    none = network(inside, **BOTH)
    none.change()
    assert none.differences() == ()
    assert ec2.describe_addresses()["Addresses"] == []
    assert default_route(inside, "private-2") == {}
    states = {item["State"] for item in ec2.describe_nat_gateways()["NatGateways"]}
    assert states == {"deleted"}


def test_the_network_is_in_the_region_wanted(inside: Inside) -> None:
    setting = network(inside, cidr=CIDR, region="eu-west-1")
    setting.change()
    assert vpc(inside, "eu-west-1")["CidrBlock"] == CIDR
    assert setting.differences() == ()


# --- where the addresses come from -----------------------------------------------------------


def test_the_range_comes_from_the_request_else_from_the_plan(inside: Inside) -> None:
    given = network(inside, cidr_from="custom_fields.vpc.cidr", pool="workloads")
    given.change()
    assert vpc(inside)["CidrBlock"] == "10.20.0.0/20"
    allocated = network(inside, allocated=CIDR, pool="workloads", network="other")
    allocated.change()
    assert allocated.setting.read(allocated.inputs, inside.session).vpc.cidr == CIDR


def test_the_live_range_is_found_by_the_tag(inside: Inside) -> None:
    setting = network(inside)
    assert Network().live_network(setting.inputs, inside.session) is None
    setting.change()
    assert Network().live_network(setting.inputs, inside.session) == CIDR


def test_without_a_range_nothing_is_made(inside: Inside) -> None:
    setting = network(inside, pool="workloads")
    assert "a range that is yet to be allocated" in setting.differences()[0].description
    with pytest.raises(Terminal, match="was given no range"):
        setting.change()
    assert setting.writes() == []


# --- drift -----------------------------------------------------------------------------------


def test_every_part_that_drifted_is_named_and_put_back(inside: Inside) -> None:
    setting = network(inside, **BOTH, tags={"team": "net"})
    setting.change()
    ec2, made = inside.look("ec2"), vpc(inside)["VpcId"]
    ec2.modify_vpc_attribute(VpcId=made, EnableDnsHostnames={"Value": False})
    found = subnets(inside)
    ec2.modify_subnet_attribute(
        SubnetId=found["private-1"]["SubnetId"], MapPublicIpOnLaunch={"Value": True}
    )
    ec2.delete_subnet(SubnetId=found["private-2"]["SubnetId"])
    table = tagged(tables(inside), "public")
    link = next(
        item for item in table["Associations"] if item["SubnetId"] == found["public-1"]["SubnetId"]
    )
    ec2.disassociate_route_table(AssociationId=link["RouteTableAssociationId"])
    gateway = default_route(inside, "public")["GatewayId"]
    ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=made)
    (log,) = ec2.describe_flow_logs()["FlowLogs"]
    ec2.delete_flow_logs(FlowLogIds=[log["FlowLogId"]])
    ec2.delete_tags(Resources=[made], Tags=[{"Key": "team"}])
    gone = f"the default route leads to {gateway} (which is gone), should lead to {gateway}"
    assert described(setting) == [
        "DNS hostnames is off, should be on",
        "the internet gateway is not attached",
        "subnet private-1: public addresses are on, should be off",
        "subnet private-2 (10.64.18.0/23) is not there",
        f"route table public: {gone}",
        "subnet public-1 does not use route table public",
        "there is no flow log",
        "tags are missing on the VPC",
    ]
    setting.change()
    assert setting.differences() == ()


def test_a_deleted_route_table_and_its_role_come_back(inside: Inside) -> None:
    setting = network(inside)
    setting.change()
    ec2 = inside.look("ec2")
    table = tagged(tables(inside), "private-1")
    for link in table["Associations"]:
        ec2.disassociate_route_table(AssociationId=link["RouteTableAssociationId"])
    ec2.delete_route_table(RouteTableId=table["RouteTableId"])
    iam = inside.look("iam")
    iam.delete_role_policy(RoleName="aft-vpc-flow-logs", PolicyName="write-flow-logs")
    iam.delete_role(RoleName="aft-vpc-flow-logs")
    assert described(setting) == [
        "route table private-1 is not there",
        "role aft-vpc-flow-logs for flow logs is not there",
    ]
    setting.change()
    assert setting.differences() == ()


def test_a_subnet_with_another_route_table_is_taken_over(inside: Inside) -> None:
    setting = network(inside)
    setting.change()
    ec2 = inside.look("ec2")
    other = ec2.create_route_table(VpcId=vpc(inside)["VpcId"])["RouteTable"]["RouteTableId"]
    (link,) = tagged(tables(inside), "private-1")["Associations"]
    ec2.replace_route_table_association(
        AssociationId=link["RouteTableAssociationId"], RouteTableId=other
    )
    assert described(setting) == ["subnet private-1 does not use route table private-1"]
    setting.change()
    assert setting.differences() == ()


def test_other_flow_logs_are_changed_by_making_them_anew(inside: Inside) -> None:
    network(inside).change()
    rejected = network(inside, cidr=CIDR, flow_logs={"traffic": "REJECT"})
    assert len(described(rejected)) == 1
    rejected.change()
    (log,) = inside.look("ec2").describe_flow_logs()["FlowLogs"]
    assert log["TrafficType"] == "REJECT"
    without = network(inside, cidr=CIDR, flow_logs=None)
    without.change()
    assert inside.look("ec2").describe_flow_logs()["FlowLogs"] == []
    assert without.differences() == ()


def test_a_zone_and_a_tier_less_are_deleted_when_unused(inside: Inside) -> None:
    network(inside, cidr=CIDR, zones=3).change()
    fewer = network(inside, cidr=CIDR, zones=2)
    assert described(fewer) == [
        "subnet private-3 is left over, should be deleted",
        "route table private-3 is left over, should be deleted",
    ]
    fewer.change()
    assert fewer.differences() == ()
    more = network(inside, cidr=CIDR, zones=4)
    with pytest.raises(Terminal, match=r"has 3 zones for this account, .* wants 4"):
        more.change()


# --- refusals --------------------------------------------------------------------------------


def test_a_network_with_another_range_is_not_replaced(inside: Inside) -> None:
    network(inside).change()
    other = network(inside, cidr="10.99.0.0/20")
    (difference,) = other.differences()
    assert "a VPC is not replaced" in difference.description
    written = other.writes()
    with pytest.raises(Terminal, match=f"has the range {CIDR}, and should have 10.99.0.0/20"):
        other.change()
    assert other.writes() == written


def test_a_network_does_not_overlap_another_vpc(inside: Inside) -> None:
    ec2 = inside.look("ec2")
    other = ec2.create_vpc(CidrBlock="10.64.24.0/24")["Vpc"]["VpcId"]
    setting = network(inside)
    written = setting.writes()
    with pytest.raises(Terminal, match=f"{CIDR} overlaps {other}"):
        setting.change()
    assert setting.writes() == written


def test_subnets_are_not_replaced(inside: Inside) -> None:
    network(inside).change()
    with pytest.raises(Terminal, match="a subnet cannot be changed, and is not replaced"):
        network(inside, **BOTH).change()


def test_a_subnet_in_use_is_not_deleted(inside: Inside) -> None:
    network(inside, cidr=CIDR).change()
    used = subnets(inside)["private-3"]["SubnetId"]
    inside.look("ec2").create_network_interface(SubnetId=used)
    fewer = network(inside, cidr=CIDR, zones=2)
    with pytest.raises(
        Terminal, match=f"subnet private-3 .{used}. is no longer wanted, but in use"
    ):
        fewer.change()
    assert used in {item["SubnetId"] for item in subnets(inside).values()}


def test_two_networks_of_one_name_are_refused(inside: Inside) -> None:
    network(inside).change()
    inside.look("ec2").create_vpc(
        CidrBlock="10.99.0.0/24",
        TagSpecifications=[
            {"ResourceType": "vpc", "Tags": [{"Key": "aft:network", "Value": "main"}]}
        ],
    )
    with pytest.raises(Terminal, match="more than one network main"):
        network(inside).change()


def test_a_default_route_of_somebody_else_is_left_alone(inside: Inside) -> None:
    network(inside, **BOTH).change()
    ec2 = inside.look("ec2")
    interface = ec2.create_network_interface(SubnetId=subnets(inside)["private-1"]["SubnetId"])
    ec2.create_route(
        RouteTableId=tagged(tables(inside), "private-1")["RouteTableId"],
        DestinationCidrBlock="0.0.0.0/0",
        NetworkInterfaceId=interface["NetworkInterface"]["NetworkInterfaceId"],
    )
    assert network(inside, **BOTH).differences() == ()
    with pytest.raises(Terminal, match="which this setting did not create"):
        network(inside, **BOTH, nat="single").change()
    assert default_route(inside, "private-1")["NetworkInterfaceId"].startswith("eni-")


# --- a run that dies -------------------------------------------------------------------------


class _Death(BaseException):
    """The process ends here."""


class _MortalClient:
    def __init__(self, client: Any, life: list[int]) -> None:
        self._client, self._life = client, life

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._client, name)
        if name.startswith(("describe", "get_")):
            return method

        def call(**arguments: Any) -> Any:
            answer = method(**arguments)
            self._life[0] -= 1
            if self._life[0] == 0:
                raise _Death
            return answer

        return call


class _MortalSession:
    def __init__(self, inside: Inside, writes: int) -> None:
        self._inside, self._life = inside, [writes]
        self.account_id = inside.account_id

    def client(self, service: str, region: str | None = None) -> Any:
        return _MortalClient(self._inside.session.client(service, region), self._life)

    def sleep(self, seconds: float) -> None:
        self._inside.session.sleep(seconds)


@pytest.mark.parametrize(
    "writes",
    [1, 4, 8, 14, 17, 20]
    + [
        pytest.param(writes, marks=pytest.mark.faults)
        for writes in (2, 3, 5, 6, 7, 9, 10, 11, 12, 13, 15, 16, 18, 19, 21)
    ],
)
def test_a_run_that_died_after_any_write_is_finished_by_the_next(
    inside: Inside, writes: int
) -> None:
    setting = network(inside, **BOTH, zones=1, nat="single")
    mortal: Any = _MortalSession(inside, writes)
    try:
        setting.setting.change(setting.inputs, setting.setting.read(setting.inputs, mortal), mortal)
    except _Death:
        setting.change()
    assert setting.differences() == ()
    ec2 = inside.look("ec2")
    assert len(ec2.describe_vpcs()["Vpcs"]) == 2
    assert len(ec2.describe_addresses()["Addresses"]) == 1
    assert len(ec2.describe_nat_gateways()["NatGateways"]) == 1
    assert len(ec2.describe_internet_gateways()["InternetGateways"]) == 2
    assert len(ec2.describe_flow_logs()["FlowLogs"]) == 1
    (group,) = inside.look("logs").describe_log_groups()["logGroups"]
    assert group["retentionInDays"] == 365
    role = inside.look("iam").list_role_policies(RoleName="aft-vpc-flow-logs")
    assert len(role["PolicyNames"]) == 1


def test_a_log_group_or_role_of_others_is_left_as_it_is(inside: Inside) -> None:
    logs, iam = inside.look("logs"), inside.look("iam")
    logs.create_log_group(logGroupName="/aft/vpc-flow-logs")
    logs.create_log_stream(logGroupName="/aft/vpc-flow-logs", logStreamName="s")
    logs.put_log_events(
        logGroupName="/aft/vpc-flow-logs",
        logStreamName="s",
        logEvents=[
            {"timestamp": int(inside.sandbox.clock.now().timestamp() * 1000), "message": "kept"}
        ],
    )
    trust = {"Effect": "Allow", "Principal": {"Service": "vpc-flow-logs.amazonaws.com"}}
    document = {"Version": "2012-10-17", "Statement": [{**trust, "Action": "sts:AssumeRole"}]}
    iam.create_role(RoleName="aft-vpc-flow-logs", AssumeRolePolicyDocument=json.dumps(document))
    setting = network(inside)
    setting.change()
    assert setting.differences() == ()
    (group,) = logs.describe_log_groups()["logGroups"]
    assert "retentionInDays" not in group
    assert iam.list_role_policies(RoleName="aft-vpc-flow-logs")["PolicyNames"] == []


# --- parameters ------------------------------------------------------------------------------


@given(st.integers(1, 6), st.integers(1, 8), st.integers(16, 22))
def test_subnets_never_overlap_and_stay_when_zones_are_added(
    zones: int, tiers: int, prefix: int
) -> None:
    whole = f"10.0.0.0/{prefix}"
    names = tuple(Tier(name=f"t{number}") for number in range(tiers))
    parameters = NetworkParameters(cidr=whole, zones=zones, tiers=names)
    plan = subnets_of(whole, parameters)
    spans = sorted(parse_cidr(item.cidr) for item in plan)
    assert len(spans) == zones * tiers
    assert all(item.subnet_of(parse_cidr(whole)) for item in spans)
    assert not any(one.overlaps(other) for one, other in pairwise(spans))
    if zones not in (4, 6):
        more = subnets_of(whole, parameters.model_copy(update={"zones": zones + 1}))
        cidrs = {item.part: item.cidr for item in more}
        assert all(cidrs[item.part] == item.cidr for item in plan)


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({}, "where the addresses come from"),
        ({"cidr": "10.0.0.0/29"}, "AWS accepts /16 to /28"),
        ({"cidr": "10.0.0.1/20"}, "begins in the middle"),
        ({"cidr": "10.0.0.0/28"}, "expected a range of /26 or larger"),
        ({"pool": "p", "prefix": 27}, "expected a range of /26 or larger"),
        ({"cidr": CIDR, "pool": "p"}, "either cidr"),
        ({"cidr": CIDR, "nat": "single"}, "a public and a private tier"),
        ({"cidr": CIDR, "tiers": [{"name": "a"}, {"name": "a"}]}, "tiers with different names"),
        ({"cidr": CIDR, "flow_logs": {"destination": "s3"}}, "bucket_arn"),
        ({"cidr": CIDR, "cidr_from": "tags.cidr"}, "pattern"),
    ],
)
def test_networks_that_cannot_be_are_invalid(parameters: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        NetworkParameters.model_validate_json(json.dumps(parameters))
