from __future__ import annotations

import pytest
from builders_sandbox import create, refusal

from aft.sandbox import AccountSpec

ACCOUNTS = {"ResourceTypeFilters": ["organizations:account"]}


@pytest.fixture
def tagging(client):
    return client("resourcegroupstaggingapi", region_name="us-east-1")


def test_a_hundred_accounts_to_a_page(sandbox, org, tagging):
    ids = sandbox.seed_accounts(
        AccountSpec(name=f"a{n}", email=f"aws+{n}@example.com", tags={"n": str(n)})
        for n in range(120)
    )
    sandbox.seed_accounts([AccountSpec(name="bare", email="bare@example.com")])
    pages = list(tagging.get_paginator("get_resources").paginate(**ACCOUNTS))
    assert [len(page["ResourceTagMappingList"]) for page in pages] == [100, 20]
    found = [item for page in pages for item in page["ResourceTagMappingList"]]
    assert [item["ResourceARN"].rsplit("/", 1)[1] for item in found] == list(ids)
    assert found[7]["Tags"] == [{"Key": "n", "Value": "7"}]
    arn = org.describe_account(AccountId=ids[7])["Account"]["Arn"]
    assert found[7]["ResourceARN"] == arn


def test_filters(sandbox, tagging):
    sandbox.seed_accounts(
        AccountSpec(name=f"a{n}", email=f"aws+{n}@example.com", tags={"team": team, "n": str(n)})
        for n, team in enumerate(["red", "blue", "red", "green"])
    )

    def found(*filters):
        answer = tagging.get_resources(**ACCOUNTS, TagFilters=list(filters))
        return sorted(
            tag["Value"]
            for item in answer["ResourceTagMappingList"]
            for tag in item["Tags"]
            if tag["Key"] == "n"
        )

    assert found({"Key": "team", "Values": ["red"]}) == ["0", "2"]
    assert found({"Key": "team", "Values": ["red", "green"]}) == ["0", "2", "3"]
    assert found({"Key": "team"}, {"Key": "n", "Values": ["1"]}) == ["1"]
    assert found({"Key": "absent"}) == []


def test_only_in_us_east_1_and_for_the_management_account(sandbox, org, client):
    account_id = create(org, "tagged", Tags=[{"Key": "k", "Value": "v"}])
    elsewhere = client("resourcegroupstaggingapi", region_name="eu-central-1")
    assert elsewhere.get_resources(**ACCOUNTS)["ResourceTagMappingList"] == []
    member = sandbox.member_session(account_id).client(
        "resourcegroupstaggingapi", region_name="us-east-1"
    )
    assert member.get_resources(**ACCOUNTS)["ResourceTagMappingList"] == []


def test_it_lags_behind_writes(sandbox, org, tagging):
    sandbox.configure(tagging_lag_seconds=15.0)
    account_id = create(org, "tagged", Tags=[{"Key": "k", "Value": "old"}])

    def seen():
        return tagging.get_resources(**ACCOUNTS)["ResourceTagMappingList"][0]["Tags"]

    org.tag_resource(ResourceId=account_id, Tags=[{"Key": "k", "Value": "new"}])
    assert org.list_tags_for_resource(ResourceId=account_id)["Tags"][0]["Value"] == "new"
    assert seen() == [{"Key": "k", "Value": "old"}]
    sandbox.clock.sleep(16)
    assert seen() == [{"Key": "k", "Value": "new"}]


def test_other_resources_are_left_to_their_service(client):
    client("ssm", region_name="us-east-1").put_parameter(
        Name="/tagged", Value="1", Type="String", Tags=[{"Key": "k", "Value": "v"}]
    )
    tagging = client("resourcegroupstaggingapi", region_name="us-east-1")
    found = tagging.get_resources(ResourceTypeFilters=["ssm"])["ResourceTagMappingList"]
    assert [item["ResourceARN"].rsplit("/", 1)[1] for item in found] == ["tagged"]


def test_a_bad_page_size(tagging):
    found = refusal(tagging.get_resources, **ACCOUNTS, ResourcesPerPage=101)
    assert found[0] == "InvalidParameterException"
