"""What is done to the OU tree: create, rename, delete."""

from __future__ import annotations

from aft.engine.context import RunContext
from aft.engine.effects import Effects, StepSuccess
from aft.ledger.events import EventKind
from aft.plan.fields import OU, OU_ID, field_of
from aft.plan.model import Action, Change
from aft.values.ids import OrgUnitId, OrgUnitPath
from aft.values.refs import ou_ref


class OrganizationalUnitEffects(Effects):
    """Carries out changes of the OU tree."""

    def apply(self, run: RunContext, change: Change) -> StepSuccess:
        make = {Action.CREATE: _create, Action.UPDATE: _rename}.get(change.action, _delete)
        return make(run, change)


def _create(context: RunContext, change: Change) -> StepSuccess:
    """Create the OU at ``change.key`` below its parent, which exists by now."""
    path = OrgUnitPath.of_text(change.key)
    parent_id = context.units.id_of(path.parent)
    writer = context.tools.writer
    unit_id = context.retry(lambda: writer.create_unit(parent_id=parent_id, name=path.name))
    context.units.created(path, unit_id)
    return StepSuccess(
        summary=f"Create OU {path} ({unit_id})", message=unit_id, data={"ou_id": unit_id}
    )


def _rename(context: RunContext, change: Change) -> StepSuccess:
    """Give the OU the last name of ``change.key``."""
    path = OrgUnitPath.of_text(change.key)
    unit_id = _unit_id(context, change, path)
    writer = context.tools.writer
    context.retry(lambda: writer.rename_unit(unit_id, path.name))
    before = field_of(change, OU)
    context.units.renamed(unit_id, path)
    was = before.before if before is not None and before.before else unit_id
    return StepSuccess(
        summary=f"Rename OU {was} to {path} ({unit_id})",
        data={"ou_id": unit_id},
        gone=(ou_ref(OrgUnitPath.of_text(was)),) if was != unit_id else (),
    )


def _delete(context: RunContext, change: Change) -> StepSuccess:
    """Delete the OU; AWS refuses when it is not empty, and so do we."""
    path = OrgUnitPath.of_text(change.key)
    unit_id = _unit_id(context, change, path)
    writer = context.tools.writer
    context.retry(lambda: writer.delete_unit(unit_id))
    context.units.deleted(path)
    return StepSuccess(
        summary=f"Delete OU {path} ({unit_id})",
        data={"ou_id": unit_id, "how": "deleted"},
        event=EventKind.STEP_REMOVED,
    )


def _unit_id(context: RunContext, change: Change, path: OrgUnitPath) -> OrgUnitId:
    """The id the plan has seen; else what is at the path now."""
    known = field_of(change, OU_ID)
    if known is not None and known.before is not None:
        return OrgUnitId(known.before)
    return context.units.id_of(path)
