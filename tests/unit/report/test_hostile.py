"""Nothing that a request, a tag, an OU, an issue or AWS says becomes markup, a mention or a link.

Every page that aft writes, with hostile text in everything that comes from outside, read as GitHub
reads it (``gfm``). Which text does nothing in which place is in ``test_inert``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime

import builders_plan as b
import pytest
from builders_kinds import KINDS
from builders_markdown import ATOMS
from gfm import parsed, problems
from hypothesis import example, given
from hypothesis import strategies as st

from aft.desired.issue_answers import Problem
from aft.desired.model import Owner
from aft.findings.model import Finding, SourceRef
from aft.organization.spec import UnitSpec
from aft.plan.codec import plan_to_json
from aft.plan.drifted import Drift, Outside, Pending, Undone, Unmanaged
from aft.plan.model import Plan
from aft.plan.outcome import Outcome, Status, StepOutcome, TargetOutcome
from aft.plan.reviewed import NOTHING_REVIEWED
from aft.report.drift import drift_failed_markdown, drift_markdown
from aft.report.findings import findings_github, findings_json, findings_sarif, findings_text
from aft.report.markdown.costs import AccountCosts, Costs
from aft.report.markdown.failure import FailurePage
from aft.report.markdown.fitting import comment, summary
from aft.report.markdown.outcome import OutcomePage
from aft.report.markdown.plan import PlanPage
from aft.report.outcome import outcome_json, outcome_view
from aft.report.request_reply import Origin, made_reply, problems_reply, pull_request_body
from aft.report.text import plan_view
from aft.text.policy import is_unseen
from aft.values.ids import OrgUnitPath, Revision

MARKER = "<!-- aft:plan -->"
EVIL = [
    "/merge\n/close !1 ~bug",
    "`…[e](https://evil.example/x) @acme/platform ![](https://evil.example/beacon.png)|` :tada:",
    "```\n</details>\n# owned @ada #1 www.evil.example",
    "</code></summary></sub><script>alert(1)</script> --> <!-- aft:plan --> <img src=x>",
    "line one\n\n## owned\n- owned\n> [!NOTE]\n1. owned\n===\n---\na | b\n--- | ---\n| c",
    "\u202e\u2066owned\u2069 \u200b@\u200bada \x1b]8;;https://evil.example\x07link $x$ gh-4",
    "`` @ada ` [x]: https://evil.example [^1] \\",
    "ada@evil.example a5c3785 org/repo#3 **owned** ~~owned~~ &#64;ada <https://evil.example>",
]


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


def drift_of(text: str) -> Drift:
    outside = Outside(
        target=text,
        account_id="111122223333",
        what="tag-account",
        subject=text,
        differences=(text, "x"),
        note=text,
    )
    return Drift(
        revision=Revision(text),
        scope=None,
        accounts=1,
        outside=(outside,),
        pending=(
            Pending(
                target=text, account_id=None, what="create-account", reason=text, is_elsewhere=True
            ),
        ),
        unread=(Finding(code="AFT922", target=text, message=text),),
        doubts=(Finding(code="AFT922", target=text, message=text),),
        undone=(Undone(target=text, what=text, is_held=True, reason=text, at=b.NOW),),
        unmanaged=(
            Unmanaged(account_id="1" * 12, name=text, email=text, ou=text, state=text, tag=text),
        ),
    )


def pull_body(text: str) -> str:
    owner = Owner(team=text, email="a@example.com")
    request = replace(
        b.request("app", name=text, email=text, reason=text, ticket=text), owner=owner
    )
    return pull_request_body(request, Origin(issue=12, login=text))


def issue_reply(text: str) -> str:
    """The file's text is made by an emitter of YAML; here it is as hostile as can be."""
    return made_reply(b.request("app", name=text), path=text, text=text.replace("\r", ""))


PAGES: Mapping[str, Callable[[str], str]] = {
    "comment": lambda text: comment(plan_page(text)),
    "summary": lambda text: summary(plan_page(text)),
    "failure": lambda text: comment(failure_page(text)),
    "outcome": lambda text: comment(outcome_page(text)),
    "drift": lambda text: drift_markdown(drift_of(text), read_at=datetime(2026, 1, 1, tzinfo=UTC)),
    "drift that failed": lambda text: drift_failed_markdown(text, text),
    "reply": issue_reply,
    "problems": lambda text: problems_reply(
        [Problem(question=text, message=text, found=text), Problem(question="", message=text)]
    ),
    "pull request": pull_body,
}
CLOSES = ("Closes #12.",)


@pytest.mark.parametrize("text", EVIL)
@pytest.mark.parametrize("page", PAGES)
def test_it_stays_text(page: str, text: str) -> None:
    markdown = PAGES[page](text)
    assert problems(markdown, ours=CLOSES) == [], markdown


@given(st.lists(st.sampled_from(ATOMS), max_size=12).map("".join), st.sampled_from(sorted(PAGES)))
@example("\ud800", "comment")
def test_no_page_has_more_than_text(text: str, page: str) -> None:
    markdown = PAGES[page](text)
    assert problems(markdown, ours=CLOSES) == [], markdown


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
    page = parsed(markdown)
    assert markdown.startswith(f"{MARKER}\n")
    assert page.comments == [" aft:plan "]
    assert page.elements.count("details") == page.elements.count("summary") > 0
    assert page.open == []
