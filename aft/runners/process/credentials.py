"""Credentials for the processes of one step: an endpoint that lives as long as the step.

The AWS SDKs, the AWS CLI and Terraform ask it by themselves, as they do in a container (AWS:
"Container credential provider"): each process fetches its own when it needs them, and again before
they expire. So no key is in an environment or in a file, and none can be fetched after the step.
"""

from __future__ import annotations

import contextlib
import hmac
import json
import os
import secrets
import select
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Protocol

SECRET_VARIABLES = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_ACCESS_KEY_ID")
URI_VARIABLE = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
TOKEN_VARIABLE = "AWS_CONTAINER_AUTHORIZATION_TOKEN"  # noqa: S105 - a name
PATH = "/credentials"
LIFETIME = timedelta(minutes=45)
"""How long what is fetched is good for, at least: a session hands out none with less."""
_ADDRESS = "127.0.0.1"
_PATIENCE_SECONDS = 5.0
_TOKEN_BYTES = 32


class HasEnvironment(Protocol):
    """The part of ``aft.sessions.AccountSession`` that is needed here."""

    def environment(self) -> Mapping[str, str]:
        """``AWS_*`` variables with credentials that are good for 50 minutes or more."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class StepCredentials:
    """``environment`` is what a step's process gets; no key is in it. ``secrets`` grows with every
    key that is fetched: none of them may be shown."""

    environment: Mapping[str, str]
    secrets: list[str]


@contextlib.contextmanager
def step_credentials(session: HasEnvironment) -> Iterator[StepCredentials]:
    """An endpoint with the credentials of ``session``, closed afterwards."""
    variables = session.environment()
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    hidden = [token, *_keys(variables)]

    def fetch() -> Mapping[str, str]:
        found = session.environment()
        hidden.extend(key for key in _keys(found) if key not in hidden)
        return found

    with _endpoint(token, fetch) as port:
        plain = {name: text for name, text in variables.items() if name not in SECRET_VARIABLES}
        own = {URI_VARIABLE: f"http://{_ADDRESS}:{port}{PATH}", TOKEN_VARIABLE: token}
        yield StepCredentials(environment={**plain, **own}, secrets=hidden)


def _keys(variables: Mapping[str, str]) -> list[str]:
    return [text for name in SECRET_VARIABLES if (text := variables.get(name))]


@contextlib.contextmanager
def _endpoint(token: str, fetch: Callable[[], Mapping[str, str]]) -> Iterator[int]:
    """Answer on a port of this machine alone, until the block ends; yields the port."""
    with socket.create_server((_ADDRESS, 0), backlog=64) as listening:
        port: int = listening.getsockname()[1]
        ended, end = os.pipe()

        class Handler(_Handler):
            expected_host = f"{_ADDRESS}:{port}"
            expected_token = token
            credentials = staticmethod(fetch)
            is_over = threading.Event()

        thread = threading.Thread(
            target=_serve, args=(listening, ended, Handler), name="aft-credentials", daemon=True
        )
        thread.start()
        try:
            yield port
        finally:
            Handler.is_over.set()
            os.close(end)
            thread.join()
            os.close(ended)


def _serve(listening: socket.socket, ended: int, handler: type[_Handler]) -> None:
    waiting = select.poll()
    waiting.register(listening, select.POLLIN)
    waiting.register(ended, select.POLLIN)
    while True:
        if any(number == ended for number, _ in waiting.poll()):
            return
        with contextlib.suppress(OSError):
            connection, address = listening.accept()
            threading.Thread(
                target=_answer, args=(connection, address, handler), daemon=True
            ).start()


def _answer(connection: socket.socket, address: tuple[str, int], handler: type[_Handler]) -> None:
    with contextlib.suppress(OSError, ValueError), connection:
        handler(connection, address, None)  # type: ignore[arg-type]  # it asks no server


class _Handler(BaseHTTPRequestHandler):
    """One request: credentials for the step's token, nothing for anything else."""

    expected_host: str
    expected_token: str
    credentials: Callable[[], Mapping[str, str]]
    is_over: threading.Event
    timeout = _PATIENCE_SECONDS

    def do_GET(self) -> None:
        given = self.headers.get("Authorization", "").encode()
        is_known = hmac.compare_digest(given, self.expected_token.encode())
        is_here = self.headers.get("Host", "") == self.expected_host
        if not (is_known and is_here and self.path == PATH) or self.is_over.is_set():
            self._send(HTTPStatus.FORBIDDEN, {"code": "Forbidden", "message": "not this step's"})
            return
        try:
            found = self.credentials()
        except Exception:  # noqa: BLE001 - what went wrong is of no concern to a step
            message = "aft could not get credentials; try again"
            self._send(
                HTTPStatus.SERVICE_UNAVAILABLE, {"code": "NoCredentials", "message": message}
            )
            return
        # Of this machine's clock, which the step's processes have, too.
        expires = datetime.now(UTC) + LIFETIME
        answer = {
            "AccessKeyId": found.get("AWS_ACCESS_KEY_ID", ""),
            "SecretAccessKey": found.get("AWS_SECRET_ACCESS_KEY", ""),
            "Token": found.get("AWS_SESSION_TOKEN", ""),
            "Expiration": expires.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        self._send(HTTPStatus.OK, answer)

    def _send(self, status: HTTPStatus, answer: Mapping[str, str]) -> None:
        body = json.dumps(answer).encode()
        self.send_response_only(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Nothing: it would go to aft's own standard error."""
