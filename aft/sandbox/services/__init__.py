"""Services inside member accounts, as strict as AWS where aft's correctness depends on it.

Each module adjusts one of moto's services from our own code with an idempotent ``install()``.
``install_all`` promises them for this process without importing them: each is installed in the
moment its moto service is first imported, because EC2 and CloudFormation alone cost a second.
"""

from __future__ import annotations

from aft.sandbox.services.deferred import install_with

SERVICES = (
    "cloudformation",
    "cloudtrail",
    "config",
    "ec2",
    "iam",
    "kms",
    "logs",
    "s3",
    "s3control",
    "secretsmanager",
    "servicequotas",
    "ssm",
)


def install_all() -> None:
    """Make all of them strict, now or when first used; again changes nothing."""
    for service in SERVICES:
        install_with(f"moto.{service}.models", f"{__name__}.{service}")
