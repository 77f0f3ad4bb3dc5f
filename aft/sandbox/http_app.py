"""The application behind the HTTP server: which answer a request gets, as AWS would give it.

Refuses what a web page sent, hands ``/_sandbox/`` to ``Admin`` and everything else to
``Sandbox.handle_http``. Knows no service, and nothing of sockets.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from http import HTTPStatus
from urllib.parse import parse_qs, urlsplit

from aft.sandbox.http_admin import PREFIX, Admin
from aft.sandbox.http_guard import Guard
from aft.sandbox.sandbox import Sandbox

_READS = ("Describe", "Get", "List", "Head", "BatchGet", "Lookup", "Search", "Validate")

Answer = tuple[int, Mapping[str, str], bytes]
"""Status, headers and body."""


class SandboxApp:
    """``changed`` is called after every call that may have changed the organization."""

    def __init__(
        self, sandbox: Sandbox, *, guard: Guard, admin: Admin, changed: Callable[[], None]
    ) -> None:
        self._sandbox = sandbox
        self._guard = guard
        self._admin = admin
        self._changed = changed

    def answer(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes, proxied: bool
    ) -> Answer:
        """``headers`` have lower-case names. Raises ``ConnectionBroken`` (a fault)."""
        if refusal := self._guard.refusal(headers, proxied=proxied):
            return _refused(HTTPStatus.FORBIDDEN, refusal)
        try:
            path = urlsplit(url).path
        except ValueError:
            return _refused(HTTPStatus.BAD_REQUEST, "not a URL")
        if path.startswith(PREFIX):
            if refusal := self._guard.refusal(headers):
                return _refused(HTTPStatus.FORBIDDEN, refusal)
            answer = self._admin.answer(method, url, headers=headers, body=body)
            if method == "POST":
                self._changed()
            kind = {"content-type": "application/json", "cache-control": "no-store"}
            return answer.status, kind, answer.body
        try:
            return self._sandbox.handle_http(method, url, headers, body, verify=True)
        finally:
            if may_change(method, headers, body):
                self._changed()


def _refused(status: HTTPStatus, why: str) -> Answer:
    document = json.dumps({"message": why, "error": why}).encode()
    return status, {"content-type": "application/json"}, document


def may_change(method: str, headers: Mapping[str, str], body: bytes) -> bool:
    """Could this call have changed the organization? When in doubt, yes."""
    operation = headers.get("x-amz-target", "").rsplit(".", 1)[-1]
    if not operation and "x-www-form-urlencoded" in headers.get("content-type", ""):
        operation = parse_qs(body[:4096].decode("latin-1")).get("Action", [""])[0]
    if operation:
        return not operation.startswith(_READS)
    return method not in ("GET", "HEAD", "OPTIONS")
