from __future__ import annotations

import pytest
from builders_sandbox import assumed, create, refusal

CONTACT = {
    "AlternateContactType": "SECURITY",
    "Name": "Ada Lovelace",
    "Title": "CISO",
    "EmailAddress": "security@example.com",
    "PhoneNumber": "+49 30 1234",
}


@pytest.fixture
def account(client):
    return client("account")


def test_renaming_shows_everywhere(org, account):
    account_id = create(org, "before")
    account.put_account_name(AccountId=account_id, AccountName="after")
    assert account.get_account_information(AccountId=account_id)["AccountName"] == "after"
    assert org.describe_account(AccountId=account_id)["Account"]["Name"] == "after"
    for name in ("x" * 51, "less<more"):
        call = {"AccountId": account_id, "AccountName": name}
        assert refusal(account.put_account_name, **call)[0] == "ValidationException"


def test_contacts_are_kept_per_account_and_kind(sandbox, org, account):
    first, second = create(org, "first"), create(org, "second")
    account.put_alternate_contact(AccountId=first, **CONTACT)
    ask = {"AlternateContactType": "SECURITY"}
    found = account.get_alternate_contact(AccountId=first, **ask)["AlternateContact"]
    assert found == CONTACT
    inside = assumed(sandbox, first, "account")
    assert inside.get_alternate_contact(**ask)["AlternateContact"] == CONTACT
    missing = "ResourceNotFoundException"
    assert refusal(account.get_alternate_contact, AccountId=second, **ask)[0] == missing
    account.delete_alternate_contact(AccountId=first, **ask)
    assert refusal(account.delete_alternate_contact, AccountId=first, **ask)[0] == missing


@pytest.mark.parametrize(
    "change",
    [
        {"Title": "x" * 51},
        {"Name": "x" * 65},
        {"PhoneNumber": "call me"},
        {"PhoneNumber": "1" * 26},
        {"EmailAddress": "nobody"},
        {"AlternateContactType": "LEGAL"},
    ],
)
def test_contact_limits(account, change):
    found = refusal(account.put_alternate_contact, **{**CONTACT, **change})
    assert found[0] == "ValidationException"


def test_who_may_name_an_account(sandbox, org, account):
    first, second = create(org, "first"), create(org, "second")
    inside = assumed(sandbox, first, "account")
    ask = {"AlternateContactType": "SECURITY"}
    denied = "AccessDeniedException"
    for caller, wanted in (
        (inside, second),
        (account, "123456789012"),
        (account, sandbox.management_account_id),
    ):
        found = refusal(caller.get_alternate_contact, AccountId=wanted, **ask)
        assert found[0] == denied
    org.register_delegated_administrator(AccountId=first, ServicePrincipal="account.amazonaws.com")
    inside.put_alternate_contact(AccountId=second, **CONTACT)
    org.disable_aws_service_access(ServicePrincipal="account.amazonaws.com")
    assert refusal(account.put_alternate_contact, AccountId=second, **CONTACT)[0] == denied


def test_regions_are_opted_in_to_over_time(sandbox, org, account):
    sandbox.configure(region_opt_seconds=300.0)
    account_id = create(org, "global")
    ask = {"AccountId": account_id, "RegionName": "eu-south-1"}
    assert account.get_region_opt_status(**ask)["RegionOptStatus"] == "DISABLED"
    ssm = assumed(sandbox, account_id, "ssm", "eu-south-1")
    assert refusal(ssm.describe_parameters)[0] == "UnrecognizedClientException"
    account.enable_region(**ask)
    assert account.get_region_opt_status(**ask)["RegionOptStatus"] == "ENABLING"
    assert refusal(account.disable_region, **ask)[0] == "ConflictException"
    assert refusal(ssm.describe_parameters)[0] == "UnrecognizedClientException"
    sandbox.clock.sleep(301)
    assert account.get_region_opt_status(**ask)["RegionOptStatus"] == "ENABLED"
    ssm.describe_parameters()
    enabled = account.list_regions(AccountId=account_id, RegionOptStatusContains=["ENABLED"])
    assert [item["RegionName"] for item in enabled["Regions"]] == ["eu-south-1"]
    by_default = {**ask, "RegionName": "us-east-1"}
    assert account.get_region_opt_status(**by_default)["RegionOptStatus"] == "ENABLED_BY_DEFAULT"
    assert refusal(account.disable_region, **by_default)[0] == "ValidationException"
    unknown = {**ask, "RegionName": "eu-nowhere-9"}
    assert refusal(account.enable_region, **unknown)[0] == "ValidationException"


def test_six_region_changes_at_a_time(sandbox, org, account):
    sandbox.configure(region_opt_seconds=300.0)
    account_id = create(org, "global")
    disabled = account.list_regions(AccountId=account_id, RegionOptStatusContains=["DISABLED"])
    names = [item["RegionName"] for item in disabled["Regions"]]
    for name in names[:6]:
        account.enable_region(AccountId=account_id, RegionName=name)
    call = {"AccountId": account_id, "RegionName": names[6]}
    assert refusal(account.enable_region, **call)[0] == "TooManyRequestsException"
    sandbox.clock.sleep(301)
    account.enable_region(**call)


def test_regions_come_in_pages(account):
    pages = list(account.get_paginator("list_regions").paginate(PaginationConfig={"PageSize": 10}))
    names = [item["RegionName"] for page in pages for item in page["Regions"]]
    assert names == sorted(set(names))
    assert [len(page["Regions"]) for page in pages][:3] == [10, 10, 10]


def test_the_root_e_mail_changes_with_a_code(org, account):
    account_id = create(org, "owner")
    new = {"AccountId": account_id, "PrimaryEmail": "new@example.com"}
    taken = {**new, "PrimaryEmail": "Management@example.com"}
    assert refusal(account.start_primary_email_update, **taken)[0] == "ConflictException"
    assert account.start_primary_email_update(**new)["Status"] == "PENDING"
    assert account.get_primary_email(AccountId=account_id)["PrimaryEmail"].startswith("aws+owner")
    wrong = refusal(account.accept_primary_email_update, **new, Otp="000000")
    assert wrong[0] == "ValidationException"
    account.accept_primary_email_update(**new, Otp="123456")
    assert org.describe_account(AccountId=account_id)["Account"]["Email"] == "new@example.com"
    assert create(org, "owner2", Email="aws+owner@example.com")
