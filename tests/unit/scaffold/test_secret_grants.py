"""The role for applies reads the granted secrets, and nothing next to them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace

import pytest

from aft.policy_language.context import Context
from aft.policy_language.evaluate import Decision, granted
from aft.policy_language.policy import policy_of_text
from aft.policy_language.principals import Principal
from aft.policy_language.statements import Request
from aft.scaffold.roles import RoleNames, apply_statements, plan_statements
from aft.scaffold.secret_grants import secret_grants

HOME = "eu-central-1:111122223333"
OKTA = f"arn:aws:secretsmanager:{HOME}:secret:okta-AbCdEf"
API = f"arn:aws:ssm:{HOME}:parameter/shared/api"
KEY = f"arn:aws:kms:{HOME}:key/1234"
GET, READ, DECRYPT = "secretsmanager:GetSecretValue", "ssm:GetParameter", "kms:Decrypt"
NAMES = RoleNames(repository="acme/accounts", member="OrganizationAccountAccessRole", reader="r")


def decrypting(
    service: str, context: str, arn: str, region: str = "eu-central-1"
) -> dict[str, str]:
    key = f"kms:EncryptionContext:{context}"
    return {"kms:ViaService": f"{service}.{region}.amazonaws.com", key: arn}


@pytest.mark.parametrize(
    ("action", "resource", "context", "is_allowed"),
    [
        (GET, OKTA, {}, True),
        (GET, f"{OKTA[:-6]}ZZZZZZ", {}, False),
        (GET, f"arn:aws:secretsmanager:{HOME}:secret:okta-admin-AbCdEf", {}, False),
        (GET, OKTA.replace("1111", "9999"), {}, False),
        (READ, API, {}, True),
        (READ, f"{API}/below", {}, False),
        (READ, f"{API}2", {}, False),
        ("ssm:GetParametersByPath", f"arn:aws:ssm:{HOME}:parameter/shared", {}, False),
        (DECRYPT, KEY, decrypting("secretsmanager", "SecretARN", OKTA), True),
        (DECRYPT, KEY, decrypting("ssm", "PARAMETER_ARN", API), True),
        (DECRYPT, KEY, decrypting("ssm", "PARAMETER_ARN", f"{API}2"), False),
        (DECRYPT, KEY, decrypting("s3", "SecretARN", OKTA), False),
        (DECRYPT, KEY, decrypting("secretsmanager", "SecretARN", OKTA, "us-east-1"), False),
        (DECRYPT, KEY, {}, False),
        (DECRYPT, KEY.replace("1111", "9999"), decrypting("ssm", "PARAMETER_ARN", API), False),
    ],
)
def test_each_secret_and_nothing_else(
    action: str, resource: str, context: Mapping[str, str], is_allowed: bool
) -> None:
    statements = [grant.statement() for grant in secret_grants([OKTA, API, OKTA])]
    policy = policy_of_text(json.dumps({"Version": "2012-10-17", "Statement": statements}), "own")
    request = Request(
        principal=Principal("arn:aws:sts::111122223333:assumed-role/aft-apply/run"),
        action=action,
        resource=resource,
        resource_account="111122223333",
        context=Context(context, []),
    )
    answer = granted((policy,), request, source="identity")
    assert (answer.decision is Decision.ALLOWED) == is_allowed


def test_applies_alone_read_secrets() -> None:
    names = replace(NAMES, writes=secret_grants([OKTA, API]))
    assert OKTA in json.dumps(apply_statements(names))
    assert OKTA not in json.dumps(plan_statements(names))
    sids = [item["Sid"] for item in apply_statements(names)]
    assert len(sids) == len(set(sids))


def test_without_grants_nothing_is_allowed() -> None:
    assert secret_grants(()) == ()
