"""Property names of the resource types that account customizations use most.

CloudFormation refuses what a type's schema does not know; the schemas are not on this machine,
so this is a list of our own. A type that is not here gets no name check. Source: the
CloudFormation resource and property reference.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

# type: (required, optional)
_KNOWN: Mapping[str, tuple[str, str]] = {
    "AWS::EC2::InternetGateway": ("", "Tags"),
    "AWS::EC2::Route": (
        "RouteTableId",
        (
            "CarrierGatewayId CoreNetworkArn DestinationCidrBlock DestinationIpv6CidrBlock "
            "DestinationPrefixListId EgressOnlyInternetGatewayId GatewayId InstanceId "
            "LocalGatewayId "
            "NatGatewayId NetworkInterfaceId TransitGatewayId VpcEndpointId VpcPeeringConnectionId"
        ),
    ),
    "AWS::EC2::RouteTable": ("VpcId", "Tags"),
    "AWS::EC2::SecurityGroup": (
        "GroupDescription",
        "GroupName SecurityGroupEgress SecurityGroupIngress Tags VpcId",
    ),
    "AWS::EC2::Subnet": (
        "VpcId",
        (
            "AssignIpv6AddressOnCreation AvailabilityZone AvailabilityZoneId "
            "BlockPublicAccessStates "
            "CidrBlock EnableDns64 EnableLniAtDeviceIndex Ipv4IpamPoolId Ipv4NetmaskLength "
            "Ipv6CidrBlock Ipv6CidrBlocks Ipv6IpamPoolId Ipv6Native Ipv6NetmaskLength "
            "MapPublicIpOnLaunch OutpostArn PrivateDnsNameOptionsOnLaunch Tags"
        ),
    ),
    "AWS::EC2::SubnetRouteTableAssociation": ("RouteTableId SubnetId", ""),
    "AWS::EC2::VPC": (
        "",
        (
            "CidrBlock EnableDnsHostnames EnableDnsSupport InstanceTenancy Ipv4IpamPoolId "
            "Ipv4NetmaskLength Tags"
        ),
    ),
    "AWS::EC2::VPCGatewayAttachment": ("VpcId", "InternetGatewayId VpnGatewayId"),
    "AWS::IAM::InstanceProfile": ("Roles", "InstanceProfileName Path"),
    "AWS::IAM::ManagedPolicy": (
        "PolicyDocument",
        "Description Groups ManagedPolicyName Path Roles Users",
    ),
    "AWS::IAM::OIDCProvider": ("", "ClientIdList Tags ThumbprintList Url"),
    "AWS::IAM::Policy": ("PolicyDocument PolicyName", "Groups Roles Users"),
    "AWS::IAM::Role": (
        "AssumeRolePolicyDocument",
        (
            "Description ManagedPolicyArns MaxSessionDuration Path PermissionsBoundary Policies "
            "RoleName Tags"
        ),
    ),
    "AWS::IAM::User": (
        "",
        "Groups LoginProfile ManagedPolicyArns Path PermissionsBoundary Policies Tags UserName",
    ),
    "AWS::KMS::Alias": ("AliasName TargetKeyId", ""),
    "AWS::KMS::Key": (
        "",
        (
            "BypassPolicyLockoutSafetyCheck Description EnableKeyRotation Enabled KeyPolicy "
            "KeySpec "
            "KeyUsage MultiRegion Origin PendingWindowInDays RotationPeriodInDays Tags"
        ),
    ),
    "AWS::Logs::LogGroup": (
        "",
        (
            "BearerTokenAuthenticationEnabled DataProtectionPolicy DeletionProtectionEnabled "
            "FieldIndexPolicies KmsKeyId LogGroupClass LogGroupName ResourcePolicyDocument "
            "RetentionInDays Tags"
        ),
    ),
    "AWS::S3::Bucket": (
        "",
        (
            "AbacStatus AccelerateConfiguration AccessControl AnalyticsConfigurations "
            "BucketEncryption BucketName BucketNamePrefix BucketNamespace CorsConfiguration "
            "IntelligentTieringConfigurations InventoryConfigurations LifecycleConfiguration "
            "LoggingConfiguration MetadataConfiguration MetadataTableConfiguration "
            "MetricsConfigurations NotificationConfiguration ObjectLockConfiguration "
            "ObjectLockEnabled OwnershipControls PublicAccessBlockConfiguration "
            "ReplicationConfiguration Tags VersioningConfiguration WebsiteConfiguration"
        ),
    ),
    "AWS::SNS::Topic": (
        "",
        (
            "ArchivePolicy ContentBasedDeduplication DataProtectionPolicy DeliveryStatusLogging "
            "DisplayName FifoThroughputScope FifoTopic KmsMasterKeyId SignatureVersion "
            "Subscription "
            "Tags TopicName TracingConfig"
        ),
    ),
    "AWS::SQS::Queue": (
        "",
        (
            "ContentBasedDeduplication DeduplicationScope DelaySeconds FifoQueue "
            "FifoThroughputLimit "
            "KmsDataKeyReusePeriodSeconds KmsMasterKeyId MaximumMessageSize MessageRetentionPeriod "
            "QueueName ReceiveMessageWaitTimeSeconds RedriveAllowPolicy RedrivePolicy "
            "SqsManagedSseEnabled Tags VisibilityTimeout"
        ),
    ),
    "AWS::SSM::Parameter": (
        "Type Value",
        "AllowedPattern DataType Description Name Policies Tags Tier",
    ),
}


def problems(resource_type: str, properties: Mapping[str, Any]) -> Iterator[str]:
    """What the schema of ``resource_type`` would refuse, in AWS's words."""
    known = _KNOWN.get(resource_type)
    if known is None:
        return
    required, optional = (set(names.split()) for names in known)
    for name in sorted(required - set(properties)):
        yield f"#: required key [{name}] not found"
    for name in sorted(set(properties) - required - optional):
        yield f"#: extraneous key [{name}] is not permitted"
