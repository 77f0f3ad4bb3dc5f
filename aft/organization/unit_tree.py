"""The OU tree of a document with everything that can be wrong with it. Knows no other file."""

from __future__ import annotations

import json
from collections.abc import Sequence

from aft.findings.model import Finding
from aft.organization.raw import UnitEntry
from aft.organization.spec import UnitSpec
from aft.text.lookalikes import lookalikes
from aft.text.policy import Use, refused
from aft.values.ids import MAX_ORG_UNIT_DEPTH, MAX_ORG_UNIT_NAME, OrgUnitPath
from aft.yamldoc import YamlDocument

MAX_ORG_UNITS = 2000
"""AWS quota: OUs in an organization."""

_ROOT = OrgUnitPath()
_Loc = tuple[str | int, ...]


def _name_of(entry: UnitEntry) -> str:
    """The name, be it written as text or, to be taken exactly, as a list of one."""
    return entry.name if isinstance(entry.name, str) else entry.name[0]


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
        self._report_alike(entries, at)
        for index, entry in enumerate(entries):
            loc = (*at, index)
            if not self._check_name(entry, loc, parent):
                continue
            name = _name_of(entry)
            source = self.document.at((*loc, "name"))
            seen = first.setdefault(name.casefold(), index)
            if seen != index:
                line = self.document.at((*at, seen, "name")).line
                self._add(
                    "AFT401",
                    (*loc, "name"),
                    f"OU {name!r} is named twice under {parent} (first at line {line}); "
                    "AWS does not tell names apart by case",
                    "keep one of the two, with all the children in it",
                )
                continue
            path = parent.child(name)
            before = self._previous(entry, loc, path, parent_before)
            self.units.append(UnitSpec(path=path, previously=before, source=source))
            self.add_all(
                entry.children,
                at=(*loc, "children"),
                parent=path,
                parent_before=parent_before.child(before.name if before else name),
            )

    def _report_alike(self, entries: list[UnitEntry], at: _Loc) -> None:
        """OUs next to each other that people take for each other."""
        places = {_name_of(entry): (*at, index, "name") for index, entry in enumerate(entries)}
        for name, other in lookalikes(places):
            if refused(name, Use.NAME) or refused(other, Use.NAME):
                continue  # reported by itself
            line = self.document.at(places[other]).line
            message = f"OU {name!r} looks like {other!r} at line {line}, and its characters differ"
            hint = "give them names that people can tell apart"
            self._add("AFT808", places[name], message, hint)

    def _check_name(self, entry: UnitEntry, loc: _Loc, parent: OrgUnitPath) -> bool:
        name = _name_of(entry)
        if (problem := refused(name, Use.NAME)) is not None:
            message = f"{name[:40]!r} cannot be an OU name: {problem.message}"
            self._add("AFT406", (*loc, "name"), message, problem.hint)
            return False
        is_exact = entry.name != name
        is_odd = "/" in name or name != name.strip() or (parent.is_root and name == "Root")
        if not 1 <= len(name) <= MAX_ORG_UNIT_NAME or (is_odd and not is_exact):
            exactly = f"`name: {json.dumps([name], ensure_ascii=False)}` says that it is its name"
            self._add(
                "AFT406",
                (*loc, "name"),
                f"{name!r} cannot be an OU name: expected 1 to {MAX_ORG_UNIT_NAME} characters "
                "without '/' or blanks around them, and not 'Root', which names the root",
                f"write OUs inside an OU under its `children`; {exactly}"
                if "/" in name
                else exactly
                if is_odd
                else "",
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

    def _previous(
        self, entry: UnitEntry, loc: _Loc, path: OrgUnitPath, parent_before: OrgUnitPath
    ) -> OrgUnitPath | None:
        """The path the OU had, its parents under the names they have now."""
        written = entry.previously
        if written is None:
            return None
        loc = (*loc, "previously")
        try:
            given = OrgUnitPath.written(written)
        except ValueError as error:
            self._add("AFT404", loc, f"`previously`: {error}")
            return None
        is_bare = given.depth == 1  # a sibling's name; at the top also the full path
        if given.is_root or not (is_bare or given.parent in {path.parent, parent_before}):
            says = (
                f"`previously: {given}` is not a sibling of {path}: AWS can rename an OU, not move "
                "it to another parent"
            )
            hint = "create the new OU, move the accounts, and list the old one under `removed`"
        elif (before := path.parent.child(given.name)) == path:
            says = f"`previously: {given}` is the name the OU has now"
            hint = "take the line out, or write the name it had before"
        elif before in self._previous_at:
            line = self.document.at(self._previous_at[before]).line
            says = f"{before} was already given as the earlier name of another OU at line {line}"
            hint = "one OU becomes one OU: keep one of the two lines"
        else:
            self._previous_at[before] = loc
            return before
        self._add("AFT404", loc, says, hint)
        return None

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

    def remove(self, entries: Sequence[str | Sequence[str]]) -> None:
        """Children before parents, as AWS deletes only what is empty."""
        listed = {unit.path: unit.source.line for unit in self.units}
        found: dict[OrgUnitPath, UnitSpec] = {}
        for index, written in enumerate(entries):
            loc: _Loc = ("removed", index)
            try:
                path = OrgUnitPath.written(written)
            except ValueError as error:
                self._add("AFT406", loc, f"`removed`: {error}")
                continue
            hint = ""
            if path.is_root:
                says = "the root cannot be removed"
            elif path in listed:
                says = f"{path} is to be removed, but line {listed[path]} lists it"
                hint = "take it out of one of the two"
            elif path in self._previous_at:
                says = f"{path} is to be removed, but it is also the earlier name of another OU"
                hint = "take out the `removed` line if the OU is renamed"
            elif path in found:
                says = f"{path} is listed under `removed` twice"
            else:
                source = self.document.at(loc)
                found[path] = UnitSpec(path=path, previously=None, source=source)
                continue
            self._add("AFT405", loc, says, hint)
        self.removed = sorted(found.values(), key=lambda unit: (-unit.path.depth, unit.path))
