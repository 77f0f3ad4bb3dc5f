"""One client for many accounts: every call is signed as its own account, and what throttling has
taught about one account slows no other one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from builders_aws import (
    Answer,
    ManualClock,
    assumed_role,
    caller_identity,
    scripted_session,
    scripted_sessions,
)

from aft.aws.adapters import AwsMemberAccess
from aft.aws.credentials import Actor, Credentials, RetriesByActor, acting, share
from aft.aws.session import AwsSessions
from aft.values.ids import AccountId

ONE, TWO = AccountId("000000000001"), AccountId("000000000002")


class Aws:
    """Says who it is asked by: two pages of parameters named after the account."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.refusals: list[Exception] = []

    def __call__(
        self, service: str, operation: str, parameters: Mapping[str, Any], access_key: str
    ) -> Mapping[str, Any]:
        if operation == "GetCallerIdentity":
            return caller_identity()
        if operation == "AssumeRole":
            account = parameters["text"].partition("iam%3A%3A")[2][:12]
            return assumed_role(int(account), self.clock.now() + timedelta(hours=1))
        if self.refusals:
            raise self.refusals.pop(0)
        name = access_key.removeprefix("ASIAMEMBER")[-1]
        if "NextToken" in parameters:
            return {"Parameters": [{"Name": f"{name}/second"}]}
        return {"Parameters": [{"Name": f"{name}/first"}], "NextToken": "more"}


@pytest.fixture
def aws() -> Aws:
    return Aws(ManualClock())


@pytest.fixture
def sessions(aws: Aws) -> AwsSessions:
    return scripted_sessions(aws, aws.clock)


def pages(sessions: AwsSessions, account_id: AccountId) -> Any:
    client = AwsMemberAccess(sessions).session(account_id).client("ssm")
    found = client.get_paginator("get_parameters_by_path").paginate(Path="/")
    return (item["Name"] for page in found for item in page["Parameters"])


def test_accounts_that_take_turns_page_by_page_are_kept_apart(sessions: AwsSessions) -> None:
    one, two = pages(sessions, ONE), pages(sessions, TWO)
    assert [next(one), next(two), next(one), next(two)] == [
        "1/first",
        "2/first",
        "1/second",
        "2/second",
    ]


def test_all_pages_at_once_and_searches_are_the_account_s_own(sessions: AwsSessions) -> None:
    client = AwsMemberAccess(sessions).session(TWO).client("ssm")
    paginator = client.get_paginator("get_parameters_by_path")
    whole = paginator.paginate(Path="/").build_full_result()
    assert [item["Name"] for item in whole["Parameters"]] == ["2/first", "2/second"]
    assert list(paginator.paginate(Path="/").search("Parameters[].Name")) == [
        "2/first",
        "2/second",
    ]


def test_member_accounts_share_clients_and_the_management_account_has_its_own(
    sessions: AwsSessions,
) -> None:
    opened = [
        sessions.member(account)("ssm")._door.open()  # what the proxy stands for
        for account in (ONE, TWO)
    ]
    assert opened[0] is opened[1]
    assert sessions.management("ssm")._door.open() is not opened[0]
    assert sessions.member(ONE)("ssm", "us-east-1")._door.open() is not opened[0]


def test_a_member_s_throttle_is_retried_by_botocore(aws: Aws) -> None:
    aws.refusals = [Answer("ThrottlingException", "Rate exceeded")]
    sessions = scripted_sessions(aws, aws.clock, attempts=2)
    client = AwsMemberAccess(sessions).session(ONE).client("ssm")
    found = client.get_parameters_by_path(Path="/")
    assert found["Parameters"][0]["Name"] == "1/first"
    assert sessions.calls.by_operation["ssm:GetParametersByPath"] == 2


def test_what_throttling_teaches_is_kept_for_its_own_account_alone(aws: Aws) -> None:
    client = scripted_session(aws).create_client("ssm", region_name="eu-central-1")
    retries = share(client, attempts=3)
    refused = {"Error": {"Code": "ThrottlingException"}}
    with acting(Actor.of(ONE, _credentials())):
        _answered(client, refused)
    assert _is_slowed(retries, ONE)
    assert not _is_slowed(retries, TWO)


def _answered(client: Any, parsed: Mapping[str, Any]) -> None:
    """As if AWS had answered a call of whoever is acting."""
    operation = client.meta.service_model.operation_model("GetParameter")
    client.meta.events.emit(
        "needs-retry.ssm.GetParameter",
        response=(SimpleNamespace(status_code=400, headers={}), parsed),
        endpoint=None,
        operation=operation,
        attempts=1,
        caught_exception=None,
        request_dict={"context": {"retries": {"invocation-id": "1"}}},
    )


def _is_slowed(retries: RetriesByActor, account: AccountId) -> bool:
    """Whether botocore's rate limiter of the account is on."""
    (on_sending,) = retries.of(str(account)).of("before-send")
    return bool(on_sending.__self__._enabled)  # type: ignore[attr-defined]  # a bound method


def test_a_shared_client_without_anybody_acting_signs_as_nobody(sessions: AwsSessions) -> None:
    client = sessions.member(ONE)("ssm")._door.open()
    request = SimpleNamespace(context={})
    client.meta.events.emit("before-sign.ssm.GetParameter", request=request)
    assert request.context == {}
    keys = client._request_signer._credentials
    assert keys.access_key == "nobody"
    with acting(Actor.of(ONE, _credentials())):
        client.meta.events.emit("before-sign.ssm.GetParameter", request=request)
    assert request.context["signing"]["request_credentials"].access_key == "ASIA"


def _credentials() -> Credentials:
    clock = ManualClock()
    return Credentials(
        access_key="ASIA", secret_key="s", token="t", expires_at=clock.now() + timedelta(hours=1)
    )


def test_no_secret_of_an_actor_shows() -> None:
    assert "ASIA" not in repr(Actor.of(ONE, _credentials()))
