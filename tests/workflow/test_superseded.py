"""An apply of a revision of which a later one was applied does nothing, and says so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from builders_live import with_remote
from builders_repo import Repo


def committed(repo: Repo, cost_center: str) -> str:
    repo.request("shop", f'tags: {{cost-center: "{cost_center}"}}\n')
    return repo.commit(f"Cost center {cost_center}")


def tag(repo: Repo) -> str:
    return str(dict(repo.accounts()["shop"].tags)["cost-center"])


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """Two revisions, of which the second was applied last."""
    repo = Repo.standard(tmp_path / "repo")
    repo.environ = {"AFT_SANDBOX_STATE": str(tmp_path / "organization")}
    committed(repo, "1")
    repo.apply()
    committed(repo, "2")
    repo.apply()
    return repo


def test_older_revision_is_superseded_and_older_says_that_it_is_meant(
    repo: Repo, tmp_path: Path
) -> None:
    log = repo.ledger_log()
    tip = repo.git("rev-parse", "HEAD")
    repo.git("checkout", "--quiet", "HEAD~1")
    report = tmp_path / "report"
    for more in (["--report", str(report)], ["--only", "shop"], ["--deep"], ["-r", tip + "~1"]):
        result = repo.aft("apply", "--yes", *more)
        assert result.code == 0, result.err
        assert "superseded: " in result.out
        assert tip[:10] in result.out
        assert "--older" in result.out
    assert "superseded" in (report / "comment.md").read_text()
    found = json.loads(repo.aft("apply", "--yes", "--json").out)
    assert (found["superseded_by"], found["accounts"]) == (tip, [])
    assert "superseded" in repo.aft("drift", "--repair", "--yes").out
    assert (tag(repo), repo.ledger_log()) == ("2", log)

    assert repo.aft("apply", "--yes", "--older").code == 0
    assert tag(repo) == "1"
    repo.git("checkout", "--quiet", "main")  # what was meant once is not meant permanently
    repo.apply()
    assert tag(repo) == "2"


def test_pinned_plan_of_an_older_revision_is_superseded(repo: Repo, tmp_path: Path) -> None:
    committed(repo, "3")
    plan = str(tmp_path / "plan.json")
    repo.aft("plan", "--out", plan)
    committed(repo, "4")
    repo.apply()
    repo.git("checkout", "--quiet", "HEAD~1")
    result = repo.aft("apply", plan, "--yes")
    assert (result.code, "superseded" in result.out) == (0, True), result.err
    assert tag(repo) == "4"


def test_revert_is_no_older_revision(repo: Repo) -> None:
    repo.git("-c", "user.name=x", "-c", "user.email=x@y", "revert", "--no-edit", "HEAD")
    repo.apply()
    assert tag(repo) == "1"


def test_same_revision_again_is_looked_at_again(repo: Repo) -> None:
    account = repo.accounts()["shop"]
    with repo.organizations() as client:
        client.tag_resource(
            ResourceId=account.id, Tags=[{"Key": "cost-center", "Value": "by hand"}]
        )
    repo.apply()
    assert tag(repo) == "2"


def test_history_that_was_rewritten_supersedes_nothing(repo: Repo) -> None:
    repo.git("reset", "--quiet", "--hard", "HEAD~1")
    committed(repo, "5")
    repo.apply()
    assert tag(repo) == "5"


def test_what_was_pushed_and_applied_after_the_clone_was_made_supersedes_it(
    repo: Repo, tmp_path: Path
) -> None:
    """A job checks the branch out; then another one pushes, and applies what it pushed."""
    with_remote(repo, tmp_path / "remote.git")
    repo.git("push", "--quiet", "origin", "main")
    late = Repo(tmp_path / "late", repo.environ)
    repo.git("clone", "--quiet", str(tmp_path / "remote.git"), str(late.root))
    committed(repo, "6")
    repo.git("push", "--quiet", "origin", "main")
    repo.apply()
    late.git("fetch", "--quiet", str(repo.root), "aft/ledger-sandbox:aft/ledger-sandbox")
    result = late.aft("apply", "--yes")
    assert (result.code, "superseded" in result.out) == (0, True), result.out + result.err
    assert tag(repo) == "6"


def test_own_branch_that_someone_applied_holds_up_no_run_of_main(
    repo: Repo, tmp_path: Path
) -> None:
    with_remote(repo, tmp_path / "remote.git")
    repo.git("push", "--quiet", "origin", "main")
    repo.git("checkout", "--quiet", "-b", "topic")
    committed(repo, "7")
    repo.apply()
    repo.git("checkout", "--quiet", "main")
    repo.apply()
    assert tag(repo) == "2"
