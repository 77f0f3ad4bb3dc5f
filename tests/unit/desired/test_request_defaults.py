"""``_defaults.yaml``: nearest wins, maps merge, lists replace, patterns; and whose line it is."""

from __future__ import annotations

import pytest
from builders_requests import lines, load, request_text

from aft.desired.defaults import merge
from aft.desired.model import AccountRequest
from aft.findings.validation import dotted
from aft.values.ids import RequestId

TOP = "account-requests/_defaults.yaml"
NEAR = "account-requests/prod/_defaults.yaml"
SHOP = "account-requests/prod/shop.yaml"


def the_request(files: dict[str, str]) -> AccountRequest:
    result = load(files)
    assert result.findings == ()
    assert result.state is not None
    return result.state.request_by_id[RequestId("shop")]


def test_the_nearest_wins_maps_merge_and_lists_replace() -> None:
    request = the_request(
        {
            TOP: "ou: Workloads/Dev\n"
            "tags: {a: top, b: top}\n"
            "customizations: [pci, web-service]\n"
            "custom_fields: {vpc: {cidr: 10.0.0.0/8, size: 1}}\n",
            NEAR: "ou: Workloads/Prod\ntags: {b: near, c: near}\ncustomizations: [pci]\n",
            SHOP: "name: shop\nemail: shop@example.com\ntags: {c: own}\n"
            "custom_fields: {vpc: {size: 2}}\n",
        }
    )
    assert str(request.ou) == "Workloads/Prod"
    assert request.tags == {"a": "top", "b": "near", "c": "own"}
    assert request.customizations == ("pci",)
    assert request.custom_fields == {"vpc": {"cidr": "10.0.0.0/8", "size": 2}}


def test_defaults_of_another_folder_do_not_apply() -> None:
    request = the_request(
        {"account-requests/dev/_defaults.yaml": "reason: dev\n", SHOP: request_text("shop")}
    )
    assert request.reason == ""


def test_everything_needed_may_come_from_defaults() -> None:
    request = the_request(
        {
            TOP: "name: '{folder}-{id}'\nemail: aws+{name}@example.com\nou: Workloads/Prod\n",
            SHOP: "reason: nothing else\n",
        }
    )
    assert request.name == "prod-shop"
    assert request.email == "aws+prod-shop@example.com"


def test_patterns_work_in_nested_text_and_braces_can_be_written() -> None:
    request = the_request(
        {
            TOP: "tags: {team: '{folder}'}\ncustom_fields: {list: ['{id}'], raw: '{{x}}'}\n",
            SHOP: request_text("shop"),
        }
    )
    assert request.tags == {"team": "prod"}
    assert request.custom_fields == {"list": ["shop"], "raw": "{x}"}


def test_text_of_a_request_is_never_a_pattern() -> None:
    request = the_request({SHOP: request_text("shop", custom_fields="{raw: '{id} {'}")})
    assert request.custom_fields == {"raw": "{id} {"}


def test_an_empty_value_takes_a_default_back() -> None:
    files = {TOP: "baseline: production\nreason: x\n", SHOP: request_text("shop", baseline="")}
    request = the_request(files)
    assert request.baseline is None
    assert request.reason == "x"


def test_a_wrong_default_is_one_finding_at_its_own_line() -> None:
    result = load(
        {
            TOP: "protect: maybe\nregoin: x\n",
            SHOP: request_text("shop"),
            "account-requests/prod/other.yaml": request_text("other"),
        }
    )
    assert lines(result) == [f"{TOP}:1:10 AFT202", f"{TOP}:2:1 AFT201"]


def test_a_wrong_default_is_found_without_any_request() -> None:
    assert lines(load({TOP: "email: nobody\n"})) == [f"{TOP}:1:8 AFT204"]


def test_a_default_that_only_fails_for_one_request_is_shown_in_the_defaults() -> None:
    long = "a-request-with-a-rather-long-name-of-fifty-letters"
    result = load(
        {
            TOP: "ou: Workloads/Prod\nname: '{id}-account'\nemail: '{id}@example.com'\n",
            f"account-requests/{long}.yaml": "reason: long\n",
            "account-requests/short.yaml": "reason: short\n",
        }
    )
    assert lines(result) == [f"{TOP}:2:7 AFT204"]
    assert "found 58" in result.findings[0].message


def test_rules_across_requests_point_at_the_default_that_breaks_them() -> None:
    result = load(
        {
            TOP: "email: same@example.com\nou: Workloads/Nowhere\n",
            "account-requests/a.yaml": "name: a\n",
            "account-requests/b.yaml": "name: b\n",
        }
    )
    assert lines(result) == [f"{TOP}:1:8 AFT303", f"{TOP}:2:5 AFT306"]


def test_a_mapping_may_be_completed_by_the_request() -> None:
    request = the_request(
        {TOP: "owner: {team: shop}\n", SHOP: request_text("shop", owner="{email: s@example.com}")}
    )
    assert request.owner is not None
    assert (request.owner.team, request.owner.email) == ("shop", "s@example.com")


def test_a_mapping_nobody_completes_is_found_where_it_begins() -> None:
    result = load({TOP: "owner: {team: shop}\n", SHOP: request_text("shop")})
    assert lines(result) == [f"{TOP}:1:8 AFT203"]
    assert "owner.email is missing" in result.findings[0].message


def test_identity_cannot_be_a_default() -> None:
    result = load({TOP: 'account_id: "123456789012"\n', SHOP: request_text("shop")})
    assert lines(result) == [f"{TOP}:1:1 AFT207"]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("email: aws+{nope}@example.com\n", "1:8"),
        ("name: '{name}'\n", "1:7"),
        ("tags:\n  a: 'x{'\n", "2:6"),
        ("customizations: [pci, '{ID}']\n", "1:23"),
    ],
)
def test_a_placeholder_nobody_knows(text: str, place: str) -> None:
    result = load({TOP: text, SHOP: request_text("shop")})
    assert f"{TOP}:{place} AFT206" in lines(result)


def test_what_is_not_acted_on_is_refused_in_defaults_once() -> None:
    result = load(
        {
            TOP: "expires: 2027-01-01\n",
            SHOP: request_text("shop"),
            "account-requests/other.yaml": request_text("other"),
        }
    )
    assert lines(result) == [f"{TOP}:1:1 AFT290"]


def test_a_broken_defaults_file_is_said_once_and_hides_no_request() -> None:
    result = load({TOP: "tags: [\n", SHOP: request_text("shop") + "typo: 1\n"})
    assert lines(result) == [f"{TOP}:1:7 AFT101", f"{SHOP}:4:1 AFT201"]


def test_what_a_broken_defaults_file_may_hold_is_not_called_missing() -> None:
    result = load({TOP: "ou: [\n", SHOP: "name: shop\nowner: {team: a}\n"})
    assert lines(result) == [f"{TOP}:1:5 AFT101"]


def test_merging_leaves_both_sides_as_they_were() -> None:
    base, over = {"m": {"a": 1}, "l": [1]}, {"m": {"b": 2}, "l": [2]}
    assert merge(base, over) == {"m": {"a": 1, "b": 2}, "l": [2]}
    assert base == {"m": {"a": 1}, "l": [1]}
    assert over == {"m": {"b": 2}, "l": [2]}


def test_places_are_written_as_people_write_them() -> None:
    assert dotted(("access", 0, "group")) == "access[0].group"
