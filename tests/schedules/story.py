"""One seed: a storm in which writers apply the same requests, a last run in fine weather, and what
must be true of the world then."""

from __future__ import annotations

import random as of_the_process
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pygit2
from builders_plan import baseline, desired, request, unit
from fakes.account_factory import AccountFactory
from fakes.world import FakeProvider

from aft.desired.model import DesiredState
from aft.errors import AftError
from aft.findings.model import Condition
from aft.git.repository import Repository
from aft.ledger.events import ORGANIZATION, AccountRecord, EventKind, LedgerEvent
from aft.organization.model import REQUEST_TAG
from aft.plan.outcome import Outcome, Status
from schedules.baton import CALM, Actor, ActorClock, Baton, Killed, Weather
from schedules.clones import Clone, Hosted
from schedules.world import ScheduledWorld
from schedules.writers import PRODUCT, Parts, Writer

NAMES = ("payments", "search", "ledger")
LAST_WITHIN = 900.0
"""Virtual seconds that the last run may take, in fine weather."""


@dataclass(frozen=True, kw_only=True)
class Played:
    """What came of a seed. ``digest`` is of the sequence of calls, ``wrong`` what must not be."""

    seed: int
    digest: str
    calls: int
    wrong: tuple[str, ...]


def store_at(path: Path) -> Repository:
    """Where the objects of all clones are kept; emptied by whoever made it."""
    return Repository(Path(pygit2.init_repository(str(path), bare=True).path))


def play(
    seed: int,
    store: Repository,
    *,
    parts: Parts = PRODUCT,
    seen: Callable[[str], None] | None = None,
) -> Played:
    """Everything that happens is decided by ``seed`` and by the product."""
    story = _Story(Random(f"{seed}"), store, parts, seen)
    wrong: tuple[str, ...]
    try:
        story.storm()
        story.last_run()
        wrong = (*story.baton.faults, *story.wrong())
    except Exception as error:
        wrong = (*story.baton.faults, f"{type(error).__name__}: {error}")
    return Played(seed=seed, digest=story.baton.digest, calls=story.baton.calls, wrong=wrong)


