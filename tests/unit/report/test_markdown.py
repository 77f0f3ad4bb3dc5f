from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import builders_plan as b
import builders_report as r
import pytest
from builders_kinds import KINDS

from aft.findings.model import Finding
from aft.plan.codec import plan_digest
from aft.plan.model import Plan
from aft.report.markdown.fitting import comment, summary
from aft.report.markdown.plan import PlanPage

MARKER = "<!-- aft:plan -->"


def test_the_order_is_headline_risk_then_the_rest_then_the_footer() -> None:
    markdown = comment(PlanPage(kinds=KINDS, plan=r.small()))
    assert markdown.startswith(f"{MARKER}\n\n## aft plan: 2 to create, 1 to adopt")
    places = [
        markdown.index(text)
        for text in (
            "**Plan: 2 to create",
            "### ⚠️ Look closely: 7 risky changes",
            "> legacy-billing",
            "### Organizational units",
            "### Accounts",
            "<details>",
            "<sub>Plan",
        )
    ]
    assert places == sorted(places)
    assert plan_digest(r.small())[:19] in markdown


def test_attention_comes_before_everything_that_is_planned() -> None:
    markdown = comment(PlanPage(kinds=KINDS, plan=r.attention()))
    assert markdown.index("### Needs attention") < markdown.index("### Accounts")
    assert markdown.startswith(f"{MARKER}\n\n## ⚠️ aft plan")


def test_risky_changes_are_never_folded() -> None:
    for plan in (r.small(), r.large()):
        folded = re.findall(
            r"(?s)<details>.*?</details>", comment(PlanPage(kinds=KINDS, plan=plan), limit=10**7)
        )
        assert folded
        assert not any(re.search(r"(?m)^(! move|- )", block) for block in folded)


def test_one_level_of_folding_and_symbols_in_the_first_column() -> None:
    markdown = comment(PlanPage(kinds=KINDS, plan=r.small()))
    assert not re.search(r"(?s)<details>(?:(?!</details>).)*<details>", markdown)
    blocks = re.findall(r"(?ms)^```diff\n(.*?)^```$", markdown)
    assert blocks
    for block in blocks:
        assert all(line[0] in "+-! " for line in block.splitlines())


def test_no_changes_and_refused_have_headlines_of_their_own() -> None:
    assert "## ✅ aft plan: no changes" in comment(PlanPage(kinds=KINDS, plan=r.empty()))
    assert "## ⛔ aft plan: over a safety limit" in comment(
        PlanPage(kinds=KINDS, plan=r.large(), refusals=(r.refusal(),))
    )


def test_a_plan_with_attention_alone_is_never_called_no_changes() -> None:
    plan = b.plan(b.desired(b.request("app", "Nowhere")), b.snapshot())
    assert "aft plan: needs attention" in comment(PlanPage(kinds=KINDS, plan=plan))


def test_equal_changes_are_told_once() -> None:
    markdown = comment(PlanPage(kinds=KINDS, plan=r.large()))
    assert "400 accounts alike" in markdown
    assert markdown.count("iam-password-policy") < 20


def test_the_comment_keeps_its_size_and_its_head() -> None:
    full = comment(PlanPage(kinds=KINDS, plan=r.large()), limit=10**7)
    cut = comment(PlanPage(kinds=KINDS, plan=r.large()), limit=9_000)
    assert len(full) > 9_000 >= len(cut)
    assert "moving-11" in cut
    assert re.search(r"\*[0-9]+ accounts found no room here; [^*]+\*", cut)
    assert cut.count("<details>") == cut.count("</details>")
    assert "<sub>Plan" in cut


def left_out(markdown: str) -> int:
    """Of how many accounts the page says that they are missing."""
    found = re.findall(r"([0-9,]+) (?:risky )?accounts? (?=found no room|and|,)", markdown + " ")
    return sum(int(number.replace(",", "")) for number in found)


