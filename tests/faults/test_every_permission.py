"""Permissions of the roles that aft's templates make, taken away one at a time.

The run names what is missing within a minute, goes on with all that does not need it, and after it
is put back the next run ends where it would have ended, with nothing made twice. These are one of
each kind of call; ``builders_walk.PERMISSIONS`` has all of them.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from builders_walk import PERMISSIONS, Permission, Walk, walk_of

from aft.scaffold.roles import APPLY_ROLE, PLAN_ROLE, READER_ROLE, WRITER_ROLE

pytestmark = pytest.mark.faults

WALKED = (
    Permission(role=PLAN_ROLE, action="organizations:ListAccountsForParent"),
    Permission(role=APPLY_ROLE, action="organizations:CreateAccount"),
    Permission(role=APPLY_ROLE, action="organizations:MoveAccount"),
    Permission(role=APPLY_ROLE, action="sts:AssumeRole"),
    Permission(role=READER_ROLE, action="iam:GetAccountPasswordPolicy"),
    Permission(role=WRITER_ROLE, action="iam:UpdateAccountPasswordPolicy"),
    Permission(role=WRITER_ROLE, action="cloudformation:CreateChangeSet"),
    Permission(role=WRITER_ROLE, action="ec2:CreateVpc"),
    Permission(role=WRITER_ROLE, action="s3:ListBucket"),
    Permission(role=READER_ROLE, action="s3:ListBucket"),
    Permission(role=WRITER_ROLE, action="cloudtrail:StartLogging"),
)


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Walk:
    return walk_of(tmp_path_factory.mktemp("walk"))


@pytest.mark.parametrize("permission", WALKED, ids=str)
def test_a_permission_that_is_missing_is_named_and_costs_nothing_else(
    walk: Walk, permission: Permission, tmp_path: Path
) -> None:
    assert permission in PERMISSIONS
    walk.check(permission, tmp_path)
