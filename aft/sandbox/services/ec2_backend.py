"""EC2's state with AWS's rules: default VPCs as AWS makes them, and what may be deleted when.

Everything else is moto's. Facts: the VPC user guide ("Default VPCs", "Delete your VPC") and the
EC2 API's error codes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import moto.ec2.urls as ec2_urls
from moto.ec2.exceptions import DependencyViolationError
from moto.ec2.models import EC2Backend
from moto.ec2.models.availability_zones_and_regions import Region
from moto.ec2.models.elastic_block_store import Volume
from moto.ec2.models.network_acls import NetworkAcl
from moto.ec2.models.subnets import Subnet
from moto.ec2.models.vpcs import VPC

from aft.sandbox.services.ec2_defaults import AccountDefaults
from aft.sandbox.services.ec2_network import NetworkRules
from aft.sandbox.services.enabled_regions import opt_in_status
from aft.sandbox.services.moto_seams import Refusal
from aft.values.regions import ENABLED_BY_DEFAULT, OPT_IN

AWS_MANAGED_EBS_KEY = "alias/aws/ebs"
ANYWHERE = "0.0.0.0/0"


class StrictEc2Backend(AccountDefaults, NetworkRules, EC2Backend):
    """moto's EC2 with AWS's default VPCs, deletion rules and account settings."""

    _url_module = property(lambda _: ec2_urls)

    # --- default VPC -------------------------------------------------------------------

    def create_default_vpc(self) -> VPC:
        """Default subnets, security group and ACL are moto's; the way out is ours."""
        vpc = super().create_default_vpc()
        gateway = self.create_internet_gateway()
        self.attach_internet_gateway(gateway.id, vpc.id)
        main = next(
            table
            for table in self.route_tables.values()
            if table.vpc_id == vpc.id and table.main_association_id
        )
        self.create_route(main.id, ANYWHERE, gateway_id=gateway.id)
        return vpc

    def create_subnet(self, vpc_id: str, *args: Any, **kwargs: Any) -> Subnet:
        """Only subnets of the default VPC can be default subnets."""
        subnet = super().create_subnet(vpc_id, *args, **kwargs)
        if not self.get_vpc(vpc_id).is_default:
            subnet.default_for_az = False
            subnet.map_public_ip_on_launch = False
        return subnet

    # --- deletion ----------------------------------------------------------------------

    def delete_vpc(self, vpc_id: str) -> VPC:
        """Refused while anything but the parts AWS made with the VPC is left in it."""
        self.get_vpc(vpc_id)
        if self.vpc_contents(vpc_id):
            raise DependencyViolationError(
                f"The vpc '{vpc_id}' has dependencies and cannot be deleted."
            )
        vpc = super().delete_vpc(vpc_id)
        for acl in [acl for acl in self.network_acls.values() if acl.vpc_id == vpc_id]:
            self.network_acls.pop(acl.id)
        return vpc

    def vpc_contents(self, vpc_id: str) -> Sequence[str]:
        """Ids of what keeps the VPC from being deleted."""
        groups = self.groups.get(vpc_id, {}).values()
        subnets = [s for zone in self.subnets.values() for s in zone.values()]
        return [
            *(subnet.id for subnet in subnets if subnet.vpc_id == vpc_id),
            *(
                gateway.id
                for gateway in self.internet_gateways.values()
                if gateway.vpc is not None and gateway.vpc.id == vpc_id
            ),
            *(
                gateway.id
                for gateway in self.egress_only_internet_gateways.values()
                if gateway.vpc_id == vpc_id
            ),
            *(eni.id for eni in self.enis.values() if eni.subnet.vpc_id == vpc_id),
            *(end.id for end in self.vpc_end_points.values() if end.vpc_id == vpc_id),
            *(group.id for group in groups if group.name != "default"),
            *(
                table.id
                for table in self.route_tables.values()
                if table.vpc_id == vpc_id and not table.main_association_id
            ),
            *(
                acl.id
                for acl in self.network_acls.values()
                if acl.vpc_id == vpc_id and not _is_default(acl)
            ),
        ]

    def delete_subnet(self, subnet_id: str) -> Subnet:
        self.get_subnet(subnet_id)
        if any(eni.subnet.id == subnet_id for eni in self.enis.values()):
            raise DependencyViolationError(
                f"The subnet '{subnet_id}' has dependencies and cannot be deleted."
            )
        for table in self.route_tables.values():
            associations: dict[str, str] = table._associations  # noqa: SLF001 - moto has no other
            for name in [name for name, target in associations.items() if target == subnet_id]:
                associations.pop(name)
        for acl in self.network_acls.values():
            links: dict[str, Any] = acl._associations  # noqa: SLF001 - moto has no other
            for name in [name for name, link in links.items() if link.subnet_id == subnet_id]:
                links.pop(name)
        return super().delete_subnet(subnet_id)

    def detach_internet_gateway(self, internet_gateway_id: str, vpc_id: str) -> None:
        """Refused while something in the VPC has a public address, as AWS does."""
        mapped = [
            eni
            for eni in self.enis.values()
            if eni.subnet.vpc_id == vpc_id and getattr(eni, "public_ip", None)
        ]
        if mapped:
            raise DependencyViolationError(
                f"Network {vpc_id} has some mapped public address(es). Please unmap those "
                "public address(es) before detaching the gateway."
            )
        super().detach_internet_gateway(internet_gateway_id, vpc_id)

    def delete_route_table(self, route_table_id: str) -> None:
        """The main route table goes with its VPC and not before; moto's delete_vpc comes
        through here after checking the contents."""
        table = self.get_route_table(route_table_id)
        if table.main_association_id and self.vpc_contents(table.vpc_id):
            raise DependencyViolationError(
                f"The routeTable '{route_table_id}' has dependencies and cannot be deleted."
            )
        super().delete_route_table(route_table_id)

    def delete_network_acl(self, network_acl_id: str) -> NetworkAcl:
        if _is_default(self.get_network_acl(network_acl_id)):
            raise Refusal("InvalidParameterValue", "Cannot delete default network ACL.")
        return super().delete_network_acl(network_acl_id)

    def delete_security_group(self, name: str | None = None, group_id: str | None = None) -> None:
        """The default group cannot be deleted by a user; moto's delete_vpc may."""
        group = self.get_security_group_from_id(group_id) if group_id else None
        if group is not None and group.name == "default" and self.vpc_contents(group.vpc_id):
            raise Refusal(
                "CannotDelete",
                f'the specified group: "{group.id}" name: "default" cannot be deleted by a user',
            )
        super().delete_security_group(name=name, group_id=group_id)

    # --- account settings --------------------------------------------------------------

    def get_ebs_default_kms_key_id(self) -> str:
        """AWS's own key until another one was chosen."""
        return self.default_kms_key_id or AWS_MANAGED_EBS_KEY

    def reset_ebs_default_kms_key_id(self) -> str:
        self.default_kms_key_id = ""
        return AWS_MANAGED_EBS_KEY

    def modify_ebs_default_kms_key_id(self, kms_key_id: str) -> str:
        if not kms_key_id:
            raise Refusal("MissingParameter", "The request must contain the parameter KmsKeyId")
        chosen: str = super().modify_ebs_default_kms_key_id(kms_key_id)
        return chosen

    def create_volume(self, size: int, zone_name: str, *args: Any, **kwargs: Any) -> Volume:
        """Encrypted where the account's default says so."""
        if self.ebs_encryption_by_default and len(args) < 2:  # moto passes keywords
            kwargs["encrypted"] = True
        return super().create_volume(size, zone_name, *args, **kwargs)

    def visible_regions(self, names: Sequence[str], *, everything: bool) -> list[Region]:
        """Regions of this partition as this account sees them."""
        known = {name: f"ec2.{name}.amazonaws.com" for name in sorted(ENABLED_BY_DEFAULT | OPT_IN)}
        unknown = [name for name in names if name not in known]
        if unknown:
            raise Refusal("InvalidParameterValue", f"Invalid region: {', '.join(unknown)}")
        described = [
            Region(name, endpoint, opt_in_status(self.account_id, name))
            for name, endpoint in known.items()
            if not names or name in names
        ]
        if everything or names:
            return described
        return [region for region in described if region.opt_in_status != "not-opted-in"]


def _is_default(acl: NetworkAcl) -> bool:
    return acl.default in (True, "true")
