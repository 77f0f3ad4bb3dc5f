"""Without a list of OUs, requests for OUs that look alike are compared with each other."""

from __future__ import annotations

import pytest
from builders_requests import lines, load, request_text

NO_UNITS = {"customizations/organization/organization.yaml": "removed: []\n"}


@pytest.mark.parametrize(
    ("one", "other"),
    [("Workloads/Prod", "Workloads/Рrod"), ("Prod", "Prоd"), ("Prod/A", "Рrod/B")],
)
def test_ous_of_requests_that_look_alike(one: str, other: str) -> None:
    result = load(
        {
            **NO_UNITS,
            "account-requests/a.yaml": request_text("a", ou=one),
            "account-requests/b.yaml": request_text("b", ou=other),
        }
    )
    assert lines(result) == ["account-requests/b.yaml:3:5 AFT808"]


def test_others_are_fine() -> None:
    result = load(
        {
            **NO_UNITS,
            "account-requests/a.yaml": request_text("a", ou="Prod/Рrod"),
            "account-requests/b.yaml": request_text("b", ou="Pröd"),
            "account-requests/c.yaml": request_text("c", ou="Prod/Prod1"),
        }
    )
    assert result.findings == ()


def test_a_tag_that_looks_like_one_of_the_defaults() -> None:
    """The review of the request shows one of the two alone."""
    result = load(
        {
            "account-requests/_defaults.yaml": "tags: {cost-center: '1'}\n",
            "account-requests/a.yaml": request_text("a") + "tags: {cоst-center: '2'}\n",
        }
    )
    assert lines(result) == ["account-requests/a.yaml:4:7 AFT204"]
    assert "looks like 'cost-center'" in result.findings[0].message
