"""Jobs and steps: what one leaves for the next, and what the emulator refuses."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from builders_git import clone_of
from emulator.command_files import BadFile, pairs
from emulator.document import Broken, load, workflow
from emulator.events import matching
from emulator.hub import Hub, hub
from emulator.log import Log
from emulator.run import WorkflowRun

Try = Callable[..., WorkflowRun]


@pytest.fixture
def it(tmp_path: Path) -> Iterator[Hub]:
    """A repository on GitHub; nothing is in it, and no aft is called."""
    with hub(tmp_path, tmp_path / "nobody-listens") as made:
        yield made


@pytest.fixture
def run(it: Hub, tmp_path: Path) -> Try:
    """Push a workflow to main and see what it does."""

    def pushed(text: str, more: dict[str, str] | None = None) -> WorkflowRun:
        clone = clone_of(it.github.git.path, tmp_path / "clone")
        body = textwrap.dedent(text)
        clone.commit(files={".github/workflows/it.yml": body, **(more or {})})
        clone.git("push", "--quiet", "origin", "main")
        (done,) = it.push("main")
        return done

    return pushed


def test_on_is_a_word() -> None:
    assert load("on: push\nyes: no\nflag: true") == {"on": "push", "yes": "no", "flag": True}


def test_outputs_environment_path_and_summary_reach_later_steps_and_jobs(run: Try) -> None:
    done = run("""\
        on: push
        permissions: {}
        env: {TOP: top}
        jobs:
          one:
            runs-on: x
            outputs: {word: "${{ steps.a.outputs.word }}"}
            steps:
              - id: a
                run: |
                  echo "word=hello" >> "$GITHUB_OUTPUT"
                  printf 'LINES<<END\\none\\ntwo\\nEND\\n' >> "$GITHUB_ENV"
                  mkdir tools; printf '#!/bin/sh\\necho mine\\n' > tools/mine; chmod +x tools/mine
                  echo "$PWD/tools" >> "$GITHUB_PATH"
                  echo "# Summary" >> "$GITHUB_STEP_SUMMARY"
              - run: echo "$TOP-$LINES-$OWN-$(mine)"
                env: {OWN: "${{ env.TOP }}"}
          two:
            needs: one
            if: needs.one.outputs.word == 'hello'
            runs-on: x
            steps:
              - run: echo "${{ needs.one.result }} ${{ needs.one.outputs.word }}"
        """)
    assert "top-one\ntwo-top-mine" in done.jobs["one"].log.text
    assert done.jobs["one"].summary == "# Summary\n"
    assert "success hello" in done.jobs["two"].log.text


def test_a_failure_skips_what_does_not_ask_for_it(run: Try) -> None:
    done = run("""\
        on: push
        permissions: {}
        jobs:
          one:
            runs-on: x
            steps:
              - {id: forgiven, run: exit 3, continue-on-error: true}
              - run: echo "${{ steps.forgiven.outcome }} ${{ steps.forgiven.conclusion }}"
              - run: false | true
              - {run: false | true, shell: bash}
              - run: echo never
              - {if: failure(), run: echo cleanup}
          two: {needs: one, runs-on: x, steps: [{run: echo never}]}
          three:
            needs: two
            if: always()
            runs-on: x
            steps: [{run: "echo ${{ needs.two.result }}"}]
          four: {needs: three, runs-on: x, steps: [{run: echo never}]}
        """)
    assert {name: job.result for name, job in done.jobs.items()} == {
        "one": "failure",
        "two": "skipped",
        "three": "success",
        "four": "skipped",
    }
    text = done.text
    assert "failure success" in text
    assert "cleanup" in text
    assert "\nnever" not in text


def test_a_matrix_makes_a_job_for_each(run: Try) -> None:
    done = run("""\
        on: push
        permissions: {}
        jobs:
          test:
            runs-on: x
            strategy:
              matrix: {python: ["3.11", "3.12"], os: [a, b], exclude: [{python: "3.12", os: b}]}
            steps: [{run: "echo ${{ matrix.python }}${{ matrix.os }}"}]
        """)
    assert list(done.jobs) == ["test (3.11, a)", "test (3.11, b)", "test (3.12, a)"]


def test_secrets_are_masked_and_annotations_collected(it: Hub, run: Try) -> None:
    it.secrets["KEY"] = "hunter2"
    done = run("""\
        on: push
        permissions: {}
        jobs:
          one:
            runs-on: x
            outputs: {leak: "${{ steps.a.outputs.leak }}"}
            steps:
              - id: a
                env: {KEY: "${{ secrets.KEY }}"}
                run: |
                  echo "key $KEY"; echo "leak=$KEY" >> "$GITHUB_OUTPUT"
                  echo "::add-mask::other"; echo "some other thing"
                  echo "::error file=a.yaml,line=3,title=T%3A1::said $KEY%0Atwice"
        """)
    job = done.jobs["one"]
    assert "hunter2" not in done.text
    assert "some *** thing" in job.log.text
    assert job.outputs == {"leak": ""} or "leak" not in job.outputs
    (found,) = job.annotations
    assert (found.place, found.title, found.message) == ("a.yaml:3", "T:1", "said ***\ntwice")


def test_commands_can_be_stopped() -> None:
    log = Log()
    log.output("::stop-commands::x\n::error::no\n::x::\n::error::yes\n::set-output name=a::b\n")
    assert [item.message for item in log.annotations] == [
        "yes",
        "The `set-output` command is disabled.",
    ]


def test_lines_are_read_as_the_runner_reads_them() -> None:
    log = Log()
    log.output(
        "x\r\u00a0\u2028::error::one\ntext ##[warning]two\n::nothing::\na ::error::no\n##[x]y"
    )
    assert [item.message for item in log.annotations] == ["one", "two"]
    assert log.commands == ["error", "warning"]
    assert "::nothing::" in log.lines


def test_a_summary_that_is_too_long_fails_the_step(run: Try) -> None:
    done = run("""\
        on: push
        permissions: {}
        jobs:
          one:
            runs-on: x
            steps: [{run: 'head -c 1048577 /dev/zero | tr "\\0" x >> "$GITHUB_STEP_SUMMARY"'}]
        """)
    assert done.jobs["one"].result == "failure"
    assert done.jobs["one"].summary == ""


@pytest.mark.parametrize(
    "uses",
    [
        "actions/checkout@v4",
        "somebody/else@de0fac2e4500dabe0009e67214ff5f5447ce83dd",
        "./nowhere",
        "$/nowhere",
        "docker://alpine",
    ],
)
def test_other_actions_are_refused(run: Try, uses: str) -> None:
    done = run(f"""\
        on: push
        permissions: {{}}
        jobs: {{one: {{runs-on: x, steps: [{{uses: "{uses}"}}]}}}}
        """)
    assert done.jobs["one"].result == "failure"


CHECKOUT = "actions/checkout@de0fac2e4500dabe0009e67214ff5f5447ce83dd"


@pytest.mark.parametrize(
    ("level", "persist", "result"),
    [("read", True, "failure"), ("write", False, "failure"), ("write", True, "success")],
)
def test_a_push_needs_the_permission_and_the_credentials(
    it: Hub, run: Try, *, level: str, persist: bool, result: str
) -> None:
    done = run(f"""\
        on: push
        jobs:
          one:
            runs-on: x
            permissions: {{contents: {level}}}
            steps:
              - uses: {CHECKOUT}
                with: {{persist-credentials: {str(persist).lower()}}}
              - run: git push --quiet origin HEAD:refs/heads/other
        """)
    assert done.jobs["one"].result == result
    assert bool(it.github.git.branch("other")) is (result == "success")


def test_without_permissions_nothing_is_read(run: Try) -> None:
    done = run(f"""\
        on: push
        permissions: {{}}
        jobs: {{one: {{runs-on: x, steps: [{{uses: {CHECKOUT}}}]}}}}
        """)
    assert done.jobs["one"].result == "failure"


@pytest.mark.parametrize(("branches", "result"), [(("main",), "success"), (("v*",), "failure")])
def test_an_environment_lets_branches_in(
    it: Hub, run: Try, branches: tuple[str, ...], result: str
) -> None:
    it.github.environment("prod", branches=branches)
    it.environment_vars["prod"] = {"WORD": "inside"}
    done = run("""\
        on: push
        permissions: {}
        jobs:
          one:
            runs-on: x
            environment: prod
            steps: [{run: "echo ${{ vars.WORD }}"}]
        """)
    assert done.jobs["one"].result == result
    assert ("inside" in done.text) is (result == "success")


def test_composite_actions_have_their_own_steps_and_inputs(run: Try) -> None:
    action = """\
        name: greet
        inputs: {who: {default: world}}
        outputs: {said: {value: "${{ steps.say.outputs.said }}"}}
        runs:
          using: composite
          steps:
            - id: say
              shell: bash
              env: {WHO: "${{ inputs.who }}", AT: "${{ github.action_path }}"}
              run: echo "said=hello $WHO at ${AT##*/}" >> "$GITHUB_OUTPUT"
        """
    done = run(
        """\
        on: push
        permissions: {contents: read}
        jobs:
          one:
            runs-on: x
            steps:
              - {id: a, uses: $/actions/greet, with: {who: Mona}}
              - run: "echo '${{ steps.a.outputs.said }}${{ steps.say.outputs.said }}'"
        """,
        {"actions/greet/action.yml": textwrap.dedent(action)},
    )
    assert "hello Mona at greet" in done.jobs["one"].log.text


@pytest.mark.parametrize(
    ("name", "patterns", "expected"),
    [
        ("main", ["main"], True),
        ("release/1", ["release/*"], True),
        ("release/1/x", ["release/*"], False),
        ("release/1/x", ["release/**"], True),
        ("main", ["*", "!main"], False),
    ],
)
def test_branch_patterns(name: str, patterns: list[str], *, expected: bool) -> None:
    assert matching(name, patterns) is expected


@pytest.mark.parametrize("text", ["novalue\n", "A<<END\nnever ends\n"])
def test_broken_command_files(text: str) -> None:
    with pytest.raises(BadFile):
        pairs(text)


@pytest.mark.parametrize(
    "jobs",
    ["{a: {needs: b, steps: []}}", "{a: {steps: [{run: x, uses: y}]}}", "{a: {steps: [{rum: x}]}}"],
)
def test_broken_workflows(jobs: str) -> None:
    with pytest.raises(Broken):
        workflow(f"on: push\njobs: {jobs}", "x.yml")


def test_by_hand_with_defaults(it: Hub, tmp_path: Path) -> None:
    text: Any = """\
        on:
          workflow_dispatch:
            inputs: {word: {default: dflt}, flag: {type: boolean, default: false}}
        permissions: {}
        concurrency: {group: "g-${{ inputs.word }}", cancel-in-progress: "${{ inputs.flag }}"}
        jobs: {one: {runs-on: x, timeout-minutes: 7, steps: [{run: "echo ${{ inputs.word }}"}]}}
        """
    clone = clone_of(it.github.git.path, tmp_path / "clone")
    clone.commit(files={".github/workflows/hand.yml": textwrap.dedent(text)})
    clone.git("push", "--quiet", "origin", "main")
    done = it.by_hand("hand.yml", flag=True)
    assert "dflt" in done.text
    assert done.concurrency == {"group": "g-dflt", "cancel-in-progress": True}
    assert done.jobs["one"].timeout_minutes == 7
