from __future__ import annotations

import pytest
from builders_sandbox import create, refusal


@pytest.fixture
def root(org) -> str:
    return org.list_roots()["Roots"][0]["Id"]


def unit(org, parent: str, name: str) -> str:
    answer = org.create_organizational_unit(ParentId=parent, Name=name)
    return answer["OrganizationalUnit"]["Id"]


def test_siblings_need_different_names_and_cousins_do_not(org, root):
    first, second = unit(org, root, "A"), unit(org, root, "B")
    unit(org, first, "Prod")
    unit(org, second, "Prod")
    code, _ = refusal(org.create_organizational_unit, ParentId=root, Name="A")
    assert code == "DuplicateOrganizationalUnitException"
    code, _ = refusal(org.update_organizational_unit, OrganizationalUnitId=first, Name="B")
    assert code == "DuplicateOrganizationalUnitException"
    renamed = org.update_organizational_unit(OrganizationalUnitId=first, Name="Prod")
    assert renamed["OrganizationalUnit"]["Name"] == "Prod"


def test_five_levels_and_no_more(sandbox, org, root):
    parent, ids = root, [root]
    for level in range(5):
        parent = unit(org, parent, f"L{level}")
        ids.append(parent)
    assert refusal(org.create_organizational_unit, ParentId=parent, Name="L5") == (
        "ConstraintViolationException",
        "OU_DEPTH_LIMIT_EXCEEDED",
    )
    found = org.describe_organizational_unit(OrganizationalUnitId=parent)["OrganizationalUnit"]
    assert found["Path"] == "/".join([sandbox.organization_id, *ids]) + "/"


def test_only_an_empty_unit_can_be_deleted(org, root):
    outer = unit(org, root, "Outer")
    inner = unit(org, outer, "Inner")
    account_id = create(org, "inhabitant")
    org.move_account(AccountId=account_id, SourceParentId=root, DestinationParentId=inner)
    for occupied in (outer, inner):
        code, _ = refusal(org.delete_organizational_unit, OrganizationalUnitId=occupied)
        assert code == "OrganizationalUnitNotEmptyException"
    org.move_account(AccountId=account_id, SourceParentId=inner, DestinationParentId=root)
    org.delete_organizational_unit(OrganizationalUnitId=inner)
    org.delete_organizational_unit(OrganizationalUnitId=outer)
    assert org.list_organizational_units_for_parent(ParentId=root)["OrganizationalUnits"] == []


def test_what_does_not_exist_is_said_so(org, root):
    absent = f"ou-{root[2:]}-absent00"
    cases = [
        (org.create_organizational_unit, {"ParentId": absent, "Name": "x"}, "ParentNot"),
        (org.list_accounts_for_parent, {"ParentId": absent}, "ParentNot"),
        (org.list_organizational_units_for_parent, {"ParentId": absent}, "ParentNot"),
        (org.list_children, {"ParentId": absent, "ChildType": "ACCOUNT"}, "ParentNot"),
        (org.list_parents, {"ChildId": absent}, "ChildNot"),
        (
            org.describe_organizational_unit,
            {"OrganizationalUnitId": absent},
            "OrganizationalUnitNot",
        ),
        (org.delete_organizational_unit, {"OrganizationalUnitId": absent}, "OrganizationalUnitNot"),
        (org.list_tags_for_resource, {"ResourceId": absent}, "TargetNot"),
    ]
    for call, params, start in cases:
        assert refusal(call, **params)[0] == f"{start}FoundException"


def test_children_come_in_pages_of_each_kind(org, root):
    ids = [unit(org, root, f"U{number}") for number in range(23)]
    pages = list(
        org.get_paginator("list_children").paginate(
            ParentId=root, ChildType="ORGANIZATIONAL_UNIT", PaginationConfig={"PageSize": 10}
        )
    )
    assert [len(page["Children"]) for page in pages] == [10, 10, 3]
    assert [child["Id"] for page in pages for child in page["Children"]] == ids
    units = org.get_paginator("list_organizational_units_for_parent").paginate(ParentId=root)
    assert [len(page["OrganizationalUnits"]) for page in units] == [20, 3]


@pytest.mark.parametrize("kind", ["account", "unit", "root", "policy"])
def test_tag_rules(org, root, kind):
    policy = {
        "Content": '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"a:b",'
        '"Resource":"*"}]}',
        "Description": "",
        "Name": "n",
        "Type": "SERVICE_CONTROL_POLICY",
    }
    target = {
        "account": lambda: create(org, "tagged"),
        "unit": lambda: unit(org, root, "Tagged"),
        "root": lambda: root,
        "policy": lambda: org.create_policy(**policy)["Policy"]["PolicySummary"]["Id"],
    }[kind]()

    def tag(**tags: str):
        pairs = [{"Key": key, "Value": value} for key, value in tags.items()]
        return {"ResourceId": target, "Tags": pairs}

    org.tag_resource(**tag(**{f"k{n}": "" for n in range(50)}))
    assert refusal(org.tag_resource, **tag(extra="1")) == (
        "ConstraintViolationException",
        "MAX_TAG_LIMIT_EXCEEDED",
    )
    org.tag_resource(**tag(k0="new"))
    org.untag_resource(ResourceId=target, TagKeys=[f"k{n}" for n in range(1, 50)])
    assert org.list_tags_for_resource(ResourceId=target)["Tags"] == [{"Key": "k0", "Value": "new"}]
    bad = {
        "INVALID_SYSTEM_TAGS_PARAMETER": {"aws:x": "1"},
        "MAX_LENGTH_EXCEEDED": {"k": "v" * 257},
        "INVALID_PATTERN": {"k{}": "v"},
    }
    for reason, tags in bad.items():
        assert refusal(org.tag_resource, **tag(**tags)) == ("InvalidInputException", reason)
    twice = [{"Key": "k", "Value": "1"}, {"Key": "k", "Value": "2"}]
    assert refusal(org.tag_resource, ResourceId=target, Tags=twice) == (
        "InvalidInputException",
        "DUPLICATE_TAG_KEY",
    )
