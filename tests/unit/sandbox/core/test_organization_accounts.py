from __future__ import annotations

import pytest
from builders_sandbox import create, refusal

from aft.sandbox import AccountSpec, Sandbox


def status_of(org, request_id):
    answer = org.describe_create_account_status(CreateAccountRequestId=request_id)
    return answer["CreateAccountStatus"]


def test_creation_is_asynchronous_and_lands_in_the_root(sandbox, org):
    begun = org.create_account(
        AccountName="payments", Email="aws+p@example.com", Tags=[{"Key": "team", "Value": "pay"}]
    )["CreateAccountStatus"]
    assert begun["State"] == "IN_PROGRESS"
    assert "AccountId" not in begun
    done = status_of(org, begun["Id"])
    assert done["State"] == "SUCCEEDED"
    assert "Email" not in done

    account = org.describe_account(AccountId=done["AccountId"])["Account"]
    root = org.list_roots()["Roots"][0]["Id"]
    assert (account["Name"], account["Email"]) == ("payments", "aws+p@example.com")
    assert (account["State"], account["Status"]) == ("ACTIVE", "ACTIVE")
    assert account["JoinedMethod"] == "CREATED"
    assert account["Paths"] == [f"{sandbox.organization_id}/{root}/{account['Id']}/"]
    parents = org.list_parents(ChildId=account["Id"])["Parents"]
    assert parents == [{"Id": root, "Type": "ROOT"}]
    tags = org.list_tags_for_resource(ResourceId=account["Id"])["Tags"]
    assert tags == [{"Key": "team", "Value": "pay"}]


def test_creation_takes_virtual_time(sandbox, org):
    sandbox.configure(creation_seconds=(100.0, 100.0))
    request_id = org.create_account(AccountName="slow", Email="aws+s@example.com")[
        "CreateAccountStatus"
    ]["Id"]
    sandbox.clock.sleep(90)
    assert status_of(org, request_id)["State"] == "IN_PROGRESS"
    assert len(org.list_accounts()["Accounts"]) == 1
    sandbox.clock.sleep(15)
    done = status_of(org, request_id)
    assert done["State"] == "SUCCEEDED"
    taken = done["CompletedTimestamp"] - done["RequestedTimestamp"]
    assert taken.total_seconds() == pytest.approx(100.0, abs=0.01)


def test_a_sixth_creation_at_a_time_is_refused(sandbox, org):
    sandbox.configure(creation_seconds=(60.0, 60.0))
    for number in range(5):
        org.create_account(AccountName=f"a{number}", Email=f"aws+{number}@example.com")
    sixth = {"AccountName": "a5", "Email": "aws+5@example.com"}
    assert refusal(org.create_account, **sixth) == (
        "ConstraintViolationException",
        "ACCOUNT_CREATION_RATE_LIMIT_EXCEEDED",
    )
    sandbox.clock.sleep(62)
    assert org.create_account(**sixth)["CreateAccountStatus"]["State"] == "IN_PROGRESS"


@pytest.mark.parametrize(
    "email", ["aws+first@example.com", "AWS+First@Example.com", "management@example.com"]
)
def test_an_e_mail_that_is_taken_fails_the_creation(org, email):
    create(org, "first")
    request_id = org.create_account(AccountName="second", Email=email)["CreateAccountStatus"]["Id"]
    failed = status_of(org, request_id)
    assert (failed["State"], failed["FailureReason"]) == ("FAILED", "EMAIL_ALREADY_EXISTS")
    assert "AccountId" not in failed


@pytest.mark.parametrize(
    "email", ["аws@example.com", "aws+\u200b@example.com", ".aws@example.com", "a%b@example.com"]
)
def test_an_e_mail_against_the_written_rules_fails_the_creation(org, email):
    request_id = org.create_account(AccountName="odd", Email=email)["CreateAccountStatus"]["Id"]
    failed = status_of(org, request_id)
    assert (failed["State"], failed["FailureReason"]) == ("FAILED", "INVALID_EMAIL")


