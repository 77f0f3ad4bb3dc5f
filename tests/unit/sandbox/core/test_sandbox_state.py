"""What is kept between two commands, and what is not believed."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import boto3
import pytest
from builders_sandbox import assumed, create, refusal
from waiting import PATIENCE

from aft.errors import UserError
from aft.sandbox import AccountSpec, Profile, Sandbox


def organizations(sandbox: Sandbox):
    return boto3.Session(botocore_session=sandbox.botocore_session()).client("organizations")


WRITER = """
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
import boto3
from aft.sandbox import AccountSpec, Profile, Sandbox

with Sandbox.open(Path(sys.argv[1]), profile=Profile.REALISTIC, seed=7) as sandbox:
    sandbox.configure(throttle=False, role_usable_seconds=0.0)
    session = boto3.Session(botocore_session=sandbox.botocore_session())
    org = session.client("organizations")
    root = org.list_roots()["Roots"][0]["Id"]
    unit = org.create_organizational_unit(ParentId=root, Name="Prod")["OrganizationalUnit"]["Id"]
    org.create_account(AccountName="done", Email="done@example.com")
    sandbox.clock.sleep(181)
    account_id = org.list_create_account_status()["CreateAccountStatuses"][0]["AccountId"]
    org.move_account(AccountId=account_id, SourceParentId=root, DestinationParentId=unit)
    keys = session.client("sts").assume_role(
        RoleArn=f"arn:aws:iam::{account_id}:role/OrganizationAccountAccessRole",
        RoleSessionName="tests",
    )["Credentials"]
    inside = dict(
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
        region_name="eu-central-1",
    )
    session.client("ssm", **inside).put_parameter(Name="/a", Value="kept", Type="String")
    session.client("iam", **inside).create_account_alias(AccountAlias="done-alias")
    session.client("iam", **inside).create_user(UserName="ada")
    user = session.client("iam", **inside).create_access_key(UserName="ada")["AccessKey"]
    s3 = session.client("s3", **inside)
    s3.create_bucket(
        Bucket="kept-bucket", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    s3.put_object(Bucket="kept-bucket", Key="a/b", Body=b"content")
    session.client("ec2", **inside).create_vpc(CidrBlock="10.1.0.0/16")
    session.client("sqs", **inside).create_queue(QueueName="kept")
    session.client("kms", **inside).create_key(KeyUsage="SIGN_VERIFY", KeySpec="RSA_2048")
    session.client("cloudformation", **inside).create_stack(
        StackName="kept",
        TemplateBody='{"Resources": {"T": {"Type": "AWS::SNS::Topic"}}}',
    )
    org.create_account(AccountName="open", Email="open@example.com")
    import json
    print(json.dumps({
        "account": account_id, "unit": unit,
        "keys": [inside["aws_access_key_id"], inside["aws_secret_access_key"],
                 inside["aws_session_token"]],
        "user": [user["AccessKeyId"], user["SecretAccessKey"]],
        "now": sandbox.clock.now().isoformat(),
    }))
"""


def test_everything_is_there_in_the_next_process(tmp_path):
    path = tmp_path / "deep" / "org"
    wrote = subprocess.run(
        [sys.executable, "-c", WRITER, str(path)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert wrote.returncode == 0, wrote.stderr
    facts = json.loads(wrote.stdout)
    with Sandbox.open(path, profile=Profile.INSTANT, seed=1) as sandbox:
        assert sandbox.profile is Profile.REALISTIC
        assert sandbox.clock.now().isoformat() >= facts["now"]
        org = organizations(sandbox)
        parents = org.list_parents(ChildId=facts["account"])["Parents"]
        assert parents[0]["Id"] == facts["unit"]
        pending = org.list_create_account_status(States=["IN_PROGRESS"])["CreateAccountStatuses"]
        assert [item["AccountName"] for item in pending] == ["open"]
        sandbox.clock.sleep(181)
        assert len(org.list_accounts()["Accounts"]) == 3

        session = boto3.Session(botocore_session=sandbox.botocore_session())
        names = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
        inside = {**dict(zip(names, facts["keys"], strict=True)), "region_name": "eu-central-1"}
        ssm = session.client("ssm", **inside)
        assert ssm.get_parameter(Name="/a")["Parameter"]["Value"] == "kept"
        iam = session.client("iam", **inside)
        assert iam.list_account_aliases()["AccountAliases"] == ["done-alias"]
        s3 = session.client("s3", **inside)
        assert s3.get_object(Bucket="kept-bucket", Key="a/b")["Body"].read() == b"content"
        elsewhere = {"CreateBucketConfiguration": {"LocationConstraint": "eu-central-1"}}
        taken = refusal(session.client("s3").create_bucket, Bucket="kept-bucket", **elsewhere)
        assert taken[0] == "BucketAlreadyExists"
        blocks = [
            item["CidrBlock"] for item in session.client("ec2", **inside).describe_vpcs()["Vpcs"]
        ]
        assert "10.1.0.0/16" in blocks
        assert len(session.client("sqs", **inside).list_queues()["QueueUrls"]) == 1
        assert len(session.client("kms", **inside).list_keys()["Keys"]) == 1
        stacks = session.client("cloudformation", **inside).describe_stacks()["Stacks"]
        assert [item["StackName"] for item in stacks] == ["kept"]
        user = session.client("sts", **dict(zip(names, facts["user"], strict=False)))
        assert user.get_caller_identity()["Arn"].endswith(f"{facts['account']}:user/ada")


def test_saving_again_changes_nothing_but_time(tmp_path):
    path = tmp_path / "org"
    with Sandbox.open(path) as sandbox:
        sandbox.seed_accounts([AccountSpec(name="a", email="a@example.com", ou="X")])
        first = organizations(sandbox).list_accounts()["Accounts"]
    with Sandbox.open(path) as sandbox:
        assert organizations(sandbox).list_accounts()["Accounts"] == first
    with Sandbox.open(path) as sandbox:
        assert organizations(sandbox).list_accounts()["Accounts"] == first
    assert path.stat().st_mode & 0o777 == 0o600
    assert {item.name for item in tmp_path.iterdir()} == {"org", "org.lock"}


def test_nothing_of_one_organization_is_left_in_the_next():
    with Sandbox.open(None) as sandbox:
        account_id = create(organizations(sandbox), "gone")
        assumed(sandbox, account_id, "ssm").put_parameter(Name="/a", Value="1", Type="String")
    with Sandbox.open(None) as sandbox:
        again = create(organizations(sandbox), "gone")
        assert again == account_id  # the same seed gives the same ids
        assert assumed(sandbox, again, "ssm").describe_parameters()["Parameters"] == []
    with Sandbox.open(None, seed=43) as sandbox:
        assert create(organizations(sandbox), "gone") != account_id


def test_an_organization_can_be_thrown_away(tmp_path):
    path = tmp_path / "org"
    with Sandbox.open(path) as sandbox:
        create(organizations(sandbox), "gone")
        with pytest.raises(UserError, match="in use"):
            Sandbox.discard(path)
    assert Sandbox.discard(path)
    assert not Sandbox.discard(path)
    with Sandbox.open(path) as sandbox:
        assert len(organizations(sandbox).list_accounts()["Accounts"]) == 1


def test_only_one_at_a_time_in_a_process():
    with Sandbox.open(None), pytest.raises(UserError, match="already open"):
        Sandbox.open(None)
    Sandbox.open(None).close()


def test_another_process_has_to_wait(tmp_path):
    path = tmp_path / "org"
    opening = f"""
from pathlib import Path
from aft.errors import UserError
from aft.sandbox import Sandbox
try:
    Sandbox.open(Path({str(path)!r}))
except UserError as error:
    print(error.message)
"""
    with Sandbox.open(path):
        other = subprocess.run(
            [sys.executable, "-c", opening],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=True,
        )
    assert "in use by another process" in other.stdout


def spoil(path, old: bytes, new: bytes) -> None:
    content = path.read_bytes()
    assert old in content
    path.write_bytes(content.replace(old, new, 1))


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda path: spoil(path, b'"moto": "', b'"moto": "9'), "was written with moto 9"),
        (lambda path: path.write_bytes(b"hello"), "is not a sandbox"),
        (lambda path: path.write_bytes(path.read_bytes()[:-40]), "is damaged"),
        (lambda path: path.chmod(0o644), "mode 0644, expected 0600"),
    ],
)
def test_a_file_that_cannot_be_trusted_is_refused(tmp_path, damage, says):
    path = tmp_path / "org"
    Sandbox.open(path).close()
    damage(path)
    with pytest.raises(UserError, match=says) as refused:
        Sandbox.open(path)
    assert refused.value.hint
    Sandbox.open(None).close()


def test_a_link_is_not_followed(tmp_path):
    real, link = tmp_path / "org", tmp_path / "link"
    Sandbox.open(real).close()
    link.symlink_to(real)
    with pytest.raises(UserError):
        Sandbox.open(link)
