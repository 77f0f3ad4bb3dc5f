"""Settings beside customizations: what goes over all of an account leaves nothing to fix, and
what must not be changed is said by the plan instead of failing in every run."""

from __future__ import annotations

from pathlib import Path

import pytest
from builders_repo import Repo

from aft.sandbox.seed import AccountSpec

BASELINE = """\
select: {organizational_units: [Workloads]}
settings:
  - setting: account-alias
    parameters: {alias: "acme-{id}"}
  - setting: default-vpc-removal
  - setting: default-security-group
  - setting: log-retention
    parameters: {days: 30}
"""
HUB = """\
AWSTemplateFormatVersion: "2010-09-09"
Resources:
  Hub:
    Type: AWS::EC2::VPC
    Properties: {CidrBlock: 10.10.0.0/16}
  Log:
    Type: AWS::Logs::LogGroup
    Properties: {LogGroupName: /hub}
"""
FAILING = "def customize(context):\n    raise RuntimeError('no')\n"
SWEEPS = ["default-security-group", "log-retention"]


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo.standard(tmp_path / "repo")
    repo.write("customizations/baselines/standard.yaml", BASELINE)
    repo.write("customizations/accounts/hub/10-vpc.cfn.yaml", HUB)
    repo.request("hub", "customizations: [hub]\n")
    repo.commit("Ask for a hub")
    return repo


def rules(repo: Repo) -> list[object]:
    """The rules of every default security group, and the retention of every log group."""
    with repo.inside("hub") as client:
        groups = client("ec2").describe_security_groups(
            Filters=[{"Name": "group-name", "Values": ["default"]}]
        )["SecurityGroups"]
        logs = client("logs").describe_log_groups()["logGroups"]
    closed = [(*group["IpPermissions"], *group["IpPermissionsEgress"]) for group in groups]
    return [*closed, *(group.get("retentionInDays") for group in logs)]


def test_one_apply_leaves_nothing_to_fix_of_what_customizations_made(repo: Repo) -> None:
    repo.apply()
    assert rules(repo) == [(), 30]
    assert repo.plan("--deep")["changes"] == []

    second = HUB + "  Spare:\n    Type: AWS::EC2::VPC\n    Properties: {CidrBlock: 10.11.0.0/16}\n"
    repo.write("customizations/accounts/hub/10-vpc.cfn.yaml", second)
    repo.commit("One VPC more")
    plan = repo.plan()
    assert [change["key"] for change in plan["changes"]] == ["hub/10-vpc.cfn.yaml", *SWEEPS]
    assert "looked at again once the customizations have run" in repo.aft("plan").out
    repo.apply()
    assert rules(repo) == [(), (), 30]
    assert repo.plan("--deep")["changes"] == []


def test_they_go_over_the_account_although_a_customization_failed(repo: Repo) -> None:
    repo.write("customizations/accounts/hub/20-more.py", FAILING)
    repo.commit("Fail")
    outcome = repo.aft("apply", "--yes", "--json")
    (row,) = [row for row in outcome.data["accounts"] if row["id"] == "hub"]
    status = {step["change"].rsplit("/", 1)[-1]: step["status"] for step in row["steps"]}
    assert status["20-more.py"] == "failed"
    assert {status[name] for name in SWEEPS} == {"succeeded"}
    assert rules(repo) == [(), 30]


def test_a_default_vpc_in_use_is_said_by_the_plan_and_left_alone(repo: Repo) -> None:
    with repo.sandbox() as sandbox:
        (account_id,) = sandbox.seed_accounts(
            [AccountSpec(name="old", email="aws+old@example.com", ou="Workloads")]
        )
        client = sandbox.member_session(account_id).client("ec2", "eu-central-1")
        subnet = client.describe_subnets()["Subnets"][0]["SubnetId"]
        client.create_network_interface(SubnetId=subnet)
    repo.request("old", f'account_id: "{account_id}"\n', ou="Workloads")
    repo.commit("Adopt an account whose default VPC is in use")

    plan = repo.plan()
    assert "account/old/update-setting/default-vpc-removal" not in {
        change["id"] for change in plan["changes"]
    }
    (doubt,) = [item for item in plan["attention"] if "default-vpc-removal" in item["message"]]
    assert doubt["code"] == "AFT912"
    assert "in use and was left alone: network interface eni-" in doubt["message"]
    assert doubt["hint"].startswith("move or delete what is inside")
    repo.apply(code=4)
    after = repo.plan()
    assert after["changes"] == []
    # The default group of that VPC is in use, too.
    assert [item["code"] for item in after["attention"]] == ["AFT912", "AFT912"]

    with repo.inside("old") as inside:
        ec2 = inside("ec2")
        for item in ec2.describe_network_interfaces()["NetworkInterfaces"]:
            ec2.delete_network_interface(NetworkInterfaceId=item["NetworkInterfaceId"])
    assert "account/old/update-setting/default-vpc-removal" in repo.changes()
    repo.apply()
    settled = repo.plan("--deep")
    assert (settled["changes"], settled["attention"]) == ([], [])
