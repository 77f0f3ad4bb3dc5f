"""A repository of some size and a simulated organization that already is as it asks."""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import boto3

from aft.app.workspace import Workspace
from aft.app.world import World, edge_onto, ledger_branch, open_ledger
from aft.config.model import Config
from aft.ledger.events import EventKind, LedgerEvent, LedgerState
from aft.ledger.replay import replay
from aft.organization.model import REQUEST_TAG
from aft.plan.make import draft_plan
from aft.plan.view import PlanView
from aft.sandbox.sandbox import Sandbox
from aft.sandbox.seed import AccountSpec
from tests.bench.ledgers import write_ledger
from tests.bench.repositories import Sample, samples, write_repository

LEDGER_BRANCH = ledger_branch(Config(home_region="eu-central-1"), simulated=True)
LONG_AGO = timedelta(days=1)
"""Before any doubt about bulk answers: a plan right after a run reads some accounts singly."""


@dataclass(frozen=True)
class Place:
    """A user's repository, the organization behind it, and doors to both."""

    root: Path
    workspace: Workspace
    world: World
    sandbox: Sandbox

    @contextlib.contextmanager
    def counting(self) -> Iterator[Counter[str]]:
        """Counts the calls that AWS sees meanwhile, by operation."""
        counts: Counter[str] = Counter()
        before = self.sandbox.calls
        yield counts
        counts.update(record.operation for record in self.sandbox.log[before:])


@contextlib.contextmanager
def place(root: Path, *, real_time: bool = False) -> Iterator[Place]:
    """Open the repository at ``root`` over an organization that lives in memory."""
    workspace = Workspace.find(root, simulated=True)
    config = workspace.config(workspace.files("HEAD"))
    with (
        Sandbox.open(None, home_region=config.home_region, real_time=real_time) as sandbox,
        edge_onto(sandbox, config) as edge,
    ):
        ledger = open_ledger(workspace, config)
        world = World(
            clock=sandbox.clock,
            ledger=ledger,
            edge=edge,
            provider=workspace.provider(config, edge.management),
            effects=workspace.effects(edge.management),
            sandbox=sandbox,
            run="bench",
        )
        yield Place(root=root, workspace=workspace, world=world, sandbox=sandbox)


@contextlib.contextmanager
def settled_place(root: Path, count: int) -> Iterator[Place]:
    """A place with ``count`` accounts where a plan has nothing to do."""
    write_repository(root, count)
    with place(root) as made:
        made.sandbox.configure(account_quota=count + 10)
        account_ids = made.sandbox.seed_accounts(
            [
                AccountSpec(
                    name=sample.request_id,
                    email=sample.email,
                    ou=sample.ou,
                    tags={**sample.tags, REQUEST_TAG: sample.request_id},
                )
                for sample in samples(count)
            ]
        )
        _add_guardrails(made)
        fill_ledger(made, dict(zip(samples(count), account_ids, strict=True)))
        yield made


def fill_ledger(place: Place, accounts: Mapping[Sample, str]) -> None:
    """As if a run had created every account and done every step, a day ago."""
    at = place.world.clock.now() - LONG_AGO
    events = {
        sample.request_id: [
            LedgerEvent(
                kind=EventKind.BOUND,
                subject=sample.request_id,
                at=at,
                run="bench",
                actor="bench",
                account_id=account_id,
                data={"how": "created", "tag_keys": [*sample.tags, REQUEST_TAG]},
            )
        ]
        for sample, account_id in accounts.items()
    }
    workspace = place.workspace
    records = {subject: replay(story) for subject, story in events.items()}
    view = PlanView(
        desired=workspace.desired(workspace.files("HEAD")),
        snapshot=place.world.edge.reader.read(),
        ledger=LedgerState(
            records={subject: record for subject, record in records.items() if record}
        ),
        settings=workspace.settings,
        runners=workspace.runners,
    )
    plan = draft_plan(view, kinds=workspace.kinds, made_at=at).plan
    for change in plan.changes:
        events[change.target].append(
            LedgerEvent(
                kind=EventKind.STEP_DONE,
                subject=change.target,
                at=at,
                run="bench",
                actor="bench",
                account_id=change.account_id,
                data={
                    "kind": change.kind,
                    "action": change.action.value,
                    "key": change.key,
                    "digest": change.inputs_digest,
                },
            )
        )
    write_ledger(place.root, LEDGER_BRANCH, events)


def _add_guardrails(place: Place) -> None:
    """A few service control policies of the organization's own, on some OUs."""
    snapshot = place.world.edge.reader.read()
    client = boto3.Session(botocore_session=place.sandbox.botocore_session()).client(
        "organizations"
    )
    for number, service in enumerate(("ec2", "iam", "s3", "kms")):
        statement = {"Effect": "Deny", "Action": f"{service}:DeleteTags", "Resource": "*"}
        policy = client.create_policy(
            Name=f"guardrail-{service}",
            Description=f"No deleting of tags in {service}",
            Type="SERVICE_CONTROL_POLICY",
            Content=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
        )
        teams = [unit for unit in snapshot.units if unit.path.depth == 2]
        for unit in teams[number::4]:
            client.attach_policy(PolicyId=policy["Policy"]["PolicySummary"]["Id"], TargetId=unit.id)
