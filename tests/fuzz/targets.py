"""What is fuzzed: the readers of what others write, what each may raise, and what it starts from.

A reader gets bytes and reports anything through findings or the errors of its contract. ``seeds``
are files of this repository and a few lines that hold one of everything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from aft.cloudformation.read import parse_template
from aft.cloudformation.template import TemplateError
from aft.customizations.render import check_template, template_accesses, template_uses
from aft.desired.issue_answers import read_issue
from aft.desired.issue_form import FormChoices, form_yaml
from aft.errors import UserError
from aft.ledger.codec import decode_event, decode_record, encode_event, encode_record
from aft.ledger.events import EventKind, LedgerEvent
from aft.ledger.replay import replay
from aft.plan.codec import plan_from_json
from aft.runners.terraform.hcl_text import HclProblem, hcl_blocks
from aft.yamldoc import parse_yaml
from tests.builders_issue import GOOD, issue_text

ROOT = Path(__file__).parents[2]
LONGEST = 2048
"""Bytes of an input: small ones are read fast, and that is what finds most."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """``read`` raises ``allowed`` and nothing else."""

    read: Callable[[bytes], object]
    allowed: tuple[type[Exception], ...] = ()
    seeds: Callable[[], Iterable[bytes]]
    words: tuple[str, ...] = ()


def _yaml(content: bytes) -> None:
    document, findings = parse_yaml(content, "account-requests/x.yaml")
    assert document is not None or findings
    if document is not None:
        for key in document.data:
            document.at((key,), key=True)
            document.at((key, "a", 0))


def _hcl(content: bytes) -> None:
    text = content.decode("utf-8", "replace")
    for block in hcl_blocks(text):
        assert 0 <= block.start <= block.end <= len(text)


def _template(content: bytes) -> None:
    text = content.decode("utf-8", "replace")
    check_template(text, "customizations/global/x.cfn.yaml")
    template_uses(text)
    template_accesses(text)


def _cloudformation(content: bytes) -> None:
    parse_template(content.decode("utf-8", "replace"))


def _plan(content: bytes) -> None:
    plan_from_json(content.decode("utf-8", "replace"))


def _events(content: bytes) -> None:
    events = [event for line in content.splitlines() if (event := decode_event(line)) is not None]
    replay(event for event in events if event.subject == events[0].subject)


def _story() -> list[LedgerEvent]:
    """A subject's story with most of what there is."""
    step = {"kind": "setting", "action": "apply", "key": "account-alias", "digest": "sha256:1"}
    told = [
        (EventKind.INTENT, {"name": "shop", "email": "aws+shop@example.com", "why": "new"}),
        (EventKind.CREATING, {"creation_id": "car-1"}),
        (EventKind.BOUND, {"how": "created"}),
        (EventKind.STEP_DONE, {**step, "outputs": {"Arn": "arn:aws:sns:::x"}, "tag_keys": ["a"]}),
        (EventKind.STEP_FAILED, {**step, "reason": "no", "hint": "fix it", "about": ["x"]}),
        (EventKind.STEP_HELD, {**step, "reason": "ask", "hint": "", "does": "x"}),
        (EventKind.ALLOCATED, {"allocations": {"network": ["10.0.0.0/16"]}}),
        (EventKind.FORGOTTEN, {}),
    ]
    return [
        LedgerEvent(
            kind=kind,
            subject="shop",
            at=datetime(2026, 3, 1, 12, minute, tzinfo=UTC),
            run="run-1",
            actor="Ada <ada@example.com>",
            account_id="123456789012",
            data=data,
        )
        for minute, (kind, data) in enumerate(told)
    ]


def _stories() -> Iterable[bytes]:
    lines = [encode_event(event) for event in _story()]
    return [*lines, b"\n".join(lines)]


def _records() -> Iterable[bytes]:
    story = _story()
    return [encode_record("shop", replay(story[:end])) for end in range(1, len(story) + 1)]


CHOICES = FormChoices(
    units=("Workloads/Dev", "Workloads/Prod", "Sandbox"),
    baselines={"production": "What customers rely on", "standard": "Everybody"},
    customizations={"web-service": "", "pci": "Card data"},
)


