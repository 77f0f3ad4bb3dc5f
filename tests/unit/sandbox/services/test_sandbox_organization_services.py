"""Services across accounts: over HTTP with stock clients, and kept between two commands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from aft.sandbox import AccountSpec, Sandbox
from aft.sandbox.organization_services import OWN, handlers
from aft.sandbox.organizations_backend.rules import Context
from aft.sandbox.server import serve

REGION = "eu-central-1"


def arranged(management: Any, admin: Any, admin_id: str, member_id: str) -> None:
    """``management`` and ``admin`` make clients; afterwards every service has something."""
    management("guardduty").enable_organization_admin_account(AdminAccountId=admin_id)
    (detector,) = admin("guardduty").list_detectors()["DetectorIds"]
    details = [{"AccountId": member_id, "Email": "m@example.com"}]
    admin("guardduty").create_members(DetectorId=detector, AccountDetails=details)
    management("securityhub").enable_organization_admin_account(AdminAccountId=admin_id)
    admin("securityhub").create_members(AccountDetails=details)
    admin("accessanalyzer").create_analyzer(analyzerName="here", type="ACCOUNT")
    admin("ram").create_resource_share(name="transit", principals=[member_id])
    admin("budgets", "us-east-1").create_budget(
        AccountId=admin_id,
        Budget={
            "BudgetName": "b",
            "BudgetLimit": {"Amount": "5", "Unit": "USD"},
            "TimeUnit": "MONTHLY",
            "BudgetType": "COST",
        },
    )
    management("support", "us-east-1").create_case(subject="s", communicationBody="b")
    management("ce", "us-east-1").update_cost_allocation_tags_status(
        CostAllocationTagsStatus=[{"TagKey": "team", "Status": "Active"}]
    )


def looked_at(management: Any, admin: Any, member: Any, admin_id: str) -> list[Any]:
    (detector,) = admin("guardduty").list_detectors()["DetectorIds"]
    return [
        [
            (item["AccountId"], item["RelationshipStatus"])
            for item in admin("guardduty").list_members(DetectorId=detector)["Members"]
        ],
        member("securityhub").get_administrator_account()["Administrator"]["AccountId"],
        [item["name"] for item in admin("accessanalyzer").list_analyzers()["analyzers"]],
        [
            item["name"]
            for item in member("ram").get_resource_shares(resourceOwner="OTHER-ACCOUNTS")[
                "resourceShares"
            ]
        ],
        [
            item["BudgetName"]
            for item in admin("budgets", "us-east-1").describe_budgets(AccountId=admin_id)[
                "Budgets"
            ]
        ],
        [item["subject"] for item in management("support", "us-east-1").describe_cases()["cases"]],
        management("ce", "us-east-1").list_cost_allocation_tags()["CostAllocationTags"][0][
            "Status"
        ],
    ]


def expected(admin_id: str, member_id: str) -> list[Any]:
    return [[(member_id, "Enabled")], admin_id, ["here"], ["transit"], ["b"], ["s"], "Active"]


def seeded(sandbox: Sandbox) -> tuple[str, str]:
    admin, member = sandbox.seed_accounts(
        [
            AccountSpec(name=name, email=f"{name}@example.com", tags={"team": "core"})
            for name in ("admin", "member")
        ]
    )
    return admin, member


def clients(session: boto3.Session, **options: Any) -> Any:
    return lambda service, region=REGION: session.client(service, region_name=region, **options)


def test_all_of_it_is_there_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "organization"
    with Sandbox.open(path) as sandbox:
        ids = seeded(sandbox)
        management = clients(boto3.Session(botocore_session=sandbox.botocore_session()))
        arranged(management, clients(sandbox.member_session(ids[0])), *ids)
    with Sandbox.open(path) as sandbox:
        management = clients(boto3.Session(botocore_session=sandbox.botocore_session()))
        admin, member = (clients(sandbox.member_session(item)) for item in ids)
        assert looked_at(management, admin, member, ids[0]) == expected(*ids)


def test_stock_clients_reach_all_of_it_over_http() -> None:
    with Sandbox.open(None) as sandbox, serve(sandbox) as server:
        ids = seeded(sandbox)

        def stock(keys: Any) -> Any:
            session = boto3.Session(
                aws_access_key_id=keys.access_key,
                aws_secret_access_key=keys.secret_key,
                aws_session_token=keys.token or None,
            )
            return clients(session, endpoint_url=server.url)

        management = stock(sandbox.management_credentials)

        def inside(account_id: str) -> Any:
            role = f"arn:aws:iam::{account_id}:role/OrganizationAccountAccessRole"
            answer = management("sts").assume_role(RoleArn=role, RoleSessionName="test")
            found = answer["Credentials"]
            session = boto3.Session(
                aws_access_key_id=found["AccessKeyId"],
                aws_secret_access_key=found["SecretAccessKey"],
                aws_session_token=found["SessionToken"],
            )
            return clients(session, endpoint_url=server.url)

        admin, member = inside(ids[0]), inside(ids[1])
        arranged(management, admin, *ids)
        assert looked_at(management, admin, member, ids[0]) == expected(*ids)


def test_what_is_not_simulated_says_so(client: Any) -> None:
    for service, operation, arguments in (
        ("guardduty", "list_filters", {"DetectorId": "a"}),
        ("securityhub", "get_findings", {}),
        ("accessanalyzer", "list_archive_rules", {"analyzerName": "a"}),
        ("ram", "list_resources", {"resourceOwner": "SELF"}),
        ("support", "describe_services", {}),
    ):
        region = "us-east-1" if service == "support" else REGION
        with pytest.raises(ClientError, match="does not simulate"):
            getattr(client(service, region), operation)(**arguments)


def test_a_control_policy_binds_them_by_their_own_action_names(members: Any) -> None:
    management = boto3.Session(botocore_session=members.sandbox.botocore_session())
    organizations = management.client("organizations")
    policy = organizations.create_policy(
        Name="no-analyzers",
        Description="",
        Type="SERVICE_CONTROL_POLICY",
        Content='{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Resource": "*", '
        '"Action": ["access-analyzer:*", "budgets:ModifyBudget", "config:Put*"]}]}',
    )["Policy"]["PolicySummary"]["Id"]
    organizations.attach_policy(PolicyId=policy, TargetId=members.first)
    with pytest.raises(ClientError, match="explicit deny"):
        members.client("accessanalyzer", REGION).list_analyzers()
    budgets = members.client("budgets", "us-east-1")
    assert budgets.describe_budgets(AccountId=members.first)["Budgets"] == []
    with pytest.raises(ClientError, match="explicit deny"):
        budgets.delete_budget(AccountId=members.first, BudgetName="b")


def test_every_service_of_our_own_has_operations(members: Any) -> None:
    context: Context = members.sandbox._context
    services = {service for service, _ in handlers(context)}
    assert services == OWN | {"ce"}
