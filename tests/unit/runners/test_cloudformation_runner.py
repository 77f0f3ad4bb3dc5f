from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from builders_inside import Inside, facts
from builders_steps import step

from aft.customizations.model import Consent, CustomizationStep, StepInputs, StepResult
from aft.errors import NotReviewed, Terminal
from aft.runners.cloudformation.runner import CloudFormationRunner, stack_name
from aft.values.parts import Comparison, PartOutcome

TOPIC = """\
Resources:
  Topic:
    Type: AWS::SNS::Topic
    Properties:
      TopicName: {{ custom_fields.service }}-alarms
Outputs:
  Arn:
    Value: !Ref Topic
"""
BROKEN = """\
Resources:
  First:
    Type: AWS::SNS::Topic
    Properties: {TopicName: first}
  Second:
    Type: AWS::S3::Bucket
    DependsOn: First
    Properties: {BucketName: "%s"}
"""
STACK = "aft-web-10-step"


def run(
    inside: Inside,
    content: str,
    *,
    name: str = "10-step.cfn.yaml",
    consent: Consent | None = None,
    **fields: Any,
) -> StepResult:
    made = CloudFormationRunner()
    account = facts(inside.account_id, custom_fields={"service": "shop", **fields})
    inputs = StepInputs(account=account, consent=consent or Consent())
    return made.run(step(made, content, name=name), inputs, inside.session)


def stack(inside: Inside, name: str = STACK) -> dict[str, Any]:
    return inside.look("cloudformation").describe_stacks(StackName=name)["Stacks"][0]


def stacks(inside: Inside) -> list[str]:
    return [item["StackName"] for item in inside.look("cloudformation").describe_stacks()["Stacks"]]


def topics(inside: Inside) -> list[str]:
    return [
        item["TopicArn"].rsplit(":", 1)[-1] for item in inside.look("sns").list_topics()["Topics"]
    ]


def test_a_stack_is_created_and_its_outputs_returned(inside: Inside) -> None:
    result = run(inside, TOPIC)
    assert result.changed
    assert result.outputs == {"Arn": f"arn:aws:sns:eu-central-1:{inside.account_id}:shop-alarms"}
    made = stack(inside)
    assert made["StackStatus"] == "CREATE_COMPLETE"
    assert {tag["Key"]: tag["Value"] for tag in made["Tags"]} == {
        "aft:request": "payments-prod",
        "aft:customization": "web/10-step.cfn.yaml",
    }


def test_nothing_to_change_is_a_success_with_the_same_outputs(inside: Inside) -> None:
    first = run(inside, TOPIC)
    second = run(inside, TOPIC)
    assert not second.changed
    assert second.outputs == first.outputs
    left = inside.look("cloudformation").list_change_sets(StackName=STACK)["Summaries"]
    assert [item for item in left if item["Status"] == "FAILED"] == []


def test_a_changed_template_updates_the_stack(inside: Inside) -> None:
    run(inside, TOPIC)
    more = TOPIC.replace("Outputs:", "  More:\n    Type: AWS::SNS::Topic\nOutputs:")
    assert run(inside, more).changed
    assert stack(inside)["StackStatus"] == "UPDATE_COMPLETE"
    assert len(topics(inside)) == 2


def test_a_failed_creation_says_the_stacks_own_reason_and_is_repaired_by_the_next_run(
    inside: Inside,
) -> None:
    with pytest.raises(Terminal) as caught:
        run(inside, BROKEN % "Not_A_Bucket_Name")
    message = caught.value.message
    assert message.startswith("customizations/accounts/web/10-step.cfn.yaml: stack")
    assert "Second (AWS::S3::Bucket) CREATE_FAILED: " in message
    assert "First" not in message
    assert stack(inside)["StackStatus"] == "ROLLBACK_COMPLETE"
    assert topics(inside) == []
    assert run(inside, BROKEN % "shop-artifacts").changed
    assert stack(inside)["StackStatus"] == "CREATE_COMPLETE"