def test_a_closed_account_keeps_its_e_mail(org):
    account_id = create(org, "gone")
    org.close_account(AccountId=account_id)
    request_id = org.create_account(AccountName="new", Email="aws+gone@example.com")[
        "CreateAccountStatus"
    ]["Id"]
    assert status_of(org, request_id)["FailureReason"] == "EMAIL_ALREADY_EXISTS"


def test_creations_can_be_made_to_fail(sandbox, org):
    sandbox.fail_creation("+fail-internal@", "INTERNAL_FAILURE")
    request_id = org.create_account(AccountName="x", Email="aws+fail-internal@example.com")[
        "CreateAccountStatus"
    ]["Id"]
    assert status_of(org, request_id)["FailureReason"] == "INTERNAL_FAILURE"
    assert create(org, "fine")


def test_the_account_quota(sandbox, org):
    sandbox.configure(account_quota=2)
    create(org, "one")
    assert refusal(org.create_account, AccountName="two", Email="aws+two@example.com") == (
        "ConstraintViolationException",
        "ACCOUNT_NUMBER_LIMIT_EXCEEDED",
    )


@pytest.mark.parametrize(
    ("params", "reason"),
    [
        ({"AccountName": "x" * 51, "Email": "a@example.com"}, "MAX_LENGTH_EXCEEDED"),
        ({"AccountName": "näme", "Email": "a@example.com"}, "INVALID_PATTERN"),
        ({"AccountName": "x", "Email": "no-at-sign"}, "INVALID_PATTERN"),
        ({"AccountName": "x", "Email": "a" * 60 + "@example.com"}, "MAX_LENGTH_EXCEEDED"),
        (
            {"AccountName": "x", "Email": "a@example.com", "RoleName": "AWSServiceRoleForX"},
            "INVALID_ROLE_NAME",
        ),
        (
            {"AccountName": "x", "Email": "a@example.com", "IamUserAccessToBilling": "MAYBE"},
            "INVALID_ENUM",
        ),
        (
            {
                "AccountName": "x",
                "Email": "a@example.com",
                "Tags": [{"Key": "aws:x", "Value": ""}],
            },
            "INVALID_SYSTEM_TAGS_PARAMETER",
        ),
    ],
)
def test_creation_input_is_held_to_the_model(org, params, reason):
    assert refusal(org.create_account, **params) == ("InvalidInputException", reason)
    assert org.list_create_account_status()["CreateAccountStatuses"] == []


def test_unknown_creation_request(org):
    code, _ = refusal(org.describe_create_account_status, CreateAccountRequestId="car-" + "a" * 32)
    assert code == "CreateAccountStatusNotFoundException"


def test_creation_requests_are_listed_by_state_and_page(sandbox, org):
    for number in range(7):
        create(org, f"a{number}")
    sandbox.fail_creation("bad")
    failed = org.create_account(AccountName="bad", Email="aws+bad@example.com")
    assert status_of(org, failed["CreateAccountStatus"]["Id"])["State"] == "FAILED"
    paginator = org.get_paginator("list_create_account_status")
    pages = list(paginator.paginate(States=["SUCCEEDED"], PaginationConfig={"PageSize": 3}))
    assert [len(page["CreateAccountStatuses"]) for page in pages] == [3, 3, 1]
    only = org.list_create_account_status(States=["FAILED"])["CreateAccountStatuses"]
    assert [item["AccountName"] for item in only] == ["bad"]


def test_lists_give_at_most_twenty(sandbox, org):
    sandbox.seed_accounts(
        AccountSpec(name=f"a{n}", email=f"aws+{n}@example.com") for n in range(45)
    )
    assert refusal(org.list_accounts, MaxResults=21) == (
        "InvalidInputException",
        "MAX_VALUE_EXCEEDED",
    )
    pages = list(org.get_paginator("list_accounts").paginate())
    assert [len(page["Accounts"]) for page in pages] == [20, 20, 6]


