"""The types of policies AWS Organizations has, and their limits, as of ``AS_OF``.

AWS adds types and raises limits without notice: a test compares the names with botocore's
model, ``policies.limits`` of ``aft.yaml`` goes before every number here, and AWS's own refusal has
the last word.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

AS_OF = date(2026, 11, 30)
SCP = "SERVICE_CONTROL_POLICY"
RCP = "RESOURCE_CONTROL_POLICY"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """``characters`` of the text as it is sent; ``attached`` policies of a type per root, OU or
    account, never under ``least_attached``; ``policies`` of a type per organization."""

    characters: int = 10_000
    attached: int = 10
    least_attached: int = 0
    policies: int = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyType:
    """``top_level`` are the keys a document may have at its top; empty where they are not known.
    ``since`` is when the limits became what they are, where that is known; ``source`` who says
    so."""

    name: str
    title: str
    limits: Limits = Limits()
    top_level: tuple[str, ...] = ()
    since: date | None = None
    source: str = "Organizations user guide, quotas"


_ALL = (
    PolicyType(
        name=SCP,
        title="service control policy",
        limits=Limits(characters=10_240, attached=10, least_attached=1, policies=10_000),
        top_level=("Version", "Statement"),
        since=date(2026, 5, 15),
        source="AWS what's new of 2026-05-15; before, 5,120 characters and 5 per target",
    ),
    PolicyType(
        name=RCP,
        title="resource control policy",
        limits=Limits(characters=5_120, attached=5, least_attached=1),
        top_level=("Version", "Statement"),
    ),
    PolicyType(
        name="TAG_POLICY",
        title="tag policy",
        top_level=("tags",),
    ),
    PolicyType(
        name="BACKUP_POLICY",
        title="backup policy",
        top_level=("plans",),
    ),
    PolicyType(
        name="AISERVICES_OPT_OUT_POLICY",
        title="AI services opt-out policy",
        limits=Limits(characters=2_500, attached=5),
        top_level=("services",),
    ),
    PolicyType(
        name="CHATBOT_POLICY",
        title="chat applications policy",
        limits=Limits(attached=5),
    ),
    PolicyType(
        name="DECLARATIVE_POLICY_EC2",
        title="EC2 policy",
        top_level=("ec2_attributes",),
    ),
    PolicyType(name="SECURITYHUB_POLICY", title="Security Hub policy"),
    PolicyType(name="SECURITYHUB_CSPM_POLICY", title="Security Hub CSPM policy"),
    PolicyType(name="INSPECTOR_POLICY", title="Inspector policy"),
    PolicyType(name="UPGRADE_ROLLOUT_POLICY", title="upgrade rollout policy"),
    PolicyType(name="BEDROCK_POLICY", title="Bedrock policy"),
    PolicyType(name="S3_POLICY", title="S3 policy"),
    PolicyType(name="NETWORK_SECURITY_DIRECTOR_POLICY", title="network security director policy"),
    PolicyType(name="GUARDDUTY_POLICY", title="GuardDuty policy"),
)

POLICY_TYPES: Mapping[str, PolicyType] = {item.name: item for item in _ALL}
"""Every type by AWS's name for it."""


def limits_of(policy_type: str, changed: Mapping[str, Mapping[str, int]] | None = None) -> Limits:
    """A type's limits, with those of ``changed`` (by type, then by name) before ours. A type that
    is not known here has the usual ones."""
    known = POLICY_TYPES.get(policy_type)
    limits = known.limits if known is not None else Limits()
    return replace(limits, **(changed or {}).get(policy_type, {}))
