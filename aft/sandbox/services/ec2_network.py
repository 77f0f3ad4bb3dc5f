"""EC2's rules for networks where moto is kinder: quotas, gateways, routes, addresses, flow logs.

Facts: the VPC User Guide (default security groups, NAT gateways, quotas), the EC2 API's error
codes, and the flow logs chapter on roles. Everything else is moto's.
"""

from __future__ import annotations

from typing import Any

from moto.ec2.exceptions import FlowLogAlreadyExists
from moto.ec2.models import EC2Backend
from moto.ec2.models.flow_logs import FlowLogs
from moto.ec2.models.nat_gateways import NatGateway
from moto.ec2.models.route_tables import Route
from moto.ec2.models.vpcs import VPC
from moto.ec2.utils import random_flow_log_id
from moto.iam.models import iam_backends
from moto.s3.models import s3_backends

from aft.sandbox.services.moto_seams import Refusal

VPCS_PER_REGION = 5
ADDRESSES_PER_REGION = 5
LOOKS_UNTIL_AVAILABLE = 1
FLOW_LOGS_SERVICE = "vpc-flow-logs.amazonaws.com"


class StrictNatGateway(NatGateway):
    """``pending`` at first, ``available`` when looked at again."""

    looks_left: int = LOOKS_UNTIL_AVAILABLE
    state: str

    def look(self) -> None:
        """One describe."""
        if self.state == "pending":
            if self.looks_left <= 0:
                self.state = "available"
            self.looks_left -= 1


class StrictRoute(Route):
    """A route whose target is gone leads nowhere."""

    @property
    def state(self) -> str:
        gateway: Any = self.gateway
        nat: Any = self.nat_gateway
        if nat is not None and nat.state in ("deleting", "deleted", "failed"):
            return "blackhole"
        if gateway is not None and hasattr(gateway, "vpc") and gateway.vpc is None:
            return "blackhole"
        return "active"


