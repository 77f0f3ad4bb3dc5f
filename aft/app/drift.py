"""Looking for what changed outside git: a deep plan, compared with what was last applied."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

from aft.app.plan.planning import Planned, judged, plan_now
from aft.app.workspace import Workspace
from aft.app.world import World
from aft.config.model import REQUESTS_PATH
from aft.desired.model import AccountRequest, DesiredState, desired_tags
from aft.desired.single import SingleRequests
from aft.errors import AftError
from aft.organization.model import OrganizationSnapshot
from aft.plan.applied import TAGS, Applied, applied_at
from aft.plan.drift import detect_drift, needs_history, repair_plan
from aft.plan.drifted import Drift
from aft.plan.fields import NAME, OU
from aft.plan.make import Drafted
from aft.values.ids import RequestId


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a look at everything found. ``planned`` is the deep plan behind it."""

    planned: Planned
    drift: Drift

    @property
    def snapshot(self) -> OrganizationSnapshot:
        return self.planned.snapshot

    @cached_property
    def repair(self) -> Planned:
        """The plan that puts back what can be put back, with what the limits say of it."""
        planned = self.planned
        plan = repair_plan(planned.plan, self.drift, planned.kinds)
        return judged(
            Drafted(plan=plan, targets=planned.targets),
            planned.view,
            kinds=planned.kinds,
            today=planned.snapshot.read_at.date(),
        )


def find_drift(
    workspace: Workspace,
    world: World,
    desired: DesiredState,
    *,
    scope: Sequence[RequestId] | None = None,
) -> Found:
    """Read everything, also inside accounts, and sort the differences. Changes nothing."""
    planned = plan_now(workspace, world, desired, scope=scope, deep=True)
    past = _Past(workspace)
    applied = {
        target: past.applied(world, desired, target) for target in needs_history(planned.plan)
    }
    drift = detect_drift(
        planned.plan,
        desired,
        planned.snapshot,
        planned.ledger,
        kinds=workspace.kinds,
        applied=applied,
        is_refused=bool(planned.refusals),
    )
    return Found(planned=planned, drift=drift)


class _Past:
    """Requests at the revisions that were applied. A file that was moved since is looked for."""

    def __init__(self, workspace: Workspace) -> None:
        self._files = cache(workspace.files)
        self._reader = cache(lambda revision: SingleRequests(self._files(revision)))
        self._paths = cache(self._paths_at)

    def applied(self, world: World, desired: DesiredState, target: str) -> Applied:
        request = desired.request_by_id.get(RequestId(target))
        if request is None:
            return Applied(why="its request is gone")
        at = applied_at(world.ledger.events(target))
        if not at.revisions:
            return Applied(why="the ledger does not say what was applied, so this may be drift")
        try:
            then = {what: self._request(request, at.revisions[what]) for what in at.revisions}
        except AftError as error:
            return Applied(
                why=f"this may be drift: what was applied is not in this clone ({error.message})"
            )
        ou, name, tags = then.get(OU), then.get(NAME), then.get(TAGS)
        if ou is not None and OU in at.inferred and ou.protect:
            ou = None
        return Applied(
            ou=None if ou is None else str(ou.ou),
            name=None if name is None else name.name,
            email=None if name is None else str(name.email),
            tags=None if tags is None else desired_tags(tags),
        )

    def _request(self, request: AccountRequest, revision: str) -> AccountRequest | None:
        reader: SingleRequests = self._reader(revision)
        found = reader.at(request.source.path)
        if found is not None:
            return found
        path = self._paths(revision).get(f"{request.id}.yaml")
        return None if path is None else reader.at(path)

    def _paths_at(self, revision: str) -> Mapping[str, str]:
        """Paths by the names of their files."""
        entries = self._files(revision).entries(REQUESTS_PATH)
        return {entry.path.rpartition("/")[2]: entry.path for entry in entries}
