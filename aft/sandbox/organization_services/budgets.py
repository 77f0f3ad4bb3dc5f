"""AWS Budgets: budgets of accounts with their notifications and subscribers.

Facts: botocore's ``budgets`` model and the Budgets quotas: 10 notifications a budget, 10 e-mail
subscribers and one SNS topic each; a notification goes with its last subscriber; an account's
budgets are its own (the management account cannot look into a member's). Spending is always zero.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aft.sandbox.api_errors import ApiError
from aft.sandbox.calls import Handler
from aft.sandbox.organization_services.account_service import Call, Result, guarded, paged
from aft.sandbox.organizations_backend.rules import Context

_MOST_NOTIFICATIONS = 10
_MOST_EMAILS = 10
_MOST_TOPICS = 1

Key = tuple[str, str, float, str]
"""What tells a notification from another: type, comparison, threshold, threshold's type."""


@dataclass(slots=True, kw_only=True)
class BudgetRecord:
    """A budget as it was given, and who is told what."""

    budget: dict[str, Any]
    notifications: dict[Key, list[dict[str, str]]] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Budgets:
    """One account's, by name."""

    budgets: dict[str, BudgetRecord] = field(default_factory=dict)


def handlers(context: Context) -> Mapping[tuple[str, str], Handler]:
    """Its operations, ready for the dispatcher."""
    return guarded(context, "budgets", _OPERATIONS, invalid="InvalidParameterException")


def _wrong(message: str) -> ApiError:
    return ApiError("InvalidParameterException", message, status=400)


def _missing(message: str) -> ApiError:
    return ApiError("NotFoundException", message, status=400)


def _budgets(at: Call) -> dict[str, BudgetRecord]:
    if at.params["AccountId"] != at.caller:
        raise ApiError(
            "AccessDeniedException",
            f"Account {at.caller} may not look after the budgets of {at.params['AccountId']}.",
            status=400,
        )
    return at.state(Budgets, everywhere=True).budgets


def _record(at: Call, name: str) -> BudgetRecord:
    found = _budgets(at).get(name)
    if found is None:
        raise _missing(f"Unable to get budget: {name} - the budget doesn't exist.")
    return found


def _checked(budget: Mapping[str, Any], at: Call) -> dict[str, Any]:
    # The model's pattern is Java's, so it is checked by hand.
    if re.search(r"[:\\]|/action/|<script>", budget["BudgetName"], re.IGNORECASE):
        raise _wrong(f"{budget['BudgetName']} cannot name a budget.")
    if budget.get("PlannedBudgetLimits") and budget.get("BudgetLimit"):
        raise _wrong("Only one of BudgetLimit and PlannedBudgetLimits may be given.")
    if not (budget.get("PlannedBudgetLimits") or budget.get("BudgetLimit")):
        raise _wrong("A budget needs a limit.")
    limit = budget.get("BudgetLimit") or {}
    if budget["BudgetType"] == "COST" and limit.get("Unit", "USD") != "USD":
        raise _wrong(f"Unit {limit['Unit']} is not valid for a cost budget.")
    zero = {"Amount": "0.0", "Unit": limit.get("Unit", "USD")}
    kept = {
        "CostTypes": dict.fromkeys(
            ("IncludeTax", "IncludeSubscription", "IncludeSupport", "IncludeCredit"), True
        ),
        **budget,
        "CalculatedSpend": {"ActualSpend": zero},
        "LastUpdatedTime": at.context.now(),
    }
    if limit:  # AWS gives "500" back as "500.0"
        kept["BudgetLimit"] = {**limit, "Amount": str(float(limit["Amount"]))}
    return kept


def _create(at: Call) -> Result:
    budgets, budget = _budgets(at), at.params["Budget"]
    name = budget["BudgetName"]
    if name in budgets:
        raise ApiError(
            "DuplicateRecordException",
            f"Error creating budget: {name} - the budget already exists.",
            status=400,
        )
    record = BudgetRecord(budget=_checked(budget, at))
    for entry in at.params.get("NotificationsWithSubscribers") or ():
        _add(record, entry["Notification"], entry["Subscribers"])
    budgets[name] = record
    return {}


def _update(at: Call) -> Result:
    new = at.params["NewBudget"]
    _record(at, new["BudgetName"]).budget = _checked(new, at)
    return {}


def _describe(at: Call) -> Result:
    return {"Budget": _record(at, at.params["BudgetName"]).budget}


