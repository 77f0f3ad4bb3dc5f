"""What is done to the OU tree: create, rename, bind, delete."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from aft.account_provider import ManagementAccess
from aft.engine.context import RunContext
from aft.engine.effects import Effects, StepSuccess
from aft.errors import Denied, NotFound
from aft.kinds.ou.aws import read_tags
from aft.kinds.ou.identity import tag_value
from aft.ledger.events import EventKind
from aft.organization.model import OU_TAG
from aft.plan.draft import Look, Unread
from aft.plan.fields import NAME, OU, OU_ID, field_of
from aft.plan.model import Action, Change
from aft.ports import MemberAccess
from aft.values.ids import OrgUnitId, OrgUnitPath
from aft.values.refs import ou_ref


class OrganizationalUnitEffects(Effects):
    """Carries out changes of the OU tree."""

    def __init__(self) -> None:
        self._management: ManagementAccess | None = None

    def connect(self, management: ManagementAccess) -> None:
        self._management = management

    def apply(self, run: RunContext, change: Change) -> StepSuccess:
        make = {Action.CREATE: _create, Action.DELETE: _delete}.get(change.action, _bind)
        return make(run, change)

    def look(
        self, looks: Sequence[Look], members: MemberAccess, *, in_parallel: int
    ) -> Mapping[tuple[str, str], Mapping[str, str] | Unread]:
        """The tags of OUs; of one that is gone, nothing."""
        del members
        if self._management is None:
            return {}
        management = self._management
        client = management.client("organizations", management.global_region)

        def tags_of(look: Look) -> Mapping[str, str] | Unread | None:
            try:
                return read_tags(client, look.ref.key)
            except NotFound:
                return None
            except Denied as error:
                return Unread(f"the tags of OU {look.ref.key}", error.message, error.hint)

        with ThreadPoolExecutor(in_parallel, thread_name_prefix="aft-look") as pool:
            seen = zip(looks, pool.map(tags_of, looks), strict=True)
            return {
                (look.account_id, look.ref.key): tags for look, tags in seen if tags is not None
            }


def _create(context: RunContext, change: Change) -> StepSuccess:
    """Create the OU at ``change.key`` below its parent, which exists by now."""
    path = OrgUnitPath.of_text(change.key)
    parent_id = context.units.id_of(path.parent)
    writer, tags = context.tools.writer, {OU_TAG: tag_value(path.name)}
    unit_id = context.retry(
        lambda: writer.create_unit(parent_id=parent_id, name=path.name, tags=tags)
    )
    context.units.created(path, unit_id)
    return StepSuccess(
        summary=f"Create OU {path} ({unit_id})",
        message=unit_id,
        made=unit_id,
        data={"ou_id": unit_id},
    )


def _bind(context: RunContext, change: Change) -> StepSuccess:
    """Give the OU the last name of ``change.key``, and the tag that says so."""
    path = OrgUnitPath.of_text(change.key)
    unit_id = _unit_id(context, change, path)
    writer, tags = context.tools.writer, {OU_TAG: tag_value(path.name)}
    if field_of(change, NAME) is not None:
        context.retry(lambda: writer.rename_unit(unit_id, path.name))
        context.units.renamed(unit_id, path)
    context.retry(lambda: writer.tag_unit(unit_id, tags))
    before = field_of(change, OU)
    was = OrgUnitPath.of_text(before.before) if before is not None and before.before else path
    how = f"Rename OU {was} to {path}" if was != path else f"Adopt OU {path}"
    return StepSuccess(
        summary=f"{how} ({unit_id})",
        made=unit_id,
        data={"ou_id": unit_id},
        gone=(ou_ref(was),) if was != path else (),
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
