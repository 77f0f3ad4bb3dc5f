"""What several sandbox tests do with a simulated organization."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from aft.sandbox import Sandbox

ONCE = Config(retries={"total_max_attempts": 1, "mode": "standard"})
ACCESS_ROLE = "OrganizationAccountAccessRole"


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


def assumed(
    sandbox: Sandbox,
    account_id: str,
    service: str,
    region: str | None = None,
    role: str = ACCESS_ROLE,
) -> Any:
    """A client inside a member account, through AssumeRole."""
    session = boto3.Session(botocore_session=sandbox.botocore_session())
    answer = session.client("sts").assume_role(
        RoleArn=f"arn:aws:iam::{account_id}:role/{role}", RoleSessionName="tests"
    )["Credentials"]
    return session.client(
        service,
        region_name=region or sandbox.home_region,
        aws_access_key_id=answer["AccessKeyId"],
        aws_secret_access_key=answer["SecretAccessKey"],
        aws_session_token=answer["SessionToken"],
        config=ONCE,
    )
