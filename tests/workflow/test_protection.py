"""What is protected stays as it was applied: where the account is, and what is set up in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from builders_repo import BASELINE, ORGANIZATION, Repo

from aft.app.local_paths import STATE_VARIABLE

WEAK = """\
description: For experiments
select: {organizational_units: [Sandbox]}
settings:
  - setting: iam-password-policy
    parameters: {minimum_length: 8}
  - setting: ssm-metadata
"""
STRICT = BASELINE.replace("[Workloads, Sandbox]", "[Workloads]").replace(
    "  - setting: iam-password-policy\n",
    "  - setting: iam-password-policy\n    parameters: {minimum_length: 20}\n",
)
PROTECTED = "protect: {reason: Holds the books, by: ada, until: 2999-12-31}\n"
VAULT = "account-requests/vault.yaml"


@pytest.fixture(scope="module")
def vended(tmp_path_factory: pytest.TempPathFactory) -> Repo:
    folder = tmp_path_factory.mktemp("protection")
    repo = Repo.create(folder / "repo")
    repo.environ = {STATE_VARIABLE: str(folder / "organization")}
    repo.write("aft.yaml", "version: 1\nhome_region: eu-central-1\n")
    repo.write("customizations/organization/organization.yaml", ORGANIZATION)
    repo.write("customizations/baselines/standard.yaml", STRICT)
    repo.write("customizations/baselines/weak.yaml", WEAK)
    repo.request("vault", PROTECTED, ou="Workloads/Prod")
    repo.commit("Ask for the vault")
    repo.apply()
    return repo


@pytest.fixture
def repo(vended: Repo, tmp_path: Path) -> Repo:
    return vended.copy(tmp_path)


def move(repo: Repo, ou: str) -> None:
    """The vault, manually."""
    with repo.organizations() as client:
        root = client.list_roots()["Roots"][0]["Id"]
        (account,) = (it for it in client.list_accounts()["Accounts"] if it["Name"] == "vault")
        here = client.list_parents(ChildId=account["Id"])["Parents"][0]["Id"]
        there = root
        for name in ou.split("/"):
            units = client.list_organizational_units_for_parent(ParentId=there)
            found = {it["Name"]: it["Id"] for it in units["OrganizationalUnits"]}
            there = found[name]
        client.move_account(AccountId=account["Id"], SourceParentId=here, DestinationParentId=there)


def minimum_length(repo: Repo) -> int:
    with repo.inside("vault") as client:
        policy = client("iam").get_account_password_policy()["PasswordPolicy"]
        return int(policy["MinimumPasswordLength"])


def parameter(repo: Repo, name: str) -> str:
    with repo.inside("vault") as client:
        found = client("ssm").get_parameter(Name=f"/aft/account/{name}")
        return str(found["Parameter"]["Value"])


def where(repo: Repo) -> str:
    return str(repo.accounts()["vault"].ou)


def changes(plan: Any) -> list[tuple[str, str]]:
    return [(item["id"].removeprefix("account/vault/"), item["risk"]) for item in plan["changes"]]


def codes(plan: Any) -> list[str]:
    return [item["code"] for item in plan["attention"]]


def report(repo: Repo, folder: Path) -> Path:
    """What a reviewer of the plan has seen."""
    assert repo.aft("plan", "--report", str(folder)).code == 0
    return folder / "reviewed.json"


def test_a_protected_account_moved_manually_is_drift_and_gets_nothing_weaker(
    repo: Repo, tmp_path: Path
) -> None:
    nothing = report(repo, tmp_path / "before")
    move(repo, "Sandbox")
    result = repo.aft("drift", "--report", str(tmp_path))
    assert result.code == 2
    assert result.last_line == "Drift: 1 thing changed outside git in 1 account."
    assert "was moved from Workloads/Prod to Sandbox" in (tmp_path / "issue.md").read_text()
    repo.aft("apply", "--yes", "--reviewed", str(nothing))
    assert (minimum_length(repo), parameter(repo, "ou"), where(repo)) == (
        20,
        "Workloads/Prod",
        "Sandbox",
    )
    with repo.inside("vault") as client:
        client("iam").update_account_password_policy(MinimumPasswordLength=8)
    assert repo.aft("drift", "--repair", "--yes").code == 2, "the account stays where it is"
    assert minimum_length(repo) == 20
    repo.request("vault", ou="Workloads/Prod")
    repo.commit("Protect it no longer")
    assert repo.aft("drift").code == 2, "that is not applied yet"
    move(repo, "Workloads/Prod")
    repo.request("vault", PROTECTED, ou="Workloads/Prod")
    repo.commit("Protect it still")
    assert repo.aft("drift").code == 0
    assert repo.plan()["confirmations"] == []


def test_a_protection_is_released_and_used_in_two_reviewed_steps(
    repo: Repo, tmp_path: Path
) -> None:
    repo.request("vault", PROTECTED, ou="Sandbox")
    repo.commit("Move it, although it is protected")
    plan = repo.plan()
    assert (changes(plan), codes(plan)) == ([], ["AFT906"])
    repo.aft("apply", "--yes")
    assert (where(repo), minimum_length(repo)) == ("Workloads/Prod", 20)
    assert repo.aft("drift").code == 2, "it is not where git wants it"

    repo.request("vault", ou="Sandbox")
    repo.commit("Take the protection off, and move it")
    plan = repo.plan()
    assert (changes(plan), codes(plan)) == ([("update-account/protect", "unprotect")], ["AFT906"])
    first = report(repo, tmp_path / "first")
    repo.aft("apply", "--yes", "--reviewed", str(first))
    assert where(repo) == "Workloads/Prod"
    assert "Release the protection of vault" in repo.ledger_log("--format=%s")

    repo.aft("apply", "--yes", "--reviewed", str(first))
    assert (where(repo), minimum_length(repo)) == ("Workloads/Prod", 20), "not reviewed since"
    second = report(repo, tmp_path / "second")
    assert repo.aft("apply", "--yes", "--reviewed", str(second)).code == 0
    assert (where(repo), minimum_length(repo)) == ("Sandbox", 8)


def test_the_file_of_a_protected_account_cannot_be_removed(repo: Repo) -> None:
    repo.request("lab")
    repo.commit("Ask for another")
    repo.apply()
    repo.remove(VAULT)
    repo.commit("Remove the vault's request")
    plan = repo.plan()
    assert (changes(plan), codes(plan)) == ([], ["AFT961"])
    assert (
        "protected (Holds the books, by ada, until 2999-12-31)" in plan["attention"][0]["message"]
    )
    repo.aft("apply", "--yes")
    assert repo.accounts()["vault"].tags["aft:request"] == "vault"
    repo.request("vault", ou="Workloads/Prod")
    repo.commit("Take the protection off first")
    repo.apply()
    repo.remove(VAULT)
    repo.commit("Now remove it")
    assert changes(repo.plan()) == [("release-account", "forget")]
    repo.apply()
    assert "aft:request" not in repo.accounts()["vault"].tags


def test_a_missing_folder_never_means_that_requests_were_removed(repo: Repo) -> None:
    repo.request("lab")
    repo.commit("Ask for another")
    repo.apply()
    repo.git("mv", "account-requests", "accounts")
    repo.commit("Another name for the folder")
    plan = repo.plan()
    assert (changes(plan), codes(plan)) == ([], ["AFT963", "AFT963"])
    repo.aft("apply", "--yes")
    assert repo.accounts()["lab"].tags["aft:request"] == "lab"


def test_the_address_that_an_account_has_is_passed_on(repo: Repo) -> None:
    text = (repo.root / VAULT).read_text().replace("aws+vault@", "other@")
    repo.write(VAULT, text)
    repo.commit("Another address")
    plan = repo.plan("--deep")
    assert (changes(plan), codes(plan)) == ([], ["AFT908"])
    assert parameter(repo, "email") == "aws+vault@example.com"


def test_the_ledger_says_what_protects_an_account(repo: Repo) -> None:
    state = json.loads(repo.git("show", f"aft/ledger-sandbox:{state_path(repo)}"))
    about = state["done"]["account/protect"]["about"]
    assert about | {"ou": ""} == {
        "state": "protected",
        "ou": "",
        "reason": "Holds the books",
        "by": "ada",
        "until": "2999-12-31",
    }
    assert about["ou"].startswith("ou-")


def state_path(repo: Repo) -> str:
    names = repo.git("ls-tree", "-r", "--name-only", "aft/ledger-sandbox").splitlines()
    return next(name for name in names if name.endswith("/vault/state.json"))
