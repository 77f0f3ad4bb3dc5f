"""Baseline setting ``network``: one VPC with subnets over zones, routes and flow logs.

AWS (VPC User Guide): a VPC's range is a /16 to a /28 and cannot be changed, only extended; AWS
reserves five addresses in every subnet. Quotas per region: 5 VPCs, 200 subnets per VPC, 5 Elastic
IP addresses, 5 NAT gateways per zone, 2 flow logs of a type per resource. A NAT gateway takes
minutes to become ``available``, needs an internet gateway on its VPC, and keeps its address
allocated when it is deleted. A flow log cannot be changed, so it is created again; for a log group
it needs a role that ``vpc-flow-logs.amazonaws.com`` can assume, for a bucket it needs the bucket's
policy, which AWS writes itself if the caller has permission.

Made are: the VPC with its DNS switches; per tier one subnet per zone, zones in the order of their
ids (which mean the same place in every account); one route table for the public tiers and one per
zone for the private ones; an internet gateway where there is a public tier; NAT gateways as asked
for; a flow log. All of it carries the tags ``aft:network`` and ``aft:network-part``, by which it is
found again; the main route table and everything else in the VPC are left alone, and so is a
default route that leads to somewhere else than a gateway of this setting.

Where the addresses come from: `cidr`, else the field `cidr_from` of the request, else a range of
`pool` that the plan hands out and the ledger remembers (``AccountFacts.allocations``). A network
whose VPC has another range, that would overlap another VPC of the account, or whose subnets have
other ranges is never replaced: that is refused. What is no longer wanted is deleted only if AWS
says that nothing uses it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aft.baselines.model import NetworkClaim, SettingInputs
from aft.errors import Terminal
from aft.organization.model import AccountFacts
from aft.sessions import AccountSession
from aft.settings.network.change import Builder
from aft.settings.network.desired import comparison_of, steps
from aft.settings.network.parameters import NetworkParameters, SubnetPlan, subnets_of
from aft.settings.network.state import (
    NetworkState,
    overlapping,
    own_cidr,
    read_network,
    without_default,
)
from aft.settings.shapes.setting import Differences, Setting, differs

Inputs = SettingInputs[NetworkParameters]


class Network(Setting[NetworkParameters, NetworkState]):
    """The account has its network."""

    name = "network"
    comes_after = ("default-vpc-removal",)  # frees its range
    description = "A VPC with subnets, routes, gateways and flow logs."
    stays = "the VPC stays, and keeps its address range"

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

    def live_network(self, inputs: Inputs, session: AccountSession) -> str | None:
        ec2 = session.client("ec2", _region(inputs))
        return own_cidr(ec2, inputs.parameters.network)

    # --- the setting ---------------------------------------------------------------------

    def read(self, inputs: Inputs, session: AccountSession) -> NetworkState:
        return read_network(inputs.parameters, _region(inputs), session)

    def differences(self, inputs: Inputs, observed: NetworkState) -> Differences:
        where, vpc, cidr = _where(inputs), observed.vpc, self._cidr(inputs)
        if vpc is None:
            what = cidr or "a range that is yet to be allocated"
            yield differs(f"{where} is not there, should be made of {what}", None, cidr)
            return
        if cidr is None:
            return  # nothing says what it should be; the plan does not let this happen
        if vpc.cidr != cidr:
            words = f"{where} ({vpc.id}) is {vpc.cidr}, should be {cidr}; a VPC is not replaced"
            yield differs(words, vpc.cidr, cidr)
            return
        try:
            plan = subnets_of(cidr, inputs.parameters)
        except ValueError as error:
            yield differs(f"{where}: {error}", None, None)
            return
        for step in steps(comparison_of(inputs.parameters, plan, observed)):
            if step.words:
                yield differs(f"{where}: {step.words}", step.before, step.after)

    def refuse(self, inputs: Inputs, observed: NetworkState) -> None:
        """What only an apply knows is left to it: a range that is yet to be handed out, and
        whether the default VPC still has the range."""
        cidr = self._cidr(inputs)
        if cidr is not None:
            _checked(inputs, without_default(observed), cidr)

    def change(self, inputs: Inputs, observed: NetworkState, session: AccountSession) -> None:
        self.fix(inputs, observed, session)  # looks itself, and refuses where nothing differs too

    def fix(self, inputs: Inputs, observed: NetworkState, session: AccountSession) -> None:
        cidr, region = self._cidr(inputs), _region(inputs)
        plan = _checked(inputs, observed, cidr)
        comparison = comparison_of(inputs.parameters, plan, observed)
        ec2 = session.client("ec2", region)
        builder = Builder(it=comparison, region=region, ec2=ec2, session=session)
        if observed.vpc is None:
            builder.make_vpc(cidr or "")
        for step in steps(comparison):
            step.fix(builder)

    def _cidr(self, inputs: Inputs) -> str | None:
        given = self.network_claim(inputs.account, inputs.parameters).cidr
        return given or inputs.account.allocations.get(self.name)


def _region(inputs: Inputs) -> str:
    return inputs.parameters.region or inputs.account.home_region


def _where(inputs: Inputs) -> str:
    return f"network {inputs.parameters.network} in {_region(inputs)}"


def _checked(inputs: Inputs, observed: NetworkState, cidr: str | None) -> tuple[SubnetPlan, ...]:
    """The subnets wanted. Raises ``Terminal`` for what would hurt, before anything is done."""
    parameters, vpc, where = inputs.parameters, observed.vpc, _where(inputs)
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
            f"{_region(inputs)} has {len(observed.zones)} zones for this account, {where} wants "
            f"{parameters.zones}",
            hint="write fewer `zones` in the baseline",
        )
    if observed.twins and vpc is not None:
        raise Terminal(
            f"there is more than one {where}: {', '.join((vpc.id, *observed.twins))}",
            hint="take the tag aft:network off all but the one that is meant",
        )
    if vpc is not None and vpc.cidr != cidr:
        raise Terminal(
            f"{where} ({vpc.id}) has the range {vpc.cidr}, and should have {cidr}; a VPC cannot "
            "be changed, and is not replaced",
            hint=f"give {vpc.cidr} in the request, or empty and delete the VPC first",
        )
    clashes = overlapping(observed, cidr)
    if vpc is None and clashes:
        raise Terminal(
            f"{where} was not made: {cidr} overlaps {', '.join(clashes)} of this account",
            hint="give another range, or delete the other VPC if it is not needed",
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
