"""Reading secrets as the role for applies: what is refused, named and kept out of text."""

from __future__ import annotations

import base64
import json
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from builders_sandbox import STILL

from aft.aws.adapters import connect
from aft.aws.secrets import AwsSecretReader
from aft.config.model import Config, Roles
from aft.errors import AftError, Denied, Terminal
from aft.redaction import redact
from aft.sandbox.sandbox import Sandbox
from aft.scaffold.secret_grants import secret_grants

HOME = "eu-central-1"
VALUE = "hunter2/hunter2+of&the<day>"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox.open(None, home_region=HOME, wall=STILL) as opened:
        yield opened


@pytest.fixture
def look(sandbox: Sandbox) -> Callable[..., Any]:
    session = boto3.Session(botocore_session=sandbox.botocore_session())
    return lambda service, region=HOME: session.client(service, region_name=region)


def reader(sandbox: Sandbox, role: str | None = None) -> AwsSecretReader:
    return connect(
        Config(home_region=HOME, roles=Roles(management=role)),
        clock=sandbox.clock,
        botocore_session=sandbox.botocore_session(),
    ).secrets


def role_that_may_read(look: Callable[..., Any], *arns: str) -> str:
    """A role with exactly the statements of the template."""
    account = look("sts").get_caller_identity()["Account"]
    trust = {"Effect": "Allow", "Principal": {"AWS": account}, "Action": "sts:AssumeRole"}
    statements = [grant.statement() for grant in secret_grants(arns)]
    made = look("iam").create_role(
        RoleName="aft-apply",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )
    look("iam").put_role_policy(
        RoleName="aft-apply",
        PolicyName="aft-apply",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": statements}),
    )
    return str(made["Role"]["Arn"])


def secret(look: Callable[..., Any], name: str = "okta", **more: Any) -> str:
    values = more or {"SecretString": VALUE}
    return str(look("secretsmanager").create_secret(Name=name, **values)["ARN"])


def parameter(look: Callable[..., Any], name: str, **more: Any) -> str:
    look("ssm").put_parameter(Name=name, Value=VALUE, **{"Type": "SecureString", **more})
    account = look("sts").get_caller_identity()["Account"]
    return f"arn:aws:ssm:{HOME}:{account}:parameter/{name.removeprefix('/')}"


def test_the_role_of_the_template_reads_what_is_granted_with_any_key(
    sandbox: Sandbox, look: Callable[..., Any]
) -> None:
    key = look("kms").create_key()["KeyMetadata"]["Arn"]
    arns = [
        secret(look),
        secret(look, "own", SecretString=VALUE, KmsKeyId=key),
        parameter(look, "/a/default"),
        parameter(look, "/a/own", KeyId=key),
        parameter(look, "top", KeyId=key),
    ]
    secrets = reader(sandbox, role_that_may_read(look, *arns))
    assert [secrets.read(arn) for arn in arns] == [VALUE] * len(arns)


@pytest.mark.parametrize("make", [secret, parameter])
def test_a_refusal_names_the_action_the_secret_the_account_and_the_role(
    sandbox: Sandbox, look: Callable[..., Any], make: Callable[..., str]
) -> None:
    granted, other = make(look, "granted"), make(look, "other")
    role = role_that_may_read(look, granted)
    with pytest.raises(Denied) as caught:
        reader(sandbox, role).read(other)
    action = "secretsmanager:GetSecretValue" if make is secret else "ssm:GetParameter"
    for text in (caught.value.message, caught.value.hint):
        assert action in text
        assert other in text
    assert role in caught.value.hint
    assert "assumed-role/aft-apply" in caught.value.message


