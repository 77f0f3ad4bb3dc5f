"""Clients as everyone else gets them, against an AWS that answers what the test says."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import botocore.session
import pytest
from botocore.exceptions import ConnectionClosedError
from builders_aws import (
    MANAGEMENT_ID,
    Answer,
    ManualClock,
    assumed_role,
    caller_identity,
    scripted_session,
    scripted_sessions,
)
from builders_reconcile import application

from aft.account_provider import CreationRefused
from aft.aws.accounts import RecentlyTagged
from aft.aws.adapters import AwsManagementAccess, AwsMemberAccess
from aft.aws.factory import is_loopback
from aft.aws.pacing import Pace
from aft.aws.session import AwsSessions
from aft.errors import Conflict, Denied, NotFound, Terminal, Throttled, Transient, UnknownOutcome
from aft.providers.organizations.provider import OrganizationsProvider
from aft.values.ids import AccountId

MEMBER = AccountId("444455556666")


def provider_over(sessions: AwsSessions, clock: ManualClock) -> OrganizationsProvider:
    tagged = RecentlyTagged(clock)
    return OrganizationsProvider(AwsManagementAccess(sessions, tagged=tagged))


class Aws:
    """Counts what arrives; the test's function says what comes back."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.lock = threading.Lock()
        self.arrived: list[tuple[str, str]] = []
        self.assumed = 0
        self.keys_seen: list[str] = []
        self.replies: dict[str, list[Any]] = {}

    def __call__(
        self, service: str, operation: str, parameters: Mapping[str, Any], access_key: str
    ) -> Mapping[str, Any]:
        with self.lock:
            self.arrived.append((service, operation))
            self.keys_seen.append(access_key)
            replies = self.replies.get(operation, [])
            reply = replies.pop(0) if len(replies) > 1 else (replies[0] if replies else {})
            if isinstance(reply, Exception):
                raise reply
            if operation == "GetCallerIdentity":
                return caller_identity()
            if operation == "AssumeRole":
                self.assumed += 1
                return assumed_role(self.assumed, self.clock.now() + timedelta(hours=1))
            return reply

    def sent(self, operation: str) -> int:
        return sum(1 for _, name in self.arrived if name == operation)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def aws(clock: ManualClock) -> Aws:
    return Aws(clock)


def test_a_lost_reply_of_create_account_is_an_unknown_outcome_after_exactly_one_attempt(
    aws: Aws, clock: ManualClock
) -> None:
    aws.replies["CreateAccount"] = [ConnectionClosedError(endpoint_url="https://x")]
    sessions = scripted_sessions(aws, clock, attempts=8)
    provider = provider_over(sessions, clock)
    with pytest.raises(UnknownOutcome):
        provider.begin(application("a"))
    assert aws.sent("CreateAccount") == 1
    assert sessions.calls.by_operation == {"organizations:CreateAccount": 1}


@pytest.mark.parametrize(
    ("refusal", "expected"),
    [
        (Answer("TooManyRequestsException"), Throttled),
        (
            Answer("ConstraintViolationException", Reason="ACCOUNT_CREATION_RATE_LIMIT_EXCEEDED"),
            Throttled,
        ),
        (
            Answer("ConstraintViolationException", Reason="ACCOUNT_NUMBER_LIMIT_EXCEEDED"),
            CreationRefused,
        ),
        (Answer("ConcurrentModificationException"), Transient),
        (Answer("FinalizingOrganizationException"), Transient),
        (Answer("InvalidInputException", "bad e-mail"), CreationRefused),
        (Answer("AccessDeniedException"), Denied),
        (Answer("ServiceException", status=500), UnknownOutcome),
    ],
)
def test_create_account_is_never_sent_twice(
    aws: Aws, clock: ManualClock, refusal: Answer, expected: type[Exception]
) -> None:
    aws.replies["CreateAccount"] = [refusal]
    provider = provider_over(scripted_sessions(aws, clock, attempts=8), clock)
    with pytest.raises(expected) as caught:
        provider.begin(application("a"))
    assert type(caught.value) is expected
    assert aws.sent("CreateAccount") == 1


def test_a_write_that_met_another_is_sent_again_after_a_pause(aws: Aws, clock: ManualClock) -> None:
    aws.replies["MoveAccount"] = [
        Answer("ConcurrentModificationException"),
        Answer("ConcurrentModificationException"),
        {},
    ]
    client = scripted_sessions(aws, clock).organizations()
    client.move_account(AccountId=MEMBER, SourceParentId="r-abcd", DestinationParentId="r-efgh")
    assert aws.sent("MoveAccount") == 3
    assert len(clock.slept) == 2
    assert 0 < clock.slept[0] < clock.slept[1]


