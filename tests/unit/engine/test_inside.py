"""Settings and customizations through whole runs, and reading settings live for a plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import pytest
from builders_kinds import EFFECTS, KINDS
from builders_plan import baseline, but, customization, desired, request, unit
from builders_reconcile import Stage, reasons, rows, stage
from fakes.plugins import LevelSetting, settings
from fakes.world import FakeMembers

from aft.config.model import Config
from aft.desired.model import DesiredState
from aft.errors import Denied, Terminal, Transient
from aft.plan.draft import Look
from aft.plan.make import draft_plan
from aft.ports import AccessRefusal

REGIONS = ("eu-central-1", "eu-west-1", "us-east-1")


def state(*, level: int = 1, setting: str = "account-alias", **changes: Any) -> DesiredState:
    steps = changes.pop("customizations", [])
    return desired(
        request("payments", **changes),
        units=[unit("Workloads")],
        baselines=[baseline("standard", setting, level=level)],
        customizations=steps,
        config=Config(home_region=REGIONS[0], governed_regions=REGIONS),
    )


def inside(scene: Stage) -> dict[str, Any]:
    return scene.world.inside[scene.world.account("payments").id]


# --- settings ---------------------------------------------------------------------------------


def test_a_setting_is_changed_once_and_left_alone_when_right() -> None:
    scene = stage()
    scene.apply(state(level=1))
    inside(scene)["account-alias"] = 2  # somebody has set it to what will be wanted
    outcome = scene.apply(state(level=2))
    assert rows(outcome) == {"payments": "succeeded"}
    (step,) = outcome.targets[0].steps
    assert step.message == "was as it should be"
    assert scene.ledger.events("payments")[-1].data["unchanged"] is True
    assert scene.plan(state(level=2)).is_empty


def test_a_regional_setting_is_made_so_in_every_region() -> None:
    scene = stage()
    wanted = state(setting="ebs-default-encryption")
    outcome = scene.apply(wanted)
    found = {key: value for key, value in inside(scene).items() if "@" in key}
    assert found == {f"ebs-default-encryption@{region}": 1 for region in REGIONS}
    changes = scene.ledger.events("payments")[-2].data["changes"]
    first, second, third = REGIONS
    assert changes == [f"{first}, {second} and {third}: level None should be 1"]
    assert outcome.exit_code == 0


def test_a_change_that_does_not_stick_fails_saying_what_differs() -> None:
    scene = stage()
    scene.settings = settings(LevelSetting("ebs-default-encryption", regional=True, sticks=False))
    outcome = scene.apply(state(setting="ebs-default-encryption"))
    assert reasons(outcome) == {
        "payments": "ebs-default-encryption was changed, but still differs: "
        "eu-central-1: level None should be 1"
    }


def test_a_setting_that_refuses_keeps_its_reason_and_is_tried_on_the_next_run() -> None:
    scene = stage()
    refusing = LevelSetting("account-alias", refuses=Terminal("in use", hint="free it"))
    scene.settings = settings(refusing)
    assert reasons(scene.apply(state())) == {"payments": "in use"}
    refusing.refuses = None
    assert rows(scene.apply(state())) == {"payments": "succeeded"}
    assert not scene.ledger.read().record("payments").failures


def test_a_passing_error_inside_an_account_is_tried_again() -> None:
    scene = stage()

    class Flaky(LevelSetting):
        failures = 2

        def read(self, inputs: Any, session: Any) -> int | None:
            if self.failures:
                self.failures -= 1
                raise Transient("try later")
            return super().read(inputs, session)

    scene.settings = settings(Flaky("account-alias"))
    assert rows(scene.apply(state())) == {"payments": "succeeded"}


# --- customizations ---------------------------------------------------------------------------


def two_steps(content: str = "1", second_content: str = "1") -> list[Any]:
    found = customization("global", "10-roles.py", "20-app.py", uses=frozenset({"outputs"}))
    first, second = found.steps
    first = but(first, content_digest=f"sha256:{content}", uses=frozenset())
    second = but(second, content_digest=f"sha256:second {second_content}")
    return [but(found, steps=(first, second))]


def test_a_step_whose_inputs_turn_out_the_same_is_not_run_again() -> None:
    scene = stage()
    scene.apply(state(customizations=two_steps("1")))
    outcome = scene.apply(state(customizations=two_steps("2")))
    assert rows(outcome) == {"payments": "succeeded"}
    assert [step.message for step in outcome.targets[0].steps] == [
        "done",
        "its inputs are the same as last time",
    ]
    assert inside(scene)["ran"] == ["global/10-roles.py", "global/20-app.py", "global/10-roles.py"]
    assert scene.plan(state(customizations=two_steps("2"))).is_empty


def test_a_step_sees_what_steps_of_earlier_runs_left() -> None:
    scene = stage()
    both = customization("global", "10-roles.py", "20-app.py", uses=frozenset({"outputs"}))
    scene.apply(state(customizations=[but(both, steps=both.steps[:1])]))
    scene.apply(state(customizations=[both]))
    number = scene.world.account("payments").id
    assert inside(scene)["inputs of global/20-app.py"] == {
        "global/10-roles.py": {"by": f"10-roles.py in {number}"}
    }
    assert inside(scene)["ran"] == ["global/10-roles.py", "global/20-app.py"]


def test_a_step_that_failed_is_run_again_even_with_the_inputs_of_an_older_success() -> None:
    scene = stage()
    scene.apply(state(customizations=two_steps("1", "1")))
    scene.runner.errors["global/20-app.py"] = Terminal("the stack is stuck")
    outcome = scene.apply(state(customizations=two_steps("2", "2")))
    assert reasons(outcome) == {"payments": "the stack is stuck"}
    scene.runner.errors.clear()
    outcome = scene.apply(state(customizations=two_steps("1", "1")))  # the commit is reverted
    assert rows(outcome) == {"payments": "succeeded"}
    assert inside(scene)["ran"].count("global/20-app.py") == 2
    assert not scene.ledger.read().record("payments").failures


def test_a_kind_without_a_runner_is_a_failed_row() -> None:
    scene = stage()
    wanted = state(customizations=two_steps())
    plan = scene.plan(wanted)
    odd = [but(item, kind="puppet") for item in wanted.customizations["global"].steps]
    found = but(wanted.customizations["global"], steps=tuple(odd))
    outcome = scene.apply(but(wanted, customizations={"global": found}), plan=plan)
    assert "no runner for 'puppet' steps is installed" in outcome.targets[0].reason


# --- reading live -----------------------------------------------------------------------------


def look(scene: Stage, wanted: DesiredState) -> dict[tuple[str, str], Any]:
    found: dict[tuple[str, str], Any] = {}

    def look_inside(kind: str, looks: Sequence[Look]) -> Mapping[tuple[str, str], Any]:
        seen = EFFECTS[kind].look(looks, FakeMembers(scene.world), in_parallel=4)
        found.update(seen)
        return seen

    draft_plan(scene.view(wanted), kinds=KINDS, look=look_inside, made_at=scene.world.clock.now())
    return found


def test_live_shows_each_difference_by_region_and_changes_nothing() -> None:
    scene = stage()
    scene.apply(state(setting="ebs-default-encryption", level=1))
    inside(scene)["ebs-default-encryption@eu-west-1"] = 2
    before = dict(inside(scene))
    ((key, seen),) = look(scene, state(setting="ebs-default-encryption", level=2)).items()
    assert key == (scene.world.account("payments").id, "ebs-default-encryption")
    assert seen.differences == ("eu-central-1 and us-east-1: level 1 should be 2",)
    assert inside(scene) == before


def test_live_says_of_an_account_that_cannot_be_entered_yet_that_nothing_was_read() -> None:
    scene = stage(usable_after=3600.0)
    number = scene.world.add_account(
        "payments", "aws+payments@example.com", born=scene.world.clock.now()
    )
    (seen,) = look(scene, state()).values()
    assert seen.unread == f"account {number} cannot be entered now"
    assert (seen.differences, seen.refused) == ((), "")


def test_live_says_why_an_account_cannot_be_entered() -> None:
    scene = stage(usable_after=3600.0)
    scene.world.refusal = AccessRefusal(message="not allowed", hint="allow it", is_callers=True)
    number = scene.world.add_account(
        "payments", "aws+payments@example.com", born=scene.world.clock.now()
    )
    (seen,) = look(scene, state()).values()
    assert seen.unread == f"account {number} cannot be entered now: not allowed"
    assert (seen.hint, seen.lacks_permission) == ("allow it", True)


@pytest.mark.parametrize(
    ("error", "is_known"),
    [
        (Denied("not valid here", code="AuthFailure"), False),
        (Denied("may not", code="UnauthorizedOperation", lacks="ec2:DescribeVpcs"), True),
    ],
)
def test_live_tells_a_region_that_is_not_enabled_from_a_permission_that_is_missing(
    error: Denied, is_known: bool
) -> None:
    scene = stage()
    opted = partial(state, setting="ebs-default-encryption", regions=("me-south-1",))
    scene.apply(opted(level=1))

    class Closed(LevelSetting):
        def read(self, inputs: Any, session: Any) -> int | None:
            raise error

    scene.settings = settings(Closed("ebs-default-encryption", regional=True))
    (seen,) = look(scene, opted(level=2)).values()
    said = f"me-south-1: {error.message}"
    assert (said in seen.refused, said in seen.unread) == (is_known, not is_known), seen


def test_live_tells_a_refusal_with_its_setting() -> None:
    scene = stage()
    scene.apply(state(level=1))

    class Forbidden(LevelSetting):
        def read(self, inputs: Any, session: Any) -> int | None:
            raise Denied("an SCP forbids iam:ListAccountAliases")

    scene.settings = settings(Forbidden("account-alias"))
    (seen,) = look(scene, state(level=2)).values()
    assert seen.refused == "an SCP forbids iam:ListAccountAliases"


def test_live_says_what_fails_for_the_moment() -> None:
    scene = stage()
    scene.apply(state(level=1))

    class Shaky(LevelSetting):
        def read(self, inputs: Any, session: Any) -> int | None:
            raise Transient("503")

    scene.settings = settings(Shaky("account-alias"))
    (seen,) = look(scene, state(level=2)).values()
    assert (seen.unread, seen.refused, seen.differences) == ("503", "", ())


def test_live_tells_a_plugin_that_raises_anything_as_a_refusal() -> None:
    scene = stage()
    scene.apply(state(level=1))

    class Broken(LevelSetting):
        def read(self, inputs: Any, session: Any) -> int | None:
            raise KeyError("oops")

    scene.settings = settings(Broken("account-alias"))
    (seen,) = look(scene, state(level=2)).values()
    assert "unexpected KeyError" in seen.refused
