from __future__ import annotations

import json
from typing import Any

import pytest
from builders_sandbox import message, refusal

from aft.cloudformation.resource_types import resource_type
from aft.sandbox.services.cfn_adapters import ADAPTERS

TOPIC = {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "news"}}
BUCKET = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "acme-artifacts"}}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "ec2.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}


def template(resources: dict[str, Any], **more: Any) -> str:
    return json.dumps({"Resources": resources, **more})


def status(cfn: Any, name: str) -> str:
    """The status once CloudFormation has come to an end."""
    for _ in range(3):
        found: str = cfn.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
        if not found.endswith("_IN_PROGRESS"):
            return found
    raise AssertionError(found)


def events(cfn: Any, name: str) -> list[tuple[str, str, str]]:
    found = cfn.describe_stack_events(StackName=name)["StackEvents"]
    return [
        (e["LogicalResourceId"], e["ResourceStatus"], e.get("ResourceStatusReason", ""))
        for e in reversed(found)
    ]


def failures(cfn: Any, name: str) -> dict[str, str]:
    return {who: why for who, what, why in events(cfn, name) if what.endswith("_FAILED")}


def make(cfn: Any, name: str, resources: dict[str, Any], **more: Any) -> str:
    body = template(resources, **more.pop("sections", {}))
    cfn.create_stack(StackName=name, TemplateBody=body, **more)
    return status(cfn, name)


def buckets(client: Any) -> list[str]:
    return [bucket["Name"] for bucket in client("s3").list_buckets()["Buckets"]]


def topics(client: Any) -> list[str]:
    found = client("sns").list_topics()["Topics"]
    return sorted(topic["TopicArn"].rsplit(":", 1)[-1] for topic in found)


# --- creation --------------------------------------------------------------------------------


def test_creation_is_seen_in_progress_before_it_is_complete(client):
    cfn = client("cloudformation")
    body = template({"Topic": TOPIC})
    cfn.create_stack(StackName="s", TemplateBody=body)
    assert "CREATE_IN_PROGRESS" in message(cfn.update_stack, StackName="s", TemplateBody=body)
    seen = [cfn.describe_stacks(StackName="s")["Stacks"][0]["StackStatus"] for _ in range(2)]
    assert seen == ["CREATE_IN_PROGRESS", "CREATE_COMPLETE"]
    assert [e[:2] for e in events(cfn, "s")] == [
        ("s", "CREATE_IN_PROGRESS"),
        ("Topic", "CREATE_IN_PROGRESS"),
        ("Topic", "CREATE_COMPLETE"),
        ("s", "CREATE_COMPLETE"),
    ]


def test_outputs_parameters_and_tags_are_reported(client):
    cfn = client("cloudformation")
    end = make(
        cfn,
        "s",
        {"Artifacts": {**BUCKET, "Properties": {"BucketName": {"Fn::Sub": "${Name}-files"}}}},
        sections={
            "Parameters": {"Name": {"Type": "String"}, "Size": {"Type": "Number", "Default": 3}},
            "Outputs": {
                "Name": {"Value": {"Ref": "Artifacts"}, "Export": {"Name": "files"}},
                "Arn": {"Value": {"Fn::GetAtt": ["Artifacts", "Arn"]}},
            },
        },
        Parameters=[{"ParameterKey": "Name", "ParameterValue": "acme"}],
        Tags=[{"Key": "team", "Value": "core"}],
    )
    stack = cfn.describe_stacks(StackName="s")["Stacks"][0]
    assert end == "CREATE_COMPLETE"
    outputs = {o["OutputKey"]: o["OutputValue"] for o in stack["Outputs"]}
    assert outputs == {"Name": "acme-files", "Arn": "arn:aws:s3:::acme-files"}
    given = {p["ParameterKey"]: p["ParameterValue"] for p in stack["Parameters"]}
    assert given == {"Name": "acme", "Size": "3"}
    assert stack["Tags"] == [{"Key": "team", "Value": "core"}]
    exports = cfn.list_exports()["Exports"]
    assert [(e["Name"], e["Value"]) for e in exports] == [("files", "acme-files")]


