"""Support cases, of an account that has a plan with an API.

Facts: botocore's ``support`` model and the Support user guide: the API answers in us-east-1 and for
plans from Business on, else ``SubscriptionRequiredException``; resolved cases are listed only when
asked for. Here the management account has such a plan unless told otherwise; members have none.
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


@dataclass(slots=True, kw_only=True)
class Case:
    """One case."""

    id: str
    display_id: str
    created_at: float
    asked: dict[str, Any]
    status: str = "opened"


@dataclass(slots=True, kw_only=True)
class Cases:
    """One account's, by id, oldest first."""

    cases: dict[str, Case] = field(default_factory=dict)


def handlers(context: Context) -> Mapping[tuple[str, str], Handler]:
    """Its operations, ready for the dispatcher."""
    return guarded(context, "support", _OPERATIONS, invalid="ValidationException")


def _cases(at: Call) -> Cases:
    if not (at.is_management and at.context.world.behaviour.support_api):
        raise ApiError(
            "SubscriptionRequiredException",
            "Amazon Web Services Premium Support Subscription is required to use this service.",
            status=400,
        )
    return at.state(Cases, everywhere=True)


def _create(at: Call) -> Result:
    cases = _cases(at)
    number = at.context.world.rng.randrange(10**9, 10**10)
    case_id = f"case-{at.caller}-muen-{at.moment.year}-{at.new_id(16)}"
    asked = {
        key: value
        for key, value in at.params.items()
        if key not in ("dryRun", "attachmentSetId", "uploadIds")
    }
    cases.cases[case_id] = Case(
        id=case_id, display_id=str(number), created_at=at.context.now(), asked=asked
    )
    return {"caseId": case_id}


def _describe(at: Call) -> Result:
    wanted = at.params.get("caseIdList")
    cases = _cases(at).cases
    for case_id in wanted or ():
        if case_id not in cases:
            raise ApiError("CaseIdNotFound", f"Case {case_id} does not exist.", status=400)
    with_resolved = bool(at.params.get("includeResolvedCases"))
    found = [
        _entry(at, case)
        for case in reversed(list(cases.values()))
        if (not wanted or case.id in wanted) and (with_resolved or case.status != "resolved")
    ]
    return paged(found, at.params, name="cases", size=10, lower=True)


def _entry(at: Call, case: Case) -> dict[str, Any]:
    asked = case.asked
    entry = {
        "caseId": case.id,
        "displayId": case.display_id,
        "subject": asked["subject"],
        "status": case.status,
        "serviceCode": asked.get("serviceCode", "general-info"),
        "categoryCode": asked.get("categoryCode", "using-aws"),
        "severityCode": asked.get("severityCode", "low"),
        "submittedBy": f"arn:aws:iam::{at.caller}:root",
        "timeCreated": datetime.fromtimestamp(case.created_at, UTC).isoformat(),
        "ccEmailAddresses": asked.get("ccEmailAddresses", []),
        "language": asked.get("language", "en"),
    }
    if at.params.get("includeCommunications", True):
        message = {"caseId": case.id, "body": asked["communicationBody"]}
        entry["recentCommunications"] = {"communications": [message]}
    return entry


def _resolve(at: Call) -> Result:
    case = _cases(at).cases.get(str(at.params.get("caseId")))
    if case is None:
        raise ApiError("CaseIdNotFound", "The case does not exist.", status=400)
    before, case.status = case.status, "resolved"
    return {"initialCaseStatus": before, "finalCaseStatus": "resolved"}


_OPERATIONS = {"CreateCase": _create, "DescribeCases": _describe, "ResolveCase": _resolve}
