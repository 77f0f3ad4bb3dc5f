"""From a revision and a world to a plan; and the check that a pinned plan may still be applied."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import lru_cache, partial
from pathlib import PurePosixPath
from typing import Any, TypedDict

from aft.app.workspace import Workspace
from aft.app.world import World, ledger_branch, open_ledger, open_snapshots
from aft.clock import SystemClock
from aft.config.model import CONFIG_PATH, CUSTOMIZATIONS_PATH, DEFAULTS_NAME, REQUESTS_PATH
from aft.desired.model import DesiredState
from aft.errors import Refused, UserError
from aft.findings.model import Finding
from aft.git.history import GitHistory
from aft.ledger.events import LedgerState
from aft.ledger.kept import Events, kept_of, made_ids
from aft.organization.model import OrganizationSnapshot
from aft.organization.narrowed import narrowed
from aft.plan.codec import plan_digest
from aft.plan.draft import Look
from aft.plan.kind import Kinds
from aft.plan.make import Drafted, draft_plan
from aft.plan.model import Plan
from aft.plan.ou_bindings import bound_on_the_way, bound_units
from aft.plan.pinned import asked_again, redrafted, what_differs, what_moved
from aft.plan.safety import check_safety, lifted_limits
from aft.plan.targets import AccountTarget
from aft.plan.view import PlanView
from aft.values.ids import WORKING_TREE, AccountId, RequestId, Revision

BULK_TAGS_LAG = timedelta(minutes=2)
"""How long the bulk answer about tags may be behind; AWS gives no figure, so a cautious one."""


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A plan with all it was made from, and what the safety limits say of it. ``lifted`` are the
    limits that only a reviewed exception lets it exceed. ``is_published`` when the organization was
    not read but taken as last published. ``failed_previews`` are the ids of changes that could not
    be previewed although that was asked for."""

    plan: Plan
    view: PlanView
    targets: Mapping[RequestId, AccountTarget]
    kinds: Kinds
    refusals: tuple[Finding, ...]
    lifted: tuple[str, ...] = ()
    is_published: bool = False
    failed_previews: tuple[str, ...] = ()

    @property
    def desired(self) -> DesiredState:
        return self.view.desired

    @property
    def snapshot(self) -> OrganizationSnapshot:
        return self.view.snapshot

    @property
    def ledger(self) -> LedgerState:
        return self.view.ledger


def plan_now(
    workspace: Workspace,
    world: World,
    desired: DesiredState,
    *,
    scope: Sequence[RequestId] | None = None,
    rerun: Sequence[str] = (),
    deep: bool = False,
    is_shown: bool = False,
) -> Planned:
    """Read the ledger and the organization, and make the plan. Changes nothing. With ``scope`` only
    these requests are looked at, by reads that do not grow with the organization; a plan that is
    only shown takes the policies of places as they were last published. ``rerun`` names
    customizations and steps to run although nothing changed. With ``deep`` every setting is read
    inside its account, also what the ledger takes as done."""
    ledger = world.ledger.read()
    snapshot = read_snapshot(world, desired, ledger, scope)
    now = world.clock.now()
    view = view_of(
        workspace,
        desired,
        snapshot,
        ledger,
        world.ledger.events,
        today=now.date(),
        scope=scope,
        rerun=frozenset(rerun),
        is_deep=deep,
    )
    if is_shown:
        view = replace(view, published=_last_published(workspace, desired))

    def look(kind: str, looks: Sequence[Look]) -> Mapping[tuple[str, str], Any]:
        return world.effects[kind].look(
            looks, world.edge.members, in_parallel=desired.config.limits.accounts_in_parallel
        )

    drafted = draft_plan(view, kinds=workspace.kinds, look=look, made_at=now)
    return judged(drafted, view, kinds=workspace.kinds, today=now.date())


def view_of(
    workspace: Workspace,
    desired: DesiredState,
    snapshot: OrganizationSnapshot,
    ledger: LedgerState,
    events: Events,
    *,
    today: date,
    scope: Sequence[RequestId] | None,
    rerun: frozenset[str] = frozenset(),
    is_deep: bool = False,
) -> PlanView:
    """What a plan of this workspace is computed from. ``events`` are the ledger's, by subject."""
    return PlanView(
        desired=desired,
        snapshot=snapshot,
        ledger=ledger,
        settings=workspace.settings,
        runners=workspace.runners,
        provider_version=workspace.providers[desired.config.provider].effect_version,
        scope=None if scope is None else frozenset(scope),
        rerun=rerun,
        is_deep=is_deep,
        kept=partial(kept_of, lru_cache(1)(events)),
        events=events,
        made=lru_cache(partial(made_ids, events)),
        today=today,
    )


