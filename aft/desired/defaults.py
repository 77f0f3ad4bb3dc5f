"""``_defaults.yaml``: which apply to a folder, how they merge, and where a value came from. The
nearest file wins, maps merge, lists replace. Text in defaults may hold ``{id}``, ``{folder}`` and
``{name}``; text in requests is taken as it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from aft.config.model import DEFAULTS_NAME
from aft.desired.raw import IDENTITY_FIELDS, DefaultsFile
from aft.documents import document_of
from aft.errors import AftError
from aft.files import EntryKind, RevisionFiles, TreeEntry
from aft.findings.model import Condition, Finding, SourceRef, few, finding_at, sorted_findings
from aft.findings.validation import Loc, Located, validate, value_at
from aft.values.canonical_json import digest
from aft.values.placeholders import expand, has_placeholders
from aft.yamldoc import YamlDocument, too_large

PLACEHOLDERS: Mapping[str, str] = {"id": "sample", "folder": "sample", "name": "sample"}
"""What a default's text may hold, with values to check it by."""


@dataclass(frozen=True)
class FolderDefaults:
    """All defaults that apply in one folder; ``documents`` are nearest first. ``is_complete`` is
    false when one of the files could not be read, so that what is missing is unknown. ``key``
    tells apart what would make equal request files different requests."""

    folder: str
    documents: tuple[YamlDocument, ...] = ()
    is_complete: bool = True

    @cached_property
    def merged(self) -> Mapping[str, Any]:
        """The values of all files, before placeholders are filled in."""
        values: Mapping[str, Any] = {}
        for document in reversed(self.documents):
            values = merge(values, document.data)
        return values

    @cached_property
    def key(self) -> str:
        return digest([self.folder.rsplit("/", 1)[-1], self.merged])[7:23]

    @cached_property
    def _has_placeholders(self) -> bool:
        return has_placeholders(self.merged)

    def below(
        self, folder: str, document: YamlDocument | None, *, is_readable: bool
    ) -> FolderDefaults:
        """The defaults of a folder further in, which may have its own file."""
        nearest = (document,) if document is not None else ()
        is_complete = self.is_complete and is_readable
        return FolderDefaults(folder, (*nearest, *self.documents), is_complete)

    def resolve(self, request_id: str, data: Mapping[str, Any]) -> Mapping[str, Any]:
        """``data`` over the defaults, placeholders filled in; emptied keys are left out."""
        values = self.merged
        if self._has_placeholders:
            known = {"id": request_id, "folder": self.folder.rsplit("/", 1)[-1]}
            name = data.get("name", values.get("name"))
            if isinstance(name, str):
                known["name"] = name if "name" in data else _expand(name, known)
            values = _expand(values, {"name": request_id, **known})
        merged = merge(values, data)
        return {key: value for key, value in merged.items() if value is not None}


def entry_at(files: RevisionFiles, path: str) -> TreeEntry | None:
    """The file at ``path``, if there is one; symbolic links are none."""
    found = (item for item in files.entries(path) if item.path == path)
    return next((item for item in found if item.kind is EntryKind.FILE), None)


def read_document(files: RevisionFiles, path: str) -> YamlDocument | None:
    """The YAML file at ``path``, or ``None`` when there is none that can be read."""
    entry = entry_at(files, path)
    if entry is None or too_large(path, entry.size) is not None:
        return None
    try:
        return document_of(files, entry)[0]
    except AftError:
        return None


def defaults_by_folder(
    read: Callable[[str], tuple[YamlDocument | None, bool]],
) -> Callable[[str], FolderDefaults]:
    """All defaults of a folder, each file read at most once. ``read`` gives the file of one folder
    and whether what is there could be read."""

    @cache
    def defaults_of(folder: str) -> FolderDefaults:
        above = folder.rpartition("/")[0]
        outer = defaults_of(above) if above else FolderDefaults("")
        document, is_readable = read(folder)
        return outer.below(folder, document, is_readable=is_readable)

    return defaults_of


