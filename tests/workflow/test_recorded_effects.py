"""What each setting calls on a fixed day, kept: whoever changes it raises ``effect_version``."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

import boto3
import pytest
from builders_repo import Repo
from recorded import KEPT, calls_of, lasting, unversioned
from workflow.test_first_day import (
    CONFIG,
    EVERYTHING,
    ID,
    OPT_IN,
    ORGANIZATION,
    OTHER,
    REQUEST,
    SECURITY_BASELINE,
    SHARE,
)

from aft.app.plan.planning import view_of
from aft.app.workspace import Workspace
from aft.app.world import open_sandbox
from aft.aws.adapters import connect
from aft.aws.session import ATTEMPTS
from aft.baselines.select import ResolvedSetting
from aft.desired.model import DesiredState
from aft.kinds.setting.diff import in_turn
from aft.ledger.events import LedgerState
from aft.plan.make import draft_plan
from aft.plan.targets import AccountTarget
from aft.sandbox.sandbox import Sandbox
from aft.sandbox.seed import AccountSpec
from aft.values.ids import RequestId

ACCOUNTS = ("log-archive", "audit", ID)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """By setting: its version, and its calls in the order of their regions."""
    repo = Repo.create(tmp_path_factory.mktemp("effects") / "repo")
    repo.environ["XDG_STATE_HOME"] = str(repo.root.parent / "state")
    repo.write("aft.yaml", CONFIG)
    repo.write("customizations/organization/organization.yaml", ORGANIZATION)
    repo.write("customizations/baselines/security.yaml", SECURITY_BASELINE)
    repo.write("customizations/baselines/everything.yaml", EVERYTHING)
    for name in ACCOUNTS[:2]:
        repo.request(name, f"regions: [{OTHER}, {OPT_IN}]\n", ou="Security")
    repo.request(ID, REQUEST.replace("customizations: [web-service]\n", ""), ou="Workloads/Prod")
    repo.commit("Ask for an account with everything")
    before = dict(os.environ)
    os.environ.update(repo.environ)
    try:
        yield _record(Workspace.find(repo.root, simulated=True))
    finally:
        os.environ.clear()
        os.environ.update(before)


def _record(workspace: Workspace) -> dict[str, Any]:
    desired = workspace.desired(workspace.files("HEAD"))
    found: dict[str, Any] = {}
    with open_sandbox(workspace, desired.config) as sandbox:
        _before_that_day(sandbox, desired)
        session = sandbox.botocore_session()
        calls = calls_of(session)
        edge = connect(
            desired.config, clock=sandbox.clock, botocore_session=session, attempts=ATTEMPTS
        )
        now = sandbox.clock.now()
        view = view_of(
            workspace,
            desired,
            edge.reader.read(),
            LedgerState(),
            lambda _: (),
            today=now.date(),
            scope=None,
        )
        targets = draft_plan(view, kinds=workspace.kinds, made_at=now).targets
        for name, resolved in _in_turn(targets):
            account_id = targets[name].account_id
            assert account_id is not None
            inside = edge.members.session(account_id)
            calls.clear()
            for region in resolved.regions:
                inputs = resolved.inputs(region)
                observed = resolved.plugin.read(inputs, inside)
                if resolved.plugin.compare(inputs, observed):
                    resolved.plugin.change(inputs, observed, inside)
            kept = found.setdefault(
                resolved.name, {"effect_version": resolved.plugin.effect_version, "calls": {}}
            )
            kept["calls"][name] = lasting(calls)
    return found


def _in_turn(
    targets: Mapping[RequestId, AccountTarget],
) -> Iterator[tuple[RequestId, ResolvedSetting]]:
    """Setting by setting, first in the account that the others name."""
    for wanted in in_turn(targets[RequestId(ID)].settings):
        named = {reference.request_id for reference in wanted.references}
        for name in sorted(targets, key=lambda item: (item not in named, item)):
            for resolved in targets[name].settings:
                if resolved.name == wanted.name:
                    yield name, resolved


def _before_that_day(sandbox: Sandbox, desired: DesiredState) -> None:
    """The accounts are there and empty, but for a share and a log group."""
    management = boto3.Session(botocore_session=sandbox.botocore_session())
    management.client("account").enable_region(RegionName=OPT_IN)
    ids = sandbox.seed_accounts(
        AccountSpec(
            name=name,
            email=str(desired.request_by_id[RequestId(name)].email),
            ou="Security" if name != ID else "Workloads/Prod",
            tags={"aft:request": name},
        )
        for name in ACCOUNTS
    )
    log_archive, _, last = (sandbox.member_session(account_id) for account_id in ids)
    log_archive.client("ram").create_resource_share(name=SHARE, allowExternalPrincipals=False)
    last.client("logs").create_log_group(logGroupName="/left/by-somebody")


def test_no_setting_calls_something_else_under_the_same_version(recorded: dict[str, Any]) -> None:
    assert not unversioned(recorded, KEPT)


def test_every_setting_writes_something_on_that_day(recorded: dict[str, Any]) -> None:
    reads = ("Describe", "Get", "List", "View", "AssumeRole", "Batch")
    silent = {
        name
        for name, item in recorded.items()
        if all(
            next(iter(call)).split(":")[1].startswith(reads)
            for calls in item["calls"].values()
            for call in calls
        )
    }
    # A tag can be activated once Cost Explorer has seen it in use, which takes a day.
    assert silent == {"cost-allocation-tags"}