def test_a_failed_update_says_its_reason_and_leaves_what_was(inside: Inside) -> None:
    run(inside, BROKEN % "shop-artifacts")
    broken = BROKEN % "shop-artifacts" + (
        "  Third:\n    Type: AWS::S3::Bucket\n    Properties: {BucketName: Bad_Name}\n"
    )
    with pytest.raises(Terminal) as caught:
        run(inside, broken)
    assert "UPDATE_ROLLBACK_COMPLETE" in caught.value.message
    assert "Third (AWS::S3::Bucket) CREATE_FAILED" in caught.value.message
    assert topics(inside) == ["first"]
    assert not run(inside, BROKEN % "shop-artifacts").changed


def test_a_stack_left_in_review_by_a_run_that_died_is_replaced(inside: Inside) -> None:
    inside.look("cloudformation").create_change_set(
        StackName=STACK,
        ChangeSetName="aft",
        ChangeSetType="CREATE",
        TemplateBody="Resources: {Old: {Type: AWS::SNS::Topic}}",
    )
    assert stack(inside)["StackStatus"] == "REVIEW_IN_PROGRESS"
    run(inside, TOPIC)
    assert stack(inside)["StackStatus"] == "CREATE_COMPLETE"
    assert topics(inside) == ["shop-alarms"]


def test_a_change_set_left_by_a_run_that_died_is_replaced(inside: Inside) -> None:
    run(inside, TOPIC)
    client = inside.look("cloudformation")
    client.delete_change_set(StackName=STACK, ChangeSetName="aft")
    client.create_change_set(
        StackName=STACK,
        ChangeSetName="aft",
        ChangeSetType="UPDATE",
        TemplateBody="Resources: {Old: {Type: AWS::SNS::Topic}}",
    )
    more = TOPIC.replace("Outputs:", "  More:\n    Type: AWS::SNS::Topic\nOutputs:")
    run(inside, more)
    assert len(topics(inside)) == 2


def test_a_run_that_died_while_the_stack_was_at_work_is_waited_for(inside: Inside) -> None:
    made = CloudFormationRunner()
    inside.look("cloudformation").create_stack(
        StackName=STACK, TemplateBody=TOPIC.replace("{{ custom_fields.service }}", "shop")
    )
    account = facts(inside.account_id, custom_fields={"service": "shop"})
    result = made.run(step(made, TOPIC), StepInputs(account=account), inside.session)
    assert result.outputs["Arn"].endswith(":shop-alarms")
    assert topics(inside) == ["shop-alarms"]


def test_a_template_cloudformation_refuses_leaves_no_stack(inside: Inside) -> None:
    with pytest.raises(Terminal) as caught:
        run(
            inside, "Resources:\n  A: {Type: AWS::SNS::Topic}\nParameters: {Size: {Type: String}}\n"
        )
    assert "Size" in caught.value.message
    assert "Default" in caught.value.hint
    assert stacks(inside) == []


def test_a_value_the_account_lacks_is_told_before_anything_is_made(inside: Inside) -> None:
    with pytest.raises(Terminal, match=r"10-step\.cfn\.yaml:5: custom_fields has no 'servce'"):
        run(inside, TOPIC.replace("service", "servce"))
    assert stacks(inside) == []


def test_a_template_over_the_limit_is_told_with_the_limit(inside: Inside) -> None:
    with pytest.raises(Terminal, match=r"is 60,\d+ bytes; CloudFormation takes 51,200"):
        run(inside, TOPIC + "# " + "x" * 60_000)
    assert stacks(inside) == []


def test_two_steps_never_share_a_stack(inside: Inside) -> None:
    run(inside, TOPIC, name="10-a.b.cfn.yaml")
    with pytest.raises(Terminal, match=r"belongs to customization step web/10-a\.b\.cfn\.yaml"):
        run(inside, TOPIC, name="10-a-b.cfn.yaml")


