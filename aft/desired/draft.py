"""A request that somebody wants to make: what they said, before it is a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from aft.config.model import REQUESTS_PATH
from aft.desired.defaults import FolderDefaults
from aft.desired.emit import request_yaml
from aft.desired.folder import choose_folder
from aft.desired.model import AccountRequest
from aft.desired.tree import read_request_tree
from aft.files import RevisionFiles
from aft.findings.model import Condition, Finding
from aft.values.ids import OrgUnitPath, RequestId, is_org_unit_id
from aft.yamldoc import parse_yaml


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
        text = self.values.get("ou")
        if not isinstance(text, str) or is_org_unit_id(text):
            return None
        try:
            return OrgUnitPath.parse(text)
        except ValueError:
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
    if address is None:
        return draft
    return replace(draft, values={**draft.values, "owner": {**owner, "email": address}})


def known_address(team: str, requests: Sequence[AccountRequest]) -> str | None:
    """The e-mail address of a team, when all of its requests agree on it."""
    known = {
        item.owner.email
        for item in requests
        if item.owner and item.owner.team.casefold() == team.casefold()
    }
    return known.pop() if len(known) == 1 else None


def folder_for(
    draft: RequestDraft, requests: Sequence[AccountRequest], files: RevisionFiles
) -> str:
    """Where its file belongs."""
    return choose_folder(requests, files, team=draft.team, ou=draft.ou)


def taken_by(files: RevisionFiles, request_id: RequestId) -> str | None:
    """The file that has this id already, also when the two differ only by case."""
    for item in read_request_tree(files.entries(REQUESTS_PATH)).requests:
        if item.id.casefold() == request_id.casefold():
            return item.entry.path
    return None


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
            inside = _without(value, given)
            if inside:
                own[key] = inside
        elif _plain(value) != _plain(given):
            own[key] = value
    return own


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
