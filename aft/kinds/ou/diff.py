"""The difference between the OU tree the repository wants and the one AWS has.

Creates and renames come first, deletions last and only of OUs that this plan leaves empty. AWS
has no call that moves an OU below another parent, so a ``previously`` elsewhere is a matter for
people. Pure: nothing is called, and a scoped snapshot's silence is never taken for absence.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from aft.findings.model import Finding
from aft.organization.model import OrganizationSnapshot
from aft.organization.spec import OrganizationSpec, UnitSpec
from aft.plan.draft import Draft
from aft.plan.fields import NAME, OU, OU_ID
from aft.plan.model import ORGANIZATION, Action, FieldChange
from aft.plan.ou_tree import UnitTree
from aft.plan.view import PlanView
from aft.values.ids import OrgUnitPath
from aft.values.refs import ou_ref

_SHOWN = 5


def plan_units(view: PlanView, draft: Draft) -> None:
    """Creations and renames. A limited plan looks at the OUs on the way to its requests'."""
    spec, tree = view.desired.organization, draft.tree
    wanted = view.wanted_ous
    units = sorted(_within(spec.units, wanted), key=lambda unit: (unit.path.depth, unit.path))
    refused: set[OrgUnitPath] = set()
    while any(_rename_if_free(draft, unit, view.snapshot) for unit in units):
        pass  # a rename may free the name that another rename waits for
    for unit in units:
        if any(unit.path.is_within(path) for path in refused):
            continue
        doubt = _doubt(tree, unit, spec, scoped=wanted is not None)
        if doubt is not None:
            draft.remark(doubt)
        if tree.id_at(unit.path) is not None:
            continue
        if doubt is not None:
            refused.add(unit.path)
        else:
            draft.add(
                Action.CREATE,
                ou_ref(unit.path),
                fields=(FieldChange(field=OU, before=None, after=str(unit.path)),),
                uses=tree.uses_of_new(unit.path),
                makes=(ou_ref(unit.path),),
                reason=f"{unit.source}",
            )
            tree.create(unit.path)


def _within(
    units: Iterable[UnitSpec], wanted: Collection[OrgUnitPath] | None
) -> tuple[UnitSpec, ...]:
    if wanted is None:
        return tuple(units)
    return tuple(unit for unit in units if any(path.is_within(unit.path) for path in wanted))


def _rename_if_free(draft: Draft, unit: UnitSpec, snapshot: OrganizationSnapshot) -> bool:
    tree, path = draft.tree, unit.path
    if unit.previously is None or tree.id_at(path) is not None:
        return False
    found = tree.id_at(unit.previously)
    if found is None:  # an OU above it may have been renamed by this very plan
        before = snapshot.unit_by_path.get(unit.previously)
        found = before.id if before is not None else None
    if found is None:
        return False
    here = tree.path_of(found)
    if here is None or here.is_root or here.parent != path.parent:
        return False
    draft.add(
        Action.UPDATE,
        ou_ref(path),
        fields=(
            FieldChange(field=NAME, before=here.name, after=path.name),
            FieldChange(field=OU, before=str(here), after=str(path)),
            FieldChange(field=OU_ID, before=found, after=found),
        ),
        uses=tree.uses_of_new(path),
        makes=(ou_ref(path),),
        reason=f"`previously: {unit.previously}` at {unit.source}",
    )
    tree.rename(found, path)
    return True


def _doubt(
    tree: UnitTree, unit: UnitSpec, spec: OrganizationSpec, *, scoped: bool
) -> Finding | None:
    previously = unit.previously
    if previously is None:
        return None
    there = tree.id_at(unit.path) is not None
    old_there = tree.id_at(previously) is not None
    named = previously in spec.paths or any(item.path == previously for item in spec.removed)
    code, hint = "AFT911", f"or drop `previously` at {unit.source}"
    if there and old_there and not named:
        message = f"OU {unit.path} exists already, so {previously} is not renamed to it"
        hint = f"move what is left in {previously}, then list it under `removed`; {hint}"
    elif not there and old_there:
        message = (
            f"OU {previously} cannot become {unit.path}: AWS can rename an OU, but not move it "
            "below another parent"
        )
        hint = (
            f"drop `previously` at {unit.source} to have {unit.path} created, let the accounts "
            f"move by their requests, then list {previously} under `removed`"
        )
    elif not there and scoped:
        code, hint = "AFT918", "run a plan of the whole organization once"
        message = (
            f"OU {unit.path} may have to be renamed from {previously}, which this limited plan did "
            "not read"
        )
    else:
        return None
    return Finding(code=code, target=ORGANIZATION, message=message, hint=hint)


def plan_removals(view: PlanView, draft: Draft) -> None:
    """Delete the OUs listed as removed that are empty once this plan is done. Needs a snapshot
    of the whole organization."""
    tree = draft.tree
    removed = view.desired.organization.removed
    gone: set[OrgUnitPath] = set()
    for unit in sorted(removed, key=lambda item: (-item.path.depth, item.path)):
        unit_id = tree.id_at(unit.path)
        if unit_id is None or unit.path.is_root:
            continue
        inside = _inside(unit.path, view, draft, gone)
        if inside:
            shown = ", ".join(inside[:_SHOWN])
            more = f" and {len(inside) - _SHOWN} more" if len(inside) > _SHOWN else ""
            draft.remark(
                Finding(
                    code="AFT910",
                    target=ORGANIZATION,
                    message=f"OU {unit.path} is not deleted, it still holds {shown}{more}",
                    hint="move them elsewhere by their requests, or take the OU off `removed` "
                    f"at {unit.source}",
                )
            )
            continue
        gone.add(unit.path)
        draft.add(
            Action.DELETE,
            ou_ref(unit.path),
            fields=(
                FieldChange(field=OU, before=str(unit.path), after=None),
                FieldChange(field=OU_ID, before=unit_id, after=None),
            ),
            uses=tree.uses(unit.path),
            leaves=(ou_ref(unit.path.parent),),
            unmakes=(ou_ref(unit.path),),
            reason=f"listed under `removed` at {unit.source}, and empty by then",
        )


def _inside(
    path: OrgUnitPath, view: PlanView, draft: Draft, gone: Iterable[OrgUnitPath]
) -> tuple[str, ...]:
    """What stays in the OU, in words."""
    inside = [
        f"OU {below}"
        for below in sorted(draft.tree.paths - set(gone))
        if not below.is_root and below.parent == path
    ]
    homes = draft.homes
    for account in sorted(view.snapshot.accounts, key=lambda item: item.id):
        here = homes.get(account.id, draft.tree.path_of(account.parent_id))
        if here == path:
            inside.append(f"account {account.name} ({account.id})")
    inside.extend(
        f"new account {request}"
        for request, where in sorted(draft.arrivals.items())
        if where == path
    )
    return tuple(inside)
