"""``aft plan --terraform``: what Terraform itself would change, in accounts the plan touches.

A ``terraform plan`` runs the folder's code: its providers, data sources and external programs. So
only a revision that is merged is run, unless someone says that they trust it; and with
credentials that may only read.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import NamedTuple

from aft.app.apply.runner_options import runner_options
from aft.app.plan.planning import Planned
from aft.app.workspace import Workspace
from aft.app.world import World
from aft.customizations.model import (
    Consent,
    CustomizationStep,
    OtherAccount,
    Previews,
    StepInputs,
    step_ref,
)
from aft.desired.model import DesiredState
from aft.errors import AftError, UserError
from aft.findings.model import Finding
from aft.kinds.customization.comparison import held_by_protection
from aft.kinds.customization.diff import outputs_of, parameters_for
from aft.plan.model import Action, Change
from aft.plan.preview_file import PreviewFile
from aft.sessions import SealedSession
from aft.values.ids import WORKING_TREE, AccountId, RequestId
from aft.values.parts import Comparison, Preview

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
    """The plan, its Terraform steps with what Terraform says of them, and which of them failed."""
    look = _Looker(workspace=workspace, world=world, planned=planned)
    with ThreadPoolExecutor(AT_ONCE, "aft-preview") as pool:
        looked = tuple(pool.map(look, planned.plan.changes))
    return _with(planned, looked)


def joined(planned: Planned, file: PreviewFile) -> Planned:
    """The plan with previews that were made elsewhere."""
    looked = []
    for change in planned.plan.changes:
        step = _step_of(planned, change)
        found = file.of(change) if step is not None else None
        if step is None or found is None:
            looked.append(_Looked(change))
        elif found.failure:
            looked.append(_Looked(replace(change, details=(found.failure,)), is_failed=True))
        else:
            preview = Preview.of(found.parts, found.asks, binding=change.inputs_digest)
            looked.append(_previewed(planned, change, step, preview))
    return _with(planned, looked)


def _with(planned: Planned, looked: Sequence[_Looked]) -> Planned:
    plan = replace(
        planned.plan,
        changes=tuple(item.change for item in looked),
        attention=(*planned.plan.attention, *(it for item in looked for it in item.remarks)),
    )
    failed = tuple(item.change.id for item in looked if item.is_failed)
    return replace(planned, plan=plan, failed_previews=failed)


def _previewed(
    planned: Planned, change: Change, step: CustomizationStep, preview: Preview
) -> _Looked:
    """The change with what is now known of it."""
    target = planned.targets[RequestId(change.target)]
    shown = Comparison(parts=preview.parts)
    remarks = held_by_protection(planned.view, target, step, shown)
    judged = planned.kinds.judged(replace(change, preview=preview))
    return _Looked(judged, remarks=tuple(remarks))


def _step_of(planned: Planned, change: Change) -> CustomizationStep | None:
    """The step that ``change`` runs in an account that is there."""
    if change.action is not Action.RUN or change.account_id is None:
        return None
    target = planned.targets.get(RequestId(change.target))
    steps = target.steps if target is not None else ()
    return next((step for step in steps if step_ref(step.id) == change.ref), None)


class _Looked(NamedTuple):
    """A change as it is now known."""

    change: Change
    is_failed: bool = False
    remarks: tuple[Finding, ...] = ()


@dataclass(frozen=True, kw_only=True)
class _Looker:
    workspace: Workspace
    world: World
    planned: Planned

    def __call__(self, change: Change) -> _Looked:
        """The change with a preview, if its runner can make one."""
        step = _step_of(self.planned, change)
        runner = self.workspace.runners.get(step.kind) if step is not None else None
        if step is None or change.account_id is None or not isinstance(runner, Previews):
            return _Looked(change)
        if not change.inputs_digest:
            why = "what Terraform changes is only known once the changes before it are made"
            return _Looked(replace(change, details=(why,)))
        if step.secrets:
            why = "not planned: it is given secrets, which only an apply reads"
            return _Looked(replace(change, details=(why,)))
        session = self.world.edge.members.preview_session(AccountId(change.account_id))
        try:
            found = runner.preview(step, self._inputs(change, step), SealedSession(session))
        except AftError as error:
            why = f"cannot be planned: {error.message}"
            return _Looked(replace(change, details=(why,)), is_failed=True)
        return _previewed(self.planned, change, step, found)

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
            consent=Consent(binding=change.inputs_digest),
        )
