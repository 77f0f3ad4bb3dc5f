"""Hostile pull requests, as trees: planned as the workflow plans them, without doing any harm.

Every case (``builders_hostile``) is a commit on top of main; the environment holds secrets that
nothing may repeat. A case passes when the two commands of the plan job end in an orderly way, the
canary does not exist, no secret is anywhere in what people see, no command reaches the runner but
annotations, and the comment is still ours.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from builders_hostile import ANYTHING, CASES, PAIRS
from builders_hostile_markup import TEXT_CASES
from builders_repo import Repo, Result
from builders_trees import Entry, commit_of, merge_of
from emulator.document import workflow
from emulator.log import Log
from gfm import problems

from aft.text.policy import is_unseen

PLAN = Path(__file__).parents[3] / ".github/workflows/plan.yml"
SECRETS = {
    "AWS_ACCESS_KEY_ID": "AKIAHOSTILECANARY000",
    "AWS_SECRET_ACCESS_KEY": "canary-secret-key-000",
    "AWS_SESSION_TOKEN": "canary-session-token-000",
    "AFT_GIT_TOKEN": "ghs_canarygittoken000",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "canary-oidc-token-000",
}
ALL = {**CASES, **TEXT_CASES}


def commands(temp: Path) -> Iterator[list[str]]:
    """How plan.yml calls ``aft validate`` and ``aft plan`` for a fork."""
    job = workflow(PLAN.read_text(), PLAN.name).jobs["plan-fork"]
    for step in job.steps:
        if step.condition.startswith("${{ github.event_name == 'merge_group'"):
            continue  # of what was approved, and no pull request's
        for line in (step.run or "").replace("\\\n", " ").splitlines():
            words = shlex.split(line.replace("$RUNNER_TEMP", str(temp)), comments=True)
            if words[:1] == ["aft"] and words[1] != "github":
                yield words[1:]


def test_the_commands_are_the_two_of_the_workflow(tmp_path: Path) -> None:
    checked, planned = commands(tmp_path)
    assert checked[0] == "validate"
    assert planned[:2] == ["plan", "--published"]
    for command in (checked, planned):
        assert command[command.index("--revision") + 1] == "refs/aft/merge"
        assert command[command.index("--config-from") + 1] == "HEAD", "main, as checked out"


@pytest.fixture(scope="module")
def repo(tmp_path_factory: pytest.TempPathFactory) -> Repo:
    """Applied and published once; every case is a commit of its own in it."""
    root = tmp_path_factory.mktemp("hostile")
    repo = Repo.standard(root / "repo")
    repo.environ["AFT_SANDBOX_STATE"] = str(root / "organization")
    repo.write(
        "aft.yaml", "version: 1\nhome_region: eu-central-1\nreport: {mask: [emails, account-ids]}\n"
    )
    repo.request("lab", ou="Sandbox")
    repo.commit("Begin")
    applied = repo.aft("apply", "--yes", "--publish")
    assert applied.code == 0, applied.err
    return repo


@pytest.fixture
def canary(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "canary"
    yield path
    assert not path.exists(), "something of the pull request was executed"
    assert not Path("CANARY").exists()


@pytest.mark.parametrize("name", ALL)
def test_it_is_harmless(name: str, repo: Repo, canary: Path, tmp_path: Path) -> None:
    case = ALL[name]
    entries = {path: _armed(entry, canary) for path, entry in case.entries.items()}
    before = repo.git("for-each-ref")
    head = commit_of(repo.root, entries)
    repo.git("update-ref", "refs/aft/merge", merge_of(repo.root, head))
    environ = dict(repo.environ)
    repo.environ.update(SECRETS, GITHUB_ACTIONS="true")
    report = tmp_path / "report"
    try:
        checked, planned = (repo.aft(*command) for command in commands(tmp_path))
    finally:
        repo.environ.clear()
        repo.environ.update(environ)
    repo.git("update-ref", "-d", "refs/aft/merge")

    for result in (checked, planned):
        assert result.code in ANYTHING, result.err
        assert "bug in aft" not in result.err
        assert "Traceback" not in result.err
    assert checked.code in case.codes, checked.out + checked.err
    assert repo.git("for-each-ref") == before
    assert repo.git("status", "--porcelain") == "", "the work tree is not touched"
    files = {file.name: file.read_text() for file in report.iterdir()}
    _leaks_nothing(checked, planned, files)
    _hides_nothing(checked, planned, files)
    _commands_nothing(checked, planned)
    _comments_as_us(files["comment.md"])
    assert case.says in checked.out + planned.out + planned.err
    assert case.comment_says in files["comment.md"]
    assert case.comment_hides not in files["comment.md"]


def test_pairs_are_many() -> None:
    assert len(PAIRS) >= 20


@pytest.mark.parametrize("name", PAIRS)
def test_a_stranger_costs_us_nothing(name: str, repo: Repo, canary: Path) -> None:
    """Another pull request is compared with ours, and ours alone decides how our check ends."""
    ours, theirs, codes = PAIRS[name]
    for ref, entries in (("refs/aft/merge", ours), ("refs/aft/pulls/7", theirs)):
        armed = {path: _armed(entry, canary) for path, entry in entries.items()}
        repo.git("update-ref", ref, commit_of(repo.root, armed))
    environ = dict(repo.environ)
    repo.environ.update(SECRETS, GITHUB_ACTIONS="true")
    command = ("validate", "--revision", "refs/aft/merge", "--against", "refs/aft/pulls/*")
    try:
        result = repo.aft(*command, "--format", "json")
    finally:
        repo.environ.clear()
        repo.environ.update(environ)
        for ref in ("refs/aft/merge", "refs/aft/pulls/7"):
            repo.git("update-ref", "-d", ref)
    assert "bug in aft" not in result.err
    assert "Traceback" not in result.err
    assert "not compared" not in result.err
    found = [item["code"] for item in result.data["findings"]]
    if codes == ["AFT"]:
        assert result.code == 3
        assert found
    else:
        assert (result.code, found) == (0, codes)


def _armed(entry: Entry, canary: Path) -> Entry:
    """The entry with the path of the canary in it."""
    mode, content = entry if isinstance(entry, tuple) else (b"", entry)
    raw = content.encode() if isinstance(content, str) else content
    raw = raw.replace(b"CANARY", str(canary).encode())
    return (mode, raw) if mode else raw


def _leaks_nothing(checked: Result, planned: Result, files: Mapping[str, str]) -> None:
    seen = "\n".join([checked.out, checked.err, planned.out, planned.err, *files.values()])
    for secret in SECRETS.values():
        assert secret not in seen
    assert "root:x:0:0" not in seen
    assert "\x1b]" not in seen, "a terminal would obey it"


def _hides_nothing(checked: Result, planned: Result, files: Mapping[str, str]) -> None:
    """What people see has nothing they cannot, but our own signs and what parts mentions."""
    texts = {"checked": checked.out + checked.err, "planned": planned.out + planned.err, **files}
    for name, text in texts.items():
        ours = "\u200b\ufe0f" if name.endswith(".md") else ""
        assert not [it for it in set(text) if is_unseen(it) and it not in ours], name


def _commands_nothing(checked: Result, planned: Result) -> None:
    """What the runner makes of it: annotations of ours on files, nothing else."""
    for text in (checked.out, checked.err, planned.out, planned.err):
        log = Log()
        log.output(text)
        assert set(log.commands) <= {"error", "warning"}
        assert text == checked.out or not log.commands
        for item in log.annotations:
            assert item.title.startswith("AFT"), item
            assert item.message
            assert item.file
            assert not item.message.startswith("pwned")


def _comments_as_us(comment: str) -> None:
    assert comment.startswith("<!-- aft:plan -->\n")
    assert len(comment) <= 65_536
    assert problems(comment) == [], comment
