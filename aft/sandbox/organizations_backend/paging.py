"""Pages of at most twenty whose tokens survive change.

A token names the last item given, not a position, so accounts that come or go between two pages
make no other account appear twice or be missed.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from aft.sandbox.api_errors import ApiError

PAGE = 20
Item = TypeVar("Item")


def page(
    items: Iterable[Item],
    params: Mapping[str, Any],
    *,
    scope: str,
    key: Callable[[Item], int],
    size: int = PAGE,
) -> tuple[list[Item], str | None]:
    """The next page of ``items`` (ascending by ``key``) and the token of the one after.

    ``scope`` is what the listing is about; a token of another listing is refused.
    """
    size = min(int(params.get("MaxResults") or size), size)
    after = _decode(params.get("NextToken"), scope)
    found: list[Item] = []
    for item in items:
        if key(item) <= after:
            continue
        if len(found) == size:
            return found, _encode(scope, key(found[-1]))
        found.append(item)
    return found, None


def with_token(name: str, items: list[Any], token: str | None) -> dict[str, Any]:
    """An output of one page; AWS leaves the token out on the last one."""
    return {name: items, "NextToken": token} if token else {name: items}


def _encode(scope: str, last: int) -> str:
    return base64.urlsafe_b64encode(json.dumps([scope, last]).encode()).decode()


def _decode(token: str | None, scope: str) -> int:
    if not token:
        return -1
    try:
        found, last = json.loads(base64.urlsafe_b64decode(token.encode()))
    except (ValueError, binascii.Error, TypeError):
        found, last = "", 0
    if found != scope or not isinstance(last, int):
        raise ApiError(
            "InvalidInputException",
            "Get the value for the NextToken parameter from the response to a previous call.",
            Reason="INVALID_NEXT_TOKEN",
        )
    return last
