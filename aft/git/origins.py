"""Which server a git URL leads to, and whether a credential for one server may be shown to another.

Compared as git compares the URLs of its configuration: parsed, never by the beginning of the text.
Pure.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

_PORTS = {"https": 443, "http": 80}
_PLAIN = re.compile(r"[!$-;=@-\[\]_a-z~]+")
"""Printable ASCII without blanks, quotes, backslashes, carets, braces, queries and fragments: what
parsers agree on."""
_SERVER = re.compile(r"(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::[0-9]*)?")
"""Host and port; an address of IPv6 is in brackets, with nothing around them."""

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host and port: what a credential belongs to."""

    scheme: str
    host: str
    port: int

    @property
    def keeps_secrets(self) -> bool:
        """False where a secret would cross the network in the clear."""
        return self.scheme == "https" or self.host in LOOPBACK


def origin_of(url: str) -> Origin | None:
    """The server of an ``http`` or ``https`` URL; ``None`` for anything else, and for a URL that
    two parsers might read differently."""
    if not _PLAIN.fullmatch(url):
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    scheme, host = parts.scheme.lower(), (parts.hostname or "").lower()
    server = parts.netloc.rpartition("@")[2].lower()
    if scheme not in _PORTS or not _SERVER.fullmatch(server) or parts.netloc.count("@") > 1:
        return None
    return Origin(scheme, host, _PORTS[scheme] if port is None else port)


def covers(scope: str, url: str) -> bool:
    """Whether what is configured for ``scope`` (``http.<scope>.…``) is meant for ``url``: the same
    server and user, and a path that is the scope's or below it, by whole segments."""
    wanted = origin_of(scope)
    if wanted is None or wanted != origin_of(url):
        return False
    ours, theirs = urlsplit(scope), urlsplit(url)
    if ours.username is not None and ours.username != theirs.username:
        return False
    above, path = _segments(ours.path), _segments(theirs.path)
    return ".." not in path and path[: len(above)] == above


def _segments(path: str) -> list[str]:
    return [unquote(part) for part in path.split("/") if part not in {"", "."}]
