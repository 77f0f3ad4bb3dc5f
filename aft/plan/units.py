"""The difference between the OU tree the repository wants and the one AWS has.

Creates and renames come first, deletions last and only of OUs that this plan leaves empty. AWS
has no call that moves an OU below another parent, so a ``previously`` elsewhere is a matter for
people. Pure: nothing is called, and a scoped snapshot's silence is never taken for absence.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from aft.desired.model import AccountRequest
from aft.organization.model import OrganizationSnapshot
from aft.organization.spec import OrganizationSpec, UnitSpec
from aft.plan.fields import NAME, OU, OU_ID
from aft.plan.model import (
    ORGANIZATION,
    Action,
    Attention,
    Change,
    FieldChange,
    change_id,
)
from aft.values.ids import AccountId, OrgUnitId, OrgUnitPath, is_org_unit_id
from aft.values.refs import Ref
from aft.values.suggestions import did_you_mean

UNIT = "ou"
_SHOWN = 5


def unit_ref(path: OrgUnitPath) -> Ref:
    """The OU at ``path``."""
    return Ref(UNIT, str(path))


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an account shall be. ``id`` is ``None`` while the OU is still to be created;
    ``needs`` are the OU changes that must have succeeded before an account can go there."""

    path: OrgUnitPath
    id: OrgUnitId | None
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """Where this plan leaves an account, and the change that brings it there ("" if none)."""

    path: OrgUnitPath
    change: str


class UnitTree:
    """The OU tree as it will be: the snapshot's, with this plan's renames and creations."""

    def __init__(self, snapshot: OrganizationSnapshot) -> None:
        self._snapshot = snapshot
        self._path_by_id = {unit.id: unit.path for unit in snapshot.units}
        self._id_by_path = {path: unit_id for unit_id, path in self._path_by_id.items()}
        root = OrgUnitPath()
        self._path_by_id.setdefault(snapshot.root_id, root)
        self._id_by_path.setdefault(root, snapshot.root_id)
        self._change_at: dict[OrgUnitPath, str] = {}
        self._freed_by: dict[OrgUnitPath, str] = {}
        self._changes: list[Change] = []

    @property
    def changes(self) -> tuple[Change, ...]:
        return tuple(self._changes)

    @property
    def paths(self) -> frozenset[OrgUnitPath]:
        return frozenset(self._id_by_path) | frozenset(self._change_at)

    def id_at(self, path: OrgUnitPath) -> OrgUnitId | None:
        """The OU that will be at ``path`` and exists already."""
        return self._id_by_path.get(path)

    def path_of(self, unit_id: OrgUnitId) -> OrgUnitPath | None:
        return self._path_by_id.get(unit_id)

    def needs(self, path: OrgUnitPath) -> tuple[str, ...]:
        """The nearest change on the way to ``path``; the ones above it come before it anyway."""
        here = path
        while here not in self._change_at:
            if here.is_root:
                return ()
            here = here.parent
        return (self._change_at[here],)

    def place(self, path: OrgUnitPath) -> Place | None:
        """The OU at ``path``, be it there or to be created; ``None`` when there will be none."""
        if path not in self._id_by_path and path not in self._change_at:
            return None
        return Place(path=path, id=self._id_by_path.get(path), needs=self.needs(path))

    def create(self, path: OrgUnitPath, *, reason: str) -> None:
        self._record(
            Action.CREATE,
            path,
            (FieldChange(field=OU, before=None, after=str(path)),),
            reason=reason,
        )

    def rename(self, unit_id: OrgUnitId, path: OrgUnitPath, *, reason: str) -> None:
        """Give the OU the last name of ``path``; whatever hangs below it goes along."""
        old = self._path_by_id[unit_id]
        self._record(
            Action.UPDATE,
            path,
            (
                FieldChange(field=NAME, before=old.name, after=path.name),
                FieldChange(field=OU, before=str(old), after=str(path)),
                FieldChange(field=OU_ID, before=unit_id, after=unit_id),
            ),
            reason=reason,
        )
        self._freed_by[old] = self._change_at[path]
        for below, was in list(self._path_by_id.items()):
            if was.is_within(old):
                self._path_by_id[below] = OrgUnitPath((*path.names, *was.names[old.depth :]))
        self._id_by_path = {where: found for found, where in self._path_by_id.items()}

    def _record(
        self, action: Action, path: OrgUnitPath, fields: tuple[FieldChange, ...], *, reason: str
    ) -> None:
        needs = list(self.needs(path.parent))
        if path in self._freed_by:
            needs.append(self._freed_by[path])
        change = Change(
            id=change_id(ORGANIZATION, action, unit_ref(path)),
            kind=UNIT,
            action=action,
            key=str(path),
            target=ORGANIZATION,
            fields=fields,
            needs=tuple(dict.fromkeys(needs)),
            reason=reason,
        )
        self._changes.append(change)
        self._change_at[path] = change.id


