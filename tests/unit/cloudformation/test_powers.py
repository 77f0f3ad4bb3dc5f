"""Who gains power by a template, from the template before."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aft.cloudformation.powers import gains_in
from aft.cloudformation.read import parse_template
from aft.cloudformation.template import EMPTY, Template

FOREIGN, ORGANIZATION = "arn:aws:iam::999999999999:root", "o-example123"
OWN = "arn:aws:iam::111111111111:root"


def document(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(action: Any = "s3:Get*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, **more}


def trust(*who: str, **more: Any) -> dict[str, Any]:
    return document(allow("sts:AssumeRole", Principal={"AWS": list(who)}, **more))


def role(*who: str, **more: Any) -> dict[str, Any]:
    properties = {"AssumeRolePolicyDocument": trust(*(who or (OWN,))), **more}
    return {"Type": "AWS::IAM::Role", "Properties": properties}


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    listed = [{"PolicyName": "p", "PolicyDocument": document(*statements)}]
    return role(Policies=listed)


def bucket_policy(*statements: dict[str, Any]) -> dict[str, Any]:
    properties = {"Bucket": "b", "PolicyDocument": document(*statements)}
    return {"Type": "AWS::S3::BucketPolicy", "Properties": properties}


def named(kind: str, **properties: Any) -> dict[str, Any]:
    return {"Type": f"AWS::{kind}", "Properties": properties}


def destination(*who: str) -> dict[str, Any]:
    return named("Logs::Destination", DestinationPolicy=json.dumps(trust(*who)))


def template(resource: dict[str, Any] | None) -> Template:
    if resource is None:
        return EMPTY
    return parse_template(json.dumps({"Resources": {"It": resource}}))


WITHIN = {"Condition": {"StringEquals": {"aws:PrincipalOrgID": ORGANIZATION}}}
ELSEWHERE = {"Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-other"}}}
GET = allow(Resource="*")
EVERYTHING = allow("*", Resource="*")
BY_NAME = allow(Resource={"Fn::GetAtt": ["It", "Arn"]})
READ = allow(Principal={"AWS": FOREIGN}, Resource="*")
OF_ORGANIZATION = f"arn:aws:organizations::111111111111:organization/{ORGANIZATION}"
READ_ONLY, ADMIN = "arn:aws:iam::aws:policy/ReadOnlyAccess", "arn:aws:iam::aws:policy/Admin"
ROWS: list[tuple[str, Any, Any, tuple[str, ...] | None]] = [
    ("no IAM", None, {"Type": "AWS::SNS::Topic"}, None),
    ("a new role", None, role(), ("111111111111",)),
    ("a role for a foreign account", None, role(FOREIGN), ("999999999999",)),
    ("the same", role(), role(), None),
    ("tags", role(), role(Tags=[{"Key": "a", "Value": "b"}]), None),
    ("one more", role(), role(OWN, FOREIGN), ("999999999999",)),
    ("one fewer", role(OWN, FOREIGN), role(), None),
    ("wider actions", policy(GET), policy(EVERYTHING), ()),
    ("narrower actions", policy(EVERYTHING), policy(GET), None),
    ("another sid", policy(GET), policy({**GET, "Sid": "A"}), None),
    ("a resource of the template", policy(BY_NAME), policy(BY_NAME, BY_NAME), None),
    ("a policy more", role(), role(ManagedPolicyArns=[READ_ONLY]), ()),
    ("another policy", role(ManagedPolicyArns=[READ_ONLY]), role(ManagedPolicyArns=[ADMIN]), ()),
    ("a policy less", role(ManagedPolicyArns=[READ_ONLY]), role(), None),
    ("no boundary", role(PermissionsBoundary=READ_ONLY), role(), ()),
    ("longer sessions", role(), role(MaxSessionDuration=43200), ()),
    ("a user", None, {"Type": "AWS::IAM::User"}, ()),
    ("a public bucket", None, bucket_policy(allow(Principal="*", Resource="*")), ("*",)),
    (
        "a bucket for the organization",
        None,
        bucket_policy(allow(Principal="*", Resource="*", **WITHIN)),
        None,
    ),
    (
        "a bucket for another organization",
        None,
        bucket_policy(allow(Principal="*", Resource="*", **ELSEWHERE)),
        ("*",),
    ),
    (
        "all but one",
        None,
        bucket_policy(allow(NotPrincipal={"AWS": OWN}, Resource="*")),
        ("*",),
    ),
    (
        "a service",
        None,
        bucket_policy(allow(Principal={"Service": "cloudtrail.amazonaws.com"}, Resource="*")),
        None,
    ),
    (
        "a deny",
        None,
        bucket_policy({**allow(Principal="*", Resource="*"), "Effect": "Deny"}),
        None,
    ),
    (
        "more for the same bucket reader",
        bucket_policy(allow(Principal={"AWS": FOREIGN}, Resource="*")),
        bucket_policy(allow("s3:*", Principal={"AWS": FOREIGN}, Resource="*")),
        (),
    ),
    (
        "a deny less",
        bucket_policy(READ, {**READ, "Effect": "Deny", "Action": "s3:GetObject"}),
        bucket_policy(READ),
        (),
    ),
    ("less for the same", bucket_policy(READ), bucket_policy({**READ, "Resource": "b"}), None),
    (
        "a function anyone may call",
        None,
        named("Lambda::Permission", Principal="*", FunctionName="f"),
        ("*",),
    ),
    (
        "a function for the organization",
        None,
        named("Lambda::Permission", Principal="*", PrincipalOrgID=ORGANIZATION),
        None,
    ),
    (
        "a function for a service",
        None,
        named("Lambda::Permission", Principal="events.amazonaws.com"),
        None,
    ),
    (
        "an event bus for one more account",
        named("Events::EventBusPolicy", Principal="111111111111"),
        named("Events::EventBusPolicy", Principal="999999999999"),
        ("999999999999",),
    ),
    (
        "a share with an account and the organization",
        None,
        named("RAM::ResourceShare", Principals=["999999999999", OF_ORGANIZATION]),
        ("999999999999",),
    ),
    (
        "an endpoint service",
        named("EC2::VPCEndpointServicePermissions", AllowedPrincipals=[OWN]),
        named("EC2::VPCEndpointServicePermissions", AllowedPrincipals=[OWN, FOREIGN]),
        ("999999999999",),
    ),
    ("a document as text", destination(OWN), destination(OWN, FOREIGN), ("999999999999",)),
    (
        "a rule of a firewall",
        named("WAFv2::WebACL", Rules=[{"Statement": {"GeoMatchStatement": {}}}]),
        named("WAFv2::WebACL", Rules=[{"Statement": {"RateBasedStatement": {}}}]),
        None,
    ),
    ("text that is no document", None, named("SSM::Parameter", Value="{ no"), None),
]


@pytest.mark.parametrize(("name", "before", "after", "says"), ROWS, ids=[it[0] for it in ROWS])
def test_who_gains(name: str, before: Any, after: Any, says: tuple[str, ...] | None) -> None:
    found = tuple(gains_in(template(before), template(after), {}, organization_id=ORGANIZATION))
    assert [item.principals for item in found] == ([] if says is None else [says])
    assert all(item.part == "It" and item.words for item in found)
