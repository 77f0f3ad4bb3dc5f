from __future__ import annotations

import re
from datetime import timedelta

import builders_plan as b
import builders_report as r
import pytest

from aft.plan.codec import plan_digest
from aft.plan.model import Plan
from aft.report.markdown import MARKER, plan_markdown

EVIL = [
    "```\n</details>\n# owned",
    "</code></summary><script>alert(1)</script>",
    "@everyone #1 [x](https://evil.example) ![y](https://evil.example)",
    "a | b ` c `` d ~~~ e",
    "--> <!-- aft:plan -->",
]


def evil(text: str) -> Plan:
    """Hostile text in everything a request or a tag can say."""
    wanted = b.request("app", name=text, reason=text, ticket=text, tags={text: text})
    moved = b.request("moved", "Workloads/Prod", name=text, reason=text)
    account = b.account(
        1, "moved", tags={"aft:request": "moved", text: text}, email="aws+moved@example.com"
    )
    closed = b.request("closed", "Nowhere", name=text)
    state = b.desired(wanted, moved, closed, units=(b.unit("Workloads/Prod"),))
    return b.plan(
        state,
        b.snapshot(("Workloads",), (account,)),
        b.ledger(b.record("moved", 1, tag_keys=("aft:request", text))),
    )


def outside_code(markdown: str) -> str:
    """What is left when code blocks, code spans and HTML code are taken away, as GitHub does."""
    text = re.sub(r"(?ms)^(`{3,})diff\n.*?^\1$", "", markdown)
    text = re.sub(r"(?s)<code>.*?</code>", "", text)
    return re.sub(r"(?s)(?<![\\`])(`+)(?!`).*?(?<!`)\1(?!`)", "", text)


@pytest.mark.parametrize("text", EVIL)
def test_nothing_from_outside_becomes_markup(text: str) -> None:
    markdown = plan_markdown(evil(text))
    left = outside_code(markdown)
    assert left.count(MARKER) == 1
    assert not re.search(r"(?<!\\)<(?!/?(details|summary|sub|br)\b|!-- aft:plan -->)", left)
    assert left.count("<details>") == left.count("</details>")
    assert not re.search(r"(?<![\\\w])[@#]\w", left)
    assert not re.search(r"(?<!\\)\]\(", left)
    headings = [line for line in left.splitlines() if line.startswith("#")]
    assert all("owned" not in heading for heading in headings)


def test_the_order_is_headline_risk_then_the_rest_then_the_footer() -> None:
    markdown = plan_markdown(r.small())
    assert markdown.startswith(f"{MARKER}\n\n## aft plan: 2 to create, 1 to adopt")
    places = [
        markdown.index(text)
        for text in (
            "**Plan: 2 to create",
            "### Look closely",
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
    markdown = plan_markdown(r.attention())
    assert markdown.index("### Needs attention") < markdown.index("### Accounts")
    assert markdown.startswith(f"{MARKER}\n\n## ⚠️ aft plan")


def test_risky_changes_are_never_folded() -> None:
    for plan in (r.small(), r.large()):
        folded = re.findall(r"(?s)<details>.*?</details>", plan_markdown(plan, limit=10**7))
        assert folded
        assert not any(re.search(r"(?m)^(! move|- )", block) for block in folded)


def test_one_level_of_folding_and_symbols_in_the_first_column() -> None:
    markdown = plan_markdown(r.small())
    assert not re.search(r"(?s)<details>(?:(?!</details>).)*<details>", markdown)
    blocks = re.findall(r"(?ms)^```diff\n(.*?)^```$", markdown)
    assert blocks
    for block in blocks:
        assert all(line[0] in "+-! " for line in block.splitlines())


def test_no_changes_and_refused_have_headlines_of_their_own() -> None:
    assert "## ✅ aft plan: no changes" in plan_markdown(r.empty())
    assert "## ⛔ aft plan: over a safety limit" in plan_markdown(
        r.large(), refusals=(r.refusal(),)
    )


def test_a_plan_with_attention_alone_is_never_called_no_changes() -> None:
    plan = b.plan(b.desired(b.request("app", "Nowhere")), b.snapshot())
    assert "aft plan: needs attention" in plan_markdown(plan)


def test_equal_changes_are_told_once() -> None:
    markdown = plan_markdown(r.large())
    assert "400 accounts alike" in markdown
    assert markdown.count("iam-password-policy") < 20


def test_the_comment_keeps_its_size_and_its_head() -> None:
    full = plan_markdown(r.large(), limit=10**7)
    cut = plan_markdown(r.large(), limit=9_000)
    assert len(full) > 9_000 >= len(cut)
    assert "moving-11" in cut
    assert "left out here for want of room" in cut
    assert cut.count("<details>") == cut.count("</details>")
    assert "<sub>Plan" in cut


def test_the_age_of_what_was_read_is_in_the_footer() -> None:
    markdown = plan_markdown(r.empty(), read_at=b.NOW - timedelta(minutes=3))
    assert "read 2026-11-22 11:57 UTC, 3 minutes before the plan" in markdown


def test_lifted_limits_are_shown() -> None:
    markdown = plan_markdown(r.small(), lifted=("2 moves are over the limit of 1",))
    assert "> Limit lifted: 2 moves are over the limit of 1" in markdown
