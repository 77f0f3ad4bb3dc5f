from __future__ import annotations

from typing import Any

import pytest
from builders_inside import HOME, Applied, Inside, applied, facts

from aft.errors import Terminal
from aft.settings.ssm_metadata import SsmMetadata

FIELDS: dict[str, Any] = {
    "tier": "gold",
    "vpc": {"cidr": "10.20.0.0/20", "zones": 3},
    "pci": True,
    "rate": 1.5,
    "groups": ["a", "b,c"],
    "nothing": None,
    "empty": "",
}


def parameters(inside: Inside, path: str = "/aft") -> dict[str, str]:
    pages = inside.look("ssm").get_paginator("get_parameters_by_path")
    found = pages.paginate(Path=path, Recursive=True)
    return {item["Name"]: item["Value"] for page in found for item in page["Parameters"]}


def metadata(inside: Inside, fields: dict[str, Any], **options: Any) -> Applied:
    account = facts(inside.account_id, custom_fields=fields)
    return applied(inside, SsmMetadata(), account=account, **options)


def test_fields_and_account_are_written_then_found_right(inside: Inside) -> None:
    setting = metadata(inside, FIELDS)
    assert len(setting.differences()) == 13
    setting.change()
    assert parameters(inside) == {
        "/aft/account/id": inside.account_id,
        "/aft/account/name": "Payments (Prod)",
        "/aft/account/email": "aws+payments-prod@example.com",
        "/aft/account/ou": "Workloads/Prod",
        "/aft/account/request-id": "payments-prod",
        "/aft/account/owner-team": "payments",
        "/aft/account/owner-email": "payments@example.com",
        "/aft/account-request/custom-fields/tier": "gold",
        "/aft/account-request/custom-fields/vpc/cidr": "10.20.0.0/20",
        "/aft/account-request/custom-fields/vpc/zones": "3",
        "/aft/account-request/custom-fields/pci": "true",
        "/aft/account-request/custom-fields/rate": "1.5",
        "/aft/account-request/custom-fields/groups": '["a","b,c"]',
    }
    assert setting.differences() == ()
    written = setting.writes()
    setting.change()
    assert setting.writes() == written


def test_what_was_changed_by_hand_is_drift_and_repaired(inside: Inside) -> None:
    setting = metadata(inside, {"tier": "gold"})
    setting.change()
    name = "/aft/account-request/custom-fields/tier"
    inside.look("ssm").put_parameter(Name=name, Value="tin", Type="String", Overwrite=True)
    (difference,) = setting.differences()
    assert difference.description == f"SSM parameter {name} is 'tin', should be 'gold'"
    before = setting.writes().count("PutParameter")
    setting.change()
    assert parameters(inside)[name] == "gold"
    assert setting.writes().count("PutParameter") == before + 1


def test_fields_that_left_the_request_are_deleted_and_only_those(inside: Inside) -> None:
    ssm = inside.look("ssm")
    many = {f"field-{number}": "x" for number in range(25)}
    metadata(inside, {**many, "tier": "gold"}).change()
    for name in ("/aft/other", "/aft/account/color", "/aft/account-request/else"):
        ssm.put_parameter(Name=name, Value="kept", Type="String")
    setting = metadata(inside, {"tier": "gold"})
    assert all("is left over" in item.description for item in setting.differences())
    assert len(setting.differences()) == 25
    setting.change()
    left = parameters(inside)
    assert [name for name in left if "field-" in name] == []
    assert {"/aft/other", "/aft/account/color", "/aft/account-request/else"} <= set(left)
    assert setting.differences() == ()


def test_an_owner_that_left_is_deleted(inside: Inside) -> None:
    metadata(inside, {}).change()
    account = facts(inside.account_id, owner={})
    applied(inside, SsmMetadata(), account=account).change()
    assert "/aft/account/owner-team" not in parameters(inside)


def test_a_parameter_of_another_type_is_replaced(inside: Inside) -> None:
    name = "/aft/account-request/custom-fields/tier"
    inside.look("ssm").put_parameter(Name=name, Value="gold", Type="SecureString")
    setting = metadata(inside, {"tier": "gold"})
    assert any("is a SecureString" in item.description for item in setting.differences())
    setting.change()
    found = inside.look("ssm").get_parameter(Name=name)["Parameter"]
    assert (found["Type"], found["Value"]) == ("String", "gold")


def test_the_path_can_be_chosen(inside: Inside) -> None:
    metadata(inside, {"tier": "gold"}, path="/acme/meta").change()
    assert parameters(inside) == {}
    found = parameters(inside, "/acme/meta")
    assert found["/acme/meta/account-request/custom-fields/tier"] == "gold"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"a b": "x"}, "has 'a b' in its name"),
        ({"a/b": "x"}, "in its name, which may only hold"),
        ({"long": "ü" * 2049}, "is 4,098 bytes long; SSM takes 4,096"),
    ],
)
def test_what_ssm_cannot_keep_is_said_before_anything_is_written(
    inside: Inside, fields: dict[str, Any], words: str
) -> None:
    setting = metadata(inside, {"fine": "x", **fields})
    assert any(words in item.description for item in setting.differences())
    with pytest.raises(Terminal) as caught:
        setting.change()
    assert words in caught.value.message
    assert setting.writes() == []
    assert parameters(inside) == {}


def test_only_what_is_written_is_a_fact() -> None:
    setting = SsmMetadata()
    assert setting.facts(facts()) == setting.facts(facts(tags={}, regions=(HOME,)))
    assert setting.facts(facts()) != setting.facts(facts(custom_fields={"a": 1}))
    assert setting.facts(facts()) != setting.facts(facts(account_id=None))
