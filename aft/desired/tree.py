"""What may be in ``account-requests/`` and ``customizations/``: plain files with portable names.
Symlinks, submodules and odd names are findings; none of them is ever followed or read."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from aft.config.model import DEFAULTS_NAME, REQUESTS_PATH
from aft.files import EntryKind, TreeEntry
from aft.findings.model import Finding, Severity, SourceRef, finding_at
from aft.text.lookalikes import lookalikes
from aft.text.policy import Use, refused
from aft.values.ids import RequestId
from aft.values.suggestions import did_you_mean

MAX_FILE_BYTES = 1024 * 1024
"""A file below ``customizations/`` larger than this is refused (a template on S3: 1 MB)."""

_SUFFIX = ".yaml"
_OTHER_SUFFIXES = (".yml", ".YAML", ".YML", ".Yaml", ".Yml")
_PLAIN = re.compile(r"[A-Za-z0-9_/-]+(?:\.[A-Za-z0-9_-]+)*")
_UNPORTABLE = re.compile(r'[\x00-\x1f\x7f<>:"|?*\\]')
_RENAME = "rename it with letters, digits, '-', '_' and '.'"
_DOCUMENTATION = (".md", ".txt", ".rst")


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestEntry:
    """A file that holds a request. ``folder`` is its path without the file's name."""

    id: RequestId
    folder: str
    entry: TreeEntry


@dataclass(frozen=True, kw_only=True)
class RequestTree:
    """The files of ``account-requests/``, sorted by path, and what is wrong with the others, of
    which ``odd`` are those with errors. ``is_there``: the folder is."""

    requests: tuple[RequestEntry, ...]
    defaults: tuple[TreeEntry, ...]
    odd: tuple[TreeEntry, ...]
    findings: tuple[Finding, ...]
    is_there: bool = True


def read_request_tree(entries: Iterable[TreeEntry]) -> RequestTree:
    """Sort the entries at or below ``account-requests/`` into what they are."""
    entries = tuple(entries)
    requests: list[RequestEntry] = []
    defaults: list[TreeEntry] = []
    findings: list[Finding] = []
    for entry in entries:
        folder, _, name = entry.path.rpartition("/")
        if problem := entry_problem(entry):
            findings.append(problem)
        elif name == DEFAULTS_NAME:
            defaults.append(entry)
        elif not name.endswith(_SUFFIX):
            findings.extend(_stray(entry, name))
        elif name.startswith("."):
            continue
        else:
            try:
                request_id = RequestId.parse(name[: -len(_SUFFIX)])
            except ValueError as error:
                findings.append(_bad_name(entry, name, str(error)))
            else:
                requests.append(RequestEntry(id=request_id, folder=folder, entry=entry))
    findings.extend(alike_paths(entries))
    wrong = {finding.path for finding in findings if finding.is_error}
    return RequestTree(
        requests=tuple(requests),
        defaults=tuple(defaults),
        odd=tuple(entry for entry in entries if entry.path in wrong) if wrong else (),
        findings=tuple(findings),
        is_there=bool(entries),
    )


def check_customizations_tree(entries: Iterable[TreeEntry]) -> Iterator[Finding]:
    """What is wrong with entries below ``customizations/`` regardless of content."""
    entries = tuple(entries)
    yield from alike_paths(entries)
    for entry in entries:
        if problem := entry_problem(entry):
            yield problem
        elif entry.size > MAX_FILE_BYTES:
            message = f"the file has {entry.size:,} bytes; expected at most {MAX_FILE_BYTES:,}"
            hint = "keep large data in S3 or a package registry, and fetch it from a step"
            yield finding_at("AFT804", SourceRef(entry.path), message, hint)


def entry_problem(entry: TreeEntry) -> Finding | None:
    """The finding for an entry that is not a plain file with a portable name, which people can
    read."""
    if entry.kind is EntryKind.FILE and entry.path_is_utf8 and _PLAIN.fullmatch(entry.path):
        return None  # nearly always
    source = SourceRef(entry.path)
    if not entry.path_is_utf8:
        return finding_at("AFT803", source, f"the path {entry.path} is not UTF-8", _RENAME)
    if entry.kind is EntryKind.SYMLINK:
        message = "symbolic links are not followed; expected a file"
        return finding_at("AFT801", source, message, "replace the link with the file itself")
    if entry.kind is EntryKind.SUBMODULE:
        message = "submodules are not read; expected files of this repository"
        return finding_at("AFT802", source, message, "copy the files here")
    if (problem := refused(entry.path, Use.NAME)) is not None:
        return finding_at("AFT805", source, f"in the path, {problem.message}", _RENAME)
    odd = _UNPORTABLE.search(entry.path)
    parts = entry.path.split("/")
    if odd or any(part != part.strip() or part.endswith(".") for part in parts):
        what = f"holds {odd[0]!r}" if odd else "has a part with a space or dot at its end"
        message = f"the path {what}, which not every system can check out"
        return finding_at("AFT805", source, message, _RENAME)
    return None


def alike_paths(entries: Iterable[TreeEntry]) -> Iterator[Finding]:
    """Files and folders next to each other that people take for each other."""
    paths = [entry.path for entry in entries if entry.path_is_utf8]
    if all(map(str.isascii, paths)):
        return
    siblings: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for path in paths:
        folder = ""
        for name in path.split("/"):
            siblings[folder].setdefault(name, path)
            folder = f"{folder}/{name}"
    for names in siblings.values():
        for name, other in lookalikes(names):
            message = f"{name!r} looks like {other!r} next to it, and its characters differ"
            found = finding_at("AFT808", SourceRef(names[name]), message, _RENAME)
            yield replace(found, about=(names[name], names[other]))


def _bad_name(entry: TreeEntry, name: str, message: str) -> Finding:
    near = did_you_mean(name, (DEFAULTS_NAME,)) if name.startswith(("_", "default")) else ""
    hint = near or "rename the file: its name without .yaml is the request's id"
    return finding_at("AFT805", SourceRef(entry.path), message, hint)


def _stray(entry: TreeEntry, name: str) -> Iterator[Finding]:
    source = SourceRef(entry.path)
    stem, dot, _ = name.rpartition(".")
    if name.startswith(".") or name.endswith(_DOCUMENTATION) or name == "CODEOWNERS":
        return
    if name.endswith(_OTHER_SUFFIXES):
        message = f"{name} is not read: requests and defaults end in {_SUFFIX}"
        yield finding_at("AFT806", source, message, f"rename it to {stem}{_SUFFIX}")
        return
    message = f"{name} is not read: {REQUESTS_PATH}/ holds <id>{_SUFFIX} and {DEFAULTS_NAME}"
    hint = f"rename it to {stem if dot else name}{_SUFFIX} if it is a request, or move it away"
    yield finding_at("AFT807", source, message, hint, severity=Severity.WARNING)
