"""E-mail addresses and account ids are masked, whatever stands around them."""

from __future__ import annotations

import re
from dataclasses import replace

import builders_plan as b
import builders_report as r
import pytest
from builders_kinds import KINDS
from hypothesis import given
from hypothesis import strategies as st
from rich.text import Text
from waiting import no_hang

from aft.plan.codec import plan_digest
from aft.plan.model import Plan
from aft.ports import Progress, ProgressKind
from aft.report.markdown.fitting import comment, summary
from aft.report.markdown.inert import code_span, prose
from aft.report.markdown.plan import PlanPage
from aft.report.masking import FULL_MASK, NO_MASK, Mask, mask_of
from aft.report.progress import LineProgress, MaskedProgress


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("account 123456789012 is", "account ••••••••9012 is"),
        ("arn:aws:iam::123456789012:role/x", "arn:aws:iam::••••••••9012:role/x"),
        ("s3://logs123456789012eu/a", "s3://logs••••••••9012eu/a"),
        ("1234-5678-9012", "••••-••••-9012"),
        ("123456789012:123456789013", "••••••••9012:••••••••9013"),
        ("1234567890123", "1234567890123"),
        ("20261122T110347-b6e34a", "20261122T110347-b6e34a"),
        ("aws+pay-prod@example.com", "a•••@example.com"),
        ("ab@example.com", "•••@example.com"),
        ("<aws+x@example.com>", "<a•••@example.com>"),
        ("owner=bob@example.com, x", "owner=b•••@example.com, x"),
        ("mailto:bob@example.com.", "mailto:b•••@example.com."),
        ("bob%40example.com", "b•••%40example.com"),
        ("&lt;aws+x@example.com&gt;", "&lt;a•••@example.com&gt;"),
        ("aws+123456789012@example.com", "a•••@example.com"),
        ("x@123456789012.example.com", "•••@••••••••••••.example.com"),
        ("żółw@przykład.example", "ż•••@przykład.example"),
        ("a@b", "a@b"),
        ("@org/team and @everyone", "@org/team and @everyone"),
        ("sha256:" + "1" * 64, "sha256:" + "1" * 64),
        ("`sha256:123456789012`", "`sha256:123456789012`"),
        ("1" * 40, "1" * 40),
    ],
)
def test_masked(text: str, masked: str) -> None:
    assert FULL_MASK(text) == masked
    assert FULL_MASK(masked) == masked
    assert NO_MASK(text) == text


def test_only_what_is_asked_for() -> None:
    text = "bob@example.com 123456789012"
    assert mask_of(["emails"])(text) == "b•••@example.com 123456789012"
    assert mask_of(["account-ids"])(text) == "bob@example.com ••••••••9012"
    assert mask_of([]) == NO_MASK


@pytest.mark.parametrize("name", ["first_last+x@example.com", "a*b@example.com", "#1@example.com"])
def test_markdown_is_masked_and_stays_as_it_was(name: str) -> None:
    """Escapes, and the code that keeps an address from becoming a link, are left alone."""
    for shown in (prose(f"ask {name} first"), code_span(name)):
        masked = FULL_MASK(shown)
        assert name.split("@", maxsplit=1)[0] not in masked.replace("\\", "")
        assert masked.count("`") == shown.count("`")
        assert masked.endswith(shown[-6:])


@given(
    before=st.text(max_size=20),
    number=st.integers(min_value=0, max_value=10**12 - 1),
    after=st.text(max_size=20),
)
def test_no_account_id_is_left_and_twice_is_once(before: str, number: int, after: str) -> None:
    account_id = f"{number:012d}"
    text = f"{before} {account_id} {after}"
    masked = FULL_MASK(text)
    assert not re.search(rf"(?<![0-9]){account_id}(?![0-9])", masked.replace(before, "", 1))
    assert FULL_MASK(masked) == masked


@pytest.mark.parametrize("text", ["a", "a.", "@", "a@", "\\", "1"])
def test_hostile_text_costs_no_time(text: str) -> None:
    with no_hang():  # were it worse than linear
        assert FULL_MASK(text * 400_000 + "@")


def test_colours_stay_where_they_are() -> None:
    text = Text("to ").append("bob@example.com", style="bold").append(" now", style="dim")
    masked = FULL_MASK.styled(text)
    assert masked.plain == "to b•••@example.com now"
    assert [(masked.plain[span.start : span.end], span.style) for span in masked.spans] == [
        ("b•••@example.com", "bold"),
        (" now", "dim"),
    ]


def told(text: str) -> list[str]:
    """The account ids and addresses in a text."""
    bare = re.sub(r"sha256:[0-9a-f]+", "", text)
    return re.findall(r"(?<![0-9])[0-9]{12}(?![0-9])|[\w+.-]{4,}\\?@example\.com", bare)


@pytest.mark.parametrize("name", ["small", "attention", "large"])
def test_the_whole_page_tells_nobody(name: str) -> None:
    plan = r.PLANS[name]()
    page = PlanPage(kinds=KINDS, plan=plan, findings=r.WARNINGS, read_at=b.NOW, mask=FULL_MASK)
    open_page = PlanPage(kinds=KINDS, plan=plan, findings=r.WARNINGS, read_at=b.NOW)
    for render in (comment, summary):
        assert told(render(open_page))
        assert told(render(page)) == []
    assert plan_digest(plan)[:19] in comment(page)


def test_outcomes_and_failures_tell_nobody() -> None:
    assert told(comment(r.partly()))
    assert told(comment(replace(r.partly(), mask=FULL_MASK))) == []
    assert told(comment(r.failure()))
    assert told(comment(replace(r.failure(), mask=FULL_MASK))) == []
    assert told(comment(replace(r.held(), mask=FULL_MASK))) == []


def test_progress_is_masked_before_it_is_cut() -> None:
    lines: list[str] = []
    observer = MaskedProgress(LineProgress(lines.append, total=9), Mask(account_ids=True))
    for width in range(40, 80):
        observer.notify(
            Progress(
                kind=ProgressKind.STEP_SKIPPED,
                at=b.NOW,
                run="r",
                target="app",
                change="account/app/run-customization/x",
                message="." * width + " 123456789012",
            )
        )
    assert len(lines) == 40
    assert not any(re.search(r"[0-9]{5}", line) for line in lines)


def plan_of(text: str) -> Plan:
    return b.plan(b.desired(b.request("app", reason=text, name="app")), b.snapshot())


@pytest.mark.parametrize(
    "text",
    ["x\u202e123456789012", "12345\u200b6789012", "bob\u200b@example.com", "bob@ex\u2060ample.com"],
)
def test_invisible_letters_hide_nothing(text: str) -> None:
    page = PlanPage(kinds=KINDS, plan=plan_of(text), mask=FULL_MASK)
    assert told(comment(page)) == []
