"""The live code path, by boto3's own configuration: the same apply against an HTTP endpoint.

The result is looked at with stock boto3 clients, which know nothing of aft.
"""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from builders_live import Live, live, run, running
from builders_repo import ORGANIZATION, STACK, Repo

BASELINE = """\
description: All there is
select: {organizational_units: [Workloads, Sandbox]}
settings:
  - setting: account-alias
    parameters: {alias: "acme-{id}"}
  - setting: alternate-contacts
    parameters:
      security: {name: Grace Hopper, title: CISO, email: sec@example.com, phone: "+49 30 1"}
  - setting: iam-password-policy
  - setting: s3-public-access-block
  - setting: ebs-default-encryption
  - setting: default-vpc-removal
  - setting: ssm-metadata
"""
PUBLISH = """\
def customize(context):
    topic = context.outputs["global/10-news.cfn.yaml"]["TopicArn"]
    context.client("ssm").put_parameter(Name="/news", Value=topic, Type="String", Overwrite=True)
    return {"Topic": topic}
"""


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo.create(tmp_path / "repo")
    repo.write(
        "aft.yaml",
        "version: 1\nhome_region: eu-central-1\ngoverned_regions: [eu-central-1, eu-west-1]\n",
    )
    repo.write("customizations/organization/organization.yaml", ORGANIZATION)
    repo.write("customizations/baselines/standard.yaml", BASELINE)
    repo.write("customizations/global/10-news.cfn.yaml", STACK)
    repo.write("customizations/accounts/web/20-publish.py", PUBLISH)
    repo.request("shop", "tags: {team: shop}\ncustomizations: [web]\n", ou="Workloads/Prod")
    repo.request("lab", ou="Sandbox")
    repo.commit("Ask for two")
    return repo


def assert_made_so(organization: Live) -> None:
    """Two accounts, the web shop with everything inside, as anybody's client sees it."""
    accounts = organization.accounts()
    assert set(accounts) == {"shop", "lab"}
    client = organization.client("organizations")
    tags = client.list_tags_for_resource(ResourceId=accounts["shop"])["Tags"]
    assert {tag["Key"]: tag["Value"] for tag in tags} == {"aft:request": "shop", "team": "shop"}
    parent = client.list_parents(ChildId=accounts["shop"])["Parents"][0]["Id"]
    unit = client.describe_organizational_unit(OrganizationalUnitId=parent)["OrganizationalUnit"]
    assert unit["Name"] == "Prod"

    inside = organization.inside(accounts["shop"])
    assert inside("iam").list_account_aliases()["AccountAliases"] == ["acme-shop"]
    policy = inside("iam").get_account_password_policy()["PasswordPolicy"]
    assert policy["MinimumPasswordLength"] >= 14
    block = inside("s3control").get_public_access_block(AccountId=accounts["shop"])
    assert set(block["PublicAccessBlockConfiguration"].values()) == {True}
    for region in ("eu-central-1", "eu-west-1"):
        ec2 = inside("ec2", region)
        assert ec2.get_ebs_encryption_by_default()["EbsEncryptionByDefault"] is True
        default = [{"Name": "is-default", "Values": ["true"]}]
        assert ec2.describe_vpcs(Filters=default)["Vpcs"] == []
    contact = organization.client("account").get_alternate_contact(
        AccountId=accounts["shop"], AlternateContactType="SECURITY"
    )["AlternateContact"]
    assert contact["EmailAddress"] == "sec@example.com"
    ssm = inside("ssm")
    assert ssm.get_parameter(Name="/aft/account/request-id")["Parameter"]["Value"] == "shop"
    assert ssm.get_parameter(Name="/news")["Parameter"]["Value"].endswith(":shop-news")
    (stack,) = inside("cloudformation").describe_stacks()["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE"


def test_the_same_apply_over_http(repo: Repo) -> None:
    with live() as organization:
        repo.environ.update(organization.environ)
        applied = repo.aft("apply", "--yes", sandbox=False)
        assert applied.code == 0, applied.out + applied.err
        assert_made_so(organization)

        again = repo.aft("plan", "--detailed-exitcode", sandbox=False)
        assert again.code == 0, again.out
        assert again.last_line.startswith("No changes. 2 accounts match the repository at ")
        assert {name for name, _ in organization.creations()} == {"shop", "lab"}
        rows = repo.aft("status", "--json", sandbox=False).data["accounts"]
        assert [row["state"] for row in rows] == ["active", "active"]
    story = repo.git("log", "--format=%B", "aft/ledger")
    assert "organizations:CreateAccount:" in story
    assert "aft/ledger-sandbox" not in repo.git("branch", "--list", "--all")


def test_aft_sandbox_serve_is_such_an_endpoint(repo: Repo) -> None:
    """Two processes, as in the manual: one serves, the other has nothing but the variables."""
    repo.write("aft.yaml", "version: 1\nhome_region: eu-central-1\n")
    repo.write(
        "customizations/baselines/standard.yaml",
        "select: {organizational_units: [Workloads]}\nsettings:\n  - setting: ssm-metadata\n",
    )
    repo.commit("Be quick")
    with running(repo, "sandbox", "serve", "--port", "0") as server:
        server.until_says("AWS_REGION=")
        exports = (line.removeprefix("export ") for line in server.out.splitlines())
        organization = Live(dict(line.split("=", 1) for line in exports))

        refused = repo.aft("plan")
        assert refused.code == 1
        assert "in use" in refused.err
        assert "aft sandbox serve" in refused.err

        applied = run(repo, "apply", **organization.environ)
        assert applied.code == 0, applied.out + applied.err
        assert "2 of 2 accounts done" in applied.out
        made = organization.accounts()
        news = organization.inside(made["shop"])("ssm").get_parameter(Name="/news")
        assert news["Parameter"]["Value"].endswith(f"{made['shop']}:shop-news")

        server.signal(signal.SIGTERM)
        assert server.wait() == 0
        assert "Traceback" not in server.err
    assert {name: account.id for name, account in repo.accounts().items()} == made, "it is kept"


def test_without_credentials_both_ways_on_are_named(repo: Repo) -> None:
    for verb in (["plan"], ["apply", "--yes"], ["status"]):
        result = repo.aft(*verb, sandbox=False)
        assert result.code == 1
        assert "credentials" in result.err
        assert "aws configure sso" in result.err
        assert "aft --sandbox" in result.err
        assert "Traceback" not in result.err
        assert len(result.err.splitlines()) <= 3


def test_keys_that_aws_does_not_know_are_said_to_be_so(repo: Repo) -> None:
    with live() as organization:
        repo.environ.update(organization.environ, AWS_ACCESS_KEY_ID="AKIAIOSFODNN7EXAMPLE")
        result = repo.aft("plan", sandbox=False)
    assert result.code == 1
    assert "credentials" in result.err
    assert "AKIAIOSFODNN7EXAMPLE" not in result.err
    assert "Traceback" not in result.err


def test_an_endpoint_where_nobody_listens(repo: Repo) -> None:
    repo.environ.update(
        AWS_ENDPOINT_URL="http://127.0.0.1:9", AWS_ACCESS_KEY_ID="x", AWS_SECRET_ACCESS_KEY="y"
    )
    result = repo.aft("plan", sandbox=False)
    assert result.code == 1
    assert "AWS_ENDPOINT_URL" in result.err
    assert "Traceback" not in result.err
