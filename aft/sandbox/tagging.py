"""Resource Groups Tagging API over the organization's own resources.

``GetResources`` for ``organizations:account`` (and ``organizations:ou``) answers in us-east-1
for the management account only, a hundred to a page, and lags behind writes. Everything else is
left to moto.
"""

from __future__ import annotations

import base64
import binascii
import heapq
from collections.abc import Iterator, Mapping
from typing import Any

from aft.sandbox.api_errors import ApiError
from aft.sandbox.calls import Handler, Invocation
from aft.sandbox.organizations_backend.rules import Context
from aft.sandbox.organizations_backend.tags import indexed_tags

_REGION = "us-east-1"
_PAGE = 100
_KINDS = ("organizations:account", "organizations:ou", "organizations")


def handlers(context: Context) -> Mapping[tuple[str, str], Handler]:
    """``GetResources``; ``None`` from it means that moto answers."""

    def get_resources(call: Invocation) -> Mapping[str, Any] | None:
        kinds = call.params.get("ResourceTypeFilters") or []
        if not kinds or not all(kind in _KINDS for kind in kinds):
            return None
        size = int(call.params.get("ResourcesPerPage") or _PAGE)
        if not 1 <= size <= _PAGE:
            raise _wrong(f"ResourcesPerPage must be between 1 and {_PAGE}, not {size}.")
        management = context.organization.management_account_id
        if call.region != _REGION or call.caller.account_id != management:
            return {"ResourceTagMappingList": [], "PaginationToken": ""}
        after = _position(call.params.get("PaginationToken"))
        filters = call.params.get("TagFilters") or []
        found: list[dict[str, Any]] = []
        last = after
        for serial, arn, tags in _resources(context, kinds, after):
            if not tags or not _fits(tags, filters):
                continue
            if len(found) == size:
                return {"ResourceTagMappingList": found, "PaginationToken": _token(last)}
            found.append({"ResourceARN": arn, "Tags": _pairs(tags)})
            last = serial
        return {"ResourceTagMappingList": found, "PaginationToken": ""}

    return {("resourcegroupstaggingapi", "GetResources"): get_resources}


def _resources(
    context: Context, kinds: list[str], after: int
) -> Iterator[tuple[int, str, Mapping[str, str]]]:
    """Serial, ARN and tags, by serial (both dictionaries are in that order)."""
    organization = context.organization
    accounts = (
        (item.serial, organization.arn("account", item.id), indexed_tags(context, item))
        for item in organization.accounts.values()
        if item.serial > after
    )
    units = (
        (item.serial, organization.arn("ou", item.id), item.tags)
        for item in organization.units.values()
        if item.serial > after and item.parent_id is not None
    )
    everything = "organizations" in kinds
    return heapq.merge(
        accounts if everything or "organizations:account" in kinds else (),
        units if everything or "organizations:ou" in kinds else (),
        key=lambda item: item[0],
    )


def _fits(tags: Mapping[str, str], filters: list[Mapping[str, Any]]) -> bool:
    for wanted in filters:
        values = wanted.get("Values") or []
        if wanted.get("Key") not in tags:
            return False
        if values and tags[wanted["Key"]] not in values:
            return False
    return True


def _pairs(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _token(serial: int) -> str:
    return base64.urlsafe_b64encode(f"after:{serial}".encode()).decode()


def _position(token: str | None) -> int:
    if not token:
        return -1
    try:
        text = base64.urlsafe_b64decode(token.encode()).decode()
        return int(text.removeprefix("after:"))
    except (ValueError, binascii.Error, UnicodeDecodeError) as error:
        raise ApiError(
            "PaginationTokenExpiredException", "The PaginationToken is not valid.", status=400
        ) from error


def _wrong(message: str) -> ApiError:
    return ApiError("InvalidParameterException", message, status=400)
