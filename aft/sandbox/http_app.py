"""The application behind the HTTP server: which answer a request gets, as AWS would give it.

Hands ``/_sandbox/`` to ``Admin`` and everything else to ``Sandbox.handle_http``. Knows no service,
and nothing of sockets.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import parse_qs, urlsplit

from aft.sandbox.http_admin import PREFIX, Admin
from aft.sandbox.sandbox import Sandbox

_READS = ("Describe", "Get", "List", "Head", "BatchGet", "Lookup", "Search", "Validate")

Answer = tuple[int, Mapping[str, str], bytes]
"""Status, headers and body."""


class SandboxApp:
    """``changed`` is called after every call that may have changed the organization."""

    def __init__(self, sandbox: Sandbox, *, admin: Admin, changed: Callable[[], None]) -> None:
        self._sandbox = sandbox
        self._admin = admin
        self._changed = changed

    def answer(self, method: str, url: str, *, headers: Mapping[str, str], body: bytes) -> Answer:
        """``headers`` have lower-case names. Raises ``ConnectionBroken`` (a fault)."""
        if urlsplit(url).path.startswith(PREFIX):
            answer = self._admin.answer(method, url, headers=headers, body=body)
            if method == "POST":
                self._changed()
            kind = {"content-type": "application/json", "cache-control": "no-store"}
            return answer.status, kind, answer.body
        try:
            return self._sandbox.handle_http(method, url, headers, body)
        finally:
            if may_change(method, headers, body):
                self._changed()


def may_change(method: str, headers: Mapping[str, str], body: bytes) -> bool:
    """Could this call have changed the organization? When in doubt, yes."""
    operation = headers.get("x-amz-target", "").rsplit(".", 1)[-1]
    if not operation and "x-www-form-urlencoded" in headers.get("content-type", ""):
        operation = parse_qs(body[:4096].decode("latin-1")).get("Action", [""])[0]
    if operation:
        return not operation.startswith(_READS)
    return method not in ("GET", "HEAD", "OPTIONS")