ROLE = {"Type": "AWS::IAM::Role"}


@pytest.mark.parametrize(
    ("resource", "reason"),
    [
        ({"Type": "AWS::GuardDuty::Nothing"}, "does not simulate resources of type"),
        ({**BUCKET, "Properties": {"Bucket": "x"}}, "extraneous key [Bucket] is not permitted"),
        ({**ROLE, "Properties": {}}, "required key [AssumeRolePolicyDocument] not found"),
        (
            {**ROLE, "Properties": {"AssumeRolePolicyDocument": {"Statement": []}}},
            "MalformedPolicyDocument",
        ),
        (
            {
                **ROLE,
                "Properties": {
                    "AssumeRolePolicyDocument": TRUST,
                    "ManagedPolicyArns": ["arn:aws:iam::aws:policy/Nothing"],
                },
            },
            "does not exist or is not attachable",
        ),
        ({**BUCKET, "Properties": {"BucketName": "Not_A_Name"}}, "InvalidBucketName"),
        ({"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "x"}}, "not a valid CIDR"),
        (
            {**BUCKET, "Properties": {"BucketName": {"Fn::Cidr": ["10.0.0.0/16", 2, 8]}}},
            "does not evaluate Fn::Cidr",
        ),
        ({"Type": "Custom::Thing", "Properties": {}}, "does not simulate resources of type"),
    ],
)
def test_a_resource_that_cannot_be_made_rolls_everything_back(client, resource, reason):
    cfn = client("cloudformation")
    end = make(
        cfn,
        "s",
        {"Topic": TOPIC, "Bad": {**resource, "DependsOn": "Topic"}},
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )
    assert end == "ROLLBACK_COMPLETE"
    assert reason in failures(cfn, "s")["Bad"]
    said = [why for who, what, why in events(cfn, "s") if what == "ROLLBACK_IN_PROGRESS"]
    assert said == [
        "The following resource(s) failed to create: [Bad]. Rollback requested by user."
    ]
    assert topics(client) == []
    assert client("iam").list_roles(PathPrefix="/")["Roles"] == [
        role
        for role in client("iam").list_roles()["Roles"]
        if role["RoleName"] == "OrganizationAccountAccessRole"
    ]
    assert "Outputs" not in cfn.describe_stacks(StackName="s")["Stacks"][0]


def test_a_bucket_name_taken_by_another_account_fails_the_stack(members):
    members.client("s3", "us-east-1", members.second).create_bucket(Bucket="acme-artifacts")
    cfn = members.client("cloudformation")
    assert make(cfn, "s", {"Artifacts": BUCKET}) == "ROLLBACK_COMPLETE"
    assert "BucketAlreadyExists" in failures(cfn, "s")["Artifacts"]


def test_a_topic_that_exists_outside_the_stack_fails_it(client):
    client("sns").create_topic(Name="news")
    cfn = client("cloudformation")
    assert make(cfn, "s", {"Topic": TOPIC}) == "ROLLBACK_COMPLETE"
    assert topics(client) == ["news"]


def test_a_rolled_back_stack_can_only_be_deleted(client):
    cfn = client("cloudformation")
    make(cfn, "s", {"Bad": {"Type": "AWS::GuardDuty::Nothing"}})
    good = template({"Topic": TOPIC})
    code, text = (
        refusal(cfn.update_stack, StackName="s", TemplateBody=good)[0],
        message(cfn.update_stack, StackName="s", TemplateBody=good),
    )
    assert (code, "ROLLBACK_COMPLETE state and can not be updated" in text) == (
        "ValidationError",
        True,
    )
    change = {"StackName": "s", "ChangeSetName": "c", "TemplateBody": good}
    assert refusal(cfn.create_change_set, ChangeSetType="UPDATE", **change)[0] == "ValidationError"
    assert refusal(cfn.create_stack, StackName="s", TemplateBody=good)[0] == (
        "AlreadyExistsException"
    )
    cfn.delete_stack(StackName="s")
    cfn.describe_stacks(StackName="s")
    assert refusal(cfn.describe_stacks, StackName="s")[0] == "ValidationError"
    assert make(cfn, "s", {"Topic": TOPIC}) == "CREATE_COMPLETE"


def test_failures_may_be_left_as_they_are(client):
    cfn = client("cloudformation")
    resources = {"Topic": TOPIC, "Bad": {"Type": "AWS::GuardDuty::Nothing", "DependsOn": "Topic"}}
    assert make(cfn, "kept", resources, OnFailure="DO_NOTHING") == "CREATE_FAILED"
    assert topics(client) == ["news"]


# --- refusals before anything is made ----------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("Resources: [", "YAML not well-formed"),
        ("just text", "unsupported structure"),
        ("Description: x", "At least one Resources member"),
        ("Resources: {}", "At least one Resources member"),
        ("{Resources: {A: {Type: 'AWS::SNS::Topic'}}, Extra: 1}", "[Extra]"),
        ("Resources: {A: {Properties: {}}}", "must contain a Type member"),
        ("Resources: {A: {Type: Nonsense}}", "Unrecognized resource types: [Nonsense]"),
        ("Resources: {A: {Type: 'AWS::SNS::Topic', Colour: 1}}", "'Colour'"),
        ("Resources: {A-b: {Type: 'AWS::SNS::Topic'}}", "non alphanumeric"),
        (
            "Resources: {A: {Type: 'AWS::SNS::Topic', Properties: {TopicName: !Ref B}}}",
            "Unresolved resource dependencies [B] in the Resources block",
        ),
        (
            "Resources: {A: {Type: 'AWS::SNS::Topic'}}\nOutputs: {O: {Value: !GetAtt C.Arn}}",
            "Unresolved resource dependencies [C] in the Outputs block",
        ),
        (
            (
                "Resources: {A: {Type: 'AWS::SNS::Topic', DependsOn: B},"
                " B: {Type: 'AWS::SNS::Topic', DependsOn: A}}"
            ),
            "Circular dependency between resources: [A, B]",
        ),
        ("Resources: {A: !!python/object/apply:os.getcwd []}", "unsupported tag"),
        ("%TAG !p! tag:yaml.org,2002:py\n---\nResources: !p!thon/name:os.getcwd", "unsupported"),
        ("Resources: {A: {Type: 'AWS::SNS::Topic'}}\nTransform: Mine", "No transform named Mine"),
        ("#" + "x" * 51_200, "length less than or equal to 51200"),
    ],
)
def test_a_template_aws_would_not_start_is_refused(client, body, expected):
    cfn = client("cloudformation")
    refused = {"StackName": "s", "TemplateBody": body}
    assert refusal(cfn.create_stack, **refused)[0] == "ValidationError"
    assert expected in message(cfn.create_stack, **refused)
    assert refusal(cfn.describe_stacks, StackName="s")[0] == "ValidationError"