def read_snapshot(
    world: World, desired: DesiredState, ledger: LedgerState, scope: Sequence[RequestId] | None
) -> OrganizationSnapshot:
    """The whole organization, or only what ``scope`` needs."""
    if scope is None:
        read = world.edge.reader.read(fresh_tags_for=_changed_lately(world, ledger))
        found = {kind: effects.read() for kind, effects in world.effects.items()}
        objects = {kind: things for kind, things in found.items() if things is not None}
        return replace(read, objects=objects) if objects else read
    return world.edge.reader.read_scoped(**needed_by(scope, desired, ledger, world.ledger.events))


class Needed(TypedDict):
    """What a scoped plan looks at: accounts known by id, those known only by tag, and OUs, each
    by the text of its path or by AWS's id."""

    account_ids: Sequence[AccountId]
    request_ids: Sequence[RequestId]
    unit_paths: Sequence[str]


def needed_by(
    scope: Sequence[RequestId], desired: DesiredState, ledger: LedgerState, events: Events
) -> Needed:
    """What is to be read for these requests. OUs that the ledger knows are asked for by their ids,
    too: they may have been renamed. ``events`` are the ledger's, by subject."""
    known_units = bound_units(ledger, lru_cache(partial(made_ids, events))).values()
    account_ids: list[AccountId] = []
    unbound: list[RequestId] = []
    paths: list[str] = []
    for request_id in scope:
        request = desired.request_by_id.get(request_id)
        names = (request_id, request.previously if request else None)
        bound = [ledger.record(name).account_id for name in names if name]
        known = {found for found in (*bound, request and request.account_id) if found}
        if known:
            account_ids.extend(AccountId(found) for found in sorted(known))
        else:
            unbound.append(request_id)
        if request is not None:
            paths.append(str(request.ou))
            listed = desired.organization.paths
            paths.extend(bound_on_the_way(request.ou_path, known_units, listed))
    return Needed(account_ids=account_ids, request_ids=unbound, unit_paths=sorted(set(paths)))


def _changed_lately(world: World, ledger: LedgerState) -> list[AccountId]:
    """Accounts whose tags AWS's bulk answer may not know yet, because a run has just been there."""
    since = world.clock.now() - BULK_TAGS_LAG
    return [
        AccountId(record.account_id)
        for record in ledger.records.values()
        if record.account_id and record.last_at and record.last_at > since
    ]


def changed_since(
    workspace: Workspace, desired: DesiredState, old: str
) -> tuple[RequestId, ...] | None:
    """The requests that differ between ``old`` and the desired state's revision. ``None`` when only
    a full plan can tell: ``aft.yaml``, a baseline, the OU tree or customizations changed, or a
    request's file is gone and its account may have to be forgotten. Raises ``UserError`` for a
    working tree, which has no commit to compare."""
    if desired.revision == WORKING_TREE:
        raise UserError(
            "--changed-since compares two commits; the working tree is none",
            hint="commit first, or plan without --changed-since",
        )
    base = workspace.files(old).revision
    changed_paths = partial(GitHistory(workspace.repository).changed_paths, base, desired.revision)
    if changed_paths(CONFIG_PATH) or changed_paths(CUSTOMIZATIONS_PATH):
        return None
    changed: set[RequestId] = set()
    for path in changed_paths(REQUESTS_PATH):
        file = PurePosixPath(path)
        if file.name == DEFAULTS_NAME:
            below = f"{file.parent}/"
            changed.update(
                item.id for item in desired.requests if item.source.path.startswith(below)
            )
            changed.update(
                held.id for held in desired.held.requests.values() if held.path.startswith(below)
            )
        elif file.suffix == ".yaml":
            changed.add(RequestId(file.stem))
    renamed = {request.previously for request in desired.asked_for}
    if any(not desired.has_file(name) and name not in renamed for name in changed):
        return None
    return tuple(sorted(changed))


