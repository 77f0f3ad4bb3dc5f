"""Which requests do not come from a tool of the user's: those that a web page sent.

A page in a browser on this machine reaches the server's port. It names itself in ``Origin``,
``Referer`` or ``Sec-Fetch-Site``, or arrives under a name of its own that resolves to this machine
(DNS rebinding). Decides by headers only; who may do what is for the keys to say.
"""

from __future__ import annotations

import contextlib
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_FROM_A_PAGE = ("origin", "referer")


@dataclass(frozen=True, slots=True)
class Guard:
    """``host`` is where the server listens."""

    host: str

    def refusal(self, headers: Mapping[str, str], *, proxied: bool = False) -> str:
        """Why a request is refused; ``""`` for one that is not. One for a whole URL is ``proxied``:
        its client takes the server for a proxy, which no page can make a browser do."""
        fetched = headers.get("sec-fetch-site", "none")
        if fetched != "none" or any(name in headers for name in _FROM_A_PAGE):
            return "requests from a web page are refused"
        name = _name(headers.get("host", ""))
        if not proxied and not self._is_ours(name):
            return f"unknown host {name!r}"
        return ""

    def _is_ours(self, name: str) -> bool:
        # S3 puts the bucket before the host; an address has no names below it that resolve.
        ours = LOOPBACK | {self.host}
        if name in ours or name.endswith(tuple(f".{host}" for host in ours)):
            return True
        with contextlib.suppress(ValueError):
            ipaddress.ip_address(name)  # a page that was rebound comes by a name
            return not is_loopback(self.host)
        return False


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach ``host``."""
    if host == "localhost":
        return True
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return False


def _name(host: str) -> str:
    with contextlib.suppress(ValueError):
        return urlsplit(f"//{host}").hostname or ""
    return ""
