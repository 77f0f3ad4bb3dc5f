"""What several sandbox tests do with a simulated organization."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from aft.sandbox import Sandbox
from aft.sandbox.clock import Wall
from aft.sandbox.transport import SandboxSession
from aft.sandbox.wire import WireRequest, WireResponse

ONCE = Config(retries={"total_max_attempts": 1, "mode": "standard"})
ACCESS_ROLE = "OrganizationAccountAccessRole"

STILL = Wall(monotonic=lambda: 0.0, sleep=lambda _: None)
"""No time passes outside, so that a sandbox's clock moves only when somebody sleeps."""

_current: list[Sandbox] = []
_sessions: list[boto3.Session] = []
_clients: dict[tuple[str, ...], Any] = {}


def _dispatch(request: WireRequest, service: str, operation: str) -> WireResponse:
    return _current[0].dispatch(request, service, operation)


def shared_client(sandbox: Sandbox, service: str, **kwargs: Any) -> Any:
    """A client on ``sandbox``; making one takes 0.1 s, so the next sandbox gets it again.

    That works because a sandbox of the same seed has the same management keys.
    """
    _current[:] = [sandbox]
    if not _sessions:
        session = SandboxSession(
            dispatch=_dispatch, keys=sandbox.management_credentials, region=sandbox.home_region
        )
        _sessions.append(boto3.Session(botocore_session=session))
    key = (service, *(f"{name}={value}" for name, value in sorted(kwargs.items())))
    if key not in _clients:
        _clients[key] = _sessions[0].client(service, **{"config": ONCE, **kwargs})
    return _clients[key]


def create(org: Any, name: str, **kwargs: Any) -> str:
    """Create an account and return its id."""
    email = kwargs.pop("Email", f"aws+{name}@example.com")
    request = org.create_account(AccountName=name, Email=email, **kwargs)
    request_id = request["CreateAccountStatus"]["Id"]
    status = org.describe_create_account_status(CreateAccountRequestId=request_id)
    account_id: str = status["CreateAccountStatus"]["AccountId"]
    return account_id


def refusal(call: Any, /, **params: Any) -> tuple[str, str]:
    """The error code and the reason (or "") of a call that must fail."""
    with pytest.raises(ClientError) as caught:
        call(**params)
    return caught.value.response["Error"]["Code"], str(caught.value.response.get("Reason", ""))


def message(call: Any, /, **params: Any) -> str:
    """The error message of a call that must fail."""
    with pytest.raises(ClientError) as caught:
        call(**params)
    return str(caught.value.response["Error"]["Message"])


def key_arguments(credentials: Mapping[str, str]) -> dict[str, str]:
    """STS's ``Credentials`` as a client takes them."""
    return {
        "aws_access_key_id": credentials["AccessKeyId"],
        "aws_secret_access_key": credentials["SecretAccessKey"],
        "aws_session_token": credentials["SessionToken"],
    }


def assumed(
    sandbox: Sandbox,
    account_id: str,
    service: str,
    region: str | None = None,
    role: str = ACCESS_ROLE,
) -> Any:
    """A client inside a member account, through AssumeRole."""
    answer = shared_client(sandbox, "sts").assume_role(
        RoleArn=f"arn:aws:iam::{account_id}:role/{role}", RoleSessionName="tests"
    )["Credentials"]
    return shared_client(
        sandbox, service, region_name=region or sandbox.home_region, **key_arguments(answer)
    )
