"""The contract of ``Engine``, held against every engine: jobs are carried out on any machine.

A machine here knows of a run what a job says, the plan's file, and what it reads: the ledger, the
world and git. A new engine gets a row in ``ENGINES`` and has nothing else to write.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from builders_kinds import KINDS
from builders_plan import baseline, customization, desired, request, unit
from builders_reconcile import Stage, stage

from aft.desired.model import DesiredState
from aft.engine.context import RunContext
from aft.engine.local import LocalEngine
from aft.engine.model import RunInfo, StopToken
from aft.engine.port import Engine, Job
from aft.engine.run import begin, reopened
from aft.errors import Refused, Terminal
from aft.ledger.events import EventKind
from aft.plan.codec import plan_digest, plan_from_json, plan_to_json
from aft.plan.model import ORGANIZATION, Plan
from aft.plan.outcome import Status, TargetOutcome
from aft.plan.pinned import redrafted
from aft.values.ids import PlanDigest

STEP_DONE = EventKind.STEP_DONE
Opens = Callable[[Job], RunContext]
ENGINES: dict[str, Callable[[Opens], Engine]] = {"local": LocalEngine}


@dataclass
class Fleet:
    """Machines that share the world, the ledger's remote, git and the plan's file, no memory."""

    scene: Stage
    state: DesiredState
    engine: Callable[[Opens], Engine]
    file: str = ""
    stop: StopToken = field(default_factory=StopToken)

    def start(self) -> None:
        """Somebody plans and begins the run; no machine has heard of it."""
        drafted = self.scene.drafted(self.state)
        self.file = plan_to_json(drafted.plan)
        run = RunInfo(
            id="run-1",
            actor="ada",
            revision=self.state.revision,
            plan_digest=plan_digest(drafted.plan),
            command="apply",
        )
        begin(
            RunContext(
                plan=drafted.plan,
                view=self.scene.view(self.state),
                targets=drafted.targets,
                tools=self.scene.tools,
                run=run,
                stop=self.stop,
            )
        )
        self.scene.ledger.publish()

    @property
    def plan(self) -> Plan:
        return plan_from_json(self.file)

    def jobs(self, *targets: str) -> list[Job]:
        return [Job("run-1", PlanDigest(plan_digest(self.plan)), target) for target in targets]

    def open(self, job: Job) -> RunContext:
        """Everything anew, as on a machine that has just been switched on."""
        self.scene.ledger.publish()
        self.scene.ledger.lose_machine()
        view = self.scene.view(self.state)
        again = redrafted(self.plan, view, kinds=KINDS, made_at=self.scene.world.clock.now())
        return reopened(job, self.plan, view, again.targets, self.scene.tools, stop=self.stop)

    def carry_out(self, *targets: str) -> dict[str, TargetOutcome]:
        rows = self.engine(self.open).carry_out(self.jobs(*targets))
        self.scene.ledger.publish()
        return {row.target: row for row in rows}


def state() -> DesiredState:
    return desired(
        request("app"),
        request("hub"),
        units=[unit("Workloads")],
        baselines=[baseline()],
        customizations=[customization("global", "10-roles.py", "20-net.py")],
    )


@pytest.fixture(params=ENGINES)
def fleet(request: pytest.FixtureRequest) -> Fleet:
    made = Fleet(stage(units=()), state(), ENGINES[request.param])
    made.start()
    return made


def test_jobs_are_carried_out_one_by_one_each_on_a_machine_of_its_own(fleet: Fleet) -> None:
    for target in (ORGANIZATION, "app", "hub"):
        (row,) = fleet.carry_out(target).values()
        assert row.status is Status.SUCCEEDED, row.reason
        assert {step.change.id for step in row.steps} == {
            change.id for change in fleet.plan.changes_of(target)
        }
    assert fleet.scene.plan(fleet.state).is_empty
    assert fleet.scene.world.accepted_starts == {"app": 1, "hub": 1}
    for event in fleet.scene.ledger.events("app"):
        assert (event.run, event.actor) == ("run-1", "ada")
        assert event.plan_digest == plan_digest(fleet.plan)


def test_rows_come_in_the_order_of_the_jobs(fleet: Fleet) -> None:
    assert list(fleet.carry_out("hub", ORGANIZATION, "app")) == ["hub", ORGANIZATION, "app"]


def test_what_needs_a_job_that_was_not_carried_out_is_blocked(fleet: Fleet) -> None:
    (row,) = fleet.carry_out("app").values()
    assert {step.status for step in row.steps} == {Status.BLOCKED}
    assert not fleet.scene.world.births
    assert fleet.carry_out(ORGANIZATION, "app")["app"].status is Status.SUCCEEDED


def test_a_job_that_is_carried_out_again_leaves_out_what_is_done(fleet: Fleet) -> None:
    fleet.scene.world.failing_names["app"] = ["INVALID_EMAIL"]
    first = fleet.carry_out(ORGANIZATION, "app")
    assert first["app"].status is Status.FAILED
    again = fleet.carry_out(ORGANIZATION, "app")
    assert again[ORGANIZATION].steps == ()
    assert again["app"].status is Status.SUCCEEDED
    assert fleet.carry_out("app")["app"].steps == ()
    done = [event.change for event in fleet.scene.ledger.events("app") if event.kind is STEP_DONE]
    assert sorted(done) == sorted(change.id for change in fleet.plan.changes_of("app"))


def test_another_machine_has_what_earlier_steps_left(fleet: Fleet) -> None:
    fleet.scene.runner.errors["global/20-net.py"] = Terminal("no")
    assert fleet.carry_out(ORGANIZATION, "app")["app"].reason == "no"
    fleet.scene.runner.errors.clear()
    (step,) = fleet.carry_out("app")["app"].steps
    assert (step.change.key, step.status) == ("global/20-net.py", Status.SUCCEEDED)
    account_id = fleet.scene.world.account("app").id
    assert fleet.scene.world.inside[account_id]["inputs of global/20-net.py"] == {
        "global/10-roles.py": {"by": f"10-roles.py in {account_id}"}
    }


def test_a_stop_begins_nothing(fleet: Fleet) -> None:
    fleet.stop.set("asked to stop")
    rows = fleet.carry_out(ORGANIZATION, "app")
    assert {step.status for row in rows.values() for step in row.steps} == {Status.STOPPED}
    assert not fleet.scene.world.births


def test_a_run_or_plan_that_the_ledger_does_not_know_is_refused(fleet: Fleet) -> None:
    (job,) = fleet.jobs("app")
    for wrong in (Job("run-9", job.plan, "app"), Job("run-1", PlanDigest("sha256:0"), "app")):
        with pytest.raises(Refused):
            fleet.engine(fleet.open).carry_out([wrong])
