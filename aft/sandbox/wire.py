"""A request and an answer as they cross the wire, whoever carries them.

Shared by the in-process transport and the HTTP server. Holds no behaviour.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

_SCOPE = re.compile(r"Credential=([^/,\s]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request")


class ConnectionBroken(Exception):
    """The connection ended without an answer (a fault). The carrier makes it look real."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialScope:
    """What a signature version 4 header says about the caller."""

    access_key: str
    region: str
    signing_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WireRequest:
    """``headers`` have lower-case names and text values."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def host(self) -> str:
        return urlsplit(self.url).netloc

    @property
    def path(self) -> str:
        return urlsplit(self.url).path or "/"

    def scope(self) -> CredentialScope | None:
        """From the Authorization header, or from a presigned URL."""
        found = _SCOPE.search(self.headers.get("authorization", ""))
        if found is None:
            credential = parse_qs(urlsplit(self.url).query).get("X-Amz-Credential", [""])[0]
            found = _SCOPE.search("Credential=" + credential)
        if found is None:
            return None
        return CredentialScope(
            access_key=found.group(1), region=found.group(3), signing_name=found.group(4)
        )

    def security_token(self) -> str:
        token = self.headers.get("x-amz-security-token", "")
        if token:
            return token
        return parse_qs(urlsplit(self.url).query).get("X-Amz-Security-Token", [""])[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class WireResponse:
    """``body`` is complete; streaming is the carrier's business."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def text_headers(headers: Mapping[str, object]) -> dict[str, str]:
    """Lower-case the names; botocore signs some values as bytes."""
    return {
        str(name).lower(): value.decode("latin-1") if isinstance(value, bytes) else str(value)
        for name, value in headers.items()
    }