def named(customization: str, name: str) -> CustomizationStep:
    return step(CloudFormationRunner(), TOPIC, customization=customization, name=name)


@pytest.mark.parametrize(
    ("customization", "name", "expected"),
    [
        ("web-service", "10-artifacts.cfn.yaml", "aft-web-service-10-artifacts"),
        ("a.b", "c_d.cfn.json", "aft-a-b-c-d"),
        ("x" * 100, "y" * 50 + ".cfn.yml", "aft-" + "x" * 100 + "-" + "y" * 23),
    ],
)
def test_stack_names_are_what_cloudformation_takes(
    customization: str, name: str, expected: str
) -> None:
    assert stack_name(named(customization, name)) == expected
    assert len(expected) <= 128


# --- offline --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "name", "expected"),
    [
        ("Resource:\n  A: {}\n", "a.cfn.yaml", [("AFT604", 1, 1), ("AFT604", 1, 1)]),
        ("Resources:\n\tA: {}\n", "a.cfn.yaml", [("AFT604", 2, 1)]),
        ("Resources:\n  A: {}\nResources:\n  B: {}\n", "a.cfn.yaml", [("AFT604", 3, 1)]),
        ("Resources:\n  A: {{ b }}\n", "a.cfn.yaml", [("AFT602", 2, 9)]),
        ('{"Resources": {"A": 1} 2}', "a.cfn.json", [("AFT604", 1, 24)]),
        ('{\n  "Resorces": {"A": 1}\n}', "a.cfn.json", [("AFT604", 1, 1), ("AFT604", 2, 3)]),
        ('{"Resources": {"A": "{{ tags.a }}"}}', "a.cfn.json", []),
        ("'Resources':\n  A: {}\n", "a.cfn.yaml", []),
        ("# note: this\nTransform: X\nResources:\n  A: !Sub '${B}'\n", "a.cfn.yaml", []),
    ],
)
def test_what_can_be_told_without_an_account(
    content: str, name: str, expected: list[tuple[str, int, int]]
) -> None:
    made = CloudFormationRunner()
    found = made.check(step(made, content, name=name))
    assert [(item.code, item.source.line, item.source.column) for item in found] == expected


def test_a_template_that_is_not_utf8() -> None:
    made = CloudFormationRunner()
    good = step(made, TOPIC)
    bad = replace(good, file=replace(good.file, content=b"\xff\xfe"))
    (finding,) = made.check(bad)
    assert finding.code == "AFT604"
    assert made.uses(bad.file) >= {"account_id", "outputs"}


# --- what it would change, and what people agreed to ------------------------------------------

BUCKET = """\
Resources:
  Artifacts:
    Type: AWS::S3::Bucket
    Properties: {BucketName: "{{ custom_fields.service }}-artifacts-{{ account.id }}"}
"""
RENAMED = BUCKET.replace("artifacts-", "artifax-")


def buckets(inside: Inside) -> list[str]:
    return [item["Name"] for item in inside.look("s3").list_buckets()["Buckets"]]


def compared(inside: Inside, content: str, *, since: str | None) -> Comparison:
    runner = CloudFormationRunner()
    inputs = StepInputs(account=facts(inside.account_id, custom_fields={"service": "shop"}))
    before = None if since is None else runner.kept(step(runner, since), inputs)
    return runner.compare(step(runner, content), inputs, before, waits=False)


def test_a_replacement_that_no_review_has_seen_is_not_made(inside: Inside) -> None:
    run(inside, BUCKET)
    with pytest.raises(NotReviewed, match=r"Artifacts .AWS::S3::Bucket. would be replaced") as held:
        run(inside, RENAMED)
    assert "because of BucketName" in held.value.message
    assert buckets(inside) == [f"shop-artifacts-{inside.account_id}"]
    left = inside.look("cloudformation").list_change_sets(StackName=STACK)["Summaries"]
    assert [item["ExecutionStatus"] for item in left] in ([], ["EXECUTE_COMPLETE"])
    assert stack(inside)["StackStatus"] == "CREATE_COMPLETE"


