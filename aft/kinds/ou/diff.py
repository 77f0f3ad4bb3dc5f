"""The difference between the OU tree the repository wants and the one AWS has.

Creates and renames come first, deletions last and only of OUs that this plan leaves empty. AWS
has no call that moves an OU below another parent, so a ``previously`` elsewhere is a matter for
people. Pure: nothing is called, and a scoped snapshot's silence is never taken for absence.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from aft.findings.model import Finding
from aft.kinds.ou.identity import Evidence, Tags, UnitMatch, match_units, removal_doubt, tag_value
from aft.organization.model import OU_TAG, OrganizationalUnit
from aft.organization.spec import OrganizationSpec, UnitSpec
from aft.plan.draft import Draft
from aft.plan.fields import NAME, OU, OU_ID, OUTSIDE, field_of, tag_field
from aft.plan.model import ORGANIZATION, Action, Change, FieldChange
from aft.plan.ou_tree import UnitTree
from aft.plan.view import PlanView
from aft.text.lookalikes import lookalikes
from aft.values.ids import OrgUnitId, OrgUnitPath
from aft.values.refs import Ref, ou_ref

_SHOWN = 5


def plan_units(view: PlanView, draft: Draft, tags: Tags) -> None:
    """Creations, renames and bindings. A limited plan looks at the OUs on the way to its requests'.
    ``tags`` are those of OUs that were in question."""
    spec, tree = view.desired.organization, draft.tree
    wanted = tuple(_without_lookalikes(draft.tree, _wanted(view, match_units(view, tags))))
    while any(_renamed_if_free(draft, match) for match in wanted):
        pass  # a rename may free the name that another rename waits for
    for match in wanted:
        path = match.spec.path
        if tree.is_in_doubt(path):
            continue
        doubt = match.doubt or _stuck(tree, match) or _doubt(tree, match, spec, view)
        if doubt is not None:
            draft.remark(doubt)
        if match.unit is not None and tree.id_at(path) == match.unit.id:
            _bind(draft, match, match.unit)
        elif doubt is not None:
            tree.hold(path, match.unit.id if match.unit is not None else None)
        elif tree.id_at(path) is None:
            _create(draft, match.spec)


def _wanted(view: PlanView, matches: Mapping[OrgUnitPath, UnitMatch]) -> Iterator[UnitMatch]:
    """All, parents first; for a limited plan those on the way to the OUs it needs."""
    if view.wanted_ous is None:
        yield from matches.values()
        return
    paths = [ou for ou in view.wanted_ous if isinstance(ou, OrgUnitPath)]
    above = {ou for ou in view.wanted_ous if not isinstance(ou, OrgUnitPath)}
    todo = [*above]
    while todo:
        unit = view.snapshot.unit_by_id.get(todo.pop())
        if unit is not None and unit.parent_id is not None:
            above.add(unit.parent_id)
            todo.append(unit.parent_id)
    for match in matches.values():
        is_above = match.unit is not None and match.unit.id in above
        if is_above or any(path.is_within(match.spec.path) for path in paths):
            yield match


def _without_lookalikes(tree: UnitTree, matches: Iterable[UnitMatch]) -> Iterator[UnitMatch]:
    """New ones, and new names, that people would take for another OU next to them are in doubt."""
    siblings: defaultdict[OrgUnitPath, list[str]] = defaultdict(list)
    for path in tree.paths:
        if not path.is_root:
            siblings[path.parent].append(path.name)
    parents: dict[OrgUnitPath, OrgUnitPath] = {}  # that get another name, and where they are
    for match in matches:
        path, own = match.spec.path, match.unit.name if match.unit is not None else ""
        if match.unit is not None:
            parents[path] = match.unit.path
        if tree.id_at(path) is not None or match.doubt is not None:
            yield match
            continue
        parent = parents.get(path.parent, path.parent)
        others = [name for name in siblings[parent] if name != own]
        alike = lookalikes((*others, path.name))
        other = next((other for name, other in alike if name == path.name), None)
        if other is None:
            yield match
            continue
        message = f"OU {path} looks like {other!r} next to it in AWS, and its characters differ"
        hint = f"give it a name that people can tell apart, at {match.spec.source}"
        doubt = Finding(code="AFT925", target=ORGANIZATION, message=message, hint=hint)
        yield replace(match, doubt=doubt)


def _renamed_if_free(draft: Draft, match: UnitMatch) -> bool:
    """Plan to give an OU the name that the file has for it, if no other has it then."""
    tree, unit, path = draft.tree, match.unit, match.spec.path
    if unit is None or match.doubt is not None or tree.id_at(path) is not None:
        return False
    here = tree.path_of(unit.id)
    if here is None or here.is_root or here.parent != path.parent:
        return False
    is_outside = match.is_renamed_outside
    fields = [
        FieldChange(field=NAME, before=here.name, after=path.name),
        FieldChange(field=OU, before=str(here), after=str(path)),
        FieldChange(field=OU_ID, before=unit.id, after=unit.id),
    ]
    if is_outside:
        fields.append(_outside())
    is_doubtful = (is_outside and not match.is_tagged) or match.evidence is Evidence.TAG
    if is_doubtful:
        fields.append(_tag_change(match))
    draft.add(
        Action.ADOPT if is_doubtful else Action.UPDATE,
        ou_ref(path),
        fields=fields,
        uses=tree.uses_of_new(path),
        makes=(ou_ref(path),),
        reason=_why_renamed(match),
    )
    tree.rename(unit.id, path)
    return True


def _why_renamed(match: UnitMatch) -> str:
    unit, spec = match.unit, match.spec
    if match.evidence is Evidence.PREVIOUSLY:
        return f"`previously: {spec.previously}` at {spec.source}"
    name = unit.name if unit is not None else ""
    if match.evidence is Evidence.TAG:
        return f"only its tag {OU_TAG} says that it is {spec.path}; the ledger does not know it"
    keeps = f"to keep the name {name}, write it at {spec.source}"
    if match.is_tagged:
        return f"renamed outside git; {keeps}"
    said = "has no" if match.tag is None else "says otherwise in its"
    return f"renamed outside git, by the ledger alone: the OU {said} tag {OU_TAG}; {keeps}"


def _bind(draft: Draft, match: UnitMatch, unit: OrganizationalUnit) -> None:
    """Have the ledger and the tag say which OU it is, where they say otherwise."""
    path, bound = match.spec.path, match.bound
    if unit.name != path.name:
        return  # renaming it does that
    if match.evidence is Evidence.INSTEAD:
        draft.add(
            Action.ADOPT,
            ou_ref(path),
            fields=(*_same(unit.id, path, path), _tag_change(match), _outside()),
            uses=draft.tree.uses(path),
            reason="the OU that aft knows is gone, and another has its name",
        )
        draft.tree.create(path)  # what goes there waits for it
    elif bound is not None and bound.path.name != path.name:
        was = path.parent.child(bound.path.name)
        draft.add(
            Action.UPDATE,
            ou_ref(path),
            fields=(*_same(unit.id, was, path), _tag_change(match)),
            uses=draft.tree.uses(path),
            reason=f"it is called so in AWS already; the name of {match.spec.source} is taken over",
        )


def found_in_place(view: PlanView) -> Iterator[tuple[Ref, OrgUnitId]]:
    """The OUs that are called as the file says, and that the ledger does not know by that path."""
    for match in _wanted(view, match_units(view, {})):
        unit, path, bound = match.unit, match.spec.path, match.bound
        if unit is None or match.doubt is not None or unit.path != path:
            continue
        if match.evidence is Evidence.INSTEAD or view.ledger.done(ou_ref(path)) is not None:
            continue
        if bound is None or bound.path.name == path.name:
            yield ou_ref(path), unit.id


def _same(unit_id: OrgUnitId, was: OrgUnitPath, path: OrgUnitPath) -> tuple[FieldChange, ...]:
    return (
        FieldChange(field=OU, before=str(was), after=str(path)),
        FieldChange(field=OU_ID, before=unit_id, after=unit_id),
    )


def _outside() -> FieldChange:
    return FieldChange(field=OUTSIDE, before=None, after="yes")


def _tag_change(match: UnitMatch) -> FieldChange:
    return tag_field(OU_TAG, match.tag, tag_value(match.spec.path.name))


def tags_seen(change: Change) -> Mapping[str, str]:
    """What the OU's tags were when ``change`` was planned, as far as that decided something."""
    path = OrgUnitPath.of_text(change.key)
    said = field_of(change, tag_field(OU_TAG, None, "").field)
    tag = said.before if said is not None else tag_value(path.name)
    return {OU_TAG: tag} if tag is not None else {}