def test_a_race_that_does_not_end_is_a_conflict(aws: Aws, clock: ManualClock) -> None:
    aws.replies["MoveAccount"] = [Answer("ConcurrentModificationException")]
    client = scripted_sessions(aws, clock).organizations()
    with pytest.raises(Conflict):
        client.move_account(AccountId=MEMBER, SourceParentId="r-abcd", DestinationParentId="r-efgh")
    assert aws.sent("MoveAccount") == 5


def test_something_else_in_the_way_is_a_conflict_at_once(aws: Aws, clock: ManualClock) -> None:
    aws.replies["PutParameter"] = [Answer("ConflictException")]
    client = scripted_sessions(aws, clock).management("ssm")
    with pytest.raises(Conflict):
        client.put_parameter(Name="/a", Value="b", Type="String")
    assert aws.sent("PutParameter") == 1


def test_throttles_are_retried_by_botocore_and_every_attempt_is_counted(
    aws: Aws, clock: ManualClock
) -> None:
    aws.replies["ListRoots"] = [Answer("TooManyRequestsException"), {"Roots": []}]
    sessions = scripted_sessions(aws, clock, attempts=2)
    assert sessions.organizations().list_roots()["Roots"] == []
    assert aws.sent("ListRoots") == 2
    assert sessions.calls.calls == 2
    assert sessions.calls.by_operation == {"organizations:ListRoots": 2}


def test_pages_are_translated_counted_and_paced(aws: Aws, clock: ManualClock) -> None:
    aws.replies["ListAccounts"] = [
        {"Accounts": [{"Id": "1"}], "NextToken": "a"},
        {"Accounts": [{"Id": "2"}], "NextToken": "b"},
        Answer("AccountNotFoundException", "gone"),
    ]
    pace = Pace(service="organizations", operations="List.*", per_second=2, burst=1)
    sessions = scripted_sessions(aws, clock, paces=(pace,))
    pages = iter(sessions.organizations().get_paginator("list_accounts").paginate())
    assert next(pages)["Accounts"] == [{"Id": "1"}]
    assert next(pages)["Accounts"] == [{"Id": "2"}]
    with pytest.raises(NotFound, match="organizations:ListAccounts failed: gone"):
        next(pages)
    assert sessions.calls.calls == 3
    assert clock.slept == pytest.approx([0.5, 0.5])


def test_full_results_and_searches_over_pages(aws: Aws, clock: ManualClock) -> None:
    pages = [
        {"Accounts": [{"Id": "1"}], "NextToken": "a"},
        {"Accounts": [{"Id": "2"}]},
    ]
    client = scripted_sessions(aws, clock).organizations()
    aws.replies["ListAccounts"] = list(pages)
    whole = client.get_paginator("list_accounts").paginate().build_full_result()
    assert [item["Id"] for item in whole["Accounts"]] == ["1", "2"]
    aws.replies["ListAccounts"] = list(pages)
    found = client.get_paginator("list_accounts").paginate().search("Accounts[].Id")
    assert list(found) == ["1", "2"]
    aws.replies["ListAccounts"] = [Answer("AccessDeniedException")]
    with pytest.raises(Denied):
        client.get_paginator("list_accounts").paginate().build_full_result()


def test_meta_and_exceptions_come_through(aws: Aws, clock: ManualClock) -> None:
    client = scripted_sessions(aws, clock).organizations()
    assert client.meta.service_model.service_name == "organizations"
    assert client.exceptions.AccountNotFoundException
    assert client.can_paginate("list_accounts")
    with pytest.raises(AttributeError):
        client.no_such_operation  # noqa: B018 - the access is the test


def test_writes_are_recorded_for_the_thread_that_made_them(aws: Aws, clock: ManualClock) -> None:
    sessions = scripted_sessions(aws, clock)
    client = sessions.organizations()
    aws.replies["UntagResource"] = [Answer("InvalidInputException")]

    def tag() -> None:
        client.tag_resource(ResourceId=MEMBER, Tags=[])

    with sessions.calls.recording() as outer:
        with sessions.calls.recording() as inner:
            tag()
            client.list_roots()
        other = threading.Thread(target=tag)
        other.start()
        other.join()
        with pytest.raises(Terminal):
            client.untag_resource(ResourceId=MEMBER, TagKeys=["a"])
    tag()
    assert inner == ["organizations:TagResource:req-TagResource"]
    assert outer == inner
    assert sessions.calls.calls == 5


