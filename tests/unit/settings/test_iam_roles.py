from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from builders_inside import Applied, Inside, applied
from pydantic import ValidationError

from aft.errors import Terminal
from aft.settings.iam_roles.parameters import IamRolesParameters
from aft.settings.iam_roles.setting import IamRoles
from aft.settings.shapes.policies import canonical

READ = "arn:aws:iam::aws:policy/ReadOnlyAccess"
ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"
POWER = "arn:aws:iam::aws:policy/PowerUserAccess"
S3 = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}],
}
DEPLOY = {
    "name": "deploy",
    "description": "Deploys from the pipeline",
    "path": "/platform/",
    "trust": {
        "oidc": [{"provider": "token.actions.githubusercontent.com", "subjects": ["repo:acme/*"]}],
        "services": ["codebuild.amazonaws.com"],
    },
    "managed_policies": ["ReadOnlyAccess"],
    "inline_policies": {"read-artifacts": S3},
    "permissions_boundary": "PowerUserAccess",
    "max_session_seconds": 7200,
    "tags": {"team": "platform"},
}
AUDIT = {"name": "audit", "trust": {"accounts": ["123456789012"], "external_id": "audit-1"}}


def roles(inside: Inside, *wanted: dict[str, Any]) -> Applied:
    parameters = IamRolesParameters.model_validate_json(json.dumps({"roles": wanted}))
    made = applied(inside, IamRoles(), roles=())
    return Applied(
        inside=inside,
        setting=made.setting,
        inputs=type(made.inputs)(account=made.inputs.account, parameters=parameters, region=None),
    )


def names(inside: Inside) -> set[str]:
    found = {role["RoleName"] for role in inside.look("iam").list_roles()["Roles"]}
    return found - {"OrganizationAccountAccessRole"}


def test_roles_are_made_as_listed_then_found_right(inside: Inside) -> None:
    wanted = roles(inside, DEPLOY, AUDIT)
    assert [item.description for item in wanted.differences()] == [
        "role audit is not there, should be made",
        "role deploy is not there, should be made",
    ]
    wanted.change()
    assert wanted.differences() == ()
    iam = inside.look("iam")
    role = iam.get_role(RoleName="deploy")["Role"]
    assert (role["Path"], role["MaxSessionDuration"]) == ("/platform/", 7200)
    assert role["PermissionsBoundary"]["PermissionsBoundaryArn"] == POWER
    assert {"Key": "aft:setting", "Value": "iam-roles"} in role["Tags"]
    statements = role["AssumeRolePolicyDocument"]["Statement"]
    assert [item["Action"] for item in statements] == [
        "sts:AssumeRole",
        "sts:AssumeRoleWithWebIdentity",
    ]
    host = "token.actions.githubusercontent.com"
    assert statements[1]["Condition"] == {
        "StringEquals": {f"{host}:aud": ["sts.amazonaws.com"]},
        "StringLike": {f"{host}:sub": ["repo:acme/*"]},
    }
    attached = iam.list_attached_role_policies(RoleName="deploy")["AttachedPolicies"]
    assert [item["PolicyArn"] for item in attached] == [READ]
    audit = iam.get_role(RoleName="audit")["Role"]["AssumeRolePolicyDocument"]["Statement"][0]
    assert audit["Principal"] == {"AWS": ["arn:aws:iam::123456789012:root"]}
    assert audit["Condition"] == {"StringEquals": {"sts:ExternalId": "audit-1"}}
    written = wanted.writes()
    wanted.change()
    assert wanted.writes() == written


def test_everything_of_a_role_that_drifted_is_put_back(inside: Inside) -> None:
    wanted = roles(inside, DEPLOY)
    wanted.change()
    iam = inside.look("iam")
    iam.attach_role_policy(RoleName="deploy", PolicyArn=ADMIN)
    iam.detach_role_policy(RoleName="deploy", PolicyArn=READ)
    iam.put_role_policy(RoleName="deploy", PolicyName="more", PolicyDocument=json.dumps(S3))
    iam.delete_role_policy(RoleName="deploy", PolicyName="read-artifacts")
    iam.delete_role_permissions_boundary(RoleName="deploy")
    iam.update_role(RoleName="deploy", MaxSessionDuration=43_200, Description="mine")
    iam.untag_role(RoleName="deploy", TagKeys=["team"])
    open_door = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
    }
    iam.update_assume_role_policy(RoleName="deploy", PolicyDocument=json.dumps(open_door))
    assert [item.description for item in wanted.differences()] == [
        "role deploy: trust policy is another, should be as in the baseline",
        f"role deploy: permissions boundary is not set, should be {POWER}",
        "role deploy: longest session is 43200 s, should be 7200 s",
        "role deploy: description is 'mine', should be 'Deploys from the pipeline'",
        f"role deploy: policy {READ} is not attached, should be attached",
        f"role deploy: policy {ADMIN} is attached, should be not attached",
        "role deploy: inline policy more is another, should be not there",
        "role deploy: inline policy read-artifacts is not there, should be as in the baseline",
        "role deploy: tag team is not set, should be platform",
    ]
    assert [item.description for item in wanted.differences() if item.takes_away] == [
        f"role deploy: policy {ADMIN} is attached, should be not attached",
        "role deploy: inline policy more is another, should be not there",
    ]
    wanted.change()
    assert wanted.differences() == ()


