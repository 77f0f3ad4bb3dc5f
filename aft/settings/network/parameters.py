"""Parameters of the baseline setting ``network``, and how a range is divided into subnets. Pure.

The parameters' meaning in AWS is in ``aft.settings.network.setting``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, model_validator

from aft.baselines.directions import Directions, Items, Ranked, Routine, Weaker
from aft.baselines.model import SettingParameters
from aft.values.cidrs import VPC_LARGEST, VPC_SMALLEST, parse_vpc_cidr

Days = Literal[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827,
    2192, 2557, 2922, 3288, 3653,
]  # fmt: skip
_PART = r"^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$"
_FIELD = r"^custom_fields(\.[A-Za-z0-9_-]+)+$"


def _check_cidr(text: str) -> str:
    return str(parse_vpc_cidr(text))


class Tier(SettingParameters):
    """A type of subnet, with one subnet per zone."""

    weakens: ClassVar[Directions] = {
        "name": Routine("it only names subnets"),
        "public": Weaker.ON,
        "assign_public_ips": Weaker.ON,
    }

    name: Annotated[str, Field(pattern=_PART)] = Field(description="Such as `private`.")
    public: bool = Field(
        default=False,
        description="Routed to an internet gateway, so that it is reachable from outside.",
    )
    assign_public_ips: bool = Field(
        default=False, description="Whether instances get a public address automatically."
    )


class FlowLogsParameters(SettingParameters):
    """Where the network's flow logs go."""

    weakens: ClassVar[Directions] = {
        "destination": Weaker.ANY,
        "log_group": Weaker.ANY,
        "retention_days": Weaker.LOWER,
        "role": Weaker.ANY,
        "bucket_arn": Weaker.ANY,
        "traffic": Ranked("REJECT", "ACCEPT", "ALL"),
        "interval_seconds": Weaker.HIGHER,
    }

    destination: Literal["cloud-watch-logs", "s3"] = Field(
        default="cloud-watch-logs",
        description="A log group in the account, or a bucket (possibly in another account).",
    )
    log_group: Annotated[str, Field(max_length=512, pattern=r"^[\.\-_/#A-Za-z0-9]+$")] = Field(
        default="/aft/vpc-flow-logs", description="The log group; created if it does not exist."
    )
    retention_days: Days = Field(
        default=365, description="Retention of a log group that the setting creates."
    )
    role: Annotated[str, Field(max_length=64, pattern=r"^[\w+=,.@-]+$")] = Field(
        default="aft-vpc-flow-logs",
        description="Role that writes to the log group; created if it does not exist.",
    )
    bucket_arn: (
        Annotated[str, Field(pattern=r"^arn:aws[a-z-]*:s3:::[a-z0-9.-]{3,63}(/.*)?$")] | None
    ) = Field(default=None, description="The bucket, with an optional folder.")
    traffic: Literal["ALL", "ACCEPT", "REJECT"] = Field(
        default="ALL", description="The traffic logged."
    )
    interval_seconds: Literal[60, 600] = Field(
        default=600, description="Maximum aggregation interval."
    )

    @model_validator(mode="after")
    def _bucket_for_s3(self) -> FlowLogsParameters:
        if (self.destination == "s3") != (self.bucket_arn is not None):
            raise ValueError("expected bucket_arn with destination s3, and only with it")
        return self


