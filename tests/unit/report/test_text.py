from __future__ import annotations

import io
from dataclasses import replace

import builders_plan as b
import builders_report as r
import pytest
from builders_kinds import KINDS
from rich.console import Console

from aft.plan.model import Summary
from aft.report.outcome import outcome_view
from aft.report.text import plan_view
from aft.report.wording import summary_line
from aft.values.ids import WORKING_TREE

EVIL = "x\x1b[2J\n+ forged-line @all `rm`"


def last_line(text: str) -> str:
    return text.splitlines()[-1]


def test_the_last_line_is_the_promised_one() -> None:
    summary = Summary(
        create=2,
        adopt=0,
        change=1,
        move=1,
        forget=0,
        close=0,
        organization={},
        accounts_affected=3,
        accounts_total=412,
    )
    plan = replace(r.small(), summary=summary)
    wanted = "Plan: 2 to create, 1 to change, 1 to move, 0 to close. 3 of 412 accounts affected."
    assert last_line(plan_view(plan, kinds=KINDS).plain) == wanted
    more = replace(plan, summary=replace(summary, adopt=1, forget=2, organization={"ou": 1}))
    assert summary_line(more, KINDS) == (
        "Plan: 2 to create, 1 to change, 1 to move, 0 to close, 1 to adopt, 2 to forget, "
        "1 OU change. 3 of 412 accounts affected."
    )
    one = replace(plan, summary=replace(summary, accounts_affected=1, accounts_total=1))
    assert summary_line(one, KINDS).endswith(" 1 of 1 account affected.")


def test_no_changes_says_which_accounts_match_what() -> None:
    plan = r.empty()
    assert (
        plan_view(plan, kinds=KINDS).plain
        == "No changes. 12 accounts match the repository at 1a2b3c4."
    )
    here = replace(plan, revision=WORKING_TREE)
    assert plan_view(here, kinds=KINDS).plain == "No changes. 12 accounts match the working tree."


def test_an_account_in_doubt_is_not_said_to_match() -> None:
    state = b.desired(b.request("app"), b.request("lost"))
    plan = b.plan(
        state,
        b.snapshot(accounts=(b.account(1, "app"),)),
        b.ledger(b.record("app", 1), b.record("lost", 2)),
    )
    text = plan_view(plan, kinds=KINDS).plain
    said = "No changes; 1 request needs attention. 1 of 2 accounts match the repository at 1a2b3c4."
    assert last_line(text) == said
    assert "! lost: " in text


def test_attention_is_never_shortened() -> None:
    state = b.desired(*(b.request(f"app-{number:03d}", "Nowhere") for number in range(300)))
    text = plan_view(b.plan(state, b.snapshot()), kinds=KINDS).plain
    assert all(f"app-{number:03d}" in text for number in range(300))
    assert "300 things need attention" in text


def test_everything_shortens_nothing() -> None:
    plan = r.large()
    short, full = (
        plan_view(plan, kinds=KINDS).plain,
        plan_view(plan, everything=True, kinds=KINDS).plain,
    )
    assert "app-0399" not in short
    assert all(f"app-{number:04d}" in full for number in range(400))
    assert "in short" not in full


def test_risky_accounts_are_told_in_full_before_others() -> None:
    text = plan_view(r.large(), kinds=KINDS).plain
    before, _, _ = text.partition("more accounts, in short")
    assert all(f"> moving-{number:02d} " in before for number in range(12))
    assert all(f"- gone-{number} " in before for number in range(2))


def test_nothing_from_outside_reaches_the_terminal_raw() -> None:
    wanted = b.request("app", reason=EVIL, ticket=EVIL, tags={EVIL: EVIL}, name=EVIL)
    plan = b.plan(b.desired(wanted), b.snapshot())
    text = plan_view(plan, kinds=KINDS).plain
    assert "\x1b" not in text
    assert not any(line.startswith("+ forged") for line in text.splitlines())


@pytest.mark.parametrize("color", ["truecolor", None])
def test_the_view_has_colours_only_where_the_console_has(color: str | None) -> None:
    stream = io.StringIO()
    console = Console(
        file=stream,
        width=80,
        force_terminal=True,
        color_system=color,  # type: ignore[arg-type]  # a parametrized literal
        no_color=color is None,
    )
    console.print(plan_view(r.small(), kinds=KINDS), soft_wrap=True)
    assert ("\x1b[32m" in stream.getvalue()) is (color is not None)


def test_a_refused_plan_says_so_before_its_counts() -> None:
    text = plan_view(r.large(), refusals=(r.refusal(),), kinds=KINDS).plain
    head, _, _ = text.rpartition("\n\n")
    assert head.endswith("or do it in smaller steps")
    assert "Refused by the safety limits; apply would do nothing" in text


def test_a_limited_plan_says_that_it_is_one() -> None:
    plan = b.plan(b.desired(b.request("app")), b.snapshot(scope=("app",)), scope=("app",))
    assert "A plan of 1 request only" in plan_view(plan, kinds=KINDS).plain


def test_rows_of_an_outcome_fit_on_a_terminal_and_are_one_line_each_for_tools() -> None:
    page = r.held()
    whole = outcome_view(page.outcome, page.kinds).plain
    narrow = outcome_view(page.outcome, page.kinds, width=80).plain
    assert max(map(len, whole.splitlines())) > 100
    assert max(map(len, narrow.splitlines())) <= 80
    assert narrow.split() == whole.split()
    rows = whole.splitlines()
    starts = [line for line in narrow.splitlines() if not line.startswith("    ")]
    assert len(starts) == len([row for row in rows if not row.startswith("    ")])