def test_a_role_no_longer_listed_is_deleted_and_foreign_ones_never(inside: Inside) -> None:
    foreign = {"Version": "2012-10-17", "Statement": []}
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "ec2.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    inside.look("iam").create_role(
        RoleName="theirs",
        AssumeRolePolicyDocument=json.dumps({**foreign, "Statement": [trust]}),
    )
    roles(inside, DEPLOY, AUDIT).change()
    fewer = roles(inside, AUDIT)
    assert [item.description for item in fewer.differences()] == [
        "role deploy is no longer listed, should be deleted"
    ]
    assert fewer.differences()[0].takes_away
    fewer.change()
    assert names(inside) == {"audit", "theirs"}
    roles(inside).change()
    assert names(inside) == {"theirs"}


def test_a_role_in_an_instance_profile_is_not_deleted(inside: Inside) -> None:
    roles(inside, DEPLOY).change()
    iam = inside.look("iam")
    iam.create_instance_profile(InstanceProfileName="p")
    iam.add_role_to_instance_profile(InstanceProfileName="p", RoleName="deploy")
    with pytest.raises(Terminal, match="no longer listed, but AWS does not delete it"):
        roles(inside).change()
    assert names(inside) == {"deploy"}


def someone_elses(inside: Inside, path: str = "/") -> None:
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "ec2.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    inside.look("iam").create_role(
        RoleName="audit", Path=path, AssumeRolePolicyDocument=json.dumps(trust)
    )


def test_a_role_of_somebody_else_is_refused_before_anything_is_written(inside: Inside) -> None:
    someone_elses(inside)
    wanted = roles(inside, DEPLOY, AUDIT)
    before = wanted.writes()
    with pytest.raises(Terminal, match="role audit was not made by aft"):
        wanted.change()
    assert wanted.writes() == before


def test_a_role_is_taken_over_when_that_is_meant(inside: Inside) -> None:
    someone_elses(inside)
    wanted = roles(inside, {**AUDIT, "adopt": True})
    assert "role audit: owner is another owner, should be iam-roles" in {
        item.description for item in wanted.differences()
    }
    wanted.change()
    assert wanted.differences() == ()


def test_a_path_cannot_be_changed(inside: Inside) -> None:
    someone_elses(inside, path="/old/")
    with pytest.raises(Terminal, match="has the path /old/, which cannot be changed to /"):
        roles(inside, {**AUDIT, "adopt": True}).change()


def test_a_policy_that_is_not_there_is_told(inside: Inside) -> None:
    missing = {**AUDIT, "managed_policies": ["NoSuchPolicy"]}
    with pytest.raises(Exception, match="NoSuchPolicy"):
        roles(inside, missing).change()


def test_an_account_named_by_its_request_is_waited_for(inside: Inside) -> None:
    waiting = roles(inside, {"name": "r", "trust": {"accounts": ["security-audit"]}})
    with pytest.raises(Terminal, match="security-audit"):
        waiting.change()
    with pytest.raises(ClientError):
        inside.look("iam").get_role(RoleName="r")


@pytest.mark.parametrize(
    "role",
    [
        {"name": "r", "trust": {}},
        {"name": "r", "trust": {"accounts": ["123456789012"]}, "max_session_seconds": 60},
        {"name": "r", "trust": {"accounts": ["123456789012"]}, "path": "no-slash"},
        {"name": "r", "trust": {"oidc": [{"provider": "example.com", "subjects": ["*"]}]}},
        {"name": "a b", "trust": {"accounts": ["123456789012"]}},
    ],
)
def test_roles_iam_does_not_take_are_invalid(role: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        IamRolesParameters.model_validate_json(json.dumps({"roles": [role]}))


def test_documents_that_say_the_same_are_the_same() -> None:
    one = {"Statement": [{"Action": ["s3:Get*", "s3:List*"], "Resource": "*", "Effect": "Allow"}]}
    other = {"Statement": {"Effect": "Allow", "Resource": ["*"], "Action": ["s3:List*", "s3:Get*"]}}
    assert canonical(one) == canonical(json.dumps(other))
    assert canonical(one) != canonical({**one, "Version": "2012-10-17"})
