"""The AWS regions aft knows, and which of them an account must opt in to.

Source: AWS's "AWS Regions" page of the Account Management guide; names as in botocore's
``endpoints.json``. Regions launched after 20 March 2019 are opt-in. Facts only: no AWS call.
"""

from __future__ import annotations

from aft.values.suggestions import did_you_mean


def _regions(table: str) -> frozenset[str]:
    """The regions of a table, any number on a line."""
    return frozenset(table.split())


ENABLED_BY_DEFAULT = _regions(
    """
    ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 ap-southeast-1 ap-southeast-2
    ca-central-1 eu-central-1 eu-north-1 eu-west-1 eu-west-2 eu-west-3 sa-east-1 us-east-1
    us-east-2 us-west-1 us-west-2
    """
)
"""Regions of the ``aws`` partition that every account has."""

OPT_IN = _regions(
    """
    af-south-1 ap-east-1 ap-east-2 ap-south-2 ap-southeast-3 ap-southeast-4 ap-southeast-5
    ap-southeast-6 ap-southeast-7 ca-west-1 eu-central-2 eu-south-1 eu-south-2 il-central-1
    me-central-1 me-south-1 mx-central-1
    """
)
"""Regions an account has only after opting in."""

OTHER_PARTITIONS = _regions(
    """
    cn-north-1 cn-northwest-1 eusc-de-east-1 us-gov-east-1 us-gov-west-1 us-iso-east-1
    us-iso-west-1 us-isob-east-1 us-isob-west-1 eu-isoe-west-1 us-isof-east-1 us-isof-south-1
    """
)
"""Regions of AWS's other partitions."""

KNOWN = ENABLED_BY_DEFAULT | OPT_IN | OTHER_PARTITIONS


def unknown_region(name: str) -> tuple[str, str] | None:
    """Message and hint when ``name`` is no AWS region that aft knows."""
    if name in KNOWN:
        return None
    return f"{name!r} is not an AWS region aft knows", did_you_mean(name, KNOWN)


def partition_of(region: str) -> str:
    """AWS's partition that ``region`` is in: ``aws``, ``aws-cn``, ``aws-us-gov`` …"""
    for prefix, partition in (("cn-", "aws-cn"), ("us-gov-", "aws-us-gov"), ("eusc-", "aws-eusc")):
        if region.startswith(prefix):
            return partition
    if "-iso" in region:  # us-iso-east-1, us-isob-east-1: aws-iso, aws-iso-b
        letter = region.split("-")[1].removeprefix("iso")
        return f"aws-iso-{letter}" if letter else "aws-iso"
    return "aws"
