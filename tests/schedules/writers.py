"""One run as ``aft apply`` makes it: read the ledger and the organization, plan, carry it out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache, partial
from typing import Any

from builders_kinds import EFFECTS, KINDS
from builders_reconcile import OneCommit
from fakes.plugins import LevelSetting, NotingRunner, settings
from fakes.world import FakeCalls, FakeMembers, FakeWriter, Witness

from aft.account_provider import AccountProvider
from aft.desired.model import DesiredState
from aft.engine.model import RunInfo, StopToken, Tools
from aft.engine.run import apply_plan
from aft.git.ledger.commits import LedgerCommits
from aft.git.ledger.intent_guard import Guard
from aft.git.ledger.store import GitLedger, LedgerRefs
from aft.git.repository import Repository
from aft.git.wire import SharedBranch
from aft.ledger.events import LedgerEvent
from aft.ledger.kept import made_ids
from aft.plan.codec import plan_digest
from aft.plan.make import draft_plan
from aft.plan.model import Plan
from aft.plan.outcome import Outcome
from aft.plan.view import PlanView
from aft.ports import CallRecorder, Clock, LedgerStore
from aft.values.ids import AccountId
from schedules.baton import Actor, ActorClock, Baton, Killed
from schedules.clones import Clone, Head, Here, There
from schedules.world import LaggingLookup, Reader, ScheduledWorld

TAGS_LAG = timedelta(minutes=2)
SETTINGS = settings(LevelSetting("account-alias"))


@dataclass(frozen=True)
class Inline(Executor):
    """Runs a job at once, on the thread that gives it: a writer is one thread, and dies whole."""

    actor: Actor

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        done: Future[Any] = Future()
        done.set_result(fn(*args, **kwargs))
        if self.actor.is_dead:
            raise Killed
        return done


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What a run is composed of, around the ports: here they are left as they are; a mutant of the
    product leaves one of its promises out."""

    name: str = ""
    remote: Callable[[There], SharedBranch] = lambda there: there
    ledger: Callable[[LedgerStore], LedgerStore] = lambda ledger: ledger
    calls: Callable[[CallRecorder], CallRecorder] = lambda calls: calls
    clock: Callable[[ActorClock], Clock] = lambda clock: clock
    guard: Callable[[LedgerCommits], Guard] = Guard


PRODUCT = Parts()


class Kept:
    """``LedgerStore`` that remembers what it said was on the remote."""

    def __init__(self, inner: LedgerStore, durable: list[LedgerEvent]) -> None:
        self._inner, self._durable = inner, durable
        self._early: list[LedgerEvent] = []
        self.read, self.look, self.events = inner.read, inner.look, inner.events

    def append(self, events: Sequence[LedgerEvent], *, durable: bool = False) -> str:
        made = self._inner.append(events, durable=durable)
        self._early += events
        if durable:
            self._settle()
        return made

    def publish(self) -> None:
        self._inner.publish()
        self._settle()

    def _settle(self) -> None:
        self._durable += self._early
        self._early.clear()


@dataclass(kw_only=True)
class Writer:
    """One process. ``outcomes`` and ``durable`` are the world's."""

    baton: Baton
    actor: Actor
    clone: Clone
    store: Repository
    world: ScheduledWorld
    provider: AccountProvider
    desired: DesiredState
    parts: Parts
    run: str
    outcomes: list[Outcome] = field(default_factory=list)
    durable: list[LedgerEvent] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.clock = self.parts.clock(ActorClock(self.baton, self.actor))
        self.git = GitLedger(
            self.store,
            clock=self.clock,
            head=Head(self.clone),
            refs=LedgerRefs(here=Here(self.clone), remote=self.parts.remote(There(self.clone))),
            guard=self.parts.guard,
        )
        self.ledger = self.parts.ledger(Kept(self.git, self.durable))

    def view(self) -> PlanView:
        ledger = self.ledger.read()
        since = self.clock.now() - TAGS_LAG
        lately = [
            AccountId(record.account_id)
            for record in ledger.records.values()
            if record.account_id and record.last_at and record.last_at > since
        ]
        return PlanView(
            desired=self.desired,
            snapshot=Reader(self.world).read(fresh_tags_for=lately),
            ledger=ledger,
            settings=SETTINGS,
            runners={"python": NotingRunner()},
            events=self.ledger.events,
            made=lru_cache(partial(made_ids, self.ledger.events)),
        )

    def plan(self) -> Plan:
        return draft_plan(self.view(), kinds=KINDS, made_at=self.clock.now()).plan

    def apply(self) -> None:
        view = self.view()
        drafted = draft_plan(view, kinds=KINDS, made_at=self.clock.now())
        outcome = apply_plan(
            drafted.plan,
            view,
            drafted.targets,
            self._tools(),
            run=RunInfo(
                id=self.run,
                actor=self.actor.name,
                revision=self.desired.revision,
                plan_digest=plan_digest(drafted.plan),
                command="apply",
            ),
            stop=StopToken(),
        )
        self.outcomes.append(outcome)

    def _tools(self) -> Tools:
        world = self.world
        return Tools(
            clock=self.clock,
            ledger=self.ledger,
            provider=self.provider,
            writer=FakeWriter(world),
            lookup=LaggingLookup(world),
            members=FakeMembers(world),
            calls=self.parts.calls(FakeCalls(world)),
            observer=Witness(),
            history=OneCommit(),
            random=lambda: 0.5,
            kinds=KINDS,
            effects=EFFECTS,
            pools=lambda most, name: Inline(self.actor),
        )
