"""Whom the server refuses: what a web page sent, and what was not signed with a key's secret."""

from __future__ import annotations

import http.client
import urllib.request
from collections.abc import Mapping
from urllib.parse import urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from builders_sandbox import refusal
from waiting import PATIENCE

from aft.sandbox import Sandbox
from aft.sandbox.http_guard import Guard
from aft.sandbox.signatures import is_signed
from aft.sandbox.wire import WireRequest, text_headers

EVERYWHERE = "0.0.0.0"  # noqa: S104 - nothing listens there
BODY = b"Action=CreateUser&UserName=mallory&Version=2010-05-08"


def signed(served, *, service: str = "iam", body: bytes = BODY, secret: str = "") -> AWSRequest:
    """A request that creates a user, as a tool would send it."""
    own = served.sandbox.management_credentials
    request = AWSRequest(
        method="POST",
        url=f"{served.server.url}/",
        data=body,
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    keys = Credentials(own.access_key, secret or own.secret_key)
    SigV4Auth(keys, service, "us-east-1").add_auth(request)
    return request


def send(served, request: AWSRequest, **headers: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(
        served.server.host, served.server.port, timeout=PATIENCE
    )
    given = {
        **dict(request.headers.items()),
        **{k.replace("_", "-"): v for k, v in headers.items()},
    }
    target = urlsplit(request.url)
    path = f"{target.path}?{target.query}" if target.query else target.path
    connection.request("POST", path, body=request.data, headers=given)
    answer = connection.getresponse()
    found = answer.status, answer.read()
    connection.close()
    return found


def users(served) -> list[str]:
    return [user["UserName"] for user in served.client("iam").list_users()["Users"]]


def test_a_tools_request_is_answered(served):
    status, body = send(served, signed(served))
    assert (status, b"mallory" in body) == (200, True)


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:3000"},
        {"Referer": "https://evil.example/page"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Sec_Fetch_Site": "same-origin"},
    ],
)
def test_a_page_in_a_browser_reaches_no_endpoint(served, headers):
    """Not even with keys that are right."""
    status, body = send(served, signed(served), **headers)
    assert (status, users(served)) == (403, [])
    assert b"web page" in body


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "evil.example:4599",
        "iam.amazonaws.com",
        "[::1",
        "",
        "192.0.2.1",
    ],
)
def test_a_name_that_was_rebound_to_this_machine_is_refused(served, host):
    status, body = send(served, signed(served), Host=host)
    assert (status, users(served)) == (403, [])
    assert b"unknown host" in body


@pytest.mark.parametrize(
    ("listening", "host", "is_fine"),
    [
        ("127.0.0.1", "127.0.0.1:4599", True),
        ("127.0.0.1", "localhost", True),
        ("127.0.0.1", "bucket.localhost:4599", True),
        ("127.0.0.1", "123456789012.127.0.0.1:4599", True),
        ("::1", "[::1]:4599", True),
        ("127.0.0.1", "10.0.0.7:4599", False),
        ("127.0.0.1", "evillocalhost", False),
        (EVERYWHERE, "10.0.0.7:4599", True),
        (EVERYWHERE, "[2001:db8::7]:4599", True),
        (EVERYWHERE, "evil.example", False),
        ("sandbox", "sandbox:4599", True),
        ("sandbox", "evil.example", False),
    ],
)
def test_the_hosts_that_a_server_answers_for(listening, host, is_fine):
    assert (Guard(listening).refusal({"host": host}) == "") is is_fine
    assert Guard(listening).refusal({"host": host, "origin": "null"})


@pytest.mark.parametrize("name", ["TRACE", "OPTIONS", "GET", "PUT"])
def test_no_verb_goes_past_the_guard(served, name):
    connection = http.client.HTTPConnection(
        served.server.host, served.server.port, timeout=PATIENCE
    )
    connection.request(name, "/bucket", headers={"Origin": "https://evil.example"})
    assert connection.getresponse().status == 403
    connection.close()


@pytest.mark.parametrize("target", ["http://[::1/", "http://evil.example/_sandbox/health"])
def test_a_whole_url_that_is_none_or_not_for_aws_is_refused(served, target):
    connection = http.client.HTTPConnection(
        served.server.host, served.server.port, timeout=PATIENCE
    )
    headers = {"Host": "evil.example", "X-Aft-Sandbox": "1"}
    connection.putrequest("GET", target, skip_host=True)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    assert connection.getresponse().status in (400, 403)
    connection.close()


# --- signatures -------------------------------------------------------------------------------


def forged(served, query: str, headers: Mapping[str, str]) -> AWSRequest:
    key = served.sandbox.management_credentials.access_key
    url = f"{served.server.url}/{query.format(key=key)}"
    found = {name: value.format(key=key) for name, value in headers.items()}
    return AWSRequest(method="POST", url=url, data=BODY, headers=found)


