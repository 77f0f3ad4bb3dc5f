"""Schedules of real processes: each run is forked from one that is warm, works in its own clone
of a bare remote, and reaches a served organization; it kills or stops itself, by a real signal, at
the moment that a seed has drawn. Time is one for all of them: it passes when one sleeps.
"""

from __future__ import annotations

import ctypes
import json
import mmap
import os
import shutil
import signal
import struct
import sys
import threading
import traceback
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import botocore.session
import pygit2
from builders_faults import Nobody, apply
from builders_live import with_remote
from builders_repo import CONFIG, Repo

from aft.app.apply.applying import apply_now
from aft.app.plan.planning import plan_now
from aft.app.workspace import Workspace
from aft.app.world import World
from aft.aws.adapters import connect
from aft.desired.model import DesiredState
from aft.engine.model import StopToken
from aft.errors import AftError
from aft.git.ledger.store import GitLedger
from aft.ledger.events import AccountRecord, LedgerEvent, LedgerState
from aft.organization.model import REQUEST_TAG
from aft.ports import Clock, LedgerStore
from aft.sandbox import Sandbox
from aft.sandbox.clock import VirtualClock, Wall
from aft.sandbox.server import serve

TREE = "organizational_units:\n  - name: Workloads\n"
BASELINE = """\
select: {organizational_units: [Workloads]}
settings:
  - setting: account-alias
    parameters: {alias: "acme-{id}"}
"""
NAMES = ("lab", "shop")
PR_SET_PDEATHSIG = 1
WORKED, SAID_WHY, BROKEN = 0, 1, 99


class SharedTime:
    """Seconds that all forked processes see. Without a lock: its holder could be killed."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, 8)
        self._seen = 0.0

    def read(self) -> float:
        self._seen = max(self._seen, *struct.unpack("d", self._memory[:8]))
        return self._seen

    def sleep(self, seconds: float) -> None:
        self._memory[:8] = struct.pack("d", self.read() + max(0.0, seconds))


@dataclass(frozen=True)
class Injury:
    """``signal`` at the ``at``-th moment: before and after each AWS call and each append."""

    signal: signal.Signals
    at: int


@dataclass
class Moments:
    """Those of one process, which it may not survive."""

    injuries: Sequence[Injury]
    lock: threading.Lock = field(default_factory=threading.Lock)
    count: int = 0

    def reach(self, **_: object) -> None:
        with self.lock:
            self.count += 1
            here = [item for item in self.injuries if item.at == self.count]
        for injury in here:
            os.kill(os.getpid(), injury.signal)


@dataclass
class InjuredLedger:
    """``LedgerStore`` whose appends are moments."""

    inner: LedgerStore
    moments: Moments

    def read(self) -> LedgerState:
        return self.inner.read()

    def look(self, subject: str) -> AccountRecord:
        return self.inner.look(subject)

    def append(self, events: Sequence[LedgerEvent], *, durable: bool = False) -> str:
        self.moments.reach()
        commit = self.inner.append(events, durable=durable)
        self.moments.reach()
        return commit

    def publish(self) -> None:
        self.moments.reach()
        self.inner.publish()
        self.moments.reach()

    def events(self, subject: str) -> Sequence[LedgerEvent]:
        return self.inner.events(subject)


@dataclass(frozen=True)
class Template:
    """A bare remote and its clone, before anything was applied."""

    root: Path

    @classmethod
    def make(cls, root: Path) -> Template:
        repo = Repo.create(root / "clone")
        repo.write("aft.yaml", CONFIG)
        repo.write("customizations/organization/organization.yaml", TREE)
        repo.write("customizations/baselines/standard.yaml", BASELINE)
        for name in NAMES:
            repo.request(name, f"tags: {{team: {name}}}\n", ou="Workloads")
        repo.commit("Ask for two accounts")
        with_remote(repo, root / "origin.git")
        for git_dir in (root / "clone/.git", root / "origin.git"):
            shutil.rmtree(git_dir / "hooks", ignore_errors=True)
        session()
        apply(repo.copy(root / "warm"), look_inside=False)  # plug-ins, and moto's models
        return cls(root)

    def clone(self, place: Path, name: str) -> Path:
        """Of the remote in ``place``, which is made by the first."""
        if not (place / "origin.git").exists():
            shutil.copytree(self.root / "origin.git", place / "origin.git")
        shutil.copytree(self.root / "clone", place / name)
        handle = pygit2.Repository(str(place / name))
        handle.remotes.set_url("origin", str(place / "origin.git"))
        return place / name


@cache
def session() -> botocore.session.Session:
    """AWS's models are loaded before any process is forked; it is each one's own from then on."""
    made = botocore.session.Session()
    keys = {"aws_access_key_id": "none", "aws_secret_access_key": "none"}
    for service in ("organizations", "sts", "ssm", "iam", "ec2", "resourcegroupstaggingapi"):
        made.create_client(service, region_name="eu-central-1", **keys)
    return made


def forked(run: Callable[[], int]) -> int:
    """The process that runs it and exits with what it returns."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # threads of the test runner
        child = os.fork()
    if child == 0:
        code = BROKEN
        try:
            if sys.platform == "linux":  # no stopped one is left when the tests are killed
                ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            code = run()
        except BaseException:
            traceback.print_exc()
            sys.stderr.flush()
        finally:
            os._exit(code)
    return child


