"""Baseline setting ``budget``: a monthly cost budget of the account, and whom it warns.

AWS (Cost Management User Guide, "Managing your costs with AWS Budgets"; API ``CreateBudget``): the
Budgets API is only in us-east-1. A budget has at most 10 notifications, each with at most 10 e-mail
subscribers; a notification without subscribers cannot exist, and is deleted with its last one.
Notifications are identified by type, comparison and threshold. ``UpdateBudget`` replaces the budget
and keeps its notifications. Budgets of a member account need no permission in the management
account; costs are updated up to three times a day, and forecasts need about five weeks of history.

The request's ``budget`` wins over the baseline's parameters. When neither gives an amount, the
budget of this name is removed; budgets of other names are ignored here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import Field

from aft.baselines.directions import Directions, Routine, Weaker
from aft.baselines.model import Published, SettingInputs, SettingParameters
from aft.errors import NotFound, Terminal
from aft.organization.model import AccountFacts
from aft.sessions import AccountSession
from aft.settings.shapes.setting import Differences, Setting, differs, should_be

if TYPE_CHECKING:
    from types_boto3_budgets import BudgetsClient
    from types_boto3_budgets.literals import NotificationTypeType
    from types_boto3_budgets.type_defs import (
        BudgetOutputTypeDef,
        BudgetTypeDef,
        NotificationTypeDef,
        SubscriberTypeDef,
    )

REGION = "us-east-1"
_ODD = {
    "CostFilters": "cost filter",
    "FilterExpression": "filter expression",
    "PlannedBudgetLimits": "limit for each month",
    "AutoAdjustData": "limit that adjusts itself",
}
_Percent = Annotated[float, Field(gt=0, le=1000)]
_EMail = Annotated[str, Field(min_length=3, max_length=254, pattern=r"^[^\s@]+@[^\s@]+$")]


class BudgetParameters(SettingParameters):
    """Parameters of ``budget``."""

    weakens: ClassVar[Directions] = {
        "name": Routine("it only names the budget"),
        "monthly_usd": Weaker.HIGHER,
        "alert_at": Weaker.REMOVAL,
        "subscribers": Weaker.REMOVAL,
        "forecast_at": Weaker.REMOVAL,
    }

    name: Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^:\\/<>]+$")] = Field(
        default="aft-monthly", description="Name of the budget in the account."
    )
    monthly_usd: Annotated[float, Field(gt=0)] | None = Field(
        default=None, description="US dollars per month, for requests without a `budget`."
    )
    alert_at: Annotated[tuple[_Percent, ...], Field(max_length=10)] = Field(
        default=(80, 100), description="Percentages that trigger an alert, for those requests."
    )
    subscribers: Annotated[tuple[_EMail, ...], Field(max_length=10)] = Field(
        default=(), description="E-mail addresses that get alerts, if the request names none."
    )
    forecast_at: Annotated[tuple[_Percent, ...], Field(max_length=10)] = Field(
        default=(),
        description="Percentages of the budget at which the month's forecast triggers an alert, "
        "for every account.",
    )


@dataclass(frozen=True, slots=True, order=True)
class Alert:
    """What tells one notification of a budget from another; ``threshold`` is in percent."""

    type: NotificationTypeType
    threshold: Decimal

    def __str__(self) -> str:
        return f"{self.type.lower()} {_number(self.threshold)} %"

    @property
    def notification(self) -> NotificationTypeDef:
        return {
            "NotificationType": self.type,
            "ComparisonOperator": "GREATER_THAN",
            "Threshold": float(self.threshold),
            "ThresholdType": "PERCENTAGE",
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthlyBudget:
    """A budget: US dollars, subscribers by alert, and what else about it is not as ours."""

    usd: Decimal
    alerts: Mapping[Alert, frozenset[str]]
    oddities: tuple[str, ...] = ()
    odd_notifications: tuple[NotificationTypeDef, ...] = ()

    def __str__(self) -> str:
        return f"{_number(self.usd)} USD a month"


Inputs = SettingInputs[BudgetParameters]


class Budget(Setting[BudgetParameters, MonthlyBudget | None]):
    """The account has the monthly budget, and none where it is not requested."""

    name = "budget"
    description = "The monthly cost budget of the account, with its alerts."
    stays = "the budget and its alerts stay"

    def facts(self, account: AccountFacts) -> object:
        budget = account.budget
        return {
            "account_id": account.account_id,
            "budget": None
            if budget is None
            else [budget.monthly_usd, list(budget.alert_at), list(budget.subscribers)],
            "owner": account.owner.get("email", ""),
        }

    def published(
        self, account: AccountFacts, parameters: BudgetParameters
    ) -> tuple[Published, ...]:
        budget, owner = account.budget, account.owner.get("email", "")
        found: list[tuple[str, object, tuple[str, ...]]] = []
        if budget is not None:
            found.append(("monthly_usd", budget.monthly_usd, ("budget", "monthly_usd")))
            found.append(("alert_at", list(budget.alert_at), ("budget", "alert_at")))
        if budget is not None and budget.subscribers:
            found.append(("subscribers", list(budget.subscribers), ("budget", "subscribers")))
        elif owner and not parameters.subscribers:
            found.append(("subscribers", [owner], ("owner", "email")))
        return tuple(Published(name=name, value=value, field=at) for name, value, at in found)

    def read(self, inputs: Inputs, session: AccountSession) -> MonthlyBudget | None:
        client = session.client("budgets", REGION)
        key = _key(inputs, session)
        try:
            budget = client.describe_budget(**key)["Budget"]
        except NotFound:
            return None
        alerts: dict[Alert, frozenset[str]] = {}
        odd = []
        for page in client.get_paginator("describe_notifications_for_budget").paginate(**key):
            for notification in page["Notifications"]:
                alert = _alert(notification)
                if alert is None:
                    notification.pop("NotificationState", None)  # which does not identify it
                    odd.append(notification)
                    continue
                answer = client.describe_subscribers_for_notification(
                    **key, Notification=alert.notification
                )
                alerts[alert] = frozenset(item["Address"] for item in answer["Subscribers"])
        limit = budget.get("BudgetLimit")
        return MonthlyBudget(
            usd=Decimal(limit["Amount"] if limit else 0),
            alerts=alerts,
            oddities=_oddities(budget),
            odd_notifications=tuple(odd),
        )

    def differences(self, inputs: Inputs, observed: MonthlyBudget | None) -> Differences:
        wanted = _wanted(inputs)
        if wanted is None:
            if observed is not None:
                yield differs("budget is left over, should be removed", str(observed), None)
        elif observed is None:
            yield should_be("budget", None, str(wanted))
        else:
            yield from _differences(wanted, observed)

    def fix(self, inputs: Inputs, observed: MonthlyBudget | None, session: AccountSession) -> None:
        wanted = _wanted(inputs)
        client = session.client("budgets", REGION)
        key = _key(inputs, session)
        if wanted is None:
            if observed is not None:
                client.delete_budget(**key)
            return
        quiet = [alert for alert, readers in wanted.alerts.items() if not readers]
        if quiet:
            raise Terminal(
                f"there are no recipients for alerts at {', '.join(map(str, quiet))}",
                hint="give the request's budget subscribers, or the request an owner",
            )
        budget: BudgetTypeDef = {
            "BudgetName": inputs.parameters.name,
            "BudgetLimit": {"Amount": _number(wanted.usd), "Unit": "USD"},
            "TimeUnit": "MONTHLY",
            "BudgetType": "COST",
        }
        if observed is None:
            client.create_budget(
                AccountId=session.account_id,
                Budget=budget,
                NotificationsWithSubscribers=[
                    {"Notification": alert.notification, "Subscribers": _subscribers(readers)}
                    for alert, readers in sorted(wanted.alerts.items())
                ],
            )
            return
        if observed.usd != wanted.usd or observed.oddities:
            client.update_budget(AccountId=session.account_id, NewBudget=budget)
        _change_alerts(client, key, wanted, observed)


def _key(inputs: Inputs, session: AccountSession) -> dict[str, Any]:
    return {"AccountId": session.account_id, "BudgetName": inputs.parameters.name}


def _wanted(inputs: Inputs) -> MonthlyBudget | None:
    parameters, asked = inputs.parameters, inputs.account.budget
    usd = parameters.monthly_usd if asked is None else asked.monthly_usd
    if usd is None:
        return None
    actual = parameters.alert_at if asked is None else asked.alert_at
    owner = inputs.account.owner.get("email", "")
    readers = (asked and asked.subscribers) or parameters.subscribers or filter(None, [owner])
    alerts = [Alert("ACTUAL", _decimal(item)) for item in actual]
    alerts += [Alert("FORECASTED", _decimal(item)) for item in parameters.forecast_at]
    return MonthlyBudget(usd=_decimal(usd), alerts=dict.fromkeys(alerts, frozenset(readers)))


def _differences(wanted: MonthlyBudget, observed: MonthlyBudget) -> Differences:
    if observed.usd != wanted.usd:
        yield should_be("budget", str(observed), str(wanted))
    for oddity in observed.oddities:
        yield differs(f"budget has {oddity}, should have none", oddity, None)
    for alert, readers in sorted(wanted.alerts.items()):
        before, after = _names(observed.alerts.get(alert)), _names(readers)
        label = f"alert at {alert}"
        if alert not in observed.alerts:
            yield differs(f"{label} is missing, should warn {after}", None, after)
        elif before != after:
            yield differs(f"{label} warns {before}, should warn {after}", before, after)
    odd = (
        f"{item['ComparisonOperator']} {item['Threshold']:g}" for item in observed.odd_notifications
    )
    for surplus in (*map(str, sorted(observed.alerts.keys() - wanted.alerts.keys())), *odd):
        yield differs(f"alert at {surplus} is left over, should be removed", surplus, None)


def _change_alerts(
    client: BudgetsClient, key: Mapping[str, Any], wanted: MonthlyBudget, observed: MonthlyBudget
) -> None:
    """What is left over goes first, for a budget has room for few; new readers come before old
    ones go, for a notification ends with its last one."""
    for alert in sorted(observed.alerts.keys() - wanted.alerts.keys()):
        client.delete_notification(**key, Notification=alert.notification)
    for notification in observed.odd_notifications:
        client.delete_notification(**key, Notification=notification)
    for alert, readers in sorted(wanted.alerts.items()):
        if alert not in observed.alerts:
            client.create_notification(
                **key, Notification=alert.notification, Subscribers=_subscribers(readers)
            )
            continue
        for change, addresses in (
            (client.create_subscriber, readers - observed.alerts[alert]),
            (client.delete_subscriber, observed.alerts[alert] - readers),
        ):
            for subscriber in _subscribers(addresses):
                change(**key, Notification=alert.notification, Subscriber=subscriber)


def _alert(notification: NotificationTypeDef) -> Alert | None:
    """Ours, or ``None`` for a notification of another shape."""
    kind = notification.get("ThresholdType", "PERCENTAGE")
    if (notification["ComparisonOperator"], kind) != ("GREATER_THAN", "PERCENTAGE"):
        return None
    return Alert(notification["NotificationType"], _decimal(notification["Threshold"]))


def _oddities(budget: BudgetOutputTypeDef) -> tuple[str, ...]:
    """What would make it something else than the month's costs of the whole account."""
    limit = budget.get("BudgetLimit")
    found = [
        f"{words} {value}"
        for words, value, wanted in (
            ("time unit", budget.get("TimeUnit"), "MONTHLY"),
            ("type", budget.get("BudgetType"), "COST"),
            ("unit", limit["Unit"] if limit else "USD", "USD"),
        )
        if value != wanted
    ]
    return (*found, *(f"a {words}" for name, words in _ODD.items() if budget.get(name)))


def _subscribers(addresses: Iterable[str]) -> list[SubscriberTypeDef]:
    return [
        {"SubscriptionType": "SNS" if item.startswith("arn:") else "EMAIL", "Address": item}
        for item in sorted(addresses)
    ]


def _decimal(number: float) -> Decimal:
    return Decimal(str(number)).normalize()


def _number(number: Decimal) -> str:
    return f"{number.normalize():f}"


def _names(addresses: frozenset[str] | None) -> str:
    return ", ".join(sorted(addresses or ())) or "nobody"
