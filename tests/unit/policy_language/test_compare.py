"""``wider``: rows with their answers, and properties against the evaluator itself."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aft.policy_language.compare import Comparison, Verdict, wider
from aft.policy_language.context import Context, Value
from aft.policy_language.evaluate import Answer, Decision, granted
from aft.policy_language.policy import Policy
from aft.policy_language.principals import Principal
from aft.policy_language.statements import Request

Statement = dict[str, Any]


def policy(*statements: Statement) -> Policy:
    return Policy.of({"Version": "2012-10-17", "Statement": list(statements)}, "p")


def allow(action: Any = "s3:*", resource: Any = "*", **condition: Any) -> Statement:
    found: Statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    return {**found, "Condition": condition} if condition else found


def deny(action: Any = "s3:*", resource: Any = "*", **condition: Any) -> Statement:
    return {**allow(action, resource, **condition), "Effect": "Deny"}


def but(actions: Any) -> Statement:
    return {"Effect": "Allow", "NotAction": actions, "Resource": "*"}


def trust(principal: Any) -> Statement:
    return {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}


ROLE_A, ROLE_B = "arn:aws:iam::*:role/a", "arn:aws:iam::*:role/b"
TEAM = "${aws:PrincipalTag/team}"

YES = [
    ("more actions", [allow("s3:Get*")], [allow("s3:*")]),
    ("one more action", [allow(["s3:GetObject"])], [allow(["s3:GetObject", "s3:PutObject"])]),
    ("fewer excepted", [but(["iam:*", "sts:*"])], [but("iam:*")]),
    ("more resources", [allow(resource="arn:aws:s3:::ab*")], [allow(resource="arn:aws:s3:::a*")]),
    ("everything", [allow(resource="arn:aws:s3:::*")], [allow()]),
    ("a condition gone", [allow(StringEquals={"aws:a": "1"})], [allow()]),
    (
        "a value more",
        [allow(StringEquals={"aws:a": "1"})],
        [allow(StringEquals={"aws:a": ["1", "2"]})],
    ),
    (
        "absent too",
        [allow(StringEquals={"aws:a": "1"})],
        [allow(StringEqualsIfExists={"aws:a": "1"})],
    ),
    (
        "a border",
        [allow(NumericLessThan={"aws:a": "5"})],
        [allow(NumericLessThanEquals={"aws:a": "5"})],
    ),
    (
        "a later date",
        [allow(DateLessThan={"aws:a": "2026-01-01T00:00:00Z"})],
        [allow(DateLessThan={"aws:a": "2027-01-01T00:00:00Z"})],
    ),
    (
        "a larger range",
        [allow(IpAddress={"aws:a": "10.0.0.0/9"})],
        [allow(IpAddress={"aws:a": "10.0.0.0/8"})],
    ),
    ("without MFA", [allow(Bool={"aws:a": "true"})], [allow(Bool={"aws:a": ["true", "false"]})]),
    ("a Deny gone", [allow("*"), deny()], [allow("*")]),
    ("a narrower Deny", [deny()], [deny("s3:Get*")]),
    ("a Deny in fewer cases", [deny()], [deny(Bool={"aws:a": "false"})]),
    (
        "an exemption more",
        [deny(ArnNotLike={"aws:PrincipalArn": ROLE_A})],
        [deny(ArnNotLike={"aws:PrincipalArn": [ROLE_A, ROLE_B]})],
    ),
    (
        "any instead of all",
        [
            allow(
                **{
                    "ForAllValues:StringEquals": {"aws:TagKeys": "a"},
                    "Null": {"aws:TagKeys": "false"},
                }
            )
        ],
        [allow(**{"ForAnyValue:StringEquals": {"aws:TagKeys": "a"}})],
    ),
    (
        "new with variables",
        [allow("ec2:*")],
        [allow("ec2:*"), allow(resource=f"arn:aws:s3:::{TEAM}/*")],
    ),
    (
        "an account for a role",
        [trust({"AWS": "arn:aws:iam::111122223333:role/a"})],
        [trust({"AWS": "111122223333"})],
    ),
    ("everybody", [trust({"AWS": "111122223333"})], [trust("*")]),
    (
        "a service",
        [trust({"AWS": "111122223333"})],
        [trust({"AWS": "111122223333"}), trust({"Service": "ec2.amazonaws.com"})],
    ),
    ("from nothing", [], [allow("s3:GetObject")]),
]

NO = [
    ("the same", [allow()], [allow()]),
    ("fewer actions", [allow("s3:*")], [allow("s3:Get*")]),
    ("more excepted", [but("iam:*")], [but(["iam:*", "sts:*"])]),
    ("in two statements", [allow(["s3:Get*", "s3:Put*"])], [allow("s3:Get*"), allow("s3:Put*")]),
    ("covered already", [allow("s3:*")], [allow("s3:*"), allow("s3:GetObject")]),
    ("a condition more", [allow()], [allow(StringEquals={"aws:a": "1"})]),
    (
        "halves that are one",
        [allow(IpAddress={"aws:a": ["10.0.0.0/9", "10.128.0.0/9"]})],
        [allow(IpAddress={"aws:a": "10.0.0.0/8"})],
    ),
    (
        "covered by two",
        [allow(NumericLessThan={"aws:a": "5"}), allow(NumericGreaterThanEquals={"aws:a": "5"})],
        [allow(NumericEquals={"aws:a": "7"})],
    ),
    ("a Deny more", [allow("*")], [allow("*"), deny()]),
    ("a wider Deny", [deny("s3:Get*")], [deny()]),
    ("an Allow under a Deny", [deny("*")], [deny("*"), allow()]),
    (
        "with variables as before",
        [allow(resource=f"arn:aws:s3:::{TEAM}/*")],
        [allow("s3:Get*", f"arn:aws:s3:::{TEAM}/*")],
    ),
    (
        "a role of an account",
        [trust({"AWS": "111122223333"})],
        [trust({"AWS": "arn:aws:iam::111122223333:role/a"})],
    ),
    ("to nothing", [allow()], []),
    ("another Sid", [{**allow(), "Sid": "a"}], [{**allow(), "Sid": "b"}]),
]


def compared(before: list[Statement], after: list[Statement]) -> Comparison:
    return wider([policy(*before)], [policy(*after)])


@pytest.mark.parametrize(("before", "after"), [row[1:] for row in YES], ids=[r[0] for r in YES])
def test_wider_with_an_example(before: list[Statement], after: list[Statement]) -> None:
    found = compared(before, after)
    assert found.verdict is Verdict.YES
    assert found.example is not None
    old = granted([policy(*before)], found.example, source="old")
    new = granted([policy(*after)], found.example, source="new")
    if found.lost:
        assert (old.explicit, new.explicit) == (True, False)
    else:
        assert (old.decision, new.decision) == (Decision.DENIED, Decision.ALLOWED)


@pytest.mark.parametrize(("before", "after"), [row[1:] for row in NO], ids=[r[0] for r in NO])
def test_not_wider(before: list[Statement], after: list[Statement]) -> None:
    assert compared(before, after).verdict is Verdict.NO


def test_it_says_which_statement() -> None:
    found = compared([allow("ec2:*"), {**deny(), "Sid": "NoS3"}], [allow("ec2:*")])
    assert (found.policy, found.sid, found.statement, found.lost) == ("p", "NoS3", 1, True)


def test_where_a_variable_decides_it_is_never_a_silent_no() -> None:
    before = [allow(StringNotEquals={"aws:a": TEAM})]
    after = [allow(StringNotEquals={"aws:a": "${aws:username}"})]
    assert compared(before, after).verdict is not Verdict.NO


def test_ten_thousand_actions_are_compared() -> None:
    many = [f"service{number % 40}:Action{number}" for number in range(4_000)]
    found = compared([allow(many[:-1])], [allow(many)])
    assert found.verdict is Verdict.YES
    assert found.example is not None
    assert found.example.action == "service39:Action3999"


# --- properties ----------------------------------------------------------------------------

ACTIONS = st.sampled_from(["s3:*", "s3:Get*", "s3:GetObject", "s3:?utObject", "*", "ec2:*"])
RESOURCES = st.sampled_from(["*", "arn:aws:s3:::a*", "arn:aws:s3:::ab/*", "arn:aws:s3:*:*:*"])
CONDITIONS = st.one_of(
    st.just({}),
    st.tuples(
        st.sampled_from(
            [
                "StringEquals",
                "StringNotLike",
                "StringLikeIfExists",
                "ForAnyValue:StringLike",
                "ForAllValues:StringNotEquals",
            ]
        ),
        st.lists(st.sampled_from(["a", "ab", "a*", "*b", "?"]), min_size=1, max_size=2),
    ).map(lambda item: {item[0]: {"aws:k": item[1]}}),
    st.tuples(
        st.sampled_from(
            ["NumericLessThan", "NumericNotEquals", "NumericGreaterThanEqualsIfExists"]
        ),
        st.sampled_from(["1", "5", "x"]),
    ).map(lambda item: {item[0]: {"s3:n": item[1]}}),
    st.sampled_from(["true", "false"]).map(lambda item: {"Null": {"aws:k": item}}),
    st.sampled_from(["10.0.0.0/8", "10.1.0.0/16"]).map(
        lambda item: {"NotIpAddress": {"aws:ip": item}}
    ),
)


@st.composite
def statements(draw: st.DrawFn, effects: tuple[str, ...] = ("Allow", "Deny")) -> Statement:
    found: Statement = {"Effect": draw(st.sampled_from(effects))}
    found[draw(st.sampled_from(["Action", "Action", "NotAction"]))] = draw(ACTIONS)
    found[draw(st.sampled_from(["Resource", "Resource", "NotResource"]))] = draw(RESOURCES)
    condition = draw(CONDITIONS)
    return {**found, "Condition": condition} if condition else found


DOCUMENTS = st.lists(statements(), min_size=1, max_size=3)


@st.composite
def requests(draw: st.DrawFn) -> Request:
    values: dict[str, Value] = {}
    if draw(st.booleans()):
        values["aws:k"] = draw(
            st.one_of(
                st.sampled_from(["a", "ab", "b", "c", ""]),
                st.lists(st.sampled_from(["a", "ab", "b", "c"]), max_size=2).map(tuple),
            )
        )
    if draw(st.booleans()):
        values["s3:n"] = draw(st.sampled_from(["0", "1", "3", "5", "9", "x"]))
    if draw(st.booleans()):
        values["aws:ip"] = draw(st.sampled_from(["10.1.2.3", "10.2.0.0", "8.8.8.8", "::1"]))
    return Request(
        principal=Principal("*"),
        action=draw(st.sampled_from(["s3:GetObject", "s3:PutObject", "s3:ListX", "ec2:Run"])),
        resource=draw(
            st.sampled_from(["*", "arn:aws:s3:::a", "arn:aws:s3:::ab/c", "arn:aws:s3:::z"])
        ),
        context=Context(values),
    )


def answers(document: list[Statement], request: Request) -> Answer:
    return granted([policy(*document)], request, source="x")


@given(DOCUMENTS, DOCUMENTS, st.lists(requests(), min_size=5, max_size=20))
def test_wider_agrees_with_sampling(
    before: list[Statement], after: list[Statement], sample: list[Request]
) -> None:
    verdict = compared(before, after).verdict
    for request in sample:
        old, new = answers(before, request), answers(after, request)
        gained = (old.decision, new.decision) == (Decision.DENIED, Decision.ALLOWED)
        lost = old.explicit and not new.explicit
        if gained or lost:
            assert verdict is Verdict.YES, request


@given(DOCUMENTS, statements(effects=("Deny",)), requests())
def test_a_deny_more_never_widens(
    document: list[Statement], more: Statement, request: Request
) -> None:
    assert compared(document, [*document, more]).verdict is Verdict.NO
    if answers([*document, more], request).decision is Decision.ALLOWED:
        assert answers(document, request).decision is Decision.ALLOWED


@given(DOCUMENTS)
def test_nothing_is_wider_than_itself(document: list[Statement]) -> None:
    assert compared(document, list(reversed(document))).verdict is Verdict.NO


@given(DOCUMENTS, requests(), st.sets(st.sampled_from(["aws:k", "s3:n", "aws:ip"])))
def test_what_is_certain_stays_so_whatever_the_unknown_keys_hold(
    document: list[Statement], request: Request, unknown: set[str]
) -> None:
    """Kleene's logic is sound: learning a key never turns a certain answer round."""
    known = {
        key: value
        for key in ("aws:k", "s3:n", "aws:ip")
        if key not in unknown and isinstance(value := request.context.get(key), str | tuple)
    }
    unsure = Request(
        principal=request.principal,
        action=request.action,
        resource=request.resource,
        context=Context(known, unknown),
    )
    answer = answers(document, unsure)
    if answer.decision is Decision.DEPENDS:
        assert answer.keys <= unknown
    else:
        assert answers(document, request).decision is answer.decision