def own_errors(
    workspace: Workspace, planned: Planned, findings: Iterable[Finding], base: str | None
) -> tuple[Finding, ...]:
    """Those of ``findings`` for which this change answers: errors that ``base`` does not have.
    Without one every error counts, unless the plan is limited to accounts of which none is held
    back. Lines move, so errors count as the same by their file and words."""
    errors = tuple(item for item in findings if item.is_error)
    if errors and base is None:
        return errors if planned.plan.scope is None or planned.plan.held_back else ()
    if not errors or base is None:
        return ()
    there = workspace.load(workspace.files(base)).findings
    known = {(item.code, item.path, item.message) for item in there}
    return tuple(item for item in errors if (item.code, item.path, item.message) not in known)


def check_pinned(workspace: Workspace, world: World, plan: Plan, *, tip: Revision) -> Planned:
    """Everything needed to carry out ``plan``, if the world is still the one it was made for.
    ``tip`` is the revision the repository is at now. Raises ``Refused`` naming what moved, or what
    this installation of aft would do otherwise than the one that made the plan."""
    if plan.revision == WORKING_TREE:
        raise UserError(
            "this plan was made from a working tree, so what it applies could not be traced later",
            hint="commit, and plan the commit",
        )
    workspace.kinds.check(plan.changes)
    desired = workspace.desired(workspace.files(plan.revision))
    ledger = world.ledger.read()
    scope = None if plan.scope is None else tuple(RequestId(name) for name in plan.scope)
    snapshot = read_snapshot(world, desired, ledger, scope).with_kinds(plan.kinds)
    moved = what_moved(plan, snapshot, ledger_commit=ledger.commit, revision=tip)
    _refuse_if(moved, plan, "was made for another world")
    view = view_of(
        workspace,
        desired,
        snapshot,
        ledger,
        world.ledger.events,
        today=world.clock.now().date(),
        scope=scope,
        rerun=asked_again(plan),
        is_deep=True,
    )
    now = world.clock.now()
    again = redrafted(plan, view, kinds=workspace.kinds, made_at=now)
    what = (
        "was made by another version of aft or of a plug-in, and this one would do something else"
    )
    _refuse_if(what_differs(plan, again.plan, workspace.kinds), plan, what)
    return judged(replace(again, plan=plan), view, kinds=workspace.kinds, today=now.date())


def _refuse_if(lines: Iterable[str], plan: Plan, what: str) -> None:
    if text := "".join(f"\n  {line}" for line in lines):
        raise Refused(
            f"plan {plan_digest(plan)[7:19]} {what}:{text}", hint="make a new plan, and review it"
        )


def judged(drafted: Drafted, view: PlanView, *, kinds: Kinds, today: date) -> Planned:
    """The plan with what the safety limits say of it."""
    plan, desired = drafted.plan, view.desired
    refusals = check_safety(
        plan,
        desired.config.effective_limits,
        kinds=kinds,
        today=today,
        desired=desired,
        ledger=view.ledger,
        management_account_id=view.snapshot.management_account_id,
    )
    return Planned(
        plan=plan,
        view=view,
        targets=drafted.targets,
        kinds=kinds,
        refusals=refusals,
        lifted=lifted_limits(plan, desired.config.effective_limits, kinds=kinds, today=today),
    )


def _last_published(
    workspace: Workspace, desired: DesiredState
) -> Callable[[], OrganizationSnapshot | None]:
    """Read when asked for, once; one that cannot be read is none."""

    @lru_cache(1)
    def read() -> OrganizationSnapshot | None:
        with suppress(UserError):
            return open_snapshots(workspace, desired.config).published()
        return None

    return read


def publish(
    workspace: Workspace, world: World, desired: DesiredState, snapshot: OrganizationSnapshot | None
) -> bool:
    """Publish the organization; false when what is there is still true and not old,
    or when the ledger is signed and this run may not sign. ``snapshot`` is
    what was read in this run; ``None``, or only a part of the organization, reads all of it now.
    Raises what reading and pushing raise."""
    if snapshot is None or snapshot.scope is not None:
        snapshot = read_snapshot(world, desired, world.ledger.read(), None)
    store = open_snapshots(workspace, desired.config, signer=world.edge.ledger_signer)
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
    snapshot = open_snapshots(workspace, desired.config).published()
    if snapshot is None:
        branch = ledger_branch(desired.config, simulated=workspace.simulated)
        raise UserError(
            f"no organization snapshot was published on {branch} yet",
            hint="publish one with credentials: aft apply --publish, or aft drift --publish",
        )
    if scope is not None:
        part = narrowed(snapshot, **needed_by(scope, desired, ledger, book.events))
        snapshot = replace(part, policies=snapshot.policies)  # nothing else can be asked for them
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
