"""From ``permissions:`` to what a job's token may."""

from __future__ import annotations

from collections.abc import Mapping

_ALL = (
    "actions", "attestations", "checks", "contents", "deployments", "discussions", "id-token",
    "issues", "packages", "pages", "pull-requests", "security-events", "statuses",
)  # fmt: skip
_DEFAULT = {"contents": "read", "packages": "read"}
"""Where nothing is declared, with GitHub's restricted default."""


def granted(declared: Mapping[str, str] | str | None, *, is_foreign: bool) -> Mapping[str, str]:
    """``is_foreign``: a fork's ``pull_request`` run reads at most, and has no id-token."""
    match declared:
        case None:
            found = dict(_DEFAULT)
        case "read-all":
            found = {name: "read" for name in _ALL if name != "id-token"}
        case "write-all":
            found = dict.fromkeys(_ALL, "write")
        case str():
            raise AssertionError(declared)
        case _:
            found = {name: level for name, level in declared.items() if level != "none"}
            assert found.keys() <= set(_ALL), f"no such permission: {found.keys() - set(_ALL)}"
    if is_foreign:
        return {name: "read" for name in found if name != "id-token"}
    return found
