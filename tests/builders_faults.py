"""Runs that are killed: each in a process of its own, forked from one that is warm.

A ``Morning`` is a git repository and an organization before anything was applied; every run works
on a copy of it. What is looked at afterwards is the world: accounts, OUs, what is inside the
accounts, and the ledger's branch.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import threading
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NoReturn

import pygit2
from builders_repo import CONFIG, STACK, Repo

from aft.app.apply.applying import apply_now
from aft.app.plan.planning import plan_now
from aft.app.workspace import Workspace
from aft.app.world import World, open_world
from aft.engine.model import StopToken
from aft.errors import AftError
from aft.ledger.codec import decode_event, encode_record
from aft.ledger.events import AccountRecord, LedgerEvent, LedgerState
from aft.ledger.replay import replay
from aft.organization.model import Account
from aft.plan.outcome import Outcome
from aft.ports import LedgerStore, Progress
from aft.sandbox import Action, Gate, Rule, Sandbox
from aft.sandbox.calls import CallRecord

KILLED = 137

TREE = """\
organizational_units:
  - name: Workloads
    children:
      - name: Prod
"""
BASELINE = """\
description: What every account gets
select: {organizational_units: [Workloads]}
settings:
  - setting: account-alias
    parameters: {alias: "acme-{id}"}
  - setting: iam-password-policy
  - setting: ssm-metadata
  - setting: default-vpc-removal
"""
PUBLISH = """\
def customize(context):
    topic = context.outputs["global/10-news.cfn.yaml"]["TopicArn"]
    context.client("ssm").put_parameter(Name="/news", Value=topic, Type="String", Overwrite=True)
    return {"Topic": topic}
"""


@dataclass(frozen=True, kw_only=True)
class Death:
    """The run dies at the ``after``-th call (from 0) of those that fit."""

    action: Action
    service: str = "*"
    operation: str = "*"
    after: int = 0

    @property
    def rule(self) -> Rule:
        return Rule(self.service, self.operation, self.action, after=self.after)

    def __str__(self) -> str:
        return f"{self.action.kind}-{self.operation}-{self.after}"


@dataclass(frozen=True, kw_only=True)
class LedgerDeath:
    """The run dies ``when`` ("before" or "after") its ``at``-th append (from 0)."""

    when: str
    at: int


class DyingLedger:
    """A ledger whose process dies at one of its appends. What AWS has done so far, stays done."""

    def __init__(self, world: World, death: LedgerDeath) -> None:
        self._world = world
        self._ledger: LedgerStore = world.ledger
        self._death = death
        self._appends = 0

    def read(self) -> LedgerState:
        return self._ledger.read()

    def look(self, subject: str) -> AccountRecord:
        return self._ledger.look(subject)

    def append(self, events: Sequence[LedgerEvent], *, durable: bool = False) -> str:
        number, self._appends = self._appends, self._appends + 1
        if number == self._death.at and self._death.when == "before":
            self._die()
        commit = self._ledger.append(events, durable=durable)
        if number == self._death.at:
            self._die()
        return commit

    def publish(self) -> None:
        self._ledger.publish()

    def events(self, subject: str) -> Sequence[LedgerEvent]:
        return self._ledger.events(subject)

    def _die(self) -> NoReturn:
        assert self._world.sandbox is not None
        self._world.sandbox.die()  # else other threads may go on in a world that is not saved


class Nobody:
    """Watches a run and says nothing."""

    def notify(self, progress: Progress) -> None:
        pass


@dataclass(frozen=True)
class Morning:
    """See the module."""

    repo: Repo

    @classmethod
    def begin(cls, root: Path) -> Morning:
        """Two requests with everything that is done to an account, and an empty organization that
        takes its time, on its own clock: so a run also dies while AWS is still at work."""
        repo = Repo.create(root / "repo")
        repo.write("aft.yaml", CONFIG)
        repo.write("customizations/organization/organization.yaml", TREE)
        repo.write("customizations/baselines/standard.yaml", BASELINE)
        repo.write("customizations/global/10-news.cfn.yaml", STACK)
        repo.write("customizations/accounts/web/20-publish.py", PUBLISH)
        repo.request("payments", "tags: {team: pay, tier: gold}\n", ou="Workloads")
        repo.request(
            "shop",
            "tags: {team: shop}\ncustomizations: [web]\ndepends_on: [payments]\n",
            ou="Workloads/Prod",
        )
        repo.commit("Ask for two accounts")
        repo.environ["AFT_SANDBOX_STATE"] = str(root / "organization")
        with repo.sandbox() as sandbox:
            sandbox.configure(
                creation_seconds=(1.0, 1.0), role_usable_seconds=2.0, tagging_lag_seconds=15.0
            )
        shutil.rmtree(repo.root / ".git/hooks", ignore_errors=True)
        return cls(repo)

    def copy(self, root: Path) -> Repo:
        """The same morning somewhere else, nothing done yet."""
        shutil.rmtree(root, ignore_errors=True)
        return self.repo.copy(root)


def die_once(repo: Repo, death: Death | LedgerDeath) -> int:
    """Apply in a child that meets ``death``; returns its exit code."""

    def run() -> None:
        apply(repo, death)

    return in_child(run)


def in_child(run: Callable[[], None]) -> int:
    """Fork, ``run`` in the child, and return its exit code; 1 when it raised."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # threads of the test runner
        child = os.fork()
    if child == 0:
        code = 1
        try:
            run()
            code = 0
        except BaseException:
            traceback.print_exc()
            sys.stderr.flush()
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@dataclass(frozen=True, kw_only=True)
class Report:
    """What one run did, and what the world is like after it."""

    outcome: Outcome
    changes_left: tuple[str, ...]
    attention: tuple[str, ...]
    accounts: tuple[tuple[str, str, tuple[tuple[str, str], ...]], ...]
    units: tuple[str, ...]
    creations: tuple[tuple[str, str], ...]
    inside: dict[str, dict[str, Any]]
    calls_of_apply: int
    calls: tuple[CallRecord, ...]
    hits: int
    ledger: LedgerState


