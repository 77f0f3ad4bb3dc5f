"""A pull request cannot point the plan job elsewhere: who and where come from the base."""

from __future__ import annotations

from pathlib import Path

import pytest
from builders_repo import CONFIG, Repo

HOSTILE = """\
version: 1
home_region: us-east-1
limits: {create: 25}
roles: {management: "arn:aws:iam::999999999999:role/mine", member: Mine}
ledger: {branch: mine, remote: null}
worker: {branch: hostile}
terraform: {binary: /tmp/evil}
"""


@pytest.fixture(scope="module")
def vended(tmp_path_factory: pytest.TempPathFactory) -> Repo:
    repo = Repo.apart(tmp_path_factory.mktemp("saved"))
    repo.request("shop")
    repo.commit("Ask for a shop")
    repo.apply()
    repo.git("checkout", "-q", "-b", "hostile")
    repo.request("evil")
    repo.write("aft.yaml", HOSTILE)
    repo.commit("Just a small change")
    return repo


@pytest.fixture
def repo(vended: Repo, tmp_path: Path) -> Repo:
    return vended.copy(tmp_path)


def test_a_hostile_configuration_changes_nothing_but_is_told(repo: Repo) -> None:
    plan = repo.plan("--config-from", "main")
    (said,) = plan["attention"]
    assert said["code"] == "AFT720"
    assert said["target"] == "organization"
    for key in ("home_region", "roles.management", "roles.member", "ledger.branch", "worker"):
        assert key in said["message"]
    assert plan["ledger"] == repo.git("rev-parse", "aft/ledger-sandbox"), "the base's ledger"
    assert [change["target"] for change in plan["changes"] if change["target"] != "evil"] == []
    assert "9999" not in repo.aft("plan", "--config-from", "main", "--format", "markdown").out


def test_the_role_is_the_trusted_one(repo: Repo) -> None:
    """Without the option the plan goes where the pull request says."""
    result = repo.aft("plan")
    assert result.code == 1
    assert "arn:aws:iam::999999999999:role/mine" in result.err


def test_code_is_run_only_if_the_base_says_it_is_merged(repo: Repo) -> None:
    """`worker.branch` decides what counts as merged, so it is not the pull request's to say."""
    result = repo.aft("plan", "--terraform", "--config-from", "main")
    assert result.code == 1
    assert "not part of main" in result.err


def test_validate_warns_on_the_lines(repo: Repo) -> None:
    result = repo.aft("validate", "--config-from", "main", "--format", "json")
    assert result.code == 0
    found = {
        (item["line"], item["severity"], item["message"].split()[4])
        for item in result.data["findings"]
    }
    assert (4, "warning", "roles.management:") in found
    assert (2, "warning", "home_region:") in found


def test_what_accounts_shall_be_is_proposed_all_the_same(repo: Repo) -> None:
    repo.write("aft.yaml", CONFIG.replace("create: 25", "create: 0"))
    repo.commit("Only a limit")
    result = repo.aft("plan", "--config-from", "main")
    assert result.code == 5
    assert "AFT720" not in result.out


@pytest.mark.parametrize("content", ["roles: [", "home_region: nowhere\n", None])
def test_a_broken_one_is_findings_as_ever(repo: Repo, content: str | None) -> None:
    if content is None:
        repo.remove("aft.yaml")
    else:
        repo.write("aft.yaml", content)
    repo.commit("Break it")
    for verb in ("plan", "validate"):
        result = repo.aft(verb, "--config-from", "main")
        assert result.code == 3
        assert "aft.yaml" in result.out + result.err


def test_a_base_without_configuration_cannot_be_trusted(repo: Repo) -> None:
    repo.git("checkout", "-q", "main")
    repo.remove("aft.yaml")
    repo.commit("Lose it")
    repo.git("checkout", "-q", "hostile")
    result = repo.aft("plan", "--config-from", "main")
    assert result.code == 3
    assert "aft.yaml" in result.err
