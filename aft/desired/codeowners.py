"""CODEOWNERS for GitHub, from the owners in the requests: who has to approve which change. In that
file the last rule that matches wins. So the platform team comes first, with everything; then each
team with the folders in which all requests are its own, and with single files elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from aft.config.model import REQUESTS_PATH
from aft.desired.model import AccountRequest, DesiredState
from aft.errors import UserError

CODEOWNERS_PATH = ".github/CODEOWNERS"
MAX_BYTES = 3 * 1024 * 1024
"""GitHub: a larger file is not read at all."""

_SIMPLE = re.compile(r"[A-Za-z0-9._/@+,=-]+")
"""Paths that mean themselves: others hold what is a pattern to GitHub, or not understood."""

_HEAD = """\
# Made by `aft github codeowners` from the owners in the requests and `github.teams` in aft.yaml.
# The last rule that matches a file says who must approve its change.
"""


def codeowners(state: DesiredState) -> str:
    """The file. Raises ``UserError`` without a platform team, or when GitHub would not read it."""
    platform = state.config.github.platform_team
    if platform is None:
        message = "who approves what no team owns? aft.yaml does not say"
        raise UserError(message, hint="set github.platform_team, such as '@your-org/platform'")
    owners = {
        request.source.path: _handle(request, state.config.github.teams, platform)
        for request in state.requests
    }
    rules = [("*", platform), *_rules(REQUESTS_PATH, owners, platform, may_fold=False)]
    width = max(len(pattern) for pattern, _ in rules)
    text = _HEAD + "".join(f"{pattern.ljust(width)}  {owner}\n" for pattern, owner in rules)
    if len(text.encode()) > MAX_BYTES:
        message = f"CODEOWNERS would be larger than the {MAX_BYTES:,} bytes that GitHub reads"
        hint = "keep the requests of a team in separate folders: a folder takes one line"
        raise UserError(message, hint=hint)
    return text


def teams_without_handle(state: DesiredState) -> tuple[str, ...]:
    """Teams that own requests and have no name on GitHub in aft.yaml."""
    owning = {request.owner.team for request in state.requests if request.owner}
    return tuple(sorted(owning - state.config.github.teams.keys()))


def _handle(request: AccountRequest, teams: Mapping[str, str], platform: str) -> str:
    if request.owner is None or not _SIMPLE.fullmatch(request.source.path):
        return platform
    return teams.get(request.owner.team, platform)


def _rules(
    folder: str, owners: Mapping[str, str], inherited: str, *, may_fold: bool = True
) -> Iterator[tuple[str, str]]:
    """Rules for what lies in ``folder``, where ``inherited`` owns what no rule names. The top
    folder is never one team's: its defaults are everybody's."""
    handles = sorted(set(owners.values()))
    if len(handles) == 1 and may_fold:
        if handles[0] != inherited:
            yield f"/{folder}/", handles[0]
        return
    for name, inside in _children(folder, owners):
        path = f"{folder}/{name}"
        if path in inside:
            if inside[path] != inherited:
                yield f"/{path}", inside[path]
        else:
            yield from _rules(path, inside, inherited)


def _children(folder: str, owners: Mapping[str, str]) -> Sequence[tuple[str, Mapping[str, str]]]:
    """What lies directly in the folder, by name, with the owners of the files in each."""
    found: dict[str, dict[str, str]] = {}
    for path, owner in owners.items():
        name = path.removeprefix(f"{folder}/").split("/", 1)[0]
        found.setdefault(name, {})[path] = owner
    return sorted(found.items())
