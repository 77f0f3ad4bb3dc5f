"""HTTP/1.1 on the wire: connections that stay open for the next request, as AWS's do.

Whoever closes first takes a risk: a client in Go may lose an answer that comes together with the
end of its connection, and sends the call again. So a connection is the client's to end, until the
server itself stops. Never answers HTML. A broken connection (a fault) becomes a TCP reset.
"""

from __future__ import annotations

import logging
import os
import socket
import struct
import sys
import threading
from collections.abc import Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer, ThreadingMixIn
from typing import Any

from werkzeug.serving import DechunkedInput

from aft.sandbox.http_app import SandboxApp
from aft.sandbox.wire import ConnectionBroken

_LOG = logging.getLogger(__name__)
_MAX_BODY = 64 * 1024 * 1024
_CHUNK = 1024 * 1024
_NOT_OURS = frozenset({"connection", "content-length", "transfer-encoding", "date", "server"})


class _Connection(BaseHTTPRequestHandler):
    """Answers one request after another; logs to ``logging`` at debug level."""

    server: Connections
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "aft-sandbox", ""
    disable_nagle_algorithm = True
    wbufsize = -1  # an answer leaves in one piece
    error_content_type = "application/json"
    error_message_format = '{"message": "%(message)s"}'

    def respond(self) -> None:
        """Read the rest of the request, and answer it."""
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self._body(headers)
        if body is None:
            self._send(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, {}, b"{}")
            return
        url = _url(self.path, headers)
        try:
            status, answered, content = self.server.app.answer(
                self.command, url, headers=headers, body=body, proxied=url == self.path
            )
        except ConnectionBroken as broken:
            _reset(self.connection)
            raise ConnectionAbortedError(str(broken)) from broken
        self._send(status, answered, content)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):  # the library looks for a method per verb
            return self.respond
        raise AttributeError(name)

    def handle_expect_100(self) -> bool:
        super().handle_expect_100()
        self.wfile.flush()
        return True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        _LOG.debug(format, *args)

    def _body(self, headers: Mapping[str, str]) -> bytes | None:
        """All of it; ``None`` when it is too large."""
        if "chunked" in headers.get("transfer-encoding", "").lower():
            content = DechunkedInput(self.rfile).read(_MAX_BODY + 1) or b""
            self.close_connection = self.close_connection or len(content) > _MAX_BODY
            return content if len(content) <= _MAX_BODY else None
        length = headers.get("content-length", "0")
        if not length.isdigit():
            self.close_connection = True
            return None
        if int(length) <= _MAX_BODY:
            return self.rfile.read(int(length))
        left = int(length)
        while left and (chunk := self.rfile.read(min(left, _CHUNK))):
            left -= len(chunk)  # read, so that the client comes to hear why
        return None

    def _send(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        length = str(len(body))
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() not in _NOT_OURS:
                self.send_header(name, value)
            elif name.lower() == "content-length" and self.command == "HEAD":
                length = value
        if status != HTTPStatus.NO_CONTENT:
            self.send_header("content-length", length)
        if self.close_connection:
            self.send_header("connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


class Connections(ThreadingMixIn, TCPServer):
    """A thread for each connection, and a backlog for many clients at once.

    Raises ``OSError`` when it cannot listen.
    """

    request_queue_size = 256
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False

    def __init__(self, host: str, port: int, app: SandboxApp) -> None:
        self.app = app
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__((host, port), _Connection)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def close_request(self, request: Any) -> None:
        with self._lock:
            self._open.discard(request)
        super().close_request(request)

    def server_close(self) -> None:
        """Stop listening. Answers under way still arrive; who waits for requests hears the end."""
        super().server_close()
        with self._lock:
            for request in self._open:
                try:
                    request.shutdown(socket.SHUT_RD)
                except OSError:  # the client was faster
                    continue

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - theirs
        """Clients that hang up are no news."""
        is_news = not isinstance(sys.exc_info()[1], OSError)
        level = logging.ERROR if is_news else logging.DEBUG
        _LOG.log(level, "connection from %s ended early", client_address, exc_info=True)


def _url(path: str, headers: Mapping[str, str]) -> str:
    """The URL as sent, percent-encoding kept. A client that takes us for its proxy sends the
    whole URL, host prefix and all."""
    if path.startswith(("http://", "https://")):
        return path
    return f"http://{headers.get('host') or 'localhost'}/{path.removeprefix('/')}"


def _reset(connection: socket.socket) -> None:
    """End the connection with RST, so that a keep-alive client knows at once."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    os.close(connection.detach())
