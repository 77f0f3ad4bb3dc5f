"""``--changed-since`` and ``--only``: few requests are looked at, by few reads, and nothing is
concluded from what was not read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from builders_repo import ORGANIZATION, Repo

from aft.sandbox import AccountSpec


@pytest.fixture(scope="module")
def morning(tmp_path_factory: pytest.TempPathFactory) -> Repo:
    """Three accounts, applied; each test works on a copy."""
    root = tmp_path_factory.mktemp("morning")
    repo = Repo.standard(root / "repo")
    repo.environ["AFT_SANDBOX_STATE"] = str(root / "organization")
    repo.write(
        "customizations/baselines/standard.yaml",
        "select: {organizational_units: [Workloads, Sandbox]}\n"
        "settings:\n  - setting: ssm-metadata\n",
    )
    repo.write("account-requests/teams/_defaults.yaml", "tags: {unit: research}\n")
    repo.request("shop")
    repo.write(
        "account-requests/teams/lab.yaml", "name: lab\nemail: aws+lab@example.com\nou: Sandbox\n"
    )
    repo.request("bank", ou="Workloads/Prod")
    repo.commit("Ask for three")
    repo.apply()
    repo.git("tag", "before")
    return repo


@pytest.fixture
def repo(morning: Repo, tmp_path: Path) -> Repo:
    return morning.copy(tmp_path)


def test_rerun_where_there_is_no_customization_says_so(repo: Repo) -> None:
    refused = repo.aft("plan", "--rerun", "web")
    assert refused.code == 1
    assert "there is no customization or step 'web'" in refused.err
    assert "hint: the repository has no customizations" in refused.err


def scoped(repo: Repo, *more: str) -> list[str]:
    """The ids of the changes of a plan limited to what changed since the tag."""
    return [change["id"] for change in repo.plan("--changed-since", "before", *more)["changes"]]


def test_an_edit_is_planned_and_no_other_account_is(repo: Repo) -> None:
    bank = repo.accounts()["bank"].id
    with repo.organizations() as client:  # drift elsewhere, which a limited plan does not see
        client.untag_resource(ResourceId=bank, TagKeys=["aft:request"])
    repo.request("shop", "tags: {team: shop}\n", ou="Workloads/Prod")
    repo.commit("Promote the shop")
    assert scoped(repo) == [
        "account/shop/move-account/ou",
        "account/shop/update-account/tags",
        "account/shop/update-setting/ssm-metadata",
    ]
    assert repo.plan("--changed-since", "before")["scope"] == ["shop"]
    assert repo.aft("plan", "--changed-since", "before").last_line == (
        "Plan: 0 to create, 1 to change, 1 to move, 0 to close. 1 of 1 account affected."
    )
    assert repo.aft("apply", "--yes", "--changed-since", "before").code == 0
    assert str(repo.accounts()["shop"].ou) == "Workloads/Prod"
    assert repo.changes() == ["account/bank/update-account/tags"]


def test_a_new_request(repo: Repo) -> None:
    repo.request("new", ou="Workloads/Prod")
    repo.commit("Ask for another")
    assert scoped(repo) == ["account/new/create-account", "account/new/update-setting/ssm-metadata"]
    assert repo.aft("apply", "--yes", "--changed-since", "before").code == 0
    assert str(repo.accounts()["new"].ou) == "Workloads/Prod"
    assert repo.changes() == []


def test_a_moved_file_changes_nothing(repo: Repo) -> None:
    repo.write(
        "account-requests/money/bank.yaml", (repo.root / "account-requests/bank.yaml").read_text()
    )
    repo.remove("account-requests/bank.yaml")
    repo.commit("Sort the bank")
    assert scoped(repo) == []
    result = repo.aft("plan", "--changed-since", "before")
    assert result.last_line.startswith("No changes.")


def test_a_removed_file_makes_it_a_full_plan_and_that_is_said(repo: Repo) -> None:
    """Whoever reviews the removal has to see that the account will be forgotten."""
    repo.remove("account-requests/bank.yaml")
    repo.commit("The bank leaves")
    result = repo.aft("plan", "--changed-since", "before")
    assert "a request's file is gone, so this is a full plan" in result.err
    assert scoped(repo) == ["account/bank/release-account"]


def test_a_removed_file_is_left_alone_by_a_plan_of_that_request(repo: Repo) -> None:
    repo.remove("account-requests/bank.yaml")
    repo.commit("The bank leaves")
    result = repo.aft("plan", "--only-ou", "Sandbox")
    assert result.code == 0, result.err
    assert "forget" not in result.out


def test_a_request_with_a_new_id_keeps_its_account(repo: Repo) -> None:
    before = repo.accounts()["bank"].id
    repo.write(
        "account-requests/treasury.yaml",
        (repo.root / "account-requests/bank.yaml").read_text() + "previously: bank\n",
    )
    repo.remove("account-requests/bank.yaml")
    repo.commit("Call it treasury")
    changes = scoped(repo)
    assert changes[0] == "account/treasury/update-account/request"
    assert not [change for change in changes if "create-account" in change]
    assert repo.aft("apply", "--yes", "--changed-since", "before").code == 0
    accounts = repo.accounts()
    assert accounts["bank"].id == before
    assert accounts["bank"].tags["aft:request"] == "treasury"
    assert repo.changes() == []


def test_defaults_reach_the_requests_below_them(repo: Repo) -> None:
    repo.write("account-requests/teams/_defaults.yaml", "tags: {unit: science}\n")
    repo.commit("Another unit")
    assert scoped(repo) == ["account/lab/update-account/tags"]
    repo.write("account-requests/_defaults.yaml", "tags: {company: acme}\n")
    repo.commit("Defaults for all")
    assert repo.plan("--changed-since", "before")["scope"] == ["bank", "lab", "shop"]
    assert {change.split("/")[1] for change in scoped(repo)} == {"bank", "lab", "shop"}


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("aft.yaml", "version: 1\nhome_region: eu-central-1\nlimits: {create: 9}\n"),
        ("customizations/organization/organization.yaml", ORGANIZATION + "  - name: Extra\n"),
        ("customizations/global/10-x.py", "def customize(context):\n    return {}\n"),
    ],
    ids=["configuration", "OU tree", "customization"],
)
def test_what_reaches_everybody_makes_it_a_full_plan(repo: Repo, path: str, text: str) -> None:
    repo.write(path, text)
    repo.request("shop", "tags: {team: shop}\n")
    repo.commit("Change something for all")
    result = repo.aft("plan", "--changed-since", "before", "--format", "json")
    assert "this is a full plan" in result.err
    assert result.data["scope"] is None
    assert "account/shop/update-account/tags" in [change["id"] for change in result.data["changes"]]


def test_it_reads_a_handful_however_large_the_organization(repo: Repo) -> None:
    with repo.sandbox() as sandbox:
        sandbox.seed_accounts(
            AccountSpec(name=f"old-{n}", email=f"old-{n}@example.com", ou=f"Legacy/{n % 7}")
            for n in range(150)
        )
    repo.request("shop", "tags: {team: shop}\n")
    repo.commit("Label the shop")
    result = repo.aft("-v", "plan", "--changed-since", "before")
    calls = next(line for line in result.err.splitlines() if line.endswith(" AWS calls"))
    assert int(calls.split()[0]) <= 10


def test_nothing_changed_reads_no_account(repo: Repo) -> None:
    repo.write("README.md", "Hello\n")
    repo.commit("Say hello")
    result = repo.aft("-v", "plan", "--changed-since", "before")
    assert result.code == 0
    assert result.last_line.startswith("No changes.")
    calls = next(line for line in result.err.splitlines() if line.endswith(" AWS calls"))
    assert int(calls.split()[0]) <= 4


def test_only_names_requests(repo: Repo) -> None:
    repo.request("shop", "tags: {team: shop}\n")
    repo.request("bank", "tags: {team: bank}\n", ou="Workloads/Prod")
    repo.commit("Label two")
    changes = [change["id"] for change in repo.plan("--only", "bank")["changes"]]
    assert changes == ["account/bank/update-account/tags"]
    assert repo.aft("apply", "--yes", "--only", "bank").code == 0
    assert repo.changes() == ["account/shop/update-account/tags"]

    missing = repo.aft("plan", "--only", "bnak")
    assert missing.code == 1
    assert "there is no request 'bnak'" in missing.err
    assert "bank" in missing.err
    both = repo.aft("plan", "--only", "bank", "--changed-since", "before")
    assert both.code == 1
    assert "excludes --only" in both.err


ODD_UNITS = ("R&D / Labs", " Padded ", "a/b/c/d/e/f")


@pytest.mark.parametrize("name", ODD_UNITS)
def test_an_ou_by_its_id_is_found_by_a_limited_plan_whatever_it_is_called(
    repo: Repo, name: str
) -> None:
    with repo.organizations() as client:
        root = client.list_roots()["Roots"][0]["Id"]
        made = client.create_organizational_unit(ParentId=root, Name="Research")
        top = made["OrganizationalUnit"]["Id"]
        made = client.create_organizational_unit(ParentId=top, Name=name)
        unit_id = made["OrganizationalUnit"]["Id"]
    repo.request("new", ou=unit_id)
    repo.request("shop", ou=unit_id)
    repo.commit("Use an OU by its id")
    full = [change["id"] for change in repo.plan()["changes"]]
    assert {"account/new/create-account", "account/shop/move-account/ou"} <= {*full}
    assert scoped(repo) == full
    assert [item["id"] for item in repo.plan("--only", "new", "--only", "shop")["changes"]] == full
    applied = repo.aft("apply", "--yes", "--changed-since", "before")
    assert applied.code == 0, applied.out + applied.err
    accounts = repo.accounts()
    assert {str(accounts[found].parent_id) for found in ("new", "shop")} == {unit_id}
    assert accounts["new"].ou.names == ("Research", name)
    for words in ("plan --detailed-exitcode", "drift", "status", "explain new --live"):
        looked = repo.aft(*words.split())
        assert (looked.code, looked.err) == (0, "")


def test_an_id_that_no_ou_has_is_said_by_a_limited_plan(repo: Repo) -> None:
    repo.request("shop", ou="ou-abcd-12345678")
    repo.commit("Use an id that is not there")
    (doubt,) = repo.plan("--changed-since", "before")["attention"]
    assert (doubt["code"], doubt["target"]) == ("AFT909", "shop")


def test_a_dependent_outside_the_scope_is_not_needed_inside_it(repo: Repo) -> None:
    repo.request("first", ou="Sandbox")
    repo.request("second", "depends_on: [first]\n", ou="Sandbox")
    repo.commit("Ask for two in a row")
    result = repo.aft("plan", "--only", "second", "--format", "json")
    assert result.data["changes"] == []
    assert "first" in result.data["attention"][0]["message"]
    assert repo.aft("apply", "--yes", "--only", "first").code == 0
    assert repo.aft("apply", "--yes", "--only", "second").code == 0
    assert {"first", "second"} <= set(repo.accounts())


def test_a_pinned_limited_plan_is_applied_in_its_own_scope(repo: Repo, tmp_path: Path) -> None:
    repo.request("shop", "tags: {team: shop}\n")
    repo.commit("Label the shop")
    path = tmp_path / "plan.json"
    assert repo.aft("plan", "--changed-since", "before", "--out", str(path)).code == 0
    assert json.loads(path.read_text())["scope"] == ["shop"]
    bank = repo.accounts()["bank"].id
    with repo.organizations() as client:  # elsewhere: none of this plan's business
        client.tag_resource(ResourceId=bank, Tags=[{"Key": "by", "Value": "hand"}])
    result = repo.aft("apply", str(path), "--yes")
    assert result.code == 0, result.out + result.err
    assert repo.accounts()["shop"].tags["team"] == "shop"


@pytest.mark.parametrize("revision", ["nowhere", "HEAD~99"])
def test_a_revision_that_is_not_there(repo: Repo, revision: str) -> None:
    result = repo.aft("plan", "--changed-since", revision)
    assert result.code == 1
    assert revision in result.err
    assert "Traceback" not in result.err
