"""Answers that cannot be read: nothing gets out, reads are repeated, writes are in doubt."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.awsrequest import AWSResponse
from botocore.loaders import create_loader
from builders_aws import ManualClock
from builders_reconcile import application

from aft.aws.accounts import RecentlyTagged
from aft.aws.adapters import AwsManagementAccess
from aft.aws.pacing import UNPACED
from aft.aws.session import AwsSessions
from aft.errors import AftError, Conflict, Denied, Throttled, Transient, UnknownOutcome
from aft.providers.organizations.provider import OrganizationsProvider
from aft.redaction import redact
from aft.traces import trace
from aft.values.ids import AccountId

KEY, SECRET, TOKEN = "ASIACANARY0123456789", "canary/secret+key", "canary-session-token"
CANARIES = (KEY, SECRET, TOKEN)

_MEMBERS = {"AccessKeyId": KEY, "SecretAccessKey": SECRET, "SessionToken": TOKEN}
_XML = "".join(f"<{name}>{value}</{name}>" for name, value in _MEMBERS.items())
_UNTIL = "<Expiration>2030-01-01T00:00:00Z</Expiration>"


def _query(operation: str, inner: str) -> bytes:
    result = f"<{operation}Result>{inner}</{operation}Result>"
    return f"<{operation}Response>{result}</{operation}Response>".encode()


def _sts(operation: str) -> bytes:
    return _query(operation, f"<Credentials>{_XML}{_UNTIL}</Credentials>")


def _parameter(**more: Any) -> bytes:
    return json.dumps({"Parameter": {"Name": "/db", "Value": SECRET, **more}}).encode()


ROLE = {"RoleArn": "arn:aws:iam::111122223333:role/member", "RoleSessionName": "aft"}
SECRETS: Mapping[str, tuple[str, str, Mapping[str, Any], bytes]] = {
    "AssumeRole": ("sts", "assume_role", ROLE, _sts("AssumeRole")),
    "AssumeRoleWithWebIdentity": (
        "sts",
        "assume_role_with_web_identity",
        {**ROLE, "WebIdentityToken": "token"},
        _sts("AssumeRoleWithWebIdentity"),
    ),
    "GetSessionToken": ("sts", "get_session_token", {}, _sts("GetSessionToken")),
    "GetFederationToken": (
        "sts",
        "get_federation_token",
        {"Name": "ada"},
        _sts("GetFederationToken"),
    ),
    "CreateAccessKey": (
        "iam",
        "create_access_key",
        {},
        _query("CreateAccessKey", f"<AccessKey>{_XML}<UserName>ada</UserName></AccessKey>"),
    ),
    "GetParameter": ("ssm", "get_parameter", {"Name": "/db"}, _parameter(Type="SecureString")),
    "GetParametersByPath": (
        "ssm",
        "get_parameters_by_path",
        {"Path": "/"},
        json.dumps({"Parameters": [{"Name": "/db", "Value": SECRET}]}).encode(),
    ),
    "GetSecretValue": (
        "secretsmanager",
        "get_secret_value",
        {"SecretId": "db"},
        json.dumps({"Name": "db", "SecretString": SECRET}).encode(),
    ),
    "GetRoleCredentials": (
        "sso",
        "get_role_credentials",
        {"roleName": "r", "accountId": "111122223333", "accessToken": "t"},
        json.dumps(
            {
                "roleCredentials": {
                    "accessKeyId": KEY,
                    "secretAccessKey": SECRET,
                    "sessionToken": TOKEN,
                }
            }
        ).encode(),
    ),
    "GetPasswordData": (
        "ec2",
        "get_password_data",
        {"InstanceId": "i-0123456789abcdef0"},
        f"<GetPasswordDataResponse><passwordData>{SECRET}</passwordData>"
        "</GetPasswordDataResponse>".encode(),
    ),
    "CreateSession": (
        "s3",
        "create_session",
        {"Bucket": "b--euc1-az1--x-s3"},
        f"<CreateSessionResult><Credentials>{_XML}{_UNTIL}</Credentials></CreateSessionResult>".encode(),
    ),
}


_LOADER = create_loader()


class _Body(BytesIO):
    def stream(self, amt: int = 65536, **_: Any) -> Any:
        while chunk := self.read(amt):
            yield chunk


Answers = Callable[[str], tuple[int, bytes]]
"""operation -> status and body"""


def sessions_with(
    answers: Answers,
    *,
    attempts: int = 1,
    keys: tuple[str, ...] = ("AKIACALLER0000000000", "caller-secret"),
) -> AwsSessions:
    """Sessions whose every request is answered so, as over HTTP."""
    session = botocore.session.Session()
    session.register_component("data_loader", _LOADER)
    if keys:
        session.set_credentials(*keys)

    def answer(event_name: str, request: Any, **_: Any) -> AWSResponse:
        status, body = answers(event_name.rsplit(".", 1)[-1])
        return AWSResponse(request.url, status, {"x-amzn-requestid": "req-1"}, _Body(body))

    session.get_component("event_emitter").register_first("before-send", answer)
    return AwsSessions(
        botocore_session=session,
        home_region="eu-central-1",
        management_role=None,
        member_role="OrganizationAccountAccessRole",
        clock=ManualClock(),
        paces=UNPACED,
        attempts=attempts,
    )


def everything_of(error: BaseException | None) -> str:
    """What can be printed of an error of ours, and of all that it keeps."""
    said = ""
    while error is not None:
        said += f"{error} {error!r} {error.args} {vars(error)}"
        error = error.__cause__ or error.__context__
    return said


@pytest.mark.parametrize("status", [200, 400, 403, 500])
@pytest.mark.parametrize("operation", SECRETS)
def test_no_part_of_a_cut_answer_gets_out(operation: str, status: int) -> None:
    service, method, parameters, whole = SECRETS[operation]
    body = b""
    client = sessions_with(lambda _: (status, body)).management(service)
    for end in range(0, len(whole), 7):
        body = whole[:end]
        with pytest.raises(AftError) as caught:
            getattr(client, method)(**parameters)["NotThere"]
        said = everything_of(caught.value) + trace(caught.value)
        assert not any(canary in said for canary in CANARIES), (end, said)
        assert "bug" not in caught.value.hint


def test_a_whole_answer_is_read_as_ever() -> None:
    for service, method, parameters, whole in SECRETS.values():
        client = sessions_with(lambda _, whole=whole: (200, whole)).management(service)
        assert SECRET in str(getattr(client, method)(**parameters))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"null",
        b"[]",
        b'"secret"',
        b'{"Roots": [{"Id": "r-ab',
        b'{"Roots": "secret"}',
        b'{"Roots": [{}]}',
        b"<html><body>secret</body></html>",
        b"\xff\xfe secret",
    ],
)
def test_a_read_that_says_nothing_is_tried_again(body: bytes) -> None:
    client = sessions_with(lambda _: (200, body)).organizations()
    with pytest.raises(Transient) as caught:
        client.list_roots()["Roots"][0]["Id"]
    assert "ListRoots" in caught.value.message
    assert "secret" not in everything_of(caught.value)


def test_a_list_without_the_item_that_belongs_there_is_tried_again() -> None:
    client = sessions_with(lambda _: (200, b'{"Roots": []}')).organizations()
    roots = client.list_roots()["Roots"]
    assert list(roots) == []
    assert roots[:1] == []
    with pytest.raises(Transient, match="ListRoots failed: its answer has no item 0"):
        roots[0]


def test_an_empty_page_of_a_bucket_is_the_last_one() -> None:
    empty = b"<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>"
    client = sessions_with(lambda _: (200, empty)).management("s3")
    assert len(list(client.get_paginator("list_objects").paginate(Bucket="b"))) == 1


@pytest.mark.parametrize("cut", [b"", b'{"Statement": [{"Sid"', b"[]", b"<html></html>"])
def test_a_bucket_policy_that_was_cut_is_tried_again(cut: bytes) -> None:
    """The one answer of S3 that is JSON, which settings read themselves."""
    client = sessions_with(lambda _: (200, cut)).management("s3")
    with pytest.raises(Transient):
        client.get_bucket_policy(Bucket="b")["Policy"]


def test_botocore_sends_a_read_again_and_pages_go_on() -> None:
    whole = b'{"Roots": [{"Id": "r-abcd", "Name": "Root"}]}'
    bodies = [whole[:20], b"", whole]
    client = sessions_with(lambda _: (200, bodies.pop(0)), attempts=3).organizations()
    pages = client.get_paginator("list_roots").paginate()
    assert [root["Id"] for page in pages for root in page["Roots"]] == ["r-abcd"]
    assert bodies == []


CONFLICT = b'{"__type": "ConcurrentModificationException", "message": "try again"}'


def test_a_read_that_meets_a_writer_is_sent_again_also_between_pages() -> None:
    whole = b'{"Accounts": [{"Id": "111122223333"}], "NextToken": "more"}'
    answers = [(400, CONFLICT), (200, whole), (400, CONFLICT), (200, b'{"Accounts": []}')]
    client = sessions_with(lambda _: answers.pop(0), attempts=3).organizations()
    pages = client.get_paginator("list_accounts").paginate()
    assert [account["Id"] for page in pages for account in page["Accounts"]] == ["111122223333"]
    assert answers == []


def test_a_read_that_always_meets_a_writer_is_a_conflict() -> None:
    client = sessions_with(lambda _: (400, CONFLICT), attempts=3).organizations()
    with pytest.raises(Conflict, match=r"ListRoots.*ConcurrentModificationException"):
        client.list_roots()


@pytest.mark.parametrize("body", [b"", b"{}", b'{"CreateAccountStatus": {"Id": "car-', b"<html/>"])
@pytest.mark.parametrize("status", [200, 400, 500])
def test_create_account_is_in_doubt_and_never_sent_again(status: int, body: bytes) -> None:
    sent: list[str] = []

    def answers(operation: str) -> tuple[int, bytes]:
        sent.append(operation)
        return status, body

    sessions = sessions_with(answers, attempts=8)
    tagged = RecentlyTagged(ManualClock())
    provider = OrganizationsProvider(AwsManagementAccess(sessions, tagged=tagged))
    with pytest.raises(UnknownOutcome):
        provider.begin(application("a"))
    assert sent == ["CreateAccount"]


@pytest.mark.parametrize("body", [b"", b"{}", b'{"OrganizationalUnit": {"Id": "ou-'])
def test_what_cannot_be_repeated_is_in_doubt_also_where_other_calls_are(body: bytes) -> None:
    sent: list[str] = []

    def answers(operation: str) -> tuple[int, bytes]:
        sent.append(operation)
        return 200, body

    client = sessions_with(answers, attempts=8).organizations()
    with pytest.raises(UnknownOutcome):
        client.create_organizational_unit(ParentId="r-abcd", Name="Prod")["OrganizationalUnit"]
    assert sent == ["CreateOrganizationalUnit"]


@pytest.mark.parametrize(
    ("status", "expected"), [(403, Denied), (429, Throttled), (502, Transient)]
)
def test_a_proxy_in_between_is_known_by_its_status(status: int, expected: type[AftError]) -> None:
    client = sessions_with(lambda _: (status, b"<html>secret</html>")).organizations()
    with pytest.raises(expected) as caught:
        client.list_roots()
    assert "secret" not in everything_of(caught.value)


def test_the_credentials_that_arrive_are_held_by_the_gate() -> None:
    """Those of the caller when they sign, those of an account when they come."""
    caller = ("AKIAHELDCALLER012345", "held-secret-of-the-caller")
    key, secret, token = "ASIAHELDMEMBER012345", "held/secret+of-member", "held-token-of-member"
    inner = (
        f"<Credentials><AccessKeyId>{key}</AccessKeyId><SecretAccessKey>{secret}</SecretAccessKey>"
        f"<SessionToken>{token}</SessionToken>{_UNTIL}</Credentials>"
    )
    whole = {
        "AssumeRole": _query("AssumeRole", inner),
        "GetCallerIdentity": _query(
            "GetCallerIdentity", "<Account>111122223333</Account><Arn>arn:x</Arn>"
        ),
    }
    sessions = sessions_with(lambda operation: (200, whole[operation]), keys=caller)
    assert redact(f"{caller[1]} {secret}") == f"{caller[1]} {secret}"
    variables = sessions.environment(AccountId("444455556666"))
    assert variables["AWS_SECRET_ACCESS_KEY"] == secret
    said = "|".join((*caller, key, secret, token))
    assert redact(said) == "***|***|***|***|***"


def test_no_part_of_a_cut_answer_to_the_chain_of_credentials_gets_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Which asks STS by itself, as in a workflow on GitHub."""
    token = tmp_path / "token"
    token.write_text("web-identity-token")
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(token))
    monkeypatch.setenv("AWS_ROLE_ARN", ROLE["RoleArn"])
    whole = SECRETS["AssumeRoleWithWebIdentity"][-1]
    sent: list[str] = []

    def answers(operation: str) -> tuple[int, bytes]:
        sent.append(operation)
        return 200, whole[:-30]

    with pytest.raises(AftError) as caught:
        sessions_with(answers, keys=()).organizations().list_roots()
    assert set(sent) == {"AssumeRoleWithWebIdentity"}
    said = everything_of(caught.value) + trace(caught.value) + "".join(capfd.readouterr())
    assert not any(canary in said for canary in CANARIES)
