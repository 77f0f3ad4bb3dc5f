"""Where the API is, and which addresses may see the token."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from aft.errors import UserError

DEFAULT_API = "https://api.github.com"
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_REPOSITORY = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?/[A-Za-z0-9._-]{1,100}")


@dataclass(frozen=True, slots=True)
class ApiAddress:
    """The API's root, without a slash at its end: ``https://api.github.com``, or
    ``https://HOST/api/v3`` of an Enterprise Server."""

    root: str

    @classmethod
    def parse(cls, text: str) -> ApiAddress:
        """Raises ``UserError``: the token may only travel over https, or to this machine."""
        parts = urlsplit(text)
        more = parts.username or parts.query or parts.fragment
        if not (is_safe_elsewhere(text) and parts.hostname) or more:
            raise UserError(
                "the address of GitHub's API is not one that aft sends a token to: expected "
                "https://HOST or https://HOST/api/v3",
                hint="set GITHUB_API_URL; for GitHub Enterprise Server it is https://HOST/api/v3",
            )
        return cls(text.rstrip("/"))

    @property
    def token_issuer(self) -> str:
        """Who issues the tokens of jobs, without ``https://`` (GitHub, OpenID Connect reference):
        an Enterprise Server and each enterprise on GHE.com do it themselves."""
        parts = urlsplit(self.root)
        host = parts.hostname or ""
        if parts.path.endswith("/api/v3"):
            return f"{host}/_services/token"
        if host.endswith(".ghe.com"):
            return f"token.actions.{host.removeprefix('api.')}"
        return "token.actions.githubusercontent.com"

    def url(self, path: str) -> str:
        return self.root + path

    def is_ours(self, url: str) -> bool:
        """Whether ``url`` is of the same origin: scheme, host and port."""
        return _origin(url) == _origin(self.root)


def _origin(url: str) -> tuple[str, str, int]:
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = -1
    port = port or {"https": 443, "http": 80}.get(parts.scheme, -1)
    return parts.scheme, (parts.hostname or "").lower(), port


def is_safe_elsewhere(url: str) -> bool:
    """Whether something may be fetched from ``url``, another host, without a token."""
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname))


def is_loopback(host: str | None) -> bool:
    """This machine, which plain http is good enough for."""
    return host in _LOOPBACK


def parse_repository(text: str) -> str:
    """``ORG/REPO``. Raises ``UserError``."""
    if not _REPOSITORY.fullmatch(text) or text.rpartition("/")[2] in (".", ".."):
        raise UserError(
            f"{text!r} is not a repository's name: expected ORG/REPO",
            hint="give --repo ORG/REPO, or set GITHUB_REPOSITORY",
        )
    return text


def segment(text: str) -> str:
    """``text`` as one segment of a path, with any characters."""
    return quote(text, safe="")
