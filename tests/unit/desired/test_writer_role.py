"""The writer role of ``aft.yaml`` is created by some file, or said to be made elsewhere."""

from __future__ import annotations

import pytest
from builders_requests import REPOSITORY, load, request_text

from aft.scaffold.roles import WRITER_PATH, writer_template

ACCOUNT = "111122223333"
FILE = "customizations/global/20-roles.sh"
ODD = "customizations/global/20-roles.odd"
STEP = "aws iam create-role --role-name aft-writer\n"


def codes(roles: str, **files: str) -> list[str]:
    config = f"{REPOSITORY['aft.yaml']}roles: {roles}\n"
    made = {"account-requests/shop.yaml": request_text("shop"), "aft.yaml": config}
    paths = {"template": WRITER_PATH, "step": FILE, "odd": ODD}
    named = {paths[key]: text for key, text in files.items()}
    return [f"{item.code} {item.where}" for item in load({**made, **named}).findings]


@pytest.mark.parametrize(
    ("roles", "files"),
    [
        ("{reader: aft-reader}", {}),
        ("{writer: aft-writer}", {"template": writer_template("aft-writer", ACCOUNT)}),
        ("{writer: aft-writer}", {"step": STEP}),
        ("{writer: aft-writer, made_elsewhere: [aft-writer]}", {}),
    ],
)
def test_a_role_that_is_made_is_fine(roles: str, files: dict[str, str]) -> None:
    assert codes(roles, **files) == []


@pytest.mark.parametrize(
    ("roles", "files"),
    [
        ("{writer: aft-writer}", {}),
        ("{writer: aft-writer}", {"template": writer_template("aft-writer-2", ACCOUNT)}),
        ("{writer: aft-writer}", {"template": writer_template("my.aft-writer", ACCOUNT)}),
        ("{writer: aft-writer, made_elsewhere: [aft-reader]}", {}),
    ],
)
def test_one_that_nothing_creates_any_longer_is_refused(roles: str, files: dict[str, str]) -> None:
    (found,) = codes(roles, **files)
    assert found.startswith("AFT348 aft.yaml:")


def test_what_cannot_be_read_may_create_it() -> None:
    assert codes("{writer: aft-writer}", odd="x") == [f"AFT620 {ODD}:1:1"]
