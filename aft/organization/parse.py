"""``customizations/organization/organization.yaml`` into an ``OrganizationSpec``, or findings.

Reads the OU tree and the OUs to remove. Parts of the format that nothing acts on yet are refused
one by one (AFT290), never ignored. Knows nothing of what AWS has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from aft.config.model import CUSTOMIZATIONS_PATH
from aft.documents import document_of
from aft.files import EntryKind, RevisionFiles, TreeEntry
from aft.findings.model import Finding, SourceRef, sorted_findings
from aft.findings.validation import validate
from aft.organization.raw import NOT_ACTED_ON, OrganizationFile
from aft.organization.spec import OrganizationSpec
from aft.organization.unit_tree import UnitTree
from aft.yamldoc import YamlDocument

ORGANIZATION_FOLDER = f"{CUSTOMIZATIONS_PATH}/organization"
ORGANIZATION_PATH = f"{ORGANIZATION_FOLDER}/organization.yaml"


Owners = Mapping[str, Callable[[YamlDocument, Mapping[str, Any]], Sequence[Finding]]]
"""By key at the top of the file: who reads its value. An owner of several keys is asked once."""

NO_OWNERS: Owners = {}


def parse_organization(
    files: RevisionFiles, owners: Owners = NO_OWNERS
) -> tuple[OrganizationSpec, tuple[Finding, ...]]:
    """The organization at a revision; an absent file is an empty ``OrganizationSpec``. With an
    error among the findings the result is all that could be read; do not act on it."""
    findings: list[Finding] = []
    spec = OrganizationSpec()
    for entry in files.entries(ORGANIZATION_FOLDER):
        if entry.kind is not EntryKind.FILE or not entry.path_is_utf8:
            continue  # reported with the rest of the tree
        if entry.path == ORGANIZATION_PATH:
            document, problems = document_of(files, entry)
            findings.extend(problems)
            if document is not None:
                spec, more = _read(document, owners)
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


def _read(document: YamlDocument, owners: Owners) -> tuple[OrganizationSpec, Sequence[Finding]]:
    findings = [
        Finding(
            code="AFT290",
            source=document.at((key,), key=True),
            message=f"{key!r} ({NOT_ACTED_ON[key]}) is not acted on yet",
            hint="take it out of the file until aft supports it",
        )
        for key in document.data
        if key in NOT_ACTED_ON and key not in owners
    ]
    for owner in dict.fromkeys(owners.values()):
        keys = [key for key in document.data if owners.get(key) is owner]
        findings.extend(owner(document, {key: document.data[key] for key in keys}))
    known = {
        key: value
        for key, value in document.data.items()
        if key not in NOT_ACTED_ON and key not in owners
    }
    raw, problems = validate(OrganizationFile, document, data=known)
    findings.extend(problems)
    if raw is None:
        return OrganizationSpec(), findings
    tree = UnitTree(document)
    tree.add_all(raw.organizational_units, at=("organizational_units",))
    tree.check_size()
    tree.check_previous()
    tree.remove(raw.removed)
    findings.extend(tree.findings)
    return OrganizationSpec(units=tuple(tree.units), removed=tuple(tree.removed)), findings
