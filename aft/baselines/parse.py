"""``customizations/baselines/*.yaml`` into baselines, or findings with their places.

Parameters are checked by each setting's own model; texts in them may hold the placeholders of
``aft.baselines.select.SAMPLE_VALUES``, which are filled in with samples for the check.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from aft.baselines.model import Baseline, Cautions, Selector, SettingSpec
from aft.baselines.references import references_in
from aft.baselines.select import SAMPLE_VALUES, Setting, expand_all, resolve
from aft.config.model import CUSTOMIZATIONS_PATH
from aft.documents import document_of
from aft.errors import UserError
from aft.files import EntryKind, RevisionFiles
from aft.findings.model import Finding, Severity, SourceRef, few, sorted_findings
from aft.findings.validation import validate, value_at
from aft.organization.model import AccountFacts
from aft.organization.spec import OrganizationSpec
from aft.values.ids import OrgUnitPath
from aft.values.placeholders import expand, has_placeholders
from aft.values.suggestions import Suggestions
from aft.yamldoc import YamlDocument

BASELINES_FOLDER = f"{CUSTOMIZATIONS_PATH}/baselines"
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")

_Loc = tuple[str | int, ...]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)


class SelectEntry(_Section):
    """Which accounts get the baseline; all given criteria must match."""

    organizational_units: list[str | list[str]] = Field(
        default=[],
        description="Paths of OUs, as text or lists of names: accounts in them and below. The "
        "deepest OU takes precedence.",
    )
    tags: dict[str, str] = Field(
        default={}, description="Tags that the request must have; the value `*` matches any value."
    )
    requests: list[str] = Field(default=[], description="Ids of account requests.")


class SettingEntry(_Section):
    """One setting of a baseline."""

    setting: str = Field(min_length=1, description="The setting's name.")
    parameters: dict[str, Any] = Field(
        default={},
        description="The setting's parameters. Text can contain `{id}`, `{name}`, "
        "`{account_id}` and `{ou_name}`.",
    )


class BaselineFile(_Section):
    """``customizations/baselines/<name>.yaml``: what accounts get, in order."""

    description: str = Field(default="", description="What the baseline is for.")
    select: SelectEntry = Field(
        default=SelectEntry(),
        description="Accounts that get the baseline unless their request names another one. "
        "Without it, only requests that name the baseline get it.",
    )
    settings: list[SettingEntry] = Field(description="The settings, applied in this order.")


def parse_baselines(
    files: RevisionFiles,
    settings: Mapping[str, Setting],
    organization: OrganizationSpec | None = None,
) -> tuple[Mapping[str, Baseline], tuple[Finding, ...]]:
    """All baselines by name. With ``organization``, selected OUs must be in it."""
    found: dict[str, Baseline] = {}
    findings: list[Finding] = []
    by_key: dict[str, str] = {}
    for entry in files.entries(BASELINES_FOLDER):
        if entry.kind is not EntryKind.FILE or not entry.path_is_utf8:
            continue  # reported with the rest of the tree
        inside = entry.path.removeprefix(f"{BASELINES_FOLDER}/")
        if inside.lower() in {"readme.md", ".gitkeep"}:
            continue
        problem = _check_path(entry.path, inside)
        if problem is not None:
            findings.append(problem)
            continue
        name = inside.removesuffix(".yaml")
        other = by_key.setdefault(name.casefold(), name)
        if other != name:
            message = f"baselines {other!r} and {name!r} differ only by case"
            findings.append(
                _finding("AFT505", SourceRef(entry.path), message, "rename one of the two")
            )
        document, problems = document_of(files, entry)
        findings.extend(problems)
        if document is None:
            continue
        baseline, more = _read(name, document, settings, organization)
        findings.extend(few(more, entry.path))
        if baseline is not None:
            found[name] = baseline
    return found, sorted_findings(findings)


def check_parameters(
    baseline: Baseline, facts: AccountFacts, settings: Mapping[str, Setting], *, source: SourceRef
) -> tuple[Finding, ...]:
    """Findings at ``source`` (the request) for parameters that its placeholders make invalid."""
    findings: list[Finding] = []
    for spec in baseline.settings:
        try:
            resolve(spec, facts, settings[spec.setting])
        except UserError as error:
            findings.append(_finding("AFT507", source, error.message, error.hint))
    return tuple(findings)


def check_requests(
    baselines: Mapping[str, Baseline], request_ids: Iterable[str]
) -> tuple[Finding, ...]:
    """Findings for selectors and parameters that name a request which does not exist."""
    known, near = frozenset(request_ids), Suggestions()

    def strangers(baseline: Baseline) -> Iterator[Finding]:
        for code, who, request, at, hint in _requests_of(baseline):
            if request not in known:
                message = f"{who} {request!r}, which is no request"
                yield _finding(code, at, message, near(request, known) or hint)

    return sorted_findings(
        finding
        for baseline in baselines.values()
        for finding in few(strangers(baseline), baseline.source.path)
    )


def _requests_of(baseline: Baseline) -> Iterator[tuple[str, str, str, SourceRef, str]]:
    """The requests it names, each with the code and the words for one that does not exist."""
    select, hint = baseline.select, "remove it, or add the request"
    for request, source in zip(select.requests, select.request_sources, strict=True):
        yield "AFT504", "`select.requests` names", request, source, hint
    hint = "write the id of a request, or an account id: twelve digits in quotes"
    for spec in baseline.settings:
        for request, source in spec.references:
            yield "AFT509", f"setting {spec.setting!r} names the account of", request, source, hint


def _finding(code: str, source: SourceRef, message: str, hint: str) -> Finding:
    return Finding(code=code, source=source, message=message, hint=hint)


def _check_path(path: str, inside: str) -> Finding | None:
    source, name = SourceRef(path), inside.removesuffix(".yaml")
    if "/" in inside or name == inside:
        message = f"{inside!r} is not a baseline: expected <name>.yaml directly in baselines/"
        hint = "rename it to end in .yaml" if inside.endswith(".yml") else "move or delete it"
        return _finding("AFT506", source, message, hint)
    if not _NAME.fullmatch(name):
        return _finding(
            "AFT505",
            source,
            f"{name!r} cannot name a baseline: expected 1 to 63 letters, digits, '.', '_' or '-', "
            "beginning and ending with a letter or digit",
            "rename the file",
        )
    return None


def _read(
    name: str,
    document: YamlDocument,
    settings: Mapping[str, Setting],
    organization: OrganizationSpec | None,
) -> tuple[Baseline | None, Sequence[Finding]]:
    raw, problems = validate(BaselineFile, document)
    findings = list(problems)
    if raw is None:
        return None, findings
    units = _units(raw.select, document, organization, findings)
    specs: dict[str, SettingSpec] = {}
    near = Suggestions()
    for index, entry in enumerate(raw.settings):
        loc: _Loc = ("settings", index)
        source = document.at((*loc, "setting"))
        if entry.setting in specs:
            line = specs[entry.setting].source.line
            message = f"setting {entry.setting!r} is listed twice; first at line {line}"
            findings.append(_finding("AFT502", source, message, "keep one of the two"))
        elif entry.setting not in settings:
            known = ", ".join(sorted(settings)) or "none"
            message = f"there is no setting {entry.setting!r}; known are: {known}"
            hint = near(entry.setting, settings)
            hint = hint or "install the package that provides it, or take it out"
            findings.append(_finding("AFT501", source, message, hint))
        else:
            spec = SettingSpec(setting=entry.setting, parameters=entry.parameters, source=source)
            spec, problems_of_spec = _checked(spec, loc, document, settings[entry.setting])
            findings.extend(problems_of_spec)
            specs[entry.setting] = spec
    baseline = Baseline(
        name=name,
        description=raw.description,
        select=Selector(
            organizational_units=units,
            tags=raw.select.tags,
            requests=tuple(raw.select.requests),
            request_sources=tuple(
                document.at(("select", "requests", index))
                for index in range(len(raw.select.requests))
            ),
        ),
        settings=tuple(specs.values()),
        source=SourceRef(document.path),
    )
    return baseline, findings


def _units(
    select: SelectEntry,
    document: YamlDocument,
    organization: OrganizationSpec | None,
    findings: list[Finding],
) -> tuple[OrgUnitPath, ...]:
    units: list[OrgUnitPath] = []
    listed = organization.paths if organization is not None else frozenset()
    near, names = Suggestions(), tuple(map(str, listed))
    for index, written in enumerate(select.organizational_units):
        source = document.at(("select", "organizational_units", index))
        try:
            unit = OrgUnitPath.written(written)
        except ValueError as error:
            findings.append(Finding(code="AFT503", source=source, message=str(error)))
            continue
        units.append(unit)
        if listed and not unit.is_root and unit not in listed:
            hint = near(str(unit), names)
            hint = hint or "add it there, or select another OU"
            message = f"there is no OU {str(unit)!r} in organization.yaml"
            findings.append(_finding("AFT503", source, message, hint))
    return tuple(units)


def _checked(
    spec: SettingSpec, loc: _Loc, document: YamlDocument, plugin: Setting
) -> tuple[SettingSpec, Sequence[Finding]]:
    """``spec`` with the requests it names, and what is wrong with its parameters."""
    at = (*loc, "parameters")
    problems = list(_check_patterns(spec.parameters, at, document))
    if problems:
        return spec, problems
    sample = expand_all(spec.parameters, SAMPLE_VALUES)
    parameters, findings = validate(plugin.parameters_model, document, at=at, data=sample)
    if parameters is None:
        return spec, findings
    if isinstance(plugin, Cautions):
        cautions = (
            Finding(
                code=item.code,
                source=document.at((*at, *item.loc)),
                message=item.message,
                hint=item.hint,
                severity=Severity.WARNING,
            )
            for item in plugin.cautions(parameters)
        )
        findings = (*findings, *cautions)
    references = tuple(
        (found.request_id, document.at((*at, *inner)))
        for inner, found in references_in(parameters)
        if found.request_id is not None and not _varies(spec.parameters, inner)
    )
    return replace(spec, references=references), findings


def _varies(parameters: Mapping[str, Any], loc: _Loc) -> bool:
    """Is there a placeholder at ``loc``? (The setting's own default is not there.)"""
    try:
        written = value_at(parameters, loc)
    except LookupError:
        return False
    return isinstance(written, str) and has_placeholders(written)


def _check_patterns(value: Any, loc: _Loc, document: YamlDocument) -> Iterator[Finding]:
    match value:
        case str():
            try:
                expand(value, SAMPLE_VALUES)
            except ValueError as error:
                yield Finding(code="AFT508", source=document.at(loc), message=str(error))
        case Mapping():
            for key, item in value.items():
                yield from _check_patterns(item, (*loc, key), document)
        case list():
            for index, item in enumerate(value):
                yield from _check_patterns(item, (*loc, index), document)
