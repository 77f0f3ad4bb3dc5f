"""The worker's loop on a clock that costs nothing: when it looks, reconciles, retries, stops."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from builders_kinds import a_change
from fakes.clocks import SteppingClock

from aft.config.model import WorkerConfig
from aft.engine.model import StopToken
from aft.engine.worker import BackoffQueue, Worker
from aft.errors import AftError, Refused, Transient
from aft.plan.outcome import Outcome, Status, StepOutcome, TargetOutcome
from aft.values.ids import Revision

ONE, TWO = Revision("1" * 40), Revision("2" * 40)
CONFIG = WorkerConfig(
    interval_seconds=60,
    jitter_percent=0,
    reconcile_every_seconds=3600,
    retry_first_seconds=60,
    retry_most_seconds=480,
)


@dataclass
class Scene:
    """A branch whose tip moves at given times, and a reconcile that remembers when it ran."""

    until: float
    tips: dict[float, Revision | AftError] = field(default_factory=lambda: {0.0: ONE})
    failing: Callable[[float], set[str]] = lambda now: set()
    raising: Callable[[float], Exception | None] = lambda now: None
    seconds: float = 0.0
    config: WorkerConfig = CONFIG
    random: float = 0.0

    def __post_init__(self) -> None:
        self.clock = SteppingClock()
        self.stop = StopToken()
        self.passes: list[tuple[float, Revision, frozenset[str] | None]] = []
        self.log: list[Mapping[str, object]] = []
        self.fetches: list[float] = []

    def fetch(self) -> Revision:
        now = self.clock.monotonic()
        self.fetches.append(now)
        tip = self.tips[max(at for at in self.tips if at <= now)]
        if isinstance(tip, AftError):
            raise tip
        return tip

    def reconcile(self, revision: Revision, targets: frozenset[str] | None) -> Outcome:
        now = self.clock.monotonic()
        self.passes.append((now, revision, targets))
        self.clock.advance(self.seconds)
        if error := self.raising(now):
            raise error
        rows = [self._row(name, Status.FAILED) for name in sorted(self.failing(now))]
        return Outcome(run=f"run-{len(self.passes)}", targets=tuple(rows))

    @staticmethod
    def _row(name: str, status: Status) -> TargetOutcome:
        change = a_change("update account/tags", name)
        step = StepOutcome(change=change, status=status, message="no")
        return TargetOutcome(target=name, account_id=None, steps=(step,))

    def run(self) -> Scene:
        self.clock.at(self.until, lambda: self.stop.set("SIGTERM"))
        Worker(
            remote=self,
            reconcile=self.reconcile,
            clock=self.clock,
            config=self.config,
            stop=self.stop,
            log=self.log.append,
            random=lambda: self.random,
        ).run()
        return self

    def events(self, name: str) -> list[Mapping[str, object]]:
        return [item for item in self.log if item["event"] == name]


def test_an_unmoved_branch_is_looked_at_and_reconciled_once() -> None:
    scene = Scene(until=600).run()
    assert scene.passes == [(0.0, ONE, None)]
    assert scene.fetches == [60.0 * n for n in range(10)]


def test_a_moved_branch_is_reconciled_at_the_next_look() -> None:
    scene = Scene(until=600, tips={0.0: ONE, 130.0: TWO}).run()
    assert scene.passes == [(0.0, ONE, None), (180.0, TWO, None)]
    assert [item["revision"] for item in scene.events("moved")] == [ONE, TWO]


def test_everything_is_reconciled_every_so_often_although_nothing_moved() -> None:
    scene = Scene(until=8000).run()
    assert [at for at, _, targets in scene.passes if targets is None] == [0.0, 3600.0, 7200.0]


def test_jitter_lengthens_the_interval_up_to_its_share() -> None:
    jittered = CONFIG.model_copy(update={"jitter_percent": 50})
    scene = Scene(until=300, config=jittered, random=1.0).run()
    assert scene.fetches == [0.0, 90.0, 180.0, 270.0]


def test_failed_accounts_are_tried_again_after_a_doubling_wait_with_an_upper_bound() -> None:
    scene = Scene(until=3000, failing=lambda now: {"payments"}).run()
    retries = [at for at, _, targets in scene.passes if targets == frozenset({"payments"})]
    gaps = [later - sooner for sooner, later in zip([0.0, *retries], retries, strict=False)]
    assert gaps == [60.0, 120.0, 240.0, 480.0, 480.0, 480.0, 480.0, 480.0]
    waits = [item["again_in_seconds"] for item in scene.events("requeued")]
    assert waits[:5] == [60.0, 120.0, 240.0, 480.0, 480.0]


def test_a_success_starts_the_waits_over() -> None:
    scene = Scene(until=3700, failing=lambda now: {"a"} if now < 200 or now > 3590 else set()).run()
    retries = [at for at, _, targets in scene.passes if targets == frozenset({"a"})]
    assert retries == [60.0, 180.0, 420.0, 3660.0]


def test_only_those_whose_wait_is_over_are_tried_again() -> None:
    def failing(now: float) -> set[str]:
        return {"a", "b"} if now == 0 else {"b"}

    scene = Scene(until=400, failing=failing).run()
    assert [targets for _, _, targets in scene.passes[1:]] == [
        frozenset({"a", "b"}),
        frozenset({"b"}),
    ]


def test_a_move_forgets_the_waits_and_reconciles_everything() -> None:
    scene = Scene(until=500, tips={0.0: ONE, 200.0: TWO}, failing=lambda now: {"a"}).run()
    assert (240.0, TWO, None) in scene.passes
    again = [at for at, revision, targets in scene.passes if revision == TWO and targets]
    assert again[0] == 300.0


def test_failed_ous_are_repaired_by_a_whole_pass() -> None:
    scene = Scene(until=100, failing=lambda now: {"organization"} if now == 0 else set()).run()
    assert scene.passes == [(0.0, ONE, None), (60.0, ONE, None)]


def test_a_fetch_that_fails_is_logged_and_ends_nothing() -> None:
    gone = Transient("the remote cannot be reached", hint="check the network")
    scene = Scene(until=300, tips={0.0: gone, 100.0: ONE}).run()
    assert scene.passes == [(120.0, ONE, None)]
    assert [item["message"] for item in scene.events("fetch-failed")] == [gone.message] * 2


def test_the_last_seen_revision_is_kept_alive_while_the_remote_is_gone() -> None:
    scene = Scene(until=4000, tips={0.0: ONE, 30.0: Transient("gone")}).run()
    assert [at for at, _, _ in scene.passes] == [0.0, 3600.0]


def test_a_pass_that_cannot_begin_is_logged_and_tried_again_later() -> None:
    scene = Scene(until=1000, raising=lambda now: Refused("over a limit") if now < 150 else None)
    scene.run()
    assert [at for at, _, _ in scene.passes] == [0.0, 60.0, 180.0]
    assert [item["message"] for item in scene.events("reconcile-failed")] == ["over a limit"] * 2


def test_a_ledger_that_could_not_be_pushed_is_pushed_by_another_pass_soon() -> None:
    class Unpushed(Scene):
        def reconcile(self, revision: Revision, targets: frozenset[str] | None) -> Outcome:
            outcome = super().reconcile(revision, targets)
            why = "the remote said no" if self.clock.monotonic() < 100 else ""
            return replace(outcome, unpublished=why)

    scene = Unpushed(until=600).run()
    assert scene.passes == [(0.0, ONE, None), (60.0, ONE, None), (180.0, ONE, None)]
    finished = [item.get("unpublished") for item in scene.events("reconcile-finished")]
    assert finished == ["the remote said no", "the remote said no", None]
    assert [item["target"] for item in scene.events("requeued")] == ["all", "all"]


def test_an_unexpected_error_of_a_pass_does_not_end_the_worker() -> None:
    scene = Scene(until=200, raising=lambda now: KeyError("bug") if now == 0 else None).run()
    assert [at for at, _, _ in scene.passes] == [0.0, 60.0]
    assert "unexpected KeyError" in str(scene.events("reconcile-failed")[0]["message"])


def test_a_stop_during_a_wait_ends_it_soon_and_cleanly() -> None:
    scene = Scene(until=75.0).run()
    assert scene.clock.monotonic() <= 75.6
    assert scene.log[-1] == {"event": "worker-stopped", "reason": "SIGTERM"}


def test_a_stop_during_a_pass_lets_it_end_and_begins_no_other() -> None:
    scene = Scene(until=5.0, seconds=10.0, failing=lambda now: {"a"}).run()
    assert len(scene.passes) == 1
    assert scene.log[-1]["event"] == "worker-stopped"
    finished = scene.events("reconcile-finished")[0]
    assert (finished["failed"], finished["run"], finished["seconds"]) == (1, "run-1", 10.0)


def test_the_queue_forgets_on_success_and_keeps_only_what_a_whole_pass_left() -> None:
    waiting = BackoffQueue(first=1.0, most=8.0)
    assert [waiting.failed("a", now=0.0) for _ in range(5)] == [1.0, 2.0, 4.0, 8.0, 8.0]
    waiting.failed("b", now=5.0)
    assert waiting.next_due() == 6.0
    assert waiting.due(now=6.0) == frozenset({"b"})
    waiting.succeeded("a")
    assert waiting.failed("a", now=0.0) == 1.0
    waiting.keep_only({"b"})
    assert len(waiting) == 1
    waiting.keep_only(())
    assert waiting.next_due() is None
