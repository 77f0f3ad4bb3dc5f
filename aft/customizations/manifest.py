"""``customizations/global/`` and ``customizations/accounts/<name>/`` into ordered steps.

A step is a file directly in such a folder whose ending a runner claims, or a folder that one
claims (``terraform/``); steps run in name order. Files that begin with ``_`` and files in other
folders are support files of every step. Anything else but ``customization.yaml``, README.md and
.gitkeep is a finding. Nothing is executed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from aft.config.model import CUSTOMIZATIONS_PATH
from aft.customizations.customization_file import (
    CUSTOMIZATION_FILE,
    CustomizationSettings,
    parse_customization_file,
)
from aft.customizations.digests import content_digest
from aft.customizations.model import (
    GLOBAL,
    ClaimsFolders,
    Customization,
    CustomizationRunner,
    CustomizationStep,
    ReadsInputs,
    StepFile,
    TakesSecrets,
)
from aft.customizations.readable import check_readable
from aft.customizations.reads import check_reads
from aft.documents import document_of
from aft.files import EntryKind, RevisionFiles, TreeEntry
from aft.findings.model import Finding, SourceRef, sorted_findings

GLOBAL_FOLDER = f"{CUSTOMIZATIONS_PATH}/{GLOBAL}"
ACCOUNTS_FOLDER = f"{CUSTOMIZATIONS_PATH}/accounts"
MAX_FILE_BYTES = 1024 * 1024
"""A larger file is not read, and reported with the rest of the tree."""
_IGNORED = frozenset({"readme.md", ".gitkeep"})
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9])?")

_LEFT_BY_TOOLS = ("/__pycache__/", "/.terraform/")
HELPERS = "api_helpers"
"""The folder of AFT's scripts that run before and after Terraform, and so belong to it."""
TERRAFORM = "terraform"
"""AFT's folder of Terraform; its step has the scripts, too."""
_IN_TERRAFORM = (".tf", ".tf.json", ".tfvars", ".jinja")


@dataclass(slots=True)
class _Folder:
    """A customization's files, while they are collected. ``tops`` are the folders that are
    steps, by name, with the runner of each."""

    name: str
    path: str
    file: TreeEntry | None = None
    steps: list[tuple[TreeEntry, CustomizationRunner]] = field(default_factory=list)
    tops: dict[str, CustomizationRunner] = field(default_factory=dict)
    inside: dict[str, list[TreeEntry]] = field(default_factory=dict)
    support: list[TreeEntry] = field(default_factory=list)
    findings: dict[str, Finding] = field(default_factory=dict)


def parse_customizations(
    files: RevisionFiles, runners: Mapping[str, CustomizationRunner]
) -> tuple[Mapping[str, Customization], tuple[Finding, ...]]:
    """All customizations by name, ``global`` among them when it has steps."""
    folders: dict[str, _Folder] = {}
    findings: list[Finding] = []
    for entry in files.entries(CUSTOMIZATIONS_PATH):
        is_file = entry.kind is EntryKind.FILE and entry.path_is_utf8
        if not is_file or entry.size > MAX_FILE_BYTES:
            continue  # reported with the rest of the tree
        if any(part in entry.path for part in _LEFT_BY_TOOLS):
            continue  # what running a step manually leaves in a working tree
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
        customization, problems = _read(folder, files)
        findings.extend(problems)
        if customization.steps:
            found[folder.name] = customization
        elif not folder.findings:
            message = f"customization {folder.name!r} has no steps"
            hint = "add a step, or delete the folder"
            findings.append(_finding("AFT623", folder.path, message, hint))
        for step in customization.steps:
            findings.extend(runners[step.kind].check(step))
        findings.extend(check_readable(customization))
    findings.extend(check_reads(found))
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
    if below[0] in ("baselines", "organization"):
        return None
    message = f"{path} is in no customization: these are the folders {GLOBAL_FOLDER}/ and "
    message += f"{ACCOUNTS_FOLDER}/<name>/"
    return _finding("AFT622", path, message, "move it into the folder it belongs to, or delete it")


def _sort_in(entry: TreeEntry, folder: _Folder, runners: Mapping[str, CustomizationRunner]) -> None:
    inside = entry.path.removeprefix(f"{folder.path}/")
    if inside.lower() in _IGNORED:
        return
    if inside == CUSTOMIZATION_FILE:
        folder.file = entry
        return
    if "/" in inside:
        _sort_below(entry, inside.split("/", 1)[0], folder, runners)
        return
    if inside.startswith("_"):
        folder.support.append(entry)
        return
    runner = runner_of(inside, runners)
    if runner is not None:
        folder.steps.append((entry, runner))
        return
    known = ", ".join(sorted(suffix for item in runners.values() for suffix in item.suffixes))
    hint = f"if it belongs to a step, call it _{inside} or put it in a folder"
    if inside.endswith(_IN_TERRAFORM):
        hint = f"move it into the folder {TERRAFORM}/"
    elif inside.lower() in ("customization.yml", "customisation.yaml", "customizations.yaml"):
        hint = f"did you mean {CUSTOMIZATION_FILE!r}?"
    message = f"{inside!r} is no step: expected a file ending in {known or 'nothing'}"
    folder.findings[entry.path] = _finding("AFT620", entry.path, message, hint)


