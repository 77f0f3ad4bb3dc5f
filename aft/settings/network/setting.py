"""Baseline setting ``network``: one VPC with subnets over zones, routes and flow logs.

AWS (VPC User Guide): a VPC's range is a /16 to a /28 and cannot be changed, only added to; AWS
keeps five addresses of every subnet. Quotas per region: 5 VPCs, 200 subnets a VPC, 5 elastic
addresses, 5 NAT gateways a zone, 2 flow logs of a kind on a resource. A NAT gateway takes minutes
to be ``available``, needs an internet gateway on its VPC, and leaves its address when it is
deleted. A flow log cannot be changed, so it is made anew; to a log group it needs a role that
``vpc-flow-logs.amazonaws.com`` may assume, to a bucket it needs the bucket's policy, which AWS
writes itself where the caller may.

Made are: the VPC with its DNS switches; per tier one subnet per zone, zones in the order of their
ids (which mean the same place in every account); one route table for the public tiers and one per
zone for the private ones; an internet gateway where there is a public tier; NAT gateways as asked
for; a flow log. All of it carries the tags ``aft:network`` and ``aft:network-part``, by which it is
found again; the main route table and whatever else is in the VPC are left alone, and so is a
default route that leads to somewhere else than a gateway of this setting.

Where the addresses come from: `cidr`, else the field `cidr_from` of the request, else a range of
`pool` that the plan hands out and the ledger remembers (``AccountFacts.allocations``). A network
whose VPC has another range, that would overlap another VPC of the account, or whose subnets have
other ranges is never replaced: that is refused. What is no longer wanted is deleted only if AWS
says that nothing uses it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from aft.baselines.model import NetworkClaim, SettingDifference, SettingInputs
from aft.errors import Terminal
from aft.organization.model import AccountFacts
from aft.sessions import AccountSession
from aft.settings.network.change import change_network
from aft.settings.network.desired import (
    Wishes,
    default_route_of,
    flow_log_is_right,
    missing_tags,
    wishes_of,
)
from aft.settings.network.parameters import NetworkParameters, SubnetPlan, subnets_of
from aft.settings.network.state import (
    NetworkState,
    VpcState,
    overlapping,
    own_cidr,
    read_network,
    without_default,
)
from aft.settings.wording import on_or_off


class Network:
    """The account has its network."""

    name: ClassVar[str] = "network"
    effect_version: ClassVar[int] = 1
    regional: ClassVar[bool] = False
    comes_after: ClassVar[tuple[str, ...]] = ("default-vpc-removal",)  # frees its range
    description: ClassVar[str] = "A VPC with subnets, routes, gateways and flow logs."
    parameters_model: type[NetworkParameters] = NetworkParameters

    def bills_for(self, parameters: NetworkParameters) -> str:
        parts = []
        if gateways := parameters.nat_gateways:
            noun = "gateway" if gateways == 1 else "gateways"
            parts.append(f"{gateways} NAT {noun}, by the hour and gigabyte")
        if parameters.flow_logs is not None:
            parts.append("flow logs")
        return ", and ".join(parts)

    def facts(self, account: AccountFacts) -> object:
        return {"cidr": account.allocations.get(self.name), "home_region": account.home_region}

    # --- addresses: see ``aft.baselines.model.ClaimsNetwork`` ----------------------------

    def network_claim(self, account: AccountFacts, parameters: NetworkParameters) -> NetworkClaim:
        field = tuple(parameters.cidr_from.split(".")) if parameters.cidr_from else ()
        given = parameters.cidr
        if field:
            found: Any = account.custom_fields
            for step in field[1:]:
                found = found.get(step) if isinstance(found, Mapping) else None
            given = None if found is None else str(found)
        return NetworkClaim(
            cidr=given,
            field=field,
            pool=parameters.pool or "",
            prefix=parameters.prefix,
            smallest=parameters.smallest_prefix,
        )

    def network_fields(self, parameters: NetworkParameters) -> tuple[tuple[str, ...], ...]:
        return (tuple(parameters.cidr_from.split(".")),) if parameters.cidr_from else ()

    def live_network(
        self, inputs: SettingInputs[NetworkParameters], session: AccountSession
    ) -> str | None:
        ec2 = session.client("ec2", _region(inputs))
        return own_cidr(ec2, inputs.parameters.network)

    # --- the setting ---------------------------------------------------------------------

    def read(
        self, inputs: SettingInputs[NetworkParameters], session: AccountSession
    ) -> NetworkState:
        return read_network(inputs.parameters, _region(inputs), session)

    def compare(
        self, inputs: SettingInputs[NetworkParameters], observed: NetworkState
    ) -> tuple[SettingDifference, ...]:
        where = f"network {inputs.parameters.network} in {_region(inputs)}"
        cidr = self._cidr(inputs)
        if observed.vpc is None:
            what = cidr or "a range that is yet to be allocated"
            return (
                SettingDifference(
                    description=f"{where} is not there, should be made of {what}",
                    before=None,
                    after=cidr,
                ),
            )
        if cidr is None:
            return ()  # nothing says what it should be; the plan does not let this happen
        if observed.vpc.cidr != cidr:
            return (
                SettingDifference(
                    description=f"{where} ({observed.vpc.id}) is {observed.vpc.cidr}, should be "
                    f"{cidr}; a VPC is not replaced",
                    before=observed.vpc.cidr,
                    after=cidr,
                ),
            )
        try:
            plan = subnets_of(cidr, inputs.parameters)
        except ValueError as error:
            return (_difference(where, str(error), None, None),)
        wishes = wishes_of(inputs.parameters, plan)
        found = _compared(inputs.parameters, wishes, observed, observed.vpc)
        return tuple(_difference(where, *item) for item in found)

    def refuse(self, inputs: SettingInputs[NetworkParameters], observed: NetworkState) -> None:
        """What only an apply knows is left to it: a range that is yet to be handed out, and
        whether the default VPC still lies on the range."""
        cidr = self._cidr(inputs)
        if cidr is not None:
            _checked(inputs, without_default(observed), cidr)

    def change(
        self,
        inputs: SettingInputs[NetworkParameters],
        observed: NetworkState,
        session: AccountSession,
    ) -> None:
        cidr = self._cidr(inputs)
        plan = _checked(inputs, observed, cidr)
        change_network(
            inputs.parameters,
            plan,
            observed,
            cidr=cidr or "",
            region=_region(inputs),
            session=session,
        )

    def _cidr(self, inputs: SettingInputs[NetworkParameters]) -> str | None:
        given = self.network_claim(inputs.account, inputs.parameters).cidr
        return given or inputs.account.allocations.get(self.name)


def _region(inputs: SettingInputs[NetworkParameters]) -> str:
    return inputs.parameters.region or inputs.account.home_region


def _difference(where: str, what: str, before: str | None, after: str | None) -> SettingDifference:
    return SettingDifference(description=f"{where}: {what}", before=before, after=after)


def _checked(
    inputs: SettingInputs[NetworkParameters], observed: NetworkState, cidr: str | None
) -> tuple[SubnetPlan, ...]:
    """The subnets wanted. Raises ``Terminal`` for whatever would hurt, before anything is done."""
    parameters, region = inputs.parameters, _region(inputs)
    where = f"network {parameters.network} in {region}"
    if cidr is None:
        raise Terminal(
            f"{where} was given no range of addresses",
            hint="plan and apply again: the plan allocates one",
        )
    try:
        plan = subnets_of(cidr, parameters)
    except ValueError as error:
        raise Terminal(f"{where}: {error}", hint="give a larger range") from error
    if len(observed.zones) < parameters.zones:
        raise Terminal(
            f"{region} has {len(observed.zones)} zones for this account, {where} wants "
            f"{parameters.zones}",
            hint="write fewer `zones` in the baseline",
        )
    if observed.twins and observed.vpc is not None:
        twins = ", ".join((observed.vpc.id, *observed.twins))
        raise Terminal(
            f"there is more than one {where}: {twins}",
            hint="take the tag aft:network off all but the one that is meant",
        )
    if observed.vpc is not None and observed.vpc.cidr != cidr:
        raise Terminal(
            f"{where} ({observed.vpc.id}) has the range {observed.vpc.cidr}, and should have "
            f"{cidr}; a VPC cannot be changed, and is not replaced",
            hint=f"give {observed.vpc.cidr} in the request, or empty and delete the VPC first",
        )
    clashes = overlapping(observed, cidr)
    if observed.vpc is None and clashes:
        raise Terminal(
            f"{where} was not made: {cidr} overlaps {', '.join(clashes)} of this account",
            hint="give another range, or delete the other VPC if nobody needs it",
        )
    for item in plan:
        subnet = observed.subnets.get(item.part)
        if subnet is not None and subnet.cidr != item.cidr:
            raise Terminal(
                f"subnet {item.part} ({subnet.id}) of {where} has the range {subnet.cidr}, and "
                f"should have {item.cidr}; a subnet cannot be changed, and is not replaced",
                hint="keep the number and order of `tiers`, or empty and delete the subnet first",
            )
    return plan


Found = tuple[str, str | None, str | None]


def _compared(
    parameters: NetworkParameters, wishes: Wishes, observed: NetworkState, vpc: VpcState
) -> Iterator[Found]:
    for words, is_on, wanted in (
        ("DNS support", vpc.dns_support, parameters.dns_support),
        ("DNS hostnames", vpc.dns_hostnames, parameters.dns_hostnames),
    ):
        if is_on != wanted:
            yield (
                f"{words} is {on_or_off(is_on)}, should be {on_or_off(wanted)}",
                on_or_off(is_on),
                on_or_off(wanted),
            )
    if parameters.has_public and not observed.is_attached:
        state = "is not attached" if observed.internet_gateway else "is not there"
        yield f"the internet gateway {state}", None, "attached"
    yield from _subnets(wishes, observed)
    yield from _nats(wishes, observed)
    yield from _routes(parameters, wishes, observed)
    yield from _flow_logs(parameters, observed)
    untagged = missing_tags(parameters, observed)
    if untagged:
        yield f"tags are missing on {', '.join(sorted(untagged))}", None, "tagged"


def _subnets(wishes: Wishes, observed: NetworkState) -> Iterator[Found]:
    for part, plan in wishes.subnets.items():
        subnet = observed.subnets.get(part)
        if subnet is None:
            yield f"subnet {part} ({plan.cidr}) is not there", None, plan.cidr
            continue
        if subnet.cidr != plan.cidr:
            yield (
                f"subnet {part} is {subnet.cidr}, should be {plan.cidr}; it is not replaced",
                subnet.cidr,
                plan.cidr,
            )
        wanted = plan.tier.assign_public_ips
        if subnet.assigns_public_ips != wanted:
            yield (
                (
                    f"subnet {part}: public addresses are {on_or_off(subnet.assigns_public_ips)}, "
                    f"should be {on_or_off(wanted)}"
                ),
                on_or_off(subnet.assigns_public_ips),
                on_or_off(wanted),
            )
    for part in sorted(observed.subnets.keys() - wishes.subnets.keys()):
        yield f"subnet {part} is left over, should be deleted", observed.subnets[part].cidr, None


def _nats(wishes: Wishes, observed: NetworkState) -> Iterator[Found]:
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


def _routes(
    parameters: NetworkParameters, wishes: Wishes, observed: NetworkState
) -> Iterator[Found]:
    for part, subnets in wishes.route_tables.items():
        table = observed.route_tables.get(part)
        if table is None:
            yield f"route table {part} is not there", None, part
            continue
        target = default_route_of(part, parameters, observed)
        if target is not None and (table.default != target or not table.default_works):
            was = table.default or "nothing"
            works = "" if table.default_works or table.default is None else " (which is gone)"
            yield (
                (
                    f"route table {part}: the default route leads to {was}{works}, should lead to "
                    f"{target}"
                ),
                table.default,
                target,
            )
        for name in subnets:
            subnet = observed.subnets.get(name)
            if subnet is not None and subnet.id not in table.subnets:
                yield f"subnet {name} does not use route table {part}", None, part
    for part in sorted(observed.route_tables.keys() - wishes.route_tables.keys()):
        yield f"route table {part} is left over, should be deleted", part, None


def _flow_logs(parameters: NetworkParameters, observed: NetworkState) -> Iterator[Found]:
    wanted = parameters.flow_logs
    if wanted is None:
        if observed.flow_log is not None:
            yield "a flow log is left over, should be deleted", observed.flow_log.id, None
        return
    if wanted.destination == "cloud-watch-logs":
        if not observed.has_role:
            yield f"role {wanted.role} for flow logs is not there", None, wanted.role
        if not observed.has_log_group:
            yield f"log group {wanted.log_group} is not there", None, wanted.log_group
    if observed.flow_log is None:
        yield "there is no flow log", None, wanted.traffic
    elif not flow_log_is_right(wanted, observed.flow_log):
        state = "" if observed.flow_log.works else ", and it does not work"
        yield (
            (
                f"the flow log is not as wanted: {observed.flow_log.traffic} to "
                f"{observed.flow_log.destination}{state}"
            ),
            observed.flow_log.destination,
            wanted.bucket_arn or wanted.log_group,
        )
