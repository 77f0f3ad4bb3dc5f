"""The page docs/how-to/github.md, played from an empty folder to the first vended account: what
``aft init --github`` writes is the whole flow."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import Path

from builders_github import MANAGEMENT, PROJECT, Team
from builders_repo import Repo
from github_server import GitHubServer

MakeTeam = Callable[..., Team]
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def page() -> str:
    """With our names in place of those that readers put in."""
    text = (PROJECT / "docs/how-to/github.md").read_text()
    ours = {"your-org": "acme", "<commit>": COMMIT, "123456789012": MANAGEMENT}
    return re.sub("|".join(ours), lambda found: ours[found[0]], text)


def test_the_environments_come_before_the_roles() -> None:
    headings = re.findall("(?m)^### [0-9]+[.] (.+)$", page())
    assert headings.index("The environments") < headings.index("The roles")


def test_the_page_leads_to_the_first_account(make_team: MakeTeam, tmp_path: Path) -> None:
    """In a repository of today: its tokens name it by its ids too."""
    repo = Repo.create(tmp_path / "new")
    (command,) = re.findall("(?m)^[$] aft (init .+)$", page())
    with GitHubServer("acme/accounts") as github:
        token = github.token({"actions": "read"}, login="ada")
        repo.environ.update(GITHUB_API_URL=github.url, GITHUB_TOKEN=token)
        made = repo.aft(*shlex.split(command), sandbox=False)
    assert made.code == 0, made.err
    assert made.err.strip() == "Next: git add, git commit; then aft validate.", "nothing is missing"
    repo.commit("Add the files of aft init")
    assert repo.aft("validate", sandbox=False).out == "0 requests checked: no findings.\n"
    assert (repo.root / ".github/CODEOWNERS").read_text().endswith("*  @acme/cloud\n")
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

    (text,) = re.findall("(?s)<!-- check: request -->\\s*```yaml\n(.+?)```", page())
    text = re.sub("(?m)^   ", "", text).removeprefix("   ")
    path = text.partition("\n")[0].removeprefix("# ")
    pull, run = team.open("payments", {path: text})
    assert run.conclusion == "success", run.text
    assert all(line.endswith(str(PROJECT)) for line in team.hub.toolchain.installations)
    run = team.merge(pull)
    assert run.conclusion == "success", run.text
    assert team.hub.terraforms == ["1.9.8"], "where steps run, and not where pull requests are read"
    assert set(aws.organization.accounts()) == {"payments-dev"}
    (run,) = team.hub.schedule("drift.yml")
    assert run.conclusion == "success", run.text
    assert "No drift." in run.text
    assert "unread" not in run.text, "the reader role may read all there is"