def defaults_in(files: RevisionFiles) -> Callable[[str], FolderDefaults]:
    """``defaults_by_folder`` of a revision."""

    def read(folder: str) -> tuple[YamlDocument | None, bool]:
        path = f"{folder}/{DEFAULTS_NAME}"
        document = read_document(files, path)
        return document, document is not None or entry_at(files, path) is None

    return defaults_by_folder(read)


def check_defaults(document: YamlDocument) -> tuple[Finding, ...]:
    """What is wrong with a defaults file by itself, for all requests."""
    findings: list[Finding] = []
    for field in sorted(document.data.keys() & set(IDENTITY_FIELDS)):
        message = f"{field} says which account a request is, so no defaults can supply it"
        source = document.at((field,), key=True)
        findings.append(finding_at("AFT207", source, message, "write it in the request"))
    unknown_until_filled: set[SourceRef] = set()
    for loc, text in _texts(document.data):
        if has_placeholders(text):
            findings.extend(_placeholder_findings(document, loc, text))
            if loc != ("state",):  # no placeholder can be one of a few words
                unknown_until_filled.add(document.at(loc))
    kept = {key: value for key, value in document.data.items() if key not in IDENTITY_FIELDS}
    _, problems = validate(DefaultsFile, document, data=_expand(kept, PLACEHOLDERS))
    # What a placeholder means, and what another file adds to a mapping, is only known per
    # request, and is checked there.
    findings.extend(
        item
        for item in problems
        if item.condition is not Condition.KEY_MISSING
        and not (item.condition is Condition.BREAKS_RULE and item.source in unknown_until_filled)
    )
    return few(sorted_findings(findings), document.path)


def _placeholder_findings(document: YamlDocument, loc: Loc, text: str) -> list[Finding]:
    allowed = {"id", "folder"} if loc == ("name",) else PLACEHOLDERS.keys()
    try:
        expand(text, dict.fromkeys(allowed, ""))
    except ValueError as error:
        return [finding_at("AFT206", document.at(loc), str(error))]
    return []


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> Mapping[str, Any]:
    """``over`` laid on ``base``: maps merge, everything else replaces."""
    if not base:
        return over
    result = dict(base)
    for key, value in over.items():
        below = result.get(key)
        if isinstance(value, dict) and isinstance(below, dict):
            result[key] = merge(below, value)
        else:
            result[key] = value
    return result


class MergedDocument:
    """A request over its defaults, as one ``Located``: places are those of the file that says
    it, and of the request where no file does."""

    def __init__(
        self, request: YamlDocument, defaults: FolderDefaults, *, data: Mapping[str, Any]
    ) -> None:
        self.data = data
        self._documents: tuple[Located, ...] = (request, *defaults.documents)

    def at(self, loc: Loc, *, key: bool = False) -> SourceRef:
        """See ``YamlDocument.at``."""
        for length in range(len(loc), 0, -1):
            for document in self._documents:
                if written_at(document, loc[:length]):
                    return document.at(loc[:length], key=key and length == len(loc))
        return self._documents[0].at(())


def written_at(document: Located, loc: Loc) -> tuple[Any, ...]:
    """What the file has at ``loc``, as it is written; nothing where it has nothing."""
    try:
        return (value_at(document.data, loc),)
    except LookupError:
        return ()


def _expand(value: Any, known: Mapping[str, str]) -> Any:
    """``value`` with placeholders filled in; text that cannot be is left, and found elsewhere."""
    match value:
        case str():
            try:
                return expand(value, known)
            except ValueError:
                return value
        case Mapping():
            return {key: _expand(item, known) for key, item in value.items()}
        case list():
            return [_expand(item, known) for item in value]
    return value


def _texts(value: Any, loc: Loc = ()) -> list[tuple[Loc, str]]:
    match value:
        case str():
            return [(loc, value)]
        case Mapping():
            return [item for key, inner in value.items() for item in _texts(inner, (*loc, key))]
        case list():
            return [
                item for number, inner in enumerate(value) for item in _texts(inner, (*loc, number))
            ]
    return []
