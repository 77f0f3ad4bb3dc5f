"""Hostile issues, as events: read and answered as the workflow does it, without any effect.

Every case (``builders_hostile_issues``) goes through the two commands of ``request.yml`` that read
the text of an issue. Nothing of it is a command to the runner, an output of its own, markup in the
reply or the pull request, or an instruction in a title that becomes a commit's message.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from builders_hostile_issues import ISSUES, Issue
from builders_issue import GOOD, issue_text
from builders_repo import Repo, Result
from emulator.command_files import pairs
from emulator.log import Log
from gfm import made_of, problems

from aft.desired.issue_form import FormChoices, form_yaml

FORM = form_yaml(FormChoices(units=("Workloads", "Workloads/Prod", "Workloads/Dev", "Sandbox")))
DEFAULTS = "email: aws+{id}@example.com\nname: '{id}'\n"
SKIPS = ("[skip ci]", "[ci skip]", "[no ci]", "[skip actions]", "[actions skip]")
CLOSES = re.compile(
    r"(?i)\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?):?\s+(?:#|gh-|[^\s`]+/[^\s`]+#|[^\s`]+://)[0-9a-z]"
)


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Repo:
    repo = Repo.standard(tmp_path_factory.mktemp("issues") / "repo")
    repo.write("account-requests/_defaults.yaml", DEFAULTS)
    repo.commit("Begin")
    return repo


@pytest.fixture
def repo(origin: Repo, tmp_path: Path) -> Iterator[Repo]:
    origin.environ = {"GITHUB_ACTIONS": "true", "GITHUB_OUTPUT": str(tmp_path / "output")}
    yield origin
    origin.git("clean", "--quiet", "--force", "-d")


@pytest.mark.parametrize("name", ISSUES)
def test_it_has_no_effect(name: str, repo: Repo, tmp_path: Path) -> None:
    case = ISSUES[name]
    event, text, report = (tmp_path / part for part in ("event.json", "issue.md", "report"))
    event.write_text(json.dumps(_event(case)))
    read = repo.aft("github", "issue-text", "--event", str(event), "--out", str(text))
    _commands_nothing(read)
    if read.code:
        assert read.code in case.codes, read.err
        return
    outputs = pairs((tmp_path / "output").read_text())
    assert outputs == {"issue": "12", "requester": case.login}
    arguments = ("--issue", "12", "--requested-by", outputs["requester"])
    made = repo.aft("new", "--from-issue", str(text), "--report", str(report), *arguments)
    assert made.code in case.codes, made.out + made.err
    assert "bug in aft" not in made.err
    _commands_nothing(made)
    assert problems((report / "reply.md").read_text()) == []
    files = repo.git("status", "--porcelain", "--untracked-files=all").splitlines()
    assert len(files) == (made.code == 0)
    if made.code == 0:
        _proposes_nothing_else(report, files[0][3:])


def _event(case: Issue) -> object:
    form = issue_text(FORM, {**GOOD, **case.answers})
    user = {"login": case.login, "id": 7, "type": "User"}
    body = case.body.replace("{form}", form)
    return {"action": "opened", "issue": {"number": 12, "body": body, "user": user}}


def _commands_nothing(result: Result) -> None:
    for text in (result.out, result.err):
        log = Log()
        log.output(text)
        assert log.commands == [], text
    assert "Traceback" not in result.err


def _proposes_nothing_else(report: Path, path: str) -> None:
    request = json.loads((report / "request.json").read_text())
    assert request["path"] == path == "account-requests/payments-test.yaml"
    assert request["branch"] == "request/12-payments-test"
    body = (report / "pull-request.md").read_text()
    assert problems(body, ours=("Closes #12.",)) == [], body
    assert body.rstrip().splitlines()[-1] == "Closes #12."
    assert list(made_of(request["title"])) == []
    for message in (request["title"], body.replace("Closes #12.", "")):
        assert not any(skip in message.lower() for skip in SKIPS), message
        assert not CLOSES.search(message), message
        assert not re.search(r"(?<![\w.+-])@[A-Za-z0-9]", message), message
        assert not re.search(r"(?im)^(?:skip-checks|co-authored-by|signed-off-by):", message)
    assert "\n" not in request["title"]
    assert "`" not in request["title"]
