"""A plan without AWS, against the organization as it was last published."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from builders_repo import Repo


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Repo:
    repo = Repo.apart(tmp_path_factory.mktemp("saved"))
    repo.request("shop")
    repo.request("lab", ou="Sandbox")
    repo.commit("Ask for two")
    return repo


@pytest.fixture
def repo(asked: Repo, tmp_path: Path) -> Repo:
    return asked.copy(tmp_path)


@pytest.fixture(scope="module")
def saved(asked: Repo, tmp_path_factory: pytest.TempPathFactory) -> Repo:
    repo = asked.copy(tmp_path_factory.mktemp("published"))
    result = repo.aft("apply", "--yes", "--publish")
    assert result.code == 0, result.out + result.err
    return repo


@pytest.fixture
def told(saved: Repo, tmp_path: Path) -> Repo:
    """What was vended, and published."""
    return saved.copy(tmp_path)


def published(repo: Repo) -> str:
    return repo.git("rev-parse", "--verify", "-q", "aft/ledger-sandbox:snapshot/index.json")


def offline(repo: Repo) -> None:
    """Nobody can look at the organization any more."""
    repo.state_file.unlink()


def test_published_at_the_end_of_a_run_and_planned_against(told: Repo) -> None:
    told.request("shop", "tags: {team: shop}\n", ou="Workloads/Prod")
    told.request("new")
    told.commit("Promote the shop, ask for one more")
    live = told.plan()
    offline(told)
    plan = told.plan("--published")
    assert [change["id"] for change in plan["changes"]] == [
        change["id"] for change in live["changes"]
    ]
    assert plan["fingerprints"] == live["fingerprints"]
    assert plan["ledger"] == live["ledger"]
    assert not told.state_file.exists(), "the organization was not even opened"


def test_what_is_published_is_the_world_after_the_run(told: Repo) -> None:
    offline(told)
    result = told.aft("plan", "--published")
    assert result.code == 0
    assert result.last_line.startswith("No changes. 2 accounts match")


def test_also_when_there_was_nothing_to_do_and_only_when_it_changed(repo: Repo) -> None:
    repo.apply()
    with pytest.raises(AssertionError):
        published(repo)
    assert repo.aft("apply", "--yes", "--publish").code == 0
    first = published(repo)
    before = repo.git("rev-parse", "aft/ledger-sandbox")
    assert repo.aft("apply", "--yes", "--publish").code == 0
    assert published(repo) == first
    assert repo.git("rev-parse", "aft/ledger-sandbox") == before


def test_publishing_leaves_a_pinned_plan_valid(repo: Repo, tmp_path: Path) -> None:
    path = str(tmp_path / "plan.json")
    assert repo.aft("plan", "--out", path).code == 0
    assert repo.aft("apply", "--only", "none-such", "--yes", "--publish").code == 1
    repo.aft("drift", "--publish")
    assert repo.aft("apply", path, "--yes").code == 0


def test_the_text_and_the_comment_say_how_old_it_is(told: Repo) -> None:
    read_at = json.loads(told.git("show", "aft/ledger-sandbox:snapshot/index.json"))["read_at"]
    when = read_at[:16].replace("T", " ")
    for arguments in (("plan", "--published"), ("plan", "--published", "--format", "markdown")):
        said = " ".join(told.aft(*arguments).out.split())
        assert "Planned without credentials" in said
        assert "Nothing inside accounts was read" in said
        assert when in said.replace("\\", "")
    assert "Planned without" not in told.aft("plan").out


def test_settings_are_planned_by_what_the_ledger_says(told: Repo) -> None:
    baseline = (told.root / "customizations/baselines/standard.yaml").read_text()
    told.write("customizations/baselines/standard.yaml", baseline.replace("acme-", "corp-"))
    told.commit("Other aliases")
    offline(told)
    changes = told.plan("--published")["changes"]
    assert [change["id"] for change in changes] == [
        "account/lab/update-setting/account-alias",
        "account/shop/update-setting/account-alias",
    ]
    assert all(change["details"] == [] for change in changes)


def test_a_scoped_plan_is_the_one_a_scoped_read_gives(told: Repo, tmp_path: Path) -> None:
    told.request("shop", ou="Workloads/Prod")
    told.commit("Promote the shop")
    path = tmp_path / "plan.json"
    plan = told.aft("plan", "--published", "--changed-since", "HEAD^", "--out", str(path))
    assert plan.code == 0
    live = told.plan("--changed-since", "HEAD^")
    assert json.loads(path.read_text())["fingerprints"] == live["fingerprints"]
    assert told.aft("apply", str(path), "--yes").code == 0
    assert str(told.accounts()["shop"].ou) == "Workloads/Prod"


def test_a_plan_against_a_world_that_moved_is_refused(told: Repo, tmp_path: Path) -> None:
    shop = told.accounts()["shop"]
    with told.organizations() as client:
        client.tag_resource(ResourceId=shop.id, Tags=[{"Key": "by", "Value": "hand"}])
    told.request("shop", ou="Workloads/Prod")
    told.commit("Promote the shop")
    path = str(tmp_path / "plan.json")
    assert told.aft("plan", "--published", "--out", path).code == 0
    result = told.aft("apply", path, "--yes")
    assert result.code == 5
    assert "shop" in result.err
    assert str(told.accounts()["shop"].ou) == "Workloads/Dev"


def test_nothing_published_yet(repo: Repo) -> None:
    result = repo.aft("plan", "--published")
    assert result.code == 1
    assert "aft/ledger-sandbox" in result.err
    assert "--publish" in result.err


@pytest.mark.parametrize("option", ["--deep", "--terraform"])
def test_what_reads_accounts_excludes_it(repo: Repo, option: str) -> None:
    assert repo.aft("plan", "--published", option).code == 1


def test_from_the_remote_without_credentials(repo: Repo, tmp_path: Path) -> None:
    """A clone that never saw the ledger's branch, and AWS nowhere."""
    assert repo.aft("apply", "--yes", "--publish").code == 0
    repo.git("branch", "aft/ledger", "aft/ledger-sandbox")
    Repo.create(tmp_path / "fork")
    fork = Repo(tmp_path / "fork")
    fork.git("remote", "add", "origin", str(repo.root))
    fork.git("fetch", "-q", "origin", "main")
    fork.git("reset", "-q", "--hard", "FETCH_HEAD")
    fork.write("account-requests/new.yaml", "name: new\nemail: new@acme.net\nou: Sandbox\n")
    fork.commit("Ask for one more")
    result = fork.aft("plan", "--published", sandbox=False)
    assert result.code == 0, result.err
    assert result.last_line.startswith("Plan: 1 to create")


