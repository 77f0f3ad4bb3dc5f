"""What bringing a stack from one template to another does to its resources."""

from __future__ import annotations

import json
from textwrap import dedent

import pytest
from counting import cpu_seconds, most_memory

from aft.cloudformation.compare import TemplateChanges, compare_templates
from aft.cloudformation.read import parse_template
from aft.cloudformation.template import EMPTY
from aft.values.parts import PartOutcome

PSEUDO = {"AWS::Region": "eu-central-1", "AWS::Partition": "aws"}

BUCKET = """
Resources:
  Artifacts:
    Type: AWS::S3::Bucket
    Properties:
      BucketName: acme-artifacts
      VersioningConfiguration: {Status: Enabled}
      Tags: [{Key: env, Value: prod}, {Key: team, Value: web}]
"""


def changes(before: str, after: str) -> TemplateChanges:
    old = parse_template(dedent(before)) if before else EMPTY
    return compare_templates(old, parse_template(dedent(after)), PSEUDO)


def told(found: TemplateChanges) -> dict[str, tuple[str, str]]:
    return {item.id: (item.outcome.value, item.reason) for item in found.resources}


def paths(found: TemplateChanges) -> list[str]:
    return [item.path for change in found.resources for item in change.properties]


SAME = {
    "comments and blank lines": BUCKET.replace("Resources:", "# new\n\nResources:"),
    "order of keys": BUCKET.replace(
        "      BucketName: acme-artifacts\n      VersioningConfiguration: {Status: Enabled}\n",
        "      VersioningConfiguration:\n        Status: 'Enabled'\n"
        "      BucketName: 'acme-artifacts'\n",
    ),
    "order of tags": BUCKET.replace(
        "[{Key: env, Value: prod}, {Key: team, Value: web}]",
        "[{Key: team, Value: web}, {Key: env, Value: prod}]",
    ),
    "description": "Description: hello\n" + BUCKET,
    "a function that comes to the same": BUCKET.replace(
        "acme-artifacts", "!Join ['-', [acme, artifacts]]"
    ),
    "a parameter with that default": "Parameters: {Name: {Type: String, Default: acme}}\n"
    + BUCKET.replace("acme-artifacts", '!Sub "${Name}-artifacts"'),
    "a mapping": "Mappings: {M: {eu-central-1: {name: acme-artifacts}}}\n"
    + BUCKET.replace("acme-artifacts", "!FindInMap [M, !Ref AWS::Region, name]"),
    "a condition that holds": 'Conditions: {C: !Equals [!Ref "AWS::Region", eu-central-1]}\n'
    + BUCKET.replace("Type: AWS", "Condition: C\n    Type: AWS"),
    "a property that is not there": BUCKET + "      BucketEncryption: !Ref AWS::NoValue\n",
    "JSON": json.dumps(
        {
            "Resources": {
                "Artifacts": {
                    "Type": "AWS::S3::Bucket",
                    "Properties": {
                        "BucketName": {"Fn::Sub": "acme-artifacts"},
                        "VersioningConfiguration": {"Status": "Enabled"},
                        "Tags": [
                            {"Key": "env", "Value": "prod"},
                            {"Key": "team", "Value": "web"},
                        ],
                    },
                }
            }
        }
    ),
}


@pytest.mark.parametrize("after", SAME.values(), ids=SAME.keys())
def test_a_template_written_in_another_way_changes_nothing(after: str) -> None:
    assert changes(BUCKET, after).is_empty
    assert changes(after, BUCKET).is_empty


def test_numbers_and_booleans_are_text() -> None:
    before = (
        "Resources: {Q: {Type: AWS::SQS::Queue, Properties: {FifoQueue: true, DelaySeconds: 5}}}"
    )
    after = before.replace("true", '"true"').replace("5", "'5'")
    assert changes(before, after).is_empty


def test_a_create_only_property_replaces() -> None:
    found = changes(BUCKET, BUCKET.replace("acme-artifacts", "acme-artifax"))
    assert told(found) == {"Artifacts": ("replaced", "BucketName cannot be changed")}
    (change,) = found.resources[0].properties
    assert (change.path, change.before, change.after) == (
        "BucketName",
        "acme-artifacts",
        "acme-artifax",
    )