def test_pages_survive_change(sandbox, org):
    ids = sandbox.seed_accounts(
        AccountSpec(name=f"a{n}", email=f"aws+{n}@example.com", ou="Old") for n in range(30)
    )
    old = org.list_parents(ChildId=ids[0])["Parents"][0]["Id"]
    root = org.list_roots()["Roots"][0]["Id"]
    first = org.list_accounts_for_parent(ParentId=old)
    for account_id in (ids[3], ids[19], ids[25]):
        org.move_account(AccountId=account_id, SourceParentId=old, DestinationParentId=root)
    second = org.list_accounts_for_parent(ParentId=old, NextToken=first["NextToken"])
    seen = [item["Id"] for item in first["Accounts"] + second["Accounts"]]
    assert seen == [account_id for account_id in ids if account_id != ids[25]]
    assert "NextToken" not in second


@pytest.mark.parametrize("token", ["rubbish", "WyJvdGhlciIsIDNd"])
def test_a_foreign_page_token_is_refused(org, token):
    assert refusal(org.list_accounts, NextToken=token) == (
        "InvalidInputException",
        "INVALID_NEXT_TOKEN",
    )


def test_moves_are_checked(org):
    root = org.list_roots()["Roots"][0]["Id"]
    unit = org.create_organizational_unit(ParentId=root, Name="Prod")["OrganizationalUnit"]["Id"]
    account_id = create(org, "mover")
    absent = f"ou-{root[2:]}-absent00"
    cases = [
        ("123456789012", root, unit, "AccountNotFoundException"),
        (account_id, unit, root, "SourceParentNotFoundException"),
        (account_id, absent, root, "SourceParentNotFoundException"),
        (account_id, root, absent, "DestinationParentNotFoundException"),
        (account_id, root, root, "DuplicateAccountException"),
    ]
    for moved, source, destination, code in cases:
        found = refusal(
            org.move_account,
            AccountId=moved,
            SourceParentId=source,
            DestinationParentId=destination,
        )
        assert found[0] == code
    org.move_account(AccountId=account_id, SourceParentId=root, DestinationParentId=unit)
    listed = org.list_accounts_for_parent(ParentId=unit)["Accounts"]
    assert [item["Id"] for item in listed] == [account_id]
    assert account_id not in [
        item["Id"] for item in org.list_accounts_for_parent(ParentId=root)["Accounts"]
    ]


def test_closing_is_pending_and_then_suspended(sandbox, org):
    sandbox.configure(closure_seconds=600.0)
    account_id = create(org, "closing")
    org.close_account(AccountId=account_id)
    account = org.describe_account(AccountId=account_id)["Account"]
    assert (account["State"], account["Status"]) == ("PENDING_CLOSURE", "PENDING_CLOSURE")
    assert refusal(org.close_account, AccountId=account_id)[0] == "ConflictException"
    sandbox.clock.sleep(601)
    account = org.describe_account(AccountId=account_id)["Account"]
    assert account["State"] == "SUSPENDED"
    assert refusal(org.close_account, AccountId=account_id)[0] == "AccountAlreadyClosedException"
    assert refusal(org.close_account, AccountId=sandbox.management_account_id) == (
        "ConstraintViolationException",
        "CANNOT_CLOSE_MANAGEMENT_ACCOUNT",
    )


def test_an_unknown_account(org):
    code, _ = refusal(org.describe_account, AccountId="111111111111")
    assert code == "AccountNotFoundException"


def test_seeded_accounts_are_ordinary_accounts(sandbox: Sandbox, org):
    (account_id,) = sandbox.seed_accounts(
        [
            AccountSpec(
                name="legacy",
                email="legacy@example.com",
                ou="Legacy/Old",
                tags={"owner": "ops"},
                account_id="012345678901",
            )
        ]
    )
    assert account_id == "012345678901"
    parent = org.list_parents(ChildId=account_id)["Parents"][0]["Id"]
    unit = org.describe_organizational_unit(OrganizationalUnitId=parent)["OrganizationalUnit"]
    assert unit["Name"] == "Old"
    member = sandbox.member_session(account_id)
    assert member.client("sts").get_caller_identity()["Account"] == account_id
