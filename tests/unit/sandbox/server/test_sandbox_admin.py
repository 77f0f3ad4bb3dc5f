"""The endpoints under ``/_sandbox/``: what they do, and whom they refuse."""

from __future__ import annotations

from datetime import datetime

import pytest
from builders_sandbox import refusal


def test_health_names_the_organization(served):
    status, found = served.admin("GET", "health")
    assert (status, found["status"]) == (200, "ok")
    assert found["organization"] == served.sandbox.organization_id
    assert found["management_account"] == served.sandbox.management_account_id


def test_calls_are_listed_from_where_one_left_off(served):
    org = served.client("organizations")
    org.list_roots()
    refusal(org.describe_account, AccountId="999999999999")
    _, found = served.admin("GET", "calls")
    assert [(c["operation"], c["error"]) for c in found["calls"]] == [
        ("ListRoots", None),
        ("DescribeAccount", "AccountNotFoundException"),
    ]
    _, later = served.admin("GET", f"calls?since={found['calls'][0]['index']}")
    assert [c["operation"] for c in later["calls"]] == ["DescribeAccount"]
    assert later["total"] == 2


def test_the_clock_can_be_moved_forward(served):
    _, before = served.admin("GET", "clock")
    status, after = served.admin("POST", "clock", {"advance": 3600})
    passed = datetime.fromisoformat(after["now"]) - datetime.fromisoformat(before["now"])
    assert (status, passed.total_seconds() >= 3600) == (200, True)


def test_credentials_expire_when_the_clock_says_so(served):
    sts = served.client("sts", keys=served.member_keys())
    assert sts.get_caller_identity()["Account"] == served.account
    served.admin("POST", "clock", {"advance": 3601})
    assert refusal(sts.get_caller_identity)[0] == "ExpiredToken"


def test_faults_are_added_shown_and_cleared(served):
    rule = {
        "service": "organizations",
        "operation": "List*",
        "action": {"kind": "error", "code": "ServiceException", "status": 500},
        "times": 1,
    }
    status, found = served.admin("POST", "faults", {"rules": [rule]})
    assert (status, len(found["rules"])) == (200, 1)
    org = served.client("organizations")
    assert refusal(org.list_roots)[0] == "ServiceException"
    assert org.list_roots()["Roots"]
    _, cleared = served.admin("POST", "faults", {"clear": True})
    assert cleared["rules"] == []


def test_saving_is_possible_at_any_time(served):
    assert served.admin("POST", "save") == (200, {"saved": None})


@pytest.mark.parametrize(
    ("path", "document", "expected"),
    [
        ("clock", {"advance": -1}, "not negative"),
        ("clock", {"advance": True}, "expected"),
        ("clock", {}, "expected"),
        ("clock", [1], "must be a JSON object"),
        ("faults", {"rules": [{"service": "s3"}]}, "a rule looks like"),
        ("faults", {"rules": [{"action": {"kind": "bang"}}]}, "needs a kind out of"),
        ("faults", {"rules": [{"action": {"kind": "reset"}, "times": "x"}]}, "wrong type"),
        ("faults", {"rule": []}, "not 'rule'"),
    ],
)
def test_mistakes_are_explained(served, path, document, expected):
    status, found = served.admin("POST", path, document)
    assert status == 400
    assert expected in found["error"]


def test_unknown_endpoints_name_the_known_ones(served):
    status, found = served.admin("GET", "nothing")
    assert status == 404
    assert "GET /_sandbox/health" in found["error"]


@pytest.mark.parametrize(
    "headers",
    [
        {"X_Aft_Sandbox": ""},
        {"Origin": "http://example.com"},
        {"Origin": "null"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Host": "rebound.example.com"},
    ],
)
def test_web_pages_reach_none_of_it(served, headers):
    name = next(iter(headers)).replace("_", "-")
    given = {name: headers[next(iter(headers))]}
    before = served.sandbox.clock.now()
    status, found = served.admin("POST", "clock", {"advance": 86400}, **given)
    assert status == 403
    assert found["error"]
    assert (served.sandbox.clock.now() - before).total_seconds() < 3600
