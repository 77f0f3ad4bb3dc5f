"""A run in a few words: fake world, fake ledger, real planner, real engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from builders_kinds import EFFECTS, KINDS
from builders_plan import unit_id
from fakes.clocks import SimulatedClock, SteppingClock
from fakes.plugins import LevelSetting, NotingRunner, settings
from fakes.world import (
    FakeCalls,
    FakeLookup,
    FakeMembers,
    FakeProvider,
    FakeWorld,
    FakeWriter,
    Witness,
)
from fakes.world_ledger import FakeLedger

from aft.account_provider import AccountProvider, Application
from aft.desired.model import DesiredState
from aft.engine.model import Consent, RunInfo, StopToken, Tools
from aft.engine.run import apply_plan
from aft.ledger.timeline import CommitInfo
from aft.organization.model import REQUEST_TAG
from aft.plan.codec import plan_digest
from aft.plan.holding import holds_of
from aft.plan.make import Drafted, draft_plan
from aft.plan.model import Plan
from aft.plan.outcome import Outcome
from aft.plan.reviewed import Reviewed
from aft.plan.view import PlanView
from aft.ports import Clock
from aft.values.ids import OrgUnitPath, RequestId, Revision

WHEN = datetime(2026, 1, 4, 12, 0, tzinfo=UTC)


Provides = Callable[[FakeWorld], AccountProvider]
"""Makes the provider of a world."""


class OneCommit:
    """``RequestHistory`` in which one commit wrote everything."""

    def last_change(self, path: str, revision: Revision) -> CommitInfo | None:
        return CommitInfo(
            id="f" * 40,
            author="Ada",
            author_email="ada@example.com",
            authored_at=WHEN,
            committer="Ada",
            committed_at=WHEN,
            subject=f"Ask for {path}",
        )

    def changes(self, path: str, revision: Revision) -> list[CommitInfo]:
        return []

    def changed_paths(self, old: Revision, new: Revision, prefix: str) -> frozenset[str]:
        return frozenset()


@dataclass
class Stage:
    """Everything around a run. ``apply`` plans against the world as it is, and carries it out."""

    world: FakeWorld
    settings: Mapping[str, Any] = field(
        default_factory=lambda: settings(
            LevelSetting("account-alias"), LevelSetting("ebs-default-encryption", regional=True)
        )
    )
    runner: NotingRunner = field(default_factory=NotingRunner)
    witness: Witness = field(default_factory=Witness)
    provides: Provides = FakeProvider
    machine: str = "run"
    runs: int = 0
    last: Outcome | None = None
    clock: Clock | None = None

    def __post_init__(self) -> None:
        self.ledger = FakeLedger(self.world)

    def on_another_machine(self, name: str, clock: Clock | None = None) -> Stage:
        """The same world and remote ledger, for another run."""
        other = replace(self, machine=name, clock=clock, runs=0)
        other.ledger = FakeLedger(self.world, self.ledger.opens)
        return other

    @property
    def tools(self) -> Tools:
        world = self.world
        return Tools(
            clock=self.clock or world.clock,
            ledger=self.ledger,
            provider=self.provides(world),
            writer=FakeWriter(world),
            lookup=FakeLookup(world),
            members=FakeMembers(world),
            calls=FakeCalls(world),
            observer=self.witness,
            history=OneCommit(),
            random=lambda: 0.5,
            kinds=KINDS,
            effects=EFFECTS,
        )

    def view(self, state: DesiredState) -> PlanView:
        return PlanView(
            desired=state,
            snapshot=self.world.snapshot(),
            ledger=self.ledger.read(),
            settings=self.settings,
            runners={"python": self.runner},
        )

    def drafted(self, state: DesiredState) -> Drafted:
        return draft_plan(self.view(state), kinds=KINDS, made_at=self.world.clock.now())

    def plan(self, state: DesiredState) -> Plan:
        return self.drafted(state).plan

    def apply(
        self,
        state: DesiredState,
        *,
        plan: Plan | None = None,
        stop: StopToken | None = None,
        reviewed: Reviewed | None = None,
    ) -> Outcome:
        """With ``reviewed``, what is risky and not in it is held."""
        return self.planned(state, plan=plan, stop=stop, reviewed=reviewed)()

    def planned(
        self,
        state: DesiredState,
        *,
        plan: Plan | None = None,
        stop: StopToken | None = None,
        reviewed: Reviewed | None = None,
    ) -> Callable[[], Outcome]:
        """Everything is read; what is left is to carry it out."""
        view, drafted = self.view(state), self.drafted(state)
        plan = plan or drafted.plan
        self.runs += 1
        run = RunInfo(
            id=f"{self.machine}-{self.runs}",
            actor="ada",
            revision=state.revision,
            plan_digest=plan_digest(plan),
            command="apply",
            consent=Consent.OPERATOR if reviewed is None else Consent.REVIEW,
        )
        held = holds_of(plan, reviewed, kinds=KINDS) if reviewed is not None else {}
        return lambda: apply_plan(
            plan,
            view,
            drafted.targets,
            self.tools,
            run=run,
            stop=stop or StopToken(),
            held=held,
        )


def application(name: str = "payments", *, ou: str = "Workloads", **changes: Any) -> Application:
    """What a run asks a provider for on behalf of the request ``name``."""
    values: dict[str, Any] = {
        "request_id": RequestId(name),
        "name": name,
        "email": f"aws+{name}@example.com",
        "ou": unit_id(ou),
        "ou_path": OrgUnitPath.parse(ou),
        "tags": {REQUEST_TAG: name},
        "token": f"token-{name}",
        **changes,
    }
    return Application(**values)


def stage(
    clock: SteppingClock | SimulatedClock | None = None,
    *,
    provides: Provides = FakeProvider,
    **world: Any,
) -> Stage:
    return Stage(FakeWorld(clock or SteppingClock(), **world), provides=provides)


def rows(outcome: Outcome) -> dict[str, str]:
    """Target to status."""
    return {row.target: row.status.value for row in outcome.targets}


def reasons(outcome: Outcome) -> dict[str, str]:
    return {row.target: row.reason for row in outcome.targets if row.reason}
