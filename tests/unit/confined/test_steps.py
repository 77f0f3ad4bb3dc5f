"""Steps looked at, and templates rendered, in the process apart: as here, and with limits."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from builders_confined import JOBS, Hostile
from builders_folders import RUNNERS, OnlyEnvironment
from builders_inside import facts
from builders_requests import MemoryFiles
from builders_steps import step

from aft.app.works import WORKS
from aft.confined.answers import MOST_ENDED, Answers
from aft.confined.confinement import Confinement
from aft.confined.steps import confined_runners
from aft.customizations.manifest import parse_customizations
from aft.customizations.model import (
    ALL_INPUTS,
    ClaimsFolders,
    Compares,
    CustomizationRunner,
    Destroys,
    GivesPower,
    LeavesThings,
    Previews,
    ReadsInputs,
    SharesState,
    StepInputs,
)
from aft.errors import Terminal

STACK = "Resources:\n  T:\n    Type: AWS::SNS::Topic\n    Properties: {{TopicName: '{}'}}\n"


def confined(runners: Mapping[str, CustomizationRunner]) -> Mapping[str, CustomizationRunner]:
    return confined_runners(runners, Answers(Confinement(WORKS)))


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


def test_what_a_run_would_change_is_found_apart_as_it_is_here() -> None:
    inputs = StepInputs(account=facts())
    role = (
        "Resources:\n  R:\n    Type: AWS::IAM::Role\n    Properties:\n"
        "      AssumeRolePolicyDocument:\n        Statement:\n          Effect: Allow\n"
        "          Action: sts:AssumeRole\n          Principal: {AWS: '999988887777'}\n"
    )
    for kind, old, new in (
        ("cloudformation", STACK.format("a"), STACK.format("b")),
        ("cloudformation", STACK.format("a"), role),
        ("shell", "echo a\n", "echo b\n"),
        ("python", "def customize(context):\n    return {}\n", "x = 1\n"),
    ):
        runner, apart = RUNNERS[kind], confined(RUNNERS)[kind]
        assert isinstance(runner, Compares)
        assert isinstance(apart, Compares)
        before = apart.kept(step(runner, old), inputs)
        assert before == runner.kept(step(runner, old), inputs) != ""
        after = step(runner, new)
        for last in (before, None, "", "nonsense"):
            here = runner.compare(after, inputs, last, waits=True)
            assert apart.compare(after, inputs, last, waits=True) == here
            if isinstance(runner, GivesPower):
                assert isinstance(apart, GivesPower)
                gained = runner.gains(after, inputs, last)
                assert apart.gains(after, inputs, last) == gained
                assert bool(gained) == (new == role and last in (before, None))


def test_a_comparison_that_ends_the_process_is_unknown_and_may_give_power() -> None:
    apart = confined({"hostile": Hostile()})["hostile"]
    assert isinstance(apart, Compares)
    assert isinstance(apart, GivesPower)
    for text in ("crash", "raise", "fill"):
        bad = step(apart, text)
        inputs = StepInputs(account=facts())
        assert apart.kept(bad, inputs) == ""
        (why,) = apart.compare(bad, inputs, None, waits=False).unknown
        assert "was not compared" in why
        (gain,) = apart.gains(bad, inputs, None)
        assert gain.principals == ("*",)
    assert apart.compare(step(apart, "fine"), inputs, None, waits=False).is_empty


def test_a_step_that_ends_the_process_is_a_finding_and_others_are_looked_at() -> None:
    runners = confined({"hostile": Hostile()})
    below = {
        f"customizations/accounts/a/{number}-{text}.bad": text
        for number, text in enumerate(("good", "crash", "raise", "spin", "fill", "fine"))
    }
    found, findings = parse_customizations(MemoryFiles(below), runners)
    assert [(item.code, item.path) for item in findings] == [
        ("AFT114", "customizations/accounts/a/1-crash.bad"),
        ("AFT114", "customizations/accounts/a/2-raise.bad"),
        ("AFT114", "customizations/accounts/a/3-spin.bad"),
        ("AFT114", "customizations/accounts/a/4-fill.bad"),
    ]
    assert [(it.uses == ALL_INPUTS, it.declares) for it in found["a"].steps] == [
        (False, frozenset({"a"})),
        *[(True, None)] * 4,
        (False, frozenset({"a"})),
    ]


@pytest.mark.parametrize("job", ["crash", "raise_it", "hungry", "spin_briefly"])
def test_a_template_that_ends_the_process_is_an_error_of_its_account(job: str) -> None:
    confinement = Confinement({**WORKS, "render": JOBS[job]})
    apart = confined_runners({"hostile": Hostile()}, Answers(confinement))["hostile"]
    it = step(apart, "good", name="10-x.bad")
    with pytest.raises(Terminal, match=r"was not rendered: (the process that read it|it takes)"):
        apart.run(it, StepInputs(account=facts()), OnlyEnvironment())
    assert confinement.starts == 1


def test_a_customization_of_such_steps_ends_soon() -> None:
    """One question about each of the first ones, and none about the others."""
    confinement = Confinement(WORKS)
    runners = confined_runners({"hostile": Hostile()}, Answers(confinement))
    below = {f"customizations/accounts/a/{number:02}-x.bad": "crash" for number in range(30)}
    _, findings = parse_customizations(MemoryFiles(below), runners)
    assert len(findings) == 30
    assert confinement.starts == MOST_ENDED
