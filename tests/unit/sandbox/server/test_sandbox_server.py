"""Stock clients against the HTTP endpoint."""

from __future__ import annotations

import http.client
import socket
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError
from builders_sandbox import message, refusal
from waiting import PATIENCE, until

from aft.errors import UserError
from aft.sandbox import AccountSpec, Rule, Sandbox, lost_reply, reset, throttle
from aft.sandbox.server import serve


def test_the_organization_is_read_and_changed(served):
    org = served.client("organizations")
    root = org.list_roots()["Roots"][0]["Id"]
    unit = org.create_organizational_unit(ParentId=root, Name="Workloads")["OrganizationalUnit"]
    request = org.create_account(AccountName="b", Email="aws+b@example.com")
    request_id = request["CreateAccountStatus"]["Id"]
    status = org.describe_create_account_status(CreateAccountRequestId=request_id)
    account = status["CreateAccountStatus"]["AccountId"]
    org.move_account(AccountId=account, SourceParentId=root, DestinationParentId=unit["Id"])
    inside = org.list_accounts_for_parent(ParentId=unit["Id"])["Accounts"]
    assert [a["Id"] for a in inside] == [account]
    tagging = served.client("resourcegroupstaggingapi", region="us-east-1")
    org.tag_resource(ResourceId=account, Tags=[{"Key": "team", "Value": "core"}])
    found = tagging.get_resources(
        ResourceTypeFilters=["organizations:account"],
        TagFilters=[{"Key": "team", "Values": ["core"]}],
    )
    assert [r["ResourceARN"].endswith(account) for r in found["ResourceTagMappingList"]] == [True]


def test_services_of_every_protocol_work_inside_a_member_account(served):
    keys = served.member_keys()

    def client(name):
        return served.client(name, keys=keys)

    assert client("sts").get_caller_identity()["Account"] == served.account
    client("iam").create_account_alias(AccountAlias="acme-a")
    assert client("iam").list_account_aliases()["AccountAliases"] == ["acme-a"]
    assert client("ec2").describe_vpcs()["Vpcs"][0]["IsDefault"]
    client("ssm").put_parameter(Name="/aft/x", Value="1", Type="String")
    assert client("ssm").get_parameter(Name="/aft/x")["Parameter"]["Value"] == "1"
    cfn = client("cloudformation")
    cfn.create_stack(StackName="s", TemplateBody="Resources: {T: {Type: 'AWS::SNS::Topic'}}")
    seen = [cfn.describe_stacks(StackName="s")["Stacks"][0]["StackStatus"] for _ in range(2)]
    assert seen == ["CREATE_IN_PROGRESS", "CREATE_COMPLETE"]
    contact = {"Name": "B", "Title": "T", "EmailAddress": "b@example.com", "PhoneNumber": "+1"}
    client("account").put_alternate_contact(AlternateContactType="BILLING", **contact)
    stored = client("account").get_alternate_contact(AlternateContactType="BILLING")
    assert stored["AlternateContact"]["EmailAddress"] == "b@example.com"
    assert served.client("sts").get_caller_identity()["Account"] != served.account


