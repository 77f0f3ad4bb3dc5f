"""Drift as text, as an issue and as JSON: complete, bounded, and nothing from outside is markup."""

from __future__ import annotations

import json

import pytest
from builders_kinds import a_change
from builders_plan import NOW
from gfm import problems

from aft.findings.model import Finding
from aft.plan.drifted import Drift, Outside, Pending, Undone, Unmanaged
from aft.plan.model import Change
from aft.report.drift import MARKER, drift_failed_markdown, drift_json, drift_markdown, drift_view
from aft.values.ids import Revision

HOSTILE = "</details><img src=x> ``` @everyone [x](http://evil) \x1b[31m| #1"


def change(target: str) -> Change:
    return a_change("update account/tags", target)


def outside(target: str, *lines: str, note: str = "") -> Outside:
    return Outside(
        target=target,
        account_id="111122223333",
        what="tag-account",
        differences=lines,
        change=change(target),
        note=note,
    )


def drift(*entries: Outside, **more: object) -> Drift:
    return Drift(revision=Revision("a" * 40), scope=None, accounts=412, outside=entries, **more)  # type: ignore[arg-type]


def test_the_last_line_can_be_searched_for() -> None:
    assert drift_view(drift()).plain == "No drift. 412 accounts looked at for aaaaaaa."
    found = drift(
        outside("shop", "a"),
        outside("shop", "b"),
        outside("lab", "c"),
        pending=(Pending(target="x", account_id=None, what="create-account"),),
        unread=(Finding(code="AFT922", target="y", message="no answer"),),
    )
    last = drift_view(found).plain.splitlines()[-1]
    assert last == "Drift: 3 things changed outside git in 2 accounts. 1 pending, 1 unread."


def test_text_shortens_long_lists_but_no_drift() -> None:
    many = tuple(
        Unmanaged(account_id=f"{n:012}", name=f"n{n}", email="", ou="/", state="ACTIVE")
        for n in range(50)
    )
    found = drift(*(outside(f"a{n}", f"tag t{n} is gone") for n in range(60)), unmanaged=many)
    text = drift_view(found).plain
    assert all(f"tag t{n} is gone" in text for n in range(60))
    assert "and 30 more" in text
    assert "and 30 more" not in drift_view(found, everything=True).plain


def test_what_is_not_repaired_says_so() -> None:
    gone = Outside(target="shop", account_id=None, what="account-gone", differences=("gone",))
    assert "(not repaired)" in drift_view(drift(gone)).plain
    assert "not repaired" in drift_markdown(drift(gone), read_at=NOW)
    assert "not repaired" not in drift_view(drift(outside("shop", "x"))).plain


def test_what_failed_or_waits_is_listed_and_is_no_drift() -> None:
    found = drift(
        undone=(
            Undone(target="shop", what="network", reason="no range is free", at=NOW),
            Undone(
                target="lab",
                what="account ou",
                reason=f"not reviewed {HOSTILE}",
                at=NOW,
                is_held=True,
            ),
        )
    )
    page = drift_markdown(found, read_at=NOW)
    assert "none, but something that git asks for is not done" in page
    assert "shop: network (failed since" in page
    assert "lab: account ou (waits since" in page
    assert problems(page) == []
    text = drift_view(found).plain
    assert "no range is free" in text
    assert text.splitlines()[-1].startswith("No drift. ")
    assert text.splitlines()[-1].endswith("2 failed or held.")
    states = [item["state"] for item in json.loads(drift_json(found, read_at=NOW))["undone"]]
    assert states == ["failed", "held"]


def test_nothing_from_outside_is_markup() -> None:
    found = drift(
        outside("shop", f"tag x is {HOSTILE}", note=HOSTILE),
        unmanaged=(
            Unmanaged(account_id="1" * 12, name=HOSTILE, email=HOSTILE, ou="/", state="ACTIVE"),
        ),
        doubts=(Finding(code="AFT901", target="lab", message=HOSTILE),),
    )
    page = drift_markdown(found, read_at=NOW)
    outside_code, _, folded = page.partition("### Changed outside git")[2].partition(
        "To put it back"
    )
    assert "````diff" in outside_code, "longer than any fence in it"
    assert folded.count("</details>") == folded.count("<details>") == 2
    assert folded.count("<img") == folded.count("\\<img") > 0
    assert problems(page) == []
    assert "\x1b" not in page + drift_view(found).plain


@pytest.mark.parametrize("limit", [2_000, 65_000])
def test_an_issue_fits(limit: int) -> None:
    found = drift(*(outside(f"a{n}", "tag x is gone" * 20) for n in range(1_000)))
    page = drift_markdown(found, read_at=NOW, limit=limit)
    assert len(page) <= limit
    assert page.startswith(f"{MARKER}\n")
    assert "1,000 accounts" in page
    assert "left out here" in page
    assert page.rstrip().endswith("</sub>")


def test_unread_is_not_none() -> None:
    page = drift_markdown(
        drift(unread=(Finding(code="AFT922", target="y", message="no answer"),)), read_at=NOW
    )
    assert "could not be read" in page.splitlines()[2]
    assert "✅" not in page


def test_a_failed_check_is_no_check() -> None:
    page = drift_failed_markdown(HOSTILE, "try again")
    assert page.startswith(f"{MARKER}\n")
    assert "failed" in page
    assert page.count("<img") == page.count("\\<img") > 0


def test_json_says_everything() -> None:
    found = json.loads(drift_json(drift(outside("shop", HOSTILE)), read_at=NOW))
    assert found["drift"] is True
    assert found["outside"][0]["differences"] == [HOSTILE]
    assert found["outside"][0]["change"] == "account/shop/update-account/tags"
    assert json.loads(drift_json(drift(), read_at=NOW))["drift"] is False
