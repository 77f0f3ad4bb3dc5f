"""``customizations/global/`` and ``customizations/accounts/<name>/`` into ordered steps.

A step is a file directly in such a folder whose ending a runner claims; steps run in file-name
order. Files that begin with ``_`` and files in folders inside are support files of every step
of the folder. Anything else is a finding: nothing in a customization is silently ignored, save
README.md and .gitkeep. Nothing is executed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from aft.config import CUSTOMIZATIONS_PATH
from aft.customizations.digests import content_digest
from aft.customizations.inputs import check_outputs
from aft.customizations.model import (
    GLOBAL,
    Customization,
    CustomizationRunner,
    CustomizationStep,
    StepFile,
)
from aft.files import EntryKind, RevisionFiles, TreeEntry
from aft.findings import Finding, SourceRef, sorted_findings

GLOBAL_FOLDER = f"{CUSTOMIZATIONS_PATH}/{GLOBAL}"
ACCOUNTS_FOLDER = f"{CUSTOMIZATIONS_PATH}/accounts"
MAX_FILE_BYTES = 1024 * 1024
"""A larger file is not read; that it lies there is reported with the rest of the tree."""
_KNOWN_BESIDE = frozenset({GLOBAL, "accounts", "baselines", "organization"})
_IGNORED = frozenset({"readme.md", ".gitkeep"})
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9])?")

_NOT_ACTED_ON: Mapping[str, str] = {
    ".sh": "shell steps",
    ".tf": "Terraform steps",
    ".tf.json": "Terraform steps",
    ".tfvars": "Terraform steps",
    ".jinja": "Terraform steps",
}
_FOLDERS_NOT_ACTED_ON: Mapping[str, str] = {
    "terraform": "Terraform steps",
    "api_helpers": "shell steps (api_helpers)",
}


@dataclass(slots=True)
class _Folder:
    """A customization's files, while they are collected."""

    name: str
    path: str
    steps: list[tuple[TreeEntry, CustomizationRunner]] = field(default_factory=list)
    support: list[TreeEntry] = field(default_factory=list)
    findings: dict[str, Finding] = field(default_factory=dict)


def parse_customizations(
    files: RevisionFiles, runners: Mapping[str, CustomizationRunner]
) -> tuple[Mapping[str, Customization], tuple[Finding, ...]]:
    """All customizations by name, ``global`` among them when it has steps."""
    folders: dict[str, _Folder] = {}
    findings: list[Finding] = []
    for entry in files.entries(CUSTOMIZATIONS_PATH):
        if (
            entry.kind is not EntryKind.FILE
            or not entry.path_is_utf8
            or entry.size > MAX_FILE_BYTES
        ):
            continue  # reported with the rest of the tree
        if "/__pycache__/" in entry.path:
            continue  # what running a step by hand leaves in a working tree
        place = _folder_of(entry.path)
        if isinstance(place, Finding):
            findings.append(place)
        elif place is not None:
            folder = folders.setdefault(place[1], _Folder(*place))
            _sort_in(entry, folder, runners)
    findings.extend(_check_names(folders.values()))
    found: dict[str, Customization] = {}
    for folder in folders.values():
        findings.extend(folder.findings.values())
        customization = _read(folder, files)
        if customization.steps:
            found[folder.name] = customization
        elif not folder.findings:
            findings.append(_without_steps(folder))
        for step in customization.steps:
            findings.extend(runners[step.kind].check(step))
    findings.extend(check_outputs(found))
    return found, sorted_findings(findings)


def _folder_of(path: str) -> tuple[str, str] | Finding | None:
    """Name and path of the customization a file belongs to; ``None`` for files of others."""
    below = path.removeprefix(f"{CUSTOMIZATIONS_PATH}/").split("/")
    if below[-1].lower() in _IGNORED and not (below[0] == "accounts" and len(below) > 2):
        return None
    if below[0] == GLOBAL and len(below) > 1:
        return GLOBAL, GLOBAL_FOLDER
    if below[0] == "accounts" and len(below) > 2:
        return below[1], f"{ACCOUNTS_FOLDER}/{below[1]}"
    if below[0] in _KNOWN_BESIDE and below[0] not in {GLOBAL, "accounts"}:
        return None
    return Finding(
        code="AFT622",
        source=SourceRef(path),
        message=f"{path} is in no customization: these are the folders {GLOBAL_FOLDER}/ and "
        f"{ACCOUNTS_FOLDER}/<name>/",
        hint="move it into the folder it belongs to, or delete it",
    )


