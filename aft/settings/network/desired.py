"""What a network should consist of, by the names of its parts: what differs, and what fixes it.

Each part is judged once, by ``steps``. A comparison only reads them. A change carries each one out
before it asks for the next, so that later steps see the parts that earlier ones have made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

from aft.errors import Terminal
from aft.settings.network.change import Builder
from aft.settings.network.parameters import NetworkParameters, SubnetPlan
from aft.settings.network.state import (
    NatState,
    NetworkState,
    RouteTableState,
    SubnetState,
    VpcState,
)
from aft.settings.shapes.setting import on_or_off

PUBLIC = "public"
"""The route table of the public tiers."""


def _nothing(_: Builder) -> None:
    """For what another step fixes, or only time."""


class Step(NamedTuple):
    """A difference in words, as it is and as it should be, and what fixes it. Without words there
    is no difference, but something to do once the steps before it are done."""

    words: str = ""
    before: str | None = None
    after: str | None = None
    fix: Callable[[Builder], None] = _nothing


Steps = Iterator[Step]


@dataclass(kw_only=True)
class Comparison:
    """The parts wanted, by name, next to the ``state``, which follows what is made.
    ``route_tables`` name their subnets, ``nats`` the subnet each is in."""

    parameters: NetworkParameters
    state: NetworkState
    subnets: Mapping[str, SubnetPlan]
    route_tables: dict[str, list[str]] = field(default_factory=dict)
    nats: dict[str, str] = field(default_factory=dict)

    def default_route(self, part: str) -> str | None:
        """Where a route table's default route should lead; ``None`` where nothing is wanted, or
        what it should lead to is not there yet."""
        if part == PUBLIC:
            return self.state.internet_gateway
        if self.parameters.nat == "none":
            return None
        number = part.rpartition("-")[2] if self.parameters.nat == "per-zone" else "1"
        nat = self.state.nats.get(f"nat-{number}")
        return nat.id if nat is not None else None


def comparison_of(
    parameters: NetworkParameters, plan: Sequence[SubnetPlan], state: NetworkState
) -> Comparison:
    """Of the parts that the parameters and the subnets planned call for."""
    subnets = {item.part: item for item in plan}
    found = Comparison(parameters=parameters, state=state, subnets=subnets)
    for item in plan:
        table = PUBLIC if item.tier.public else f"private-{item.zone + 1}"
        found.route_tables.setdefault(table, []).append(item.part)
        if item.tier.public and item.zone < parameters.nat_gateways:
            found.nats.setdefault(f"nat-{item.zone + 1}", item.part)
    return found


def steps(it: Comparison) -> Steps:
    """Every difference but of the VPC's own range, in the order in which parts need each other."""
    yield from _switches(it)
    if it.parameters.has_public and not it.state.is_attached:
        words = "is not attached" if it.state.internet_gateway else "is not there"
        fix = Builder.attach_internet_gateway
        yield Step(f"the internet gateway {words}", None, "attached", fix)
    yield from _subnets(it)
    yield from _nats(it)
    yield from _routes(it)
    yield Step(fix=Builder.remove_surplus)
    yield from _flow_logs(it)
    if untagged := _untagged(it):
        words = f"tags are missing on {', '.join(sorted(untagged))}"
        yield Step(words, None, "tagged", partial(Builder.tag, ids=sorted(untagged.values())))


def _switches(it: Comparison) -> Steps:
    vpc, wanted = it.state.vpc, it.parameters
    if vpc is None:
        raise Terminal("the VPC was not made; this is a bug in aft")
    switches = [
        ("DNS support", "EnableDnsSupport", vpc.dns_support, wanted.dns_support),
        ("DNS hostnames", "EnableDnsHostnames", vpc.dns_hostnames, wanted.dns_hostnames),
    ]
    # Hostnames need support, so support is switched on first and off last.
    for what, name, is_on, on in switches if wanted.dns_support else reversed(switches):
        fix = partial(Builder.switch, name=name, is_on=on)
        yield from _switch(f"{what} is", is_on, on, fix)


def _switch(words: str, is_on: bool, wanted: bool, fix: Callable[[Builder], None]) -> Steps:  # noqa: FBT001 (before and after)
    before, after = on_or_off(is_on), on_or_off(wanted)
    if before != after:
        yield Step(f"{words} {before}, should be {after}", before, after, fix)


def _left_over(kind: str, parts: Iterable[str]) -> Steps:
    """What ``remove_surplus`` deletes."""
    for part in sorted(parts):
        yield Step(f"{kind} {part} is left over, should be deleted", part, None)


