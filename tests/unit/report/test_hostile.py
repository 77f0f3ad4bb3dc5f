"""Nothing that a request, a tag, an OU or AWS says becomes markup, a mention or a link.

The pages are read with a real Markdown parser; what it takes for text is then looked at as GitHub
does, which makes mentions and references of it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache

import builders_plan as b
import pytest
from builders_kinds import KINDS
from markdown_it import MarkdownIt
from markdown_it.token import Token

from aft.findings.model import Finding, SourceRef
from aft.organization.spec import UnitSpec
from aft.plan.codec import plan_to_json
from aft.plan.model import Plan
from aft.plan.outcome import Outcome, Status, StepOutcome, TargetOutcome
from aft.plan.reviewed import NOTHING_REVIEWED
from aft.report.findings import findings_github, findings_json, findings_sarif, findings_text
from aft.report.markdown.costs import AccountCosts, Costs
from aft.report.markdown.failure import FailurePage
from aft.report.markdown.fitting import comment, summary
from aft.report.markdown.outcome import OutcomePage
from aft.report.markdown.plan import PlanPage
from aft.report.outcome import outcome_json, outcome_view
from aft.report.text import plan_view
from aft.text.policy import is_unseen
from aft.values.ids import OrgUnitPath

MARKER = "<!-- aft:plan -->"
EVIL = [
    "```\n</details>\n# owned",
    "````diff\n+ owned\n````",
    "</code></summary><script>alert(1)</script>",
    "@everyone @org/team ping @ada",
    "fixes #1, closes GH-2, see org/repo#3 and gh-4",
    "[x](https://evil.example) ![y](https://evil.example/y.png) <https://evil.example>",
    "https://evil.example/a www.evil.example http://github.com/o/r/issues/1",
    "a | b ` c `` d ~~~ e",
    "--> <!-- aft:plan --> <!--",
    "\u202e\u2066owned\u2069 \u200b@\u200bada",
    "line one\nline two\r\n\r\n## owned\n- owned\n> [!NOTE]\n1. owned",
    "<img src=x onerror=alert(1)> &lt;b&gt; <b>owned</b>",
    "**owned** _owned_ ~~owned~~ $owned$ :tada:",
    "\x1b[31mred\x1b[0m \x1b]8;;https://evil.example\x07link",
    "`",
    "``",
    "\\",
    "\\`@ada`",
    "`@ada` `#1` @ada",
    "> - # owned",
    "<details><summary>owned",
    "[owned]: https://evil.example",
    "owned\n===\n",
    "{{ github.token }} ${{ secrets.X }} ::set-output name=x::y",
]
OURS = re.compile(r"</?details>|</?summary>|</?sub>|<br>|</?code>|<!-- aft:(plan|apply) -->")


def plan_of(text: str) -> Plan:
    """Hostile text in everything a request, a tag, an OU or AWS can say."""
    name = " ".join(text.split()).replace("/", "-")[:100] or "x"
    wanted = b.request("app", name=text, reason=text, ticket=text, tags={text: text})
    moved = b.request("moved", "Workloads/Prod", name=text, reason=text)
    account = b.account(
        1, "moved", tags={"aft:request": "moved", text: text}, email="aws+moved@example.com"
    )
    closed = b.request("closed", "Nowhere", name=text)
    odd = UnitSpec(path=OrgUnitPath((name,)), previously=None, source=SourceRef("x.yaml"))
    state = b.desired(wanted, moved, closed, units=(b.unit("Workloads/Prod"), odd))
    plan = b.plan(
        state,
        b.snapshot(("Workloads",), (account,)),
        b.ledger(b.record("moved", 1, tag_keys=("aft:request", text))),
    )
    doubt = Finding(code="AFT909", target=text, message=text, hint=text)
    lines = tuple(replace(line, owner=text, path=text) for line in plan.accounts)
    return replace(plan, attention=(*plan.attention, doubt), accounts=lines)


def finding(text: str) -> Finding:
    return Finding(code="AFT201", source=SourceRef(text), message=text, hint=text)


def plan_page(text: str) -> PlanPage:
    return PlanPage(
        kinds=KINDS,
        plan=plan_of(text),
        refusals=(finding(text),),
        lifted=(text,),
        findings=(finding(text),),
        notes=(text,),
        costs=Costs(by_target={"app": AccountCosts(bills=(("x", text),), budget=1.0)}),
    )


def outcome_page(text: str) -> OutcomePage:
    plan = plan_of(text)
    steps = tuple(
        StepOutcome(change=change, status=Status.FAILED, message=text, hint=text)
        for change in plan.changes
    )
    row = TargetOutcome(target=text, account_id="000000000001", steps=steps)
    done = TargetOutcome(target=text, account_id=None, steps=())
    return OutcomePage(
        kinds=KINDS,
        plan=plan,
        outcome=Outcome(run="r", targets=(row, done), stop_reason=text, unpublished=text),
        reviewed=NOTHING_REVIEWED,
        routine=plan.changes,
    )


def failure_page(text: str) -> FailurePage:
    return FailurePage(
        verb="plan",
        message=f"{text}\n{text}",
        hint=text,
        findings=(finding(text),),
        revision=text,
    )


PAGES: Mapping[str, Callable[[str], str]] = {
    "comment": lambda text: comment(plan_page(text)),
    "summary": lambda text: summary(plan_page(text)),
    "failure": lambda text: comment(failure_page(text)),
    "outcome": lambda text: comment(outcome_page(text)),
}


@cache
def tokens(page: str, text: str) -> tuple[Token, ...]:
    """What a parser of Markdown makes of the page."""
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    parsed = parser.parse(PAGES[page](text))
    return tuple(inner for token in parsed for inner in (token, *(token.children or ())))


@pytest.mark.parametrize("text", EVIL)
@pytest.mark.parametrize("page", PAGES)
def test_it_stays_text(page: str, text: str) -> None:
    found = tokens(page, text)
    kinds = {token.type for token in found}
    assert kinds.isdisjoint({"link_open", "image", "em_open", "s_open", "table_open", "hr"})
    for token in found:
        if token.type in {"html_inline", "html_block"}:
            bare = re.sub(r"<code>[^<>]*</code>", "", token.content)
            assert not re.search(r"<(?!/?(details|summary|sub|br|code)>)", OURS.sub("", bare))
        if token.type == "heading_open":
            assert token.markup.startswith("#")
    for index, token in enumerate(found):
        if token.type == "heading_open":
            assert not found[index + 1].content.lstrip("# ").startswith("owned")


@pytest.mark.parametrize("text", EVIL)
@pytest.mark.parametrize("page", PAGES)
def test_nobody_is_mentioned_and_nothing_referred_to(page: str, text: str) -> None:
    said = [token.content for token in tokens(page, text) if token.type == "text"]
    html = [
        re.sub(r"<code>[^<>]*</code>", "", token.content)
        for token in tokens(page, text)
        if token.type.startswith("html")
    ]
    for words in (*said, *html):
        assert not re.search(r"[@#][A-Za-z0-9]", words)
        assert not re.search(r"(?i)\bgh-[0-9]", words)
        assert not re.search(r"(?i)://[a-z]|\bwww\.", words)
        assert not re.search("[\u200e\u200f\u202a-\u202e\u2066-\u2069\x00-\x08\x1b]", words)


UNSEEN = "\u200b\u00ad\u061c\u3164\u115f\u034f\ufe0e\U000e0041\ue000\u0378\u2028\x85\x1b\x7f\u2800"


def views(text: str) -> Mapping[str, str]:
    """Everything that people read of a plan and its outcome, but Markdown."""
    page = outcome_page(text)
    return {
        "plan": plan_view(page.plan, kinds=KINDS).plain,
        "plan.json": plan_to_json(page.plan),
        "outcome": outcome_view(page.outcome, KINDS).plain,
        "outcome.json": outcome_json(page.outcome, page.plan),
        "findings": findings_text([finding(text)]),
        "annotations": findings_github([finding(text)]),
        "findings.json": findings_json([finding(text)]),
        "sarif": findings_sarif([finding(text)]),
    }


@pytest.mark.parametrize("letter", [*UNSEEN, "\u00a0", "\u3000"])
def test_what_no_one_sees_is_shown_everywhere(letter: str) -> None:
    """So two names that differ in it alone never look the same."""
    text, number = f"pay{letter}ments", f"U+{ord(letter):04X}"
    pages = {name: page(text) for name, page in PAGES.items()}
    for name, shown in {**views(text), **pages}.items():
        ours = {"\u200b", "\ufe0f"} if name in PAGES else set()
        assert not [it for it in set(shown) - ours if is_unseen(it)], name
        assert f"pay{letter}ments" not in shown, name
        assert "payments" not in shown, name
        escape = json.dumps(letter)[1:-1]
        assert (escape if "json" in name or name == "sarif" else number) in shown, name


@pytest.mark.parametrize("text", EVIL)
def test_blocks_are_closed_and_the_marker_is_only_ours(text: str) -> None:
    markdown = comment(plan_page(text))
    blocks = [token for token in tokens("comment", text) if token.type == "fence"]
    assert all(token.info == "diff" for token in blocks)
    assert {token.map[1] for token in blocks if token.map} != set()
    html = "".join(token.content for token in tokens("comment", text) if token.type == "html_block")
    assert html.count("<details>") == html.count("</details>") == html.count("<summary>")
    assert markdown.startswith(f"{MARKER}\n")
    assert html.count("<!--") == 1
