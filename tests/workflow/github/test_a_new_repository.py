"""What ``aft init --github`` writes is the whole flow: pushed as it is, it vends."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from builders_github import MANAGEMENT, PROJECT, Team, request
from builders_repo import Repo
from github_server import GitHubServer

MakeTeam = Callable[..., Team]
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def test_what_init_writes_plans_and_applies(make_team: MakeTeam, tmp_path: Path) -> None:
    """In a repository of today: its tokens name it by its ids too."""
    repo = Repo.create(tmp_path / "new")
    with GitHubServer("acme/accounts") as github:
        token = github.token({"actions": "read"}, login="ada")
        repo.environ.update(GITHUB_API_URL=github.url, GITHUB_TOKEN=token)
        made = repo.aft(
            *("init", "--github", "acme/accounts", "--action", f"acme/aft@{COMMIT}"),
            *("--management-account", MANAGEMENT, "--domain", "acme.net"),
        )
    assert made.code == 0, made.err
    files = {
        str(path.relative_to(repo.root)): path.read_bytes()
        for path in repo.root.rglob("*")
        if path.is_file() and ".git" not in path.relative_to(repo.root).parts
    }
    team = make_team(files)
    team.hub.elsewhere[f"acme/aft@{COMMIT}"] = PROJECT
    (run,) = team.hub.push("main")
    assert run.conclusion == "success", run.text
    assert team.hub.terraforms == []
    team.hub.vars["AFT_TERRAFORM_VERSION"] = "1.9.8"
    aws = team.hub.aws
    assert aws is not None
    assert list(aws.organization.accounts()) == [], "no sample is vended"

    pull, run = team.open("shop", request("shop", "Sandbox"))
    assert run.conclusion == "success", run.text
    assert all(line.endswith(str(PROJECT)) for line in team.hub.toolchain.installations)
    run = team.merge(pull)
    assert run.conclusion == "success", run.text
    assert team.hub.terraforms == ["1.9.8"], "where steps run, and not where pull requests are read"
    assert set(aws.organization.accounts()) == {"shop"}
    (run,) = team.hub.schedule("drift.yml")
    assert run.conclusion == "success", run.text
    assert "No drift." in run.text
    assert "unread" not in run.text, "the reader role may read all there is"