class NetworkRules(EC2Backend):
    """Part of the strict EC2 backend."""

    # --- VPCs and default security groups -----------------------------------------------

    def create_vpc(self, cidr_block: str, *args: Any, **kwargs: Any) -> VPC:
        if len(self.vpcs) >= VPCS_PER_REGION:
            raise Refusal("VpcLimitExceeded", "The maximum number of VPCs has been reached.")
        vpc = super().create_vpc(cidr_block, *args, **kwargs)
        group = self.get_security_group_from_name("default", vpc_id=vpc.id)
        if group is not None and not group.ingress_rules:
            # The members of a default group may talk to each other.
            self.authorize_security_group_ingress(
                group.id,
                "-1",
                "-1",
                "-1",
                [],
                source_groups=[{"GroupId": group.id}],
                vpc_id=vpc.id,
            )
        return vpc

    def create_network_interface(self, subnet: Any, *args: Any, **kwargs: Any) -> Any:
        """An interface for which no group is named is in the default group."""
        interface = super().create_network_interface(subnet, *args, **kwargs)
        if not interface.group_set:
            group = self.get_security_group_from_name("default", vpc_id=interface.subnet.vpc_id)
            if group is not None:
                interface.group_set.append(group)
        return interface

    # --- addresses -----------------------------------------------------------------------

    def allocate_address(self, *args: Any, **kwargs: Any) -> Any:
        if len(self.addresses) >= ADDRESSES_PER_REGION:
            raise Refusal(
                "AddressLimitExceeded", "The maximum number of addresses has been reached."
            )
        return super().allocate_address(*args, **kwargs)

    def release_address(self, address: str | None = None, allocation_id: str | None = None) -> None:
        found = (
            self.address_by_allocation([allocation_id])
            if allocation_id
            else self.address_by_ip([address or ""])
        )
        if found[0].association_id:
            raise Refusal("InvalidIPAddress.InUse", f"The address {found[0].public_ip} is in use.")
        super().release_address(address, allocation_id)

    # --- NAT gateways --------------------------------------------------------------------

    def create_nat_gateway(
        self,
        subnet_id: str,
        allocation_id: str,
        tags: dict[str, str] | None = None,
        connectivity_type: str = "public",
    ) -> NatGateway:
        vpc_id = self.get_subnet(subnet_id).vpc_id
        if connectivity_type != "private":
            self._check_public(vpc_id, allocation_id)
        gateway = super().create_nat_gateway(subnet_id, allocation_id, tags, connectivity_type)
        gateway.__class__ = StrictNatGateway
        gateway.state = "pending"
        gateway._eni.group_set.clear()  # noqa: SLF001 - a NAT gateway is in no security group
        return gateway

    def _check_public(self, vpc_id: str, allocation_id: str | None) -> None:
        if not allocation_id:
            raise Refusal("MissingParameter", "The request must contain the parameter AllocationId")
        if self.address_by_allocation([allocation_id])[0].association_id:
            raise Refusal(
                "Resource.AlreadyAssociated",
                f"resource {allocation_id} is already associated",
            )
        attached = (item.vpc for item in self.internet_gateways.values())
        if not any(vpc is not None and vpc.id == vpc_id for vpc in attached):
            raise Refusal(
                "Gateway.NotAttached", f"Network {vpc_id} has no Internet gateway attached"
            )

    def describe_nat_gateways(
        self, filters: Any, nat_gateway_ids: list[str] | None
    ) -> list[NatGateway]:
        wanted = {
            name: values
            for name, values in (filters or {}).items()
            if name.startswith("tag:") or name == "tag-key"
        }
        for gateway_id in nat_gateway_ids or ():
            if gateway_id not in self.nat_gateways:
                raise _no_nat_gateway(gateway_id)
        for item in self.nat_gateways.values():
            if isinstance(item, StrictNatGateway):
                item.look()
        found = super().describe_nat_gateways(filters, nat_gateway_ids)
        return [item for item in found if _has_tags(item, wanted)]

    def delete_nat_gateway(self, nat_gateway_id: str) -> NatGateway:
        gateway = self.nat_gateways.get(nat_gateway_id)
        if gateway is None:
            raise _no_nat_gateway(nat_gateway_id)
        interface = gateway._eni  # noqa: SLF001 - moto has no other
        for address in self.addresses:
            if address.eni is not None and address.eni.id == interface.id:
                self.disassociate_address(address=address.public_ip)
        if interface.id in self.enis:
            self.delete_network_interface(interface.id)
        return super().delete_nat_gateway(nat_gateway_id)

    # --- routes --------------------------------------------------------------------------

    def create_route(self, route_table_id: str, *args: Any, **kwargs: Any) -> Route:
        self._check_targets(route_table_id, kwargs)
        route = super().create_route(route_table_id, *args, **kwargs)
        route.__class__ = StrictRoute
        return route

    def replace_route(self, route_table_id: str, *args: Any, **kwargs: Any) -> Route:
        self._check_targets(route_table_id, kwargs)
        return super().replace_route(route_table_id, *args, **kwargs)

    def _check_targets(self, route_table_id: str, targets: dict[str, Any]) -> None:
        table = self.get_route_table(route_table_id)
        gateway_id, nat_id = targets.get("gateway_id"), targets.get("nat_gateway_id")
        if gateway_id and gateway_id.startswith("igw-"):
            vpc: Any = self.get_internet_gateway(gateway_id).vpc
            if vpc is None or vpc.id != table.vpc_id:
                raise Refusal(
                    "InvalidParameterValue",
                    f"route table {route_table_id} and network gateway {gateway_id} belong to "
                    "different networks",
                )
        if nat_id and (nat_id not in self.nat_gateways or self._is_gone(nat_id)):
            raise Refusal(
                "InvalidNatGatewayID.NotFound",
                f"The natGateway ID '{nat_id}' does not exist",
            )

    def _is_gone(self, nat_id: str) -> bool:
        return self.nat_gateways[nat_id].state in ("deleting", "deleted", "failed")

    def associate_route_table(
        self, route_table_id: str, gateway_id: str | None = None, subnet_id: str | None = None
    ) -> str:
        for table in self.route_tables.values():
            associations: dict[str, str] = table._associations  # noqa: SLF001 - moto has no other
            if table.id != route_table_id and subnet_id and subnet_id in associations.values():
                raise Refusal(
                    "Resource.AlreadyAssociated",
                    f"the specified association for route table {route_table_id} conflicts with "
                    f"an existing association of {table.id}",
                )
        return super().associate_route_table(route_table_id, gateway_id, subnet_id)

    # --- flow logs -----------------------------------------------------------------------

    def create_flow_logs(
        self,
        resource_type: str,
        resource_ids: list[str],
        traffic_type: str,
        deliver_logs_permission_arn: str,
        log_destination_type: str,
        log_destination: str,
        *args: Any,
        **kwargs: Any,
    ) -> tuple[list[FlowLogs], list[Any]]:
        if log_destination_type == "s3":
            bucket = str(log_destination or "").partition(":::")[2].partition("/")[0]
            if bucket in s3_backends.bucket_accounts:
                for resource_id in resource_ids:
                    if resource_type == "VPC":
                        self.get_vpc(resource_id)
                return self._to_bucket(resource_ids, traffic_type, log_destination, kwargs), []
        made, refused = super().create_flow_logs(
            resource_type,
            resource_ids,
            traffic_type,
            deliver_logs_permission_arn,
            log_destination_type,
            log_destination,
            *args,
            **kwargs,
        )
        if log_destination_type == "cloud-watch-logs":
            for log in made:
                if not self._may_deliver(deliver_logs_permission_arn):
                    log.deliver_logs_status = "FAILED"
                    log.deliver_logs_error_message = "Access error"
        return made, refused

    def _to_bucket(
        self, resource_ids: list[str], traffic_type: str, destination: str, given: dict[str, Any]
    ) -> list[FlowLogs]:
        """moto looks for the bucket in the caller's account alone; it may be anyone's."""
        made = []
        for resource_id in resource_ids:
            for log in self.flow_logs.values():
                if (log.resource_id, log.log_destination) == (resource_id, destination):
                    raise FlowLogAlreadyExists
            log = FlowLogs(
                self,
                random_flow_log_id(),
                resource_id,
                traffic_type,
                destination,
                "",
                "",
                given.get("max_aggregation_interval") or 600,
                "s3",
                given.get("log_format") or "",
            )
            self.flow_logs[log.id] = log
            made.append(log)
        return made

    def _may_deliver(self, role_arn: str) -> bool:
        """Is there such a role here, and does it trust the flow logs service?"""
        roles = iam_backends[self.account_id]["aws"].roles.values()
        return any(
            role.arn == role_arn and FLOW_LOGS_SERVICE in role.assume_role_policy_document
            for role in roles
        )


def _no_nat_gateway(gateway_id: str) -> Refusal:
    return Refusal("NatGatewayNotFound", f"The Nat Gateway {gateway_id} was not found")


def _has_tags(gateway: NatGateway, wanted: dict[str, list[str]]) -> bool:
    tags = {tag["key"]: tag["value"] for tag in gateway.get_tags()}
    for name, values in wanted.items():
        if name == "tag-key":
            if not set(values) & tags.keys():
                return False
        elif tags.get(name.removeprefix("tag:")) not in values:
            return False
    return True
