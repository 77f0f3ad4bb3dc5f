"""What was reviewed is compared with what an apply would do."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import builders_plan as b
import builders_report as r
import pytest
from builders_kinds import a_change, what
from hypothesis import given
from hypothesis import strategies as st

from aft.errors import UserError
from aft.plan.codec import plan_digest
from aft.plan.fields import OU, OU_ID, REVISION
from aft.plan.model import Change, FieldChange, Plan
from aft.plan.reviewed import (
    LARGEST,
    NOTHING_REVIEWED,
    newly_risky,
    newly_routine,
    reviewed_from_json,
    reviewed_of,
    reviewed_to_json,
    together,
)
from aft.values.ids import Revision

NAMES = st.sampled_from(["app", "shop", "ada@example.com", "123456789012", "a/b"])
TEXT = st.none() | st.text(max_size=8)
FIELDS = st.builds(
    FieldChange,
    field=st.sampled_from([OU, OU_ID, REVISION, "tags.owner", "tags.aft:request", "name"]),
    before=TEXT,
    after=TEXT,
)

WORDS = [
    "create account",
    "move account/ou",
    "update account/name",
    "update account/tags",
    "update setting",
    "run customization",
    "delete customization",
]


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    keys = draw(st.lists(st.tuples(NAMES, st.sampled_from(WORDS)), unique=True, max_size=8))
    changes = tuple(
        a_change(
            words,
            target,
            account_id=draw(st.sampled_from([None, "111111111111", "222222222222"])),
            fields=tuple(draw(st.lists(FIELDS, max_size=3))),
            reason=draw(st.text(max_size=8)),
        )
        for target, words in keys
    )
    return replace(r.empty(), changes=changes, waves=())


@given(plan=plans())
def test_what_was_reviewed_is_never_new(plan: Plan) -> None:
    assert newly_risky(reviewed_of(plan), plan) == ()
    assert newly_routine(reviewed_of(plan), plan) == ()


@given(plan=plans())
def test_without_a_review_every_risk_is_new_and_everything_else_routine(plan: Plan) -> None:
    risky = newly_risky(NOTHING_REVIEWED, plan)
    assert risky == tuple(item for item in plan.changes if item.risk)
    assert set(risky).isdisjoint(newly_routine(NOTHING_REVIEWED, plan))
    assert len(risky) + len(newly_routine(NOTHING_REVIEWED, plan)) == len(plan.changes)


@given(plan=plans())
def test_it_reads_back_equal_and_tells_no_address_and_no_account_id(plan: Plan) -> None:
    text = reviewed_to_json(reviewed_of(plan))
    assert reviewed_from_json(text) == reviewed_of(plan)
    for change in json.loads(text)["changes"]:
        told = re.sub(r"sha256:[0-9a-f]{64}", "", json.dumps(change))
        assert "@" not in told
        assert not re.search(r"[0-9]{12}", told)


@given(before=plans(), after=plans())
def test_a_risk_goes_ahead_only_if_the_same_was_reviewed(before: Plan, after: Plan) -> None:
    def does(change: Change) -> object:
        fields = [item for item in change.fields if item.field not in (OU_ID, REVISION)]
        return change.id, change.account_id, fields

    seen = [does(change) for change in before.changes]
    expected = [change for change in after.changes if change.risk and does(change) not in seen]
    assert list(newly_risky(reviewed_of(before), after)) == expected


@given(first=plans(), second=plans())
def test_what_several_reviews_have_seen_counts_together(first: Plan, second: Plan) -> None:
    both = together([reviewed_of(first), NOTHING_REVIEWED, reviewed_of(second), NOTHING_REVIEWED])
    assert newly_risky(both, first) == ()
    assert newly_risky(both, second) == ()
    assert both.plan == plan_digest(second)
    assert together([NOTHING_REVIEWED]) == NOTHING_REVIEWED


def test_neither_revision_nor_snapshot_nor_time_matter() -> None:
    before = r.small()
    after = replace(
        before, revision=Revision("f" * 40), snapshot="sha256:other", ledger="", made_at=""
    )
    assert newly_risky(reviewed_of(before), after) == ()


def test_the_same_move_with_an_ou_that_is_known_by_now_is_the_same() -> None:
    state = b.desired(b.request("app", "New"), units=(b.unit("New"),))
    accounts = (b.account(1, "app"),)
    book = b.ledger(b.record("app", 1))
    before = b.plan(state, b.snapshot(("Workloads",), accounts), book)
    after = b.plan(state, b.snapshot(("Workloads", "New"), accounts), book)
    assert [what(item) for item in after.changes] == ["move account/ou"]
    assert newly_risky(reviewed_of(before), after) == ()


def test_the_same_move_from_elsewhere_is_another_one() -> None:
    state = b.desired(b.request("app", "Prod"))
    units = ("Prod", "Sandbox", "Legal")
    book = b.ledger(b.record("app", 1))
    before = b.plan(state, b.snapshot(units, (b.account(1, "app", "Sandbox"),)), book)
    after = b.plan(state, b.snapshot(units, (b.account(1, "app", "Legal"),)), book)
    assert [item.id for item in newly_risky(reviewed_of(before), after)] == [
        "account/app/move-account/ou"
    ]


GOOD = json.loads(reviewed_to_json(reviewed_of(r.small())))


def changed(**values: object) -> str:
    return json.dumps({**GOOD, **values})


def first(**values: object) -> str:
    return changed(changes=[{**GOOD["changes"][0], **values}, *GOOD["changes"][1:]])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "not JSON"),
        ("[]", "not an object"),
        ("[" * 100_000, "not JSON"),
        ('{"format": 1, "format": 1}', "written twice"),
        (changed(format=1), "made by another version of aft: its format is 1"),
        (changed(format=True), "expected int"),
        (changed(plan="sha256:1"), "plan: 'sha256:1'"),
        (changed(plan=""), "plan: ''"),
        (changed(plan="", revision=""), "names no plan"),
        (changed(revision="main; rm -rf /"), "revision"),
        (changed(more=1), "key 'more' is unknown"),
        (changed(changes={}), "expected list"),
        (changed(changes=[1]), "expected dict"),
        (changed(changes=[*GOOD["changes"], GOOD["changes"][0]]), "is there twice"),
        (first(action="drop"), "is not a Action"),
        (first(kind=0), "expected str"),
        (first(risk=0), "expected str"),
        (first(does="yes"), "does"),
        (first(id="a\nb"), "id"),
        (first(id=""), "id"),
        (first(id="x" * 5000), "id"),
        (first(target=7), "expected str"),
        (" " * (LARGEST + 1), "over 32 MiB"),
    ],
)
def test_strange_input_is_refused_with_its_place(text: str, says: str) -> None:
    with pytest.raises(UserError) as caught:
        reviewed_from_json(text)
    assert says in caught.value.message
    assert len(caught.value.message) < 400
    assert caught.value.hint


def test_the_lines_of_allow_that_were_there_are_part_of_the_review() -> None:
    lines = (f"sha256:{'a' * 64}", f"sha256:{'b' * 64}")
    one, two = (reviewed_of(r.small(), allow=(line,)) for line in lines)
    assert reviewed_from_json(reviewed_to_json(one)) == one
    assert together([one, NOTHING_REVIEWED, two]).allow == lines
    with pytest.raises(UserError, match=r"allow\[0\]"):
        reviewed_from_json(reviewed_to_json(replace(one, allow=("yes",))))


def test_nothing_reviewed_reads_back() -> None:
    assert reviewed_from_json(reviewed_to_json(NOTHING_REVIEWED)) == NOTHING_REVIEWED
    assert json.loads(reviewed_to_json(NOTHING_REVIEWED)) == {
        "format": 2,
        "plan": "",
        "revision": "",
        "changes": [],
    }