class NetworkParameters(SettingParameters):
    """Parameters of ``network``."""

    weakens: ClassVar[Directions] = {
        "network": Routine("it only names the network"),
        "cidr": Routine("an address range opens nothing"),
        "cidr_from": Routine("an address range opens nothing"),
        "pool": Routine("an address range opens nothing"),
        "prefix": Routine("an address range opens nothing"),
        "region": Routine("the network is the same in any region"),
        "zones": Routine("subnets are the same in any zone"),
        "tiers": Items(key=("name",)),
        "nat": Ranked(("single", "per-zone"), "none"),
        "dns_support": Routine("names are resolved, and nothing is opened"),
        "dns_hostnames": Routine("names are given, and nothing is opened"),
        "flow_logs": Items(removal=True),
        "tags": Routine("they only describe the network"),
    }

    network: Annotated[str, Field(pattern=_PART)] = Field(
        default="main", description="The network's name, stored in the tag `aft:network`."
    )
    cidr: Annotated[str, AfterValidator(_check_cidr)] | None = Field(
        default=None, description="The address range, for baselines of a single account."
    )
    cidr_from: Annotated[str, Field(pattern=_FIELD)] | None = Field(
        default=None,
        description="The field of the request with the range, such as `custom_fields.vpc.cidr`. "
        "If a request does not set it, the pool is used.",
    )
    pool: str | None = Field(default=None, description="A pool of `networks.pools` in aft.yaml.")
    prefix: Annotated[int, Field(ge=VPC_LARGEST, le=VPC_SMALLEST)] = Field(
        default=20,
        description="Size of an allocated range; later changes do not affect existing networks.",
    )
    region: Annotated[str, Field(pattern=r"^[a-z]{2,4}(-[a-z]+)+-[0-9]+$")] | None = Field(
        default=None, description="The network's region; the home region by default."
    )
    zones: Annotated[int, Field(ge=1, le=6)] = Field(
        default=3, description="Number of Availability Zones."
    )
    tiers: Annotated[tuple[Tier, ...], Field(min_length=1, max_length=8)] = Field(
        default=(Tier(name="private"),),
        description="Types of subnets, each with one subnet per zone.",
    )
    nat: Literal["none", "single", "per-zone"] = Field(
        default="none",
        description="NAT gateways for the private tiers. They are billed per hour and per byte; "
        "`single` costs less, `per-zone` survives the loss of a zone.",
    )
    dns_support: bool = Field(default=True, description="Use Amazon's DNS resolver in the VPC.")
    dns_hostnames: bool = Field(default=True, description="DNS host names for public addresses.")
    flow_logs: FlowLogsParameters | None = Field(
        default=FlowLogsParameters(), description="Flow logs; null for none."
    )
    tags: Mapping[
        Annotated[str, Field(min_length=1, max_length=128)], Annotated[str, Field(max_length=256)]
    ] = Field(default={}, description="Tags of all resources in the network.")

    @property
    def has_public(self) -> bool:
        return any(tier.public for tier in self.tiers)

    @property
    def has_private(self) -> bool:
        return any(not tier.public for tier in self.tiers)

    @property
    def nat_gateways(self) -> int:
        """How many there are: one per zone, one, or none."""
        return {"none": 0, "single": 1, "per-zone": self.zones}[self.nat]

    @property
    def smallest_prefix(self) -> int:
        """The longest prefix that still has room for every subnet."""
        return VPC_SMALLEST - _bits(self)

    @model_validator(mode="after")
    def _fits(self) -> NetworkParameters:
        names = [tier.name for tier in self.tiers]
        if len(set(names)) < len(names):
            raise ValueError("expected tiers with different names")
        if self.cidr is not None and (self.cidr_from or self.pool):
            raise ValueError("expected either cidr, or cidr_from and pool")
        if self.cidr is None and not self.cidr_from and not self.pool:
            raise ValueError("expected cidr, cidr_from or pool: where the addresses come from")
        if self.nat != "none" and not (self.has_public and self.has_private):
            raise ValueError("expected a public and a private tier where there is a NAT gateway")
        prefix = IPv4Network(self.cidr).prefixlen if self.cidr else self.prefix
        if (self.cidr or self.pool) and prefix > self.smallest_prefix:
            raise ValueError(
                f"expected a range of /{self.smallest_prefix} or larger for {len(names)} tiers "
                f"in {self.zones} zones, found /{prefix}"
            )
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class SubnetPlan:
    """A subnet that should be: ``zone`` counts from 0."""

    part: str
    tier: Tier
    zone: int
    cidr: str


def subnets_of(cidr: str, parameters: NetworkParameters) -> tuple[SubnetPlan, ...]:
    """The range divided: a block per tier, in it a block per zone; all equally large. Four zones
    have room (eight, where more than four are wanted), so that a zone can be added without moving
    the others. Raises ``ValueError`` when the range is too small."""
    network = parse_vpc_cidr(cidr)
    bits = _bits(parameters)
    if network.prefixlen + bits > VPC_SMALLEST:
        raise ValueError(
            f"{network} is too small for {len(parameters.tiers)} tiers in {parameters.zones} "
            f"zones: it would have to be a /{VPC_SMALLEST - bits} or larger"
        )
    blocks = list(network.subnets(prefixlen_diff=bits))
    per_tier = 1 << _zone_bits(parameters)
    return tuple(
        SubnetPlan(
            part=f"{tier.name}-{zone + 1}",
            tier=tier,
            zone=zone,
            cidr=str(blocks[number * per_tier + zone]),
        )
        for number, tier in enumerate(parameters.tiers)
        for zone in range(parameters.zones)
    )


def _bits(parameters: NetworkParameters) -> int:
    return (len(parameters.tiers) - 1).bit_length() + _zone_bits(parameters)


def _zone_bits(parameters: NetworkParameters) -> int:
    return 2 if parameters.zones <= 4 else 3
