"""EC2's networks and switches, roles, providers, quotas and log groups: as strict as AWS."""

from __future__ import annotations

import json
from typing import Any

import pytest
from builders_sandbox import refusal

from aft.sandbox import AccountSpec, Sandbox

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "vpc-flow-logs.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}


def code(call: Any, /, **arguments: Any) -> str:
    return refusal(call, **arguments)[0]


def vpc(ec2: Any, cidr: str = "10.0.0.0/20") -> str:
    made: str = ec2.create_vpc(CidrBlock=cidr)["Vpc"]["VpcId"]
    return made


def subnet(ec2: Any, vpc_id: str, cidr: str = "10.0.0.0/24") -> str:
    made: str = ec2.create_subnet(VpcId=vpc_id, CidrBlock=cidr)["Subnet"]["SubnetId"]
    return made


def gateway(ec2: Any, vpc_id: str | None = None) -> str:
    made: str = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    if vpc_id:
        ec2.attach_internet_gateway(InternetGatewayId=made, VpcId=vpc_id)
    return made


# --- EC2 -------------------------------------------------------------------------------------


def test_a_default_group_lets_its_members_talk_and_serves_nameless_interfaces(client):
    ec2 = client("ec2")
    made = vpc(ec2)
    (group,) = ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [made]}])[
        "SecurityGroups"
    ]
    (pair,) = group["IpPermissions"][0]["UserIdGroupPairs"]
    assert pair["GroupId"] == group["GroupId"]
    interface = ec2.create_network_interface(SubnetId=subnet(ec2, made))["NetworkInterface"]
    assert [item["GroupId"] for item in interface["Groups"]] == [group["GroupId"]]


def test_five_vpcs_and_five_addresses_are_a_region_full(client):
    ec2 = client("ec2")
    for number in range(4):  # the default VPC is the fifth
        vpc(ec2, f"10.{number}.0.0/24")
    assert code(ec2.create_vpc, CidrBlock="10.9.0.0/24") == "VpcLimitExceeded"
    for _ in range(5):
        ec2.allocate_address(Domain="vpc")
    assert code(ec2.allocate_address, Domain="vpc") == "AddressLimitExceeded"
    client("ec2", "eu-west-1").create_vpc(CidrBlock="10.9.0.0/24")


def test_a_route_leads_to_a_gateway_of_its_own_network(client):
    ec2 = client("ec2")
    made = vpc(ec2)
    table = ec2.create_route_table(VpcId=made)["RouteTable"]["RouteTableId"]
    route = {"RouteTableId": table, "DestinationCidrBlock": "0.0.0.0/0"}
    loose = gateway(ec2)
    assert code(ec2.create_route, **route, GatewayId=loose) == "InvalidParameterValue"
    nowhere = "nat-0123456789abcdef0"
    found = code(ec2.create_route, **route, NatGatewayId=nowhere)
    assert found == "InvalidNatGatewayID.NotFound"
    ec2.attach_internet_gateway(InternetGatewayId=loose, VpcId=made)
    ec2.create_route(**route, GatewayId=loose)
    ec2.detach_internet_gateway(InternetGatewayId=loose, VpcId=made)
    routes = ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"][0]["Routes"]
    assert [item["State"] for item in routes] == ["active", "blackhole"]


def test_a_subnet_has_one_route_table(client):
    ec2 = client("ec2")
    made = vpc(ec2)
    inside = subnet(ec2, made)
    one, other = (ec2.create_route_table(VpcId=made)["RouteTable"]["RouteTableId"] for _ in "ab")
    first = ec2.associate_route_table(RouteTableId=one, SubnetId=inside)["AssociationId"]
    assert ec2.associate_route_table(RouteTableId=one, SubnetId=inside)["AssociationId"] == first
    found = code(ec2.associate_route_table, RouteTableId=other, SubnetId=inside)
    assert found == "Resource.AlreadyAssociated"


def test_nat_gateways_take_time_and_keep_their_address(client):
    ec2 = client("ec2")
    made = vpc(ec2)
    inside = subnet(ec2, made)
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    wanted = {"SubnetId": inside, "AllocationId": address}
    assert code(ec2.create_nat_gateway, SubnetId=inside) == "MissingParameter"
    assert code(ec2.create_nat_gateway, **wanted) == "Gateway.NotAttached"
    gateway(ec2, made)
    nat = ec2.create_nat_gateway(**wanted)["NatGateway"]
    assert nat["State"] == "pending"
    seen = [ec2.describe_nat_gateways()["NatGateways"][0]["State"] for _ in range(3)]
    assert seen == ["pending", "available", "available"]
    assert code(ec2.create_nat_gateway, **wanted) == "Resource.AlreadyAssociated"
    assert code(ec2.release_address, AllocationId=address) == "InvalidIPAddress.InUse"
    assert code(ec2.delete_subnet, SubnetId=inside) == "DependencyViolation"
    ec2.delete_nat_gateway(NatGatewayId=nat["NatGatewayId"])
    ec2.release_address(AllocationId=address)
    ec2.delete_subnet(SubnetId=inside)
    missing = "nat-0123456789abcdef0"
    assert code(ec2.delete_nat_gateway, NatGatewayId=missing) == "NatGatewayNotFound"
    assert code(ec2.describe_nat_gateways, NatGatewayIds=[missing]) == "NatGatewayNotFound"


