"""Calls of one repository: authentication, pages, retries, rate limits, redirects.

The token goes to the API's own origin and nowhere else, and into no message.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlencode, urljoin

from aft import __version__
from aft.errors import Denied, Terminal, Throttled, Transient
from aft.github.address import ApiAddress, is_safe_elsewhere
from aft.github.answers import Answer, objects, parsed
from aft.github.errors import ACCESS_HINT, refusal
from aft.github.pace import Pace
from aft.github.wire import HttpWire, Request, Response, Wire
from aft.ports import Clock

API_VERSION = "2022-11-28"
PAGE_SIZE = 100  # GitHub's most
PATIENCE_SECONDS = 600.0
ANSWER_LIMIT = 32 * 1024 * 1024
"""Bytes of one JSON answer; a comparison of commits holds their patches too."""

_REDIRECTS = 3
_SHORT_PAGES = 20  # a page may hold less than was asked for, but not permanently
_ELSEWHERE = ("/orgs/", "/user")
_NEXT = re.compile(r'<([^>]+)>;\s*rel="next"')

Method = Literal["GET", "POST", "PATCH", "DELETE"]


@dataclass(frozen=True, slots=True)
class Token:
    """A secret: shows itself to nobody."""

    secret: str = field(repr=False)

    def __str__(self) -> str:
        return "***"


class GitHubClient:
    """Paths begin behind the repository (``/pulls``), but for those of organizations and of our
    own account. Waits on ``clock``, at most ``patience`` seconds in all; raises ``Throttled`` when
    a limit lasts longer."""

    def __init__(
        self,
        *,
        address: ApiAddress,
        repository: str,
        token: Token | None,
        clock: Clock,
        wire: Wire | None = None,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        if token is None:
            raise Denied("there is no token for GitHub", hint=ACCESS_HINT)
        self.repository = repository
        self._address = address
        self._token = token
        self._wire = wire or HttpWire()
        self.pace = Pace(clock, patience)

    def get(self, path: str, *, needs: str, query: Mapping[str, str] | None = None) -> Answer:
        return _object(*self._call("GET", path, needs=needs, query=query))

    def pages(
        self,
        path: str,
        *,
        needs: str,
        key: str = "",
        query: Mapping[str, str] | None = None,
        at_most: int,
    ) -> Iterator[Answer]:
        """The objects of a list, page after page; ``key`` is where an answer keeps its list. Raises
        ``Terminal`` when there are more than ``at_most``: half a list is no list."""
        url = self._url(path, {**(query or {}), "per_page": str(PAGE_SIZE)})
        where = self._where("GET", path)
        number = 0
        for _ in range(at_most // PAGE_SIZE + _SHORT_PAGES):
            response = self._send("GET", url, where=where, needs=needs, body=None)
            value = parsed(response.body, where=where)
            if key and isinstance(value, dict):
                value = value.get(key) or []
            for item in objects(value, where=where):
                number += 1
                if number > at_most:
                    raise Terminal(f"{where}: there are more than {at_most:,}")
                yield item
            url = self._next(response, where)
            if not url:
                return
        raise Terminal(f"{where}: GitHub's pages do not end")

    def post(self, path: str, body: Mapping[str, object], *, needs: str) -> Answer:
        """Raises ``UnknownOutcome`` when the answer is lost: look before repeating it."""
        return _object(*self._call("POST", path, needs=needs, body=body))

    def tell(self, path: str, body: Mapping[str, object], *, needs: str) -> None:
        """A POST whose answer says nothing but that it was heard."""
        self._call("POST", path, needs=needs, body=body)

    def patch(self, path: str, body: Mapping[str, object], *, needs: str) -> Answer:
        return _object(*self._call("PATCH", path, needs=needs, body=body))

    def delete(self, path: str, *, needs: str) -> None:
        self._call("DELETE", path, needs=needs)

    def download(self, path: str, *, needs: str, limit: int) -> bytes:
        """Bytes, from wherever the API sends us; the token stays with the API."""
        where = self._where("GET", path)
        response = self._send(
            "GET", self._url(path, None), where=where, needs=needs, body=None, follow=False
        )
        url = response.headers.get("location", "")
        if response.status not in (301, 302, 303, 307, 308) or not is_safe_elsewhere(url):
            raise Terminal(f"{where}: GitHub did not report where to download it")
        headers = {"User-Agent": _agent()}
        request = Request("GET", url, headers, body=None, limit=limit, repeatable=True, where=where)
        response = self._tried(request, needs)
        if response.status != 200:
            raise Terminal(f"{where}: the storage answered {response.status}")
        return response.body

    def _call(
        self,
        method: Method,
        path: str,
        *,
        needs: str,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
    ) -> tuple[Response, str]:
        where = self._where(method, path)
        content = None if body is None else json.dumps(body).encode()
        url = self._url(path, query)
        return self._send(method, url, where=where, needs=needs, body=content), where

    def _send(
        self,
        method: str,
        url: str,
        *,
        where: str,
        needs: str,
        body: bytes | None,
        follow: bool = True,
    ) -> Response:
        """To the API itself, with the token; redirects only inside it (a renamed repository)."""
        headers = {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {self._token.secret}",
            "User-Agent": _agent(),
            "X-GitHub-Api-Version": API_VERSION,
        }
        if body is not None:
            headers["Content-Type"] = "application/json"
        for _ in range(_REDIRECTS + 1):
            request = Request(
                method, url, headers, body, ANSWER_LIMIT, method != "POST", where=where
            )
            response = self._tried(request, needs)
            if response.status not in (301, 302, 307, 308) or not follow:
                return response
            url = urljoin(url, response.headers.get("location", ""))
            if not self._address.is_ours(url):
                raise Terminal(
                    f"{where}: GitHub redirects to another host, which must not see the token"
                )
        raise Terminal(f"{where}: GitHub redirects too often")

    def _tried(self, request: Request, needs: str) -> Response:
        """The answer below 400, after as many tries as make sense."""
        failures = limits = 0
        while True:
            try:
                response = self._wire.send(request)
                if response.status < 400:
                    return response
                error = refusal(response, request, needs=needs)
            except Transient as lost:
                failures += 1
                self.pace.after_failure(lost, failures)
                continue
            if isinstance(error, Throttled):
                limits += 1
                self.pace.after_limit(response, error, limits)
            elif isinstance(error, Transient):
                failures += 1
                self.pace.after_failure(error, failures)
            else:
                raise error

    def _next(self, response: Response, where: str) -> str:
        found = _NEXT.search(response.headers.get("link", ""))
        if found is None:
            return ""
        if not self._address.is_ours(found[1]):
            raise Terminal(
                f"{where}: the next page is on another host, which must not see the token"
            )
        return found[1]

    def _url(self, path: str, query: Mapping[str, str] | None) -> str:
        url = self._address.url(self._whole(path))
        return f"{url}?{urlencode(query)}" if query else url

    def _where(self, method: str, path: str) -> str:
        return f"{method} {self._whole(path)}"

    def _whole(self, path: str) -> str:
        return path if path.startswith(_ELSEWHERE) else f"/repos/{self.repository}{path}"


def _object(response: Response, where: str) -> Answer:
    value = parsed(response.body, where=where)
    if not isinstance(value, dict):
        raise Terminal(f"{where}: GitHub did not answer with an object")
    return Answer(value, where)


def _agent() -> str:
    return f"aft/{__version__}"
