"""EC2's ``Describe…`` operations, which are all of one kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types_boto3_ec2 import EC2Client

_VALUES_AT_ONCE = 200
_ON_ONE_PAGE = frozenset({"addresses", "vpn_gateways"})


def described(
    ec2: EC2Client, what: str, name: str = "", values: Sequence[str] = ()
) -> list[Mapping[str, Any]]:
    """All that ``describe_<what>`` finds, where a filter is named with one of its ``values``."""
    if not name:
        return _pages(ec2, what)
    return [
        item
        for start in range(0, len(values), _VALUES_AT_ONCE)
        for item in _pages(
            ec2,
            what,
            Filters=[{"Name": name, "Values": list(values[start : start + _VALUES_AT_ONCE])}],
        )
    ]


def _pages(ec2: EC2Client, what: str, **asked: Any) -> list[Mapping[str, Any]]:
    by_name: Any = ec2  # an operation that is not a literal has no type
    operation, key = f"describe_{what}", what.title().replace("_", "")
    if what in _ON_ONE_PAGE:
        return list(getattr(by_name, operation)(**asked)[key])
    pages = by_name.get_paginator(operation).paginate(**asked)
    return [item for page in pages for item in page[key]]