@pytest.mark.parametrize(
    ("slot", "value", "expected"),
    [
        ({"Type": "String"}, None, "Parameters: [P] must have values"),
        ({"Type": "Number"}, "many", "must be a number"),
        ({"Type": "String", "AllowedValues": ["a", "b"]}, "c", "one of AllowedValues"),
        ({"Type": "String", "AllowedPattern": "[a-z]+"}, "C", "failed to satisfy constraint"),
        ({"Type": "String", "MaxLength": 3}, "abcd", "at most 3 characters"),
        ({"Type": "Number", "MinValue": 5}, "4", "not less than 5"),
    ],
)
def test_parameters_are_checked_first(client, slot, value, expected):
    body = template({"Topic": TOPIC}, Parameters={"P": slot})
    given = [{"ParameterKey": "P", "ParameterValue": value}] if value else []
    call = {"StackName": "s", "TemplateBody": body, "Parameters": given}
    assert expected in message(client("cloudformation").create_stack, **call)


def test_unknown_parameters_are_refused(client):
    text = message(
        client("cloudformation").create_stack,
        StackName="s",
        TemplateBody=template({"Topic": TOPIC}),
        Parameters=[{"ParameterKey": "Nope", "ParameterValue": "1"}],
    )
    assert text == "Parameters: [Nope] do not exist in the template"


