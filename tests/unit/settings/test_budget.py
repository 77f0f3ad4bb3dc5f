from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from builders_inside import Applied, Inside, applied, facts, settled, words

from aft.errors import Terminal
from aft.organization.model import Budget as Asked
from aft.settings.budget import Budget

ASKED = Asked(monthly_usd=500.0, alert_at=(80.0, 100.0), subscribers=("ops@example.com",))


def budget(inside: Inside, asked: Asked | None = ASKED, **parameters: Any) -> Applied:
    return applied(inside, Budget(), account=facts(inside.account_id, budget=asked), **parameters)


def client(inside: Inside) -> Any:
    return inside.look("budgets", "us-east-1")


def key(inside: Inside) -> dict[str, str]:
    return {"AccountId": inside.account_id, "BudgetName": "aft-monthly"}


def alerts(inside: Inside) -> dict[tuple[str, float], list[str]]:
    found = client(inside).describe_notifications_for_budget(**key(inside))["Notifications"]
    told = {}
    for item in found:
        item.pop("NotificationState")
        answer = client(inside).describe_subscribers_for_notification(
            **key(inside), Notification=item
        )
        told[item["NotificationType"], item["Threshold"]] = sorted(
            reader["Address"] for reader in answer["Subscribers"]
        )
    return told


def test_the_requests_budget_is_made_with_its_alerts(inside: Inside) -> None:
    setting = budget(inside)
    assert words(setting) == ["budget is missing, should be 500 USD a month"]
    settled(setting)
    found = client(inside).describe_budget(**key(inside))["Budget"]
    assert found["BudgetLimit"] == {"Amount": "500.0", "Unit": "USD"}
    assert (found["TimeUnit"], found["BudgetType"]) == ("MONTHLY", "COST")
    assert alerts(inside) == {
        ("ACTUAL", 80.0): ["ops@example.com"],
        ("ACTUAL", 100.0): ["ops@example.com"],
    }


def test_another_amount_leaves_the_alerts(inside: Inside) -> None:
    settled(budget(inside))
    setting = budget(
        inside, Asked(monthly_usd=750.5, alert_at=(80, 100), subscribers=("ops@example.com",))
    )
    assert words(setting) == ["budget is 500 USD a month, should be 750.5 USD a month"]
    settled(setting)
    assert len(alerts(inside)) == 2


def test_changed_and_removed_alerts_and_readers_are_handled(inside: Inside) -> None:
    settled(budget(inside))
    setting = budget(
        inside,
        Asked(monthly_usd=500, alert_at=(90, 100), subscribers=("a@example.com", "b@example.com")),
        forecast_at=(110,),
    )
    assert words(setting) == [
        "alert at actual 90 % is missing, should warn a@example.com, b@example.com",
        "alert at actual 100 % warns ops@example.com, should warn a@example.com, b@example.com",
        "alert at forecasted 110 % is missing, should warn a@example.com, b@example.com",
        "alert at actual 80 % is left over, should be removed",
    ]
    settled(setting)
    readers = ["a@example.com", "b@example.com"]
    assert alerts(inside) == {
        ("ACTUAL", 90.0): readers,
        ("ACTUAL", 100.0): readers,
        ("FORECASTED", 110.0): readers,
    }


def test_ten_other_alerts_take_the_place_of_ten(inside: Inside) -> None:
    ten = tuple(float(item) for item in range(10, 110, 10))
    settled(budget(inside, Asked(monthly_usd=5, alert_at=ten, subscribers=("a@example.com",))))
    other = tuple(item + 5 for item in ten)
    settled(budget(inside, Asked(monthly_usd=5, alert_at=other, subscribers=("a@example.com",))))
    assert {threshold for _, threshold in alerts(inside)} == set(other)


def test_what_somebody_did_to_it_by_hand_is_put_back(inside: Inside) -> None:
    setting = budget(inside)
    settled(setting)
    own = client(inside)
    own.update_budget(
        AccountId=inside.account_id,
        NewBudget={
            "BudgetName": "aft-monthly",
            "BudgetLimit": {"Amount": "500", "Unit": "USD"},
            "TimeUnit": "MONTHLY",
            "BudgetType": "COST",
            "CostFilters": {"Service": ["Amazon Simple Storage Service"]},
        },
    )
    eighty = {
        "NotificationType": "ACTUAL",
        "ComparisonOperator": "GREATER_THAN",
        "Threshold": 80.0,
        "ThresholdType": "PERCENTAGE",
    }
    own.delete_notification(**key(inside), Notification=eighty)
    odd = {**eighty, "ComparisonOperator": "EQUAL_TO"}
    reader = {"SubscriptionType": "EMAIL", "Address": "x@example.com"}
    own.create_notification(**key(inside), Notification=odd, Subscribers=[reader])
    assert words(setting) == [
        "budget has a cost filter, should have none",
        "alert at actual 80 % is missing, should warn ops@example.com",
        "alert at EQUAL_TO 80 is left over, should be removed",
    ]
    settled(setting)


