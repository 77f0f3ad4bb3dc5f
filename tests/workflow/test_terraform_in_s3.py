"""Terraform's states in a bucket: the real Terraform and its S3 backend, against the sandbox's S3.

The provider is the one built into Terraform, so only the backend reaches AWS. The bucket's own
host name leads to the sandbox by a proxy, as no resolver knows it here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from builders_folders import inputs, only_step
from builders_terraform import terraform

from aft.config.model import S3Backend
from aft.customizations.options import RunnerOptions, TerraformOptions
from aft.runners.terraform.runner import TerraformRunner
from aft.sandbox import AccountSpec, Sandbox
from aft.sandbox.server import serve

BUCKET = "acme-terraform"
REGION = "eu-central-1"
MAIN = 'resource "terraform_data" "this" {\n  input = "made"\n}\n'


class Inside:
    """What a runner needs of a session: the account's variables."""

    def __init__(self, variables: Mapping[str, str], account_id: str) -> None:
        self.account_id = account_id
        self.home_region = REGION
        self._variables = variables

    def environment(self) -> Mapping[str, str]:
        return self._variables


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
        inside: Any = Inside(
            {
                "AWS_ACCESS_KEY_ID": keys.access_key,
                "AWS_SECRET_ACCESS_KEY": keys.secret_key,
                "AWS_SESSION_TOKEN": keys.token,
                "AWS_REGION": REGION,
                "AWS_ENDPOINT_URL": server.url,
                "AWS_ENDPOINT_URL_S3": f"http://s3.{REGION}.amazonaws.com",
            },
            account_id,
        )
        backend = S3Backend(bucket=BUCKET, region=REGION, key_prefix="aft/")
        options = RunnerOptions(terraform=TerraformOptions(backend=backend))
        order = replace(inputs(), options=options)
        step = only_step({"terraform/main.tf": MAIN})
        runner = TerraformRunner()
        assert runner.run(step, order, inside).changed
        assert not runner.run(step, order, inside).changed, "the state was found again"
        key = f"aft/{order.account.account_id}-aft-account-customizations/terraform.tfstate"
        kept = json.loads(s3.get_object(Bucket=BUCKET, Key=key)["Body"].read())
        assert [item["name"] for item in kept["resources"]] == ["this"]
        names = [item["Key"] for item in s3.list_objects_v2(Bucket=BUCKET)["Contents"]]
        assert names == [key], "and the lock was given back"
        assert runner.destroy(step, order, inside).changed
