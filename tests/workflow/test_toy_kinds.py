"""Kinds of another package go the whole way, and no file of aft knows them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from builders_repo import ORGANIZATION, Repo, Result

from aft import plugins

TESTS = Path(__file__).parents[1]
ENTRIES = """\
[aft.kinds]
organization-tag = toys.tags_kind:OrganizationTags
toy-policy = toys.policies_kind:ToyPolicies
toy-attachment = toys.policies_kind:ToyAttachments
"""
UNITS = ORGANIZATION.replace("- name: Prod", "- name: New\n      - name: Prod")
PAIR = """
toy_policies:
  - name: no-exit
    denies: organizations:LeaveOrganization
    ous: [Workloads/New]
    accounts: [shop]
"""


@dataclass
class Installed(Repo):
    """A repository where the toys' package is installed, but for ``without=True``."""

    @property
    def entry_points(self) -> Path:
        return self.root.parent / "site/aft_toys-1.0.dist-info/entry_points.txt"

    def install(self, entries: str = ENTRIES) -> None:
        self.entry_points.parent.mkdir(parents=True, exist_ok=True)
        self.entry_points.with_name("METADATA").write_text("Name: aft-toys\nVersion: 1.0\n")
        self.entry_points.write_text(entries)

    def run(self, *arguments: str, without: bool = False) -> Result:
        """Run ``aft`` in this process: what is installed is looked up again before and after."""
        before = list(sys.path)
        sys.path[:0] = [] if without else [str(self.entry_points.parents[1])]
        plugins._installed.cache_clear()
        try:
            return self.aft(*arguments)
        finally:
            sys.path[:] = before
            plugins._installed.cache_clear()

    def start(self, *arguments: str) -> Result:
        """Run ``aft`` as a user does, in a process that knows nothing but what is installed."""
        path = os.pathsep.join((str(self.entry_points.parents[1]), str(TESTS)))
        done = subprocess.run(
            [sys.executable, "-m", "aft", "-C", str(self.root), "--sandbox", *arguments],
            env={**os.environ, **self.environ, "PYTHONPATH": path},
            capture_output=True,
            text=True,
            check=False,
        )
        return Result(done.returncode, done.stdout, done.stderr)

    def organization(self, more: str, *, units: str = ORGANIZATION) -> None:
        self.write("customizations/organization/organization.yaml", units + more)
        self.commit("Change the organization")

    def root_tags(self) -> dict[str, str]:
        with self.organizations() as client:
            root = client.list_roots()["Roots"][0]["Id"]
            tags = client.list_tags_for_resource(ResourceId=root)["Tags"]
        return {tag["Key"]: tag["Value"] for tag in tags}

    def attached(self) -> dict[str, list[str]]:
        """By policy: the names of what it hangs on."""
        with self.organizations() as client:
            return {
                policy["Name"]: sorted(
                    target["Name"]
                    for target in client.list_targets_for_policy(PolicyId=policy["Id"])["Targets"]
                )
                for policy in client.list_policies(Filter="SERVICE_CONTROL_POLICY")["Policies"]
                if not policy["AwsManaged"]
            }


@pytest.fixture
def repo(tmp_path: Path) -> Installed:
    made = Installed(Repo.standard(tmp_path / "repo").root, {"COLUMNS": "100"})
    made.install()
    return made


