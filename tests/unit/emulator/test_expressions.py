"""The expression language, against what GitHub's documentation says of it."""

from __future__ import annotations

from typing import Any

import pytest
from emulator.evaluate import Scope
from emulator.expressions import BadExpression
from hypothesis import given
from hypothesis import strategies as st

SCOPE = Scope(
    {
        "github": {
            "event_name": "push",
            "event": {
                "number": 12,
                "labels": [{"name": "bug"}, {"name": "aft:request"}],
                "head": {"repo": None},
            },
            "repository": "acme/accounts",
        },
        "env": {"EMPTY": "", "ZERO": "0"},
        "steps": {"plan": {"outputs": {"state": "ready"}}},
        "inputs": {"repair": False},
    },
    {"success": True, "failure": False, "always": True, "cancelled": False},
)
FAILED = Scope(
    SCOPE.contexts, {"success": False, "failure": True, "always": True, "cancelled": False}
)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("null", None),
        ("true", True),
        ("711", 711.0),
        ("-9.2e1", -92.0),
        ("0xff", 255.0),
        ("'Mona''s'", "Mona's"),
        ("github.event.number", 12),
        ("github['event']['number']", 12),
        ("GitHub.Event_Name", "push"),
        ("github.event.nothing.more", None),
        ("github.event.head.repo.full_name == github.repository", False),
        ("github.event.labels[1].name", "aft:request"),
        ("github.event.labels[7].name", None),
        ("join(github.event.labels.*.name, ', ')", "bug, aft:request"),
        ("contains(github.event.labels.*.name, 'AFT:request')", True),
        ("contains('Hello world', 'WORLD')", True),
        ("startsWith('Hello', 'he')", True),
        ("endsWith('Hello', 'LO')", True),
        ("format('{{Hello {0} {1}}}', 'Mona', 7)", "{Hello Mona 7}"),
        ("fromJSON('{\"a\": [1, 2]}').a[1]", 2),
        ("toJSON(fromJSON('[1]'))", "[\n  1\n]"),
        ("'a' == 'A'", True),
        ("null == 0", True),
        ("'' == false", True),
        ("'abc' == 0", False),
        ("'12' == 12", True),
        ("'abc' < 1", False),
        ("1 < 2 && 2 <= 2 && 3 > 2 && 3 >= 3 && 1 != 2", True),
        ("env.EMPTY || 'default'", "default"),
        ("env.ZERO && 'a text is true'", "a text is true"),
        ("inputs.repair && 'aft-apply' || 'aft-plan'", "aft-plan"),
        ("!inputs.repair && !(1 == 2)", True),
        ("1 == 2 || 3 == 3 && 'last'", "last"),
        ("steps.plan.outputs.state == 'ready'", True),
    ],
)
def test_values(expression: str, value: Any) -> None:
    assert SCOPE.value(expression) == value


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "github.",
        "'open",
        '"double"',
        "1 +",
        "1 2",
        "(1",
        "github.event number",
        "nowhere.x",
        "unknown()",
        "format('{0}')",
        "format('{')",
        "fromJSON('nope')",
        "a ? b : c",
    ],
)
def test_what_github_would_not_take(expression: str) -> None:
    with pytest.raises(BadExpression):
        SCOPE.value(expression)


@pytest.mark.parametrize(
    ("condition", "before_failure", "after_failure"),
    [
        ("", True, False),
        ("1 == 1", True, False),
        ("${{ 1 == 1 }}", True, False),
        ("success()", True, False),
        ("failure()", False, True),
        ("always()", True, True),
        ("!cancelled()", True, True),
        ("${{ !cancelled() && steps.plan.outputs.state == 'ready' }}", True, True),
        ("always() && steps.plan.outputs.state == 'old'", False, False),
        ("false", False, False),
    ],
)
def test_conditions(condition: str, *, before_failure: bool, after_failure: bool) -> None:
    assert SCOPE.condition(condition) is before_failure
    assert FAILED.condition(condition) is after_failure


def test_status_functions_are_for_conditions() -> None:
    with pytest.raises(BadExpression):
        Scope({}).value("success()")


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("plain", "plain"),
        ("#${{ github.event.number }} of ${{ github.repository }}", "#12 of acme/accounts"),
        ("${{ null }}${{ true }}${{ 1.50 }}", "true1.5"),
        ("${{ github.event }} ${{ github.event.labels }}", "Object Array"),
        (7, "7"),
        (False, "false"),
    ],
)
def test_templates(template: object, text: str) -> None:
    assert SCOPE.text(template) == text


def test_one_expression_keeps_its_type() -> None:
    filled = SCOPE.filled({"a": "${{ inputs.repair }}", "b": ["x${{ github.event.number }}"]})
    assert filled == {"a": False, "b": ["x12"]}


@given(st.text())
def test_what_comes_out_of_an_expression_is_no_expression(text: str) -> None:
    scope = Scope({"github": {"title": text}})
    assert scope.text("${{ github.title }}") == text
    assert scope.value("github.title == github.title") is True


@given(st.text())
def test_any_text_has_a_literal(text: str) -> None:
    quoted = text.replace("'", "''")
    assert Scope({}).value(f"'{quoted}'") == text
