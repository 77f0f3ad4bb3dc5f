from __future__ import annotations

import pytest
from builders_sandbox import refusal
from counting import lines_run


def ids(found, key):
    return [item[key] for item in found]


def test_a_default_vpc_is_what_aws_makes(client):
    ec2 = client("ec2")
    (vpc,) = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
    inside = [{"Name": "vpc-id", "Values": [vpc["VpcId"]]}]
    zones = ids(ec2.describe_availability_zones()["AvailabilityZones"], "ZoneName")
    subnets = ec2.describe_subnets(Filters=inside)["Subnets"]
    assert sorted(ids(subnets, "AvailabilityZone")) == sorted(zones)
    assert all(s["DefaultForAz"] and s["MapPublicIpOnLaunch"] for s in subnets)
    (gateway,) = ec2.describe_internet_gateways(
        Filters=[{"Name": "attachment.vpc-id", "Values": [vpc["VpcId"]]}]
    )["InternetGateways"]
    (table,) = ec2.describe_route_tables(Filters=inside)["RouteTables"]
    assert table["Associations"][0]["Main"]
    routes = {r["DestinationCidrBlock"]: r["GatewayId"] for r in table["Routes"]}
    assert routes == {"172.31.0.0/16": "local", "0.0.0.0/0": gateway["InternetGatewayId"]}
    assert ids(ec2.describe_security_groups(Filters=inside)["SecurityGroups"], "GroupName") == [
        "default"
    ]
    (acl,) = ec2.describe_network_acls(Filters=inside)["NetworkAcls"]
    assert acl["IsDefault"]
    assert ec2.describe_network_interfaces(Filters=inside)["NetworkInterfaces"] == []


def empty(ec2, vpc_id):
    """Take a VPC apart in the order AWS demands."""
    inside = [{"Name": "vpc-id", "Values": [vpc_id]}]
    attached = [{"Name": "attachment.vpc-id", "Values": [vpc_id]}]
    for gateway in ec2.describe_internet_gateways(Filters=attached)["InternetGateways"]:
        gateway_id = gateway["InternetGatewayId"]
        ec2.detach_internet_gateway(InternetGatewayId=gateway_id, VpcId=vpc_id)
        ec2.delete_internet_gateway(InternetGatewayId=gateway_id)
    for subnet in ec2.describe_subnets(Filters=inside)["Subnets"]:
        ec2.delete_subnet(SubnetId=subnet["SubnetId"])


def test_a_default_vpc_goes_only_in_the_right_order_and_leaves_nothing(client):
    ec2 = client("ec2")
    vpc_id = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    (gateway,) = ec2.describe_internet_gateways()["InternetGateways"]
    assert refusal(ec2.delete_vpc, VpcId=vpc_id)[0] == "DependencyViolation"
    assert (
        refusal(ec2.delete_internet_gateway, InternetGatewayId=gateway["InternetGatewayId"])[0]
        == "DependencyViolation"
    )
    empty(ec2, vpc_id)
    ec2.delete_vpc(VpcId=vpc_id)
    assert ec2.describe_vpcs()["Vpcs"] == []
    assert ec2.describe_subnets()["Subnets"] == []
    assert ec2.describe_security_groups()["SecurityGroups"] == []
    assert ec2.describe_network_acls()["NetworkAcls"] == []
    assert ec2.describe_route_tables()["RouteTables"] == []
    assert refusal(ec2.delete_vpc, VpcId=vpc_id)[0] == "InvalidVpcID.NotFound"


def test_subnets_and_then_the_gateway_alone_keep_a_vpc(client):
    ec2 = client("ec2")
    vpc_id = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    for subnet in ec2.describe_subnets()["Subnets"]:
        ec2.delete_subnet(SubnetId=subnet["SubnetId"])
    assert refusal(ec2.delete_vpc, VpcId=vpc_id)[0] == "DependencyViolation"


def test_a_network_interface_keeps_its_subnet(client):
    ec2 = client("ec2")
    subnet = ec2.describe_subnets()["Subnets"][0]
    interface = ec2.create_network_interface(SubnetId=subnet["SubnetId"])["NetworkInterface"]
    inside = [{"Name": "vpc-id", "Values": [subnet["VpcId"]]}]
    found = ec2.describe_network_interfaces(Filters=inside)["NetworkInterfaces"]
    assert ids(found, "NetworkInterfaceId") == [interface["NetworkInterfaceId"]]
    refused = refusal(ec2.delete_subnet, SubnetId=subnet["SubnetId"])
    assert refused[0] == "DependencyViolation"
    ec2.delete_network_interface(NetworkInterfaceId=interface["NetworkInterfaceId"])
    ec2.delete_subnet(SubnetId=subnet["SubnetId"])
    assert subnet["SubnetId"] not in ids(ec2.describe_subnets()["Subnets"], "SubnetId")


