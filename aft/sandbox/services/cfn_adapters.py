"""What moto's resource models leave out, per resource type.

An adapter prepares properties before moto makes the resource, finishes it afterwards, changes it
in place and deletes it. Types without one are moto's alone. Knows no stack.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from moto.ec2.models import ec2_backends
from moto.iam.models import iam_backends
from moto.kms.models import kms_backends
from moto.logs.models import logs_backends
from moto.s3.models import s3_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from aft.sandbox.services.moto_seams import Refusal

Properties = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a resource is made, and for which stack."""

    account_id: str
    region: str
    stack_id: str
    stack_name: str

    @property
    def iam(self) -> Any:
        return iam_backends[self.account_id]["aws"]

    @property
    def ec2(self) -> Any:
        return ec2_backends[self.account_id][self.region]


def _nothing_before(properties: Properties, name: str, place: Place) -> None:
    """moto needs no help."""


def _nothing_after(resource: Any, properties: Properties, place: Place) -> None:
    """moto left nothing out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Adapter:
    """``update`` and ``delete`` are ``None`` where moto's own way serves.

    A change of one of the ``identity`` properties replaces the resource.
    """

    prepare: Callable[[Properties, str, Place], None] = _nothing_before
    prepare_update: Callable[[Properties, str, Place], None] = _nothing_before
    finish: Callable[[Any, Properties, Place], None] = _nothing_after
    update: Callable[[Any, Properties, Place], None] | None = None
    delete: Callable[[Any, Properties, Place], None] | None = None
    identity: tuple[str, ...] = ()

    def keeps_identity(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
        return all(before.get(name) == after.get(name) for name in self.identity)


# --- IAM -------------------------------------------------------------------------------------


def _document(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _finish_role(role: Any, properties: Properties, place: Place) -> None:
    for policy in properties.get("Policies") or []:
        place.iam.put_role_policy(
            role.name, policy["PolicyName"], _document(policy["PolicyDocument"])
        )
    for arn in properties.get("ManagedPolicyArns") or []:
        place.iam.attach_role_policy(arn, role.name)


def _prepare_role(properties: Properties, _name: str, _place: Place) -> None:
    """moto would store inline policies unchecked; ``_finish_role`` puts them."""
    properties["AssumeRolePolicyDocument"] = _document(properties["AssumeRolePolicyDocument"])
    properties.pop("Policies", None)


def _clear_role(role: Any, place: Place) -> None:
    for arn in list(role.managed_policies):
        place.iam.detach_role_policy(arn, role.name)
    for name in list(role.policies):
        role.delete_policy(name)


def _update_role(role: Any, properties: Properties, place: Place) -> None:
    place.iam.update_assume_role_policy(
        role.name, _document(properties["AssumeRolePolicyDocument"])
    )
    role.description = properties.get("Description", "")
    role.max_session_duration = properties.get("MaxSessionDuration", 3600)
    role.permissions_boundary_arn = properties.get("PermissionsBoundary")
    role.tags = list(properties.get("Tags") or [])
    _clear_role(role, place)
    _finish_role(role, properties, place)


def _delete_role(role: Any, _properties: Properties, place: Place) -> None:
    _clear_role(role, place)
    place.iam.delete_role(role.name)


def _update_managed_policy(policy: Any, properties: Properties, place: Place) -> None:
    if len(policy.versions) >= 5:
        oldest = next(v for v in policy.versions if not v.is_default)
        place.iam.delete_policy_version(policy.arn, oldest.version_id)
    place.iam.create_policy_version(policy.arn, _document(properties["PolicyDocument"]), "true")


def _delete_managed_policy(policy: Any, _properties: Properties, place: Place) -> None:
    for role in list(place.iam.roles.values()):
        if policy.arn in role.managed_policies:
            place.iam.detach_role_policy(policy.arn, role.name)
    place.iam.delete_policy(policy.arn)


# --- messages, logs, keys, buckets --------------------------------------------------------------


def _taken(name: str) -> Refusal:
    return Refusal("AlreadyExists", f"{name} already exists")


def _prepare_topic(_properties: Properties, name: str, place: Place) -> None:
    topics = sns_backends[place.account_id][place.region].topics
    if f"arn:aws:sns:{place.region}:{place.account_id}:{name}" in topics:
        raise _taken(name)


def _prepare_queue(_properties: Properties, name: str, place: Place) -> None:
    if name in sqs_backends[place.account_id][place.region].queues:
        raise _taken(name)


def _update_log_group(group: Any, properties: Properties, place: Place) -> None:
    backend = logs_backends[place.account_id][place.region]
    days = properties.get("RetentionInDays")
    backend.set_retention_policy(group.name, str(days) if days else None)


def _prepare_key(properties: Properties, _name: str, place: Place) -> None:
    everything = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{place.account_id}:root"},
                "Action": "kms:*",
                "Resource": "*",
            }
        ],
    }
    properties["KeyPolicy"] = _document(properties.get("KeyPolicy") or everything)


def _update_key(key: Any, properties: Properties, _place: Place) -> None:
    key.policy = _document(properties["KeyPolicy"])
    key.description = properties.get("Description")
    key.key_rotation_status = properties.get("EnableKeyRotation", False)
    key.enabled = properties.get("Enabled", True)


def _delete_key(key: Any, properties: Properties, place: Place) -> None:
    days = int(properties.get("PendingWindowInDays", 30))
    kms_backends[place.account_id][place.region].schedule_key_deletion(key.id, days)


def _finish_bucket(bucket: Any, properties: Properties, place: Place) -> None:
    backend = s3_backends[place.account_id]["aws"]
    versioning = properties.get("VersioningConfiguration") or {}
    if versioning:
        backend.put_bucket_versioning(bucket.name, versioning["Status"])
    block = properties.get("PublicAccessBlockConfiguration")
    if block is not None:
        backend.put_bucket_public_access_block(
            bucket.name, {key: str(value).lower() for key, value in block.items()}
        )


def _update_bucket(bucket: Any, properties: Properties, place: Place) -> None:
    type(bucket).update_from_cloudformation_json(
        original_resource=bucket,
        new_resource_name=bucket.name,
        cloudformation_json={"Properties": properties},
        account_id=place.account_id,
        region_name=place.region,
    )
    _finish_bucket(bucket, properties, place)


def _delete_bucket(bucket: Any, _properties: Properties, place: Place) -> None:
    backend = s3_backends[place.account_id]["aws"]
    if bucket.keys:
        raise Refusal("BucketNotEmpty", "The bucket you tried to delete is not empty")
    backend.delete_bucket(bucket.name)


def _prepare_parameter(properties: Properties, name: str, _place: Place) -> None:
    properties["Name"] = name
    if isinstance(properties.get("Tags"), dict):
        properties["Tags"] = [{"Key": k, "Value": v} for k, v in properties["Tags"].items()]


# --- network ----------------------------------------------------------------------------------


def _finish_vpc(vpc: Any, properties: Properties, place: Place) -> None:
    for name, attribute in (
        ("EnableDnsSupport", "enable_dns_support"),
        ("EnableDnsHostnames", "enable_dns_hostnames"),
    ):
        if name in properties:
            on = str(properties[name]).lower() == "true"
            place.ec2.modify_vpc_attribute(vpc.id, attribute, on)


def _retag(resource: Any, properties: Properties, place: Place) -> None:
    present = dict(place.ec2.tags.get(resource.id, {}))
    for key in [key for key in present if not key.startswith("aws:")]:
        place.ec2.tags[resource.id].pop(key)
    for tag in properties.get("Tags") or []:
        resource.add_tag(tag["Key"], tag["Value"])


def _update_vpc(vpc: Any, properties: Properties, place: Place) -> None:
    _retag(vpc, properties, place)
    _finish_vpc(vpc, properties, place)


def _delete_gateway(gateway: Any, _properties: Properties, place: Place) -> None:
    place.ec2.delete_internet_gateway(gateway.id)


def _delete_attachment(_attachment: Any, properties: Properties, place: Place) -> None:
    if "InternetGatewayId" in properties:
        place.ec2.detach_internet_gateway(properties["InternetGatewayId"], properties["VpcId"])
    if "VpnGatewayId" in properties:
        place.ec2.detach_vpn_gateway(properties["VpnGatewayId"], properties["VpcId"])


def _delete_route_table(table: Any, _properties: Properties, place: Place) -> None:
    place.ec2.delete_route_table(table.id)


def _delete_table_association(_association: Any, properties: Properties, place: Place) -> None:
    table = place.ec2.get_route_table(properties["RouteTableId"])
    for item in table.associations:
        if item.get("SubnetId") == properties["SubnetId"]:
            place.ec2.disassociate_route_table(item["RouteTableAssociationId"])


def _delete_route(_route: Any, properties: Properties, place: Place) -> None:
    place.ec2.delete_route(
        properties["RouteTableId"],
        properties.get("DestinationCidrBlock"),
        properties.get("DestinationIpv6CidrBlock"),
        properties.get("DestinationPrefixListId"),
    )


def _delete_nat_gateway(gateway: Any, _properties: Properties, place: Place) -> None:
    place.ec2.delete_nat_gateway(gateway.id)
    place.ec2.enis.pop(gateway._eni.id, None)  # noqa: SLF001 - moto leaves it behind


def _delete_address(address: Any, _properties: Properties, place: Place) -> None:
    if address.allocation_id:
        place.ec2.release_address(allocation_id=address.allocation_id)


def _delete_endpoint(endpoint: Any, _properties: Properties, place: Place) -> None:
    place.ec2.delete_vpc_endpoints([endpoint.id])


ADAPTERS: Mapping[str, Adapter] = {
    "AWS::EC2::EIP": Adapter(delete=_delete_address),
    "AWS::EC2::InternetGateway": Adapter(update=_retag, delete=_delete_gateway),
    "AWS::EC2::NatGateway": Adapter(delete=_delete_nat_gateway),
    "AWS::EC2::Route": Adapter(delete=_delete_route),
    "AWS::EC2::RouteTable": Adapter(update=_retag, delete=_delete_route_table, identity=("VpcId",)),
    "AWS::EC2::SubnetRouteTableAssociation": Adapter(delete=_delete_table_association),
    "AWS::EC2::VPC": Adapter(finish=_finish_vpc, update=_update_vpc, identity=("CidrBlock",)),
    "AWS::EC2::VPCEndpoint": Adapter(delete=_delete_endpoint),
    "AWS::EC2::VPCGatewayAttachment": Adapter(delete=_delete_attachment),
    "AWS::IAM::ManagedPolicy": Adapter(
        update=_update_managed_policy,
        delete=_delete_managed_policy,
        identity=("ManagedPolicyName", "Path", "Description"),
    ),
    "AWS::IAM::Role": Adapter(
        prepare=_prepare_role,
        finish=_finish_role,
        update=_update_role,
        delete=_delete_role,
        identity=("RoleName", "Path"),
    ),
    "AWS::KMS::Key": Adapter(
        prepare=_prepare_key, prepare_update=_prepare_key, update=_update_key, delete=_delete_key
    ),
    "AWS::Logs::LogGroup": Adapter(update=_update_log_group, identity=("LogGroupName",)),
    "AWS::S3::Bucket": Adapter(
        finish=_finish_bucket,
        update=_update_bucket,
        delete=_delete_bucket,
        identity=("BucketName",),
    ),
    "AWS::SNS::Topic": Adapter(prepare=_prepare_topic),
    "AWS::SQS::Queue": Adapter(prepare=_prepare_queue),
    "AWS::SSM::Parameter": Adapter(prepare=_prepare_parameter),
}
