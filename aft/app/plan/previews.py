"""``aft plan --terraform``: what Terraform itself would change, in accounts the plan touches.

A ``terraform plan`` runs the folder's code: its providers, data sources and external programs. So
only a revision that is merged is run, unless somebody says that they trust it; and with
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
from aft.desired.model import AccountRequest, DesiredState
from aft.errors import AftError, UserError
from aft.kinds.customization.diff import outputs_of, parameters_for
from aft.plan.fields import takes_away
from aft.plan.model import Action, Change
from aft.sessions import SealedSession
from aft.values.ids import WORKING_TREE, AccountId

AT_ONCE = 4


def check_trusted(workspace: Workspace, desired: DesiredState) -> None:
    """Raises ``UserError`` unless the revision is part of the branch that is applied."""
    worker = desired.config.worker
    tips = (f"{worker.remote}/{worker.branch}", worker.branch)
    if desired.revision != WORKING_TREE and any(
        workspace.repository.is_ancestor(desired.revision, tip) for tip in tips
    ):
        return
    what = "files that are not even committed"
    if desired.revision != WORKING_TREE:
        what = f"revision {desired.revision[:12]}, which is not part of {worker.branch}"
    raise UserError(
        f"--terraform would run the code of {what}",
        hint="merge it first; or, if you have read all of it, add --trust",
    )


def with_previews(workspace: Workspace, world: World, planned: Planned) -> Planned:
    """The plan, its Terraform steps with what Terraform says of them as details."""
    look = _Looker(workspace=workspace, world=world, planned=planned)
    changes = planned.plan.changes
    with ThreadPoolExecutor(AT_ONCE, "aft-preview") as pool:
        detailed = tuple(pool.map(look, changes))
    return replace(planned, plan=replace(planned.plan, changes=detailed))


@dataclass(frozen=True, kw_only=True)
class _Looker:
    workspace: Workspace
    world: World
    planned: Planned

    def __call__(self, change: Change) -> Change:
        """The change with details, if its runner can tell any."""
        if change.action is not Action.RUN:
            return change
        found = self._step(change)
        runner = self.workspace.runners.get(found[0].kind) if found is not None else None
        if found is None or not isinstance(runner, Previews):
            return change
        if change.account_id is None or not change.inputs_digest:
            why = "what Terraform changes is only known once the changes before it are made"
            return replace(change, details=(why,))
        step, inputs = found
        session = self.world.edge.members.reading_session(AccountId(change.account_id))
        preview: Callable[..., tuple[str, ...]] = runner.preview
        try:
            found_out = preview(step, inputs, SealedSession(session))
        except AftError as error:
            return replace(change, details=(f"cannot be planned: {error.message}",))
        gone = (takes_away(line) for line in found_out if line.startswith("-"))
        told = replace(change, details=found_out, fields=(*change.fields, *gone))
        return self.planned.kinds.judged(told)

    def _step(self, change: Change) -> tuple[CustomizationStep, StepInputs] | None:
        desired, ledger = self.planned.desired, self.planned.ledger
        request = next((item for item in desired.requests if item.id == change.target), None)
        if request is None or change.account_id is None:
            return None
        target = self.planned.targets.get(request.id)
        if target is None:
            return None
        record = ledger.record(request.id)
        for step in target.steps:
            if step_ref(step.id) == change.ref:
                return step, StepInputs(
                    account=target.facts,
                    outputs=outputs_of(record),
                    accounts=self._accounts(request),
                    parameters=parameters_for(step, request, desired),
                    options=runner_options(self.workspace, desired.config),
                )
        return None

    def _accounts(self, request: AccountRequest) -> dict[str, OtherAccount]:
        ledger = self.planned.ledger
        return {
            name: OtherAccount(
                account_id=ledger.record(name).account_id, outputs=outputs_of(ledger.record(name))
            )
            for name in request.depends_on
        }