@dataclass
class Organization:
    """Served from a process of its own, until ``end``."""

    shared: SharedTime
    environ: dict[str, str] = field(default_factory=dict)
    pid: int = 0

    def begin(self) -> None:
        here, there = os.pipe()

        def run() -> int:
            wall = Wall(monotonic=self.shared.read, sleep=self.shared.sleep)
            with Sandbox.open(None, real_time=True, wall=wall) as sandbox, serve(sandbox) as server:
                sandbox.configure(
                    creation_seconds=(5.0, 5.0), role_usable_seconds=2.0, tagging_lag_seconds=15.0
                )
                os.write(there, json.dumps(dict(server.environment())).encode() + b"\n")
                signal.pause()
            return WORKED

        self.pid = forked(run)
        os.close(there)
        with os.fdopen(here) as said:
            self.environ = json.loads(said.readline())

    def end(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


@dataclass
class Scene:
    """One schedule: ``wrong`` is what must not be, when it has been played."""

    seed: int
    template: Template
    place: Path
    wrong: list[str] = field(default_factory=list)
    story: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.draw = Random(f"processes {self.seed}")
        self.shared = SharedTime()
        self.clock: Clock = VirtualClock(
            real_time=True, wall=Wall(monotonic=self.shared.read, sleep=self.shared.sleep)
        )
        self.organization = Organization(self.shared)
        self.clones = 0
        self.runs = 0

    def play(self) -> None:
        shutil.rmtree(self.place, ignore_errors=True)
        self.place.mkdir(parents=True)
        self.organization.begin()
        going: dict[int, str] = {}
        try:
            for _ in range(2):
                self._start(self._fresh(), self._injuries(), going)
            while going:
                self._one_round(going)
            self.shared.sleep(600.0)
            self._last_run()
        finally:
            for pid in going:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
            self.organization.end()

    def _injuries(self) -> list[Injury]:
        kinds = self.draw.choice(((), ("stop",), ("stop",), ("kill",), ("stop", "kill")))
        ats = sorted(self.draw.sample(range(1, 90), len(kinds)))
        names = {"stop": signal.SIGSTOP, "kill": signal.SIGKILL}
        return [Injury(names[kind], at) for kind, at in zip(kinds, ats, strict=True)]

    def _fresh(self) -> Path:
        self.clones += 1
        return self.template.clone(self.place, f"clone-{self.clones}")

    def _start(self, clone: Path, injuries: Sequence[Injury], going: dict[int, str]) -> None:
        self.runs += 1
        name = f"run-{self.runs}"
        plan = [f"{item.signal.name} at {item.at}" for item in injuries]
        self.story.append(f"{name} begins in {clone.name}: {', '.join(plan) or 'unhurt'}")
        going[forked(lambda: _applied(self, clone, name, injuries))] = str(clone)

    def _one_round(self, going: dict[int, str]) -> None:
        """Every run goes on until it ends or stops; then some time passes, and it goes on."""
        stopped: list[int] = []
        for pid, clone in list(going.items()):
            _, status = os.waitpid(pid, os.WUNTRACED)
            if os.WIFSTOPPED(status):
                stopped.append(pid)
                continue
            del going[pid]
            code = os.waitstatus_to_exitcode(status)
            self.story.append(f"a run in {Path(clone).name} ended with {code}")
            if code not in (WORKED, SAID_WHY, -signal.SIGKILL):
                self.wrong.append(f"a run ended with {code}")
            if code == -signal.SIGKILL and self.draw.random() < 0.5:
                again = Path(clone) if self.draw.random() < 0.5 else self._fresh()
                self._start(again, (), going)
        if stopped:
            seconds = self.draw.choice((0.0, 31.0, 61.0, 200.0))
            self.shared.sleep(seconds)
            self.draw.shuffle(stopped)
            self.story.append(f"{len(stopped)} stopped; {seconds:.0f} s later one goes on")
            os.kill(stopped[0], signal.SIGCONT)
            for pid in stopped[1:]:  # still stopped: looked at again after that one
                going[pid] = going.pop(pid)
                os.kill(pid, signal.SIGCONT)

    def _last_run(self) -> None:
        """In fine weather, from a fresh clone; what it finds is what is wrong."""
        clone, report = self._fresh(), self.place / "report.json"
        pid = forked(lambda: _looked(self, clone, report))
        _, status = os.waitpid(pid, 0)
        if os.waitstatus_to_exitcode(status) != WORKED:
            self.wrong.append("the last run broke")
        else:
            self.wrong += json.loads(report.read_text())


# --- inside the processes -------------------------------------------------------------------------


def _open(
    scene: Scene, clone: Path, name: str, injuries: Sequence[Injury]
) -> tuple[Workspace, World, GitLedger, DesiredState]:
    """As ``aft.app.world.open_world`` does for real AWS, but for the clock and the moments."""
    os.environ.update(scene.organization.environ)
    moments = Moments(injuries)
    events = session()
    events.register("request-created", moments.reach)
    events.register("response-received", moments.reach)
    workspace = Workspace.find(clone)
    desired = workspace.desired(workspace.files("HEAD"))
    edge = connect(desired.config, clock=scene.clock, botocore_session=events, run_id=name)
    ledger = GitLedger(
        workspace.repository, remote="origin", clock=scene.clock, head=edge.ledger_head
    )
    world = World(
        clock=scene.clock,
        ledger=InjuredLedger(ledger, moments),
        edge=edge,
        provider=workspace.provider(desired.config, edge.management),
        effects=workspace.effects(edge.management),
        sandbox=None,
        run=name,
    )
    return workspace, world, ledger, desired


def _apply(workspace: Workspace, world: World, desired: DesiredState) -> Any:
    planned = plan_now(workspace, world, desired)
    return apply_now(
        workspace, world, planned, observer=Nobody(), stop=StopToken(), command="apply"
    )


def _applied(scene: Scene, clone: Path, name: str, injuries: Sequence[Injury]) -> int:
    try:
        workspace, world, _, desired = _open(scene, clone, name, injuries)
        return WORKED if _apply(workspace, world, desired).exit_code == 0 else SAID_WHY
    except AftError:
        return SAID_WHY


def _looked(scene: Scene, clone: Path, report: Path) -> int:
    workspace, world, ledger, desired = _open(scene, clone, "last", ())
    outcome = _apply(workspace, world, desired)
    wrong = [] if outcome.exit_code == 0 else [f"the last run: {outcome}"]
    again = plan_now(workspace, world, desired)
    wrong += [f"left to do: {change.id}" for change in again.plan.changes]
    wrong += [f"attention: {item.message}" for item in again.plan.attention]
    wrong += [f"ledger: {fault}" for fault in ledger.examine().faults]
    accounts = [it for it in again.snapshot.accounts if it.tags.get(REQUEST_TAG)]
    found = sorted((it.tags[REQUEST_TAG], str(it.ou), it.tags.get("team", "")) for it in accounts)
    if found != [(name, "Workloads", name) for name in NAMES]:
        wrong.append(f"accounts: {found}")
    if len(again.snapshot.accounts) != 1 + len(NAMES):
        wrong.append(f"{len(again.snapshot.accounts)} accounts with the management account")
    for name in NAMES:
        record = again.ledger.record(name)
        bound = [it.run for it in ledger.events(name) if it.kind.value == "bound"]
        if len(bound) != 1:
            wrong.append(f"{name} is bound by {bound}")
        if record.intent is not None or record.failures:
            wrong.append(f"{name}: {record}")
    origin = pygit2.Repository(str(scene.place / "origin.git"))
    tip = str(origin.references["refs/heads/aft/ledger"].target)
    if world.edge.ledger_head.last() != tip:
        wrong.append(f"the head is noted as {world.edge.ledger_head.last()}, and is {tip}")
    walker = workspace.repository.open().walk(tip)
    wrong += [f"{commit.id} is a merge" for commit in walker if len(commit.parent_ids) > 1]
    report.write_text(json.dumps(wrong))
    return WORKED