def apply(
    repo: Repo,
    death: Death | LedgerDeath | None = None,
    *,
    rules: Sequence[Rule] = (),
    look_inside: bool = True,
) -> Report:
    """Plan and apply as ``aft apply`` does, under ``rules``, then look."""
    workspace = Workspace.find(repo.root)
    environ = {**os.environ, **repo.environ}
    workspace = Workspace(workspace.repository, environ, simulated=True)
    desired = workspace.desired(workspace.files("HEAD"))
    with open_world(workspace, desired.config) as opened:
        world, sandbox = opened, opened.sandbox
        assert sandbox is not None
        if isinstance(death, Death):
            rules = (*rules, death.rule)
        elif death is not None:
            world = replace(opened, ledger=DyingLedger(opened, death))
        for rule in rules:
            sandbox.faults.add(rule)
        with _answered_late(sandbox, [rule.action.gate for rule in rules if rule.action.gate]):
            planned = plan_now(workspace, world, desired)
            outcome = apply_now(
                workspace, world, planned, observer=Nobody(), stop=StopToken(), command="apply"
            )
        calls, hits = tuple(sandbox.log), sandbox.faults.hits
        sandbox.faults.clear()
        again = plan_now(workspace, world, desired)
        accounts = [
            account
            for account in again.snapshot.accounts
            if account.id != again.snapshot.management_account_id
        ]
        creations = _creations(world)
        return Report(
            outcome=outcome,
            changes_left=tuple(change.id for change in again.plan.changes),
            attention=tuple(item.message for item in again.plan.attention),
            accounts=tuple(
                sorted(
                    (item.name, str(item.ou), tuple(sorted(item.tags.items()))) for item in accounts
                )
            ),
            units=tuple(sorted(str(unit.path) for unit in again.snapshot.units)),
            creations=creations,
            inside=_insides(world, accounts, outcome) if look_inside else {},
            calls_of_apply=len(calls),
            calls=calls,
            hits=hits,
            ledger=again.ledger,
        )


@contextlib.contextmanager
def _answered_late(sandbox: Sandbox, gates: Sequence[Gate]) -> Iterator[None]:
    """What comes to one of ``gates`` is let through after half a minute of the simulated clock."""

    def open_late(gate: Gate) -> None:
        gate.reached.wait()
        sandbox.clock.advance(30)
        gate.open()

    threads = [threading.Thread(target=open_late, args=(gate,)) for gate in gates]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for gate in gates:
            gate.reached.set()
        for thread in threads:
            thread.join()


def _creations(world: World) -> tuple[tuple[str, str], ...]:
    """Every creation that AWS accepted, and how it stands."""
    client = world.edge.management.client("organizations", world.edge.management.global_region)
    pages = client.get_paginator("list_create_account_status").paginate()
    found = [item for page in pages for item in page["CreateAccountStatuses"]]
    return tuple(sorted((item["AccountName"], item["State"]) for item in found))


def _insides(
    world: World, accounts: Sequence[Account], outcome: Outcome
) -> dict[str, dict[str, Any]]:
    try:
        return {account.name: _inside(world, account.id) for account in accounts}
    except AftError as error:  # something is not there: the run says why
        error.add_note(str(outcome))
        raise


def _inside(world: World, account_id: Any) -> dict[str, Any]:
    """What an owner of the account would see."""
    client = world.edge.members.session(account_id).client
    ssm = client("ssm").get_parameters_by_path(Path="/", Recursive=True)["Parameters"]
    stacks = client("cloudformation").describe_stacks()["Stacks"]
    return {
        "aliases": client("iam").list_account_aliases()["AccountAliases"],
        "password": client("iam").get_account_password_policy()["PasswordPolicy"],
        "parameters": {item["Name"]: item["Value"] for item in ssm},
        "vpcs": [vpc["VpcId"] for vpc in client("ec2").describe_vpcs()["Vpcs"]],
        "gateways": client("ec2").describe_internet_gateways()["InternetGateways"],
        "stacks": [(stack["StackName"], stack["StackStatus"]) for stack in stacks],
        "topics": [topic["TopicArn"] for topic in client("sns").list_topics()["Topics"]],
    }


def assert_ledger_is_sound(repo: Repo, branch: str = "aft/ledger-sandbox") -> None:
    """Every record is what its events add up to, and git finds nothing wrong."""
    handle = pygit2.Repository(str(repo.root))
    tree = handle.revparse_single(f"refs/heads/{branch}").peel(pygit2.Tree)
    folders = [tree / "organization"]
    folders += [subject for shard in tree / "accounts" for subject in shard]
    for folder in folders:
        lines = (folder / "events.jsonl").data.splitlines()
        events = [event for event in map(decode_event, lines) if event is not None]
        assert len(events) == len(lines)
        record = replay(events)
        assert (folder / "state.json").data == encode_record(events[0].subject, record)
    repo.git("fsck", "--strict", "--no-dangling")


def intents_are_settled(state: LedgerState) -> bool:
    return all(record.intent is None for record in state.records.values())