def test_a_key_that_may_not_be_used_is_named(sandbox: Sandbox, look: Callable[..., Any]) -> None:
    key = look("kms").create_key()["KeyMetadata"]["Arn"]
    own = secret(look, "own", SecretString=VALUE, KmsKeyId=key)
    role = role_that_may_read(look, own)
    text = look("iam").get_role_policy(RoleName="aft-apply", PolicyName="aft-apply")
    statements = text["PolicyDocument"]["Statement"]
    look("iam").put_role_policy(
        RoleName="aft-apply",
        PolicyName="aft-apply",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": statements[:1]}),
    )
    with pytest.raises(Denied) as caught:
        reader(sandbox, role).read(own)
    assert "Access to KMS is not allowed" in caught.value.message
    assert "kms:Decrypt" in caught.value.hint


BINARY = {"SecretBinary": b"\x00\x01\x02\x03\x04\x05\x06\x07\x08"}


@pytest.mark.parametrize(
    ("make", "code", "words"),
    [
        (lambda look: secret(look, "b", **BINARY), "UnfitSecret", "binary"),
        (lambda look: secret(look, "s", SecretString="short"), "UnfitSecret", "fewer than 8"),
        (lambda look: secret(look, "s", SecretString="a\nb\nc\nd\ne"), "UnfitSecret", "fewer"),
        (lambda look: secret(look, "n", SecretString="abcdefgh\0ij"), "UnfitSecret", "variable"),
        (lambda look: parameter(look, "/p", Type="String"), "UnfitSecret", "not encrypted"),
        (lambda look: parameter(look, "/p", Type="StringList"), "UnfitSecret", "not encrypted"),
        (lambda look: parameter(look, "/p") + "/below", "NoSecret", "there is no secret"),
        (lambda look: secret(look)[:-6] + "zzzzzz", "NoSecret", "there is no secret"),
    ],
)
def test_what_cannot_be_given(
    sandbox: Sandbox, look: Callable[..., Any], make: Callable[..., str], code: str, words: str
) -> None:
    arn = make(look)
    with pytest.raises(Terminal) as caught:
        reader(sandbox).read(arn)
    assert caught.value.code == code
    assert words in caught.value.message
    assert arn in caught.value.message
    shown = "".join(traceback.format_exception(caught.value))
    assert "abcdefgh" not in shown
    assert VALUE not in shown


def test_a_deleted_secret_and_one_of_another_account(
    sandbox: Sandbox, look: Callable[..., Any]
) -> None:
    arn = secret(look)
    account = arn.split(":")[4]
    look("secretsmanager").delete_secret(SecretId=arn)
    with pytest.raises(AftError, match="marked for deletion"):
        reader(sandbox).read(arn)
    with pytest.raises(Denied, match="resource-based policy"):
        reader(sandbox).read(arn.replace(account, "999999999999"))


@pytest.mark.parametrize(
    "spelled",
    [
        VALUE,
        json.dumps({"t": VALUE}),
        VALUE.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"),
        VALUE.replace("/", "%2F").replace("+", "%2B").replace("&", "%26").replace("<", "%3C"),
    ],
)
def test_the_value_is_kept_out_of_text_from_then_on(
    sandbox: Sandbox, look: Callable[..., Any], spelled: str
) -> None:
    reader(sandbox).read(secret(look))
    assert "hunter2" not in redact(f"so {spelled} it is")


@pytest.mark.parametrize("line_end", ["", "\n"])
def test_so_are_its_lines_the_texts_in_it_and_base64(
    sandbox: Sandbox, look: Callable[..., Any], line_end: str
) -> None:
    key = "first-line-of-it\nsecond-line-of-it"
    content = {"client": {"secret": "correct-horse"}, "keys": ["battery-staple", 7, None]}
    reader(sandbox).read(secret(look, SecretString=json.dumps(content)))
    reader(sandbox).read(secret(look, "lines", SecretString=key))
    for text in ("correct-horse", "battery-staple", "first-line-of-it", "second-line-of-it"):
        assert text not in redact(f"it is {text}!")
    encoded = base64.b64encode(f"correct-horse{line_end}".encode()).decode()
    assert encoded[:16] not in redact(f"Basic: {encoded}")
