"""What a Terraform plan's JSON says, and what of it needs consent."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from typing import Any

import builders_report as r
import pytest
from builders_kinds import KINDS, a_change

from aft.customizations.model import Consent
from aft.kinds.customization.kind import ENDS, POWERS, RUNS_CODE
from aft.plan.fields import CODE
from aft.plan.holding import holds_of
from aft.plan.model import FieldChange
from aft.plan.reviewed import NOTHING_REVIEWED, reviewed_of
from aft.runners.terraform.gate import verdict_of, verdict_of_removal
from aft.runners.terraform.plan_json import SENSITIVE, UNKNOWN, UnreadablePlan, read_plan
from aft.values.parts import PartChange, PartOutcome, Preview

POLICY = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow"}]})


def resource(kind: str, *actions: str, name: str = "this", **change: Any) -> dict[str, Any]:
    top = {key: change.pop(key) for key in ("deposed", "action_reason") if key in change}
    return {
        "address": f"{kind}.{name}",
        "mode": "managed",
        "type": kind,
        "change": {"actions": list(actions), "before": None, "after": None, **change},
        **top,
    }


def preview(*changes: dict[str, Any], binding: str = "code", **more: Any) -> Preview:
    plan = {"format_version": "1.2", "resource_changes": changes, **more}
    return read_plan(json.dumps(plan), binding=binding)


def written(kind: str, *arguments: str) -> dict[str, Any]:
    """The configuration of one resource, with these arguments."""
    given = {name: {"references": ["var.x"]} for name in arguments}
    return {"root_module": {"resources": [{"address": f"{kind}.this", "expressions": given}]}}


def part(*changes: dict[str, Any]) -> PartChange:
    (found,) = preview(*changes).parts
    return found


BUCKET = {"id": "b", "bucket": "b", "tags": {"a": "1"}}

LET_THROUGH = {
    "nothing": resource("aws_s3_bucket", "no-op", before=BUCKET, after=BUCKET),
    "a data source": resource("aws_iam_policy_document", "read", after={"json": POLICY}),
    "a creation": resource("aws_s3_bucket", "create", after={"bucket": "b"}),
    "an update": resource("aws_s3_bucket", "update", before=BUCKET, after={**BUCKET, "tags": {}}),
    "what leaves the state": resource("aws_s3_bucket", "forget", before=BUCKET),
    "a network list": resource("aws_network_acl", "create", after={"vpc_id": "v"}),
    "a scaling policy": resource("aws_autoscaling_policy", "create", after={"name": "p"}),
    "a lifecycle policy": resource("aws_ecr_lifecycle_policy", "create", after={"policy": "{}"}),
    "a function with a role": resource("aws_lambda_function", "create", after={"role": "r"}),
    "a stack without roles": resource("aws_cloudformation_stack", "create", after={"name": "s"}),
    "no policy given": resource("aws_sqs_queue", "create", after={"name": "q", "policy": None}),
}


@pytest.mark.parametrize("change", LET_THROUGH.values(), ids=LET_THROUGH)
def test_creations_and_updates_in_place_are_carried_out(change: dict[str, Any]) -> None:
    assert verdict_of(preview(change), Consent()).held == ()
    assert verdict_of(preview(change), Consent(is_protected=True)).held == ()


REMOVALS = {
    "of what was made": (resource("aws_s3_bucket", "delete", before=BUCKET), Consent(), True),
    "of a role": (resource("aws_iam_role", "delete", before={"name": "r"}), Consent(), True),
    "in a protected account": (
        resource("aws_s3_bucket", "delete", before=BUCKET),
        Consent(is_protected=True),
        False,
    ),
    "in a protected account, by a line": (
        resource("aws_s3_bucket", "delete", before=BUCKET),
        Consent(is_protected=True, allowed=frozenset({"aws_s3_bucket.this"})),
        True,
    ),
    "in a protected account, by a line for another": (
        resource("aws_s3_bucket", "delete", before=BUCKET),
        Consent(is_protected=True, allowed=frozenset({"aws_s3_bucket.that"})),
        False,
    ),
    "in a protected account, of what stays": (
        resource("aws_s3_bucket", "forget", before=BUCKET),
        Consent(is_protected=True),
        True,
    ),
    "with a replacement": (
        resource("aws_s3_bucket", "delete", "create", before=BUCKET, after={}),
        Consent(),
        False,
    ),
    "with a new role": (resource("aws_iam_role", "create", after={"name": "r"}), Consent(), False),
}


@pytest.mark.parametrize(("change", "consent", "is_done"), REMOVALS.values(), ids=REMOVALS)
def test_who_agreed_to_a_removal_agreed_to_nothing_else(
    change: dict[str, Any], consent: Consent, is_done: bool
) -> None:
    found = preview(change)
    assert (verdict_of_removal(found, consent).held == ()) is is_done
    accepted = replace(consent, accepted=frozenset({found.digest}))
    is_accepted = verdict_of_removal(found, accepted).held == ()
    assert is_accepted is (is_done or not consent.is_protected)


HELD = {
    "a removal": resource("aws_s3_bucket", "delete", before=BUCKET),
    "a replacement": resource("aws_s3_bucket", "delete", "create", before=BUCKET, after={}),
    "made before deleted": resource("aws_s3_bucket", "create", "delete", before=BUCKET, after={}),
    "a deposed one": resource("aws_s3_bucket", "delete", before=BUCKET, deposed="0a1b"),
    "a new role": resource("aws_iam_role", "create", after={"name": "admin"}),
    "a role of another provider": resource("awscc_iam_role", "create", after={"role_name": "r"}),
    "a role's policy": resource("aws_iam_role_policy", "update", before={}, after={"policy": "p"}),
    "an attachment removed": resource("aws_iam_role_policy_attachment", "delete", before={}),
    "a permission set": resource("aws_ssoadmin_permission_set", "create", after={"name": "p"}),
    "a share": resource("aws_ram_principal_association", "create", after={"principal": "1"}),
    "a function others may call": resource("aws_lambda_permission", "create", after={"a": "b"}),
    "a grant": resource("aws_kms_grant", "create", after={"name": "g"}),
    "a bucket's policy": resource("aws_s3_bucket_policy", "create", after={"policy": POLICY}),
    "a bucket made public": resource(
        "aws_s3_bucket_public_access_block", "update", before={"a": True}, after={"a": False}
    ),
    "a policy not known yet": resource(
        "aws_sqs_queue", "create", after={"name": "q"}, after_unknown={"policy": True}
    ),
    "a key's policy": resource(
        "aws_kms_key", "update", before={"policy": "a"}, after={"policy": POLICY}
    ),
    "a policy in something else": resource(
        "aws_cloudcontrolapi_resource", "create", after={"desired_state": POLICY}
    ),
    "a role in something else": resource(
        "aws_cloudcontrolapi_resource", "create", after={"type_name": "AWS::IAM::Role"}
    ),
    "a stack with roles": resource(
        "aws_cloudformation_stack", "create", after={"capabilities": ["CAPABILITY_NAMED_IAM"]}
    ),
    "a stack's update": resource(
        "aws_cloudformation_stack",
        "update",
        before={"template_body": "a"},
        after={"template_body": "b"},
    ),
    "another role to run with": resource(
        "aws_lambda_function", "update", before={"role": "a"}, after={"role": "b"}
    ),
    "an import": resource(
        "aws_s3_bucket", "no-op", before=BUCKET, after=BUCKET, importing={"id": "b"}
    ),
    "an import with an update": resource(
        "aws_s3_bucket", "update", before=BUCKET, after={}, importing={"id": "b"}
    ),
    "an action nobody knows": resource("aws_s3_bucket", "create", "sell", before=BUCKET, after={}),
    "a sensitive policy": resource(
        "aws_sns_topic",
        "update",
        before={"policy": "a"},
        after={"policy": "b"},
        after_sensitive={"policy": True},
    ),
}


@pytest.mark.parametrize("change", HELD.values(), ids=HELD)
def test_what_ends_or_gives_power_is_held_until_it_is_accepted(change: dict[str, Any]) -> None:
    safe = resource("aws_sns_topic", "create", name="safe", after={"name": "t"})
    found = preview(safe, change)
    held = verdict_of(found, Consent())
    (only,) = held.held
    assert only.id.startswith(change["address"])
    assert found.digest in held.hint
    assert verdict_of(found, Consent(accepted=frozenset({found.digest}))).accepted == found.digest
    assert verdict_of(found, Consent(accepted=frozenset({"sha256:0"}))).held == held.held


@pytest.mark.parametrize(
    "name", ["a removal", "a replacement", "a deposed one", "a stack's update"]
)
def test_in_a_protected_account_accepting_is_not_enough(name: str) -> None:
    found = preview(HELD[name])
    consent = Consent(is_protected=True, accepted=frozenset({found.digest}))
    assert verdict_of(found, consent).why == "the account is protected"
    let_go = Consent(
        is_protected=True, accepted=consent.accepted, allowed=frozenset({found.parts[0].id})
    )
    assert verdict_of(found, let_go).held == ()


def test_a_line_that_lets_things_end_gives_no_power() -> None:
    both = preview(HELD["an attachment removed"], HELD["a removal"])
    found = verdict_of(both, Consent(allowed=frozenset({"*"})))
    assert [it.id for it in found.held] == ["aws_iam_role_policy_attachment.this"]
    every = frozenset({"*"})
    assert verdict_of(both, Consent(allowed=every, powers=every)).held == ()
    one = Consent(powers=frozenset({"aws_iam_role_policy_attachment.this"}))
    assert [it.id for it in verdict_of(both, one).held] == [it.id for it in both.parts]
    assert verdict_of(preview(HELD["a new role"]), Consent(powers=every)).held == ()


def test_what_a_provider_fills_in_gives_no_power() -> None:
    queue = resource("aws_sqs_queue", "create", after={"name": "q"}, after_unknown={"policy": True})
    found = preview(queue, configuration=written("aws_sqs_queue", "name"))
    assert verdict_of(found, Consent()).held == ()
    assert [item.path for item in found.parts[0].properties] == ["name"]
    found = preview(queue, configuration=written("aws_sqs_queue", "name", "policy"))
    assert verdict_of(found, Consent()).held, "the configuration gives one, not known yet"
    inside = {**queue, "address": 'module.a["x/y"].module.b[0].aws_sqs_queue.this["k"]'}
    module = {"module": written("aws_sqs_queue", "name")["root_module"]}
    calls = {"a": {"module": {"module_calls": {"b": module}}}}
    found = preview(inside, configuration={"root_module": {"module_calls": calls}})
    assert verdict_of(found, Consent()).held == ()


@pytest.mark.parametrize(
    "more",
    [
        {"action_invocations": [{"address": "action.aws_lambda_invoke.x"}]},
        {"deferred_changes": [{"resource_change": {"address": "aws_s3_bucket.x"}}]},
        {"deferred_changes": [{"reason": "unknown"}]},
    ],
)
def test_what_later_versions_do_is_held(more: dict[str, Any]) -> None:
    assert verdict_of(preview(**more), Consent()).held


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"format_version": "2.0"}',
        '{"format_version": "1.0", "resource_changes": [{}]}',
    ],
)
def test_what_is_no_plan_is_refused(text: str) -> None:
    with pytest.raises(UnreadablePlan):
        read_plan(text, binding="")


def test_the_digest_is_of_what_happens_and_of_nothing_else() -> None:
    change = resource("aws_s3_bucket", "update", before={"a": "1"}, after={"a": "2"})
    known = preview(change).digest
    assert preview(change, terraform_version="9", timestamp="now").digest == known
    assert preview(change, resource("aws_x", "no-op")).digest == known
    assert preview(change, binding="other code").digest != known
    other = resource("aws_s3_bucket", "update", before={"a": "1"}, after={"a": "3"})
    assert preview(other).digest != known
    gone = [resource("aws_s3_bucket", "delete", before={"id": name}) for name in ("a", "b")]
    assert preview(gone[0]).digest != preview(gone[1]).digest, "it is another bucket"
    long = [
        resource("aws_x", "update", before={"a": ""}, after={"a": "x" * 9000 + end}) for end in "ab"
    ]
    assert preview(long[0]).digest != preview(long[1]).digest
    assert len(part(long[0]).properties[0].after or "") < 5000


def test_no_secret_is_shown_wherever_else_it_appears() -> None:
    found = part(
        resource(
            "aws_db_instance",
            "update",
            before={"password": "hush-1", "url": "db:hush-1", "tags": {"a": "1"}, "list": [1]},
            after={"password": "hush-2", "url": "db:hush-2", "tags": {"a": "1"}, "list": [1, 2]},
            before_sensitive={"password": True},
            after_sensitive={"password": True},
        )
    )
    assert "hush" not in repr(found)
    shown = {item.path: (item.before, item.after) for item in found.properties}
    assert shown == {
        "password": (SENSITIVE, SENSITIVE),
        "url": (f"db:{SENSITIVE}", f"db:{SENSITIVE}"),
        "list/1": (None, "2"),
    }


def test_a_replacement_says_what_causes_it_first() -> None:
    replaced = resource(
        "aws_s3_bucket",
        "delete",
        "create",
        before={"a": "1", "bucket": "old", "id": "old", "region": "x"},
        after={"a": "2", "bucket": "new"},
        after_unknown={"region": True, "id": True},
        replace_paths=[["bucket"]],
    )
    (found,) = preview(replaced, configuration=written("aws_s3_bucket", "a", "bucket")).parts
    assert found.reason == "bucket"
    assert [item.path for item in found.properties] == ["bucket", "a", "id"]
    unknown = resource(
        "aws_s3_bucket",
        "delete",
        "create",
        before={"bucket": "old"},
        after={},
        after_unknown={"bucket": True},
        replace_paths=[["bucket"]],
    )
    assert part(unknown).properties[0].after == UNKNOWN
    tainted = resource("aws_s3_bucket", "delete", "create", action_reason="replace_because_tainted")
    assert (part(tainted).outcome, part(tainted).reason) == (PartOutcome.REPLACED, "it is tainted")


# --- what no one has reviewed, in the plan of a pull request --------------------------------------

UNREVIEWED = {**LET_THROUGH, **HELD}


@pytest.mark.parametrize("name", UNREVIEWED)
def test_what_is_held_or_done_of_a_plan_that_no_one_has_reviewed(name: str) -> None:
    found = preview(UNREVIEWED[name])
    change = a_change("run customization", "shop", "web/terraform", preview=found)
    plan = replace(r.empty(), changes=(change,), waves=())
    holds = holds_of(plan, NOTHING_REVIEWED, kinds=KINDS)
    risk = ENDS if any(part.is_loss for part in found.parts) else POWERS
    reasons = [hold.reason for hold in holds.values()]
    is_risky = name in HELD
    assert reasons == ([f"not reviewed, and risky: {risk.words}"] if is_risky else [])
    assert bool(verdict_of(found, Consent()).held) is is_risky, "as the run itself decides"

    seen = reviewed_of(plan)
    assert holds_of(plan, seen, kinds=KINDS) == {}
    accepted = Consent(accepted=seen.previews)
    assert verdict_of(found, accepted).held == ()


def test_new_code_stays_a_risk_where_terraform_changes_nothing() -> None:
    for code in ("new", "changed"):
        field = FieldChange(field=CODE, before=None, after=code)
        change = a_change(
            "run customization", "shop", "web/terraform", fields=(field,), preview=Preview()
        )
        assert change.risk == RUNS_CODE.code


def test_there_are_enough_of_each_risk() -> None:
    held = Counter(any(part.is_loss for part in preview(change).parts) for change in HELD.values())
    assert min(held.values()) >= 3
    assert len(LET_THROUGH) >= 3