def _subnets(it: Comparison) -> Steps:
    for part, plan in it.subnets.items():
        if part not in it.state.subnets:
            fix = partial(Builder.make_subnet, plan=plan)
            yield Step(f"subnet {part} ({plan.cidr}) is not there", None, plan.cidr, fix)
        subnet = it.state.subnets.get(part)
        if subnet is None:
            continue
        if subnet.cidr != plan.cidr:
            words = f"subnet {part} is {subnet.cidr}, should be {plan.cidr}; it is not replaced"
            yield Step(words, subnet.cidr, plan.cidr)
        words, on = f"subnet {part}: public addresses are", plan.tier.assign_public_ips
        fix = partial(Builder.assign_public_ips, subnet=subnet.id, is_on=on)
        yield from _switch(words, subnet.assigns_public_ips, on, fix)
    yield from _left_over("subnet", it.state.subnets.keys() - it.subnets.keys())


def _nats(it: Comparison) -> Steps:
    for part, subnet in it.nats.items():
        nat = it.state.nats.get(part)
        if nat is None:
            fix = partial(Builder.make_nat, part=part, subnet=subnet)
            yield Step(f"NAT gateway {part} is not there", None, part, fix)
        elif nat.state != "available":
            yield Step(f"NAT gateway {part} is {nat.state}", nat.state, "available")
    available = {part for part, nat in it.state.nats.items() if nat.state == "available"}
    if not it.nats.keys() <= available:
        yield Step(fix=Builder.await_nats)
    yield from _left_over("NAT gateway", it.state.nats.keys() - it.nats.keys())
    in_use = it.state.addresses_in_use
    for part, allocation in sorted(it.state.addresses.items()):
        if part not in it.nats and allocation not in in_use:
            words = f"address {allocation} is left over, should be released"
            yield Step(words, allocation, None)


def _routes(it: Comparison) -> Steps:
    for part, subnets in it.route_tables.items():
        if part not in it.state.route_tables:
            fix = partial(Builder.make_route_table, part=part)
            yield Step(f"route table {part} is not there", None, part, fix)
        table = it.state.route_tables.get(part)
        if table is None:
            continue
        target = it.default_route(part)
        if target is not None and (table.default != target or not table.default_works):
            was = table.default or "nothing"
            works = "" if table.default_works or table.default is None else " (which is gone)"
            words = f"the default route leads to {was}{works}, should lead to {target}"
            fix = partial(Builder.set_default_route, part=part, target=target)
            yield Step(f"route table {part}: {words}", table.default, target, fix)
        for name in subnets:
            subnet = it.state.subnets.get(name)
            if subnet is not None and subnet.id not in table.subnets:
                fix = partial(Builder.associate, table=table.id, subnet=subnet.id)
                yield Step(f"subnet {name} does not use route table {part}", None, part, fix)
    yield from _left_over("route table", it.state.route_tables.keys() - it.route_tables.keys())


def _flow_logs(it: Comparison) -> Steps:
    wanted, found = it.parameters.flow_logs, it.state.flow_log
    if wanted is None:
        if found is not None:
            words = "a flow log is left over, should be deleted"
            yield Step(words, found.id, None, Builder.delete_flow_log)
        return
    if wanted.destination == "cloud-watch-logs":
        make_group = partial(Builder.make_log_group, wanted=wanted)
        make_role = partial(Builder.make_role, wanted=wanted)
        if not it.state.has_log_group:
            words = f"log group {wanted.log_group} is not there"
            yield Step(words, None, wanted.log_group, make_group)
        elif found is None and it.state.is_log_group_new:
            words = f"log group {wanted.log_group} keeps events permanently"
            yield Step(words, None, str(wanted.retention_days), make_group)
        if not it.state.has_role:
            words = f"role {wanted.role} for flow logs is not there"
            yield Step(words, None, wanted.role, make_role)
        elif found is None and it.state.is_role_ours:
            yield Step(fix=make_role)  # it may have been made without its policy
    destination, fix = (
        wanted.bucket_arn or wanted.log_group,
        partial(Builder.make_flow_log, wanted=wanted),
    )
    if found is None:
        yield Step("there is no flow log", None, wanted.traffic, fix)
        return
    now = found.destination, found.traffic, found.interval_seconds
    if not found.works or now != (destination, wanted.traffic, wanted.interval_seconds):
        state = "" if found.works else ", and it does not work"
        words = f"the flow log differs: {found.traffic} to {found.destination}{state}"
        yield Step(words, found.destination, destination, fix)


def _untagged(it: Comparison) -> Mapping[str, str]:
    """Parts wanted that lack one of the tags wanted, with their AWS ids."""
    tagged: dict[str, VpcState | SubnetState | RouteTableState | NatState | None]
    tagged = {"the VPC": it.state.vpc}
    tagged |= {f"subnet {part}": it.state.subnets.get(part) for part in it.subnets}
    tagged |= {f"route table {part}": it.state.route_tables.get(part) for part in it.route_tables}
    tagged |= {f"NAT gateway {part}": it.state.nats.get(part) for part in it.nats}
    wanted = it.parameters.tags.items()
    return {
        part: item.id
        for part, item in tagged.items()
        if item is not None and not wanted <= item.tags.items()
    }