def test_flow_logs_say_whether_they_can_be_delivered(client):
    ec2, iam = client("ec2"), client("iam")
    client("logs").create_log_group(logGroupName="/flow")
    arn = iam.create_role(RoleName="flow", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"][
        "Arn"
    ]
    wanted = {
        "ResourceIds": [vpc(ec2)],
        "ResourceType": "VPC",
        "TrafficType": "ALL",
        "LogDestinationType": "cloud-watch-logs",
        "LogGroupName": "/flow",
    }
    ec2.create_flow_logs(**wanted, DeliverLogsPermissionArn=arn)
    (log,) = ec2.describe_flow_logs()["FlowLogs"]
    assert log["DeliverLogsStatus"] == "SUCCESS"
    wanted["ResourceIds"] = [vpc(ec2, "10.1.0.0/24")]
    ec2.create_flow_logs(**wanted, DeliverLogsPermissionArn=arn.replace("flow", "nobody"))
    states = sorted(item["DeliverLogsStatus"] for item in ec2.describe_flow_logs()["FlowLogs"])
    assert states == ["FAILED", "SUCCESS"]


@pytest.mark.parametrize("limit", [0, 65])
def test_hop_limits_have_a_range(client, limit):
    found = code(client("ec2").modify_instance_metadata_defaults, HttpPutResponseHopLimit=limit)
    assert found == "InvalidParameterValue"


def test_metadata_defaults_can_be_taken_away(client):
    ec2 = client("ec2")
    ec2.modify_instance_metadata_defaults(HttpTokens="required", HttpPutResponseHopLimit=2)
    ec2.modify_instance_metadata_defaults(
        HttpTokens="no-preference", HttpPutResponseHopLimit=-1, HttpEndpoint="enabled"
    )
    level = ec2.get_instance_metadata_defaults()["AccountLevel"]
    assert level == {"HttpEndpoint": "enabled", "ManagedBy": "account"}


def test_switches_take_their_words_alone_and_are_an_accounts_and_regions_own(client, members):
    ec2 = client("ec2")
    assert code(ec2.enable_snapshot_block_public_access, State="all") == "InvalidParameterValue"
    ec2.enable_snapshot_block_public_access(State="block-all-sharing")
    others = (client("ec2", "eu-west-1"), client("ec2", account=members.second))
    for other in others:
        assert other.get_snapshot_block_public_access_state()["State"] == "unblocked"


# --- IAM -------------------------------------------------------------------------------------


def test_roles_have_quotas_and_boundaries_that_exist(client):
    iam = client("iam")
    trust = json.dumps(TRUST)
    nowhere = "arn:aws:iam::aws:policy/NoSuchPolicy"
    refused = {"RoleName": "r", "AssumeRolePolicyDocument": trust, "PermissionsBoundary": nowhere}
    assert code(iam.create_role, **refused) == "NoSuchEntity"
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=trust)
    boundary = {"RoleName": "r", "PermissionsBoundary": nowhere}
    assert code(iam.put_role_permissions_boundary, **boundary) == "NoSuchEntity"
    statement = {
        "Effect": "Allow",
        "Action": "s3:GetObject",
        "Resource": ["arn:aws:s3:::" + "b" * 60],
    }
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    for number in range(10):
        arn = iam.create_policy(PolicyName=f"p{number}", PolicyDocument=json.dumps(policy))
        iam.attach_role_policy(RoleName="r", PolicyArn=arn["Policy"]["Arn"])
    more = {"RoleName": "r", "PolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}
    assert code(iam.attach_role_policy, **more) == "LimitExceeded"
    large = {**policy, "Statement": [{**statement, "Sid": f"S{n}"} for n in range(90)]}
    text = json.dumps(large, indent=4)
    put = {"RoleName": "r", "PolicyName": "large", "PolicyDocument": text}
    assert code(iam.put_role_policy, **put) == "LimitExceeded"


def test_a_provider_is_one_per_url_and_its_clients_are_a_set(client):
    iam = client("iam")
    url = "https://token.actions.githubusercontent.com"
    arn = iam.create_open_id_connect_provider(Url=url, ClientIDList=["a"])[
        "OpenIDConnectProviderArn"
    ]
    found = code(iam.create_open_id_connect_provider, Url=url, ClientIDList=["a"])
    assert found == "EntityAlreadyExists"
    plain = code(iam.create_open_id_connect_provider, Url="http://example.com", ClientIDList=["a"])
    assert plain == "ValidationError"
    for client_id in ("b", "b"):
        iam.add_client_id_to_open_id_connect_provider(
            OpenIDConnectProviderArn=arn, ClientID=client_id
        )
    clients = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)["ClientIDList"]
    assert clients == ["a", "b"]
    gone = {"OpenIDConnectProviderArn": arn + "x", "ClientID": "b"}
    assert code(iam.add_client_id_to_open_id_connect_provider, **gone) == "NoSuchEntity"


