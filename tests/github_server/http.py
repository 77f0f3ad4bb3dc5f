"""The wire: who is let in, what it costs, and which route answers."""

from __future__ import annotations

import contextlib
import json
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from . import (
    access,
    actions_routes,
    git_routes,
    issues_routes,
    people_routes,
    pulls_routes,
    settings_routes,
)
from .access import Token
from .answers import Answer, Refusal
from .limits import Fault
from .routing import Call, Route

if TYPE_CHECKING:
    from .server import GitHubServer

ROUTES: tuple[Route, ...] = (
    *pulls_routes.ROUTES,
    *issues_routes.ROUTES,
    *actions_routes.ROUTES,
    *settings_routes.ROUTES,
    *git_routes.ROUTES,
    *people_routes.ROUTES,
)
_VERSIONS = ("2022-11-28", "2026-03-10")


class Handler(BaseHTTPRequestHandler):
    """One connection. ``served`` is given before what the base class needs."""

    protocol_version = "HTTP/1.1"
    # An answer is one packet: without this each waits 40 ms for the client's acknowledgement.
    wbufsize = -1
    disable_nagle_algorithm = True

    def __init__(self, served: GitHubServer, *arguments: Any) -> None:
        self.served = served
        super().__init__(*arguments)

    def do_GET(self) -> None:
        self._serve()

    do_POST = do_PATCH = do_PUT = do_DELETE = do_GET  # noqa: N815 - http.server's names

    def log_message(self, *_: object) -> None:
        pass

    def _serve(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = urlsplit(self.path)
        path = unquote(parts.path)
        with self.served.lock:
            self.served.seen.append(f"{self.command} {path}")
            if path.startswith("/storage/"):
                self._send(self._stored(dict(parse_qsl(parts.query))))
                return
            fault = self._next_fault(path)
            if fault and fault.kind == "drop":
                self._hang_up()
                return
            answer = self._answer(path, dict(parse_qsl(parts.query)), content, fault)
        if fault and fault.kind == "lose":
            self._hang_up()
        elif fault and fault.kind == "garble":
            self._send(Answer(b"<html>Unicorn!</html>"))
        elif fault and fault.kind == "flood":
            self._flood()
        else:
            self._send(answer)

    def _next_fault(self, path: str) -> Fault | None:
        for number, fault in enumerate(self.served.faults):
            if fault.meets(self.command, path):
                return self.served.faults.pop(number)
        return None

    def _answer(
        self, path: str, query: dict[str, str], content: bytes, fault: Fault | None
    ) -> Answer:
        try:
            token = self._token()
            self.served.limits.take()
            answer = self._routed(token, path, query, content, fault)
        except Refusal as refusal:
            answer = refusal.answer
        answer.headers.update(self.served.limits.headers())
        return answer

    def _token(self) -> Token | None:
        """Every request names who asks (a User-Agent), and a version GitHub knows."""
        if not self.headers.get("User-Agent"):
            raise Refusal(403, "Request forbidden by administrative rules. No User-Agent header")
        version = self.headers.get("X-GitHub-Api-Version")
        if version is not None and version not in _VERSIONS:
            raise Refusal(400, f"{version} is not a valid API version")
        header = self.headers.get("Authorization")
        if header is None:
            return None
        scheme, _, secret = header.partition(" ")
        token = self.served.tokens.get(secret)
        if scheme.lower() not in ("bearer", "token") or token is None:
            raise Refusal(401, "Bad credentials")
        return token

    def _routed(
        self,
        token: Token | None,
        path: str,
        query: dict[str, str],
        content: bytes,
        fault: Fault | None,
    ) -> Answer:
        served = self.served
        if fault and isinstance(fault.kind, int):
            raise Refusal(fault.kind, "Server Error", headers=fault.headers)
        if not path.startswith(served.prefix):
            raise Refusal(404, "Not Found")
        path = path.removeprefix(served.prefix)
        if (self.command, path) == ("GET", "/user"):
            return _user(token)
        root = f"/repos/{served.state.repository}"
        inside, routes = path[len(root) :], ROUTES
        if path.startswith("/orgs/"):
            inside, routes = path, people_routes.ORGANIZATION_ROUTES
        elif path[: len(root)].lower() != root.lower() or inside[:1] not in ("", "/"):
            raise Refusal(404, "Not Found")
        for route in routes:
            found = route.pattern.match(inside) if route.method == self.command else None
            if found:
                access.check(token, route.needs, private=served.state.settings.private)
                body = _json(content)
                return route.answer(Call(served, token, found.groupdict(), query, body, path))
        raise Refusal(404, "Not Found")

    def _stored(self, query: dict[str, str]) -> Answer:
        """The blob store: a signed address is enough, and a token is an error."""
        if self.headers.get("Authorization"):
            return Answer(b"<Error>InvalidAuthenticationInfo</Error>", 400)
        content = self.served.stored(query.get("sig", ""))
        if content is None:
            return Answer(b"<Error>AuthenticationFailed</Error>", 403)
        return Answer(content, headers={"Content-Type": "application/zip"})

    def _send(self, answer: Answer) -> None:
        raw = isinstance(answer.body, bytes)
        content = answer.body if raw else json.dumps(answer.body).encode()
        if answer.body is None:
            content = b""
        self.send_response(answer.status)
        if "Content-Type" not in answer.headers:
            kind = "text/html" if raw else "application/json; charset=utf-8"
            self.send_header("Content-Type", kind)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _flood(self) -> None:
        """More than anybody should read."""
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.wfile.write(b"[")
            for _ in range(400):
                self.wfile.write(b'"' + b"x" * 250_000 + b'",')

    def _hang_up(self) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(2)


def _json(content: bytes) -> dict[str, Any]:
    try:
        body = json.loads(content or b"{}")
    except ValueError:
        raise Refusal(400, "Problems parsing JSON") from None
    if not isinstance(body, dict):
        raise Refusal(400, "Body should be a JSON object")
    return body


def _user(token: Token | None) -> Answer:
    """Only people have a profile: an app's or workflow's token is refused."""
    if token is None:
        raise Refusal(401, "Requires authentication")
    if token.is_bot:
        raise Refusal(403, "Resource not accessible by integration")
    return Answer({"login": token.user.login, "id": 1, "type": token.user.kind})
