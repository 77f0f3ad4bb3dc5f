"""Ranges of IPv4 addresses as people write them: ``10.64.0.0/20``. Pure.

Facts of AWS (VPC User Guide, "VPC CIDR blocks"): a VPC's range is a /16 to a /28.
"""

from __future__ import annotations

import ipaddress
from ipaddress import IPv4Network

VPC_LARGEST = 16
VPC_SMALLEST = 28

__all__ = ["VPC_LARGEST", "VPC_SMALLEST", "IPv4Network", "parse_cidr", "parse_vpc_cidr"]


def parse_cidr(text: str) -> IPv4Network:
    """The range ``text`` writes. Raises ``ValueError`` with a message fit for a finding."""
    try:
        network = ipaddress.IPv4Network(text, strict=False)
    except ValueError:
        raise ValueError(f"{text!r} is not an IPv4 range such as 10.64.0.0/20") from None
    if "/" not in text:
        raise ValueError(f"{text!r} lacks its size: expected a range such as {text}/20")
    if text.partition("/")[0] != str(network.network_address):
        raise ValueError(f"{text!r} begins in the middle of a range: {network} is meant")
    return network


def parse_vpc_cidr(text: str) -> IPv4Network:
    """A range that AWS takes for a VPC. Raises ``ValueError`` as ``parse_cidr`` does."""
    network = parse_cidr(text)
    if not VPC_LARGEST <= network.prefixlen <= VPC_SMALLEST:
        raise ValueError(
            f"{text!r} cannot be a VPC's range: AWS accepts /{VPC_LARGEST} to /{VPC_SMALLEST}"
        )
    return network