def _sort_below(
    entry: TreeEntry, top: str, folder: _Folder, runners: Mapping[str, CustomizationRunner]
) -> None:
    runner = runner_of(top, runners, is_folder=True)
    if runner is not None:
        folder.tops[top] = runner
        folder.inside.setdefault(top, []).append(entry)
    elif top in (TERRAFORM, HELPERS):
        message = f"no installed runner carries out the folder {top}/"
        hint = "install the package that provides it, or delete the folder"
        folder.findings[top] = _finding("AFT620", f"{folder.path}/{top}", message, hint)
    else:
        folder.support.append(entry)


def runner_of(
    name: str, runners: Mapping[str, CustomizationRunner], *, is_folder: bool = False
) -> CustomizationRunner | None:
    """The runner with the longest claim: on the whole name (of a folder), or on an ending of it."""
    claims = [
        (len(claim), kind)
        for kind, runner in runners.items()
        for claim in _claims(runner, is_folder=is_folder)
        if claim == name
        or (claim.startswith("*") and name.endswith(claim[1:]) and name != claim[1:])
    ]
    return runners[max(claims)[1]] if claims else None


def takes_secrets(runner: CustomizationRunner) -> bool:
    """Whether steps of this runner have processes that can be given a secret."""
    return isinstance(runner, TakesSecrets) and runner.takes_secrets


def _claims(runner: CustomizationRunner, *, is_folder: bool) -> Iterable[str]:
    if is_folder:
        return runner.folders if isinstance(runner, ClaimsFolders) else ()
    return (f"*{suffix}" for suffix in runner.suffixes)


def _check_names(folders: Iterable[_Folder]) -> Iterator[Finding]:
    seen: dict[str, str] = {}
    for folder in folders:
        is_reserved = folder.name == GLOBAL and folder.path != GLOBAL_FOLDER
        if is_reserved or not _NAME.fullmatch(folder.name):
            yield _bad_name(folder.path, folder.name, "name a customization")
        other = seen.setdefault(folder.name.casefold(), folder.name)
        if other != folder.name:
            message = f"customizations {other!r} and {folder.name!r} differ only by case"
            yield _finding("AFT621", folder.path, message, "rename one of the two")
        names = [entry.path.rsplit("/", 1)[-1] for entry, _ in folder.steps]
        for name in (*names, *folder.tops):
            if not _NAME.fullmatch(name):
                yield _bad_name(f"{folder.path}/{name}", name, "name a step")


def _bad_name(path: str, name: str, use: str) -> Finding:
    message = f"{name!r} cannot {use}: expected 1 to 100 letters, digits, '.', '_' or '-', "
    message += "beginning and ending with a letter or digit, and not 'global'"
    return _finding("AFT621", path, message, "rename it")


def _finding(code: str, path: str, message: str, hint: str) -> Finding:
    return Finding(code=code, source=SourceRef(path), message=message, hint=hint)


def _read(folder: _Folder, files: RevisionFiles) -> tuple[Customization, tuple[Finding, ...]]:
    settings = CustomizationSettings()
    findings: tuple[Finding, ...] = ()
    if folder.file is not None:
        parsed = document_of(files, folder.file)
        settings, findings = parse_customization_file(parsed, folder.file.path)

    def step_file(entry: TreeEntry) -> StepFile:
        return StepFile(path=entry.path, content=files.read(entry))

    support = tuple(map(step_file, folder.support))
    inside = {top: tuple(map(step_file, entries)) for top, entries in folder.inside.items()}
    found = [
        _step(folder, runner, step_file(entry), support, settings) for entry, runner in folder.steps
    ]
    for top, runner in folder.tops.items():
        if top == HELPERS and TERRAFORM in folder.tops:
            continue  # they run before and after it, in the same step
        with_helpers = inside.get(HELPERS, ()) if top == TERRAFORM else ()
        place = StepFile(path=f"{folder.path}/{top}", content=b"")
        own = (*inside[top], *with_helpers, *support)
        found.append(_step(folder, runner, place, own, settings, is_folder=True))
    customization = Customization(
        name=folder.name,
        steps=tuple(sorted(found, key=lambda item: item.name)),
        source=SourceRef(folder.path),
        description=settings.description,
        parameters=settings.parameters,
        select=settings.select,
        secrets=settings.secrets,
        file=folder.file.path if folder.file is not None else "",
    )
    if folder.name == GLOBAL and not settings.select.is_empty:
        message = "the global customization selects accounts, but every account gets it"
        hint = f"remove `select`, or move the folder to {ACCOUNTS_FOLDER}/"
        findings = (*findings, _finding("AFT632", customization.file, message, hint))
    return customization, findings


def _step(
    folder: _Folder,
    runner: CustomizationRunner,
    file: StepFile,
    support: tuple[StepFile, ...],
    settings: CustomizationSettings,
    *,
    is_folder: bool = False,
) -> CustomizationStep:
    uses = (
        runner.folder_uses(support)
        if is_folder and isinstance(runner, ClaimsFolders)
        else runner.uses(file)
    )
    step = CustomizationStep(
        customization=folder.name,
        name=file.path.rsplit("/", 1)[-1],
        kind=runner.kind,
        file=file,
        support=support,
        content_digest=content_digest(file, support, folder=folder.path),
        uses=uses,
        timeout_seconds=settings.timeout_seconds,
        on_removal=settings.on_removal,
        shares_state=settings.shares_state,
        is_folder=is_folder,
        secrets=settings.secrets if takes_secrets(runner) else (),
    )
    if not isinstance(runner, ReadsInputs):
        return step
    return replace(step, reads=runner.reads(step), declares=runner.declares(step))