def plan_units(
    spec: OrganizationSpec, snapshot: OrganizationSnapshot, *, wanted: Iterable[OrgUnitPath] | None
) -> tuple[UnitTree, tuple[Attention, ...]]:
    """The tree with its creations and renames. ``wanted`` limits a scoped plan to the OUs on
    the way to these paths; ``None`` looks at all of them."""
    tree = UnitTree(snapshot)
    units = sorted(_within(spec.units, wanted), key=lambda unit: (unit.path.depth, unit.path))
    attention: list[Attention] = []
    refused: set[OrgUnitPath] = set()
    while any(_rename_if_free(tree, unit, snapshot) for unit in units):
        pass  # a rename may free the name that another rename waits for
    for unit in units:
        if any(unit.path.is_within(path) for path in refused):
            continue
        doubt = _doubt(tree, unit, spec, scoped=wanted is not None)
        if doubt is not None:
            attention.append(doubt)
        if tree.id_at(unit.path) is not None:
            continue
        if doubt is not None:
            refused.add(unit.path)
        else:
            tree.create(unit.path, reason=f"{unit.source}")
    return tree, tuple(attention)


def _within(
    units: Iterable[UnitSpec], wanted: Iterable[OrgUnitPath] | None
) -> tuple[UnitSpec, ...]:
    if wanted is None:
        return tuple(units)
    paths = tuple(wanted)
    return tuple(unit for unit in units if any(path.is_within(unit.path) for path in paths))


def _rename_if_free(tree: UnitTree, unit: UnitSpec, snapshot: OrganizationSnapshot) -> bool:
    if unit.previously is None or tree.id_at(unit.path) is not None:
        return False
    found = tree.id_at(unit.previously)
    if found is None:  # an OU above it may have been renamed by this very plan
        before = snapshot.unit_by_path.get(unit.previously)
        found = before.id if before is not None else None
    if found is None:
        return False
    here = tree.path_of(found)
    if here is None or here.is_root or here.parent != unit.path.parent:
        return False
    tree.rename(found, unit.path, reason=f"`previously: {unit.previously}` at {unit.source}")
    return True


def _doubt(
    tree: UnitTree, unit: UnitSpec, spec: OrganizationSpec, *, scoped: bool
) -> Attention | None:
    previously = unit.previously
    if previously is None:
        return None
    there = tree.id_at(unit.path) is not None
    old_there = tree.id_at(previously) is not None
    named = previously in spec.paths or any(item.path == previously for item in spec.removed)
    if there and old_there and not named:
        return Attention(
            code="AFT911",
            target=ORGANIZATION,
            message=f"OU {unit.path} exists already, so {previously} is not renamed to it",
            hint=f"move what is left in {previously}, then list it under `removed`; "
            f"or drop `previously` at {unit.source}",
        )
    if not there and old_there:
        return Attention(
            code="AFT911",
            target=ORGANIZATION,
            message=f"OU {previously} cannot become {unit.path}: AWS can rename an OU, "
            "but not move it below another parent",
            hint=f"drop `previously` at {unit.source} to have {unit.path} created, let the "
            f"accounts move by their requests, then list {previously} under `removed`",
        )
    if not there and scoped:
        return Attention(
            code="AFT918",
            target=ORGANIZATION,
            message=f"OU {unit.path} may have to be renamed from {previously}, "
            "which this limited plan did not read",
            hint="run a plan of the whole organization once",
        )
    return None


