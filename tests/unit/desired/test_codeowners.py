"""CODEOWNERS: few lines, the same every time, and every file has whom GitHub will find."""

from __future__ import annotations

import fnmatch

import pytest
from builders_requests import load, request_text

from aft.desired.codeowners import codeowners, teams_without_handle
from aft.desired.model import DesiredState
from aft.errors import UserError

CONFIG = (
    "home_region: eu-central-1\n"
    "github:\n"
    "  platform_team: '@acme/platform'\n"
    "  teams: {pay: '@acme/pay', shop: '@acme/shop', lab: '@ada'}\n"
)


def owned(stem: str, team: str) -> str:
    return request_text(stem, owner=f"{{team: {team}, email: x@example.com}}")


FILES = {
    "aft.yaml": CONFIG,
    "account-requests/pay/pay-dev.yaml": owned("pay-dev", "pay"),
    "account-requests/pay/deep/pay-prod.yaml": owned("pay-prod", "pay"),
    "account-requests/mixed/shop.yaml": owned("shop", "shop"),
    "account-requests/mixed/lab.yaml": owned("lab", "lab"),
    "account-requests/mixed/ours.yaml": owned("ours", "platform"),
    "account-requests/mixed/nobody.yaml": request_text("nobody"),
    "account-requests/mixed/inner/shop-two.yaml": owned("shop-two", "shop"),
    "account-requests/single.yaml": owned("single", "pay"),
}


def state(files: dict[str, str]) -> DesiredState:
    result = load(dict(files))
    assert result.state is not None, result.findings
    return result.state


def rules(text: str) -> list[tuple[str, str]]:
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(line.split()[0], line.split()[1]) for line in lines]


def owner_of(path: str, text: str) -> str:
    """As GitHub finds it: the last rule that matches."""
    found = ""
    for pattern, owner in rules(text):
        if pattern == "*" or fnmatch.fnmatchcase(f"/{path}", f"{pattern}*"):
            found = owner
    return found


def test_a_folder_takes_one_line_where_all_below_agree() -> None:
    text = codeowners(state(FILES))
    assert rules(text) == [
        ("*", "@acme/platform"),
        ("/account-requests/mixed/inner/", "@acme/shop"),
        ("/account-requests/mixed/lab.yaml", "@ada"),
        ("/account-requests/mixed/shop.yaml", "@acme/shop"),
        ("/account-requests/pay/", "@acme/pay"),
        ("/account-requests/single.yaml", "@acme/pay"),
    ]


@pytest.mark.parametrize(
    ("path", "owner"),
    [
        ("aft.yaml", "@acme/platform"),
        (".github/workflows/plan.yml", "@acme/platform"),
        ("customizations/baselines/standard.yaml", "@acme/platform"),
        ("account-requests/_defaults.yaml", "@acme/platform"),
        ("account-requests/mixed/_defaults.yaml", "@acme/platform"),
        ("account-requests/mixed/ours.yaml", "@acme/platform"),
        ("account-requests/mixed/nobody.yaml", "@acme/platform"),
        ("account-requests/mixed/lab.yaml", "@ada"),
        ("account-requests/pay/_defaults.yaml", "@acme/pay"),
        ("account-requests/pay/new.yaml", "@acme/pay"),
    ],
)
def test_every_file_has_its_owner(path: str, owner: str) -> None:
    assert owner_of(path, codeowners(state(FILES))) == owner


def test_the_top_folder_is_never_one_team_s() -> None:
    files = {"aft.yaml": CONFIG, "account-requests/a.yaml": owned("a", "pay")}
    text = codeowners(state(files))
    assert owner_of("account-requests/_defaults.yaml", text) == "@acme/platform"
    assert owner_of("account-requests/a.yaml", text) == "@acme/pay"


def test_the_order_of_files_does_not_matter() -> None:
    assert codeowners(state(FILES)) == codeowners(state(dict(reversed(FILES.items()))))


def test_a_path_that_github_takes_for_a_pattern_falls_to_the_platform_team() -> None:
    files = {"aft.yaml": CONFIG, "account-requests/p [x]/a.yaml": owned("a", "pay")}
    assert rules(codeowners(state(files))) == [("*", "@acme/platform")]


def test_without_a_platform_team_there_is_no_file() -> None:
    with pytest.raises(UserError, match="no team owns"):
        codeowners(state({"account-requests/a.yaml": owned("a", "pay")}))


def test_teams_without_a_handle_are_told() -> None:
    assert teams_without_handle(state(FILES)) == ("platform",)