def test_real_accounts_get_no_address_of_an_example(repo: Repo) -> None:
    """Followed to the letter, a guide with example.com must not make an account no one can
    enter."""
    real = Repo(repo.root, dict(repo.environ))
    assert "AFT347" not in repo.aft("validate").out
    said = real.aft("validate", sandbox=False)
    assert said.code == 0
    assert "aws+shop@example.com: example.com is reserved for examples" in said.out
    served = {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566"}
    assert "AFT347" not in Repo(repo.root, served).aft("validate", sandbox=False).out
    elsewhere = {"AWS_ENDPOINT_URL": "https://aws.proxy.net"}
    assert "AFT347" in Repo(repo.root, elsewhere).aft("validate", sandbox=False).out

    ours = "name: real\nemail: aws+real@acme.net\nou: Sandbox\n"
    repo.write("account-requests/real.yaml", ours)
    repo.commit("Ask for one more, with an address of ours")
    assert repo.aft("apply", "--yes", "--publish", "--only", "lab").code == 0
    repo.git("branch", "aft/ledger", "aft/ledger-sandbox")
    said = real.aft("plan", "--published", "--format", "json", sandbox=False)
    assert said.code == 0, said.err
    plan = said.data
    assert {item["target"] for item in plan["changes"]} == {"organization", "real"}
    text = real.aft("plan", "--published", sandbox=False).out
    assert "2 accounts held back" in text
    assert "AFT347" in text, text
