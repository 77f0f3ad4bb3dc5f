"""An account's first day: every setting there is, every kind of customization; and what becomes
of it when somebody changes ten things by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from builders_repo import STACK, Repo
from builders_terraform import aft_folder, plugin_directory, terraform, terraform_settings

from aft.plugins import RUNNERS_GROUP, SETTINGS_GROUP, load_plugins
from aft.yamldoc import parse_yaml

Client = Callable[..., Any]

HOME, OTHER, OPT_IN = "eu-central-1", "eu-west-1", "eu-south-1"
ID = "payments-prod"
EMAIL = "payments@example.com"
SHARE = "base-images"
GITHUB = "token.actions.githubusercontent.com"

CONFIG = f"""\
version: 1
home_region: {HOME}
governed_regions: [{HOME}, {OTHER}]
limits: {{create: 25}}
networks:
  pools:
    workloads: {{cidr: 10.64.0.0/12}}
"""
ORGANIZATION = """\
organizational_units:
  - name: Security
  - name: Workloads
    children:
      - name: Prod
"""
SECURITY_BASELINE = """\
description: The accounts that others report to
select:
  organizational_units: [Security]
settings:
  - setting: region-opt-in
  - setting: cloudtrail
    parameters: {log_archive: log-archive}
  - setting: config-recorder
    parameters: {log_archive: log-archive}
  - setting: guardduty
    parameters: {administrator: audit}
  - setting: security-hub
    parameters: {administrator: audit}
  - setting: access-analyzer
    parameters: {administrator: audit}
"""
EVERYTHING = f"""\
description: Every setting there is
select:
  organizational_units: [Workloads]
settings:
  - setting: region-opt-in
  - setting: account-alias
    parameters: {{alias: "acme-{{id}}"}}
  - setting: alternate-contacts
  - setting: iam-password-policy
    parameters: {{minimum_length: 20}}
  - setting: s3-public-access-block
  - setting: ebs-default-encryption
  - setting: snapshot-public-access
  - setting: image-public-access
  - setting: imdsv2-defaults
  - setting: default-vpc-removal
  - setting: default-security-group
  - setting: network
    parameters:
      pool: workloads
      prefix: 22
      tiers: [{{name: private}}]
      flow_logs: {{retention_days: 400}}
  - setting: log-retention
    parameters: {{days: 400}}
  - setting: oidc-provider
    parameters: {{url: "https://{GITHUB}"}}
  - setting: iam-roles
    parameters:
      roles:
        - name: deploy
          trust: {{oidc: [{{provider: {GITHUB}, subjects: ["repo:acme/{{id}}:*"]}}]}}
          managed_policies: [PowerUserAccess]
  - setting: service-quotas
    parameters:
      quotas: [{{service: vpc, quota: L-F678F1CE, at_least: 10}}]
  - setting: ssm-metadata
  - setting: cloudtrail
    parameters: {{log_archive: log-archive}}
  - setting: config-recorder
    parameters: {{log_archive: log-archive}}
  - setting: guardduty
    parameters: {{administrator: audit}}
  - setting: security-hub
    parameters: {{administrator: audit}}
  - setting: access-analyzer
    parameters: {{administrator: audit}}
  - setting: budget
  - setting: cost-allocation-tags
    parameters: {{keys: [cost-center]}}
  - setting: enterprise-support
  - setting: ram-shares
    parameters: {{shares: [{{name: {SHARE}, owner: log-archive}}]}}
"""
REQUEST = f"""\
owner: {{team: payments, email: {EMAIL}}}
tags: {{cost-center: "4711"}}
regions: [{OTHER}, {OPT_IN}]
customizations: [web-service]
budget: {{monthly_usd: 500, subscribers: [{EMAIL}]}}
contacts:
  security: {{name: Ada Lovelace, title: On call, email: {EMAIL}, phone: "+49 30 1"}}