def test_a_removal_that_no_review_has_seen_is_not_made(inside: Inside) -> None:
    run(inside, BUCKET)
    with pytest.raises(NotReviewed, match=r"Artifacts .AWS::S3::Bucket. would be removed"):
        run(inside, TOPIC)
    assert buckets(inside) == [f"shop-artifacts-{inside.account_id}"]
    assert topics(inside) == []


def test_a_loss_on_the_last_page_of_a_large_change_set_is_seen(inside: Inside) -> None:
    """AWS gives a hundred changes at a time, what is removed last."""
    run(inside, BUCKET)
    added = "".join(f"  T{n}: {{Type: AWS::SNS::Topic}}\n" for n in range(200))
    with pytest.raises(NotReviewed, match=r"Artifacts .AWS::S3::Bucket. would be removed"):
        run(inside, f"Resources:\n{added}")
    assert buckets(inside) == [f"shop-artifacts-{inside.account_id}"]
    assert topics(inside) == []


def test_what_people_agreed_to_is_made(inside: Inside) -> None:
    run(inside, BUCKET)
    seen = compared(inside, RENAMED, since=BUCKET)
    run(inside, RENAMED, consent=Consent(parts=seen.parts))
    assert buckets(inside) == [f"shop-artifax-{inside.account_id}"]
    run(inside, BUCKET, consent=Consent(allowed=frozenset({"Artifacts"})))
    assert buckets(inside) == [f"shop-artifacts-{inside.account_id}"]


def test_what_a_template_would_change_is_told_without_an_account(inside: Inside) -> None:
    seen = compared(inside, RENAMED, since=BUCKET)
    (part,) = seen.parts
    assert (part.id, part.noun, part.outcome) == (
        "Artifacts",
        "AWS::S3::Bucket",
        PartOutcome.REPLACED,
    )
    assert part.properties[0].after == f"shop-artifax-{inside.account_id}"
    assert compared(inside, "# why\n" + BUCKET, since=BUCKET) == Comparison()
    assert [item.outcome for item in compared(inside, BUCKET, since=None).parts] == [
        PartOutcome.ADDED
    ]


def test_what_cannot_be_compared_is_unknown(inside: Inside) -> None:
    runner = CloudFormationRunner()
    account = facts(inside.account_id, custom_fields={"service": "shop"})
    inputs = StepInputs(account=account)
    assert (
        "not in the ledger"
        in runner.compare(step(runner, BUCKET), inputs, "", waits=False).unknown[0]
    )
    assert "damaged" in runner.compare(step(runner, BUCKET), inputs, "AAAA", waits=False).unknown[0]
    nothing = StepInputs(account=facts(inside.account_id))
    assert "service" in runner.compare(step(runner, BUCKET), nothing, None, waits=False).unknown[0]


def test_the_id_of_an_account_that_is_still_to_be_made_is_a_placeholder() -> None:
    runner = CloudFormationRunner()
    account = replace(facts("111111111111", custom_fields={"service": "shop"}), account_id=None)
    (part,) = runner.compare(
        step(runner, BUCKET), StepInputs(account=account), None, waits=False
    ).parts
    assert part.properties[0].after == "shop-artifacts-${AWS::AccountId}"


def test_what_the_template_retains_is_no_loss(inside: Inside) -> None:
    kept = BUCKET.replace("Type: AWS", "DeletionPolicy: Retain\n    Type: AWS")
    run(inside, kept)
    run(inside, TOPIC)
    assert buckets(inside) == [f"shop-artifacts-{inside.account_id}"]
    assert topics(inside) == ["shop-alarms"]
