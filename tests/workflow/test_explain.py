"""``aft explain``: offline from files and ledger, with AWS only when asked."""

from __future__ import annotations

from pathlib import Path

import pytest
from builders_repo import BASELINE, STACK, Repo


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo.standard(tmp_path / "repo")
    repo.write("customizations/global/10-news.cfn.yaml", STACK)
    repo.write("account-requests/_defaults.yaml", "tags: {team: platform, stage: any}\n")
    repo.request("shop-dev", "tags: {team: shop}\ncustom_fields: {tier: gold}\n")
    repo.commit("Ask for the shop's account")
    return repo


def test_every_value_of_a_vended_account_leads_to_a_line(repo: Repo) -> None:
    repo.apply()
    result = repo.aft("explain", "shop-dev", "--json")
    assert result.code == 0, result.err
    found = {item["name"]: item for item in result.data["fields"]}
    assert found["tags.team"]["value"] == "shop"
    assert found["tags.team"]["origin"]["path"] == "account-requests/shop-dev.yaml"
    assert found["tags.team"]["over"][0]["path"] == "account-requests/_defaults.yaml"
    assert found["tags.stage"]["origin"]["kind"] == "defaults"
    for item in found.values():
        origin = item["origin"]
        if origin["path"] is not None:
            line = (repo.root / origin["path"]).read_text().splitlines()[origin["line"] - 1]
            assert item["name"].rpartition(".")[2] in line
    assert result.data["account_id"] == repo.accounts()["shop-dev"].id
    settings = {item["name"]: item for item in result.data["settings"]}
    assert settings["ssm-metadata"]["published"][0]["name"].endswith("/custom-fields/tier")
    assert all(item["applied_at"] for item in settings.values())


def test_it_needs_no_credentials_and_no_account(repo: Repo) -> None:
    result = repo.aft("explain", "shop-dev", sandbox=False)
    assert result.code == 0, result.err
    assert result.out.startswith("shop-dev  no account yet  Workloads/Dev\n")
    assert "apply creates it" in result.out
    assert max(map(len, result.out.splitlines())) <= 80


def test_live_adds_the_ids_that_only_aws_knows(repo: Repo) -> None:
    repo.apply()
    result = repo.aft("explain", "shop-dev", "--live", "--json")
    place = {item["name"]: item["value"] for item in result.data["place"]}
    assert place["OU id"] == repo.accounts()["shop-dev"].parent_id
    assert place["account state"] == "ACTIVE"
    settings = {item["name"]: item for item in result.data["settings"]}
    assert {item["now"] == [] for item in settings.values()} == {True}

    with repo.inside("shop-dev") as client:
        client("iam").update_account_password_policy(MinimumPasswordLength=8)
    asked = ("explain", "shop-dev", "iam-password-policy", "account-alias")
    assert "is 8" not in repo.aft(*asked).out, "only AWS knows"
    page = " ".join(repo.aft(*asked, "--live").out.split())
    assert "minimum length is 8, should be 14 AWS: now" in page
    assert ", and is so now" in page


def test_what_a_setting_left_behind_is_known_after_it_was_forgotten(repo: Repo) -> None:
    repo.apply()
    path = "customizations/baselines/standard.yaml"
    repo.write(path, BASELINE.replace("  - setting: iam-password-policy\n", ""))
    repo.commit("Without a password policy")
    repo.apply()
    assert repo.changes() == []
    (left,) = repo.aft("explain", "shop-dev", "--json").data["left_behind"]
    assert left["name"] == "iam-password-policy"
    assert left["forgotten_at"]
    page = " ".join(repo.aft("explain", "shop-dev").out.split())
    assert "No longer in the baseline" in page
    assert "what it set stays" in page
    repo.write(path, BASELINE)
    repo.commit("With it again")
    repo.apply()
    assert repo.aft("explain", "shop-dev", "--json").data["left_behind"] == []


def test_files_on_disk_can_be_explained_before_they_are_committed(repo: Repo) -> None:
    repo.request("shop-dev", "baseline: standard\n", ou="Workloads/Prod")
    assert "Workloads/Dev" in repo.aft("explain", "shop-dev").out
    assert "Workloads/Prod" in repo.aft("explain", "shop-dev", "--working-tree").out


def test_names_choose_a_part_and_mistakes_get_a_suggestion(repo: Repo) -> None:
    part = repo.aft("explain", "shop-dev", "tags", "account-alias")
    assert "tags.team" in part.out
    assert "acme-shop-dev" in part.out
    assert "iam-password-policy" not in part.out
    unknown = repo.aft("explain", "shop-dve")
    assert unknown.code == 1
    assert "did you mean 'shop-dev'?" in unknown.err
    assert "did you mean 'tags.team'?" in repo.aft("explain", "shop-dev", "tags.taem").err


def test_a_repository_with_findings_shows_them_instead(repo: Repo) -> None:
    repo.request("shop-dev", "regions: [mars-1]\n")
    repo.commit("Misspell a region")
    result = repo.aft("explain", "shop-dev")
    assert result.code == 3
    assert "account-requests/shop-dev.yaml:4" in result.err
