"""Who gains power by a change of roles, as far as parameters tell."""

from __future__ import annotations

import json
from typing import Any

import pytest
from builders_inside import facts

from aft.settings.iam_roles.parameters import IamRolesParameters
from aft.settings.iam_roles.setting import IamRoles

INSIDE, OUTSIDE = "111111111111", "999999999999"
MEMBERS = frozenset({INSIDE, "222222222222"})
READ = {"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}
WRITE = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
DENY = {"Effect": "Deny", "Action": "s3:Delete*", "Resource": "*"}


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def role(**changes: Any) -> dict[str, Any]:
    return {"name": "r", "trust": {"accounts": [INSIDE]}, **changes}


def inline(*statements: dict[str, Any]) -> dict[str, Any]:
    return role(inline_policies={"p": policy(*statements)})


def trusting(**trust: Any) -> dict[str, Any]:
    return role(trust=trust)


GITHUB = {"provider": "token.actions.githubusercontent.com", "subjects": ["repo:a/b:*"]}
NARROW = {**GITHUB, "subjects": ["repo:a/b:environment:prod"]}
ROWS: list[tuple[str, dict[str, Any] | None, dict[str, Any], list[str]]] = [
    ("the same", role(), role(), []),
    ("other words", inline(READ), inline({**READ, "Action": ["s3:Get*"], "Sid": "A"}), []),
    ("a new role", None, role(managed_policies=["AdministratorAccess"]), ["new"]),
    (
        "a new role for a foreign account",
        None,
        role(trust={"accounts": [OUTSIDE]}, managed_policies=["AdministratorAccess"]),
        ["outside", "new"],
    ),
    ("an account more", role(), trusting(accounts=[INSIDE, "222222222222"]), ["more may"]),
    ("a foreign one", role(), trusting(accounts=[INSIDE, OUTSIDE]), ["outside", "more may"]),
    ("named roles, then all", trusting(accounts=[INSIDE], roles=["a"]), role(), ["more may"]),
    ("all, then named roles", role(), trusting(accounts=[INSIDE], roles=["a"]), []),
    ("another role", trusting(accounts=[INSIDE], roles=["a"]),
     trusting(accounts=[INSIDE], roles=["a", "b"]), ["more may"]),
    ("one fewer", trusting(accounts=[INSIDE, OUTSIDE]), role(), []),
    ("a foreign user", role(), trusting(arns=[f"arn:aws:iam::{OUTSIDE}:user/u"]),
     ["outside", "more may"]),
    ("a service", role(), trusting(accounts=[INSIDE], services=["ec2.amazonaws.com"]),
     ["more may"]),
    ("tokens", role(), trusting(accounts=[INSIDE], oidc=[GITHUB]), ["outside", "more may"]),
    ("more tokens", trusting(oidc=[NARROW]), trusting(oidc=[GITHUB]), ["outside", "more may"]),
    ("fewer tokens", trusting(oidc=[GITHUB]), trusting(oidc=[NARROW]), []),
    (
        "no external id",
        trusting(accounts=[OUTSIDE], external_id="xy"),
        trusting(accounts=[OUTSIDE]),
        ["outside", "more may"],
    ),
    ("an external id", trusting(accounts=[OUTSIDE]), trusting(accounts=[OUTSIDE], external_id="xy"),
     []),
    ("a policy", role(), role(managed_policies=["ReadOnlyAccess"]), ["policy ReadOnlyAccess"]),
    ("a policy less", role(managed_policies=["ReadOnlyAccess"]), role(), []),
    ("wider actions", inline(READ), inline(WRITE), ["inline"]),
    ("narrower actions", inline(WRITE), inline(READ), []),
    ("a deny gone", inline(WRITE, DENY), inline(WRITE), ["inline"]),
    ("a deny more", inline(WRITE), inline(WRITE, DENY), []),
    ("no boundary", role(permissions_boundary="ReadOnlyAccess"), role(), ["permissions boundary"]),
    ("a boundary", role(), role(permissions_boundary="ReadOnlyAccess"), []),
    ("longer", role(), role(max_session_seconds=7200), ["sessions"]),
    ("shorter", role(max_session_seconds=7200), role(), []),
    ("adopted", role(), role(adopt=True), ["an existing role"]),
    ("words", role(), role(description="x", tags={"a": "b"}), []),
]  # fmt: skip


@pytest.mark.parametrize(("name", "before", "after", "says"), ROWS, ids=[it[0] for it in ROWS])
def test_who_gains_power(
    name: str, before: dict[str, Any] | None, after: dict[str, Any], says: list[str]
) -> None:
    def read(roles: list[dict[str, Any]]) -> IamRolesParameters:
        return IamRolesParameters.model_validate_json(json.dumps({"roles": roles}))

    was = read([before] if before is not None else [])
    powers = tuple(IamRoles().powers(facts(INSIDE), was, read([after]), members=MEMBERS))
    assert [item.is_outside for item in powers] == [word == "outside" for word in says]
    for item, word in zip(powers, says, strict=True):
        assert item.what == "role r"
        assert item.is_outside or word in item.gains


def test_a_statement_that_cannot_be_read_may_allow_more() -> None:
    broken = inline({"Effect": "Maybe", "Action": "s3:*", "Resource": "*"})
    parameters = [
        IamRolesParameters.model_validate_json(json.dumps({"roles": [item]}))
        for item in (inline(READ), broken)
    ]
    found = IamRoles().powers(facts(INSIDE), *parameters, members=MEMBERS)
    assert "inline policies allow more" in next(found).gains