def _sort_in(entry: TreeEntry, folder: _Folder, runners: Mapping[str, CustomizationRunner]) -> None:
    inside = entry.path.removeprefix(f"{folder.path}/")
    top = inside.split("/", 1)[0]
    if inside.lower() in _IGNORED:
        return
    if "/" in inside:
        if top in _FOLDERS_NOT_ACTED_ON:
            path = f"{folder.path}/{top}"
            folder.findings.setdefault(path, _not_acted_on(entry, _FOLDERS_NOT_ACTED_ON[top]))
        else:
            folder.support.append(entry)
        return
    if inside.startswith("_"):
        folder.support.append(entry)
        return
    runner = _runner_of(inside, runners)
    if runner is not None:
        folder.steps.append((entry, runner))
        return
    for suffix, what in _NOT_ACTED_ON.items():
        if inside.endswith(suffix):
            folder.findings[entry.path] = _not_acted_on(entry, what)
            return
    known = ", ".join(sorted(suffix for item in runners.values() for suffix in item.suffixes))
    folder.findings[entry.path] = Finding(
        code="AFT620",
        source=SourceRef(entry.path),
        message=f"{inside!r} is no step: expected a file ending in {known or 'nothing'}",
        hint=f"if it belongs to a step, call it _{inside} or put it in a folder",
    )


def _runner_of(name: str, runners: Mapping[str, CustomizationRunner]) -> CustomizationRunner | None:
    """The runner that claims the longest ending of the name."""
    claims = [
        (len(suffix), kind)
        for kind, runner in runners.items()
        for suffix in runner.suffixes
        if name.endswith(suffix) and name != suffix
    ]
    return runners[max(claims)[1]] if claims else None


def _check_names(folders: Iterable[_Folder]) -> Iterator[Finding]:
    seen: dict[str, str] = {}
    for folder in folders:
        is_reserved = folder.name == GLOBAL and folder.path != GLOBAL_FOLDER
        if is_reserved or not _NAME.fullmatch(folder.name):
            yield _bad_name(folder.path, folder.name, "name a customization")
        other = seen.setdefault(folder.name.casefold(), folder.name)
        if other != folder.name:
            yield Finding(
                code="AFT621",
                source=SourceRef(folder.path),
                message=f"customizations {other!r} and {folder.name!r} differ only by case",
                hint="rename one of the two",
            )
        for entry, _ in folder.steps:
            name = entry.path.rsplit("/", 1)[-1]
            if not _NAME.fullmatch(name):
                yield _bad_name(entry.path, name, "name a step")


def _bad_name(path: str, name: str, use: str) -> Finding:
    return Finding(
        code="AFT621",
        source=SourceRef(path),
        message=f"{name!r} cannot {use}: expected 1 to 100 letters, digits, '.', '_' or '-', "
        "beginning and ending with a letter or digit, and not 'global'",
        hint="rename it",
    )


def _not_acted_on(entry: TreeEntry, what: str) -> Finding:
    return Finding(
        code="AFT290",
        source=SourceRef(entry.path),
        message=f"{what} are not acted on yet",
        hint="take the file out of the repository until aft supports it",
    )


def _without_steps(folder: _Folder) -> Finding:
    return Finding(
        code="AFT623",
        source=SourceRef(folder.path),
        message=f"customization {folder.name!r} has no steps",
        hint="add a step, or delete the folder",
    )


def _read(folder: _Folder, files: RevisionFiles) -> Customization:
    support = tuple(_step_file(entry, files) for entry in folder.support)
    steps = []
    for entry, runner in sorted(folder.steps, key=lambda item: item[0].path):
        file = _step_file(entry, files)
        steps.append(
            CustomizationStep(
                customization=folder.name,
                name=entry.path.rsplit("/", 1)[-1],
                kind=runner.kind,
                file=file,
                support=support,
                content_digest=content_digest(file, support, folder=folder.path),
                uses=runner.uses(file),
            )
        )
    return Customization(name=folder.name, steps=tuple(steps), source=SourceRef(folder.path))


def _step_file(entry: TreeEntry, files: RevisionFiles) -> StepFile:
    return StepFile(path=entry.path, content=files.read(entry), blob_id=entry.blob_id)
