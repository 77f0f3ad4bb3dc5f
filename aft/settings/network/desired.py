"""What a network should consist of, by the names of its parts, and what differs from it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from aft.settings.network.parameters import FlowLogsParameters, NetworkParameters, SubnetPlan
from aft.settings.network.state import FlowLogState, NetworkState, VpcState
from aft.settings.shapes.setting import on_or_off

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


Found = Iterator[tuple[str, str | None, str | None]]
"""In words, as it is, as it should be."""


def compared(
    parameters: NetworkParameters, wishes: Wishes, observed: NetworkState, vpc: VpcState
) -> Found:
    """Every difference but of the VPC's own range."""
    yield from _switch("DNS support is", vpc.dns_support, parameters.dns_support)
    yield from _switch("DNS hostnames is", vpc.dns_hostnames, parameters.dns_hostnames)
    if parameters.has_public and not observed.is_attached:
        state = "is not attached" if observed.internet_gateway else "is not there"
        yield f"the internet gateway {state}", None, "attached"
    yield from _subnets(wishes, observed)
    yield from _nats(wishes, observed)
    yield from _routes(parameters, wishes, observed)
    yield from _flow_logs(parameters, observed)
    if untagged := missing_tags(parameters, observed):
        yield f"tags are missing on {', '.join(sorted(untagged))}", None, "tagged"


def _switch(words: str, is_on: bool, wanted: bool) -> Found:  # noqa: FBT001 (before and after)
    before, after = on_or_off(is_on), on_or_off(wanted)
    if before != after:
        yield f"{words} {before}, should be {after}", before, after


def _subnets(wishes: Wishes, observed: NetworkState) -> Found:
    for part, plan in wishes.subnets.items():
        subnet = observed.subnets.get(part)
        if subnet is None:
            yield f"subnet {part} ({plan.cidr}) is not there", None, plan.cidr
            continue
        if subnet.cidr != plan.cidr:
            words = f"subnet {part} is {subnet.cidr}, should be {plan.cidr}; it is not replaced"
            yield words, subnet.cidr, plan.cidr
        words = f"subnet {part}: public addresses are"
        yield from _switch(words, subnet.assigns_public_ips, plan.tier.assign_public_ips)
    for part in sorted(observed.subnets.keys() - wishes.subnets.keys()):
        yield f"subnet {part} is left over, should be deleted", observed.subnets[part].cidr, None


def _nats(wishes: Wishes, observed: NetworkState) -> Found:
    for part in wishes.nats:
        nat = observed.nats.get(part)
        if nat is None:
            yield f"NAT gateway {part} is not there", None, part
        elif nat.state != "available":
            yield f"NAT gateway {part} is {nat.state}", nat.state, "available"
    for part in sorted(observed.nats.keys() - wishes.nats.keys()):
        yield f"NAT gateway {part} is left over, should be deleted", observed.nats[part].id, None
    in_use = {item for nat in observed.nats.values() for item in nat.allocations}
    for part, allocation in sorted(observed.addresses.items()):
        if part not in wishes.nats and allocation not in in_use:
            yield f"address {allocation} is left over, should be released", allocation, None


def _routes(parameters: NetworkParameters, wishes: Wishes, observed: NetworkState) -> Found:
    for part, subnets in wishes.route_tables.items():
        table = observed.route_tables.get(part)
        if table is None:
            yield f"route table {part} is not there", None, part
            continue
        target = default_route_of(part, parameters, observed)
        if target is not None and (table.default != target or not table.default_works):
            was = table.default or "nothing"
            works = "" if table.default_works or table.default is None else " (which is gone)"
            words = f"the default route leads to {was}{works}, should lead to {target}"
            yield f"route table {part}: {words}", table.default, target
        for name in subnets:
            subnet = observed.subnets.get(name)
            if subnet is not None and subnet.id not in table.subnets:
                yield f"subnet {name} does not use route table {part}", None, part
    for part in sorted(observed.route_tables.keys() - wishes.route_tables.keys()):
        yield f"route table {part} is left over, should be deleted", part, None


def _flow_logs(parameters: NetworkParameters, observed: NetworkState) -> Found:
    wanted = parameters.flow_logs
    found = observed.flow_log
    if wanted is None:
        if found is not None:
            yield "a flow log is left over, should be deleted", found.id, None
        return
    if wanted.destination == "cloud-watch-logs":
        if not observed.has_role:
            yield f"role {wanted.role} for flow logs is not there", None, wanted.role
        if not observed.has_log_group:
            yield f"log group {wanted.log_group} is not there", None, wanted.log_group
    if found is None:
        yield "there is no flow log", None, wanted.traffic
    elif not flow_log_is_right(wanted, found):
        state = "" if found.works else ", and it does not work"
        words = f"the flow log differs: {found.traffic} to {found.destination}{state}"
        yield words, found.destination, wanted.bucket_arn or wanted.log_group
