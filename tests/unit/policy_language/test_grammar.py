"""Every rule of the grammar broken once: code, line, column, and what to write."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.session import get_session

from aft.policy_language.grammar import IDENTITY, RESOURCE, TRUST, check, compact
from aft.policy_language.policy_types import POLICY_TYPES, RCP, SCP, limits_of
from aft.yamldoc import parse_yaml

HEAD = 'Version: "2012-10-17"\nStatement:\n'


def findings(text: str, kind: str = SCP) -> list[tuple[str, int, int, str, str]]:
    document, wrong = parse_yaml(text.encode(), "p.yaml")
    assert document is not None, wrong
    return [
        (item.code, item.source.line, item.source.column, item.message, item.hint)
        for item in check(document.data, kind, places=document)
    ]


def statement(**changed: Any) -> str:
    """A statement in YAML; ``None`` leaves an element out."""
    found = {"Effect": "Deny", "Action": '"s3:*"', "Resource": '"*"', **changed}
    lines = [f"{key}: {value}" for key, value in found.items() if value is not None]
    return HEAD + "  - " + "\n    ".join(lines) + "\n"


RCP_OK = {"Principal": '"*"'}
TRUSTED = {"Effect": "Allow", "Resource": None, "Action": "sts:AssumeRole"}
CONDITION = "{{{}: {{{}: {}}}}}"

ROWS = [
    # text, type, code, line, column, a word of the hint
    ("a: 1", SCP, "AFT420", 1, 1, "begin with"),
    ('Version: "2012-10-17"\nStatement: []', SCP, "AFT420", 1, 1, "begin with"),
    (HEAD + "  - text", SCP, "AFT420", 3, 5, "begin with"),
    (statement().replace("2012-10-17", "2020-01-01"), SCP, "AFT421", 1, 10, "2012-10-17"),
    (statement().split("\n", 1)[1], SCP, "AFT421", 1, 1, "2012-10-17"),
    (statement(Efect="Deny"), SCP, "AFT422", 6, 5, "Effect"),
    (statement() + "Statment: 1", SCP, "AFT422", 6, 1, "Statement"),
    (statement(Effect=None), SCP, "AFT423", 3, 5, "Effect"),
    (statement(Action=None), SCP, "AFT423", 3, 5, "Action"),
    (statement(NotAction='"s3:*"'), SCP, "AFT423", 6, 5, "keep one"),
    (statement(Resource=None), SCP, "AFT423", 3, 5, "Resource"),
    (statement(NotResource='"*"'), SCP, "AFT423", 6, 5, "keep one"),
    (statement(Principal='"*"'), SCP, "AFT424", 6, 5, "aws:PrincipalArn"),
    (statement(NotPrincipal="{AWS: 1}"), SCP, "AFT424", 6, 5, "remove"),
    (statement(**RCP_OK, Action=None, NotAction='"s3:*"'), RCP, "AFT424", 6, 5, "Action"),
    (statement(**TRUSTED | {"Resource": '"*"', "Principal": '"*"'}), TRUST, "AFT424", 5, 5, "role"),
    (statement(Effect="deny"), SCP, "AFT425", 3, 13, "Deny"),
    (statement(**RCP_OK, Effect="Allow"), RCP, "AFT425", 3, 13, "Deny"),
    (statement(Action='"i*:DeleteRole"'), SCP, "AFT426", 4, 13, "without wildcards"),
    (statement(Action='[s3:*, "s3"]'), SCP, "AFT426", 4, 20, "s3:*"),
    (statement(Action='"s3:${aws:x}"'), SCP, "AFT426", 4, 13, "Resource and Condition"),
    (statement(**RCP_OK, Action='"*"'), RCP, "AFT426", 4, 13, "s3:*"),
    (statement(**RCP_OK, Action='"ec2:*"'), RCP, "AFT426", 4, 13, ""),
    (statement(Resource='"bucket"'), SCP, "AFT427", 5, 15, "arn:aws:s3"),
    (statement(Resource='"arn:aws:s3:*"'), SCP, "AFT427", 5, 15, "arn:aws:s3:*:*:*"),
    (statement(Principal='{AWS: "*"}'), RCP, "AFT428", 6, 16, "Condition"),
    (statement(**TRUSTED, Principal="{Servce: x}"), TRUST, "AFT428", 5, 17, "Service"),
    (statement(**TRUSTED, Principal='{AWS: "arn:aws:iam::1:role/*"}'), TRUST,
     "AFT428", 5, 22, "id"),
    (statement(**TRUSTED, Principal="{Service: ec2}"), TRUST, "AFT428", 5, 26, "ec2.amazonaws.com"),
    (statement(**TRUSTED), TRUST, "AFT423", 3, 5, "Principal"),
    (statement(Condition=CONDITION.format("StringEqual", '"aws:userid"', "x")), SCP,
     "AFT429", 6, 17, "StringEquals"),
    (statement(Condition=CONDITION.format('"ForAllValue:StringEquals"', '"aws:TagKeys"', "x")), SCP,
     "AFT429", 6, 17, "ForAllValues"),
    (statement(Condition=CONDITION.format("NullIfExists", '"aws:userid"', "true")), SCP,
     "AFT429", 6, 17, "write Null"),
    (statement(Condition=CONDITION.format("StringEquals", "userid", "x")), SCP,
     "AFT430", 6, 32, "aws:PrincipalArn"),
    (statement(Condition=CONDITION.format("StringEquals", '"aws:PrincipalOrgId2"', "x")), SCP,
     "AFT430", 6, 32, "aws:PrincipalOrgID"),
    (statement(Condition=CONDITION.format("NumericEquals", '"s3:max-keys"', "many")), SCP,
     "AFT431", 6, 48, "42"),
    (statement(Condition=CONDITION.format("DateLessThan", '"aws:CurrentTime"', "soon")), SCP,
     "AFT431", 6, 51, "2027"),
    (statement(Condition=CONDITION.format("Bool", '"aws:SecureTransport"', '"yes"')), SCP,
     "AFT431", 6, 47, "true or false"),
    (statement(Condition=CONDITION.format("IpAddress", '"aws:SourceIp"', "10.0.0.0/33")), SCP,
     "AFT431", 6, 45, "203.0.113.0/24"),
    (statement(Condition=CONDITION.format("ArnNotLike", '"aws:PrincipalArn"', '"*"')), SCP,
     "AFT431", 6, 50, "fits nothing"),
    (statement(Condition=CONDITION.format("Null", '"aws:userid"', "maybe")), SCP,
     "AFT431", 6, 38, "true or false"),
    (statement(Condition=CONDITION.format("BinaryEquals", '"s3:x"', '"!!"')), SCP,
     "AFT431", 6, 40, "base64"),
    (statement(Sid='"no blanks"'), SCP, "AFT432", 6, 10, "leave them out"),
    (statement(Sid="5"), SCP, "AFT432", 6, 10, "quotes"),
    (statement(Condition=CONDITION.format("StringEquals", '"aws:TagKeys"', "x")), SCP,
     "AFT434", 6, 32, "ForAnyValue:StringEquals"),
    (statement(Condition=CONDITION.format('"ForAllValues:StringEquals"', '"aws:TagKeys"', "x")),
     SCP, "AFT434", 6, 47, "Null"),
    (statement(Condition=CONDITION.format('"ForAnyValue:StringEquals"', '"aws:userid"', "x")),
     SCP, "AFT434", 6, 46, "StringEquals"),
    (statement(Condition=CONDITION.format('"ForAnyValue:StringEqualsIfExists"', '"aws:TagKeys"',
     "x")), SCP, "AFT434", 6, 54, "ForAnyValue:StringEquals"),
    (statement(Resource='"arn:aws:s3:::${username}/*"'), SCP, "AFT435", 5, 15, "aws:username"),
    (statement(Resource='"arn:aws:s3:::${aws:username"'), SCP, "AFT435", 5, 15, "}"),
    (statement(Resource='"arn:aws:s3:${aws:x}::b"'), SCP, "AFT435", 5, 15, "Condition"),
    (statement(Action="[]"), SCP, "AFT436", 4, 13, "at least one"),
    (statement(Action="5"), SCP, "AFT436", 4, 13, "quotes"),
    (statement(Condition="text"), SCP, "AFT436", 6, 16, "StringEquals"),
    (statement(Condition="{StringEquals: text}"), SCP, "AFT436", 6, 31, "aws:"),
    (statement(Condition=CONDITION.format("StringEquals", '"aws:userid"', "[]")), SCP,
     "AFT436", 6, 46, "at least one"),
    ("plans: {}", "TAG_POLICY", "AFT420", 1, 1, "tags"),
    ('tags: {team: {tag_key: {"@@asign": team}}}', "TAG_POLICY", "AFT437", 1, 25, "@@assign"),
    ('tags: {"@@operators_allowed_for_child_policies": ["@@some"]}', "TAG_POLICY",
     "AFT437", 1, 50, "@@"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "kind", "code", "line", "column", "word"), ROWS)
def test_each_rule_broken_once(
    text: str, kind: str, code: str, line: int, column: int, word: str
) -> None:
    found = findings(text, kind)
    assert (code, line, column) in [item[:3] for item in found], found
    hint = next(item[4] for item in found if item[:3] == (code, line, column))
    assert word in hint


def test_two_statements_with_one_sid() -> None:
    one = statement(Sid="same")
    found = findings(one + one.split("\n", 2)[2])
    assert [item[:3] for item in found] == [("AFT432", 10, 10)]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (statement(), SCP),
        (statement(Action='"*"'), SCP),
        (statement(Action=None, NotAction="[iam:*, sts:*]", Effect="Allow"), SCP),
        (statement(Resource=None, NotResource='"arn:aws:s3:::${aws:PrincipalTag/team}/*"'), SCP),
        (statement(**RCP_OK), RCP),
        (statement(**TRUSTED, Principal="{Service: [ec2.amazonaws.com]}"), TRUST),
        (statement(Principal='{AWS: "111122223333"}'), RESOURCE),
        (statement(), IDENTITY),
        (statement(Condition="{Null: {aws:TagKeys: false}, "
         '"ForAllValues:StringEquals": {aws:TagKeys: [a]}}'), SCP),
        ('tags: {team: {tag_key: {"@@assign": Team}}}', "TAG_POLICY"),
        ("anything: {}", "TYPE_OF_NEXT_YEAR"),
    ],
)  # fmt: skip
def test_what_is_right_has_no_findings(text: str, kind: str) -> None:
    assert findings(text, kind) == []


def test_a_policy_that_is_too_long_and_a_limit_that_was_changed() -> None:
    document = {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Deny", "Action": "s3:*", "Resource": "*", "Sid": "x" * 5_200},
    }
    assert 5_120 < len(compact(document)) < 10_240
    assert check(document, SCP) == ()
    (found,) = check(document, SCP, changed_limits={SCP: {"characters": 5_120}})
    assert found.code == "AFT433"
    assert "5,120" in found.message
    assert limits_of("TYPE_OF_NEXT_YEAR").characters == 10_000


@pytest.mark.parametrize("kind", [SCP, RCP, IDENTITY, TRUST, "TAG_POLICY", "OTHER"])
@pytest.mark.parametrize(
    "document", [None, 1, "x", [], {}, {"Statement": None}, {"Statement": [None, {1: 2}]},
                 {"Version": [], "Statement": {"Effect": {}, "Action": [None], "Resource": {},
                  "Principal": [], "Condition": {"Bool": {1: {"a": 1}}, 5: []}, "Sid": []}}],
)  # fmt: skip
def test_whatever_is_in_a_document_it_is_described(kind: str, document: Any) -> None:
    for finding in check(document, kind):
        assert finding.message


def test_the_policy_types_are_botocore_s() -> None:
    model = get_session().get_service_model("organizations")
    assert set(POLICY_TYPES) == set(model.shape_for("PolicyType").enum)
    management = {
        item.name for item in POLICY_TYPES.values() if item.top_level != ("Version", "Statement")
    }
    assert management == set(model.shape_for("EffectivePolicyType").enum)
