"""The WSGI application over a sandbox: reads a request as it arrived, writes what AWS answers.

Hands ``/_sandbox/`` to ``Admin`` and everything else to ``Sandbox.handle_http``; never answers
HTML. A broken connection (a fault) becomes a TCP reset. Knows no service.
"""

from __future__ import annotations

import logging
import os
import socket
import struct
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, urlsplit

from werkzeug.serving import WSGIRequestHandler

from aft.sandbox.http_admin import PREFIX, Admin
from aft.sandbox.sandbox import Sandbox
from aft.sandbox.wire import ConnectionBroken

_LOG = logging.getLogger(__name__)
_HEADERS = "aft.headers"
_MAX_BODY = 64 * 1024 * 1024
_READS = ("Describe", "Get", "List", "Head", "BatchGet", "Lookup", "Search", "Validate")
_NOT_OURS = frozenset({"connection", "content-length", "transfer-encoding", "date", "server"})
_CODES = {status.value: status.phrase for status in HTTPStatus}

StartResponse = Callable[[str, list[tuple[str, str]]], object]


class QuietHandler(WSGIRequestHandler):
    """Keeps header names as they were sent, and logs to ``logging`` at debug level."""

    def make_environ(self) -> dict[str, Any]:
        environ: dict[str, Any] = super().make_environ()
        environ[_HEADERS] = {name.lower(): value for name, value in self.headers.items()}
        return environ

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - werkzeug's name
        _LOG.debug("%s " + message, type, *args)


class SandboxApp:
    """``changed`` is called after every call that may have changed the organization."""

    def __init__(self, sandbox: Sandbox, *, admin: Admin, changed: Callable[[], None]) -> None:
        self._sandbox = sandbox
        self._admin = admin
        self._changed = changed

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        headers: Mapping[str, str] = environ[_HEADERS]
        method, url = environ["REQUEST_METHOD"], _url(environ, headers)
        body = _body(environ)
        if body is None:
            return _answer(start_response, 413, {"content-type": "application/json"}, b"{}")
        if urlsplit(url).path.startswith(PREFIX):
            answer = self._admin.answer(method, url, headers=headers, body=body)
            if method == "POST":
                self._changed()
            kind = {"content-type": "application/json", "cache-control": "no-store"}
            return _answer(start_response, answer.status, kind, answer.body)
        try:
            status, answered, content = self._sandbox.handle_http(method, url, headers, body)
        except ConnectionBroken as broken:
            self._note_change(method, headers, body)
            _reset(environ["werkzeug.socket"])
            raise ConnectionAbortedError(str(broken)) from broken
        self._note_change(method, headers, body)
        return _answer(start_response, status, answered, content, head=method == "HEAD")

    def _note_change(self, method: str, headers: Mapping[str, str], body: bytes) -> None:
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


def _url(environ: Mapping[str, Any], headers: Mapping[str, str]) -> str:
    """The URL as sent, percent-encoding kept. A client that takes us for its proxy sends the
    whole URL, host prefix and all."""
    raw = str(environ.get("RAW_URI") or environ.get("REQUEST_URI") or "/")
    if raw.startswith(("http://", "https://")):
        return raw
    host = headers.get("host") or "localhost"
    return f"http://{host}/{raw.removeprefix('/')}"


def _body(environ: Mapping[str, Any]) -> bytes | None:
    """All of it; ``None`` when it is too large."""
    stream = environ["wsgi.input"]
    if environ.get("wsgi.input_terminated"):
        content = stream.read(_MAX_BODY + 1)
        return content if len(content) <= _MAX_BODY else None
    length = environ.get("CONTENT_LENGTH") or "0"
    if not length.isdigit() or int(length) > _MAX_BODY:
        return None
    content = stream.read(int(length))
    return bytes(content)


def _answer(
    start_response: StartResponse,
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    head: bool = False,
) -> Iterable[bytes]:
    kept = [(name, value) for name, value in headers.items() if name.lower() not in _NOT_OURS]
    length = str(len(body))
    if head:
        length = next(
            (value for name, value in headers.items() if name.lower() == "content-length"), length
        )
    if status != HTTPStatus.NO_CONTENT:
        kept.append(("content-length", length))
    start_response(f"{status} {_CODES.get(status, 'Unknown')}", kept)
    return [] if head else [body]


def _reset(connection: socket.socket) -> None:
    """End the connection with RST, so that a keep-alive client knows at once."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    os.close(connection.detach())