@dataclass
class _Story:
    random: Random
    store: Repository
    parts: Parts
    seen: Callable[[str], None] | None
    outcomes: list[Outcome] = field(default_factory=list)
    durable: list[LedgerEvent] = field(default_factory=list)

    def __post_init__(self) -> None:
        draw = self.random
        of_the_process.seed(draw.random())  # pauses between pushes
        self.baton = Baton(draw, self._weather(), seen=self.seen)
        self.hosted = Hosted()
        self.runs = 0
        kind = draw.choice((FakeProvider, FakeProvider, FakeProvider, AccountFactory))
        self.world = ScheduledWorld(
            self.baton,
            ActorClock(self.baton, Actor("world")),
            units=draw.choice(((), ("Workloads",), ("Workloads", "Workloads/Prod"))),
            creation_seconds=draw.choice((5.0, 45.0, 90.0)),
            list_lag=draw.choice((0.0, 5.0, 20.0)),
            account_lag=draw.choice((0.0, 0.0, 5.0, 20.0)),
            tag_lag=draw.choice((0.0, 0.0, 20.0)),
            unique_emails=draw.random() < 0.5,
        )
        self.provider = kind(self.world)
        self.count = draw.choice((2, 2, 2, 5))
        requests = draw.choice((1, 1, 2, 3) if self.count == 2 else (1, 1, 2))
        self.names = NAMES[:requests]
        self.final = self._desired()
        self.first = self._desired("-2") if draw.random() < 0.4 else self.final

    def _weather(self) -> Weather:
        draw = self.random
        return Weather(
            kill=draw.choice((0.0, 0.005, 0.02)),
            freeze=draw.choice((0.0, 0.02, 0.05, 0.1)),
            trouble=draw.choice((0.0, 0.0, 0.05, 0.15)),
            latency=draw.choice((0.05, 0.3, 2.0)),
            stick=draw.choice((0.1, 0.5, 0.85)),
        )

    def _desired(self, suffix: str = "") -> DesiredState:
        return desired(
            *(
                request(
                    name,
                    "Workloads/Prod" if name == "search" else "Workloads",
                    email=f"aws+{name}{suffix}@example.com",
                    tags={"team": name},
                )
                for name in self.names
            ),
            units=[unit("Workloads"), unit("Workloads/Prod")],
            baselines=[baseline("standard", "account-alias")],
        )

    # --- what happens ---

    def storm(self) -> None:
        draw = self.random
        clones = [Clone(self.baton, self.hosted) for _ in range(self.count)]
        if draw.random() < 0.15:
            clones[1] = clones[0]
            clones[0].is_shared = True
        suspends = draw.random() < 0.5
        actors = []
        for number, clone in enumerate(clones, start=1):
            actor = Actor(f"w{number}", suspends=suspends and not clone.is_shared)
            actor.wakes = draw.choice((0.0, 0.0, 0.0, 5.0, 40.0, 100.0))
            state = self.first if number == 1 else self.final
            actors.append((actor, self._machine(actor, clone, state)))
        self.baton.play(actors)

    def _machine(self, actor: Actor, clone: Clone, state: DesiredState) -> Callable[[], None]:
        """A run, and often another one where it was killed or failed: in the same clone, or in a
        fresh one."""

        def life() -> None:
            here = clone
            for _ in range(3):
                with suppress(Killed):
                    if self._run(actor, here, state):
                        return
                if self.random.random() < 0.4:
                    raise Killed
                actor.is_dead = False
                if not here.is_shared and self.random.random() < 0.5:
                    here = Clone(self.baton, self.hosted)
                self.baton.sleep(self.random.choice((0.0, 1.0, 30.0, 100.0)))

        return life

    def _run(self, actor: Actor, clone: Clone, state: DesiredState) -> bool:
        """Whether all was done."""
        before = len(self.outcomes)
        with suppress(AftError):
            self._writer(actor, clone, state).apply()
        done = self.outcomes[before:]
        return bool(done) and all(row.status is Status.SUCCEEDED for row in done[-1].targets)

    def _writer(self, actor: Actor, clone: Clone, state: DesiredState) -> Writer:
        self.runs += 1
        return Writer(
            baton=self.baton,
            actor=actor,
            clone=clone,
            store=self.store,
            world=self.world,
            provider=self.provider,
            desired=state,
            parts=self.parts,
            run=f"{actor.name}-{self.runs}",
            outcomes=self.outcomes,
            durable=self.durable,
        )

    def last_run(self) -> None:
        """From a fresh clone, after everything that is late has come."""
        self.baton.weather = CALM
        self.baton.now += 1000.0
        self.began_last = self.baton.now
        self.last = Actor("last")
        writer = self._writer(self.last, Clone(self.baton, self.hosted), self.final)
        self.baton.play([(self.last, writer.apply)])

    # --- what must be true then ---

    def wrong(self) -> Iterator[str]:
        yield from self._wrong_in_runs()
        yield from self._wrong_in_world()
        self.baton.now += 1000.0
        reader = self._writer(Actor("reader"), Clone(self.baton, self.hosted), self.final)
        found: list[str] = []
        self.baton.play([(reader.actor, lambda: found.extend(self._wrong_in_ledger(reader)))])
        yield from found

    def _wrong_in_runs(self) -> Iterator[str]:
        took = self.baton.now - self.began_last
        if took > LAST_WITHIN:
            yield f"the last run took {took:.0f} s"
        for outcome in self.outcomes:
            for row in outcome.targets:
                for step in row.steps:
                    if "a bug in aft" in step.hint:
                        yield f"a bug: {step.message}"
        if self.outcomes:
            for row in self.outcomes[-1].targets:
                if row.status is not Status.SUCCEEDED:
                    yield f"the last run: {row.target} {row.status}: {row.reason}"

    def _wrong_in_world(self) -> Iterator[str]:
        accounts = list(self.world.accounts.values())
        owners = Counter(item.tags.get(REQUEST_TAG, "nobody") for item in accounts)
        if owners != Counter(self.names):
            yield f"accounts of {dict(owners)}"
        for item in accounts:
            want = "Workloads/Prod" if item.tags.get(REQUEST_TAG) == "search" else "Workloads"
            if str(self.world.path(item.parent_id)) != want:
                yield f"account {item.id} is in {self.world.path(item.parent_id)}"
            if item.tags.get("team") != item.tags.get(REQUEST_TAG):
                yield f"account {item.id} has tags {dict(item.tags)}"
            if self.world.inside[item.id] != {"account-alias": 1}:
                yield f"account {item.id} has inside {self.world.inside[item.id]}"

    def _wrong_in_ledger(self, reader: Writer) -> Iterator[str]:
        examined = reader.git.examine()
        for fault in examined.faults:
            yield f"ledger: {fault}"
        if self.hosted.head != self.hosted.tip:
            yield f"the head is noted as {self.hosted.head}, and is {self.hosted.tip}"
        ledger = reader.git.read()
        known: list[LedgerEvent] = []
        for subject in {ORGANIZATION, *ledger.records}:
            known += reader.git.events(subject)
        lines = Counter(map(_line, known))
        for line, times in lines.items():
            if times > 1:
                yield f"{times} times in the ledger: {line}"
        for event in self.durable:
            if event.kind is not EventKind.BOUND and _line(event) not in lines:
                yield f"lost: {_line(event)}"
        for name in self.names:
            yield from self._wrong_in_record(name, ledger.record(name), known)
        yield from _wrong_in_branch(self.store, self.hosted)
        plan = reader.plan()
        for change in plan.changes:
            yield f"left to do: {change.id}"
        for finding in plan.attention:
            if finding.condition is not Condition.OTHER_EMAIL:  # as the first run was asked for it
                yield f"attention: {finding.message}"

    def _wrong_in_record(
        self, name: str, record: AccountRecord, known: Sequence[LedgerEvent]
    ) -> Iterator[str]:
        bound = [item for item in known if item.subject == name and item.kind is EventKind.BOUND]
        if len(bound) != 1:
            yield f"{name} is bound {len(bound)} times: {[item.run for item in bound]}"
        accounts = self.world.accounts.values()
        owned = [item.id for item in accounts if item.tags.get(REQUEST_TAG) == name]
        if [record.account_id] != owned:
            yield f"{name} has {record.account_id} in the ledger, {owned} in the organization"
        if record.intent is not None:
            yield f"{name} has an open intent: {record.intent}"
        if record.failures:
            yield f"{name} has failures: {dict(record.failures)}"


def _wrong_in_branch(store: Repository, hosted: Hosted) -> Iterator[str]:
    commits = {str(item.id): item for item in store.open().walk(hosted.tip)}
    for commit in commits.values():
        if len(commit.parent_ids) > 1:
            yield f"commit {commit.id} is a merge"
    for push in hosted.pushes:
        if push not in commits:
            yield f"push {push} is not in the branch"


def _line(event: LedgerEvent) -> str:
    at = f"{event.at:%H:%M:%S.%f}"
    return f"{at} {event.run} {event.subject} {event.kind.value} {event.change} {event.summary}"
