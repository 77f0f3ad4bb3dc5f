from __future__ import annotations

import json
from dataclasses import replace

import builders_plan as b
import builders_report as r
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aft.errors import UserError
from aft.findings.model import Finding
from aft.plan.codec import plan_digest, plan_from_json, plan_to_json
from aft.plan.model import (
    AccountLine,
    Action,
    Change,
    Confirmation,
    FieldChange,
    Plan,
    Summary,
    Wave,
)
from aft.values.ids import Revision
from aft.values.refs import Ref

TEXT = st.text(max_size=12)
MAYBE = st.none() | TEXT
COUNT = st.integers(min_value=0, max_value=9)


def tuples(of: st.SearchStrategy) -> st.SearchStrategy:  # type: ignore[type-arg]  # any item
    return st.lists(of, max_size=3).map(tuple)


REFS = st.builds(Ref, TEXT, TEXT)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    names = draw(st.lists(TEXT, unique=True, max_size=4))
    changes = tuple(
        draw(
            st.builds(
                Change,
                id=st.just(name),
                kind=TEXT,
                action=st.sampled_from(Action),
                key=TEXT,
                risk=TEXT,
                target=TEXT,
                account_id=MAYBE,
                fields=tuples(
                    st.builds(
                        FieldChange, field=TEXT, before=MAYBE, after=MAYBE, known=st.booleans()
                    )
                ),
                details=tuples(TEXT),
                inputs_digest=TEXT,
                needs=st.just(tuple(names[:index])),
                reason=TEXT,
            )
        )
        for index, name in enumerate(names)
    )
    return Plan(
        revision=Revision(draw(TEXT)),
        snapshot=draw(TEXT),
        fingerprints=draw(st.dictionaries(TEXT, TEXT, max_size=3)),
        ledger=draw(TEXT),
        scope=draw(st.none() | tuples(TEXT)),
        summary=draw(
            st.builds(
                Summary,
                **{
                    **dict.fromkeys(Summary.__dataclass_fields__, COUNT),
                    "organization": st.dictionaries(TEXT, COUNT, max_size=2),
                },
            )
        ),
        accounts=draw(
            tuples(
                st.builds(
                    AccountLine,
                    **{key: TEXT for key in AccountLine.__dataclass_fields__ if key != "line"},
                    line=COUNT,
                )
            )
        ),
        changes=changes,
        waves=(Wave(title="all", chains=tuple((name,) for name in names)),),
        confirmations=draw(
            tuples(
                st.builds(Confirmation, target=TEXT, account_id=TEXT, ref=REFS, inputs_digest=TEXT)
            )
        ),
        attention=draw(tuples(st.builds(Finding, code=TEXT, target=TEXT, message=TEXT, hint=TEXT))),
        made_at=draw(st.just("") | st.datetimes().map(lambda item: item.isoformat())),
    )


@given(plans())
def test_a_plan_survives_json(plan: Plan) -> None:
    assert plan_from_json(plan_to_json(plan)) == plan


@pytest.mark.parametrize("name", r.PLANS)
def test_real_plans_survive_json(name: str) -> None:
    plan = r.PLANS[name]()
    text = plan_to_json(plan)
    assert plan_from_json(text) == plan
    assert plan_to_json(plan_from_json(text)) == text


def test_the_json_has_the_promised_keys() -> None:
    values = json.loads(plan_to_json(r.small()))
    assert {"format", "summary", "changes", "revision", "snapshot", "digest"} <= values.keys()
    assert values["digest"] == plan_digest(r.small())
    assert values["summary"]["create"] == 2


SMALL = plan_to_json(r.small())


@given(st.integers(0, len(SMALL) - 1), st.characters(min_codepoint=32, max_codepoint=126))
def test_a_changed_character_is_refused_or_means_the_same(index: int, character: str) -> None:
    altered = SMALL[:index] + character + SMALL[index + 1 :]
    try:
        plan = plan_from_json(altered)
    except UserError:
        return
    assert replace(plan, made_at="") == replace(r.small(), made_at="")


def test_the_digest_covers_everything_but_the_time() -> None:
    plan = r.small()
    assert plan_digest(replace(plan, made_at="2030-01-01T00:00:00+00:00")) == plan_digest(plan)
    for changed in (
        replace(plan, ledger="other"),
        replace(plan, scope=("app",)),
        replace(plan, changes=plan.changes[:-1]),
        replace(plan, fingerprints={}),
        replace(plan, attention=(Finding(code="x", target="y", message="z"),)),
    ):
        assert plan_digest(changed) != plan_digest(plan)


def altered(**values: object) -> str:
    return json.dumps({**json.loads(SMALL), **values})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "not a plan"),
        ("{}", "format is None"),
        (altered(format=1), "made by another version"),
        (altered(ledger="0" * 40), "altered after it was made"),
        (altered(digest="sha256:0"), "altered after it was made"),
        (altered(digest=None), "altered after it was made"),
        (altered(surprise=1), "key 'surprise' is unknown"),
        (altered(ledger=None), "plan.ledger: expected str, found NoneType"),
        (altered(changes={}), "plan.changes: expected list, found dict"),
        (altered(summary={}), "plan.summary: key"),
        (altered(waves=[]), "every change exactly once"),
        (altered(made_at="yesterday"), "is not a time"),
        (SMALL.replace('"action": "create"', '"action": "destroy"', 1), "is not a Action"),
        (SMALL.replace('"create": 2', '"create": true'), "expected int, found bool"),
        (SMALL.replace('"format": 2,', '"format": 2, "format": 2,'), "written twice"),
    ],
)
def test_what_is_not_a_plan_is_refused(text: str, words: str) -> None:
    with pytest.raises(UserError) as caught:
        plan_from_json(text)
    assert words in caught.value.message
    assert caught.value.hint


def test_a_missing_key_is_refused() -> None:
    values = json.loads(SMALL)
    del values["ledger"]
    with pytest.raises(UserError, match="key 'ledger' is missing"):
        plan_from_json(json.dumps(values))


def test_a_plan_that_needs_what_is_not_there_is_refused_even_with_its_digest() -> None:
    plan = b.plan(b.desired(b.request("app")), b.snapshot())
    broken = replace(plan, changes=(replace(plan.changes[0], needs=("elsewhere",)),))
    with pytest.raises(UserError, match="needs elsewhere"):
        plan_from_json(plan_to_json(broken))
