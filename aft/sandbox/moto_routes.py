"""Which function of moto answers a request, found once per URL.

moto finds it by making a list of all URLs of the service for every single call, and for that a
backend of an account that does not exist, whose contents would then be saved with the organization.
The answers are moto's own.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from typing import Any

from botocore.awsrequest import AWSPreparedRequest
from moto import backend_index, backends
from moto.core.exceptions import HTTPException
from moto.core.request import normalize_request
from moto.core.utils import get_equivalent_url_in_aws_domain

Answer = tuple[int, Mapping[str, Any], str | bytes]
"""Status, headers and body."""

_ROUTES_KEPT = 4096


def answer(request: AWSPreparedRequest) -> Answer | None:
    """moto's answer; ``None`` when nothing in moto is for this URL."""
    url, _ = get_equivalent_url_in_aws_domain(request.url)
    function = _function_for(f"{url.scheme}://{url.netloc}{url.path}")
    if function is None:
        return None
    known = normalize_request(request)
    try:
        status, headers, body = function(known, known.raw_url, known.headers)
    except HTTPException as refused:
        return refused.code, refused.get_headers(), refused.get_body()
    return status, headers, body


@functools.lru_cache(maxsize=_ROUTES_KEPT)
def _function_for(url: str) -> Callable[..., Any] | None:
    for service, pattern in backend_index.backend_url_patterns:
        if pattern.match(url):
            for path, function in _functions(service).items():
                if path.match(url):
                    return function
    return None


@functools.cache
def _functions(service: str) -> Mapping[re.Pattern[str], Callable[..., Any]]:
    """Every function of a service; its URLs are the same for all accounts."""
    kind = backends.get_backend(service).backend
    urls = kind.__new__(kind).urls
    return {re.compile(url): function for url, function in urls.items()}