def test_iam_resources_need_capabilities(client):
    cfn = client("cloudformation")
    plain = {"Role": {**ROLE, "Properties": {"AssumeRolePolicyDocument": TRUST}}}
    named = {
        "Role": {**ROLE, "Properties": {"AssumeRolePolicyDocument": TRUST, "RoleName": "reader"}}
    }
    asked = {"StackName": "s", "TemplateBody": template(plain)}
    assert refusal(cfn.create_stack, **asked)[0] == "InsufficientCapabilitiesException"
    asked["TemplateBody"] = template(named)
    assert "CAPABILITY_NAMED_IAM" in message(
        cfn.create_stack, **asked, Capabilities=["CAPABILITY_IAM"]
    )
    assert make(cfn, "s", named, Capabilities=["CAPABILITY_NAMED_IAM"]) == "CREATE_COMPLETE"


@pytest.mark.parametrize("name", ["1abc", "a_b", "-a", "a" * 129])
def test_stack_names_have_a_form(client, name):
    call = {"StackName": name, "TemplateBody": template({"Topic": TOPIC})}
    assert refusal(client("cloudformation").create_stack, **call)[0] == "ValidationError"


# --- update ----------------------------------------------------------------------------------


def test_an_update_without_change_is_refused(client):
    cfn = client("cloudformation")
    make(cfn, "s", {"Topic": TOPIC})
    same = json.dumps({"Resources": {"Topic": TOPIC}, "Description": "only words"}, indent=3)
    assert message(cfn.update_stack, StackName="s", TemplateBody=same) == (
        "No updates are to be performed."
    )


def test_a_failed_update_goes_back_to_what_was(client):
    cfn = client("cloudformation")
    make(cfn, "s", {"Topic": TOPIC})
    client("s3").create_bucket(
        Bucket="acme-artifacts",
        CreateBucketConfiguration={"LocationConstraint": "eu-central-1"},
    )
    renamed = {**TOPIC, "Properties": {"TopicName": "other"}}
    cfn.update_stack(
        StackName="s",
        TemplateBody=template({"Topic": renamed, "Extra": {**BUCKET, "DependsOn": "Topic"}}),
    )
    assert status(cfn, "s") == "UPDATE_ROLLBACK_COMPLETE"
    assert list(failures(cfn, "s")) == ["Extra"]
    assert topics(client) == ["news"]
    cfn.update_stack(StackName="s", TemplateBody=template({"Topic": renamed}))
    assert status(cfn, "s") == "UPDATE_COMPLETE"
    assert topics(client) == ["other"]


def test_an_update_adds_changes_and_removes(client):
    cfn = client("cloudformation")
    role = {
        "AssumeRolePolicyDocument": TRUST,
        "RoleName": "reader",
        "ManagedPolicyArns": ["arn:aws:iam::aws:policy/ReadOnlyAccess"],
    }
    make(
        cfn,
        "s",
        {"Role": {**ROLE, "Properties": role}, "Topic": TOPIC},
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )
    iam = client("iam")
    before = iam.get_role(RoleName="reader")["Role"]["RoleId"]
    changed = {**role, "ManagedPolicyArns": [], "Description": "reads"}
    cfn.update_stack(
        StackName="s",
        TemplateBody=template({"Role": {**ROLE, "Properties": changed}, "Artifacts": BUCKET}),
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )
    assert status(cfn, "s") == "UPDATE_COMPLETE"
    after = iam.get_role(RoleName="reader")["Role"]
    assert (after["RoleId"], after["Description"]) == (before, "reads")
    assert iam.list_attached_role_policies(RoleName="reader")["AttachedPolicies"] == []
    assert (topics(client), buckets(client)) == ([], ["acme-artifacts"])