def _list(at: Call) -> Result:
    found = [record.budget for record in _budgets(at).values()]
    return paged(found, at.params, name="Budgets", size=100)


def _delete(at: Call) -> Result:
    _record(at, at.params["BudgetName"])
    del _budgets(at)[at.params["BudgetName"]]
    return {}


# --- notifications --------------------------------------------------------------------------


def _key(notification: Mapping[str, Any]) -> Key:
    return (
        notification["NotificationType"],
        notification["ComparisonOperator"],
        float(notification["Threshold"]),
        notification.get("ThresholdType") or "PERCENTAGE",
    )


def _add(
    record: BudgetRecord, notification: Mapping[str, Any], subscribers: list[dict[str, str]]
) -> None:
    key = _key(notification)
    if key in record.notifications:
        raise ApiError("DuplicateRecordException", "The notification already exists.", status=400)
    if len(record.notifications) >= _MOST_NOTIFICATIONS:
        raise ApiError(
            "CreationLimitExceededException",
            f"A budget has at most {_MOST_NOTIFICATIONS} notifications.",
            status=400,
        )
    if not subscribers:
        raise _wrong("A notification needs at least one subscriber.")
    kept: list[dict[str, str]] = []
    for subscriber in subscribers:
        _subscribe_to(kept, subscriber)
    record.notifications[key] = kept


def _subscribe_to(kept: list[dict[str, str]], subscriber: dict[str, str]) -> None:
    kind, address = subscriber["SubscriptionType"], subscriber["Address"]
    if kind == "EMAIL" and "@" not in address:
        raise _wrong(f"{address} is not an e-mail address.")
    if kind == "SNS" and not address.startswith("arn:"):
        raise _wrong(f"{address} is not the ARN of a topic.")
    if subscriber in kept:
        raise ApiError("DuplicateRecordException", "The subscriber already exists.", status=400)
    most = _MOST_EMAILS if kind == "EMAIL" else _MOST_TOPICS
    if sum(1 for item in kept if item["SubscriptionType"] == kind) >= most:
        raise ApiError(
            "CreationLimitExceededException",
            f"A notification has at most {most} {kind} subscribers.",
            status=400,
        )
    kept.append(dict(subscriber))


def _subscribers(at: Call) -> tuple[BudgetRecord, Key, list[dict[str, str]]]:
    record = _record(at, at.params["BudgetName"])
    key = _key(at.params["Notification"])
    if key not in record.notifications:
        raise _missing("Unable to find the notification of this budget.")
    return record, key, record.notifications[key]


def _create_notification(at: Call) -> Result:
    record = _record(at, at.params["BudgetName"])
    _add(record, at.params["Notification"], at.params["Subscribers"])
    return {}


def _delete_notification(at: Call) -> Result:
    record, key, _ = _subscribers(at)
    del record.notifications[key]
    return {}


def _notifications(at: Call) -> Result:
    names = ("NotificationType", "ComparisonOperator", "Threshold", "ThresholdType")
    found = [
        {**dict(zip(names, key, strict=True)), "NotificationState": "OK"}
        for key in _record(at, at.params["BudgetName"]).notifications
    ]
    return paged(found, at.params, name="Notifications", size=100)


def _create_subscriber(at: Call) -> Result:
    _, _, kept = _subscribers(at)
    _subscribe_to(kept, at.params["Subscriber"])
    return {}


def _delete_subscriber(at: Call) -> Result:
    record, key, kept = _subscribers(at)
    if at.params["Subscriber"] not in kept:
        raise _missing("Unable to find the subscriber of this notification.")
    kept.remove(at.params["Subscriber"])
    if not kept:
        del record.notifications[key]
    return {}


def _list_subscribers(at: Call) -> Result:
    _, _, kept = _subscribers(at)
    return paged(kept, at.params, name="Subscribers", size=100)


_OPERATIONS = {
    "CreateBudget": _create,
    "UpdateBudget": _update,
    "DescribeBudget": _describe,
    "DescribeBudgets": _list,
    "DeleteBudget": _delete,
    "CreateNotification": _create_notification,
    "DeleteNotification": _delete_notification,
    "DescribeNotificationsForBudget": _notifications,
    "CreateSubscriber": _create_subscriber,
    "DeleteSubscriber": _delete_subscriber,
    "DescribeSubscribersForNotification": _list_subscribers,
}