SCOPE = "Credential={key}/20260101/us-east-1/iam/aws4_request"
QUERY = (
    "X-Amz-Algorithm=AWS4-HMAC-SHA256"
    "&X-Amz-Credential={key}%2F20260101%2Fus-east-1%2Fiam%2Faws4_request"
)


@pytest.mark.parametrize(
    ("query", "headers"),
    [
        (f"?{QUERY}&X-Amz-Signature=00", {}),
        (f"?{QUERY}&X-Amz-SignedHeaders=host&X-Amz-Signature={'0' * 64}", {}),
        (f"?{QUERY}&X-Amz-SignedHeaders=host&X-Amz-Signature=%C3%A9", {}),
        (f"?{QUERY}", {}),
        ("", {"Authorization": f"AWS4-HMAC-SHA256 {SCOPE}, SignedHeaders=host, Signature=bad"}),
        ("", {"Authorization": f"AWS4-HMAC-SHA256 {SCOPE}, SignedHeaders=host, Signature="}),
        ("", {"Authorization": f"AWS4-HMAC-SHA256 {SCOPE}"}),
        ("", {"Authorization": SCOPE}),
        ("", {"Authorization": f"AWS4-ECDSA-P256-SHA256 {SCOPE}, Signature={'0' * 64}"}),
    ],
)
def test_knowing_the_access_key_is_not_enough(served, query, headers):
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    status, body = send(served, forged(served, query, {**form, **headers}))
    assert (status, users(served)) == (403, [])
    assert b"SignatureDoesNotMatch" in body


@pytest.mark.parametrize(
    ("service", "operation", "code"),
    [
        ("organizations", "list_roots", "InvalidSignatureException"),
        ("account", "list_regions", "InvalidSignatureException"),
        ("iam", "list_users", "SignatureDoesNotMatch"),
        ("s3", "list_buckets", "SignatureDoesNotMatch"),
        ("ec2", "describe_vpcs", "AuthFailure"),
    ],
)
def test_a_wrong_secret_is_refused_in_each_services_words(served, service, operation, code):
    own = served.sandbox.management_credentials
    client = served.client(service, keys=(own.access_key, "x" * 40, ""))
    assert refusal(getattr(client, operation))[0] == code


def test_what_was_signed_cannot_be_changed(served):
    own = served.sandbox.management_credentials
    request = signed(served)
    wire = WireRequest(
        method="POST",
        url=request.url,
        headers={**text_headers(dict(request.headers.items())), "host": served.server.url[7:]},
        body=BODY,
    )
    assert is_signed(wire, own.secret_key)
    others = [
        {"method": "GET"},
        {"url": f"{request.url}?Action=DeleteUser"},
        {"url": f"{request.url}bucket"},
        {"body": BODY + b"&Path=/admin/"},
        {"headers": {**wire.headers, "host": "evil.example"}},
        {"headers": {**wire.headers, "x-amz-date": "20300101T000000Z"}},
    ]
    same = {"method": "POST", "url": wire.url, "headers": wire.headers, "body": BODY}
    for change in others:
        assert not is_signed(WireRequest(**{**same, **change}), own.secret_key), change
    assert not is_signed(wire, own.secret_key[:-1])


def test_a_users_key_and_a_presigned_address_are_good_signatures(served):
    iam = served.client("iam", keys=served.member_keys())
    iam.create_user(UserName="ada")
    made = iam.create_access_key(UserName="ada")["AccessKey"]
    keys = (made["AccessKeyId"], made["SecretAccessKey"], "")
    assert served.client("sts", keys=keys).get_caller_identity()["Arn"].endswith("user/ada")
    wrong = (made["AccessKeyId"], made["SecretAccessKey"][::-1], "")
    sts = served.client("sts", keys=wrong)
    assert refusal(sts.get_caller_identity)[0] == "SignatureDoesNotMatch"

    s3 = served.client("s3", keys=served.member_keys(), signature_version="s3v4")
    s3.create_bucket(
        Bucket="acme", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    s3.put_object(Bucket="acme", Key="a b/ü+c", Body=b"content")
    url = s3.generate_presigned_url("get_object", Params={"Bucket": "acme", "Key": "a b/ü+c"})
    with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
        assert answer.read() == b"content"


# --- keys -------------------------------------------------------------------------------------


def test_each_organization_of_the_command_line_has_keys_that_nobody_can_know(tmp_path):
    found = []
    for name in ("one", "two"):
        with Sandbox.open(tmp_path / name, secret_keys=True) as sandbox:
            first = sandbox.management_credentials
            organization = sandbox.organization_id
        with Sandbox.open(tmp_path / name) as sandbox:
            assert sandbox.management_credentials == first
        found.append((first.access_key, first.secret_key, organization))
    with Sandbox.open(None) as sandbox:
        own = sandbox.management_credentials
        found.append((own.access_key, own.secret_key, sandbox.organization_id))
    access, secret, organizations = (set(column) for column in zip(*found, strict=True))
    assert (len(access), len(secret)) == (3, 3)
    assert len(organizations) == 1, "all else follows from the seed"
