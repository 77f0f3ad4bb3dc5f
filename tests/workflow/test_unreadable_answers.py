"""AssumeRole answers arrive cut: no key of a member account gets anywhere, and the work gets done.

What ``aft`` prints, writes and pushes is searched for every secret that the served organization has
given out.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from builders_live import Live, live, run, with_remote
from builders_repo import BASELINE, ORGANIZATION, Repo, Result

from aft.redaction import switched_off
from aft.sandbox import Rule, Sandbox, cut_reply

CONFIG = """\
version: 1
home_region: eu-central-1
limits: {usable_within_seconds: 1}
worker:
  review: branch
  interval_seconds: 1
  jitter_percent: 0
  retry_first_seconds: 1
  retry_most_seconds: 4
"""
STEP = """\
def customize(context):
    context.client("ssm").put_parameter(
        Name="/news", Value="1", Type="String", Overwrite=True
    )
    return {"News": "1"}
"""


@pytest.fixture(autouse=True)
def without_the_gate() -> Iterator[None]:
    """What is shown here is the first line alone."""
    with switched_off():
        yield


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo.create(tmp_path / "repo")
    repo.write("aft.yaml", CONFIG)
    repo.write("customizations/organization/organization.yaml", ORGANIZATION)
    repo.write("customizations/baselines/standard.yaml", BASELINE)
    repo.write("customizations/global/10-news.py", STEP)
    repo.request("shop")
    repo.commit("Ask for one")
    with_remote(repo, tmp_path / "origin.git")
    return repo


@pytest.fixture
def organization(repo: Repo) -> Iterator[Live]:
    with live() as served:
        repo.environ.update(served.environ)
        yield served


def secrets_of(sandbox: Sandbox) -> set[bytes]:
    """Everything of the sessions that were given out, the keys' ids among them."""
    given = [
        entry.keys for entry in sandbox._world.credentials.entries.values() if entry.keys.token
    ]
    return {
        text.encode() for keys in given for text in (keys.access_key, keys.secret_key, keys.token)
    }


def written(repo: Repo) -> dict[str, bytes]:
    """Every file around the repository, and every object in it and in its remote."""
    found = {
        str(path): path.read_bytes()
        for path in (*repo.root.parent.rglob("*"), *Path.home().rglob("*"))
        if path.is_file() and ".git/objects" not in str(path)
    }
    for git_dir in (repo.root / ".git", repo.root.parent / "origin.git"):
        found[str(git_dir)] = subprocess.run(
            ["git", f"--git-dir={git_dir}", "cat-file", "--batch", "--batch-all-objects"],
            capture_output=True,
            check=True,
        ).stdout
    return found


def assert_no_secret_got_out(repo: Repo, sandbox: Sandbox, *said: Result) -> None:
    secrets = secrets_of(sandbox)
    assert secrets
    for done in said:
        assert not [secret for secret in secrets if secret in (done.out + done.err).encode()]
    found = [
        (name, text[max(0, text.index(secret) - 200) :][:400])
        for name, text in written(repo).items()
        for secret in secrets
        if secret in text
    ]
    assert found == []


def assumed(sandbox: Sandbox) -> int:
    return sum(call.operation == "AssumeRole" for call in list(sandbox.log))


def test_every_other_answer_is_cut(repo: Repo, organization: Live) -> None:
    sandbox = organization.sandbox
    assert sandbox is not None
    for number, share in enumerate((0.95, 0.5, 0.8)):
        sandbox.faults.add(Rule("sts", "AssumeRole", cut_reply(share), after=2 * number, every=6))

    said: list[Result] = []

    def aft(*arguments: str) -> Result:
        before = assumed(sandbox)
        done = repo.aft("-v", *arguments, sandbox=False)
        said.append(done)
        assert done.code == 0, done.out + done.err
        if arguments[0] not in ("status", "history"):
            assert assumed(sandbox) > before + 1, "one was cut, and asked for again"
        return done

    report = str(repo.root.parent / "report")
    aft("apply", "--json", "--report", report)
    aft("plan", "--deep", "--format", "json")
    aft("drift", "--format", "markdown", "--report", report)
    repo.request("lab")
    repo.commit("Ask for another")
    repo.git("push", "--quiet", "origin", "main")
    aft("worker", "--once")
    aft("history", "shop", "--json")
    rows = aft("status", "--json").data["accounts"]
    assert [(row["id"], row["state"]) for row in rows] == [("lab", "active"), ("shop", "active")]
    assert_no_secret_got_out(repo, sandbox, *said)


@pytest.mark.faults
@pytest.mark.parametrize("share", [0.5, 0.95])
def test_every_answer_is_cut(repo: Repo, organization: Live, share: float) -> None:
    """Nobody can work in the account, which each command says in its own way, after botocore's
    retries of half a minute."""
    sandbox = organization.sandbox
    assert sandbox is not None
    assert run(repo, "apply").code == 0
    sandbox.faults.add(Rule("sts", "AssumeRole", cut_reply(share)))
    repo.request("lab")
    repo.commit("Ask for another")
    repo.git("push", "--quiet", "origin", "main")
    report = str(repo.root.parent / "report")
    said = [
        run(repo, "-v", *arguments)
        for arguments in (
            ("plan", "--deep", "--format", "json", "--report", report),
            ("drift", "--report", report),
            ("apply", "--json", "--report", report),
        )
    ]
    said += [run(repo, "status", "--json"), run(repo, "history", "lab", "--json")]
    assert "could not be read" in "".join(done.out + done.err for done in said)
    assert "a bug in aft" not in "".join(done.out + done.err for done in said)
    assert_no_secret_got_out(repo, sandbox)
