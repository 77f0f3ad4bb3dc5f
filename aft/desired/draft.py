"""A request that someone wants to make: what they said, before it is a file, and which folder that
file belongs in."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Any

from aft.config.model import DEFAULTS_NAME, REQUESTS_PATH
from aft.desired.defaults import FolderDefaults, defaults_in
from aft.desired.emit import request_yaml
from aft.desired.model import AccountRequest
from aft.desired.tree import read_request_tree
from aft.errors import UserError
from aft.files import RevisionFiles
from aft.findings.model import Condition, Finding
from aft.values.canonical_json import plain
from aft.values.ids import OrgUnitPath, RequestId, is_org_unit_id
from aft.yamldoc import parse_yaml

_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)*")


@dataclass(frozen=True, kw_only=True)
class RequestDraft:
    """``values`` are fields of the request file, as they would be written in it; ``remark``
    becomes the comment at its top."""

    id: RequestId
    values: Mapping[str, Any]
    remark: str = ""

    @property
    def team(self) -> str | None:
        owner = self.values.get("owner")
        team = owner.get("team") if isinstance(owner, Mapping) else None
        return team if isinstance(team, str) else None

    @property
    def ou(self) -> OrgUnitPath | None:
        """The OU as a path; ``None`` when there is none, or AWS's own id."""
        written = self.values.get("ou")
        if not isinstance(written, str | list) or is_org_unit_id(str(written)):
            return None
        try:
            return OrgUnitPath.written(written)
        except (ValueError, TypeError):
            return None  # validation says so

    def text(self, defaults: FolderDefaults) -> str:
        """The request file: what the folder's defaults do not say already."""
        supplied = defaults.resolve(self.id, {})
        own = _without(self.values, supplied)
        if "name" not in own and "name" not in supplied:
            own = {"name": str(self.id), **own}
        if not own:  # a file needs something in it
            own = {"name": self.values.get("name", supplied["name"])}
        return request_yaml(own, remark=self.remark)


def with_known_owner(draft: RequestDraft, requests: Sequence[AccountRequest]) -> RequestDraft:
    """The draft with its team's e-mail address, where other requests of the team agree on it."""
    owner = draft.values.get("owner")
    if draft.team is None or not isinstance(owner, Mapping) or "email" in owner:
        return draft
    address = known_address(draft.team, requests)
    owner = {**owner, "email": address}
    return draft if address is None else replace(draft, values={**draft.values, "owner": owner})


def known_address(team: str, requests: Sequence[AccountRequest]) -> str | None:
    """The e-mail address of a team, when all of its requests agree on it."""
    known = {
        item.owner.email
        for item in requests
        if item.owner and item.owner.team.casefold() == team.casefold()
    }
    return known.pop() if len(known) == 1 else None


def taken_by(files: RevisionFiles, request_id: RequestId) -> str | None:
    """The file that has this id already, also when the two differ only by case."""
    for item in read_request_tree(files.entries(REQUESTS_PATH)).requests:
        if item.id.casefold() == request_id.casefold():
            return item.entry.path
    return None


def named_folder(text: str) -> str:
    """The folder that someone named, with or without ``account-requests/`` before it. Raises
    ``UserError`` unless it is inside, and portable."""
    inside = text.strip("/").removeprefix(REQUESTS_PATH).strip("/")
    if inside and not all(_PART.fullmatch(part) for part in inside.split("/")):
        raise UserError(
            f"{text!r} is not a folder for requests",
            hint=f"name one inside {REQUESTS_PATH}/, of letters, digits, '-', '_' and '.'",
        )
    return f"{REQUESTS_PATH}/{inside}" if inside else REQUESTS_PATH


def choose_folder(
    requests: Sequence[AccountRequest],
    files: RevisionFiles,
    *,
    team: str | None,
    ou: OrgUnitPath | None,
) -> str:
    """Next to the requests of the same team, of these where its OU is; else where requests of
    that OU have their folder in common; never where the defaults name another team."""
    theirs = [item for item in requests if item.owner and _same(item.owner.team, team)]
    if theirs:
        beside = Counter[str]()
        for item in theirs:
            beside[_folder_of(item)] += 1 + 100 * _nearness(item, ou)
        return min(beside, key=lambda folder: (-beside[folder], folder))
    same_ou = [item for item in requests if ou is not None and item.ou == ou]
    if not same_ou:
        return REQUESTS_PATH
    folder = _in_common([_folder_of(item) for item in same_ou])
    while folder != REQUESTS_PATH and _is_of_another_team(files, folder, team):
        folder = folder.rpartition("/")[0]
    return folder


def _nearness(request: AccountRequest, ou: OrgUnitPath | None) -> int:
    """2 in the same OU, 1 below the same top one, else 0."""
    if ou is None or ou.is_root or not isinstance(request.ou, OrgUnitPath):
        return 0
    if request.ou == ou:
        return 2
    return int(request.ou.names[:1] == ou.names[:1])


def _is_of_another_team(files: RevisionFiles, folder: str, team: str | None) -> bool:
    for document in defaults_in(files)(folder).documents:
        if document.path == f"{REQUESTS_PATH}/{DEFAULTS_NAME}":
            continue  # for all teams
        owner = document.data.get("owner")
        named = owner.get("team") if isinstance(owner, dict) else None
        if isinstance(named, str) and not _same(named, team):
            return True
    return False


def _same(one: str, other: str | None) -> bool:
    return other is not None and one.casefold() == other.casefold()


def _folder_of(request: AccountRequest) -> str:
    return request.source.path.rpartition("/")[0]


def _in_common(folders: Sequence[str]) -> str:
    levels = zip(*(folder.split("/") for folder in folders), strict=False)
    common = takewhile(lambda level: len(set(level)) == 1, levels)
    return "/".join(level[0] for level in common) or REQUESTS_PATH


def field_of(finding: Finding, path: str, text: str) -> str | None:
    """The field of the would-be file that a finding is about, the id's being ``name``; ``None``
    for another file, or for the file as a whole."""
    if finding.condition is Condition.ID_TAKEN:
        return "name"
    if finding.source is None or finding.path != path:
        return None
    document, _ = parse_yaml(text.encode(), path)
    if document is None:
        return None
    lines = {document.at((name,), key=True).line: name for name in document.data}
    at_or_before = [line for line in lines if line <= finding.source.line]
    if finding.source.line == 1 and finding.condition is Condition.KEY_MISSING:
        return finding.key
    return lines[max(at_or_before)] if at_or_before else None


def _without(values: Mapping[str, Any], supplied: Mapping[str, Any]) -> dict[str, Any]:
    """``values`` without what ``supplied`` says as well; mappings by their keys."""
    own: dict[str, Any] = {}
    for key, value in values.items():
        if key not in supplied:
            own[key] = value
            continue
        given = supplied[key]
        if isinstance(value, Mapping) and isinstance(given, Mapping):
            if inside := _without(value, given):
                own[key] = inside
        elif plain(value) != plain(given):
            own[key] = value
    return own
