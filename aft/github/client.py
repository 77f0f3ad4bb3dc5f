"""Calls of one repository: authentication, pages, retries, rate limits, redirects.

The token goes to the API's own origin and nowhere else, and into no message.

GitHub: after a secondary limit wait ``Retry-After`` seconds, or at least a minute, longer each
time; after the primary one until ``x-ratelimit-reset`` (UTC seconds). Asking sooner may get a token
banned.
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
from aft.github.wire import HttpWire, Request, Response, Wire
from aft.ports import Clock
from aft.redaction import hold, redact

API_VERSION = "2022-11-28"
PAGE_SIZE = 100  # GitHub's most
PATIENCE_SECONDS = 600.0
ANSWER_LIMIT = 32 * 1024 * 1024
"""Bytes of one JSON answer; a comparison of commits holds their patches too."""

FAILURES = 5
"""Tries of one call against failures that pass."""

_FIRST_SECONDS = 1.0
_LIMITED_SECONDS = 60.0
_REDIRECTS = 3
_SHORT_PAGES = 20  # a page may hold less than was asked for, but not permanently
_ELSEWHERE = ("/orgs/", "/user")
_NEXT = re.compile(r'<([^>]+)>;\s*rel="next"')

Method = Literal["GET", "POST", "PATCH", "DELETE"]


@dataclass(frozen=True, slots=True)
class Token:
    """A secret: never shows itself."""

    secret: str = field(repr=False)

    def __post_init__(self) -> None:
        hold(self.secret)

    def __str__(self) -> str:
        return "***"


class Pace:
    """Waiting for one client, until ``patience`` seconds after its beginning."""

    def __init__(self, clock: Clock, patience: float) -> None:
        self._clock = clock
        self._deadline = clock.monotonic() + patience

    def after_failure(self, error: Transient, failures: int) -> None:
        """Wait before the next try. Raises ``error`` when there is none."""
        if failures >= FAILURES:
            raise error
        self._wait(_FIRST_SECONDS * 2 ** (failures - 1), error)

    def after_limit(self, response: Response, error: Throttled, times: int) -> None:
        """Wait for what a rate limit says. Raises ``error`` when that is past the deadline."""
        self._wait(self._asked(response, times), error)

    def pause(self, seconds: float) -> bool:
        """Wait for something else; false, without waiting, when it would be past the deadline."""
        if self._clock.monotonic() + seconds > self._deadline:
            return False
        self._clock.sleep(seconds)
        return True

    def _asked(self, response: Response, times: int) -> float:
        after = response.headers.get("retry-after", "")
        if after.isdigit():
            return max(1.0, float(after))
        reset = response.headers.get("x-ratelimit-reset", "")
        if response.headers.get("x-ratelimit-remaining") == "0" and reset.isdigit():
            # One second more: clocks differ, and the reset is a whole second.
            return max(1.0, float(reset) + 1.0 - self._clock.now().timestamp())
        return float(_LIMITED_SECONDS * 2 ** (times - 1))

    def _wait(self, seconds: float, error: Transient) -> None:
        if not self.pause(seconds):
            error.retry_after = seconds
            raise error


@dataclass(kw_only=True, eq=False, repr=False)
class GitHubClient:
    """Paths begin behind the repository (``/pulls``), but for those of organizations and of
    the token's account. Waits on ``clock``, at most ``patience`` seconds in all; raises
    ``Throttled`` when a limit lasts longer."""

    address: ApiAddress
    repository: str
    token: Token | None
    clock: Clock
    wire: Wire | None = None
    patience: float = PATIENCE_SECONDS

    def __post_init__(self) -> None:
        if self.token is None:
            raise Denied("there is no token for GitHub", hint=ACCESS_HINT)
        self._token = self.token
        self._wire = self.wire or HttpWire()
        self.pace = Pace(self.clock, self.patience)

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
        """Bytes, from the place the API sends us to; the token stays with the API."""
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
        content = None if body is None else redact(json.dumps(body)).encode()
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
            if not self.address.is_ours(url):
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
        if not self.address.is_ours(found[1]):
            raise Terminal(
                f"{where}: the next page is on another host, which must not see the token"
            )
        return found[1]

    def _url(self, path: str, query: Mapping[str, str] | None) -> str:
        url = self.address.url(self._whole(path))
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
