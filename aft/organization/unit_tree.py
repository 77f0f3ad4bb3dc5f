"""The OU tree of a document with everything that can be wrong with it. Knows no other file."""

from __future__ import annotations

from dataclasses import dataclass

from aft.findings.model import Finding
from aft.organization.raw import UnitEntry
from aft.organization.spec import UnitSpec
from aft.values.ids import MAX_ORG_UNIT_DEPTH, MAX_ORG_UNIT_NAME, OrgUnitPath
from aft.yamldoc import YamlDocument

MAX_ORG_UNITS = 2000
"""AWS quota: OUs in an organization."""

_ROOT = OrgUnitPath()
_Loc = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class _Unit:
    """An entry with its place in the tree; ``path`` is ``None`` where it cannot have one."""

    entry: UnitEntry
    loc: _Loc
    path: OrgUnitPath
    parent_before: OrgUnitPath


class UnitTree:
    """Collects the OUs of one document and what is wrong with them."""

    def __init__(self, document: YamlDocument) -> None:
        self.document = document
        self.units: list[UnitSpec] = []
        self.removed: list[UnitSpec] = []
        self.findings: list[Finding] = []
        self._previous_at: dict[OrgUnitPath, _Loc] = {}

    def _add(self, code: str, loc: _Loc, message: str, hint: str = "") -> None:
        source = self.document.at(loc)
        self.findings.append(Finding(code=code, source=source, message=message, hint=hint))

    def add_all(
        self,
        entries: list[UnitEntry],
        *,
        at: _Loc,
        parent: OrgUnitPath = _ROOT,
        parent_before: OrgUnitPath = _ROOT,
    ) -> None:
        """Siblings under ``parent``, which was called ``parent_before``."""
        first: dict[str, int] = {}
        for index, entry in enumerate(entries):
            loc = (*at, index)
            if not self._check_name(entry, loc, parent):
                continue
            source = self.document.at((*loc, "name"))
            seen = first.setdefault(entry.name.casefold(), index)
            if seen != index:
                line = self.document.at((*at, seen, "name")).line
                self._add(
                    "AFT401",
                    (*loc, "name"),
                    f"OU {entry.name!r} is named twice under {parent} (first at line {line}); "
                    "AWS does not tell names apart by case",
                    "keep one of the two, with all the children in it",
                )
                continue
            unit = _Unit(entry, loc, parent.child(entry.name), parent_before)
            before = self._previous(unit)
            self.units.append(UnitSpec(path=unit.path, previously=before, source=source))
            self.add_all(
                entry.children,
                at=(*loc, "children"),
                parent=unit.path,
                parent_before=parent_before.child(before.name if before else entry.name),
            )

    def _check_name(self, entry: UnitEntry, loc: _Loc, parent: OrgUnitPath) -> bool:
        name = entry.name
        if "/" in name or name != name.strip() or (parent.is_root and name == "Root"):
            self._add(
                "AFT406",
                (*loc, "name"),
                f"{name!r} cannot be an OU name: expected 1 to {MAX_ORG_UNIT_NAME} characters "
                "without '/' or blanks around them, and not 'Root', which names the root",
                "write OUs inside an OU under its `children`" if "/" in name else "",
            )
            return False
        if parent.depth >= MAX_ORG_UNIT_DEPTH:
            self._add(
                "AFT402",
                (*loc, "name"),
                f"OU {name!r} would be {parent.depth + 1} deep; AWS allows {MAX_ORG_UNIT_DEPTH}",
                "move it up, or merge two of the levels above it",
            )
            return False
        return True

    def _previous(self, unit: _Unit) -> OrgUnitPath | None:
        """The path the OU had, its parents under the names they have now."""
        text = unit.entry.previously
        if text is None:
            return None
        loc = (*unit.loc, "previously")
        try:
            given = OrgUnitPath.parse(text)
        except ValueError as error:
            self._add("AFT404", loc, f"`previously`: {error}")
            return None
        parent = unit.path.parent
        is_bare = given.depth == 1  # a sibling's name; at the top also the full path
        if given.is_root or not (is_bare or given.parent in {parent, unit.parent_before}):
            self._add(
                "AFT404",
                loc,
                f"`previously: {text}` is not a sibling of {unit.path}: AWS can rename an OU, "
                "not move it to another parent",
                "create the new OU, move the accounts, and list the old one under `removed`",
            )
            return None
        before = parent.child(given.name)
        if before == unit.path:
            self._add(
                "AFT404",
                loc,
                f"`previously: {text}` is the name the OU has now",
                "take the line out, or write the name it had before",
            )
            return None
        if before in self._previous_at:
            line = self.document.at(self._previous_at[before]).line
            self._add(
                "AFT404",
                loc,
                f"{before} was already given as the earlier name of another OU at line {line}",
                "one OU becomes one OU: keep one of the two lines",
            )
            return None
        self._previous_at[before] = loc
        return before

    def check_size(self) -> None:
        if len(self.units) > MAX_ORG_UNITS:
            extra = self.units[MAX_ORG_UNITS]
            self.findings.append(
                Finding(
                    code="AFT403",
                    source=extra.source,
                    message=f"{len(self.units):,} OUs are listed; AWS allows {MAX_ORG_UNITS:,} "
                    f"in an organization, which {extra.path} exceeds",
                    hint="merge OUs: policies can be attached to single accounts, too",
                )
            )

    def check_previous(self) -> None:
        """An earlier name that still names a listed OU would make the rename ambiguous."""
        listed = {unit.path for unit in self.units}
        for before, loc in self._previous_at.items():
            if before in listed:
                self._add(
                    "AFT404",
                    loc,
                    f"{before} is still listed as a separate OU, so no other can have been it",
                    "take one of the two out",
                )

    def remove(self, texts: list[str]) -> None:
        """Children before parents, as AWS deletes only what is empty."""
        listed = {unit.path: unit.source.line for unit in self.units}
        found: dict[OrgUnitPath, UnitSpec] = {}
        for index, text in enumerate(texts):
            loc: _Loc = ("removed", index)
            try:
                path = OrgUnitPath.parse(text)
            except ValueError as error:
                self._add("AFT406", loc, f"`removed`: {error}")
                continue
            if path.is_root:
                self._add("AFT405", loc, "the root cannot be removed")
            elif path in listed:
                self._add(
                    "AFT405",
                    loc,
                    f"{path} is to be removed, but line {listed[path]} lists it",
                    "take it out of one of the two",
                )
            elif path in self._previous_at:
                self._add(
                    "AFT405",
                    loc,
                    f"{path} is to be removed, but it is also the earlier name of another OU",
                    "take out the `removed` line if the OU is renamed",
                )
            elif path in found:
                self._add("AFT405", loc, f"{path} is listed under `removed` twice")
            else:
                source = self.document.at(loc)
                found[path] = UnitSpec(path=path, previously=None, source=source)
        self.removed = sorted(found.values(), key=lambda unit: (-unit.path.depth, unit.path))
