"""Terraform's states in a bucket: the real Terraform and its S3 backend, against the sandbox's S3.

The provider is the one built into Terraform, so only the backend reaches AWS. The bucket's own
host name leads to the sandbox by a proxy, as no resolver knows it here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import boto3
import pytest
import yaml
from builders_folders import inputs, only_step
from builders_inside import facts
from builders_terraform import terraform

from aft.config.model import S3Backend
from aft.customizations.model import StepFailed
from aft.customizations.options import RunnerOptions, TerraformOptions
from aft.runners.terraform.runner import TerraformRunner
from aft.sandbox import AccountSpec, Sandbox
from aft.sandbox.credentials import Keys
from aft.sandbox.server import serve
from aft.scaffold.roles import PREVIEW_READER_ROLE, PREVIEW_ROLE, preview_reader_template

BUCKET = "acme-terraform"
REGION = "eu-central-1"
MAIN = 'resource "terraform_data" "this" {\n  input = "made"\n}\n'


OTHER = 'resource "terraform_data" "other" {}\n'


class Inside:
    """What a runner needs of a session: the account's variables."""

    def __init__(self, variables: Mapping[str, str], account_id: str) -> None:
        self.account_id = account_id
        self.home_region = REGION
        self._variables = variables

    def environment(self) -> Mapping[str, str]:
        return self._variables


def inside_with(keys: Any, account_id: str, url: str) -> Any:
    return Inside(
        {
            "AWS_ACCESS_KEY_ID": keys.access_key,
            "AWS_SECRET_ACCESS_KEY": keys.secret_key,
            "AWS_SESSION_TOKEN": keys.token,
            "AWS_REGION": REGION,
            "AWS_ENDPOINT_URL": url,
            "AWS_ENDPOINT_URL_S3": f"http://s3.{REGION}.amazonaws.com",
        },
        account_id,
    )


def preview_keys(sandbox: Sandbox, account_id: str) -> Keys:
    """Those of the role that the shipped template makes, as ``aft-preview`` takes it."""
    template = preview_reader_template(PREVIEW_READER_ROLE, sandbox.management_account_id)
    role = yaml.safe_load(template)["Resources"]["PreviewReader"]["Properties"]
    iam = sandbox.member_session(account_id).client("iam")
    name = role["RoleName"]
    trust = json.dumps(role["AssumeRolePolicyDocument"])
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    for managed in role["ManagedPolicyArns"]:
        iam.attach_role_policy(RoleName=name, PolicyArn=managed)
    for made in role["Policies"]:
        document = json.dumps(made["PolicyDocument"])
        iam.put_role_policy(RoleName=name, PolicyName=name, PolicyDocument=document)
    management = boto3.Session(botocore_session=sandbox.botocore_session())
    entering = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": arn}
    root = {"AWS": f"arn:aws:iam::{sandbox.management_account_id}:root"}
    trusting = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": root}
    own = management.client("iam").create_role(
        RoleName=PREVIEW_ROLE, AssumeRolePolicyDocument=policy(trusting)
    )["Role"]["Arn"]
    management.client("iam").put_role_policy(
        RoleName=PREVIEW_ROLE, PolicyName="enter", PolicyDocument=policy(entering)
    )
    preview = sandbox.botocore_session(assumed_keys(management, own))
    return assumed_keys(boto3.Session(botocore_session=preview), arn)


def policy(statement: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def assumed_keys(session: boto3.Session, arn: str) -> Keys:
    found = session.client("sts").assume_role(RoleArn=arn, RoleSessionName="preview")["Credentials"]
    return Keys(
        access_key=found["AccessKeyId"],
        secret_key=found["SecretAccessKey"],
        token=found["SessionToken"],
    )


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox.open(None) as opened:
        yield opened


def test_a_state_is_kept_in_the_bucket_under_afts_key(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    terraform()
    (account_id,) = sandbox.seed_accounts([AccountSpec(name="a", email="a@example.com")])
    session = sandbox.member_session(account_id)
    s3 = session.client("s3", REGION)
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    keys = session.get_credentials()
    with serve(sandbox) as server:
        monkeypatch.setenv("HTTP_PROXY", server.url)
        inside = inside_with(keys.get_frozen_credentials(), account_id, server.url)
        backend = S3Backend(bucket=BUCKET, region=REGION, key_prefix="aft/")
        options = RunnerOptions(terraform=TerraformOptions(backend=backend))
        order = replace(inputs(), account=facts(account_id), options=options)
        step = only_step({"terraform/main.tf": MAIN})
        runner = TerraformRunner()
        assert runner.run(step, order, inside).changed
        assert not runner.run(step, order, inside).changed, "the state was found again"
        key = f"aft/{order.account.account_id}-aft-account-customizations/terraform.tfstate"
        kept = json.loads(s3.get_object(Bucket=BUCKET, Key=key)["Body"].read())
        assert [item["name"] for item in kept["resources"]] == ["this"]
        names = [item["Key"] for item in s3.list_objects_v2(Bucket=BUCKET)["Contents"]]
        assert names == [key], "and the lock was given back"

        reader = inside_with(preview_keys(sandbox, account_id), account_id, server.url)
        seen = runner.preview(only_step({"terraform/main.tf": MAIN + OTHER}), order, reader)
        assert [part.id for part in seen.parts] == ["terraform_data.other"], "it reads the state"
        with pytest.raises(StepFailed, match=r"AccessDenied|Forbidden"):
            runner.run(only_step({"terraform/main.tf": MAIN + OTHER}), order, reader)
        assert json.loads(s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()) == kept
        assert runner.destroy(step, order, inside).changed