def _create(draft: Draft, unit: UnitSpec) -> None:
    tree = draft.tree
    draft.add(
        Action.CREATE,
        ou_ref(unit.path),
        fields=(FieldChange(field=OU, before=None, after=str(unit.path)),),
        uses=tree.uses_of_new(unit.path),
        makes=(ou_ref(unit.path),),
        reason=f"{unit.source}",
    )
    tree.create(unit.path)


def _stuck(tree: UnitTree, match: UnitMatch) -> Finding | None:
    """It could not be given its name, because an OU has it that waits for this one's."""
    unit, path = match.unit, match.spec.path
    if unit is None or tree.id_at(path) in (None, unit.id):
        return None
    return Finding(
        code="AFT924",
        target=ORGANIZATION,
        message=f"OU {path} ({unit.id}) is called {unit.name!r} in AWS, and the OU that has its "
        "name cannot give it up first, so neither is changed",
        hint="give one of them a third name in AWS, then plan again",
    )


def _doubt(
    tree: UnitTree, match: UnitMatch, spec: OrganizationSpec, view: PlanView
) -> Finding | None:
    unit, previously = match.spec, match.spec.previously
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
    elif not there and view.is_limited:
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
        doubt = removal_doubt(view, unit, unit_id)
        if doubt is not None:
            draft.remark(doubt)
        if unit_id is None or unit.path.is_root or doubt is not None:
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
