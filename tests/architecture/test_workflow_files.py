"""The workflow files are a product: other people's checkers accept them, and our own rules hold."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from emulator.document import Action, Job, Step, Workflow, action, workflow
from emulator.evaluate import STATUS, expressions_in, parsed
from emulator.expressions import BadExpression, Call, Context, Index, Literal, walk
from emulator.functions import FUNCTIONS

ROOT = Path(__file__).parents[2]
WORKFLOW_FILES = sorted((ROOT / ".github/workflows").glob("*.yml"))
ACTION_FILES = sorted((ROOT / ".github/actions").glob("*/action.yml"))
WORKFLOWS = {path.name: workflow(path.read_text(), path.name) for path in WORKFLOW_FILES}
ACTIONS = {path.parent.name: action(path.read_text(), str(path)) for path in ACTION_FILES}
JOBS = [
    pytest.param(item, job, id=f"{name}:{job.id}")
    for name, item in WORKFLOWS.items()
    for job in item.jobs.values()
]
BIN = Path(sys.executable).parent
ENVIRONMENTS = ("aft-plan", "aft-apply", "aft-preview")


def steps() -> Iterator[tuple[str, Step]]:
    for name, item in WORKFLOWS.items():
        for job in item.jobs.values():
            yield from ((f"{name}:{job.id}", step) for step in job.steps)
    for name, item in ACTIONS.items():
        yield from ((f"{name}/action.yml", step) for step in item.steps)


def checked(*command: str | Path) -> None:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


# --- other people's checkers ------------------------------------------------------------------


def test_the_files_have_the_shape_github_publishes() -> None:
    tool = [BIN / "check-jsonschema", "--builtin-schema"]
    checked(*tool, "vendor.github-workflows", *WORKFLOW_FILES)
    checked(*tool, "vendor.github-actions", *ACTION_FILES)


def test_zizmor_finds_nothing() -> None:
    checked(BIN / "zizmor", "--offline", "--no-progress", "--quiet", ".github")


@pytest.mark.skipif(
    not (BIN / "actionlint").exists() and not shutil.which("actionlint"),
    reason="there is no wheel of actionlint for this machine",
)
def test_actionlint_finds_nothing() -> None:
    own = BIN / "actionlint"
    checked(own if own.exists() else "actionlint", "-shellcheck=", "-pyflakes=", *WORKFLOW_FILES)


# --- our rules --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", WORKFLOWS)
def test_nothing_is_granted_at_the_top(name: str) -> None:
    assert WORKFLOWS[name].permissions == {}
    assert WORKFLOWS[name].concurrency["group"]


@pytest.mark.parametrize(("item", "job"), JOBS)
def test_every_job_says_what_it_may_and_how_long(item: Workflow, job: Job) -> None:
    assert isinstance(job.permissions, dict)
    assert job.permissions
    assert job.timeout_minutes <= 60
    if "id-token" in job.permissions:
        assert job.environment in ENVIRONMENTS, "an identity needs an environment"
        may_write = {name for name, level in job.permissions.items() if level == "write"}
        assert may_write <= {"id-token", "contents"}, "who has AWS does not write to GitHub"
    else:
        assert job.environment is None


@pytest.mark.parametrize(("item", "job"), JOBS)
def test_a_deadline_leaves_time_to_end(item: Workflow, job: Job) -> None:
    for step in job.steps:
        for seconds in re.findall(r"--deadline (\d+)", step.run or ""):
            assert int(seconds) + 10 * 60 <= job.timeout_minutes * 60
        if re.search(r"^\s*aft (apply|drift --repair)", step.run or "", re.MULTILINE):
            assert "--deadline" in (step.run or "")


def test_actions_are_pinned_to_one_commit_each_that_a_comment_names() -> None:
    pins: dict[str, set[str]] = {}
    for path in (*WORKFLOW_FILES, *ACTION_FILES):
        for line in path.read_text().splitlines():
            if found := re.match(r"\s*-? ?uses: (?P<name>\S+)(?P<rest>.*)", line):
                name, _, commit = found["name"].partition("@")
                if name == "$/.github/actions/aft":
                    continue
                assert re.fullmatch(r"[0-9a-f]{40}", commit), line
                assert re.fullmatch(r" # v\d+\.\d+\.\d+", found["rest"]), line
                pins.setdefault(name, set()).add(commit)
    assert len(pins) == 9
    assert all(len(commits) == 1 for commits in pins.values()), pins


def test_a_checkout_keeps_no_credentials_and_takes_no_revision_from_anybody() -> None:
    found = [step for _, step in steps() if (step.uses or "").startswith("actions/checkout@")]
    assert found
    for step in found:
        assert step.given["persist-credentials"] is False
        assert step.given.keys() <= {"persist-credentials", "fetch-depth"}


@pytest.mark.parametrize(
    ("where", "step"), [pytest.param(*item, id=item[0]) for item in steps() if item[1].run]
)
def test_scripts_hold_no_expressions_and_are_bash(where: str, step: Step) -> None:
    assert step.run
    assert "${{" not in step.run, "a value reaches a script by its environment"
    done = subprocess.run(
        ["bash", "-n"], input=step.run, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert not re.search(r"\beval\b|\bsource\b|curl|wget", step.run)


@pytest.mark.parametrize(("item", "job"), JOBS)
def test_scripts_stop_at_the_first_failure(item: Workflow, job: Job) -> None:
    if any(step.run for step in job.steps) and item.path != "ci.yml":
        assert job.shell == "bash", "which GitHub runs with -eo pipefail"


def test_one_apply_at_a_time_and_none_is_cancelled() -> None:
    groups = [
        WORKFLOWS["apply.yml"].concurrency,
        WORKFLOWS["drift.yml"].jobs["repair"].concurrency,
    ]
    for group in groups:
        assert group == {"group": "aft-apply", "cancel-in-progress": False, "queue": "max"}


def test_only_an_apply_saves_what_plans_restore() -> None:
    """The downloads of the action are checked by hash; everything else is read by nobody."""
    cached = [(where, step) for where, step in steps() if "actions/cache" in (step.uses or "")]
    kinds = {(where, (step.uses or "").partition("@")[0]) for where, step in cached}
    assert kinds == {
        ("aft/action.yml", "actions/cache"),
        ("plan.yml:plan", "actions/cache/restore"),
        ("plan.yml:plan-fork", "actions/cache/restore"),
        ("apply.yml:apply", "actions/cache/save"),
    }


@pytest.mark.parametrize(("item", "job"), JOBS)
def test_who_prints_what_requests_say_stops_commands_first(item: Workflow, job: Job) -> None:
    for step in job.steps:
        script = step.run or ""
        if found := re.search(r"^\s*aft (?:--quiet )?(?:plan|apply|drift|new)\b", script, re.M):
            assert 0 <= script.find('echo "::stop-commands::$stop"') < found.start()
            assert "stop=$(cat /proc/sys/kernel/random/uuid)" in script, "nobody can guess it"


def test_no_value_of_an_output_can_end_it() -> None:
    """A delimiter is random, and made in the same script."""
    for where, step in steps():
        for name in re.findall(r"<<([^\s\"';<]+)", step.run or ""):
            assert name.startswith("$"), f"{where}: {name}"
            made = f"{name[1:]}=$(cat /proc/sys/kernel/random/uuid)"
            assert made in (step.run or ""), f"{where}: {name}"


def test_no_text_that_looks_like_a_traceback_is_an_annotation() -> None:
    """setup-python tells the runner to make one of each; our action takes that back at once."""
    for name, item in ACTIONS.items():
        at = [index for index, it in enumerate(item.steps) if "setup-python" in (it.uses or "")]
        for index in at:
            assert "::remove-matcher owner=python::" in (item.steps[index + 1].run or ""), name


def test_no_pull_request_adopts_a_ledger() -> None:
    """Only people who may start a workflow, and only where the role for applies is."""
    found = [
        (where, step)
        for where, step in steps()
        if "adopt" in (step.run or "") or "adopt" in str(step.env)
    ]
    assert [(where, step.env["ADOPT_LEDGER"]) for where, step in found] == [
        ("apply.yml:apply", "${{ inputs.adopt_ledger }}")
    ]
    item = WORKFLOWS["apply.yml"]
    assert item.on.keys() == {"push", "schedule", "workflow_dispatch"}
    assert item.on["workflow_dispatch"]["inputs"]["adopt_ledger"]["default"] is False
    assert item.jobs["apply"].environment == "aft-apply"


def test_what_untrusted_text_can_reach_is_known() -> None:
    """Of an event, scripts and inputs see numbers, commits and our own names, never texts."""
    allowed = {
        "github.event.pull_request.number",
        "github.event.pull_request.head.sha",
        "github.event.pull_request.head.repo.full_name",
        "github.event.issue.number",
        "github.event.issue.state",
        "github.event.issue.labels.name",
        "github.event.repository.default_branch",
    }
    used = {
        name
        for path in (*WORKFLOW_FILES, *ACTION_FILES)
        for text in expressions_in(path.read_text())
        for name in _paths(text)
        if name.startswith(("github.event.", "github.head_ref"))
    }
    assert used <= allowed


def _paths(text: str) -> Iterator[str]:
    """The dotted names in an expression, each as long as it is."""
    nodes = list(walk(parsed(text)))
    inner = {id(node.of) for node in nodes if isinstance(node, Index)}
    for node in nodes:
        parts: list[str] = []
        at = node
        while isinstance(at, Index):
            if isinstance(at.key, Literal):
                parts.append(str(at.key.value))
            at = at.of
        if isinstance(at, Context) and id(node) not in inner:
            yield ".".join([at.name, *reversed(parts)])


# --- what actionlint would say, so that it is said everywhere ---------------------------------

_CONTEXTS = {
    "github", "env", "vars", "job", "steps", "runner", "secrets", "strategy", "matrix", "needs",
    "inputs",
}  # fmt: skip


def texts_of(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case Mapping():
            for item in value.values():
                yield from texts_of(item)
        case list() | tuple():
            for item in value:
                yield from texts_of(item)


def expressions_of(step: Step) -> Iterator[str]:
    for value in (step.run, step.given, step.env, step.name, step.continue_on_error):
        for text in texts_of(value):
            yield from expressions_in(text)
    yield from _condition(step.condition)


def _condition(text: str) -> list[str]:
    return expressions_in(text) or ([text] if text else [])


@pytest.mark.parametrize(("item", "job"), JOBS)
def test_names_in_a_job_are_known(item: Workflow, job: Job) -> None:
    inputs = (item.on.get("workflow_dispatch") or {}).get("inputs") or {}
    before: set[str] = set()
    for step in job.steps:
        for text in expressions_of(step):
            _check(text, steps=before, inputs=set(inputs), needs=job.needs)
        before |= {step.id} - {""}
    for text in (*texts_of(job.outputs), *texts_of(job.env), *_condition(job.condition)):
        for inner in expressions_in(text) or ([text] if text == job.condition else []):
            _check(inner, steps=before, inputs=set(inputs), needs=job.needs)


@pytest.mark.parametrize("name", ACTIONS)
def test_names_in_an_action_are_known(name: str) -> None:
    item: Action = ACTIONS[name]
    before: set[str] = set()
    for step in item.steps:
        assert step.run is None or step.shell == "bash"
        for text in expressions_of(step):
            _check(text, steps=before, inputs=set(item.inputs), needs=())
        before |= {step.id} - {""}
    for given in item.inputs.values():
        assert given["description"]


def test_inputs_given_to_our_action_are_its_own() -> None:
    for where, step in steps():
        if (step.uses or "").endswith("/.github/actions/aft"):
            assert step.given.keys() <= ACTIONS["aft"].inputs.keys(), where


def _check(text: str, *, steps: set[str], inputs: set[str], needs: Any) -> None:
    try:
        names, calls = list(_paths(text)), [n for n in walk(parsed(text)) if isinstance(n, Call)]
    except BadExpression as error:
        pytest.fail(f"{text!r}: {error}")
    functions = {name.lower() for name in FUNCTIONS} | {*STATUS, "hashfiles"}
    assert {call.name for call in calls} <= functions, text
    for name in names:
        context, _, rest = name.partition(".")
        first = rest.partition(".")[0]
        assert context in _CONTEXTS, text
        known = {"steps": steps, "inputs": inputs, "needs": set(needs)}.get(context)
        assert known is None or not first or first in known, f"{name} is not known in {text!r}"


# --- the checks check -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["steps.nobody.outputs.x", "inputs.other", "needs.later.result", "unknown(1)", "nowhere.x"],
)
def test_unknown_names_are_found(text: str) -> None:
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        _check(text, steps={"a"}, inputs={"b"}, needs=["c"])
