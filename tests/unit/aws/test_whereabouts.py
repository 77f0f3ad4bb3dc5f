"""Paths and ARNs tell where an account is, or nothing."""

from __future__ import annotations

from typing import Any

import pytest

from aft.aws.units import parent_in_path, whereabouts

ORGANIZATION, ROOT, OUTER = "o-abcdefghij", "r-abcd", "ou-abcd-11111111"
INNER, ACCOUNT = "ou-abcd-22222222", "111122223333"
ARN = f"arn:aws:organizations::999988887777:account/{ORGANIZATION}/{ACCOUNT}"


def account(path: str, **more: Any) -> dict[str, Any]:
    return {"Id": ACCOUNT, "Arn": ARN, "Paths": [path], **more}


@pytest.mark.parametrize(("below", "parent"), [("", ROOT), (f"/{OUTER}/{INNER}", INNER)])
def test_an_account_tells_where_it_is(below: str, parent: str) -> None:
    told = whereabouts(account(f"{ORGANIZATION}/{ROOT}{below}/{ACCOUNT}/"))
    assert told is not None
    assert (told.organization_id, told.root_id, told.parent_id) == (ORGANIZATION, ROOT, parent)
    assert told.management_account_id == "999988887777"


@pytest.mark.parametrize(
    "raw",
    [
        {"Id": ACCOUNT},
        account(""),
        account(f"{ORGANIZATION}/{ROOT}/{OUTER}/"),
        account(f"{ORGANIZATION}/{ROOT}/{OUTER}/444455556666/"),
        account(f"o-kkkkkkkkkk/{ROOT}/{OUTER}/{ACCOUNT}/"),
        account(f"{ORGANIZATION}/{ROOT}/{OUTER}/{ACCOUNT}"),
        account(f"{ORGANIZATION}/{ROOT}/{ACCOUNT}/", Arn=""),
        account("", Paths=None),
        account("", Paths=[f"{ORGANIZATION}/{ROOT}/{ACCOUNT}/"] * 2),
    ],
)
def test_nothing_is_concluded_from_another_form(raw: dict[str, Any]) -> None:
    assert whereabouts(raw) is None


@pytest.mark.parametrize(
    ("path", "parent"),
    [
        (f"{ORGANIZATION}/{ROOT}/{OUTER}/{INNER}/", OUTER),
        (f"{ORGANIZATION}/{ROOT}/{INNER}/", ROOT),
        (f"{ORGANIZATION}/{ROOT}/{OUTER}/", None),
        (f"{ORGANIZATION}/{ROOT}/", None),
        ("", None),
    ],
)
def test_a_unit_tells_its_parent(path: str, parent: str | None) -> None:
    assert parent_in_path({"Id": INNER, "Path": path}) == parent