def test_a_call_is_checked_right_before_it_is_sent_and_not_sent_when_that_fails(
    aws: Aws, clock: ManualClock
) -> None:
    """After all that takes time: the pace, the credentials, and making the client."""
    pace = Pace(service="organizations", operations="CreateAccount", per_second=1 / 60, burst=1)
    sessions = scripted_sessions(aws, clock, paces=(pace,))
    status = {"Id": "car-1", "State": "IN_PROGRESS", "RequestedTimestamp": 1_772_323_200}
    aws.replies["CreateAccount"] = [{"CreateAccountStatus": status}]
    provider = provider_over(sessions, clock)
    provider.begin(application("first"))
    began = clock.monotonic()

    def check() -> None:
        if clock.monotonic() - began > 30:
            raise Transient("too late")

    with sessions.calls.checked(check), pytest.raises(Transient, match="too late"):
        provider.begin(application("second"))
    assert clock.monotonic() - began > 30  # it waited for its place
    assert aws.arrived.count(("organizations", "CreateAccount")) == 1
    provider.begin(application("third"))  # no check outlives its block
    assert aws.arrived.count(("organizations", "CreateAccount")) == 2


def test_one_role_session_serves_all_clients_of_an_account(aws: Aws, clock: ManualClock) -> None:
    session = AwsMemberAccess(scripted_sessions(aws, clock)).session(MEMBER)
    session.client("ssm").get_parameter(Name="/a")
    session.client("ssm", "eu-west-1").get_parameter(Name="/a")
    session.client("organizations").list_roots()
    assert aws.assumed == 1
    assert session.client("ssm").meta.region_name == "eu-central-1"
    assert session.client("ssm", "eu-west-1").meta.region_name == "eu-west-1"


def test_a_client_that_is_kept_gets_renewed_credentials(aws: Aws, clock: ManualClock) -> None:
    client = AwsMemberAccess(scripted_sessions(aws, clock)).session(MEMBER).client("ssm")
    client.get_parameter(Name="/a")
    clock.sleep(3500)
    client.get_parameter(Name="/a")
    assert aws.assumed == 2
    used = [key for key in aws.keys_seen if key.startswith("ASIA")]
    assert used == ["ASIAMEMBER0000000001", "ASIAMEMBER0000000002"]


def test_credentials_that_aws_calls_expired_are_renewed_once(aws: Aws, clock: ManualClock) -> None:
    client = AwsMemberAccess(scripted_sessions(aws, clock)).session(MEMBER).client("ssm")
    aws.replies["GetParameter"] = [Answer("ExpiredTokenException"), {"Parameter": {}}]
    assert client.get_parameter(Name="/a")["Parameter"] == {}
    assert aws.assumed == 2
    aws.replies["GetParameter"] = [Answer("ExpiredTokenException")]
    with pytest.raises(Denied):
        client.get_parameter(Name="/a")
    assert aws.assumed == 3


def test_the_management_account_is_reached_with_its_own_credentials(
    aws: Aws, clock: ManualClock
) -> None:
    session = AwsMemberAccess(scripted_sessions(aws, clock)).session(AccountId(MANAGEMENT_ID))
    session.client("ssm").get_parameter(Name="/a")
    assert aws.assumed == 0
    assert session.environment()["AWS_ACCESS_KEY_ID"] == "AKIACALLER0000000000"


def test_with_a_management_role_everything_goes_through_it(aws: Aws, clock: ManualClock) -> None:
    role = f"arn:aws:iam::{MANAGEMENT_ID}:role/aft-apply"
    sessions = scripted_sessions(aws, clock, management_role=role)
    sessions.organizations().list_roots()
    AwsMemberAccess(sessions).session(MEMBER).client("ssm").get_parameter(Name="/a")
    keys = dict(zip(aws.arrived, aws.keys_seen, strict=True))
    assert keys["organizations", "ListRoots"] == "ASIAMEMBER0000000001"
    assert keys["ssm", "GetParameter"] == "ASIAMEMBER0000000002"
    assert aws.assumed == 2


def test_a_child_process_gets_these_variables_and_no_others(aws: Aws, clock: ManualClock) -> None:
    sessions = scripted_sessions(aws, clock, child_endpoint=lambda: "http://127.0.0.1:5000")
    assert AwsMemberAccess(sessions).session(MEMBER).environment() == {
        "AWS_ACCESS_KEY_ID": "ASIAMEMBER0000000001",
        "AWS_SECRET_ACCESS_KEY": "member-secret-1",
        "AWS_SESSION_TOKEN": "member-token-1",
        "AWS_REGION": "eu-central-1",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:5000",
    }