@pytest.mark.parametrize("limit", [3_000, 4_000, 6_000, 20_000, 65_000])
def test_shown_and_left_out_accounts_are_all_there_are(limit: int) -> None:
    plan = r.huge()
    markdown = comment(PlanPage(kinds=KINDS, plan=plan), limit=limit)
    assert len(markdown) <= limit
    shown = {name for name in plan.targets() if re.search(rf"[`>]\+? ?{name}[`<]", markdown)}
    assert len(shown) + left_out(markdown) == 290
    if limit >= 20_000:
        assert {name for name in plan.targets() if name.startswith("legacy")} <= shown


def test_when_not_even_the_risks_have_room_the_page_says_so_at_its_top() -> None:
    markdown = comment(PlanPage(kinds=KINDS, plan=r.huge()), limit=3_000)
    top = markdown[: markdown.index("<sub>")]
    assert "> [!CAUTION]\n> 30 risky accounts and 260 accounts found no room here" in top
    assert "Read it before you approve it" in top


def test_the_summary_has_everybody() -> None:
    plan = r.huge()
    markdown = summary(PlanPage(kinds=KINDS, plan=plan, costs=r.costs(plan)))
    assert all(f"{name}<" in markdown or f"`{name}`" in markdown for name in plan.targets())
    assert "no room" not in markdown
    assert MARKER not in markdown


def test_the_limit_of_the_summary_is_in_bytes() -> None:
    markdown = summary(PlanPage(kinds=KINDS, plan=r.huge()), limit=30_000)
    assert len(markdown) < len(markdown.encode()) <= 30_000
    assert "found no room here" in markdown


@pytest.mark.parametrize(
    ("plan", "refusals", "says"),
    [
        (r.small, (), "aft plans again and carries this out"),
        (r.empty, (), "nothing is changed in AWS"),
        (r.attention, (), "what needs attention is left as it is"),
        (r.large, (r.refusal(),), "nothing would be applied"),
    ],
)
def test_it_says_what_happens_on_merge(
    plan: Callable[[], Plan], refusals: tuple[Finding, ...], says: str
) -> None:
    page = PlanPage(kinds=KINDS, plan=plan(), refusals=refusals)
    line = next(item for item in comment(page).splitlines() if item.startswith("**On merge:**"))
    assert says in line


def test_each_account_says_who_asks_why_where_and_what_it_may_cost() -> None:
    markdown = comment(r.plan_page("small"))
    (block,) = re.findall(r"(?s)<details>.*?payments-prod.*?</details>", markdown)[:1]
    for words in (
        "for payments · PLAT-1234 · Production home of the payments service",
        "`account-requests/payments-prod.yaml:1`",
        "AWS bills for config-recorder",
        "budget 500 USD a month",
    ):
        assert words in block
    assert "**2 new accounts:** AWS bills for config-recorder, network; budget 500 USD a month" in (
        markdown
    )


def test_long_lists_are_rows_that_nobody_has_to_scroll() -> None:
    tags = {f"a-rather-long-key-{number}": "value" for number in range(12)}
    plan = b.plan(b.desired(b.request("app", tags=tags)), b.snapshot())
    block = comment(PlanPage(kinds=KINDS, plan=plan)).split("```")[1]
    assert max(map(len, block.splitlines())) <= 100
    told = re.findall(r"a-rather-long-key-[0-9]+=value", block)
    assert sorted(told) == sorted(f"{key}=value" for key in tags)


def test_base_and_published_snapshot_are_in_the_footer() -> None:
    published = b.NOW - timedelta(days=3)
    page = PlanPage(kinds=KINDS, plan=r.empty(), base="9f8e7d6" + "c" * 33, published_at=published)
    footer = comment(page).splitlines()[-1]
    assert "into `9f8e7d6`" in footer
    assert "as published at 2026-11-19 12:00 UTC, 3 days before the plan" in footer


def test_the_age_of_what_was_read_is_in_the_footer() -> None:
    markdown = comment(PlanPage(kinds=KINDS, plan=r.empty(), read_at=b.NOW - timedelta(minutes=3)))
    assert "read 2026-11-22 11:57 UTC, 3 minutes before the plan" in markdown


def test_lifted_limits_are_shown() -> None:
    markdown = comment(
        PlanPage(kinds=KINDS, plan=r.small(), lifted=("2 moves are over the limit of 1",))
    )
    assert "### Limits lifted\n\n- 2 moves are over the limit of 1" in markdown
