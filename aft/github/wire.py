"""One HTTP exchange: no retries, no redirects, and never more of an answer than was allowed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NameResolutionError,
    NewConnectionError,
    ProxyError,
    SSLError,
)

from aft.errors import Terminal, Transient, UnknownOutcome
from aft.github.address import is_loopback

CONNECT_SECONDS = 10.0
READ_SECONDS = 60.0
_CHUNK = 64 * 1024
_NOT_SENT = (ConnectTimeoutError, NameResolutionError, NewConnectionError, ProxyError)


@dataclass(frozen=True, slots=True)
class Request:
    """``repeatable``: doing it twice is the same as doing it once."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None
    limit: int
    repeatable: bool
    where: str
    """What is asked for, for messages: never with a query, which may hold a signature."""


@dataclass(frozen=True, slots=True)
class Response:
    """Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Wire(Protocol):
    """Sends one request. Raises ``Transient`` when it was not carried out or may be repeated,
    ``UnknownOutcome`` when the answer to another was lost, ``Terminal`` when it is too large."""

    def send(self, request: Request) -> Response:
        """One request, one answer, of any status. Repeats nothing."""
        ...


class HttpWire:
    """``Wire`` over urllib3, with certificates checked and the proxy of the environment."""

    def __init__(self) -> None:
        self._pools: dict[str, urllib3.PoolManager] = {}

    def send(self, request: Request) -> Response:
        try:
            answer = self._pool(request.url).request(
                request.method,
                request.url,
                headers=dict(request.headers),
                body=request.body,
                timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS),
                retries=False,
                redirect=False,
                preload_content=False,
                decode_content=False,
            )
            try:
                body = _read(answer, request)
            except BaseException:
                answer.close()  # what is left of it must not be taken for the next answer
                raise
            answer.release_conn()
        except SSLError as error:
            raise Terminal(
                f"{request.where}: the certificate of {_host(request.url)} is not trusted",
                hint="set SSL_CERT_FILE to your CA file",
            ) from error
        except HTTPError as error:
            raise _failure(error, request) from error
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return Response(answer.status, headers, body)

    def _pool(self, url: str) -> urllib3.PoolManager:
        parts = urlsplit(url)
        proxy = getproxies().get(parts.scheme, "")
        if is_loopback(parts.hostname) or proxy_bypass(parts.netloc):
            proxy = ""
        if proxy not in self._pools:
            self._pools[proxy] = urllib3.ProxyManager(proxy) if proxy else urllib3.PoolManager()
        return self._pools[proxy]


def _read(answer: urllib3.BaseHTTPResponse, request: Request) -> bytes:
    announced = answer.headers.get("Content-Length", "")
    if announced.isdigit() and int(announced) > request.limit:
        raise _too_large(request)
    parts: list[bytes] = []
    size = 0
    for chunk in answer.stream(_CHUNK, decode_content=False):
        size += len(chunk)
        if size > request.limit:
            raise _too_large(request)
        parts.append(chunk)
    return b"".join(parts)


def _too_large(request: Request) -> Terminal:
    return Terminal(f"{request.where}: the answer is larger than {request.limit:,} bytes")


def _failure(error: HTTPError, request: Request) -> Transient | UnknownOutcome:
    """There was no answer, or only a part. urllib3's words name no secret but may name the URL."""
    what = f"{request.where}: no answer from {_host(request.url)} ({type(error).__name__})"
    if request.repeatable or isinstance(error, _NOT_SENT):
        return Transient(what, hint="check the network, the proxy and GITHUB_API_URL")
    return UnknownOutcome(f"{what}, so it may or may not have happened", hint="run again")


def _host(url: str) -> str:
    return urlsplit(url).hostname or "?"