def test_a_default_that_changes_shows_at_the_property_that_uses_it() -> None:
    text = "Parameters: {Name: {Type: String, Default: acme}}\n" + BUCKET.replace(
        "acme-artifacts", '!Sub "${Name}-artifacts"'
    )
    found = changes(text, text.replace("Default: acme", "Default: acne"))
    assert told(found) == {"Artifacts": ("replaced", "BucketName cannot be changed")}
    assert found.resources[0].properties[0].after == "acne-artifacts"


def test_another_property_changes_in_place() -> None:
    found = changes(BUCKET, BUCKET.replace("Enabled", "Suspended").replace("prod", "dev"))
    assert told(found) == {"Artifacts": ("changed", "")}
    assert paths(found) == ["VersioningConfiguration/Status", "Tags/env/Value"]


def test_what_is_added_and_removed() -> None:
    topic = BUCKET.replace("Artifacts", "Other").replace("S3::Bucket", "SNS::Topic")
    found = changes(BUCKET, topic)
    assert told(found) == {"Artifacts": ("removed", ""), "Other": ("added", "")}


@pytest.mark.parametrize(
    ("policy", "kept"),
    [("Retain", True), ("RetainExceptOnCreate", True), ("Delete", False), ("Snapshot", False)],
)
def test_what_the_template_retains_is_said(policy: str, kept: bool) -> None:
    text = BUCKET.replace("Type: AWS", f"DeletionPolicy: {policy}\n    Type: AWS")
    found = changes(text, "Resources: {T: {Type: AWS::SNS::Topic}}")
    assert {item.id: item.is_kept for item in found.resources} == {"Artifacts": kept, "T": False}


def test_a_property_that_only_sometimes_replaces() -> None:
    before = "Resources: {D: {Type: AWS::RDS::DBInstance, Properties: {Engine: mysql}}}"
    found = changes(before, before.replace("mysql", "mariadb"))
    assert told(found) == {"D": ("may be replaced", "Engine can be changed only in some cases")}


def test_another_type_for_a_logical_id() -> None:
    found = changes(BUCKET, BUCKET.replace("S3::Bucket", "SNS::Topic"))
    assert found.resources[0].outcome is PartOutcome.REPLACED
    assert "its type was AWS::S3::Bucket" in found.resources[0].reason


FOLLOWING = """
Resources:
  Key:
    Type: AWS::EC2::Subnet
    Properties: {CidrBlock: 10.0.0.0/24, VpcId: !Ref Net}
  Net:
    Type: AWS::EC2::VPC
    Properties: {CidrBlock: 10.0.0.0/16}
  Far:
    Type: AWS::EC2::Instance
    Properties: {SubnetId: !Ref Key, InstanceType: t3.micro}
  Log:
    Type: AWS::Logs::LogGroup
    Properties: {Tags: [{Key: net, Value: !Sub "in ${Net}"}]}
"""


def test_what_refers_to_a_replaced_resource_may_be_replaced_with_it() -> None:
    found = changes(FOLLOWING, FOLLOWING.replace("10.0.0.0/16", "10.0.0.0/8"))
    assert told(found) == {
        "Net": ("replaced", "CidrBlock cannot be changed"),
        "Key": ("may be replaced", "VpcId refers to Net, which is replaced"),
        "Far": ("may be replaced", "SubnetId refers to Key, which may be replaced"),
        "Log": ("changed", ""),
    }


def test_a_reference_to_a_resource_that_changes_in_place_is_the_same() -> None:
    found = changes(
        FOLLOWING,
        FOLLOWING.replace(
            "{CidrBlock: 10.0.0.0/16}", "{CidrBlock: 10.0.0.0/16, Tags: [{Key: a, Value: b}]}"
        ),
    )
    assert told(found) == {"Net": ("changed", "")}


