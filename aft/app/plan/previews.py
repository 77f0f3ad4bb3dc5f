"""``aft plan --terraform``: what Terraform itself would change, in accounts the plan touches.

A ``terraform plan`` runs the folder's code: its providers, data sources and external programs. So
only a revision that is merged is run, unless someone says that they trust it; and with
credentials that may only read.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from aft.app.apply.runner_options import runner_options
from aft.app.plan.planning import Planned
from aft.app.workspace import Workspace
from aft.app.world import World
from aft.customizations.model import CustomizationStep, OtherAccount, Previews, StepInputs, step_ref
from aft.desired.model import DesiredState
from aft.errors import AftError, UserError
from aft.kinds.customization.diff import outputs_of, parameters_for
from aft.plan.fields import takes_away
from aft.plan.model import Action, Change
from aft.sessions import SealedSession
from aft.values.ids import WORKING_TREE, AccountId, RequestId

AT_ONCE = 4


def check_trusted(workspace: Workspace, desired: DesiredState) -> None:
    """Raises ``UserError`` unless the revision is part of the branch that is applied."""
    worker = desired.config.worker
    tips = (f"{worker.remote}/{worker.branch}", worker.branch)
    what = "files that are not even committed"
    if desired.revision != WORKING_TREE:
        if any(workspace.repository.is_ancestor(desired.revision, tip) for tip in tips):
            return
        what = f"revision {desired.revision[:12]}, which is not part of {worker.branch}"
    raise UserError(
        f"--terraform would run the code of {what}",
        hint="merge it first; or, if you have read all of it, add --trust",
    )


def with_previews(workspace: Workspace, world: World, planned: Planned) -> Planned:
    """The plan, its Terraform steps with what Terraform says of them as details."""
    look = _Looker(workspace=workspace, world=world, planned=planned)
    with ThreadPoolExecutor(AT_ONCE, "aft-preview") as pool:
        detailed = tuple(pool.map(look, planned.plan.changes))
    return replace(planned, plan=replace(planned.plan, changes=detailed))


@dataclass(frozen=True, kw_only=True)
class _Looker:
    workspace: Workspace
    world: World
    planned: Planned

    def __call__(self, change: Change) -> Change:
        """The change with details, if its runner can tell any."""
        step = self._step(change) if change.action is Action.RUN else None
        runner = self.workspace.runners.get(step.kind) if step is not None else None
        if step is None or change.account_id is None or not isinstance(runner, Previews):
            return change
        if not change.inputs_digest:
            why = "what Terraform changes is only known once the changes before it are made"
            return replace(change, details=(why,))
        session = self.world.edge.members.reading_session(AccountId(change.account_id))
        preview: Callable[..., tuple[str, ...]] = runner.preview
        try:
            lines = preview(step, self._inputs(change, step), SealedSession(session))
        except AftError as error:
            return replace(change, details=(f"cannot be planned: {error.message}",))
        gone = (takes_away(line) for line in lines if line.startswith("-"))
        known = change.comparison and replace(change.comparison, unknown=())
        return self.planned.kinds.judged(
            replace(change, details=lines, fields=(*change.fields, *gone), comparison=known)
        )

    def _step(self, change: Change) -> CustomizationStep | None:
        target = self.planned.targets.get(RequestId(change.target))
        steps = target.steps if target is not None else ()
        return next((step for step in steps if step_ref(step.id) == change.ref), None)

    def _inputs(self, change: Change, step: CustomizationStep) -> StepInputs:
        desired, ledger = self.planned.desired, self.planned.ledger
        target = self.planned.targets[RequestId(change.target)]
        records = {name: ledger.record(name) for name in target.request.depends_on}
        return StepInputs(
            account=target.facts,
            outputs=outputs_of(ledger.record(target.request.id)),
            accounts={
                name: OtherAccount(account_id=record.account_id, outputs=outputs_of(record))
                for name, record in records.items()
            },
            parameters=parameters_for(step, target.request, desired),
            options=runner_options(self.workspace, desired.config),
        )
