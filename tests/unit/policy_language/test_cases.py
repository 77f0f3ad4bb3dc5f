"""``aft policy eval``'s lines."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aft.policy_language.cases import MAX_LINE, answers

FULL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


def guard(**condition: Any) -> dict[str, Any]:
    statement = {"Sid": "NoS3", "Effect": "Deny", "Action": "s3:*", "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": {**statement, **condition}}


def case(policy: Any = None, **request: Any) -> dict[str, Any]:
    return {
        "id": "c-1",
        "levels": [
            {"id": "r-1", "scps": [{"name": "FullAWSAccess", "policy": FULL}], "rcps": []},
            {
                "id": "111122223333",
                "scps": [
                    {"name": "FullAWSAccess", "policy": FULL},
                    *([{"name": "guard", "policy": policy}] if policy else []),
                ],
                "rcps": [],
            },
        ],
        "request": {
            "principal": "arn:aws:iam::111122223333:role/app",
            "action": "s3:GetObject",
            "resource": "arn:aws:s3:::bucket/key",
            "resourceAccount": "111122223333",
            "context": {},
            **request,
        },
    }


def answer(line: Any) -> dict[str, Any]:
    text = line if isinstance(line, str) else json.dumps(line)
    (found,) = answers([text])
    parsed: dict[str, Any] = json.loads(found)
    return parsed


def test_a_denied_case() -> None:
    found = answer(case(guard()))
    trace = found.pop("trace")
    assert found == {
        "id": "c-1",
        "decision": "denied",
        "keys": [],
        "level": "111122223333",
        "policy": "guard",
        "sid": "NoS3",
    }
    assert trace[0]["statement"] == 0


def test_a_case_that_depends() -> None:
    mfa = guard(Condition={"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}})
    found = answer(case(mfa, unknown=["aws:MultiFactorAuthPresent"]))
    assert (found["decision"], found["keys"]) == ("depends", ["aws:MultiFactorAuthPresent"])
    assert answer(case(mfa))["decision"] == "denied"  # absent, so the guard fires
    assert answer(case(mfa, context={"aws:MultiFactorAuthPresent": True}))["decision"] == "allowed"


def test_an_allowed_case_without_scps_at_all() -> None:
    line = case()
    for item in line["levels"]:
        del item["scps"]
    assert answer(line)["decision"] == "allowed"


def test_a_level_with_an_empty_list_allows_nothing() -> None:
    line = case()
    line["levels"][1]["scps"] = []
    found = answer(line)
    assert (found["decision"], found["level"], found["policy"]) == ("denied", "111122223333", None)


def test_the_management_account_and_a_resource_elsewhere() -> None:
    line = case(guard())
    line["managementAccount"] = "111122223333"
    assert answer(line)["decision"] == "allowed"
    rcp = {**guard(Principal="*")}
    elsewhere = {"id": "444455556666", "rcps": [{"name": "rcp", "policy": rcp}]}
    line["resourceLevels"] = [elsewhere]
    assert answer(line)["policy"] == "rcp"


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("x", "not JSON"),
        ("[1]", "not a JSON object"),
        ("{}", "levels"),
        ('{"id": 7, "levels": []}', "levels"),
        (json.dumps({**case(), "levels": [1]}), "levels"),
        (json.dumps({**case(), "levels": [{"id": 1}]}), "id"),
        (json.dumps({**case(), "request": None}), "request"),
        (json.dumps(case(action="s3")), "request.action"),
        (json.dumps(case(action=1)), "request.action"),
        (json.dumps(case(principal="")), "request.principal"),
        (json.dumps(case(resource=1)), "request.resource"),
        (json.dumps(case(context=[1])), "request.context"),
        (json.dumps(case(context={"aws:k": {"a": 1}})), "request.context"),
        (json.dumps(case(unknown="aws:k")), "request.unknown"),
        (json.dumps(case(context={"aws:K": "1"}, unknown=["aws:k"])), "aws:k"),
        (json.dumps(case({"Statement": [1]})), "guard"),
        (json.dumps(case({"Statement": [{"Effect": "Deny", "Action": "*"}, {}]})), "statement 2"),
        (json.dumps(case(guard(Condition={"StringIs": {"aws:k": "1"}}))), "StringIs"),
        (json.dumps(case(guard(Condition=["a"]))), "Condition"),
        (json.dumps(case(guard(Action={"a": 1}))), "guard"),
        ("[" * 100_000, "nested"),
        ('{"a":' * 100 + "1" + "}" * 100, "nested"),
        ('"' + "x" * (MAX_LINE + 1) + '"', "characters"),
        ('{"id": NaN, "levels": 1}', "levels"),
    ],
)
def test_a_line_that_is_no_case_is_answered_with_an_error(line: str, word: str) -> None:
    found = answer(line)
    assert word in found["error"]
    assert "decision" not in found
    assert found["line"] == 1


def test_a_bad_line_does_not_stop_the_others() -> None:
    found = [json.loads(item) for item in answers(["x", "", json.dumps(case())])]
    assert [item.get("decision") for item in found] == [None, "allowed"]