LOOKED_UP = "Parameters: {P: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /a/b}}\n"
UNKNOWN = {
    "a macro": ("Transform: AWS::Serverless-2016-10-31\n" + BUCKET, "macro AWS::Serverless"),
    "an include": (
        BUCKET.replace("acme-artifacts", "{Fn::Transform: {Name: AWS::Include}}"),
        "includes what a macro makes",
    ),
    "a nested stack": (
        BUCKET + "  Inner: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: x}}\n",
        "a stack of its own",
    ),
    "a module": (BUCKET + "  Inner: {Type: Acme::S3::Bucket::MODULE}\n", "a module"),
    "an SSM parameter in a property": (
        LOOKED_UP + BUCKET.replace("acme-artifacts", "!Ref P"),
        "Artifacts.BucketName has the value of SSM parameter /a/b",
    ),
    "an SSM parameter in a text": (
        LOOKED_UP + BUCKET.replace("acme-artifacts", "!Sub '${P}-x'"),
        "SSM parameter /a/b",
    ),
    "an SSM parameter in a new resource": (
        LOOKED_UP + BUCKET + "  T: {Type: AWS::SNS::Topic, Properties: {DisplayName: !Ref P}}\n",
        "T.DisplayName has the value of SSM parameter /a/b",
    ),
    "an SSM parameter in a list": (
        LOOKED_UP + BUCKET + "  T: {Type: AWS::SNS::Topic, Properties: "
        "{Tags: [{Key: a, Value: !Ref P}]}}\n",
        "T.Tags has the value of SSM parameter /a/b",
    ),
}


@pytest.mark.parametrize(("after", "words"), UNKNOWN.values(), ids=UNKNOWN.keys())
def test_what_cannot_be_known_is_named(after: str, words: str) -> None:
    assert any(words in line for line in changes(BUCKET, after).unknown)


def test_an_ssm_parameter_that_nothing_uses_is_known_well_enough() -> None:
    assert changes(BUCKET, LOOKED_UP + BUCKET).is_empty


@pytest.mark.parametrize(
    ("parameter", "words"),
    [
        ("{Type: 'AWS::SSM::Parameter::Value<String>', Default: /a/b}", "SSM parameter /a/b"),
        ("{Type: String, NoEcho: true, Default: '****'}", "NoEcho"),
    ],
)
def test_a_parameter_that_cannot_be_compared_may_change_what_uses_it(
    parameter: str, words: str
) -> None:
    text = f"Parameters: {{P: {parameter}}}\n" + BUCKET.replace("acme-artifacts", "!Ref P")
    found = changes(text, text)
    assert told(found) == {
        "Artifacts": ("may be replaced", "BucketName can be changed only in some cases")
    }
    assert words in str(found.resources[0].properties[0].after)


def test_a_secret_without_a_version_is_read_again_with_any_change_of_its_resource() -> None:
    text = """
    Resources:
      D:
        Type: AWS::RDS::DBInstance
        Properties: {DBName: "{{resolve:ssm:/db/name}}", AllocatedStorage: 5}
    """
    assert changes(text, text).is_empty
    found = changes(text, text.replace("5", "6"))
    assert told(found)["D"][0] == "may be replaced"
    pinned = text.replace("/db/name", "/db/name:3")
    assert told(changes(pinned, pinned.replace("5", "6")))["D"][0] == "changed"


def test_a_custom_resource_decides_by_its_own_code() -> None:
    text = "Resources: {C: {Type: 'Custom::Thing', Properties: {ServiceToken: arn, X: 1}}}"
    found = changes(text, text.replace("X: 1", "X: 2"))
    assert told(found) == {"C": ("may be replaced", "its own code decides")}


def test_a_type_whose_schema_is_not_known() -> None:
    text = "Resources: {C: {Type: 'Acme::New::Thing', Properties: {X: 1}}}"
    found = changes(text, text.replace("X: 1", "X: 2"))
    assert told(found)["C"][0] == "may be replaced"


def test_a_literal_that_looks_like_a_reference_is_not_one() -> None:
    before = (
        BUCKET.replace("acme-artifacts", '!Sub "${Net}-${!Net}"') + FOLLOWING.partition("\n  ")[2]
    )
    before = before.replace("Key:\n", "  Key:\n", 1)
    after = before.replace('"${Net}-${!Net}"', '"${!Net}-${Net}"')
    assert told(changes(before, after))["Artifacts"][0] == "replaced"


def test_outputs_and_exports() -> None:
    text = BUCKET + "Outputs: {Name: {Value: !Ref Artifacts, Export: {Name: shared}}}\n"
    found = changes(text, text.replace(", Export: {Name: shared}", ""))
    assert [(item.path, item.before, item.after) for item in found.outputs] == [
        ("Name/Export/Name", "shared", None)
    ]