@pytest.mark.parametrize("kind", ["group", "table", "acl"])
def test_what_a_user_added_keeps_a_vpc(client, kind):
    ec2 = client("ec2")
    vpc_id = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    if kind == "group":
        ec2.create_security_group(GroupName="mine", Description="mine", VpcId=vpc_id)
    elif kind == "table":
        ec2.create_route_table(VpcId=vpc_id)
    else:
        ec2.create_network_acl(VpcId=vpc_id)
    assert refusal(ec2.delete_vpc, VpcId=vpc_id)[0] == "DependencyViolation"


def test_what_aws_made_with_a_vpc_cannot_be_deleted_alone(client):
    ec2 = client("ec2")
    group = ec2.describe_security_groups()["SecurityGroups"][0]["GroupId"]
    acl = ec2.describe_network_acls()["NetworkAcls"][0]["NetworkAclId"]
    table = ec2.describe_route_tables()["RouteTables"][0]["RouteTableId"]
    assert refusal(ec2.delete_security_group, GroupId=group)[0] == "CannotDelete"
    assert refusal(ec2.delete_network_acl, NetworkAclId=acl)[0] == "InvalidParameterValue"
    assert refusal(ec2.delete_route_table, RouteTableId=table)[0] == "DependencyViolation"


def test_subnets_of_other_vpcs_are_no_default_subnets(client):
    ec2 = client("ec2")
    vpc_id = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    empty(ec2, vpc_id)
    ec2.delete_vpc(VpcId=vpc_id)
    own = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(
        VpcId=own, CidrBlock="10.0.0.0/24", AvailabilityZone="eu-central-1a"
    )["Subnet"]
    assert (subnet["DefaultForAz"], subnet["MapPublicIpOnLaunch"]) == (False, False)


def test_a_dry_run_says_so_and_changes_nothing(client):
    ec2 = client("ec2")
    before = len(ec2.describe_vpcs()["Vpcs"])
    vpc_id = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    assert refusal(ec2.create_vpc, CidrBlock="10.0.0.0/16", DryRun=True)[0] == "DryRunOperation"
    assert refusal(ec2.delete_vpc, VpcId=vpc_id, DryRun=True)[0] == "DryRunOperation"
    assert refusal(ec2.enable_ebs_encryption_by_default, DryRun=True)[0] == "DryRunOperation"
    assert len(ec2.describe_vpcs()["Vpcs"]) == before
    assert not ec2.get_ebs_encryption_by_default()["EbsEncryptionByDefault"]


def test_ebs_encryption_by_default_holds_for_one_region(client):
    here, there = client("ec2", "eu-central-1"), client("ec2", "eu-west-1")
    here.enable_ebs_encryption_by_default()
    assert here.get_ebs_encryption_by_default()["EbsEncryptionByDefault"]
    assert not there.get_ebs_encryption_by_default()["EbsEncryptionByDefault"]
    volume = here.create_volume(AvailabilityZone="eu-central-1a", Size=1)
    assert volume["Encrypted"]


def test_the_default_ebs_key_is_aws_own_until_another_is_chosen(client):
    ec2, kms = client("ec2"), client("kms")
    assert ec2.get_ebs_default_kms_key_id()["KmsKeyId"] == "alias/aws/ebs"
    key = kms.create_key()["KeyMetadata"]
    ec2.modify_ebs_default_kms_key_id(KmsKeyId=key["KeyId"])
    assert ec2.get_ebs_default_kms_key_id()["KmsKeyId"] == key["Arn"]
    ec2.reset_ebs_default_kms_key_id()
    assert ec2.get_ebs_default_kms_key_id()["KmsKeyId"] == "alias/aws/ebs"


def test_regions_are_listed_as_the_account_sees_them(members):
    ec2 = members.client("ec2")
    assert len(ec2.describe_regions()["Regions"]) == 17
    by_name = {
        r["RegionName"]: r["OptInStatus"] for r in ec2.describe_regions(AllRegions=True)["Regions"]
    }
    assert by_name["eu-west-1"] == "opt-in-not-required"
    assert by_name["eu-south-1"] == "not-opted-in"
    assert not [name for name in by_name if name.startswith(("cn-", "us-gov-"))]
    assert refusal(ec2.describe_regions, RegionNames=["eu-nowhere-9"])[0] == (
        "InvalidParameterValue"
    )


def test_an_opt_in_region_works_once_it_is_enabled(members):
    there = members.client("ec2", "eu-south-1")
    assert refusal(there.describe_vpcs)[0] == "AuthFailure"
    account = members.client("account")
    account.enable_region(RegionName="eu-south-1")
    assert account.get_region_opt_status(RegionName="eu-south-1")["RegionOptStatus"] == "ENABLED"
    assert len(there.describe_vpcs()["Vpcs"]) == 1
    seen = members.client("ec2").describe_regions(RegionNames=["eu-south-1"])["Regions"]
    assert seen[0]["OptInStatus"] == "opted-in"


def test_the_first_touch_of_a_region_is_cheap(members):
    client = members.client("ec2")
    client.describe_vpcs()
    others = [
        members.client("ec2", region)
        for region in ("eu-west-1", "eu-west-2", "eu-north-1", "us-east-2", "ap-south-1")
    ]
    first = min(lines_run(other.describe_vpcs) for other in others)
    again = min(lines_run(other.describe_vpcs) for other in others)
    assert first < 2.5 * again