def test_a_plain_kind_goes_the_whole_way(repo: Installed) -> None:
    repo.organization("\norganization_tags: {cost-center: '42'}\n")
    planned = repo.start("plan")
    assert planned.out == repo.run("plan").out
    assert "Organization tags" in planned.out, planned.out + planned.err
    assert "  + cost-center: 42" in planned.out
    report = repo.root.parent / "report"
    assert repo.run("plan", "--report", str(report)).code == 0
    assert "cost-center" in (report / "comment.md").read_text()
    assert "1 organization tag change" in planned.out

    assert repo.run("apply", "--yes").code == 0
    assert repo.root_tags() == {"cost-center": "42"}
    again = repo.run("plan", "--detailed-exitcode")
    assert again.code == 0, again.out
    told = repo.run("history", "organization-tag/cost-center", "--json")
    assert "Tag the root cost-center=42" in told.out

    with repo.organizations() as client:
        root = client.list_roots()["Roots"][0]["Id"]
        client.tag_resource(ResourceId=root, Tags=[{"Key": "cost-center", "Value": "0"}])
    drift = repo.run("drift")
    assert drift.code == 2, drift.out + drift.err
    assert "cost-center" in drift.out
    assert "value is 0, was applied as 42" in drift.out
    assert repo.run("drift", "--repair", "--yes").code == 0
    assert repo.root_tags() == {"cost-center": "42"}

    repo.organization("\norganization_tags: {team: core}\n")
    assert repo.run("apply", "--yes").code == 0
    assert repo.root_tags() == {"team": "core"}


def test_a_pair_uses_each_others_ids_in_one_run_and_goes_in_the_right_order(
    repo: Installed,
) -> None:
    repo.request("shop")
    repo.organization(
        PAIR,
        units=UNITS,
    )
    planned = json.loads(repo.run("plan", "--format", "json").out)
    needs = {change["id"]: change["needs"] for change in planned["changes"]}
    assert needs["organization/create-toy-attachment/no-exit@ou/Workloads/New"] == [
        "organization/create-toy-policy/no-exit",
        "organization/create-ou/Workloads/New",
    ]
    assert needs["organization/create-toy-attachment/no-exit@account/shop"] == [
        "organization/create-toy-policy/no-exit",
        "account/shop/create-account",
    ]
    assert [wave["title"] for wave in planned["waves"]] == [
        "Organizational units",
        "Toy policies",
        "Accounts",
        "Toy attachments",
    ]
    applied = repo.run("apply", "--yes")
    assert applied.code == 0, applied.out + applied.err
    assert repo.attached() == {"no-exit": ["New", "shop"]}
    assert repo.run("plan", "--detailed-exitcode").code == 0

    shop = repo.accounts()["shop"].id
    with repo.organizations() as client:
        (policy,) = [
            item["Id"]
            for item in client.list_policies(Filter="SERVICE_CONTROL_POLICY")["Policies"]
            if not item["AwsManaged"]
        ]
        client.detach_policy(PolicyId=policy, TargetId=shop)
    drift = repo.run("drift")
    assert drift.code == 2
    assert "no-exit@account/shop is gone" in drift.out

    repo.organization("")
    gone = repo.run("plan", "--format", "json")
    waits = {change["id"]: change["needs"] for change in json.loads(gone.out)["changes"]}
    assert waits["organization/delete-toy-policy/no-exit"] == [
        "organization/detach-toy-attachment/no-exit@ou/Workloads/New"
    ]
    assert repo.run("apply", "--yes").code == 0
    assert repo.attached() == {}


def test_its_findings_have_their_place(repo: Installed) -> None:
    repo.organization("\norganization_tags: {cost-center: 42}\n")
    found = json.loads(repo.run("validate", "--format", "json").out)
    (finding,) = found["findings"]
    assert (finding["code"], finding["line"]) == ("AFT202", len(ORGANIZATION.splitlines()) + 2)
    repo.organization("\ntoy_policies: [{name: a, denies: 's3:*', accounts: [nobody]}]\n")
    found = json.loads(repo.run("validate", "--format", "json").out)
    assert "names the account of nobody" in found["findings"][0]["message"]


