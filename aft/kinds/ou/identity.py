"""Which OU of AWS is which of ``organization.yaml``'s: by the ledger's binding, then by what
``previously`` says, then by its name, then by its tag.

AWS never hangs an OU elsewhere, so it is looked for among the OUs below its parent alone. Where
two may be meant, or a new one may be one that the ledger knows, nothing is guessed: there is a
doubt, and no OU. Pure.
"""

from __future__ import annotations

import enum
import unicodedata
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from aft.findings.model import Finding
from aft.organization.model import OU_TAG, OrganizationalUnit
from aft.organization.spec import UnitSpec
from aft.plan.model import ORGANIZATION
from aft.plan.ou_bindings import BoundUnit, recorded_paths
from aft.plan.view import PlanView
from aft.values.canonical_json import digest
from aft.values.ids import OrgUnitId, OrgUnitPath
from aft.values.words import listed

Tags = Mapping[OrgUnitId, Mapping[str, str]]
"""The tags of those OUs whose tags were read."""

# organizations: TagValue, of at most 256 letters, digits, blanks and these.
_IN_TAGS = frozenset(" _.:/=+-@")


def tag_value(name: str) -> str:
    """What the tag of an OU of that name holds: the name, or its digest where AWS takes no such
    value."""
    is_taken = all(it in _IN_TAGS or unicodedata.category(it)[0] in "LN" for it in name)
    is_plain = is_taken and name == name.strip() and not name.startswith("sha256:")
    return name if is_plain else digest(name)[:39]


class Evidence(enum.Enum):
    """Why an OU is taken for one of the file's. ``INSTEAD``: it has the name, and the OU that the
    ledger knows under it is gone."""

    LEDGER = "ledger"
    PREVIOUSLY = "previously"
    NAME = "name"
    INSTEAD = "instead"
    TAG = "tag"


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitMatch:
    """One OU of the file. Without ``unit`` there is none yet; with ``doubt`` it must not be made
    either. ``bound`` is what the ledger knows of ``unit``, ``tag`` what its tag holds, if that was
    read."""

    spec: UnitSpec
    unit: OrganizationalUnit | None = None
    evidence: Evidence = Evidence.NAME
    bound: BoundUnit | None = None
    tag: str | None = None
    doubt: Finding | None = None

    @property
    def is_tagged(self) -> bool:
        """Its own tag says the same as the file."""
        return self.tag == tag_value(self.spec.path.name)

    @property
    def is_renamed_outside(self) -> bool:
        """The ledger knows it by the name that the file has, and AWS by another."""
        is_other = self.unit is not None and self.unit.name != self.spec.path.name
        return self.evidence is Evidence.LEDGER and is_other


def match_units(view: PlanView, tags: Tags) -> Mapping[OrgUnitPath, UnitMatch]:
    """Every OU of the file, parents first."""
    return _Matcher(view, tags).matches


def in_question(view: PlanView) -> frozenset[OrgUnitId]:
    """The OUs whose tags decide something: those that are to be bound otherwise than they look,
    and, without a ledger, those that may be one the file has under another name."""
    matcher = _Matcher(view, {})
    matched = [match for match in matcher.matches.values() if match.unit is not None]
    asked = {
        match.unit.id
        for match in matched
        if match.unit is not None
        and (match.is_renamed_outside or match.evidence is Evidence.INSTEAD)
    }
    if not view.bound_units and not view.is_limited:
        new = matcher.matches.keys() - {match.spec.path for match in matched}
        asked |= {unit.id for path in new for unit in matcher.siblings(path) or ()}
        asked -= {match.unit.id for match in matched if match.unit is not None}
    return frozenset(asked)