# --- quotas and log groups -------------------------------------------------------------------


def test_one_request_for_a_quota_at_a_time_and_only_upwards(client):
    quotas = client("service-quotas")
    vpcs = {"ServiceCode": "vpc", "QuotaCode": "L-F678F1CE"}
    ask = quotas.request_service_quota_increase
    assert code(ask, **vpcs, DesiredValue=5) == "IllegalArgumentException"
    ask(**vpcs, DesiredValue=900)
    assert code(ask, **vpcs, DesiredValue=901) == "ResourceAlreadyExistsException"
    fixed = {"ServiceCode": "vpc", "QuotaCode": "L-3248932A", "DesiredValue": 30_000}
    assert code(ask, **fixed) == "InvalidResourceStateException"
    roles = {"ServiceCode": "iam", "QuotaCode": "L-FE177D64"}
    assert code(quotas.get_service_quota, **roles) == "NoSuchResourceException"
    assert client("service-quotas", "us-east-1").get_service_quota(**roles)["Quota"]["GlobalQuota"]
    assert code(quotas.list_service_quotas, ServiceCode="nothing") == "NoSuchResourceException"
    assert quotas.list_service_quotas(ServiceCode="ec2")["Quotas"]


def test_retention_is_one_of_awss_numbers(client):
    logs = client("logs")
    logs.create_log_group(logGroupName="/g")
    put = {"logGroupName": "/g", "retentionInDays": 31}
    assert code(logs.put_retention_policy, **put) == "InvalidParameterException"
    assert code(logs.put_retention_policy, **{**put, "logGroupName": "a b"}) == (
        "InvalidParameterException"
    )


def test_all_of_it_survives_a_restart(tmp_path):
    path = tmp_path / "organization"
    vpcs = {"ServiceCode": "vpc", "QuotaCode": "L-F678F1CE"}
    with Sandbox.open(path) as sandbox:
        (account,) = sandbox.seed_accounts([AccountSpec(name="a", email="a@example.com")])
        member = sandbox.member_session(account)
        ec2 = member.client("ec2")
        ec2.enable_snapshot_block_public_access(State="block-all-sharing")
        ec2.enable_image_block_public_access(ImageBlockPublicAccessState="block-new-sharing")
        ec2.modify_instance_metadata_defaults(HttpTokens="required")
        made = vpc(ec2)
        gateway(ec2, made)
        ec2.create_nat_gateway(
            SubnetId=subnet(ec2, made),
            AllocationId=ec2.allocate_address(Domain="vpc")["AllocationId"],
        )
        member.client("service-quotas").request_service_quota_increase(**vpcs, DesiredValue=900)
        member.client("iam").create_open_id_connect_provider(
            Url="https://example.com", ClientIDList=["a"]
        )
    with Sandbox.open(path) as sandbox:
        member = sandbox.member_session(account)
        ec2 = member.client("ec2")
        assert ec2.get_snapshot_block_public_access_state()["State"] == "block-all-sharing"
        images = [ec2.get_image_block_public_access_state() for _ in range(3)]
        assert [item["ImageBlockPublicAccessState"] for item in images] == [
            "unblocked",
            "unblocked",
            "block-new-sharing",
        ]
        level = ec2.get_instance_metadata_defaults()["AccountLevel"]
        assert level["HttpTokens"] == "required"
        seen = [ec2.describe_nat_gateways()["NatGateways"][0]["State"] for _ in range(2)]
        assert seen == ["pending", "available"]
        ask = member.client("service-quotas").request_service_quota_increase
        assert code(ask, **vpcs, DesiredValue=901) == "ResourceAlreadyExistsException"
        providers = member.client("iam").list_open_id_connect_providers()
        assert len(providers["OpenIDConnectProviderList"]) == 1
