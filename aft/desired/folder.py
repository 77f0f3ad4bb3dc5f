"""Which folder a new request belongs in, and what the defaults of a folder give it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import takewhile

from aft.config.model import DEFAULTS_NAME, REQUESTS_PATH
from aft.desired.defaults import FolderDefaults, defaults_in
from aft.desired.model import AccountRequest
from aft.errors import UserError
from aft.files import RevisionFiles
from aft.values.ids import OrgUnitPath

_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)*")


def folder_defaults(files: RevisionFiles, folder: str) -> FolderDefaults:
    """What the defaults files of ``folder`` and above give; one that cannot be read gives
    nothing, and is found elsewhere."""
    return defaults_in(files)(folder)


def named_folder(text: str) -> str:
    """The folder that somebody named, with or without ``account-requests/`` before it. Raises
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
    """Beside the requests of the same team, of these where its OU is; else where requests of
    that OU have their folder in common; never where the defaults name another team."""
    theirs = [item for item in requests if item.owner and _same(item.owner.team, team)]
    if theirs:
        beside = Counter[str]()
        for item in theirs:
            beside[_folder_of(item)] += 1 + 100 * _nearness(item, ou)
        most = max(beside.values())
        return min(folder for folder, count in beside.items() if count == most)
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
    for document in folder_defaults(files, folder).documents:
        if document.path == f"{REQUESTS_PATH}/{DEFAULTS_NAME}":
            continue  # everybody's
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