def place_of(request: AccountRequest, tree: UnitTree) -> Place | Attention:
    """Where ``request`` wants its account, or why that cannot be told."""
    if isinstance(request.ou, OrgUnitPath):
        place = tree.place(request.ou)
        if place is not None:
            return place
        near = did_you_mean(str(request.ou), [str(path) for path in tree.paths])
        return Attention(
            code="AFT909",
            target=request.id,
            message=f"OU {request.ou} is neither in the organization nor in organization.yaml",
            hint=near or "add it to customizations/organization/organization.yaml",
        )
    path = tree.path_of(request.ou) if is_org_unit_id(request.ou) else None
    if path is None:
        return Attention(
            code="AFT909",
            target=request.id,
            message=f"the organization has no OU with the id {request.ou}",
            hint=f"correct `ou` in {request.source.path}; a path such as Workloads/Prod is "
            "easier to read",
        )
    return Place(path=path, id=request.ou, needs=tree.needs(path))


def plan_removals(
    spec: OrganizationSpec,
    snapshot: OrganizationSnapshot,
    tree: UnitTree,
    *,
    destinations: Mapping[AccountId, Destination],
    arrivals: Mapping[str, OrgUnitPath],
) -> tuple[tuple[Change, ...], tuple[Attention, ...]]:
    """Delete the OUs listed as removed that are empty once this plan is done.

    ``destinations`` are the accounts this plan moves; ``arrivals`` the request ids whose new
    accounts it creates, and where. Needs a snapshot of the whole organization.
    """
    changes: dict[OrgUnitPath, Change] = {}
    attention: list[Attention] = []
    for unit in sorted(spec.removed, key=lambda item: (-item.path.depth, item.path)):
        unit_id = tree.id_at(unit.path)
        if unit_id is None or unit.path.is_root:
            continue
        inside, needs = _inside(
            unit.path, snapshot, tree, destinations=destinations, arrivals=arrivals, gone=changes
        )
        if inside:
            shown = ", ".join(inside[:_SHOWN])
            more = f" and {len(inside) - _SHOWN} more" if len(inside) > _SHOWN else ""
            attention.append(
                Attention(
                    code="AFT910",
                    target=ORGANIZATION,
                    message=f"OU {unit.path} is not deleted, it still holds {shown}{more}",
                    hint="move them elsewhere by their requests, or take the OU off `removed` "
                    f"at {unit.source}",
                )
            )
            continue
        changes[unit.path] = Change(
            id=change_id(ORGANIZATION, Action.DELETE, unit_ref(unit.path)),
            kind=UNIT,
            action=Action.DELETE,
            key=str(unit.path),
            target=ORGANIZATION,
            fields=(
                FieldChange(field=OU, before=str(unit.path), after=None),
                FieldChange(field=OU_ID, before=unit_id, after=None),
            ),
            needs=needs,
            reason=f"listed under `removed` at {unit.source}, and empty by then",
        )
    return tuple(changes.values()), tuple(attention)


def _inside(
    path: OrgUnitPath,
    snapshot: OrganizationSnapshot,
    tree: UnitTree,
    *,
    destinations: Mapping[AccountId, Destination],
    arrivals: Mapping[str, OrgUnitPath],
    gone: Mapping[OrgUnitPath, Change],
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What stays in the OU, in words; and the changes that empty it."""
    inside: list[str] = []
    needs: list[str] = list(tree.needs(path))
    for below in sorted(tree.paths):
        if not below.is_root and below.parent == path:
            if below in gone:
                needs.append(gone[below].id)
            else:
                inside.append(f"OU {below}")
    for account in sorted(snapshot.accounts, key=lambda item: item.id):
        here = tree.path_of(account.parent_id)
        going = destinations.get(account.id)
        if (going.path if going is not None else here) == path:
            inside.append(f"account {account.name} ({account.id})")
        elif going is not None and here == path:
            needs.append(going.change)
    inside.extend(
        f"new account {request}" for request, where in sorted(arrivals.items()) if where == path
    )
    return tuple(inside), tuple(dict.fromkeys(needs))
