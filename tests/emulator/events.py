"""What happened in the repository, and which workflows that starts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .document import Workflow

_DEFAULT_TYPES = {
    "pull_request": ("opened", "synchronize", "reopened"),
    "pull_request_target": ("opened", "synchronize", "reopened"),
}


@dataclass(frozen=True, kw_only=True)
class Event:
    """``source`` is the commit whose workflow files count; ``ref`` and ``sha`` what a job sees.

    ``is_foreign``: a ``pull_request`` from a fork, whose runs get no secrets, no write and no
    id-token.
    """

    name: str
    payload: Mapping[str, Any]
    ref: str
    sha: str
    source: str
    actor: str
    head_ref: str = ""
    base_ref: str = ""
    is_foreign: bool = False
    only: str = ""
    """Start this workflow alone (by hand)."""
    cron: str = ""
    inputs: Mapping[str, Any] = field(default_factory=dict)

    @property
    def ref_name(self) -> str:
        return re.sub(r"^refs/(?:heads|tags|pull)/", "", self.ref)

    @property
    def branch(self) -> str:
        """The branch that environments' rules look at; ``""`` for what is none."""
        return self.ref_name if self.ref.startswith("refs/heads/") else ""

    @property
    def subject(self) -> str:
        """The ``sub`` of an OIDC token outside of environments, after the repository."""
        return "pull_request" if self.name == "pull_request" else f"ref:{self.ref}"


def starts(workflow: Workflow, event: Event) -> bool:
    """Whether ``event`` starts ``workflow``."""
    filters = workflow.on.get(event.name)
    if filters is None or (event.only and not workflow.path.endswith(f"/{event.only}")):
        return False
    action = event.payload.get("action")
    types = filters.get("types") or _DEFAULT_TYPES.get(event.name)
    if types and action not in ([types] if isinstance(types, str) else types):
        return False
    if event.cron:
        return event.cron in filters["cron"]
    branch = event.base_ref or event.branch
    return _matches(filters, branch)


def _matches(filters: Mapping[str, Any], branch: str) -> bool:
    unknown = filters.keys() - {"types", "branches", "inputs", "cron"}
    assert not unknown, f"the emulator does not know the filters {unknown}"
    patterns = filters.get("branches")
    return patterns is None or matching(branch, patterns)


def matching(name: str, patterns: Sequence[str]) -> bool:
    """GitHub's branch patterns: ``*`` stops at a slash, ``**`` does not, ``!`` takes away."""
    allowed = False
    for pattern in patterns:
        wanted = not pattern.startswith("!")
        parts = re.split(r"(\*\*|\*|\?)", pattern.removeprefix("!"))
        known = {"**": ".*", "*": "[^/]*", "?": "[^/]"}
        expression = "".join(known.get(part, re.escape(part)) for part in parts)
        if re.fullmatch(expression, name):
            allowed = wanted
    return allowed