class _Matcher:
    def __init__(self, view: PlanView, tags: Tags) -> None:
        spec = view.desired.organization
        self._view = view
        self._bound = view.bound_units
        self._tags = tags
        self._below: defaultdict[OrgUnitId | None, list[OrganizationalUnit]] = defaultdict(list)
        for unit in sorted(view.snapshot.units, key=lambda item: item.id):
            self._below[unit.parent_id].append(unit)
        self._listed = spec.paths
        self._removed = {unit.path for unit in spec.removed}
        self._heirs = {unit.previously: unit for unit in spec.units if unit.previously}
        self._recorded = recorded_paths(view.ledger)
        self._taken: set[OrgUnitId] = set()
        self.matches: dict[OrgUnitPath, UnitMatch] = {}
        for item in sorted(spec.units, key=lambda item: (item.path.depth, item.path)):
            self.matches[item.path] = self._with_witnesses(self._match(item))

    def _with_witnesses(self, match: UnitMatch) -> UnitMatch:
        if match.unit is None:
            return match
        if match.unit.id in self._taken:
            return UnitMatch(spec=match.spec, doubt=_claimed_twice(match.spec, match.unit))
        self._taken.add(match.unit.id)
        tag = self._tags.get(match.unit.id, {}).get(OU_TAG)
        return replace(match, bound=self._bound.get(match.unit.id), tag=tag)

    def _match(self, spec: UnitSpec) -> UnitMatch:
        siblings = self.siblings(spec.path)
        if siblings is None:
            return UnitMatch(spec=spec)
        named = next((unit for unit in siblings if unit.name == spec.path.name), None)
        if named is not None and (
            self._is_of_another(named, spec) or self._leaves(named, siblings)
        ):
            other, named = named, None  # it will get its own name back
        else:
            other = None
        mine = self._bound_as(spec.path.name, siblings)
        if mine is not None:
            if named is None or named is mine:
                return UnitMatch(spec=spec, unit=mine, evidence=Evidence.LEDGER)
            return UnitMatch(
                spec=spec, unit=mine, evidence=Evidence.LEDGER, doubt=_taken(spec, mine, named)
            )
        if spec.previously is not None:
            before = self._before(spec.path, spec.previously, siblings)
            if before is not None and named in (None, before):
                return UnitMatch(spec=spec, unit=before, evidence=Evidence.PREVIOUSLY)
        if named is not None:
            is_gone = named.id not in self._bound and self._is_known_gone(spec.path)
            evidence = Evidence.INSTEAD if is_gone else Evidence.NAME
            return UnitMatch(spec=spec, unit=named, evidence=evidence)
        return self._new(spec, [unit for unit in siblings if unit is not other])

    def siblings(self, path: OrgUnitPath) -> Sequence[OrganizationalUnit] | None:
        """The OUs below its parent; ``None`` where that is not there itself."""
        if path.depth == 1:
            return self._below[self._view.snapshot.root_id]
        parent = self.matches.get(path.parent)
        return self._below[parent.unit.id] if parent is not None and parent.unit else None

    def _bound_name(self, unit: OrganizationalUnit) -> str | None:
        bound = self._bound.get(unit.id)
        return bound.path.name if bound is not None else None

    def _is_of_another(self, unit: OrganizationalUnit, spec: UnitSpec) -> bool:
        """The ledger knows it by the name of another OU of the file next to this one."""
        name = self._bound_name(unit)
        return name not in (None, spec.path.name) and (
            spec.path.parent.child(str(name)) in self._listed
        )

    def _leaves(self, unit: OrganizationalUnit, siblings: Sequence[OrganizationalUnit]) -> bool:
        """Another OU of the file was called so before, and still is."""
        heir = self._heirs.get(unit.path)
        return heir is not None and all(heir.path.name != item.name for item in siblings)

    def _before(
        self, path: OrgUnitPath, previously: OrgUnitPath, siblings: Sequence[OrganizationalUnit]
    ) -> OrganizationalUnit | None:
        """The OU that was at ``previously``, which names its parent as it was or will be."""
        parent = self.matches.get(path.parent)
        now = parent.unit.path if parent is not None and parent.unit is not None else path.parent
        is_here = previously.parent in (path.parent, now)
        return self._called(previously.name, siblings) if is_here else None

    def _bound_as(
        self, name: str, siblings: Sequence[OrganizationalUnit]
    ) -> OrganizationalUnit | None:
        found = [unit for unit in siblings if self._bound_name(unit) == name]
        return max(found, key=lambda unit: self._bound[unit.id].at, default=None)

    def _called(
        self, name: str, siblings: Sequence[OrganizationalUnit]
    ) -> OrganizationalUnit | None:
        """The OU that the ledger knows by ``name``, else the one that has it now and that the
        ledger does not know by another."""
        named = (unit for unit in siblings if unit.name == name and unit.id not in self._bound)
        return self._bound_as(name, siblings) or next(named, None)

    def _is_known_gone(self, path: OrgUnitPath) -> bool:
        known = self._view.snapshot.unit_by_id
        return any(unit.path == path and unit.id not in known for unit in self._bound.values())

    def _new(self, spec: UnitSpec, siblings: Sequence[OrganizationalUnit]) -> UnitMatch:
        """There is no OU of that name; another may be meant all the same."""
        free = [
            unit
            for unit in siblings
            if spec.path.parent.child(self._bound_name(unit) or unit.name) not in self._listed
        ]
        tagged = [
            unit
            for unit in free
            if self._tags.get(unit.id, {}).get(OU_TAG) == tag_value(spec.path.name)
        ]
        if len(tagged) == 1:
            return UnitMatch(spec=spec, unit=tagged[0], evidence=Evidence.TAG)
        name = spec.path.name.casefold()
        alike = next((unit for unit in free if unit.name.casefold() == name), None)
        if alike is not None:
            return UnitMatch(spec=spec, doubt=_other_case(spec, alike))
        lost = self._lost(spec, free)
        return UnitMatch(spec=spec, doubt=_not_said(spec, lost) if lost else None)

    def _lost(self, spec: UnitSpec, free: Sequence[OrganizationalUnit]) -> Sequence[OrgUnitPath]:
        """The OUs next to it that the ledger knows and the file no longer has: it may be one of
        them, renamed. A limited plan has not read them, and goes by the ledger alone."""
        known = {self._bound_name(unit) or unit.name for unit in free}
        paths = {spec.path.parent.child(name) for name in known} & self._recorded
        paths |= {
            spec.path.parent.child(self._bound[unit.id].path.name)
            for unit in free
            if unit.id in self._bound
        }
        if self._view.is_limited:
            there = self._view.snapshot.unit_by_path
            paths |= {
                path
                for path in self._recorded
                if path.depth == spec.path.depth
                and path.parent == spec.path.parent
                and path not in there
            }
        return sorted(paths - self._listed - self._removed - self._heirs.keys())


