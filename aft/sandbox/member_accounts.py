"""What is inside a member account from its first day: the access role.

Put into moto's IAM when the account is first touched, so that thousands of seeded accounts cost
nothing until somebody enters them.
"""

from __future__ import annotations

import json

from moto.iam.models import iam_backends

from aft.sandbox.organizations_backend.model import MemberAccount
from aft.sandbox.organizations_backend.rules import Context


def materialize(context: Context, account: MemberAccount) -> None:
    """Make sure the account's access role exists in IAM, with AdministratorAccess."""
    if account.role_exists or account.role_name is None:
        return
    account.role_exists = True
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {
                    "AWS": f"arn:aws:iam::{context.organization.management_account_id}:root"
                },
                "Action": "sts:AssumeRole",
            }
        ],
    }
    backend = iam_backends[account.id]["aws"]
    backend.create_role(
        role_name=account.role_name,
        assume_role_policy_document=json.dumps(trust),
        path="/",
        permissions_boundary=None,
        description="",
        tags=[],
        max_session_duration="3600",
    )
    backend.attach_role_policy("arn:aws:iam::aws:policy/AdministratorAccess", account.role_name)
