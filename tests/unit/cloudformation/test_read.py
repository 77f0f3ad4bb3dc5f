"""Reading templates: every text is a template or a ``TemplateError``, and comparing never fails."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aft.cloudformation.compare import compare_templates
from aft.cloudformation.read import parse_template
from aft.cloudformation.template import EMPTY, TemplateError, template_of

REFUSED = {
    "no mapping": "- a",
    "nothing": "",
    "syntax": "Resources: [",
    "JSON syntax": '{"Resources": ',
    "key twice": "Resources: {A: {Type: x}, A: {Type: y}}",
    "alias": "Resources: {A: &a {Type: x}, B: *a}",
    "key that is a list": "? [a]\n: b",
    "deep": "Resources: " + "[" * 200 + "]" * 200,
    "deep JSON": '{"Resources": ' + "[" * 100_000,
    "deep JSON that can be parsed": '{"Resources": {"A": {"Type": "x", "Properties": '
    + '{"a": ' * 150
    + "1"
    + "}" * 153,
    "resource that is text": "Resources: {A: b}",
    "section that is a list": "Resources: [a]",
}


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED.keys())
def test_what_is_no_template(text: str) -> None:
    with pytest.raises(TemplateError):
        parse_template(text)


def test_short_and_long_form_are_the_same() -> None:
    short = parse_template("Resources: {A: {Type: x, Properties: {P: !GetAtt B.Arn, Q: !Ref C}}}")
    long = parse_template(
        '{"Resources": {"A": {"Type": "x", "Properties": '
        '{"P": {"Fn::GetAtt": ["B", "Arn"]}, "Q": {"Ref": "C"}}}}}'
    )
    assert short == long


FUNCTIONS = (
    *("Ref", "Condition", "Fn::Sub", "Fn::GetAtt", "Fn::Join", "Fn::Select", "Fn::Split"),
    *("Fn::If", "Fn::FindInMap", "Fn::Equals", "Fn::Not", "Fn::And", "Fn::Transform", "Fn::Nope"),
)
NAMES = st.sampled_from(["A", "B", "P", "C", "AWS::Region", "AWS::NoValue", "x", "${A}-${B.Arn}"])
VALUES = st.recursive(
    NAMES | st.none() | st.booleans() | st.integers(0, 3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(NAMES, inner, max_size=2)
        | st.dictionaries(st.sampled_from(FUNCTIONS), inner, min_size=1, max_size=1)
    ),
    max_leaves=12,
)
TEMPLATES = st.fixed_dictionaries(
    {
        "Resources": st.dictionaries(
            st.sampled_from("ABC"),
            st.fixed_dictionaries(
                {"Type": st.sampled_from(["AWS::S3::Bucket", "AWS::RDS::DBInstance", "Custom::X"])},
                optional={"Properties": VALUES, "Condition": NAMES, "DeletionPolicy": VALUES},
            ),
        ),
        "Conditions": st.dictionaries(st.sampled_from("CD"), VALUES),
        "Parameters": st.fixed_dictionaries(
            {"P": st.fixed_dictionaries({"Type": st.sampled_from(["String", "List<X>"])})}
        ),
        "Outputs": st.dictionaries(st.sampled_from("XY"), st.fixed_dictionaries({"Value": VALUES})),
    }
)


@given(TEMPLATES, TEMPLATES)
def test_any_two_templates_can_be_compared(old: object, new: object) -> None:
    before, after = template_of(old), template_of(new)
    same = {item.outcome.value for item in compare_templates(before, before, {}).resources}
    assert same <= {"changed", "may be replaced"}  # where a macro has its say
    compare_templates(before, after, {"AWS::Region": "x"})
    added = compare_templates(EMPTY, after, {})
    assert {item.outcome.value for item in added.resources} <= {"added"}
    assert parse_template(json.dumps(new)) == after
