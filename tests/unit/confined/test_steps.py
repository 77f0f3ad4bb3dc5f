"""Steps looked at, and templates rendered, in the process apart: as here, and with limits."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from typing import Any, ClassVar

import pytest
from builders_folders import RUNNERS, OnlyEnvironment
from builders_inside import facts
from builders_requests import MemoryFiles
from builders_steps import step

from aft.confined.child import Confinement
from aft.confined.documents import WORKS
from aft.confined.steps import confined_runners, step_works
from aft.customizations.manifest import parse_customizations
from aft.customizations.model import (
    ALL_INPUTS,
    Access,
    ClaimsFolders,
    Compares,
    CustomizationRunner,
    CustomizationStep,
    Destroys,
    GivesPower,
    LeavesThings,
    Previews,
    ReadsInputs,
    SharesState,
    StepFile,
    StepInputs,
    StepResult,
)
from aft.customizations.render import rendered
from aft.errors import Terminal
from aft.findings.model import Finding
from aft.sessions import AccountSession

STACK = "Resources:\n  T:\n    Type: AWS::SNS::Topic\n    Properties: {{TopicName: '{}'}}\n"


def confined(runners: Mapping[str, CustomizationRunner]) -> Mapping[str, CustomizationRunner]:
    return confined_runners(runners, Confinement({**WORKS, **step_works(lambda: runners)}))


def test_protocols_see_the_same_members() -> None:
    found = confined(RUNNERS)
    assert found.keys() == RUNNERS.keys()
    protocols = (ClaimsFolders, ReadsInputs, Destroys, Compares, GivesPower, LeavesThings)
    for kind, runner in RUNNERS.items():
        for protocol in (*protocols, SharesState, Previews):
            assert isinstance(found[kind], protocol) == isinstance(runner, protocol), (
                kind,
                protocol,
            )
        assert found[kind].effect_version == runner.effect_version


def test_customizations_are_what_they_are_in_this_process() -> None:
    files = {
        "accounts/a/10-a.cfn.yaml": STACK.format(
            "{{ custom_fields.x }}{{ outputs['a/05-x.py'].y }}"
        ),
        "accounts/a/20-b.py": "def customize(context):\n    return {'a': context.account.name}\n",
        "accounts/a/30-c.sh": "echo $AFT_PARAMETER_X --profile aft-management\r\n",
        "accounts/a/_help.sh": "true\n",
        "accounts/a/customization.yaml": "parameters: {x: {type: text, default: y}}\n",
        "accounts/b/terraform/main.tf": 'output "x" {}\nresource "a" {\n',
        "accounts/b/terraform/p.jinja": "{{ account.nope }}{{ aft_admin_role_arn }}\n",
        "accounts/c/10-a.cfn.json": "[" * 1000,
        "global/10-a.py": "def customize(",
    }
    below = {f"customizations/{path}": text for path, text in files.items()}
    wanted = parse_customizations(MemoryFiles(below), RUNNERS)
    assert parse_customizations(MemoryFiles(below), confined(RUNNERS)) == wanted
    assert wanted[1]


def test_a_template_is_rendered_apart_with_what_it_sees_here() -> None:
    runner = RUNNERS["cloudformation"]
    apart = confined(RUNNERS)["cloudformation"]
    assert isinstance(runner, Compares)
    assert isinstance(apart, Compares)
    inputs = StepInputs(account=facts(custom_fields={"a": {"b": [1, "x"]}}), parameters={"p": "q"})
    for text in ("{{ custom_fields.a.b | length }} {{ parameters.p }} \u00e4", "{{ account.ou }}"):
        it = step(runner, STACK.format(text))
        assert apart.kept(it, inputs) == runner.kept(it, inputs) != ""
        assert apart.compare(it, inputs, None, waits=False) == runner.compare(
            it, inputs, None, waits=False
        )
    broken = step(runner, "{{ tags.none }}")
    messages = []
    for item in (runner, apart):
        with pytest.raises(Terminal) as caught:
            item.kept(broken, inputs)
        messages.append((caught.value.message, caught.value.hint))
    assert messages[0] == messages[1]


class Hostile:
    """A runner whose looks at a file end as the file says."""

    kind: ClassVar[str] = "hostile"
    effect_version: ClassVar[int] = 1
    suffixes: ClassVar[tuple[str, ...]] = (".bad",)

    def check(self, step: CustomizationStep) -> tuple[Finding, ...]:
        end_as(step.file)
        return ()

    def uses(self, file: StepFile) -> frozenset[str]:
        end_as(file)
        return frozenset()

    def reads(self, step: CustomizationStep) -> tuple[Access, ...]:
        end_as(step.file)
        return ()

    def declares(self, step: CustomizationStep) -> frozenset[str] | None:
        end_as(step.file)
        return frozenset({"a"})

    def run(
        self, step: CustomizationStep, inputs: StepInputs, session: AccountSession
    ) -> StepResult:
        text = rendered(step.file.content.decode(), step.file.path, inputs)
        return StepResult(log=text)


def end_as(file: StepFile) -> None:
    if file.content == b"crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    if file.content == b"raise":
        raise RecursionError


def test_a_step_that_ends_the_process_is_a_finding_and_others_are_looked_at() -> None:
    runners = confined({"hostile": Hostile()})
    below = {
        f"customizations/accounts/a/{number}-{text}.bad": text
        for number, text in enumerate(("good", "crash", "raise", "fine"))
    }
    found, findings = parse_customizations(MemoryFiles(below), runners)
    assert [(item.code, item.path) for item in findings] == [
        ("AFT114", "customizations/accounts/a/1-crash.bad"),
        ("AFT114", "customizations/accounts/a/2-raise.bad"),
    ]
    assert [(it.uses == ALL_INPUTS, it.declares) for it in found["a"].steps] == [
        (False, frozenset({"a"})),
        (True, None),
        (True, None),
        (False, frozenset({"a"})),
    ]


def crash(argument: Any, content: bytes) -> Any:
    os.kill(os.getpid(), signal.SIGSEGV)


def test_a_template_that_ends_the_process_is_an_error_of_its_account() -> None:
    runners = {"hostile": Hostile()}
    works = {**step_works(lambda: runners), "render": crash}
    apart = confined_runners(runners, Confinement(works))["hostile"]
    it = step(apart, "good", name="10-x.bad")
    with pytest.raises(Terminal, match="was not rendered: the process that read it was ended"):
        apart.run(it, StepInputs(account=facts()), OnlyEnvironment())