def test_a_deleted_budget_is_made_again(inside: Inside) -> None:
    setting = budget(inside)
    settled(setting)
    client(inside).delete_budget(**key(inside))
    settled(setting)


def test_a_request_that_drops_its_budget_loses_ours_and_no_other(inside: Inside) -> None:
    settled(budget(inside))
    settled(budget(inside, name="theirs"))
    setting = budget(inside, None)
    assert words(setting) == ["budget is left over, should be removed"]
    settled(setting)
    found = client(inside).describe_budgets(AccountId=inside.account_id)["Budgets"]
    assert [item["BudgetName"] for item in found] == ["theirs"]


def test_the_baselines_amount_is_for_requests_without_one(inside: Inside) -> None:
    settled(budget(inside, None, monthly_usd=50, alert_at=[100]))
    assert alerts(inside) == {("ACTUAL", 100.0): ["payments@example.com"]}  # the owner
    settled(budget(inside, monthly_usd=50))
    found = client(inside).describe_budget(**key(inside))["Budget"]
    assert found["BudgetLimit"]["Amount"] == "500.0"


def test_an_alert_for_nobody_is_refused(inside: Inside) -> None:
    account = facts(inside.account_id, budget=Asked(monthly_usd=5, alert_at=(80,)), owner={})
    with pytest.raises(Terminal, match="there are no recipients for alerts at actual 80 %"):
        applied(inside, Budget(), account=account).change()
    quiet = facts(inside.account_id, budget=Asked(monthly_usd=5, alert_at=()), owner={})
    settled(applied(inside, Budget(), account=quiet))


def test_only_what_is_used_changes_the_facts() -> None:
    setting = Budget()
    assert setting.facts(facts(budget=ASKED)) != setting.facts(facts())
    assert setting.facts(facts(budget=ASKED)) == setting.facts(facts(budget=ASKED, tags={}))
    assert setting.facts(facts()) != setting.facts(facts(owner={}))


# --- how strict the sandbox is --------------------------------------------------------------


def test_limits_of_budgets(inside: Inside) -> None:
    settled(budget(inside))
    own = client(inside)
    plain = {
        "BudgetName": "aft-monthly",
        "BudgetLimit": {"Amount": "5", "Unit": "USD"},
        "TimeUnit": "MONTHLY",
        "BudgetType": "COST",
    }
    for arguments, code in (
        ({"Budget": plain}, "DuplicateRecordException"),
        ({"Budget": {**plain, "BudgetName": "a:b"}}, "InvalidParameterException"),
        ({"Budget": {**plain, "TimeUnit": "WEEKLY"}}, "InvalidParameterException"),
        ({"AccountId": "123456789012", "Budget": plain}, "AccessDeniedException"),
    ):
        with pytest.raises(ClientError, match=code):
            own.create_budget(**{"AccountId": inside.account_id, **arguments})
    with pytest.raises(ClientError, match="NotFoundException"):
        own.describe_budget(AccountId=inside.account_id, BudgetName="nowhere")
    (notification, *_) = own.describe_notifications_for_budget(**key(inside))["Notifications"]
    for number in range(9):
        own.create_subscriber(
            **key(inside),
            Notification=notification,
            Subscriber={"SubscriptionType": "EMAIL", "Address": f"{number}@example.com"},
        )
    with pytest.raises(ClientError, match="CreationLimitExceededException"):
        own.create_subscriber(
            **key(inside),
            Notification=notification,
            Subscriber={"SubscriptionType": "EMAIL", "Address": "one-more@example.com"},
        )


def test_a_notification_goes_with_its_last_reader(inside: Inside) -> None:
    settled(budget(inside))
    own = client(inside)
    (notification, *_) = own.describe_notifications_for_budget(**key(inside))["Notifications"]
    own.delete_subscriber(
        **key(inside),
        Notification=notification,
        Subscriber={"SubscriptionType": "EMAIL", "Address": "ops@example.com"},
    )
    assert len(alerts(inside)) == 1