def removal_doubt(view: PlanView, spec: UnitSpec, unit_id: OrgUnitId | None) -> Finding | None:
    """The OU that the ledger knows by the path that is to be removed is there by another name;
    ``unit_id`` is the one at that path, if any."""
    known = view.snapshot.unit_by_id
    mine = next((it.id for it in view.bound_units.values() if it.path == spec.path), None)
    if mine in (None, unit_id) or mine not in known:
        return None
    matches = match_units(view, {}).values()
    if any(match.unit is not None and match.unit.id == mine for match in matches):
        return None  # it is listed by the name it has now
    return _doubt(
        f"OU {spec.path} ({mine}) is called {known[mine].name!r} in AWS, so it is not deleted",
        f"write that name under `removed` at {spec.source}",
    )


# --- doubts ---------------------------------------------------------------------------------------


def _doubt(message: str, hint: str) -> Finding:
    return Finding(code="AFT924", target=ORGANIZATION, message=message, hint=hint)


def _taken(spec: UnitSpec, mine: OrganizationalUnit, named: OrganizationalUnit) -> Finding:
    return _doubt(
        f"OU {spec.path} ({mine.id}) is called {mine.name!r} in AWS, and another OU ({named.id}) "
        "has its name, so neither is changed and no account is moved there",
        f"rename or delete {named.id} in AWS, and aft gives {mine.id} its name back; or write "
        f"`name: {mine.name}` with `previously: {spec.path.name}` at {spec.source}",
    )


def _claimed_twice(spec: UnitSpec, unit: OrganizationalUnit) -> Finding:
    return _doubt(
        f"OU {spec.path} is not created: {unit.path} ({unit.id}) may be meant, and is another OU "
        "of organization.yaml, too",
        f"let only one of the two be {unit.path}: take out `previously` at {spec.source}",
    )


def _other_case(spec: UnitSpec, alike: OrganizationalUnit) -> Finding:
    return _doubt(
        f"OU {spec.path} is not created: there is {alike.path} ({alike.id}), and AWS does not tell "
        "names apart by case",
        f"write `name: {alike.name}` at {spec.source}, or `previously: {alike.name}` to have it "
        "renamed",
    )


def _not_said(spec: UnitSpec, lost: Sequence[OrgUnitPath]) -> Finding:
    which = listed(map(str, lost), last="or")
    return _doubt(
        f"OU {spec.path} is not created: it may be {which} by another name, which aft knows and "
        "organization.yaml no longer lists. A new OU would have none of its policies, and its "
        "accounts would be moved out of it",
        f"if it is renamed, write `previously: {lost[0].name}` at {spec.source}; if not, list "
        f"{lost[0]} as well, or under `removed` to have it deleted once it is empty",
    )
