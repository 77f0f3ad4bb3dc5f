"""What a network should consist of, by the names of its parts; what is right already. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from aft.settings.network.parameters import FlowLogsParameters, NetworkParameters, SubnetPlan
from aft.settings.network.state import FlowLogState, NetworkState

PUBLIC = "public"
"""The route table of the public tiers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """Parts by name. ``route_tables`` name their subnets, ``nats`` the subnet each is in."""

    subnets: Mapping[str, SubnetPlan]
    route_tables: Mapping[str, tuple[str, ...]]
    nats: Mapping[str, str]


def wishes_of(parameters: NetworkParameters, plan: Sequence[SubnetPlan]) -> Wishes:
    """The parts wanted."""
    tables: dict[str, list[str]] = {}
    for item in plan:
        part = PUBLIC if item.tier.public else f"private-{item.zone + 1}"
        tables.setdefault(part, []).append(item.part)
    gateways: dict[str, str] = {}
    for item in plan:
        if item.tier.public and item.zone < parameters.nat_gateways:
            gateways.setdefault(f"nat-{item.zone + 1}", item.part)
    return Wishes(
        subnets={item.part: item for item in plan},
        route_tables={part: tuple(names) for part, names in tables.items()},
        nats=gateways,
    )


def default_route_of(
    part: str, parameters: NetworkParameters, observed: NetworkState
) -> str | None:
    """Where a route table's default route should lead; ``None`` where nothing is wanted, or what
    it should lead to is not there yet."""
    if part == PUBLIC:
        return observed.internet_gateway
    if parameters.nat == "none":
        return None
    number = part.rpartition("-")[2] if parameters.nat == "per-zone" else "1"
    nat = observed.nats.get(f"nat-{number}")
    return nat.id if nat is not None else None


def flow_log_is_right(wanted: FlowLogsParameters, found: FlowLogState) -> bool:
    """The same traffic, to the same place, in the same rhythm, and it gets there."""
    destination = wanted.bucket_arn or wanted.log_group
    return found.works and (found.destination, found.traffic, found.interval_seconds) == (
        destination,
        wanted.traffic,
        wanted.interval_seconds,
    )


def missing_tags(parameters: NetworkParameters, observed: NetworkState) -> Mapping[str, str]:
    """Parts that lack one of the tags wanted, with their AWS ids."""
    return {
        part: item_id
        for part, item_id, tags in _tagged(observed)
        if any(tags.get(key) != tag for key, tag in parameters.tags.items())
    }


def _tagged(observed: NetworkState) -> Iterator[tuple[str, str, Mapping[str, str]]]:
    if observed.vpc is not None:
        yield "the VPC", observed.vpc.id, observed.vpc.tags
    for part, subnet in observed.subnets.items():
        yield f"subnet {part}", subnet.id, subnet.tags
    for part, table in observed.route_tables.items():
        yield f"route table {part}", table.id, table.tags
    for part, nat in observed.nats.items():
        yield f"NAT gateway {part}", nat.id, nat.tags
