"""How GitHub's tokens for jobs name their repository: how their subjects begin.

GitHub (OpenID Connect reference, "Immutable subject claims"): ``repo:OWNER/NAME``; of repositories
that were made, renamed or transferred since 2026-07-15, or opted in,
``repo:OWNER@OWNER-ID/NAME@REPOSITORY-ID``. No name of GitHub's has an ``@``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

ISSUER = "token.actions.githubusercontent.com"
"""Of the tokens of github.com."""
_PREFIX = re.compile(
    r"repo:(?P<owner>[A-Za-z0-9_-]+)(?:@(?P<owner_id>[0-9]{1,20}))?"
    r"/(?P<name>[A-Za-z0-9._-]+)(?:@(?P<id>[0-9]{1,20}))?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositorySubject:
    """``repository`` is ``OWNER/NAME``; the ids are 0 in subjects with names alone."""

    repository: str
    owner_id: int = 0
    repository_id: int = 0

    @classmethod
    def parse(cls, prefix: str) -> RepositorySubject | None:
        """Of the beginning of a subject; ``None`` where it is not such a one."""
        found = _PREFIX.fullmatch(prefix)
        if found is None or (found["owner_id"] is None) != (found["id"] is None):
            return None
        return cls(
            repository=f"{found['owner']}/{found['name']}",
            owner_id=int(found["owner_id"] or 0),
            repository_id=int(found["id"] or 0),
        )

    def __str__(self) -> str:
        if not self.has_ids:
            return f"repo:{self.repository}"
        owner, _, name = self.repository.partition("/")
        return f"repo:{owner}@{self.owner_id}/{name}@{self.repository_id}"

    @property
    def has_ids(self) -> bool:
        return bool(self.owner_id and self.repository_id)

    @property
    def by_name(self) -> RepositorySubject:
        """The form without ids, which anyone gets who takes over the names."""
        return replace(self, owner_id=0, repository_id=0)
