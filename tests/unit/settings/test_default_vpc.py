from __future__ import annotations

import pytest
from builders_inside import HOME, Applied, Inside, applied

from aft.errors import Terminal
from aft.sandbox.faults import Rule, error
from aft.settings.default_vpc_removal import DefaultVpcRemoval


def vpcs(inside: Inside) -> list[str]:
    found = inside.look("ec2").describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])
    return [vpc["VpcId"] for vpc in found["Vpcs"]]


def subnets(inside: Inside) -> list[str]:
    return [item["SubnetId"] for item in inside.look("ec2").describe_subnets()["Subnets"]]


def removal(inside: Inside) -> Applied:
    return applied(inside, DefaultVpcRemoval(), region=HOME)


def gateways(inside: Inside) -> list[str]:
    found = inside.look("ec2").describe_internet_gateways()["InternetGateways"]
    return [item["InternetGatewayId"] for item in found]


def with_gateway(inside: Inside) -> str:
    """The internet gateway of the default VPC; attached here where the simulation has none."""
    (vpc,) = vpcs(inside)
    ec2 = inside.look("ec2")
    found = gateways(inside)
    if found:
        return found[0]
    gateway: str = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    return gateway


def test_an_unused_default_vpc_goes_with_everything_in_it(inside: Inside) -> None:
    with_gateway(inside)
    (vpc,) = vpcs(inside)
    (difference,) = removal(inside).differences()
    assert difference.description == (
        f"default VPC {vpc} in {HOME} exists (3 subnets, unused), should be removed"
    )
    removal(inside).change()
    assert vpcs(inside) == []
    assert subnets(inside) == []
    assert gateways(inside) == []
    assert removal(inside).differences() == ()


def test_without_a_default_vpc_one_call_is_enough(inside: Inside) -> None:
    removal(inside).change()
    before = inside.sandbox.calls
    assert removal(inside).differences() == ()
    assert inside.sandbox.calls == before + 1


def test_other_regions_and_other_vpcs_stay(inside: Inside) -> None:
    own = inside.look("ec2").create_vpc(CidrBlock="10.0.0.0/24")["Vpc"]["VpcId"]
    removal(inside).change()
    left = inside.look("ec2").describe_vpcs()["Vpcs"]
    assert [vpc["VpcId"] for vpc in left] == [own]
    elsewhere = inside.look("ec2", "eu-west-1").describe_vpcs()["Vpcs"]
    assert [vpc["IsDefault"] for vpc in elsewhere] == [True]


def refused(inside: Inside, words: str) -> None:
    (vpc,) = vpcs(inside)
    before = subnets(inside), gateways(inside)
    (difference,) = removal(inside).differences()
    assert f"in use: {words}" in difference.description
    with pytest.raises(Terminal, match=f"default VPC {vpc} in {HOME} is in use") as caught:
        removal(inside).change()
    assert words in caught.value.message
    assert vpcs(inside) == [vpc]
    assert (subnets(inside), gateways(inside)) == before


def test_a_network_interface_forbids_it(inside: Inside) -> None:
    with_gateway(inside)
    interface = inside.look("ec2").create_network_interface(
        SubnetId=subnets(inside)[0], Description="a load balancer"
    )["NetworkInterface"]["NetworkInterfaceId"]
    refused(inside, f"network interface {interface} (a load balancer)")


def test_a_security_group_of_its_own_forbids_it(inside: Inside) -> None:
    (vpc,) = vpcs(inside)
    group = inside.look("ec2").create_security_group(GroupName="web", Description="web", VpcId=vpc)[
        "GroupId"
    ]
    refused(inside, f"security group {group} (web)")


def test_an_endpoint_forbids_it(inside: Inside) -> None:
    (vpc,) = vpcs(inside)
    endpoint = inside.look("ec2").create_vpc_endpoint(
        VpcId=vpc, ServiceName=f"com.amazonaws.{HOME}.s3", VpcEndpointType="Gateway"
    )["VpcEndpoint"]["VpcEndpointId"]
    refused(inside, f"VPC endpoint {endpoint} (com.amazonaws.{HOME}.s3)")


def test_a_route_table_of_its_own_forbids_it(inside: Inside) -> None:
    (vpc,) = vpcs(inside)
    table = inside.look("ec2").create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    refused(inside, f"route table {table}")


def test_a_peering_connection_forbids_it(inside: Inside) -> None:
    (vpc,) = vpcs(inside)
    ec2 = inside.look("ec2")
    peer = ec2.create_vpc(CidrBlock="10.9.0.0/24")["Vpc"]["VpcId"]
    connection = ec2.create_vpc_peering_connection(VpcId=vpc, PeerVpcId=peer)[
        "VpcPeeringConnection"
    ]["VpcPeeringConnectionId"]
    ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=connection)
    refused(inside, f"peering connection {connection}")


def test_what_only_aws_knows_of_is_a_refusal_too(inside: Inside) -> None:
    rule = Rule(action=error("DependencyViolation"), service="ec2", operation="DeleteSubnet")
    inside.sandbox.faults.add(rule)
    with pytest.raises(Terminal, match="is in use and was left alone: AWS says"):
        removal(inside).change()
    assert len(vpcs(inside)) == 1


class _Death(BaseException):
    """The process ends here."""


class _MortalClient:
    """A client whose process ends after a number of writes."""

    def __init__(self, client: object, life: list[int]) -> None:
        self._client, self._life = client, life

    def __getattr__(self, name: str) -> object:
        method = getattr(self._client, name)
        if name.startswith(("describe", "get_")):
            return method

        def call(**arguments: object) -> object:
            answer = method(**arguments)
            self._life[0] -= 1
            if self._life[0] == 0:
                raise _Death
            return answer

        return call


class _MortalSession:
    def __init__(self, inside: Inside, writes: int) -> None:
        self._inside, self._life = inside, [writes]

    def client(self, service: str, region: str | None = None) -> object:
        return _MortalClient(self._inside.session.client(service, region), self._life)


@pytest.mark.parametrize("writes", range(1, 8))
def test_a_run_that_died_after_any_write_is_finished_by_the_next(
    inside: Inside, writes: int
) -> None:
    with_gateway(inside)
    setting, inputs = DefaultVpcRemoval(), removal(inside).inputs
    mortal = _MortalSession(inside, writes)
    with pytest.raises(_Death):
        setting.change(inputs, setting.read(inputs, mortal), mortal)  # type: ignore[arg-type]
    removal(inside).change()
    assert (vpcs(inside), subnets(inside), gateways(inside)) == ([], [], [])