def test_its_limits_hold_and_are_lifted_in_a_reviewed_line(repo: Installed) -> None:
    repo.organization("\norganization_tags: {a: '1', b: '2'}\n")
    assert repo.run("apply", "--yes").code == 0
    repo.organization("\norganization_tags: {}\n")
    refused = repo.run("apply", "--yes")
    assert refused.code == 5, refused.out + refused.err
    assert "Too many organization tags removed: 2 tags, the limit is 1" in refused.err
    config = (repo.root / "aft.yaml").read_text()
    repo.write("aft.yaml", config.replace("create: 25", "changes: {organization-tag.delte: 2}"))
    wrong = repo.run("validate")
    assert wrong.code == 3
    assert "AFT346" in wrong.out
    assert "organization-tag.delete" in wrong.out
    lifted = "allow: [{limit: craete, up_to: 9, reason: because, until: 2099-01-01}]"
    repo.write("aft.yaml", config.replace("create: 25", lifted))
    assert "AFT346 there is no limit 'craete' (did you mean 'create'?)" in repo.run("validate").out
    repo.write("aft.yaml", config.replace("create: 25", "changes: {organization-tag.delete: 2}"))
    repo.commit("Let two go")
    assert repo.run("apply", "--yes").code == 0
    assert repo.root_tags() == {}


def test_what_names_a_kind_that_is_not_installed_is_refused_by_name(repo: Installed) -> None:
    repo.organization("\norganization_tags: {cost-center: '42'}\n")
    plan = str(repo.root.parent / "plan.json")
    assert repo.run("plan", "--out", plan).code == 0
    pinned = repo.run("apply", plan, "--yes", without=True)
    assert pinned.code == 1
    assert "organization-tag" in pinned.err
    assert repo.root_tags() == {}
    asked = repo.run("validate", without=True)
    assert "organization_tags" in asked.out
    repo.organization("")
    config = (repo.root / "aft.yaml").read_text()
    repo.write("aft.yaml", config.replace("create: 25", "changes: {organization-tag.delete: 2}"))
    assert "organization-tag.delete" in repo.run("validate", without=True).out


def test_without_it_the_ledger_and_the_snapshot_carry_it_through(repo: Installed) -> None:
    repo.request("shop")
    repo.organization("\norganization_tags: {cost-center: '42'}\n")
    assert repo.run("apply", "--yes", "--publish").code == 0
    text = ORGANIZATION
    repo.write("customizations/organization/organization.yaml", text)
    repo.request("shop", "tags: {team: shop}\n")
    repo.commit("Go on without it")
    assert repo.run("apply", "--yes", without=True).code == 0
    assert repo.run("plan", "--published", without=True).code == 0
    repo.organization("\norganization_tags: {cost-center: '42'}\n")
    again = repo.run("plan", "--detailed-exitcode")
    assert again.code == 0, again.out
    assert (
        "Tag the root cost-center=42"
        in repo.run("history", "organization-tag/cost-center", "--json").out
    )


def test_its_permissions_are_in_the_roles_of_a_new_repository(tmp_path: Path) -> None:
    repo = Installed(Repo.create(tmp_path / "new").root)
    repo.install()
    made = repo.run(
        "init",
        "--github",
        "acme/accounts",
        "--action",
        "acme/aft@" + "a" * 40,
        "--management-account",
        "123456789012",
    )
    assert made.code == 0, made.out + made.err
    roles = (repo.root / "iam/aft-roles.cfn.yaml").read_text()
    assert "TagTheRoot" in roles
    assert roles.count("ReadRootTags") == 3, "apply, plan and preview"
    schema = json.loads(repo.run("schema", "organization").out)
    assert "organization_tags" in schema["properties"]


@pytest.mark.parametrize(
    ("entry", "wrong"),
    [
        ("TakesAKey", "cannot have the key 'organizational_units'"),
        ("TakesALimit", "cannot have a limit 'move'"),
        ("TakesAnothersKey", "both have the key of organization.yaml 'organization_tags'"),
    ],
)
def test_what_is_taken_is_refused_by_name(repo: Installed, entry: str, wrong: str) -> None:
    assert repo.run("validate").code == 0
    repo.install(f"{ENTRIES}greedy = toys.greedy_kinds:{entry}\n")
    refused = repo.run("validate")
    assert refused.code == 1, refused.out
    assert wrong in refused.err
