"""SCPs and RCPs along the way from the root, whom they bind, and what an answer says."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aft.policy_language.ceiling import Ceiling, Chain, ceiling
from aft.policy_language.context import Context
from aft.policy_language.evaluate import Answer, Decision, Level, granted
from aft.policy_language.policy import Policy
from aft.policy_language.principals import Principal
from aft.policy_language.statements import Request

MEMBER, OTHER, MANAGEMENT = "111122223333", "444455556666", "999900001111"
ROLE = f"arn:aws:iam::{MEMBER}:role/app"


def policy(*statements: dict[str, Any], name: str = "p") -> Policy:
    return Policy.of({"Version": "2012-10-17", "Statement": list(statements)}, name)


def allow(action: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": "*", **more}


def deny(action: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": action, "Resource": "*", **more}


FULL = policy(allow(), name="FullAWSAccess")


def chain(*scps: tuple[Policy, ...], account: str = MEMBER, rcps: Any = None) -> Chain:
    ids = ["r-1", "ou-1", account]
    return Chain(
        account=account,
        scps=tuple(Level("scp", ids[number], found) for number, found in enumerate(scps)),
        rcps=rcps,
    )


def ask(
    way: Chain | None,
    action: str = "s3:GetObject",
    *,
    principal: str = ROLE,
    resource: Chain | None = None,
    arn: str | None = "*",
    context: Context | None = None,
) -> Answer:
    request = Request(
        principal=Principal(principal),
        action=action,
        resource=arn,
        context=context or Context(),
    )
    above = Ceiling(principal=way, resource=resource, management_account=MANAGEMENT)
    return ceiling(above, request)


def test_a_deny_names_level_policy_and_sid() -> None:
    way = chain((FULL,), (FULL, policy(allow(), deny("s3:*", Sid="NoS3"), name="guard")), (FULL,))
    answer = ask(way)
    assert answer.explicit
    assert answer.trace is not None
    assert answer.trace[:6] == ("scp", "ou-1", "guard", "NoS3", 1, "Deny")


def test_every_level_must_allow_and_the_first_that_does_not_is_named() -> None:
    only_ec2 = policy(allow("ec2:*"))
    answer = ask(chain((FULL,), (only_ec2,), (only_ec2,)))
    assert (answer.decision, answer.explicit) == (Decision.DENIED, False)
    assert answer.trace is not None
    assert (answer.trace.level, answer.trace.policy) == ("ou-1", "")
    assert ask(chain((FULL,), (only_ec2, policy(allow("s3:Get*"))), (FULL,))).decision == "allowed"


def test_a_deny_below_goes_before_a_missing_allow_above() -> None:
    answer = ask(chain((policy(allow("ec2:*")),), (policy(deny(Sid="all")),), (FULL,)))
    assert answer.explicit
    assert answer.trace is not None
    assert answer.trace.sid == "all"


def test_an_allowed_answer_tells_which_statement_allows_on_each_level() -> None:
    answer = ask(chain((FULL,), (policy(allow("s3:*", Sid="S3")),), (FULL,)))
    assert [(item.level, item.sid) for item in answer.traces] == [
        ("r-1", ""),
        ("ou-1", "S3"),
        (MEMBER, ""),
    ]


def test_what_depends_names_its_keys_as_they_are_written() -> None:
    mfa = deny("s3:*", Sid="Mfa", Condition={"Bool": {"aws:MultiFactorAuthPresent": "false"}})
    region = deny(Condition={"StringNotEquals": {"aws:RequestedRegion": "eu-central-1"}})
    way = chain((FULL, policy(mfa)), (FULL, policy(region)), (FULL,))
    answer = ask(way, context=Context(unknown=["*"]))
    assert answer.decision is Decision.DEPENDS
    assert answer.keys == {"aws:MultiFactorAuthPresent", "aws:RequestedRegion"}
    assert answer.trace is not None
    assert answer.trace.sid == "Mfa"
    known = Context({"aws:RequestedRegion": "eu-central-1"}, unknown=["aws:Multi*"])
    assert ask(way, context=known).keys == {"aws:MultiFactorAuthPresent"}
    outside = Context({"aws:RequestedRegion": "us-east-1"}, unknown=["*"])
    assert ask(way, context=outside).decision is Decision.DENIED


def test_an_allow_that_depends_leaves_nothing_for_sure() -> None:
    team = allow(Condition={"StringEquals": {"aws:PrincipalTag/team": "a"}})
    answer = ask(chain((policy(team),)), context=Context(unknown=["aws:PrincipalTag/*"]))
    assert answer.keys == {"aws:PrincipalTag/team"}


NOTHING = (policy(deny()),)


@pytest.mark.parametrize(
    ("principal", "account", "expected"),
    [
        (ROLE, MEMBER, "denied"),
        (f"arn:aws:iam::{MEMBER}:root", MEMBER, "denied"),
        (f"arn:aws:sts::{MEMBER}:assumed-role/app/session", MEMBER, "denied"),
        (f"arn:aws:iam::{MEMBER}:user/ada", MEMBER, "denied"),
        (f"arn:aws:iam::{MANAGEMENT}:root", MANAGEMENT, "allowed"),
        (f"arn:aws:iam::{MANAGEMENT}:role/x", MANAGEMENT, "allowed"),
        (f"arn:aws:iam::{MEMBER}:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX",
         MEMBER, "allowed"),
        ("cloudtrail.amazonaws.com", MEMBER, "allowed"),
        ("*", MEMBER, "allowed"),
    ],
)  # fmt: skip
def test_whom_scps_bind(principal: str, account: str, expected: str) -> None:
    assert ask(chain(NOTHING, account=account), principal=principal).decision == expected


def test_sessions_of_service_linked_roles_are_known_by_the_role() -> None:
    name = f"arn:aws:sts::{MEMBER}:assumed-role/AWSServiceRoleForX/session"
    role = f"arn:aws:iam::{MEMBER}:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX"
    assert Principal(name, role).is_service_linked
    assert not Principal(name).is_service_linked  # anybody may call a role that


def test_root_is_denied_but_sessions_of_assume_root_may_be_exempt() -> None:
    root = f"arn:aws:iam::{MEMBER}:root"
    guard = deny(
        Condition={
            "ArnLike": {"aws:PrincipalArn": "arn:*:iam::*:root"},
            "Null": {"aws:AssumedRoot": "true"},
        }
    )
    way = chain((FULL, policy(guard)))
    standing = Context({"aws:PrincipalArn": root})
    assumed = Context({"aws:PrincipalArn": root, "aws:AssumedRoot": "true"})
    assert ask(way, principal=root, context=standing).decision == "denied"
    assert ask(way, principal=root, context=assumed).decision == "allowed"
    unknown = Context({"aws:PrincipalArn": root}, unknown=["aws:AssumedRoot"])
    assert ask(way, principal=root, context=unknown).keys == {"aws:AssumedRoot"}


def test_a_type_that_is_off_and_an_account_outside_are_not_bound() -> None:
    assert ask(Chain(account=MEMBER)).decision == "allowed"
    assert ask(None, principal="arn:aws:iam::000000000000:role/x").decision == "allowed"


def rcps(*statements: dict[str, Any], account: str = MEMBER) -> Chain:
    found = policy(*({**item, "Principal": "*"} for item in statements), name="rcp")
    return Chain(account=account, rcps=(Level("rcp", account, (found,)),))


@pytest.mark.parametrize(
    ("action", "account", "principal", "expected"),
    [
        ("s3:GetObject", MEMBER, ROLE, "denied"),
        ("s3:GetObject", MEMBER, "arn:aws:iam::000000000000:role/stranger", "denied"),
        ("s3:GetObject", MEMBER, "*", "denied"),
        ("s3:GetObject", MEMBER, "cloudtrail.amazonaws.com", "denied"),
        ("s3:GetObject", MANAGEMENT, ROLE, "allowed"),
        ("ec2:RunInstances", MEMBER, ROLE, "allowed"),  # RCPs do not know the service
        ("kms:RetireGrant", MEMBER, ROLE, "allowed"),
        ("kms:Decrypt", MEMBER, ROLE, "denied"),
        ("s3:GetObject", MEMBER, f"arn:aws:iam::{MEMBER}:role/aws-service-role/x/y", "allowed"),
    ],
)
def test_whom_rcps_bind(action: str, account: str, principal: str, expected: str) -> None:
    protected = rcps(deny(["s3:*", "kms:*", "ec2:*"]), account=account)
    answer = ask(chain((FULL,)), action, principal=principal, resource=protected)
    assert answer.decision == expected


def test_rcps_need_no_allow_and_both_must_let_through() -> None:
    assert ask(chain((FULL,)), resource=rcps(deny("s3:Put*"))).decision == "allowed"
    both = ask(chain((policy(deny(Sid="scp")),)), resource=rcps(deny("s3:*", Sid="rcp")))
    assert both.trace is not None
    assert both.trace.sid == "scp"


def test_without_a_resource_account_the_caller_s_decides() -> None:
    way = chain((FULL,), rcps=rcps(deny("s3:*")).rcps)
    answer = ask(way, "s3:ListAllMyBuckets")
    assert answer.trace is not None
    assert answer.trace.source == "rcp"


TRUST = {"Effect": "Allow", "Action": "sts:AssumeRole"}


@pytest.mark.parametrize(
    ("principal", "caller", "expected"),
    [
        ("*", ROLE, True),
        ({"AWS": "*"}, ROLE, True),
        ({"AWS": MEMBER}, ROLE, True),
        ({"AWS": f"arn:aws:iam::{MEMBER}:root"}, ROLE, True),
        ({"AWS": ROLE}, ROLE, True),
        ({"AWS": [f"arn:aws:iam::{OTHER}:root", ROLE]}, ROLE, True),
        ({"AWS": ROLE}, f"arn:aws:sts::{MEMBER}:assumed-role/app/s", True),
        ({"AWS": f"arn:aws:sts::{MEMBER}:assumed-role/app/s"},
         f"arn:aws:sts::{MEMBER}:assumed-role/app/s", True),
        ({"AWS": f"arn:aws:sts::{MEMBER}:assumed-role/app/s"}, ROLE, False),
        ({"AWS": ROLE}, f"arn:aws:iam::{MEMBER}:role/other", False),
        ({"AWS": OTHER}, ROLE, False),
        ({"AWS": "arn:aws:iam::*:role/app"}, ROLE, False),  # wildcards fit nobody
        ({"Service": "ec2.amazonaws.com"}, "ec2.amazonaws.com", True),
        ({"Service": "ec2.amazonaws.com"}, "ecs.amazonaws.com", False),
        ({"Service": "ec2.amazonaws.com"}, ROLE, False),
        ({"Federated": f"arn:aws:iam::{MEMBER}:oidc-provider/x"},
         f"arn:aws:iam::{MEMBER}:oidc-provider/x", True),
        ({"AWS": MEMBER}, f"arn:aws:iam::{MEMBER}:oidc-provider/x", False),
    ],
)  # fmt: skip
def test_principals(principal: Any, caller: str, expected: bool) -> None:
    trust = policy({**TRUST, "Principal": principal})
    request = Request(principal=Principal(caller), action="sts:AssumeRole", context=Context())
    answer = granted((trust,), request, source="trust")
    assert (answer.decision is Decision.ALLOWED) == expected


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        ([f"arn:aws:iam::{MEMBER}:root", ROLE], "allowed"),
        ([OTHER], "denied"),
        ([ROLE], "depends"),  # AWS wants the account named, too
        ([MEMBER], "depends"),
    ],
)
def test_not_principal(named: list[str], expected: str) -> None:
    trust = policy(
        {**TRUST, "Principal": "*"},
        {"Effect": "Deny", "NotPrincipal": {"AWS": named}, "Action": "*"},
    )
    request = Request(principal=Principal(ROLE), action="sts:AssumeRole", context=Context())
    answer = granted((trust,), request, source="trust")
    assert answer.decision == expected
    assert answer.keys == ({"NotPrincipal"} if expected == "depends" else set())


def test_a_hostile_pattern_takes_no_time() -> None:
    text = "*a" * 2_000
    many = policy(deny(f"s3:{text}"), deny("s3:*", Resource=f"arn:aws:s3:::{text}b"))
    context = Context({"aws:k": "a" * 20_000})
    conditions = policy(deny(Condition={"StringLike": {"aws:k": f"{text}b"}}))
    answer = ask(
        chain((FULL, many, conditions)), arn="arn:aws:s3:::" + "a" * 20_000, context=context
    )
    assert answer.decision == "allowed"


def test_policies_are_what_json_says() -> None:
    assert json.dumps(ask(chain((FULL,))).decision) == '"allowed"'
