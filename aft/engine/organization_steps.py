"""Steps on the OU tree: create, rename, delete. Each may be repeated without harm."""

from __future__ import annotations

from aft.engine.context import RunContext
from aft.engine.done import Done
from aft.plan.fields import OU, OU_ID, field_of
from aft.plan.model import Change
from aft.values.ids import OrgUnitId, OrgUnitPath


def create_unit(context: RunContext, change: Change) -> Done:
    """Create the OU at ``change.subject`` below its parent, which exists by now."""
    path = OrgUnitPath.parse(change.subject)
    parent_id = context.units.id_of(path.parent)
    writer = context.tools.writer
    unit_id = context.retry(lambda: writer.create_unit(parent_id=parent_id, name=path.name))
    context.units.created(path, unit_id)
    return Done(summary=f"Create OU {path} ({unit_id})", message=unit_id, data={"ou_id": unit_id})


def rename_unit(context: RunContext, change: Change) -> Done:
    """Give the OU the last name of ``change.subject``."""
    path = OrgUnitPath.parse(change.subject)
    unit_id = _unit_id(context, change, path)
    writer = context.tools.writer
    context.retry(lambda: writer.rename_unit(unit_id, path.name))
    before = field_of(change, OU)
    context.units.renamed(unit_id, path)
    was = before.before if before is not None and before.before else unit_id
    return Done(summary=f"Rename OU {was} to {path} ({unit_id})", data={"ou_id": unit_id})


def delete_unit(context: RunContext, change: Change) -> Done:
    """Delete the OU; AWS refuses when it is not empty, and so do we."""
    path = OrgUnitPath.parse(change.subject)
    unit_id = _unit_id(context, change, path)
    writer = context.tools.writer
    context.retry(lambda: writer.delete_unit(unit_id))
    context.units.deleted(path)
    return Done(summary=f"Delete OU {path} ({unit_id})", data={"ou_id": unit_id})


def _unit_id(context: RunContext, change: Change, path: OrgUnitPath) -> OrgUnitId:
    """The id the plan has seen; else what is at the path now."""
    known = field_of(change, OU_ID)
    if known is not None and known.before is not None:
        return OrgUnitId(known.before)
    return context.units.id_of(path)
