"""Signature version 4: whether a request was signed with the secret of its access key.

Computed from what arrived, so any client's signature can be compared: of the header or of a
presigned URL. How old a signature is does not matter, as the sandbox's clock is its own.
"""

from __future__ import annotations

import hashlib
import hmac
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import parse_qs, quote, unquote, urlsplit

from aft.sandbox.wire import WireRequest

_ALGORITHM = "AWS4-HMAC-SHA256"
_HEADER = re.compile(
    rf"{_ALGORITHM} +Credential=[^/,\s]+/(?P<scope>[^,\s]+) *, *"
    r"SignedHeaders=(?P<names>[^,\s]+) *, *Signature=(?P<signature>[0-9a-f]{64})"
)
_SAFE = "-_.~"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Claim:
    """What the client says it signed, and the result; ``payload`` is the digest of the body."""

    scope: str
    names: tuple[str, ...]
    signature: str
    moment: str
    payload: str


def is_signed(request: WireRequest, secret: str) -> bool:
    """Whether ``request`` carries a signature made with ``secret``."""
    claim = _from_header(request) or _from_query(request)
    if claim is None or "host" not in claim.names:
        return False
    key = f"AWS4{secret}".encode()
    for part in claim.scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    texts = (_string_to_sign(request, claim, path) for path in _paths(request.path))
    found = (hmac.digest(key, text.encode(), "sha256").hex().encode() for text in texts)
    return any(hmac.compare_digest(claim.signature.encode(), signature) for signature in found)


def _from_header(request: WireRequest) -> _Claim | None:
    found = _HEADER.fullmatch(request.headers.get("authorization", ""))
    if found is None:
        return None
    payload = request.headers.get("x-amz-content-sha256") or _digest(request.body)
    if re.fullmatch(r"[0-9a-f]{64}", payload) and payload != _digest(request.body):
        return None
    return _Claim(
        scope=found["scope"],
        names=tuple(found["names"].split(";")),
        signature=found["signature"],
        moment=request.headers.get("x-amz-date", ""),
        payload=payload,
    )


def _from_query(request: WireRequest) -> _Claim | None:
    query = {name: values[0] for name, values in parse_qs(urlsplit(request.url).query).items()}
    _, _, scope = query.get("X-Amz-Credential", "").partition("/")
    if query.get("X-Amz-Algorithm") != _ALGORITHM:
        return None
    return _Claim(
        scope=scope,
        names=tuple(query.get("X-Amz-SignedHeaders", "").split(";")),
        signature=query.get("X-Amz-Signature", ""),
        moment=query.get("X-Amz-Date", ""),
        payload="UNSIGNED-PAYLOAD" if scope.split("/")[2:3] == ["s3"] else _digest(request.body),
    )


def _string_to_sign(request: WireRequest, claim: _Claim, path: str) -> str:
    lines = [f"{name}:{' '.join(request.headers.get(name, '').split())}" for name in claim.names]
    canonical = (request.method, path, _query(request), *lines, "", ";".join(claim.names))
    digest = _digest("\n".join((*canonical, claim.payload)).encode())
    return "\n".join((_ALGORITHM, claim.moment, claim.scope, digest))


def _query(request: WireRequest) -> str:
    parts = [part for part in urlsplit(request.url).query.split("&") if part]
    pairs = [part.partition("=")[::2] for part in parts]
    return "&".join(
        sorted(
            f"{quote(unquote(name), safe=_SAFE)}={quote(unquote(value), safe=_SAFE)}"
            for name, value in pairs
            if name != "X-Amz-Signature"
        )
    )


def _paths(path: str) -> Iterator[str]:
    """S3 signs the path as it is; the others normalize it and encode it once more."""
    yield path
    normal = posixpath.normpath(path)
    if path.endswith("/") and normal != "/":
        normal += "/"
    yield quote(re.sub(r"^/+", "/", normal), safe=f"/{_SAFE}")


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