custom_fields: {{tier: gold}}
"""
PYTHON = """\
def customize(context):
    made = {
        "/cfn": context.outputs["global/10-news.cfn.yaml"]["TopicArn"],
        "/sh": context.outputs["web-service/20-look.sh"]["Seen"],
    }
    for name, value in made.items():
        context.client("ssm").put_parameter(Name=name, Value=value, Type="String", Overwrite=True)
"""
SHELL = """\
test -n "$AWS_CONTAINER_CREDENTIALS_FULL_URI"
echo "Seen=$AFT_ACCOUNT_ID" >> "$AFT_OUTPUTS"
"""
TERRAFORM = """\
resource "aws_ssm_parameter" "tf" {
  name  = "/tf"
  type  = "String"
  value = "made by terraform"
}
"""


@pytest.fixture(scope="module")
def has_terraform() -> bool:
    """Whether the fourth kind can be tried on this machine."""
    try:
        terraform()
        plugin_directory()
    except pytest.skip.Exception:
        return False
    return True


@pytest.fixture
def repo(tmp_path: Path, has_terraform: bool) -> Repo:
    repo = Repo.create(tmp_path / "repo")
    repo.environ["XDG_STATE_HOME"] = str(tmp_path / "state")
    config = CONFIG
    if has_terraform:
        backend = f"{{s3: {{bucket: acme-terraform, region: {HOME}}}}}"
        config += terraform_settings(tmp_path / "tools", backend=backend)
        for path, text in aft_folder(TERRAFORM).items():
            if path.startswith("terraform/"):
                repo.write(f"customizations/accounts/web-service/{path}", text)
    repo.write("aft.yaml", config)
    repo.write("customizations/organization/organization.yaml", ORGANIZATION)
    repo.write("customizations/baselines/security.yaml", SECURITY_BASELINE)
    repo.write("customizations/baselines/everything.yaml", EVERYTHING)
    repo.write("customizations/global/10-news.cfn.yaml", STACK)
    repo.write("customizations/accounts/web-service/30-publish.py", PYTHON)
    repo.write("customizations/accounts/web-service/20-look.sh", SHELL)
    for name in ("log-archive", "audit"):
        repo.request(name, f"regions: [{OTHER}, {OPT_IN}]\n", ou="Security")
    repo.commit("Begin with the accounts that others report to")
    return repo


@dataclass(frozen=True)
class Drift:
    """Something changed by hand: which setting's, how, and how to see that it is right again."""

    setting: str
    change: Callable[[Client, str], object]
    shows: Callable[[Client, str], object]
    wanted: object


def _contact(client: Client, _: str) -> object:
    answer = client("account").get_alternate_contact(AlternateContactType="SECURITY")
    return answer["AlternateContact"]["Name"]


def _block(client: Client, account_id: str) -> object:
    answer = client("s3control").get_public_access_block(AccountId=account_id)
    return set(answer["PublicAccessBlockConfiguration"].values())


def _recorders(client: Client, _: str) -> object:
    found = client("config", OTHER).describe_configuration_recorder_status()
    return [item["recording"] for item in found["ConfigurationRecordersStatus"]]


def _trail(client: Client, _: str) -> object:
    cloudtrail = client("cloudtrail")
    (trail,) = cloudtrail.describe_trails()["trailList"]
    return cloudtrail.get_trail_status(Name=trail["TrailARN"])["IsLogging"]


def _stop_trail(client: Client, _: str) -> None:
    cloudtrail = client("cloudtrail")
    (trail,) = cloudtrail.describe_trails()["trailList"]
    cloudtrail.stop_logging(Name=trail["TrailARN"])


def _default_vpcs(client: Client, _: str) -> object:
    only = [{"Name": "is-default", "Values": ["true"]}]
    return client("ec2", OTHER).describe_vpcs(Filters=only)["Vpcs"]


def _deploy_policies(client: Client, _: str) -> object:
    found = client("iam").list_attached_role_policies(RoleName="deploy")["AttachedPolicies"]
    return [item["PolicyName"] for item in found]


