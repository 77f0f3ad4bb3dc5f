"""``customizations/organization/organization.yaml`` into an ``OrganizationSpec``, or findings.

Reads the OU tree and the OUs to remove. Parts of the format that nothing acts on yet are refused
one by one (AFT290), never ignored. Knows nothing of what AWS has.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field

from aft.config import CUSTOMIZATIONS_PATH
from aft.files import EntryKind, RevisionFiles, TreeEntry
from aft.findings import Finding, SourceRef, sorted_findings
from aft.ids import MAX_ORG_UNIT_DEPTH, MAX_ORG_UNIT_NAME, OrgUnitPath
from aft.organization.spec import OrganizationSpec, UnitSpec
from aft.validation import validate
from aft.yamldoc import YamlDocument, parse_yaml

ORGANIZATION_FOLDER = f"{CUSTOMIZATIONS_PATH}/organization"
ORGANIZATION_PATH = f"{ORGANIZATION_FOLDER}/organization.yaml"

MAX_ORG_UNITS = 2000
"""AWS quota: OUs in an organization."""

NOT_ACTED_ON: Mapping[str, str] = {
    "policy_types": "policy types",
    "trusted_services": "trusted access",
    "delegated_administrators": "delegated administrators",
    "foundational_accounts": "foundational accounts",
    "guardrails": "guardrails",
    "policies": "organization policies",
    "sharing": "resource sharing",
    "tag_policies": "tag policies",
    "cost_allocation_tags": "cost allocation tags",
    "root_access": "central root access management",
    "cloudtrail": "the organization trail",
    "config": "Config aggregation",
    "permission_sets": "permission sets",
    "groups": "Identity Center groups",
    "notifications": "notifications",
}
"""Keys of the format that aft knows and does not act on yet."""

_Loc = tuple[str | int, ...]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class UnitEntry(_Section):
    """One OU and the OUs inside it."""

    name: str = Field(
        min_length=1,
        max_length=MAX_ORG_UNIT_NAME,
        description="The OU's name, without `/`; unique among its siblings but for case.",
    )
    previously: str | None = Field(
        default=None,
        min_length=1,
        description="The name (or full path) the OU had before, so that it is renamed and keeps "
        "its accounts and policies. May stay in the file once the rename is done.",
    )
    children: list[UnitEntry] = Field(default=[], description="The OUs inside this one.")


class OrganizationFile(_Section):
    """``customizations/organization/organization.yaml``."""

    organizational_units: list[UnitEntry] = Field(
        default=[],
        description="The OU tree. What AWS has and this does not name is left alone.",
    )
    removed: list[str] = Field(
        default=[],
        description="Paths of OUs to delete as soon as they hold no account and no OU.",
    )


@dataclass(frozen=True, slots=True)
class _Unit:
    """An entry with its place in the tree; ``path`` is ``None`` where it cannot have one."""

    entry: UnitEntry
    loc: _Loc
    path: OrgUnitPath
    parent_before: OrgUnitPath


def parse_organization(files: RevisionFiles) -> tuple[OrganizationSpec, tuple[Finding, ...]]:
    """The organization at a revision; an absent file is an empty ``OrganizationSpec``.

    With an error among the findings the result is whatever could be read; do not act on it.
    """
    findings: list[Finding] = []
    spec = OrganizationSpec()
    for entry in files.entries(ORGANIZATION_FOLDER):
        if entry.kind is not EntryKind.FILE or not entry.path_is_utf8:
            continue  # reported with the rest of the tree
        if entry.path == ORGANIZATION_PATH:
            document, problems = parse_yaml(files.read(entry), entry.path)
            findings.extend(problems)
            if document is not None:
                spec, more = _read(document)
                findings.extend(more)
        else:
            findings.extend(_stray(entry))
    return spec, sorted_findings(findings)


def _stray(entry: TreeEntry) -> Iterator[Finding]:
    inside = entry.path.removeprefix(f"{ORGANIZATION_FOLDER}/")
    if inside.rsplit("/", 1)[-1].lower() in {"readme.md", ".gitkeep"}:
        return
    folder = inside.split("/", 1)[0] if "/" in inside else ""
    if folder in {"guardrails", "access"}:
        yield Finding(
            code="AFT290",
            source=SourceRef(entry.path),
            message=f"files in organization/{folder}/ are not acted on yet",
            hint="take the file out of the repository until aft supports it",
        )
        return
    yield Finding(
        code="AFT407",
        source=SourceRef(entry.path),
        message=f"{inside!r} means nothing to aft here; the organization is described in "
        "organization.yaml",
        hint="rename it to organization.yaml, or move it out of customizations/organization/",
    )


def _read(document: YamlDocument) -> tuple[OrganizationSpec, Sequence[Finding]]:
    findings = [
        Finding(
            code="AFT290",
            source=document.at((key,), key=True),
            message=f"{key!r} ({NOT_ACTED_ON[key]}) is not acted on yet",
            hint="take it out of the file until aft supports it",
        )
        for key in document.data
        if key in NOT_ACTED_ON
    ]
    known = {key: value for key, value in document.data.items() if key not in NOT_ACTED_ON}
    raw, problems = validate(OrganizationFile, document, data=known)
    findings.extend(problems)
    if raw is None:
        return OrganizationSpec(), findings
    tree = _Tree(document)
    tree.add_all(raw.organizational_units, at=("organizational_units",))
    tree.check_size()
    tree.check_previous()
    tree.remove(raw.removed)
    findings.extend(tree.findings)
    return OrganizationSpec(units=tuple(tree.units), removed=tuple(tree.removed)), findings


class _Tree:
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
        parent: OrgUnitPath = OrgUnitPath(),  # noqa: B008 (frozen)
        parent_before: OrgUnitPath = OrgUnitPath(),  # noqa: B008 (frozen)
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
                f"`previously: {text}` is not beside {unit.path}: AWS can rename an OU, not move "
                "it to another parent",
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
                    hint="merge OUs: policies can hang on single accounts too",
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
                    f"{before} is still listed as an OU of its own, so no other can have been it",
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