def test_parameters_may_be_kept_but_must_be_mentioned(client):
    cfn = client("cloudformation")
    topic = {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": {"Ref": "Name"}}}
    sections = {"Parameters": {"Name": {"Type": "String"}}}
    make(
        cfn,
        "s",
        {"Topic": topic},
        sections=sections,
        Parameters=[{"ParameterKey": "Name", "ParameterValue": "one"}],
    )
    body = template({"Topic": topic, "Artifacts": BUCKET}, **sections)
    assert message(cfn.update_stack, StackName="s", TemplateBody=body) == (
        "Parameters: [Name] must have values"
    )
    kept = [{"ParameterKey": "Name", "UsePreviousValue": True}]
    cfn.update_stack(StackName="s", TemplateBody=body, Parameters=kept)
    assert status(cfn, "s") == "UPDATE_COMPLETE"
    changed = [{"ParameterKey": "Name", "ParameterValue": "two"}]
    cfn.update_stack(StackName="s", UsePreviousTemplate=True, Parameters=changed)
    assert status(cfn, "s") == "UPDATE_COMPLETE"
    assert topics(client) == ["two"]


# --- change sets -----------------------------------------------------------------------------


def change_set(cfn: Any, name: str, kind: str, body: str, **more: Any) -> Any:
    cfn.create_change_set(
        StackName="s", ChangeSetName=name, ChangeSetType=kind, TemplateBody=body, **more
    )
    first = cfn.describe_change_set(StackName="s", ChangeSetName=name)
    assert first["Status"] == "CREATE_IN_PROGRESS"
    return cfn.describe_change_set(StackName="s", ChangeSetName=name)


def test_a_change_set_makes_a_stack_in_two_steps(client):
    cfn = client("cloudformation")
    made = change_set(cfn, "first", "CREATE", template({"Topic": TOPIC}))
    assert (made["Status"], made["ExecutionStatus"]) == ("CREATE_COMPLETE", "AVAILABLE")
    assert [c["ResourceChange"]["Action"] for c in made["Changes"]] == ["Add"]
    assert topics(client) == []
    stack = cfn.describe_stacks(StackName="s")["Stacks"][0]
    assert stack["StackStatus"] == "REVIEW_IN_PROGRESS"
    cfn.execute_change_set(StackName="s", ChangeSetName="first")
    assert status(cfn, "s") == "CREATE_COMPLETE"
    assert topics(client) == ["news"]


def test_a_call_that_is_sent_again_is_known_by_its_token(client):
    cfn = client("cloudformation")
    asked = {
        "StackName": "s",
        "ChangeSetName": "c",
        "ChangeSetType": "CREATE",
        "TemplateBody": template({"Topic": TOPIC}),
    }
    made = cfn.create_change_set(**asked, ClientToken="one")["Id"]
    assert cfn.create_change_set(**asked, ClientToken="one")["Id"] == made
    code, _ = refusal(cfn.create_change_set, **asked, ClientToken="two")
    assert code == "AlreadyExistsException"
    assert refusal(cfn.create_change_set, **asked)[0] == "AlreadyExistsException"
    for _ in range(3):
        cfn.describe_change_set(StackName="s", ChangeSetName="c")
    execute = {"StackName": "s", "ChangeSetName": "c"}
    cfn.execute_change_set(**execute, ClientRequestToken="three")
    cfn.execute_change_set(**execute, ClientRequestToken="three")
    again = refusal(cfn.execute_change_set, **execute, ClientRequestToken="four")
    assert again[0] == "InvalidChangeSetStatus"


def test_a_change_set_is_described_a_hundred_changes_at_a_time(client):
    cfn = client("cloudformation")
    names = [f"T{number}" for number in range(201)]
    body = template({name: {"Type": "AWS::SNS::Topic"} for name in names})
    described = change_set(cfn, "many", "CREATE", body)
    found, sizes = [], []
    asked = {"StackName": "s", "ChangeSetName": "many"}
    while True:
        page = [item["ResourceChange"]["LogicalResourceId"] for item in described["Changes"]]
        found += page
        sizes.append(len(page))
        if "NextToken" not in described:
            break
        described = cfn.describe_change_set(**asked, NextToken=described["NextToken"])
    assert (sizes, found) == ([100, 100, 1], names)
    for token in ("odd", "x/100", f"{described['ChangeSetId']}/-1"):
        assert refusal(cfn.describe_change_set, **asked, NextToken=token)[0] == "ValidationError"


def test_a_change_set_without_changes_fails_with_aws_own_words(client):
    cfn = client("cloudformation")
    body = template({"Topic": TOPIC})
    make(cfn, "s", {"Topic": TOPIC})
    made = change_set(cfn, "again", "UPDATE", body)
    assert (made["Status"], made["ExecutionStatus"]) == ("FAILED", "UNAVAILABLE")
    assert made["StatusReason"].startswith("The submitted information didn't contain changes.")
    assert refusal(cfn.execute_change_set, StackName="s", ChangeSetName="again")[0] == (
        "InvalidChangeSetStatus"
    )


def test_a_change_set_says_what_happens_to_each_resource(client):
    cfn = client("cloudformation")
    keeper = {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/k"}}
    reader = {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String"}}
    reader["Properties"] |= {"Name": {"Ref": "Artifacts"}, "Value": "v"}
    make(cfn, "s", {"Artifacts": BUCKET, "Topic": TOPIC, "Keeper": keeper, "Reader": reader})
    renamed = {**BUCKET, "Properties": {"BucketName": "acme-artifax"}}
    kept = {**keeper, "Properties": {"LogGroupName": "/k", "RetentionInDays": 30}}
    added = {"Type": "AWS::SQS::Queue", "Properties": {}}
    body = template({"Artifacts": renamed, "Keeper": kept, "Queue": added, "Reader": reader})
    made = change_set(cfn, "c", "UPDATE", body)
    told = {
        item["ResourceChange"]["LogicalResourceId"]: (
            item["ResourceChange"]["Action"],
            item["ResourceChange"].get("Replacement"),
            [
                (detail["Target"]["Name"], detail["Target"]["RequiresRecreation"])
                for detail in item["ResourceChange"].get("Details", [])
            ],
        )
        for item in made["Changes"]
    }
    assert told == {
        "Artifacts": ("Modify", "True", [("BucketName", "Always")]),
        "Keeper": ("Modify", "False", [("RetentionInDays", "Never")]),
        "Reader": ("Modify", "Conditional", [("Name", "Conditionally")]),
        "Queue": ("Add", None, []),
        "Topic": ("Remove", None, []),
    }
    ids = {
        item["ResourceChange"]["LogicalResourceId"]: item["ResourceChange"].get(
            "PhysicalResourceId"
        )
        for item in made["Changes"]
    }
    assert ids["Artifacts"] == "acme-artifacts"
    assert ids["Queue"] is None


def test_a_parameter_with_another_value_shows_where_it_is_used(client):
    cfn = client("cloudformation")
    named = {**BUCKET, "Properties": {"BucketName": {"Ref": "Name"}}}
    sections = {"Parameters": {"Name": {"Type": "String"}}}
    one, two = ([{"ParameterKey": "Name", "ParameterValue": name}] for name in ("one-b", "two-b"))
    make(cfn, "s", {"B": named}, sections=sections, Parameters=one)
    made = change_set(cfn, "c", "UPDATE", template({"B": named}, **sections), Parameters=two)
    assert [item["ResourceChange"]["Replacement"] for item in made["Changes"]] == ["True"]


@pytest.mark.parametrize("kind", sorted(name for name, item in ADAPTERS.items() if item.update))
def test_the_simulation_replaces_what_the_schema_says_cannot_be_changed(kind):
    known = resource_type(kind)
    assert known is not None
    replaced = {path[0] for path in known.create_only}
    assert set(ADAPTERS[kind].identity) <= replaced


def test_a_change_set_cannot_be_executed_before_it_is_ready(client):
    cfn = client("cloudformation")
    make(cfn, "s", {"Topic": TOPIC})
    cfn.create_change_set(
        StackName="s",
        ChangeSetName="c",
        ChangeSetType="UPDATE",
        TemplateBody=template({"Topic": TOPIC, "Artifacts": BUCKET}),
    )
    assert refusal(cfn.execute_change_set, StackName="s", ChangeSetName="c")[0] == (
        "InvalidChangeSetStatus"
    )
    assert buckets(client) == []


def test_change_sets_belong_to_their_stack(client):
    cfn = client("cloudformation")
    for name in ("one", "two"):
        topic = {**TOPIC, "Properties": {"TopicName": name}}
        cfn.create_change_set(
            StackName=name,
            ChangeSetName="same",
            ChangeSetType="CREATE",
            TemplateBody=template({"Topic": topic}),
        )
        for _ in range(2):
            cfn.describe_change_set(StackName=name, ChangeSetName="same")
    cfn.execute_change_set(StackName="one", ChangeSetName="same")
    assert topics(client) == ["one"]
    assert len(cfn.list_change_sets(StackName="two")["Summaries"]) == 1
    body = template({"Topic": TOPIC})
    again = {"StackName": "two", "ChangeSetName": "same", "TemplateBody": body}
    assert refusal(cfn.create_change_set, ChangeSetType="CREATE", **again)[0] == (
        "AlreadyExistsException"
    )
    assert refusal(cfn.describe_change_set, StackName="two", ChangeSetName="none")[0] == (
        "ChangeSetNotFound"
    )


def test_the_kind_of_change_set_must_fit_the_stack(client):
    cfn = client("cloudformation")
    call = {"ChangeSetName": "c", "TemplateBody": template({"Topic": TOPIC})}
    assert refusal(cfn.create_change_set, StackName="none", ChangeSetType="UPDATE", **call)[0] == (
        "ValidationError"
    )
    make(cfn, "s", {"Topic": TOPIC})
    assert refusal(cfn.create_change_set, StackName="s", ChangeSetType="CREATE", **call)[0] == (
        "ValidationError"
    )


def test_changed_parameters_alone_are_a_change(client):
    cfn = client("cloudformation")
    topic = {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": {"Ref": "Name"}}}
    body = template({"Topic": topic}, Parameters={"Name": {"Type": "String", "Default": "one"}})
    cfn.create_stack(StackName="s", TemplateBody=body)
    status(cfn, "s")
    made = change_set(
        cfn, "c", "UPDATE", body, Parameters=[{"ParameterKey": "Name", "ParameterValue": "two"}]
    )
    changes = [c["ResourceChange"] for c in made["Changes"]]
    assert [(c["Action"], c["LogicalResourceId"]) for c in changes] == [("Modify", "Topic")]


# --- deletion --------------------------------------------------------------------------------


def test_deletion_takes_a_look_and_what_is_retained_stays(client):
    cfn = client("cloudformation")
    make(cfn, "s", {"Topic": TOPIC, "Artifacts": {**BUCKET, "DeletionPolicy": "Retain"}})
    stack_id = cfn.describe_stacks(StackName="s")["Stacks"][0]["StackId"]
    cfn.delete_stack(StackName="s")
    assert cfn.describe_stacks(StackName="s")["Stacks"][0]["StackStatus"] == "DELETE_IN_PROGRESS"
    assert refusal(cfn.describe_stacks, StackName="s")[0] == "ValidationError"
    gone = cfn.describe_stacks(StackName=stack_id)["Stacks"][0]
    assert gone["StackStatus"] == "DELETE_COMPLETE"
    assert (topics(client), buckets(client)) == ([], ["acme-artifacts"])
    cfn.delete_stack(StackName="s")


def test_a_bucket_that_is_not_empty_fails_the_deletion(client):
    cfn = client("cloudformation")
    make(cfn, "s", {"Artifacts": BUCKET})
    client("s3").put_object(Bucket="acme-artifacts", Key="k", Body=b"x")
    cfn.delete_stack(StackName="s")
    assert status(cfn, "s") == "DELETE_FAILED"
    assert "not empty" in failures(cfn, "s")["Artifacts"]
    cfn.delete_stack(StackName="s", RetainResources=["Artifacts"])
    cfn.describe_stacks(StackName="s")
    assert refusal(cfn.describe_stacks, StackName="s")[0] == "ValidationError"
    assert buckets(client) == ["acme-artifacts"]


def test_termination_protection_holds(client):
    cfn = client("cloudformation")
    make(cfn, "s", {"Topic": TOPIC}, EnableTerminationProtection=True)
    assert "TerminationProtection" in message(cfn.delete_stack, StackName="s")
    cfn.update_termination_protection(StackName="s", EnableTerminationProtection=False)
    cfn.delete_stack(StackName="s")
    cfn.describe_stacks(StackName="s")
    assert topics(client) == []


def test_a_network_is_made_and_taken_down_again(client):
    cfn = client("cloudformation")
    end = make(
        cfn,
        "net",
        {
            "Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}},
            "Gateway": {"Type": "AWS::EC2::InternetGateway"},
            "Attached": {
                "Type": "AWS::EC2::VPCGatewayAttachment",
                "Properties": {
                    "VpcId": {"Ref": "Vpc"},
                    "InternetGatewayId": {"Ref": "Gateway"},
                },
            },
            "Subnet": {
                "Type": "AWS::EC2::Subnet",
                "Properties": {
                    "VpcId": {"Ref": "Vpc"},
                    "CidrBlock": "10.0.1.0/24",
                    "AvailabilityZone": "eu-central-1a",
                },
            },
            "Table": {
                "Type": "AWS::EC2::RouteTable",
                "Properties": {"VpcId": {"Ref": "Vpc"}},
            },
            "Route": {
                "Type": "AWS::EC2::Route",
                "DependsOn": "Attached",
                "Properties": {
                    "RouteTableId": {"Ref": "Table"},
                    "DestinationCidrBlock": "0.0.0.0/0",
                    "GatewayId": {"Ref": "Gateway"},
                },
            },
            "Link": {
                "Type": "AWS::EC2::SubnetRouteTableAssociation",
                "Properties": {"RouteTableId": {"Ref": "Table"}, "SubnetId": {"Ref": "Subnet"}},
            },
        },
        sections={"Outputs": {"VpcId": {"Value": {"Ref": "Vpc"}}}},
    )
    assert end == "CREATE_COMPLETE", failures(cfn, "net")
    ec2 = client("ec2")
    assert len(ec2.describe_vpcs()["Vpcs"]) == 2
    cfn.delete_stack(StackName="net")
    for _ in range(2):
        found = cfn.list_stacks()["StackSummaries"]
    assert [s["StackStatus"] for s in found] == ["DELETE_COMPLETE"], failures(cfn, "net")
    assert len(ec2.describe_vpcs()["Vpcs"]) == 1
    assert len(ec2.describe_internet_gateways()["InternetGateways"]) == 1


def test_resources_are_listed_with_their_own_state(client):
    cfn = client("cloudformation")
    make(cfn, "s", {"Topic": TOPIC, "Bad": {"Type": "AWS::GuardDuty::Nothing"}})
    found = cfn.describe_stack_resources(StackName="s")["StackResources"]
    states = {r["LogicalResourceId"]: r["ResourceStatus"] for r in found}
    assert states == {"Topic": "DELETE_COMPLETE", "Bad": "CREATE_FAILED"}


def test_validate_template_names_parameters_and_capabilities(client):
    cfn = client("cloudformation")
    body = template(
        {"Role": {**ROLE, "Properties": {"AssumeRolePolicyDocument": TRUST}}},
        Parameters={"Name": {"Type": "String", "Default": "x"}},
        Description="d",
    )
    answer = cfn.validate_template(TemplateBody=body)
    assert answer["Capabilities"] == ["CAPABILITY_IAM"]
    assert answer["Parameters"][0]["ParameterKey"] == "Name"
    assert refusal(cfn.validate_template, TemplateBody="Resources: 1")[0] == "ValidationError"


def test_unquoted_dates_are_text(client):
    cfn = client("cloudformation")
    body = """
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      RoleName: dated
      AssumeRolePolicyDocument:
        Version: 2012-10-17
        Statement:
          - {Effect: Allow, Principal: {Service: ec2.amazonaws.com}, Action: "sts:AssumeRole"}
"""
    cfn.create_stack(StackName="s", TemplateBody=body, Capabilities=["CAPABILITY_NAMED_IAM"])
    assert status(cfn, "s") == "CREATE_COMPLETE"
    role = client("iam").get_role(RoleName="dated")["Role"]
    assert role["AssumeRolePolicyDocument"]["Version"] == "2012-10-17"
