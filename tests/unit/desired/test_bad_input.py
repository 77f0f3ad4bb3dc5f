"""What bad input gets: file, line, column and code, for every way a request goes wrong.

One bad file never hides another: everything is said in one run, and fixing the file is enough.
"""

from __future__ import annotations

import pytest
from builders_requests import lines, load, request_text

from aft.desired.desired import LoadResult
from aft.findings.model import Finding

SHOP = "account-requests/shop.yaml"


def refused(text: str, **others: str) -> LoadResult:
    """``shop.yaml`` with this text (and others beside it) is no desired state, and is fixed by
    a valid text alone."""
    beside = {f"account-requests/{name}.yaml": content for name, content in others.items()}
    result = load({SHOP: text, **beside})
    assert result.state is None
    assert result.findings
    return result


def the_finding(result: LoadResult) -> Finding:
    assert len(result.findings) == 1, lines(result)
    return result.findings[0]


def test_a_valid_request_has_no_findings() -> None:
    result = load({SHOP: request_text("shop")})
    assert result.findings == ()
    assert result.state is not None
    assert [request.id for request in result.state.requests] == ["shop"]


@pytest.mark.parametrize(
    ("extra", "expected", "message"),
    [
        ("email: other@example.com\n", "4:1 AFT103", "first at line 2"),
        ("owner: &o {team: a, email: a@example.com}\n", "4:8 AFT105", "anchor &o"),
        ("account_id: 123456789012\n", "4:13 AFT205", "is not in quotes"),
        ("account_id: 012345670123\n", "4:13 AFT205", "leading zero"),
        ("regoin: eu-west-1\n", "4:1 AFT201", "not a known key"),
        ("tags: [a, b]\n", "4:7 AFT202", "expected a mapping, found a list"),
        ("protect: yes\n", "4:10 AFT202", "expected true or false, found 'yes'"),
        ("protect: [x]\n", "4:10 AFT202", "expected true or false, found a list"),
        ("protect: {reasn: Books}\n", "4:11 AFT201", "protect.reasn is not a known key"),
        ("protect: {until: soon}\n", "4:18 AFT204", "a date such as 2027-06-30, found 'soon'"),
        ("tags: {cost-center: 4711}\n", "4:21 AFT202", "expected text, found the number 4711"),
        ("---\nname: other\n", "4:1 AFT106", "a second document"),
        ("\treason: x\n", "4:1 AFT102", "tab"),
        ("reason: !!python/name:os.system x\n", "4:9 AFT108", "tag"),
        ("customizations: [web-servise]\n", "4:18 AFT312", "no customization 'web-servise'"),
        ("baseline: prodction\n", "4:11 AFT311", "no baseline 'prodction'"),
        ("depends_on: [shob]\n", "4:14 AFT307", "'shob', which is no request"),
        ("depends_on: [shop]\n", "4:14 AFT308", "itself"),
        ("expires: 2027-06-30\n", "4:1 AFT290", "not acted on yet"),
        ("budget: {monthly_usd: 5, subscribers: [a@b.de]}\n", "4:1 AFT317", "no baseline"),
        ("budget: {monthly_usd: 0, subscribers: [a@b.de]}\n", "4:23 AFT204", "monthly_usd"),
        (
            "access: [{group: a, permission_set: ReadOnlyAccess}]\n",
            "4:1 AFT290",
            "not acted on yet",
        ),
        ("state: closed\n", "4:1 AFT290", "only active is"),
        ("state: quarantined\n", "4:1 AFT290", "only active is"),
        ("regions: [eu-west-1, me-south-1]\n", "4:22 AFT340", "no baseline does"),
        ("regions: [eu-west-9]\n", "4:11 AFT208", "not an AWS region"),
    ],
)
def test_one_wrong_line(extra: str, expected: str, message: str) -> None:
    result = refused(request_text("shop") + extra)
    finding = the_finding(result)
    assert lines(result) == [f"{SHOP}:{expected}"]
    assert message in finding.message


def test_a_bomb_is_refused_at_its_anchors() -> None:
    bomb = "custom_fields:\n  a: &a [x, x]\n  b: &b [*a, *a]\n  c: [*b, *b]\n"
    result = refused(request_text("shop") + bomb)
    assert lines(result)[:2] == [f"{SHOP}:5:6 AFT105", f"{SHOP}:6:6 AFT105"]
    assert {item.code for item in result.findings} == {"AFT105"}


def test_a_request_named_like_its_neighbour_but_for_case() -> None:
    result = refused(request_text("shop"), Shop=request_text("big-shop"))
    assert lines(result) == ["account-requests/shop.yaml:1:1 AFT302"]
    assert "account-requests/Shop.yaml" in the_finding(result).message


def test_an_account_named_like_its_neighbour_but_for_case() -> None:
    result = refused(request_text("shop"), other=request_text("other", name="SHOP"))
    assert lines(result) == [f"{SHOP}:1:7 AFT305"]


def test_an_ou_that_is_misspelt() -> None:
    result = refused(request_text("shop", ou="Workload/Prod"))
    assert lines(result) == [f"{SHOP}:3:5 AFT306"]
    assert the_finding(result).hint == "did you mean 'Workloads/Prod'?"


def test_an_ou_in_the_wrong_case() -> None:
    result = refused(request_text("shop", ou="workloads/prod"))
    assert the_finding(result).hint == "did you mean 'Workloads/Prod'?"


def test_what_is_missing_says_what_was_expected() -> None:
    result = refused("reason: none of the three\n")
    assert [item.code for item in result.findings] == ["AFT203"] * 3
    assert [str(item.source) for item in result.findings] == [f"{SHOP}:1:1"] * 3
    assert {item.message.split()[0] for item in result.findings} == {"name", "email", "ou"}


def test_a_value_left_empty_is_missing_at_its_line() -> None:
    assert lines(refused(request_text("shop", ou=""))) == [f"{SHOP}:3:4 AFT203"]


def test_everything_is_said_in_one_run() -> None:
    text = (
        "name: <shop>\n"
        "email: shop\n"
        "ou: Workloads//Prod\n"
        "nmae: x\n"
        "customizations: [pci, nope, pci]\n"
        "contacts: {billing: {name: a, title: b, email: c, phone: '1'}}\n"
    )
    result = refused(text, other="name: [\n")
    assert lines(result) == [
        "account-requests/other.yaml:1:7 AFT101",
        f"{SHOP}:1:7 AFT204",
        f"{SHOP}:2:8 AFT204",
        f"{SHOP}:3:5 AFT204",
        f"{SHOP}:4:1 AFT201",
        f"{SHOP}:5:29 AFT204",
        f"{SHOP}:6:48 AFT204",
    ]


def test_a_file_with_a_wrong_field_is_still_held_against_the_others() -> None:
    text = request_text("shop", ou="Workloads/Porduction", email="same@example.com") + "typo: 1\n"
    result = refused(text, other=request_text("other", email="Same@example.com"))
    assert lines(result) == [
        f"{SHOP}:2:8 AFT303",
        f"{SHOP}:3:5 AFT306",
        f"{SHOP}:4:1 AFT201",
    ]