def test_no_secret_shows_in_what_is_printed(aws: Aws, clock: ManualClock) -> None:
    sessions = scripted_sessions(aws, clock)
    session = AwsMemberAccess(sessions).session(MEMBER)
    client = session.client("ssm")
    aws.replies["GetParameter"] = [Answer("AccessDeniedException", "no")]
    with pytest.raises(Denied) as caught:
        client.get_parameter(Name="/a")
    shown = " ".join(map(repr, (session, client, sessions, caught.value, caught.value.__cause__)))
    shown += str(caught.value) + caught.value.hint
    for secret in ("member-secret", "member-token", "caller-secret", "ASIAMEMBER"):
        assert secret not in shown
    assert f"role/OrganizationAccountAccessRole in account {MEMBER}" in shown or (
        f"arn:aws:iam::{MEMBER}:role/OrganizationAccountAccessRole" in shown
    )


def test_many_threads_over_many_accounts_keep_accounts_apart(aws: Aws, clock: ManualClock) -> None:
    """Every request carries keys of exactly the account it is for."""
    made: dict[str, str] = {}

    def talk(
        service: str, operation: str, parameters: Mapping[str, Any], access_key: str
    ) -> Mapping[str, Any]:
        if operation == "AssumeRole":
            account = parameters["text"].partition("iam%3A%3A")[2][:12]
            with aws.lock:
                made[f"ASIAMEMBER{int(account):010d}"] = account
            return assumed_role(int(account), clock.now() + timedelta(hours=1))
        if operation == "GetCallerIdentity":
            return caller_identity()
        return {"Parameter": {"Name": made[access_key]}}

    access = AwsMemberAccess(scripted_sessions(talk, clock))
    accounts = [AccountId(f"{number:012d}") for number in range(1, 21)] * 3

    def own_id(account_id: AccountId) -> str:
        answer = access.session(account_id).client("ssm").get_parameter(Name="/a")
        return str(answer["Parameter"]["Name"])

    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(own_id, accounts)) == [str(account) for account in accounts]
    assert len(made) == 20


def test_without_credentials_the_error_says_both_ways_to_go_on(clock: ManualClock) -> None:
    session = scripted_session(lambda *_: {})
    session.get_component("credential_provider").providers.clear()
    session._credentials = None
    sessions = scripted_sessions(lambda *_: {}, clock, botocore_session=session)
    with pytest.raises(Denied) as caught:
        sessions.check_credentials()
    assert "configure AWS credentials" in caught.value.hint
    assert "aft --sandbox" in caught.value.hint
    with pytest.raises(Denied):
        sessions.environment(AccountId(MANAGEMENT_ID))


def test_expired_credentials_of_the_caller_are_denied_with_a_hint(
    aws: Aws, clock: ManualClock
) -> None:
    aws.replies["GetCallerIdentity"] = [Answer("ExpiredToken", "The security token expired")]
    with pytest.raises(Denied, match="security token expired") as caught:
        scripted_sessions(aws, clock).check_credentials()
    assert "renew them" in caught.value.hint


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("localhost", True),
        ("sandbox.localhost", True),
        ("organizations.us-east-1.amazonaws.com", False),
        ("10.0.0.1", False),
    ],
)
def test_loopback_hosts(host: str, *, expected: bool) -> None:
    assert is_loopback(host) is expected


def test_s3_control_on_a_loopback_endpoint_keeps_the_host(
    clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over real HTTP, through AWS_ENDPOINT_URL, as live code would."""
    hosts: list[str] = []

    class Quiet(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            hosts.append(self.headers["Host"])
            body = (
                b"<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls>"
                b"</PublicAccessBlockConfiguration>"
            )
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
            pass

    server = HTTPServer(("127.0.0.1", 0), Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        url = f"http://127.0.0.1:{server.server_port}"
        session = botocore.session.Session()
        session.set_credentials("AKIACALLER0000000000", "caller-secret")
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        sessions = scripted_sessions(lambda *_: {}, clock, botocore_session=session)
        client = sessions.management("s3control")
        assert client.meta.endpoint_url == url
        answer = client.get_public_access_block(AccountId=MANAGEMENT_ID)
    finally:
        server.shutdown()
        server.server_close()
    assert answer["PublicAccessBlockConfiguration"]["BlockPublicAcls"] is True
    assert hosts == [url.removeprefix("http://")]
    assert sessions._endpoint_for_children() == url
