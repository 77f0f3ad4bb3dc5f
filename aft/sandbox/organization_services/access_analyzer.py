"""IAM Access Analyzer: analyzers of accounts and of the organization.

Facts: botocore's ``accessanalyzer`` model and the IAM user guide: one external access analyzer of
each kind a region; one of the organization needs trusted access, and is for the management
account or the delegated administrator alone. Findings are not simulated.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from aft.sandbox.api_errors import ApiError
from aft.sandbox.calls import Handler
from aft.sandbox.organization_services.account_service import Call, Result, guarded, paged
from aft.sandbox.organizations_backend.rules import Context

PRINCIPAL = "access-analyzer.amazonaws.com"


@dataclass(slots=True, kw_only=True)
class Analyzer:
    """One analyzer."""

    name: str
    type: str
    created_at: float
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Region:
    """One account's analyzers in one region."""

    analyzers: dict[str, Analyzer] = field(default_factory=dict)


def handlers(context: Context) -> Mapping[tuple[str, str], Handler]:
    """Its operations, ready for the dispatcher."""
    return guarded(context, "accessanalyzer", _OPERATIONS, invalid="ValidationException")


def _create(at: Call) -> Result:
    name, kind = str(at.params["analyzerName"]), str(at.params["type"])
    here = at.state(Region)
    if name in here.analyzers:
        raise ApiError("ConflictException", f"Analyzer {name} already exists.", status=409)
    if kind.startswith("ORGANIZATION") and not _may_see_organization(at):
        raise ApiError(
            "ValidationException",
            "Only the management account or a delegated administrator may create an analyzer of "
            "the organization, with trusted access enabled.",
            status=400,
        )
    if any(item.type == kind for item in here.analyzers.values()):
        raise ApiError(
            "ServiceQuotaExceededException",
            f"You have reached the maximum number of {kind} analyzers in this region.",
            status=402,
        )
    here.analyzers[name] = Analyzer(
        name=name,
        type=kind,
        created_at=at.context.now(),
        tags=dict(at.params.get("tags") or {}),
    )
    return {"arn": _arn(at, name)}


def _may_see_organization(at: Call) -> bool:
    organization = at.context.organization
    if PRINCIPAL not in organization.trusted_services:
        return False
    return at.is_management or PRINCIPAL in organization.delegated.get(at.caller, {})


def _arn(at: Call, name: str) -> str:
    return f"arn:aws:access-analyzer:{at.region}:{at.caller}:analyzer/{name}"


def _summary(at: Call, analyzer: Analyzer) -> dict[str, Any]:
    summary: dict[str, Any] = {
        "arn": _arn(at, analyzer.name),
        "name": analyzer.name,
        "type": analyzer.type,
        "createdAt": datetime.fromtimestamp(analyzer.created_at, UTC),
        "tags": analyzer.tags,
        "status": "ACTIVE",
    }
    if analyzer.type.startswith("ORGANIZATION") and not _may_see_organization(at):
        summary["status"] = "DISABLED"
        trusted = PRINCIPAL in at.context.organization.trusted_services
        code = "DELEGATED_ADMINISTRATOR_DEREGISTERED" if trusted else "AWS_SERVICE_ACCESS_DISABLED"
        summary["statusReason"] = {"code": code}
    return summary


def _list(at: Call) -> Result:
    kind = at.params.get("type")
    found = [
        _summary(at, item)
        for _, item in sorted(at.state(Region).analyzers.items())
        if kind is None or item.type == kind
    ]
    return paged(found, at.params, name="analyzers", lower=True)


def _named(at: Call) -> Analyzer:
    found = at.state(Region).analyzers.get(str(at.params["analyzerName"]))
    if found is None:
        raise ApiError("ResourceNotFoundException", "The analyzer was not found.", status=404)
    return found


def _get(at: Call) -> Result:
    return {"analyzer": _summary(at, _named(at))}


def _delete(at: Call) -> Result:
    del at.state(Region).analyzers[_named(at).name]
    return {}


_OPERATIONS = {
    "CreateAnalyzer": _create,
    "ListAnalyzers": _list,
    "GetAnalyzer": _get,
    "DeleteAnalyzer": _delete,
}
