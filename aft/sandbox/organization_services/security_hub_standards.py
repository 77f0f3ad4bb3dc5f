"""Security Hub's standards: which there are, and which an account has on.

A standard is INCOMPLETE while AWS Config does not record.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.config.models import config_backends

from aft.sandbox.api_errors import ApiError
from aft.sandbox.organization_services.account_service import Call, Result, paged
from aft.sandbox.organization_services.security_hub_state import (
    BY_DEFAULT,
    own_hub,
    refuse_under_policy,
)

_STANDARDS: Mapping[str, str] = {
    "standards/aws-foundational-security-best-practices/v/1.0.0": "Security Best Practices",
    "standards/aws-resource-tagging-standard/v/1.0.0": "AWS Resource Tagging Standard v1.0.0",
    "ruleset/cis-aws-foundations-benchmark/v/1.2.0": "CIS AWS Foundations Benchmark v1.2.0",
    "standards/cis-aws-foundations-benchmark/v/1.4.0": "CIS AWS Foundations Benchmark v1.4.0",
    "standards/cis-aws-foundations-benchmark/v/3.0.0": "CIS AWS Foundations Benchmark v3.0.0",
    "standards/nist-800-53/v/5.0.0": "NIST Special Publication 800-53 Revision 5",
    "standards/pci-dss/v/3.2.1": "PCI DSS v3.2.1",
}


def _arn(at: Call, tail: str) -> str:
    region = "" if tail.startswith("ruleset/") else at.region
    return f"arn:aws:securityhub:{region}::{tail}"


def _subscription(at: Call, standard: str) -> dict[str, Any]:
    name, version = standard.split("/", 1)[1].split("/v/")
    entry: dict[str, Any] = {
        "StandardsSubscriptionArn": f"arn:aws:securityhub:{at.region}:{at.caller}:subscription/"
        f"{name}/v/{version}",
        "StandardsArn": _arn(at, standard),
        "StandardsInput": {},
        "StandardsStatus": "READY",
        "StandardsControlsUpdatable": "READY_FOR_UPDATES",
    }
    recorders = config_backends[at.caller][at.region].recorders.values()
    if not any(item.status.recording for item in recorders):
        entry["StandardsStatus"] = "INCOMPLETE"
        code = "NO_AVAILABLE_CONFIGURATION_RECORDER"
        entry["StandardsStatusReason"] = {"StatusReasonCode": code}
    return entry


def _enable_standards(at: Call) -> Result:
    _, hub = own_hub(at)
    refuse_under_policy(at, hub)
    by_arn = {_arn(at, item): item for item in _STANDARDS}
    wanted = [item["StandardsArn"] for item in at.params["StandardsSubscriptionRequests"]]
    for arn in wanted:
        if arn not in by_arn:
            raise ApiError("InvalidInputException", f"Invalid StandardsArn: {arn}", status=400)
    hub.standards.extend(by_arn[arn] for arn in wanted if by_arn[arn] not in hub.standards)
    found = [_subscription(at, by_arn[arn]) for arn in wanted]
    return {"StandardsSubscriptions": [{**item, "StandardsStatus": "PENDING"} for item in found]}


def _disable_standards(at: Call) -> Result:
    _, hub = own_hub(at)
    refuse_under_policy(at, hub)
    by_arn = {_subscription(at, item)["StandardsSubscriptionArn"]: item for item in hub.standards}
    gone = []
    for arn in at.params["StandardsSubscriptionArns"]:
        if arn not in by_arn:
            raise ApiError("InvalidInputException", f"Invalid subscription: {arn}", status=400)
        gone.append({**_subscription(at, by_arn[arn]), "StandardsStatus": "DELETING"})
        hub.standards.remove(by_arn[arn])
    return {"StandardsSubscriptions": gone}


def _enabled_standards(at: Call) -> Result:
    _, hub = own_hub(at)
    found = [_subscription(at, item) for item in hub.standards]
    wanted = at.params.get("StandardsSubscriptionArns")
    found = [item for item in found if not wanted or item["StandardsSubscriptionArn"] in wanted]
    return paged(found, at.params, name="StandardsSubscriptions", size=100)


def _standards(at: Call) -> Result:
    own_hub(at)
    found = [
        {
            "StandardsArn": _arn(at, item),
            "Name": name,
            "Description": name,
            "EnabledByDefault": item in BY_DEFAULT,
            "StandardsManagedBy": {"Company": "AWS", "Product": "Security Hub"},
        }
        for item, name in _STANDARDS.items()
    ]
    return paged(found, at.params, name="Standards", size=5)


STANDARDS_OPERATIONS = {
    "BatchEnableStandards": _enable_standards,
    "BatchDisableStandards": _disable_standards,
    "GetEnabledStandards": _enabled_standards,
    "DescribeStandards": _standards,
}
"""Operations by name."""
