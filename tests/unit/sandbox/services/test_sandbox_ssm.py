from __future__ import annotations

import pytest
from builders_sandbox import message, refusal


def put(ssm, name="/aft/x", value="1", **more):
    return ssm.put_parameter(Name=name, Value=value, Type=more.pop("Type", "String"), **more)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("aft/x", "ValidationException"),
        ("/aft/a b", "ValidationException"),
        ("/aft//x", "ValidationException"),
        ("/aft/x/", "ValidationException"),
        ("/ssm/x", "ValidationException"),
        ("/aws/x", "AccessDeniedException"),
        ("/" + "a" * 1011, "ValidationException"),
        ("/" + "/".join("a" * 16), "HierarchyLevelLimitExceededException"),
    ],
)
def test_a_name_aws_would_refuse_is_refused(client, name, code):
    ssm = client("ssm")
    assert refusal(ssm.put_parameter, Name=name, Value="1", Type="String")[0] == code
    assert ssm.describe_parameters()["Parameters"] == []


def test_fifteen_levels_are_fine(client):
    name = "/" + "/".join("a" * 15)
    put(client("ssm"), name)
    assert client("ssm").get_parameter(Name=name)["Parameter"]["Value"] == "1"


def test_a_standard_value_ends_at_four_kilobytes(client):
    ssm = client("ssm")
    put(ssm, value="x" * 4096)
    assert "4096 characters" in message(
        ssm.put_parameter, Name="/aft/y", Value="x" * 4097, Type="String"
    )
    advanced = put(ssm, "/aft/z", "x" * 4097, Tier="Advanced")
    assert advanced["Tier"] == "Advanced"
    assert put(ssm, "/aft/i", "x" * 4097, Tier="Intelligent-Tiering")["Tier"] == "Advanced"
    refused = refusal(
        ssm.put_parameter, Name="/aft/w", Value="x" * 8193, Type="String", Tier="Advanced"
    )
    assert refused[0] == "ValidationException"


def test_overwriting_must_be_asked_for_and_keeps_the_type(client):
    ssm = client("ssm")
    put(ssm)
    again = {"Name": "/aft/x", "Value": "2", "Type": "String"}
    assert refusal(ssm.put_parameter, **again)[0] == "ParameterAlreadyExists"
    assert ssm.put_parameter(**again, Overwrite=True)["Version"] == 2
    other = {**again, "Type": "SecureString", "Overwrite": True}
    assert refusal(ssm.put_parameter, **other)[0] == "HierarchyTypeMismatchException"
    tagged = {**again, "Overwrite": True, "Tags": [{"Key": "a", "Value": "b"}]}
    assert refusal(ssm.put_parameter, **tagged)[0] == "ValidationException"
    assert ssm.get_parameter(Name="/aft/x")["Parameter"]["Value"] == "2"


def test_an_allowed_pattern_is_enforced(client):
    ssm = client("ssm")
    pattern = {"Type": "String", "AllowedPattern": r"^\d+$"}
    assert refusal(ssm.put_parameter, Name="/aft/n", Value="x", **pattern)[0] == (
        "ParameterPatternMismatchException"
    )
    put(ssm, "/aft/n", "12", AllowedPattern=r"^\d+$")
    assert ssm.get_parameter(Name="/aft/n")["Parameter"]["Value"] == "12"


def test_reading_by_path_gives_ten_a_page(client):
    ssm = client("ssm")
    for number in range(23):
        put(ssm, f"/aft/many/n{number:02}")
    page = ssm.get_parameters_by_path(Path="/aft/many")
    assert (len(page["Parameters"]), "NextToken" in page) == (10, True)
    pages = ssm.get_paginator("get_parameters_by_path").paginate(Path="/aft/many")
    assert sum(len(p["Parameters"]) for p in pages) == 23
    assert refusal(ssm.get_parameters_by_path, Path="/aft", MaxResults=11)[0] == (
        "ValidationException"
    )
    assert refusal(ssm.get_parameters_by_path, Path="aft")[0] == "ValidationException"


def test_ten_names_a_call(client):
    ssm = client("ssm")
    names = [f"/aft/d{number}" for number in range(11)]
    for name in names:
        put(ssm, name)
    assert refusal(ssm.delete_parameters, Names=names)[0] == "ValidationException"
    assert refusal(ssm.get_parameters, Names=names)[0] == "ValidationException"
    answer = ssm.delete_parameters(Names=[*names[:9], "/aft/none"])
    assert sorted(answer["DeletedParameters"]) == sorted(names[:9])
    assert answer["InvalidParameters"] == ["/aft/none"]


def test_the_account_wide_public_access_block_belongs_to_one_account(members):
    control = members.client("s3control")
    read = control.get_public_access_block
    assert refusal(read, AccountId=members.first)[0] == "NoSuchPublicAccessBlockConfiguration"
    control.put_public_access_block(
        AccountId=members.first, PublicAccessBlockConfiguration={"BlockPublicAcls": True}
    )
    assert read(AccountId=members.first)["PublicAccessBlockConfiguration"] == {
        "BlockPublicAcls": True,
        "BlockPublicPolicy": False,
        "IgnorePublicAcls": False,
        "RestrictPublicBuckets": False,
    }
    assert refusal(read, AccountId=members.second)[0] == "AccessDenied"
    assert refusal(read, AccountId="12")[0] == "InvalidRequest"
    other = members.client("s3control", account=members.second)
    assert refusal(other.get_public_access_block, AccountId=members.second)[0] == (
        "NoSuchPublicAccessBlockConfiguration"
    )
