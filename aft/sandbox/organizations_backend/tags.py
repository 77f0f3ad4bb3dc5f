"""Tags of accounts, OUs, the root and policies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aft.sandbox.api_errors import ApiError
from aft.sandbox.calls import Invocation
from aft.sandbox.organizations_backend.model import MemberAccount, PolicyRecord, Unit
from aft.sandbox.organizations_backend.rules import Context, check_tag_count, invalid, tags_from

Result = Mapping[str, Any]


def _target(context: Context, resource_id: str) -> MemberAccount | Unit | PolicyRecord:
    organization = context.organization
    found = organization.node(resource_id) or organization.policies.get(resource_id)
    if found is None:
        raise ApiError("TargetNotFoundException", "You specified a target that doesn't exist.")
    return found


def _write(
    context: Context, target: MemberAccount | Unit | PolicyRecord, tags: dict[str, str]
) -> None:
    lag = context.world.behaviour.tagging_lag_seconds
    if isinstance(target, MemberAccount) and lag:
        # The tagging API goes on showing what it showed, for a while.
        target.indexed_tags = indexed_tags(context, target)
        target.indexed_at = context.now() + lag
    target.tags = tags


def indexed_tags(context: Context, account: MemberAccount) -> dict[str, str]:
    """The tags as the (lagging) Resource Groups Tagging API sees them."""
    if account.indexed_tags is not None and context.now() < account.indexed_at:
        return account.indexed_tags
    account.indexed_tags = None
    return account.tags


def _tag(context: Context, call: Invocation) -> Result:
    target = _target(context, call.params["ResourceId"])
    merged = {**target.tags, **tags_from(call.params["Tags"])}
    check_tag_count(merged)
    _write(context, target, merged)
    return {}


def _untag(context: Context, call: Invocation) -> Result:
    target = _target(context, call.params["ResourceId"])
    keys = call.params["TagKeys"]
    if any(key.casefold().startswith("aws:") for key in keys):
        raise invalid("INVALID_SYSTEM_TAGS_PARAMETER", "System tags cannot be removed.")
    _write(context, target, {key: v for key, v in target.tags.items() if key not in keys})
    return {}


def _list_tags(context: Context, call: Invocation) -> Result:
    target = _target(context, call.params["ResourceId"])
    return {"Tags": [{"Key": key, "Value": value} for key, value in target.tags.items()]}


OPERATIONS = {"TagResource": _tag, "UntagResource": _untag, "ListTagsForResource": _list_tags}