def _detach(client: Client, _: str) -> None:
    client("iam").detach_role_policy(
        RoleName="deploy", PolicyArn="arn:aws:iam::aws:policy/PowerUserAccess"
    )
    client("iam").attach_role_policy(
        RoleName="deploy", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess"
    )


def _budgets(client: Client, account_id: str) -> object:
    found = client("budgets", "us-east-1").describe_budgets(AccountId=account_id)
    return [float(item["BudgetLimit"]["Amount"]) for item in found.get("Budgets", ())]


def _stop_recorder(client: Client, _: str) -> None:
    config = client("config", OTHER)
    (recorder,) = config.describe_configuration_recorders()["ConfigurationRecorders"]
    config.stop_configuration_recorder(ConfigurationRecorderName=recorder["name"])


def _delete_budget(client: Client, account_id: str) -> None:
    budgets = client("budgets", "us-east-1")
    (budget,) = budgets.describe_budgets(AccountId=account_id)["Budgets"]
    budgets.delete_budget(AccountId=account_id, BudgetName=budget["BudgetName"])


TEN = (
    Drift(
        "account-alias",
        lambda c, _: c("iam").delete_account_alias(AccountAlias=f"acme-{ID}"),
        lambda c, _: c("iam").list_account_aliases()["AccountAliases"],
        [f"acme-{ID}"],
    ),
    Drift(
        "iam-password-policy",
        lambda c, _: c("iam").update_account_password_policy(MinimumPasswordLength=6),
        lambda c, _: c("iam").get_account_password_policy()["PasswordPolicy"][
            "MinimumPasswordLength"
        ],
        20,
    ),
    Drift(
        "alternate-contacts",
        lambda c, _: c("account").delete_alternate_contact(AlternateContactType="SECURITY"),
        _contact,
        "Ada Lovelace",
    ),
    Drift(
        "s3-public-access-block",
        lambda c, number: c("s3control").delete_public_access_block(AccountId=number),
        _block,
        {True},
    ),
    Drift(
        "ebs-default-encryption",
        lambda c, _: c("ec2", OPT_IN).disable_ebs_encryption_by_default(),
        lambda c, _: c("ec2", OPT_IN).get_ebs_encryption_by_default()["EbsEncryptionByDefault"],
        True,
    ),
    Drift(
        "ssm-metadata",
        lambda c, _: c("ssm").put_parameter(
            Name="/aft/account-request/custom-fields/tier", Value="tin", Overwrite=True
        ),
        lambda c, _: c("ssm").get_parameter(Name="/aft/account-request/custom-fields/tier")[
            "Parameter"
        ]["Value"],
        "gold",
    ),
    Drift("cloudtrail", _stop_trail, _trail, True),
    Drift("config-recorder", _stop_recorder, _recorders, [True]),
    Drift(
        "default-vpc-removal",
        lambda c, _: c("ec2", OTHER).create_default_vpc(),
        _default_vpcs,
        [],
    ),
    Drift("iam-roles", _detach, _deploy_policies, ["PowerUserAccess"]),
    Drift("budget", _delete_budget, _budgets, [500.0]),
)