def test_objects_come_back_byte_for_byte_under_awkward_keys(served):
    s3 = served.client("s3", keys=served.member_keys())
    s3.create_bucket(
        Bucket="acme-files", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    body = bytes(range(256)) * 40
    for key in ("plain", "a b/c+d", "ü/%2F", "x//y"):
        s3.put_object(Bucket="acme-files", Key=key, Body=body, Metadata={"note_1": "kept"})
        assert s3.get_object(Bucket="acme-files", Key=key)["Body"].read() == body
        head = s3.head_object(Bucket="acme-files", Key=key)
        assert (head["ContentLength"], head["Metadata"]) == (len(body), {"note_1": "kept"})
    keys = [o["Key"] for o in s3.list_objects_v2(Bucket="acme-files")["Contents"]]
    assert sorted(keys) == sorted(["plain", "a b/c+d", "ü/%2F", "x//y"])


def test_s3_control_works_through_the_server_as_a_proxy(served):
    control = served.client(
        "s3control",
        keys=served.member_keys(),
        endpoint_url="http://s3-control.sandbox.invalid",
        proxies={"http": served.server.url},
    )
    control.put_public_access_block(
        AccountId=served.account,
        PublicAccessBlockConfiguration={"BlockPublicAcls": True, "BlockPublicPolicy": True},
    )
    found = control.get_public_access_block(AccountId=served.account)
    assert found["PublicAccessBlockConfiguration"]["BlockPublicPolicy"] is True


UNKNOWN = ("AKIAQQQQQQQQQQQQQQQQ", "secret", "")


@pytest.mark.parametrize(
    ("service", "operation", "code"),
    [
        ("organizations", "list_roots", "UnrecognizedClientException"),
        ("ssm", "describe_parameters", "UnrecognizedClientException"),
        ("account", "list_regions", "UnrecognizedClientException"),
        ("iam", "list_users", "InvalidClientTokenId"),
        ("cloudformation", "list_stacks", "InvalidClientTokenId"),
        ("ec2", "describe_vpcs", "AuthFailure"),
        ("s3", "list_buckets", "InvalidAccessKeyId"),
    ],
)
def test_unknown_keys_are_refused_in_each_services_words(served, service, operation, code):
    client = served.client(service, keys=UNKNOWN)
    assert refusal(getattr(client, operation))[0] == code


@pytest.mark.parametrize(
    ("service", "operation", "params"),
    [
        ("organizations", "create_gov_cloud_account", {"Email": "a@b.cd", "AccountName": "a"}),
        ("iam", "simulate_custom_policy", {"PolicyInputList": ["{}"], "ActionNames": ["a:b"]}),
        ("ec2", "create_ipam", {}),
        ("detective", "list_graphs", {}),
        ("controltower", "list_landing_zones", {}),
    ],
)
def test_what_is_not_simulated_says_so_in_the_services_protocol(served, service, operation, params):
    call = getattr(served.client(service), operation)
    with pytest.raises(ClientError) as caught:
        call(**params)
    answer = caught.value.response
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 501
    assert answer["Error"]["Code"] == "NotImplemented"
    assert "does not simulate" in answer["Error"]["Message"]


def raw(served, request: bytes) -> bytes:
    """Bytes in, bytes out."""
    with socket.create_connection(
        (served.server.host, served.server.port), timeout=PATIENCE
    ) as peer:
        peer.sendall(request)
        peer.shutdown(socket.SHUT_WR)
        answer = b""
        while chunk := peer.recv(65536):
            answer += chunk
        return answer


@pytest.mark.parametrize(
    "request_line",
    [b"GET / HTTP/1.1", b"GET /favicon.ico HTTP/1.1", b"POST /moto-api/reset HTTP/1.1"],
)
def test_nobody_is_ever_answered_in_html(served, request_line):
    answer = raw(served, request_line + b"\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert not head.startswith((b"HTTP/1.1 2", b"HTTP/1.1 3"))
    assert b"text/html" not in head.lower()
    assert b"<html" not in body.lower()


# --- connections ---------------------------------------------------------------------------------


def health(connection: http.client.HTTPConnection) -> int:
    connection.request("GET", "/_sandbox/health", headers={"X-Aft-Sandbox": "1"})
    answer = connection.getresponse()
    answer.read()
    return answer.status


def test_a_connection_is_the_clients_to_end(served):
    # Terraform has lost answers that came together with the end of their connection, and sent
    # its PutParameter twice.
    connection = http.client.HTTPConnection(served.server.host, served.server.port)
    assert health(connection) == 200
    peer = connection.sock
    assert peer is not None, "it was closed"
    assert [health(connection) for _ in range(3)] == [200] * 3
    assert connection.sock is peer, "it was not used again"
    connection.close()


def test_a_connection_ends_when_its_client_asks_for_it(served):
    request = b"GET /_sandbox/health HTTP/1.1\r\nHost: localhost\r\nX-Aft-Sandbox: 1\r\n"
    with socket.create_connection((served.server.host, served.server.port)) as peer:
        peer.sendall(request + b"Connection: close\r\n\r\n")
        answer = b"".join(iter(lambda: peer.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"connection: close" in answer.lower()


def test_who_waits_for_the_next_request_hears_that_the_server_stops(served):
    connection = http.client.HTTPConnection(served.server.host, served.server.port)
    assert health(connection) == 200
    peer = connection.sock
    served.server.shutdown()
    assert peer is not None
    assert peer.recv(1) == b""
    connection.close()


def test_a_body_in_chunks_and_one_that_is_announced_leave_the_connection_in_order(served):
    connection = http.client.HTTPConnection(served.server.host, served.server.port)
    headers = {"X-Aft-Sandbox": "1", "Content-Type": "application/json"}
    before = served.sandbox.clock.monotonic()
    for _ in range(2):
        connection.request(
            "POST",
            "/_sandbox/clock",
            iter([b'{"adv', b'ance": 3600}']),
            headers,
            encode_chunked=True,
        )
        assert connection.getresponse().read()
    connection.request(
        "POST", "/_sandbox/clock", b'{"advance": 3600}', {**headers, "Expect": "100-continue"}
    )
    assert connection.getresponse().read()
    assert served.sandbox.clock.monotonic() - before >= 3 * 3600
    assert health(connection) == 200
    connection.close()


def test_a_body_that_is_too_large_is_refused_and_the_next_request_answered(served):
    connection = http.client.HTTPConnection(served.server.host, served.server.port)
    mib = bytes(1024 * 1024)
    length = {"Content-Length": str(65 * len(mib))}
    connection.request("POST", "/", (mib for _ in range(65)), length)
    refused = connection.getresponse()
    refused.read()
    assert refused.status == 413
    assert health(connection) == 200
    connection.close()


# --- faults ----------------------------------------------------------------------------------


def test_a_reset_is_a_broken_connection_and_nothing_happens(served):
    served.sandbox.faults.add(Rule("organizations", "TagResource", reset(), times=1))
    org = served.client("organizations")
    with pytest.raises(ConnectionClosedError):
        org.tag_resource(ResourceId=served.account, Tags=[{"Key": "a", "Value": "b"}])
    assert org.list_tags_for_resource(ResourceId=served.account)["Tags"] == []


def test_a_lost_reply_leaves_the_change_behind_and_comes_at_once(served):
    served.sandbox.faults.add(Rule("organizations", "TagResource", lost_reply(), times=1))
    org = served.client("organizations", read_timeout=PATIENCE)
    with pytest.raises(ConnectionClosedError):  # and no timeout
        org.tag_resource(ResourceId=served.account, Tags=[{"Key": "a", "Value": "b"}])
    tags = org.list_tags_for_resource(ResourceId=served.account)["Tags"]
    assert tags == [{"Key": "a", "Value": "b"}]


def test_a_throttled_client_retries_and_succeeds(served):
    served.sandbox.faults.add(Rule("organizations", "ListRoots", throttle(), times=1))
    assert served.client("organizations", attempts=3).list_roots()["Roots"]
    assert [call.error_code for call in served.sandbox.log] == ["TooManyRequestsException", None]


# --- many clients, and the state -----------------------------------------------------------------


def test_sixteen_threads_get_their_own_answers(served):
    def work(number: int) -> list[str]:
        ssm = clients[number]
        for step in range(8):
            ssm.put_parameter(Name=f"/t{number}/p{step}", Value=f"{number}", Type="String")
        found = ssm.get_parameters_by_path(Path=f"/t{number}")["Parameters"]
        return [parameter["Value"] for parameter in found]

    keys = served.member_keys()
    clients = [served.client("ssm", keys=keys) for _ in range(16)]
    with ThreadPoolExecutor(16) as pool:
        results = list(pool.map(work, range(16)))
    assert results == [[str(number)] * 8 for number in range(16)]


def reopened_units(path) -> list[str]:
    with Sandbox.open(path) as sandbox:
        org = sandbox.botocore_session().create_client("organizations")
        root = org.list_roots()["Roots"][0]["Id"]
        found = org.list_organizational_units_for_parent(ParentId=root)["OrganizationalUnits"]
        return [unit["Name"] for unit in found]


def test_a_change_is_on_disk_a_moment_later_and_reads_are_not_saved(tmp_path):
    path = tmp_path / "organization"
    sandbox = Sandbox.open(path)
    with serve(sandbox) as server:
        org = sandbox.botocore_session().create_client("organizations")
        assert not path.exists()
        request = urllib.request.Request(
            f"{server.url}/_sandbox/clock",
            data=b'{"advance": 60}',
            headers={"X-Aft-Sandbox": "1"},
        )
        urllib.request.urlopen(request, timeout=PATIENCE).close()
        root = org.list_roots()["Roots"][0]["Id"]
        org.create_organizational_unit(ParentId=root, Name="Saved")
        until(path.exists, "it is saved")
    sandbox.close()
    assert reopened_units(path) == ["Saved"]


def test_shutdown_saves_and_frees_the_port(tmp_path):
    path = tmp_path / "organization"
    sandbox = Sandbox.open(path)
    server = serve(sandbox)
    sandbox.seed_accounts([AccountSpec(name="a", email="a@example.com", ou="Kept")])
    server.shutdown()
    server.shutdown()
    assert path.exists()
    with serve(sandbox, port=server.port) as again:
        assert again.port == server.port
    sandbox.close()
    assert reopened_units(path) == ["Kept"]


# --- where it listens ----------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["::", "192.0.2.1", "example.com"])
def test_other_machines_cannot_reach_it_by_accident(host):
    with Sandbox.open(None) as sandbox, pytest.raises(UserError, match="could reach it"):
        serve(sandbox, host=host)


def test_a_taken_port_is_a_clear_error(served):
    with pytest.raises(UserError, match="cannot listen on"):
        serve(served.sandbox, port=served.server.port)


def test_the_environment_is_all_a_tool_needs(served):
    environment = served.server.environment()
    assert environment["AWS_ENDPOINT_URL"] == served.server.url
    assert environment["AWS_ACCESS_KEY_ID"] == served.sandbox.management_credentials.access_key
    assert environment["AWS_REGION"] == "eu-central-1"


def test_errors_reach_the_client_with_their_own_names(served):
    org, keys = served.client("organizations"), served.member_keys()
    with pytest.raises(org.exceptions.AccountNotFoundException):
        org.describe_account(AccountId="999999999999")
    iam = served.client("iam", keys=keys)
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_account_password_policy()
    assert "vpc-0" in message(served.client("ec2", keys=keys).delete_vpc, VpcId="vpc-0")
    with pytest.raises(ClientError, match="NoSuchBucket"):
        served.client("s3", keys=keys).list_objects_v2(Bucket="nothing-here")
