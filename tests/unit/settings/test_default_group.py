from __future__ import annotations

import pytest
from builders_inside import HOME, Applied, Inside, applied

from aft.errors import Terminal
from aft.settings.default_security_group import DefaultSecurityGroup


def closing(inside: Inside, **parameters: bool) -> Applied:
    return applied(inside, DefaultSecurityGroup(), region=HOME, **parameters)


def rules(inside: Inside, region: str = HOME) -> int:
    return len(inside.look("ec2", region).describe_security_group_rules()["SecurityGroupRules"])


def default_vpc(inside: Inside) -> str:
    vpc: str = inside.look("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
    return vpc


def default_group(inside: Inside, vpc: str) -> str:
    found = inside.look("ec2").describe_security_groups(
        Filters=[
            {"Name": "vpc-id", "Values": [vpc]},
            {"Name": "group-name", "Values": ["default"]},
        ]
    )
    group: str = found["SecurityGroups"][0]["GroupId"]
    return group


def test_every_default_group_of_the_region_is_closed(inside: Inside) -> None:
    ec2 = inside.look("ec2")
    second = ec2.create_vpc(CidrBlock="10.0.0.0/24")["Vpc"]["VpcId"]
    web = ec2.create_security_group(GroupName="web", Description="web", VpcId=second)["GroupId"]
    ec2.authorize_security_group_ingress(
        GroupId=web, IpProtocol="tcp", FromPort=443, ToPort=443, CidrIp="10.0.0.0/8"
    )
    first = default_vpc(inside)
    described = {item.description for item in closing(inside).differences()}
    assert described == {
        f"default security group {default_group(inside, vpc)} of {vpc} in {HOME} has "
        "1 ingress and 1 egress rules, should have none"
        for vpc in (first, second)
    }
    closing(inside).change()
    assert closing(inside).differences() == ()
    assert rules(inside) == 2, "the rules of a group of one's own stay"
    assert rules(inside, "eu-west-1") == 2, "other regions are other calls"


def test_closed_groups_are_left_alone(inside: Inside) -> None:
    closing(inside).change()
    written = closing(inside).writes()
    closing(inside).change()
    assert closing(inside).writes() == written


def test_a_rule_added_by_hand_is_drift(inside: Inside) -> None:
    closing(inside).change()
    group = default_group(inside, default_vpc(inside))
    inside.look("ec2").authorize_security_group_ingress(
        GroupId=group, IpProtocol="tcp", FromPort=22, ToPort=22, CidrIp="0.0.0.0/0"
    )
    assert [item.before for item in closing(inside).differences()] == [
        "1 ingress and 0 egress rule"
    ]
    closing(inside).change()
    assert rules(inside) == 0


def used(inside: Inside) -> str:
    ec2 = inside.look("ec2")
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    interface: str = ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"][
        "NetworkInterfaceId"
    ]
    return interface


def test_a_group_in_use_is_refused_and_the_others_are_closed(inside: Inside) -> None:
    interface = used(inside)
    second = inside.look("ec2").create_vpc(CidrBlock="10.0.0.0/24")["Vpc"]["VpcId"]
    with pytest.raises(Terminal, match="in use and were left alone") as caught:
        closing(inside).change()
    assert interface in caught.value.message
    (left,) = closing(inside).differences()
    assert f"used by {interface}" in left.description
    assert second not in left.description


def test_a_group_in_use_is_closed_when_that_is_meant(inside: Inside) -> None:
    used(inside)
    assert not any(item.takes_away for item in closing(inside).differences()), "it is refused"
    assert [item.takes_away for item in closing(inside, even_in_use=True).differences()] == [True]
    closing(inside, even_in_use=True).change()
    assert rules(inside) == 0


def test_a_region_without_vpcs_takes_one_call(inside: Inside) -> None:
    ec2 = inside.look("ec2")
    vpc = default_vpc(inside)
    for gateway in ec2.describe_internet_gateways()["InternetGateways"]:
        ec2.detach_internet_gateway(InternetGatewayId=gateway["InternetGatewayId"], VpcId=vpc)
    for subnet in ec2.describe_subnets()["Subnets"]:
        ec2.delete_subnet(SubnetId=subnet["SubnetId"])
    ec2.delete_vpc(VpcId=vpc)
    closing(inside).differences()
    before = inside.sandbox.calls
    assert closing(inside).differences() == ()
    assert inside.sandbox.calls == before + 1
