"""A new request lies beside its like, and never under another team's defaults."""

from __future__ import annotations

import pytest
from builders_requests import REPOSITORY, MemoryFiles, load, request_text

from aft.desired.draft import choose_folder, folder_defaults, named_folder
from aft.errors import UserError
from aft.values.ids import OrgUnitPath

FILES = {
    "account-requests/_defaults.yaml": "owner: {team: platform, email: p@example.com}\n",
    "account-requests/work/_defaults.yaml": "tags: {a: work, b: work}\n",
    "account-requests/work/pay/_defaults.yaml": "owner: {team: pay, email: pay@example.com}\n"
    "tags: {b: pay}\n",
    "account-requests/work/pay/pay-prod.yaml": request_text("pay-prod"),
    "account-requests/work/pay/pay-dev.yaml": request_text("pay-dev", ou="Workloads/Dev"),
    "account-requests/lab/pay-lab.yaml": request_text(
        "pay-lab", ou="Security", owner="{team: Pay, email: pay@example.com}"
    ),
    "account-requests/work/shop/shop.yaml": request_text(
        "shop", owner="{team: shop, email: s@example.com}"
    ),
}


def chosen(team: str | None, ou: str | None) -> str:
    result = load(FILES)
    assert result.state is not None, result.findings
    path = OrgUnitPath.parse(ou) if ou else None
    files = MemoryFiles({**REPOSITORY, **FILES})
    return choose_folder(result.state.requests, files, team=team, ou=path)


@pytest.mark.parametrize(
    ("team", "ou", "folder"),
    [
        ("pay", "Workloads/Dev", "account-requests/work/pay"),
        ("PAY", "Workloads/Prod", "account-requests/work/pay"),
        ("pay", "Security", "account-requests/lab"),
        ("pay", None, "account-requests/work/pay"),
        ("new", "Workloads/Prod", "account-requests/work"),
        ("new", "Workloads/Dev", "account-requests/work"),
        ("new", "Elsewhere", "account-requests"),
        (None, None, "account-requests"),
    ],
)
def test_where_it_belongs(team: str | None, ou: str | None, folder: str) -> None:
    assert chosen(team, ou) == folder


def test_defaults_of_a_folder_are_those_above_it() -> None:
    defaults = folder_defaults(MemoryFiles(FILES), "account-requests/work/pay")
    assert defaults.merged == {
        "owner": {"team": "pay", "email": "pay@example.com"},
        "tags": {"a": "work", "b": "pay"},
    }


@pytest.mark.parametrize(
    ("text", "folder"),
    [
        ("work/pay", "account-requests/work/pay"),
        ("account-requests/work", "account-requests/work"),
        ("account-requests", "account-requests"),
        ("/new.team/", "account-requests/new.team"),
    ],
)
def test_a_folder_is_named_from_either_end(text: str, folder: str) -> None:
    assert named_folder(text) == folder


@pytest.mark.parametrize("text", ["../x", "a/../../b", ".git", "a//b", "a b", "a\\b", "ü"])
def test_a_folder_cannot_be_outside(text: str) -> None:
    with pytest.raises(UserError):
        named_folder(text)
