"""What a service's client is, by the service's name: types alone, nothing is imported at run time.

The clients are ours (``aft.aws.clients``): they have the methods, parameters and answers of
botocore's, and raise ``aft.errors``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Protocol, overload

if TYPE_CHECKING:
    from types_boto3_accessanalyzer import AccessAnalyzerClient
    from types_boto3_account import AccountClient
    from types_boto3_budgets import BudgetsClient
    from types_boto3_ce import CostExplorerClient
    from types_boto3_cloudformation import CloudFormationClient
    from types_boto3_cloudtrail import CloudTrailClient
    from types_boto3_config import ConfigServiceClient
    from types_boto3_ec2 import EC2Client
    from types_boto3_guardduty import GuardDutyClient
    from types_boto3_iam import IAMClient
    from types_boto3_kms import KMSClient
    from types_boto3_logs import CloudWatchLogsClient
    from types_boto3_organizations import OrganizationsClient
    from types_boto3_ram import RAMClient
    from types_boto3_resourcegroupstaggingapi import ResourceGroupsTaggingAPIClient
    from types_boto3_s3 import S3Client
    from types_boto3_s3control import S3ControlClient
    from types_boto3_secretsmanager import SecretsManagerClient
    from types_boto3_securityhub import SecurityHubClient
    from types_boto3_service_quotas import ServiceQuotasClient
    from types_boto3_ssm import SSMClient
    from types_boto3_sts import STSClient
    from types_boto3_support import SupportClient


class ClientOf(Protocol):
    """Gives a client by its service's name. A service that aft itself uses has one overload here,
    and its stubs in the ``dev`` extra; a plug-in may ask for any other, and gets a client that is
    not typed."""

    @overload
    def __call__(
        self, service: Literal["accessanalyzer"], region: str | None = None
    ) -> AccessAnalyzerClient: ...
    @overload
    def __call__(self, service: Literal["account"], region: str | None = None) -> AccountClient: ...
    @overload
    def __call__(self, service: Literal["budgets"], region: str | None = None) -> BudgetsClient: ...
    @overload
    def __call__(self, service: Literal["ce"], region: str | None = None) -> CostExplorerClient: ...
    @overload
    def __call__(
        self, service: Literal["cloudformation"], region: str | None = None
    ) -> CloudFormationClient: ...
    @overload
    def __call__(
        self, service: Literal["cloudtrail"], region: str | None = None
    ) -> CloudTrailClient: ...
    @overload
    def __call__(
        self, service: Literal["config"], region: str | None = None
    ) -> ConfigServiceClient: ...
    @overload
    def __call__(self, service: Literal["ec2"], region: str | None = None) -> EC2Client: ...
    @overload
    def __call__(
        self, service: Literal["guardduty"], region: str | None = None
    ) -> GuardDutyClient: ...
    @overload
    def __call__(self, service: Literal["iam"], region: str | None = None) -> IAMClient: ...
    @overload
    def __call__(self, service: Literal["kms"], region: str | None = None) -> KMSClient: ...
    @overload
    def __call__(
        self, service: Literal["logs"], region: str | None = None
    ) -> CloudWatchLogsClient: ...
    @overload
    def __call__(
        self, service: Literal["organizations"], region: str | None = None
    ) -> OrganizationsClient: ...
    @overload
    def __call__(self, service: Literal["ram"], region: str | None = None) -> RAMClient: ...
    @overload
    def __call__(
        self, service: Literal["resourcegroupstaggingapi"], region: str | None = None
    ) -> ResourceGroupsTaggingAPIClient: ...
    @overload
    def __call__(self, service: Literal["s3"], region: str | None = None) -> S3Client: ...
    @overload
    def __call__(
        self, service: Literal["s3control"], region: str | None = None
    ) -> S3ControlClient: ...
    @overload
    def __call__(
        self, service: Literal["secretsmanager"], region: str | None = None
    ) -> SecretsManagerClient: ...
    @overload
    def __call__(
        self, service: Literal["securityhub"], region: str | None = None
    ) -> SecurityHubClient: ...
    @overload
    def __call__(
        self, service: Literal["service-quotas"], region: str | None = None
    ) -> ServiceQuotasClient: ...
    @overload
    def __call__(self, service: Literal["ssm"], region: str | None = None) -> SSMClient: ...
    @overload
    def __call__(self, service: Literal["sts"], region: str | None = None) -> STSClient: ...
    @overload
    def __call__(self, service: Literal["support"], region: str | None = None) -> SupportClient: ...
    @overload
    def __call__(self, service: str, region: str | None = None) -> Any: ...
