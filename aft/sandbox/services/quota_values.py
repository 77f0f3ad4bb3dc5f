"""Service quotas of a new account, a selection: (service, code) -> what AWS says of it. Values.

Source: the services' own quota pages in the AWS General Reference; VPC's are moto's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from moto.servicequotas.resources.default_quotas.vpc import VPC_DEFAULT_QUOTAS


@dataclass(frozen=True, slots=True)
class QuotaValue:
    """``is_global`` quotas live in us-east-1 alone."""

    service_name: str
    name: str
    value: float
    adjustable: bool = True
    is_global: bool = False


QUOTAS: Mapping[tuple[str, str], QuotaValue] = {
    **{
        (str(item["ServiceCode"]), str(item["QuotaCode"])): QuotaValue(
            str(item["ServiceName"]),
            str(item["QuotaName"]),
            float(str(item["Value"])),
            adjustable=bool(item["Adjustable"]),
            is_global=bool(item["GlobalQuota"]),
        )
        for item in VPC_DEFAULT_QUOTAS
    },
    ("ec2", "L-0263D0A3"): QuotaValue("Amazon EC2", "EC2-VPC Elastic IPs", 5.0),
    ("ec2", "L-1216C47A"): QuotaValue(
        "Amazon EC2", "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances", 5.0
    ),
    ("ec2", "L-34B43A08"): QuotaValue(
        "Amazon EC2", "All Standard (A, C, D, H, I, M, R, T, Z) Spot Instance Requests", 5.0
    ),
    ("lambda", "L-B99A9384"): QuotaValue("AWS Lambda", "Concurrent executions", 1000.0),
    ("cloudformation", "L-0485CB21"): QuotaValue("AWS CloudFormation", "Stack count", 2000.0),
    ("rds", "L-7B6409FD"): QuotaValue("Amazon RDS", "DB instances", 40.0),
    ("logs", "L-7E1FAE88"): QuotaValue(
        "Amazon CloudWatch Logs", "PutLogEvents throttle limit in transactions per second", 5000.0
    ),
    ("iam", "L-FE177D64"): QuotaValue(
        "AWS Identity and Access Management (IAM)", "Roles per account", 1000.0, is_global=True
    ),
    ("iam", "L-0DA4ABF3"): QuotaValue(
        "AWS Identity and Access Management (IAM)",
        "Managed policies attached to an IAM role",
        10.0,
        is_global=True,
    ),
    ("iam", "L-C4DF001E"): QuotaValue(
        "AWS Identity and Access Management (IAM)",
        "Role trust policy length",
        2048.0,
        is_global=True,
    ),
    ("iam", "L-384571C4"): QuotaValue(
        "AWS Identity and Access Management (IAM)",
        "Groups per account",
        300.0,
        adjustable=True,
        is_global=True,
    ),
    ("s3", "L-DC2B2D3D"): QuotaValue(
        "Amazon Simple Storage Service (Amazon S3)",
        "General purpose buckets",
        10_000.0,
        is_global=True,
    ),
}
GLOBAL_REGION = "us-east-1"
