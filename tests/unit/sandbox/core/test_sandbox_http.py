"""The same AWS for requests that arrive over HTTP, at whatever host they were sent to."""

from __future__ import annotations

from io import BytesIO

import botocore.session
import pytest
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from builders_sandbox import create, key_arguments, refusal

import aft.sandbox as simulated
from aft.sandbox import ConnectionBroken, Rule, Sandbox

REGION = "eu-central-1"


class Raw(BytesIO):
    def stream(self, amt=65536, **_):
        while chunk := self.read(amt):
            yield chunk


@pytest.fixture
def over_http(sandbox: Sandbox):
    """Clients configured with an endpoint URL, as other tools are."""
    keys = sandbox.management_credentials
    session = botocore.session.Session()

    def send(request, **_):
        body = request.body or b""
        if hasattr(body, "read"):
            body = body.read()
        headers = {
            name: value.decode() if isinstance(value, bytes) else value
            for name, value in request.headers.items()
        }
        status, answer, content = sandbox.handle_http(
            request.method, request.url, headers, body.encode() if isinstance(body, str) else body
        )
        return AWSResponse(request.url, status, dict(answer), Raw(content))

    session.register("before-send", send)

    def make(service, **kwargs):
        arguments = {
            "region_name": REGION,
            "aws_access_key_id": keys.access_key,
            "aws_secret_access_key": keys.secret_key,
            "endpoint_url": "http://localhost:4566",
            "config": Config(retries={"total_max_attempts": 1}),
            **kwargs,
        }
        return session.create_client(service, **arguments)

    return make


def test_every_protocol_finds_its_service(sandbox, over_http):
    org = over_http("organizations")
    account_id = create(org, "remote")
    credentials = over_http("sts").assume_role(
        RoleArn=f"arn:aws:iam::{account_id}:role/OrganizationAccountAccessRole",
        RoleSessionName="tests",
    )["Credentials"]
    inside = key_arguments(credentials)

    assert over_http("sts", **inside).get_caller_identity()["Account"] == account_id
    over_http("account").put_account_name(AccountId=account_id, AccountName="renamed")
    assert org.describe_account(AccountId=account_id)["Account"]["Name"] == "renamed"
    over_http("ssm", **inside).put_parameter(Name="/a", Value="1", Type="String")
    over_http("iam", **inside).create_account_alias(AccountAlias="remote-alias")
    assert over_http("ec2", **inside).describe_vpcs()["Vpcs"]
    over_http("sns", **inside).create_topic(Name="t")
    queue = over_http("sqs", **inside).create_queue(QueueName="q")["QueueUrl"]
    assert account_id in queue
    control = over_http("s3control", **inside, config=Config(inject_host_prefix=False))
    block = dict.fromkeys(
        ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
    )
    control.put_public_access_block(AccountId=account_id, PublicAccessBlockConfiguration=block)
    found = control.get_public_access_block(AccountId=account_id)
    assert found["PublicAccessBlockConfiguration"] == block
    over_http("cloudformation", **inside).create_stack(
        StackName="s", TemplateBody='{"Resources": {"T": {"Type": "AWS::SNS::Topic"}}}'
    )
    over_http("logs", **inside).create_log_group(logGroupName="g")
    over_http("lambda", **inside).list_functions()
    over_http("elbv2", **inside).describe_load_balancers()
    over_http("cloudwatch", **inside).list_metrics()
    assert {record.account_id for record in sandbox.log if record.service == "ssm"} == {account_id}
    assert [record for record in sandbox.log if record.error_code] == []


@pytest.mark.parametrize("style", ["path", "virtual"])
def test_buckets_by_path_and_by_host(over_http, style):
    s3 = over_http("s3", config=Config(s3={"addressing_style": style}))
    s3.create_bucket(
        Bucket="remote-bucket", CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    s3.put_object(Bucket="remote-bucket", Key="folder/ключ.txt", Body=b"content")
    listed = s3.list_objects_v2(Bucket="remote-bucket")["Contents"]
    assert [item["Key"] for item in listed] == ["folder/ключ.txt"]
    got = s3.get_object(Bucket="remote-bucket", Key="folder/ключ.txt")
    assert got["Body"].read() == b"content"


def test_unknown_callers_are_refused(over_http):
    stranger = over_http("sts", aws_access_key_id="AKIASTRANGER", aws_secret_access_key="x")
    assert refusal(stranger.get_caller_identity)[0] == "InvalidClientTokenId"


@pytest.mark.parametrize(
    ("method", "url", "headers", "body"),
    [
        ("GET", "http://localhost/", {}, b""),
        ("POST", "http://localhost/x", {"Content-Type": "text/html"}, b"<html>"),
        (
            "GET",
            "http://localhost/",
            {"Authorization": "AWS4-HMAC-SHA256 Credential=A/20260101/x/nosuch/aws4_request"},
            b"",
        ),
        ("POST", "http://localhost/?Action=Nonsense", {"Authorization": "rubbish"}, b"\xff\xfe"),
    ],
)
def test_rubbish_gets_an_error_and_never_a_page(sandbox, method, url, headers, body):
    status, answer, content = sandbox.handle_http(method, url, headers, body)
    assert 400 <= status < 600
    assert b"<html" not in content.lower()
    assert content
    assert answer["content-type"].startswith(("application/", "text/xml"))


def test_malformed_json_is_an_error_of_the_service(sandbox):
    keys = sandbox.management_credentials
    scope = f"Credential={keys.access_key}/20260101/us-east-1/organizations/aws4_request"
    headers = {
        "Authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0",
        "X-Amz-Target": "AWSOrganizationsV20161128.ListAccounts",
        "Content-Type": "application/x-amz-json-1.1",
    }
    status, answer, _ = sandbox.handle_http("POST", "http://localhost/", headers, b"{not json")
    assert status == 400
    assert answer["x-amzn-errortype"] == "SerializationException"


def test_a_broken_connection_is_told_to_the_carrier(sandbox, over_http):
    sandbox.faults.add(Rule("organizations", "*", simulated.reset()))
    with pytest.raises(ConnectionBroken):
        sandbox.handle_http(
            "POST",
            "http://localhost/",
            {
                "Authorization": "AWS4-HMAC-SHA256 Credential="
                f"{sandbox.management_credentials.access_key}/20260101/us-east-1/organizations/"
                "aws4_request",
                "X-Amz-Target": "AWSOrganizationsV20161128.ListRoots",
            },
            b"{}",
        )