def test_every_setting_and_kind_arrives_and_what_is_changed_by_hand_is_put_back(
    repo: Repo, has_terraform: bool
) -> None:
    listed, _ = parse_yaml(EVERYTHING.encode(), "everything.yaml")
    assert listed is not None
    names = {entry["setting"] for entry in listed.data["settings"]}
    settings = load_plugins(SETTINGS_GROUP, lambda plugin: plugin.name)
    assert names == set(settings), "a setting is missing from this test's baseline"

    with repo.sandbox() as sandbox:  # the management account is not aft's to change
        management = boto3.Session(botocore_session=sandbox.botocore_session())
        management.client("account").enable_region(RegionName=OPT_IN)
    repo.apply()
    _make_share(repo)
    repo.request(ID, REQUEST, ou="Workloads/Prod")
    repo.commit("Ask for an account with everything")
    applied = repo.aft("apply", "--yes", "--json")
    assert applied.code == 0, applied.out + applied.err
    _check_outcome(applied.data, names)
    _check_customizations(repo, has_terraform=has_terraform)
    assert repo.changes() == []
    assert repo.plan("--deep")["changes"] == []

    account_id = repo.accounts()[ID].id
    with repo.inside(ID) as client:
        for drift in TEN:
            assert drift.shows(client, account_id) == drift.wanted, drift.setting
            drift.change(client, account_id)
            assert _seen(drift, client, account_id) != drift.wanted, drift.setting

    assert repo.changes() == [], "the ledger takes all of it as done"
    found = {change["key"]: change for change in repo.plan("--deep")["changes"]}
    expected = {drift.setting for drift in TEN}
    assert found.keys() - {"default-security-group"} == expected
    assert all(change["reason"].startswith("changed in the account") for change in found.values())

    put_back = repo.aft("apply", "--deep", "--yes")
    assert put_back.code == 0, put_back.out + put_back.err
    with repo.inside(ID) as client:
        for drift in TEN:
            assert drift.shows(client, account_id) == drift.wanted, drift.setting
    assert repo.plan("--deep")["changes"] == []


def test_each_value_of_that_account_can_be_explained(repo: Repo) -> None:
    repo.request(ID, REQUEST, ou="Workloads/Prod")
    repo.commit("Ask for an account with everything")
    result = repo.aft("explain", ID, "--json")
    assert result.code == 0, result.err
    settings = {item["name"]: item for item in result.data["settings"]}
    assert settings.keys() == load_plugins(SETTINGS_GROUP, lambda plugin: plugin.name).keys()
    for setting in settings.values():
        for parameter in setting["parameters"]:
            origin = parameter["origin"]
            assert origin["path"] or origin["kind"] in ("setting", "built-in", "ledger")
    text = repo.aft("explain", ID).out
    assert max(map(len, text.splitlines())) <= 80


def _seen(drift: Drift, client: Client, account_id: str) -> object:
    """What shows after it was changed; what is gone altogether shows as nothing."""
    try:
        return drift.shows(client, account_id)
    except client("iam").exceptions.ClientError:
        return None


def _make_share(repo: Repo) -> None:
    """Something to take part in: the log archive shares its base images with nobody yet."""
    with repo.inside("log-archive") as client:
        client("ram").create_resource_share(name=SHARE, allowExternalPrincipals=False)


def _check_outcome(outcome: Mapping[str, Any], names: set[str]) -> None:
    (row,) = [row for row in outcome["accounts"] if row["id"] == ID]
    assert row["status"] == "succeeded", row
    prefix = f"account/{ID}/update-setting/"
    done = {step["change"].removeprefix(prefix) for step in row["steps"]}
    assert names <= done
    assert all(step["status"] == "succeeded" for step in row["steps"])


def _check_customizations(repo: Repo, *, has_terraform: bool) -> None:
    kinds = set(load_plugins(RUNNERS_GROUP, lambda plugin: plugin.kind))
    if not has_terraform:
        kinds -= {"terraform"}
    explained = repo.aft("explain", ID, "customizations", "--json").data["customizations"]
    assert {step["kind"] for item in explained for step in item["steps"]} == kinds
    account_id = repo.accounts()[ID].id
    with repo.inside(ID) as client:
        ssm = client("ssm")
        assert _parameter(ssm, "/cfn").endswith(f":{ID}-news")
        assert _parameter(ssm, "/sh") == account_id, "what the shell step left"
        if has_terraform:
            assert _parameter(ssm, "/tf") == "made by terraform"


def _parameter(ssm: Any, name: str) -> str:
    return str(ssm.get_parameter(Name=name)["Parameter"]["Value"])
