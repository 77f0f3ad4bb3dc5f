"""Publishing the organization on the ledger's branch, and planning against it without AWS."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from aft.app.plan.planning import Planned, judged, needed_by, read_snapshot, view_of
from aft.app.workspace import Workspace
from aft.app.world import World, ledger_branch, open_ledger, open_snapshots
from aft.clock import SystemClock
from aft.desired.model import DesiredState
from aft.errors import UserError
from aft.organization.model import OrganizationSnapshot
from aft.organization.narrowed import narrowed
from aft.plan.make import draft_plan
from aft.values.ids import RequestId


def publish(
    workspace: Workspace, world: World, desired: DesiredState, snapshot: OrganizationSnapshot | None
) -> bool:
    """Publish the organization; false when what is there is still true and not old. ``snapshot`` is
    what was read in this run; ``None``, or only a part of the organization, reads all of it now.
    Raises what reading and pushing raise."""
    if snapshot is None or snapshot.scope is not None:
        snapshot = read_snapshot(world, desired, world.ledger.read(), None)
    store = open_snapshots(workspace, desired.config)
    return store.publish(snapshot)


def plan_published(
    workspace: Workspace,
    desired: DesiredState,
    *,
    scope: Sequence[RequestId] | None = None,
    rerun: Sequence[str] = (),
) -> Planned:
    """A plan against the organization as last published: no AWS, no credentials. Nothing inside
    accounts is read, so settings are planned by what the ledger says was applied. Raises
    ``UserError`` when nothing was published yet."""
    book = open_ledger(workspace, desired.config)
    ledger = book.read()
    store = open_snapshots(workspace, desired.config)
    snapshot = store.published()
    if snapshot is None:
        branch = ledger_branch(desired.config, simulated=workspace.simulated)
        raise UserError(
            f"no organization snapshot was published on {branch} yet",
            hint="publish one with credentials: aft apply --publish, or aft drift --publish",
        )
    if scope is not None:
        snapshot = narrowed(snapshot, **needed_by(scope, desired, ledger))
    now = SystemClock().now()
    view = view_of(
        workspace,
        desired,
        snapshot,
        ledger,
        book.events,
        today=now.date(),
        scope=scope,
        rerun=frozenset(rerun),
    )
    drafted = draft_plan(view, kinds=workspace.kinds, made_at=now)
    planned = judged(drafted, view, kinds=workspace.kinds, today=now.date())
    return replace(planned, is_published=True)
