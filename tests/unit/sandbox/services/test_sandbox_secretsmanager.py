"""Secrets as Secrets Manager gives them out: whose ARN, which version, deleted ones, whose key."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError
from builders_sandbox import ONCE, refusal

VALUE = "hunter2-hunter2"


@pytest.fixture
def secrets(client):
    return client("secretsmanager")


@pytest.fixture
def arn(secrets):
    return secrets.create_secret(Name="okta", SecretString=VALUE)["ARN"]


def test_the_current_version_is_given_out(secrets, arn):
    assert secrets.get_secret_value(SecretId=arn)["SecretString"] == VALUE
    secrets.put_secret_value(SecretId=arn, SecretString="another-one")
    assert secrets.get_secret_value(SecretId=arn)["SecretString"] == "another-one"
    earlier = secrets.get_secret_value(SecretId=arn, VersionStage="AWSPREVIOUS")
    assert earlier["SecretString"] == VALUE
    unknown = {"SecretId": arn, "VersionStage": "NEVER"}
    assert refusal(secrets.get_secret_value, **unknown)[0] == "ResourceNotFoundException"


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("secret:okta", "secret:other", "ResourceNotFoundException"),
        ("us-east-1", "eu-west-1", "ResourceNotFoundException"),
        (":secret:", ":secret:x/", "ResourceNotFoundException"),
        ("@", "999999999999", "AccessDeniedException"),
    ],
)
def test_an_arn_means_one_secret(secrets, arn, members, old, new, code):
    region = secrets.meta.region_name
    asked = arn.replace(members.first if old == "@" else old.replace("us-east-1", region), new)
    assert asked != arn
    assert refusal(secrets.get_secret_value, SecretId=asked)[0] == code
    assert refusal(secrets.get_secret_value, SecretId=arn[:-1] + "_")[0] == (
        "ResourceNotFoundException"
    )


def test_a_deleted_secret_is_not_a_missing_one(secrets, arn):
    secrets.delete_secret(SecretId=arn, RecoveryWindowInDays=7)
    code, message = answer_of(secrets.get_secret_value, SecretId=arn)
    assert (code, "marked for deletion" in message) == ("InvalidRequestException", True)
    secrets.restore_secret(SecretId=arn)
    assert secrets.get_secret_value(SecretId=arn)["SecretString"] == VALUE


def test_a_secret_is_text_or_binary(secrets):
    both = {"Name": "both", "SecretString": "a", "SecretBinary": b"b"}
    assert refusal(secrets.create_secret, **both)[0] == "InvalidParameterException"
    made = secrets.create_secret(Name="raw", SecretBinary=b"\x00\x01")["ARN"]
    answer = secrets.get_secret_value(SecretId=made)
    assert (answer["SecretBinary"], "SecretString" in answer) == (b"\x00\x01", False)


def answer_of(call, **asked):
    """The code and the words of a refusal."""
    with pytest.raises(ClientError) as caught:
        call(**asked)
    error = caught.value.response["Error"]
    return error["Code"], error.get("Message") or caught.value.response.get("message")


def session_in(members, statements):
    """A session of a role that may do what ``statements`` say."""
    iam = members.client("iam")
    trust = {"Effect": "Allow", "Principal": {"AWS": members.first}, "Action": "sts:AssumeRole"}
    role = iam.create_role(
        RoleName="reads",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )["Role"]["Arn"]
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    iam.put_role_policy(RoleName="reads", PolicyName="reads", PolicyDocument=policy)
    keys = members.client("sts").assume_role(RoleArn=role, RoleSessionName="reads")["Credentials"]
    session = members.sandbox.member_session(members.first)
    return lambda service: session.client(
        service,
        config=ONCE,
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )


def allow(action, resource, **condition):
    made = {"Effect": "Allow", "Action": action, "Resource": resource}
    return {**made, "Condition": {"StringEquals": condition}} if condition else made


def test_the_key_of_a_secret_decides_too(members, secrets, arn):
    key = members.client("kms").create_key()["KeyMetadata"]["Arn"]
    own = secrets.create_secret(Name="own", SecretString=VALUE, KmsKeyId=key)["ARN"]
    other = secrets.create_secret(Name="other", SecretString=VALUE, KmsKeyId=key)["ARN"]
    read = "secretsmanager:GetSecretValue"
    context = {"kms:EncryptionContext:SecretARN": own}
    statements = [allow(read, [arn, own, other]), allow("kms:Decrypt", key, **context)]
    client = session_in(members, statements)("secretsmanager")
    for asked in (arn, own):  # of the default key Secrets Manager takes care
        assert client.get_secret_value(SecretId=asked)["SecretString"] == VALUE
    code, message = answer_of(client.get_secret_value, SecretId=other)
    assert (code, message) == ("AccessDeniedException", "Access to KMS is not allowed")


def test_the_key_of_a_parameter_decides_too(members):
    ssm, key = members.client("ssm"), members.client("kms").create_key()["KeyMetadata"]["Arn"]
    for name in ("/a/own", "/a/other", "top"):
        ssm.put_parameter(Name=name, Value=VALUE, Type="SecureString", KeyId=key)
    region, start = ssm.meta.region_name, f"arn:aws:ssm:{ssm.meta.region_name}:{members.first}"
    assert region in start
    context = {"kms:EncryptionContext:PARAMETER_ARN": f"{start}:parameter/a/own"}
    statements = [allow("ssm:GetParameter", "*"), allow("kms:Decrypt", key, **context)]
    client = session_in(members, statements)("ssm")
    for name in ("/a/own", f"{start}:parameter/a/own"):
        found = client.get_parameter(Name=name, WithDecryption=True)["Parameter"]
        assert found["Value"] == VALUE
    for name in ("/a/other", f"{start}:parameter/a/other", "top", f"{start}:parameter/top"):
        code, message = answer_of(client.get_parameter, Name=name, WithDecryption=True)
        assert code == "AccessDeniedException"
        assert f"kms:Decrypt on resource: {key}" in message
        assert client.get_parameter(Name=name)["Parameter"]["Value"] != VALUE