def _issue(content: bytes) -> None:
    draft, problems = read_issue(content.decode("utf-8", "replace"), CHOICES)
    assert (draft is None) == bool(problems)


def _files(*patterns: str, more: Iterable[bytes] = ()) -> Callable[[], Iterable[bytes]]:
    """The contents of files of this repository, the small ones, and ``more``."""

    def found() -> Iterable[bytes]:
        paths = [path for pattern in patterns for path in sorted(ROOT.glob(pattern))]
        return [*more, *(path.read_bytes() for path in paths if path.stat().st_size < LONGEST)]

    return found


TARGETS: dict[str, Target] = {
    "yaml": Target(
        read=_yaml,
        seeds=_files(
            *("account-requests/**/*.yaml", "customizations/**/*.yaml", "aft.yaml"),
            more=(
                b"a: 1\nb: {c: [d, 'e'], \"f\": ~}\n? g\n: |-\n  h\n",
                b"- &a x\n- *a\n- !!str y\n- {a: 1, a: 2}\n",
                b"a:\n- b: >+\n    c\n\n  d: 0x1F\n  2026-03-01: 1e3\n",
            ),
        ),
        words=("? ", "- ", ": ", "&a ", "*a", "<<: *a", "!!map ", "---\n", "|2-\n", "{a: [", "]}"),
    ),
    "hcl": Target(
        read=_hcl,
        allowed=(HclProblem,),
        seeds=lambda: [
            b'provider "aws" {\n  a = "${b}%{ if c }d%{ endif }"\n}\n/* x */ y = <<-E\n ${z}\n E\n',
            b'module "x" {\n  source = "./y" # z\n  list = [1, { a = "\\"" }]\n}\n',
        ],
        words=('"${', "%{", "<<-E\n", "/*", "*/", "# ", "// ", "{", "}", "\nE\n"),
    ),
    "template": Target(
        read=_template,
        seeds=_files(
            *("customizations/**/*.cfn.yaml", "customizations/**/*.jinja*"),
            more=(
                b"{% for k, v in account.tags.items() if v %}{{ k | upper ~ v[1:] }}{% endfor %}",
                b"{% macro m(a, b=1) %}{{ a or not b }}{% endmacro %}{{ m(range(a=1), b=2) }}",
                b"{% set x = {'a': (1, 2.5)} %}{% if x is defined and 1 < 2 %}{% endif %}",
                b"{# c #}{% raw %}{{ d }}{% endraw %}{{resolve:ssm:/a}}",
                b"{%- filter trim %} e {% endfilter %}",
            ),
        ),
        words=(
            *("{% for x in ", "{% endfor %}", "{{ ", " }}", "{#", "#}", "{% set x = ", "-%}"),
            *("{{resolve:", "{% macro m(a) %}", "{% if ", "{% endif %}", "|default(", "{% raw %}"),
        ),
    ),
    "cloudformation": Target(
        read=_cloudformation,
        allowed=(TemplateError,),
        seeds=_files("customizations/**/*.cfn.yaml"),
        words=(
            "!Ref ",
            "!GetAtt a.b",
            "!Sub ",
            "Resources:",
            "Fn::Transform",
            "Type: ",
            '{"a":[',
            "[[",
        ),
    ),
    "plan": Target(
        read=_plan,
        allowed=(UserError,),
        seeds=_files("tests/golden/scenarios/*/plan.json"),
        words=('"digest"', '"changes"', "null", "1e999", '"\\ud800"', "[[", '{"a":', "NaN"),
    ),
    "event": Target(
        read=_events,
        allowed=(ValueError,),
        seeds=_stories,
        words=('"kind":', '"subject":', '"data":{', '"at":', '"v":', "1e400", '"\\u0000"'),
    ),
    "record": Target(
        read=decode_record,
        allowed=(ValueError,),
        seeds=_records,
        words=('"version":', '"subject":', '"steps":{', '"forgotten":true', "null", "1e400"),
    ),
    "issue": Target(
        read=_issue,
        seeds=lambda: [issue_text(form_yaml(CHOICES), GOOD).encode()],
        words=("### ", "\n\n", "- [x] ", "_No response_", "```", "Sandbox", "=", ": "),
    ),
}
