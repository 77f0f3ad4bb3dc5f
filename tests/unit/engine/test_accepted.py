"""What a run was allowed to do and left undone needs no second review; anything else does."""

from __future__ import annotations

from dataclasses import replace

from builders_plan import baseline, customization, desired, request, unit_id
from builders_reconcile import Stage, rows, stage
from fakes.world import Fault

from aft.customizations.model import Customization
from aft.desired.model import DesiredState
from aft.engine.model import StopToken
from aft.errors import Denied, Terminal
from aft.plan.reviewed import NOTHING_REVIEWED, newly_risky


def files(*names: str, version: int = 1) -> Customization:
    made = customization("global", *names)
    steps = (
        replace(step, content_digest=f"{step.content_digest}@{version}") for step in made.steps
    )
    return replace(made, steps=tuple(steps))


def asked(*names: str, version: int = 1, ou: str = "Workloads") -> DesiredState:
    return desired(request("app", ou), customizations=[files(*names, version=version)])


def risks(scene: Stage, state: DesiredState) -> dict[str, str]:
    plan = scene.plan(state)
    assert [item.id for item in newly_risky(NOTHING_REVIEWED, plan)] == [
        item.id for item in plan.changes if item.risk
    ]
    return {item.key: item.risk for item in plan.changes if item.risk}


def vended(*names: str) -> Stage:
    scene = stage()
    assert scene.apply(asked(*names)).exit_code == 0
    return scene


def test_in_a_new_account_all_code_is_routine() -> None:
    assert risks(stage(), asked("10.py", "20.py")) == {}


def test_in_an_account_that_exists_new_and_changed_code_is_risky() -> None:
    scene = vended("10.py")
    assert risks(scene, asked("10.py")) == {}
    assert risks(scene, asked("10.py", "20.py")) == {"global/20.py": "new-code"}
    assert risks(scene, asked("10.py", version=2)) == {"global/10.py": "new-code"}
    assert risks(scene, asked("05.py")) == {"global/05.py": "new-code", "global/10.py": "weaker"}


def test_another_version_of_aft_runs_the_same_code_again_without_a_review() -> None:
    scene = vended("10.py")
    scene.runner.effect_version += 1
    assert [item.key for item in scene.plan(asked("10.py")).changes] == ["global/10.py"]
    assert risks(scene, asked("10.py")) == {}


def test_the_rest_of_a_creation_is_routine_and_nothing_else() -> None:
    """The run ends in the middle: the account is there, and most of it has not run."""
    scene = stage()
    scene.runner.errors["global/10.py"] = Terminal("no")
    assert rows(scene.apply(asked("10.py", "20.py")))["app"] == "failed"
    assert risks(scene, asked("10.py", "20.py")) == {}
    assert risks(scene, asked("10.py", "20.py", "30.py")) == {"global/30.py": "new-code"}
    assert set(risks(scene, asked("10.py", "20.py", version=2))) == {"global/10.py", "global/20.py"}
    scene.runner.errors.clear()
    assert scene.apply(asked("10.py", "20.py")).exit_code == 0
    assert scene.ledger.read().record("organization").accepted == ()


def test_what_a_stopped_run_left_is_done_by_the_next() -> None:
    scene, stop = vended("10.py"), StopToken()
    stop.set("the deadline has passed")
    changed = asked("10.py", "20.py", version=2)
    assert rows(scene.apply(changed, stop=stop))["app"] == "stopped"
    assert risks(scene, changed) == {}
    assert scene.apply(changed).exit_code == 0


def test_what_failed_is_tried_again_without_another_review() -> None:
    scene = vended("10.py")
    scene.runner.errors["global/10.py"] = Terminal("not today")
    changed = asked("10.py", version=2)
    assert scene.apply(changed).exit_code == 4
    assert risks(scene, changed) == {}
    assert risks(scene, asked("10.py", version=3)) == {"global/10.py": "new-code"}
    scene.runner.errors.clear()
    assert scene.apply(changed).exit_code == 0


def test_a_move_that_failed_is_tried_again_but_from_the_same_place_only() -> None:
    scene = stage(units=("Workloads", "Legal", "Sandbox"))
    assert scene.apply(asked()).exit_code == 0
    scene.world.faults.append(Fault("MoveAccount", Denied("not allowed")))
    to_legal = asked(ou="Legal")
    assert risks(scene, to_legal) == {"ou": "move"}
    assert scene.apply(to_legal).exit_code == 4
    assert risks(scene, to_legal) == {}
    assert risks(scene, asked(ou="Sandbox")) == {"ou": "move"}
    assert scene.apply(to_legal).exit_code == 0


def test_what_was_done_once_is_not_allowed_for_ever() -> None:
    """Somebody brings the account back by hand: that was never reviewed."""
    scene = stage(units=("Workloads", "Legal"))
    assert scene.apply(asked()).exit_code == 0
    assert scene.apply(asked(ou="Legal")).exit_code == 0
    account = scene.world.account("app")
    scene.world.accounts[account.id] = replace(account, parent_id=unit_id("Workloads"))
    assert risks(scene, asked(ou="Legal")) == {"ou": "move"}


def test_a_setting_alone_leaves_nothing_behind() -> None:
    scene = stage()
    assert scene.apply(desired(request("app"), baselines=[baseline()])).exit_code == 0
    assert scene.ledger.read().record("organization").accepted == ()
