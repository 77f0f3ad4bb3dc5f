"""Tokens: whose they are, and what they may."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .answers import Refusal
from .model import User

_ORDER = {"none": 0, "read": 1, "write": 2, "admin": 3}


@dataclass(frozen=True)
class Token:
    """``permissions`` are named as in a workflow: ``pull-requests``, ``contents`` …

    ``sees``: a token without access to the repository gets 404 for all of it.
    """

    secret: str
    user: User
    permissions: Mapping[str, str]
    sees: bool = True

    @property
    def is_bot(self) -> bool:
        return self.user.kind == "Bot"

    def may(self, permission: str, level: str) -> bool:
        granted = self.permissions.get(permission, "none")
        return permission == "metadata" or _ORDER[granted] >= _ORDER[level]


def normal(permissions: Mapping[str, str]) -> dict[str, str]:
    """Hyphens instead of the API's underscores; unknown levels are a test's mistake."""
    assert set(permissions.values()) <= set(_ORDER), permissions
    return {name.replace("_", "-"): level for name, level in permissions.items()}


def check(token: Token | None, needs: tuple[tuple[str, str], ...], *, private: bool) -> None:
    """One of ``needs`` is enough. Without a token, public repositories may be read."""
    if token is None:
        if private:
            raise Refusal(404, "Not Found")
        if any(level != "read" for _, level in needs) or ("administration", "read") in needs:
            raise Refusal(401, "Requires authentication")
        return
    if not token.sees and private:
        raise Refusal(404, "Not Found")
    if not any(token.may(name, level) for name, level in needs):
        whose = "integration" if token.is_bot else "personal access token"
        accepted = "; ".join(f"{name.replace('-', '_')}={level}" for name, level in needs)
        raise Refusal(
            403,
            f"Resource not accessible by {whose}",
            headers={"X-Accepted-GitHub-Permissions": accepted},
        )