def test_a_new_stack_shows_all_it_makes() -> None:
    found = changes("", BUCKET)
    assert told(found) == {"Artifacts": ("added", "")}
    assert paths(found) == [
        "BucketName",
        "VersioningConfiguration/Status",
        "Tags/env/Value",
        "Tags/team/Value",
    ]


CONDITIONS = "Conditions:\n" + "".join(
    f"  C{n}: !And [!Condition C{n + 1}, !Condition C{n + 1}]\n" for n in range(60)
)


def test_conditions_that_double_are_evaluated_once_each() -> None:
    text = f"{CONDITIONS}  C60: !Equals [a, a]\n{BUCKET}".replace(
        "Type: AWS::S3", "Condition: C0\n    Type: AWS::S3"
    )
    assert changes(text, text).is_empty
    assert told(changes(text, text.replace("[a, a]", "[a, b]"))) == {"Artifacts": ("removed", "")}


def test_a_mapping_that_refers_to_itself_is_only_data() -> None:
    text = "Mappings: {M: {a: {b: !FindInMap [M, a, b]}}}\n" + BUCKET.replace(
        "acme-artifacts", "!FindInMap [M, a, b]"
    )
    assert changes(text, text).is_empty


def test_a_condition_that_only_aws_can_decide_is_named_where_it_is_used() -> None:
    text = (
        "Parameters: {P: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /p}}\n"
        "Conditions: {C: !Equals [!Ref P, on]}\n"
        + BUCKET.replace("acme-artifacts", "!If [C, one, two]")
    )
    found = changes(text, text.replace("on]", "off]"))
    assert told(found)["Artifacts"][0] == "may be replaced"


def test_a_nested_stack_may_end_anything_whatever_its_own_properties_say() -> None:
    text = BUCKET + "  Inner: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: x}}\n"
    found = changes(text, text)
    assert told(found) == {"Inner": ("may be replaced", "its own template is not read")}


# --- templates that come to more than anyone can hold ---------------------------------------------


def _topic(value: object, **sections: object) -> str:
    topic = {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": value}}
    return json.dumps({**sections, "Resources": {"A": topic}})


def _nested(depth: int) -> object:
    found: object = "x"
    for number in range(depth):
        found = {"Fn::If": [f"c{number}", found, "y"]}
    return found


def _conditions(*tests: object) -> dict[str, object]:
    return {f"c{number}": test for number, test in enumerate(tests)}


_UNKNOWN = {"Fn::Equals": ["a", {"Ref": "Q"}]}
_NOTS = [{"Fn::Not": [{"Condition": f"c{number + 1}"}]} for number in range(3000)]
STUFFED = {
    "a long text in many places": {"Fn::Sub": ["${a}" * 20_000, {"a": "z" * 100_000}]},
    "a long list in many places": {"Fn::Sub": ["${a}" * 20_000, {"a": ["z"] * 5_000}]},
    "a long separator": {"Fn::Join": ["z" * 100_000, ["a"] * 30_000]},
    "a long separator of what was split": {
        "Fn::Join": ["z" * 50_000, {"Fn::Split": [",", "," * 150_000]}]
    },
    "a long mapping in many places": [{"Fn::FindInMap": ["M", "k", "v"]}] * 2_500,
    "a parameter in many places": [{"Ref": "P"}] * 15_000,
    "text in text in text": _nested(28),
    "conditions that follow from each other": {"Fn::If": ["c60", "a", "b"]},
}


@pytest.mark.parametrize("name", STUFFED)
def test_no_template_comes_to_more_than_is_compared(name: str) -> None:
    many = "conditions" in name
    after = _topic(
        STUFFED[name],
        Mappings={"M": {"k": {"v": ["z"] * 20_000}}},
        Parameters={"P": {"Type": "String", "Default": "z" * 4000}},
        Conditions=_conditions(*(_NOTS if many else [_UNKNOWN] * 60)),
    ).replace("c60", "c0")
    before = _topic("before")
    assert cpu_seconds(lambda: changes(before, after)) < 2 * 4
    if "separator" in name:
        assert most_memory(lambda: changes(before, after)) < 150_000_000
    (changed,) = changes(before, after).resources
    assert changed.properties
