"""Answers that are whole and still not what AWS's model says: an error of ours, never a bug."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from builders_aws import MANAGEMENT_ID, ManualClock, scripted_sessions
from builders_reconcile import application

from aft.aws.accounts import AwsAccountLookup, RecentlyTagged
from aft.aws.adapters import AwsManagementAccess
from aft.aws.attached_policies import read_attached
from aft.aws.session import AwsSessions
from aft.aws.snapshot import AwsOrganizationReader
from aft.aws.units import KnownUnits
from aft.errors import AftError, UnknownOutcome
from aft.providers.organizations.provider import OrganizationsProvider
from aft.values.ids import AccountId, RequestId

ROOT, UNIT, MEMBER = "r-abcd", "ou-abcd-11111111", AccountId("444455556666")
_ARN = f"arn:aws:organizations::{MANAGEMENT_ID}:account/o-x/{MEMBER}"
_ACCOUNT = {
    "Id": str(MEMBER),
    "Arn": _ARN,
    "Name": "shop",
    "Email": "shop@example.com",
    "State": "ACTIVE",
    "Status": "ACTIVE",
}
_POLICY = {"Id": "p-1", "Name": "deny", "Type": "SERVICE_CONTROL_POLICY", "AwsManaged": False}
_STATUS = {
    "Id": "car-1",
    "AccountName": "payments",
    "State": "SUCCEEDED",
    "AccountId": str(MEMBER),
    "RequestedTimestamp": 1767225600,
}
WHOLE: Mapping[str, dict[str, Any]] = {
    "DescribeOrganization": {"Organization": {"Id": "o-x", "MasterAccountId": MANAGEMENT_ID}},
    "ListRoots": {
        "Roots": [
            {
                "Id": ROOT,
                "Name": "Root",
                "PolicyTypes": [{"Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED"}],
            }
        ]
    },
    "ListOrganizationalUnitsForParent": {"OrganizationalUnits": [{"Id": UNIT, "Name": "Prod"}]},
    "ListAccountsForParent": {"Accounts": [_ACCOUNT]},
    "ListAccounts": {"Accounts": [_ACCOUNT]},
    "GetResources": {
        "ResourceTagMappingList": [{"ResourceARN": _ARN, "Tags": [{"Key": "a", "Value": "b"}]}]
    },
    "ListTagsForResource": {"Tags": [{"Key": "a", "Value": "b"}]},
    "ListParents": {"Parents": [{"Id": UNIT, "Type": "ORGANIZATIONAL_UNIT"}]},
    "DescribeOrganizationalUnit": {"OrganizationalUnit": {"Id": UNIT, "Name": "Prod"}},
    "DescribeAccount": {"Account": _ACCOUNT},
    "ListPolicies": {"Policies": [_POLICY]},
    "ListPoliciesForTarget": {"Policies": [_POLICY]},
    "DescribePolicy": {"Policy": {"PolicySummary": _POLICY, "Content": "{}"}},
    "ListTargetsForPolicy": {"Targets": [{"TargetId": UNIT}]},
    "CreateAccount": {"CreateAccountStatus": _STATUS},
    "DescribeCreateAccountStatus": {"CreateAccountStatus": _STATUS},
    "ListCreateAccountStatus": {"CreateAccountStatuses": [_STATUS]},
}


def oddities(value: Any, put: Callable[[Any], Any]) -> Iterator[Any]:
    """The answer with one part of it gone, empty, of another type or nonsense; at every place."""
    for odd in (None, 17, "nonsense", [], {}, [None], "\u0000"):
        if type(odd) is not type(value) or odd != value:
            yield put(odd)
    match value:
        case dict():
            for key, inner in value.items():
                yield put({other: it for other, it in value.items() if other != key})
                yield from oddities(inner, lambda odd, key=key: put({**value, key: odd}))
        case list():
            for index, inner in enumerate(value):

                def put_item(odd: Any, index: int = index) -> Any:
                    return put([*value[:index], odd, *value[index + 1 :]])

                yield from oddities(inner, put_item)


class Organization:
    """Says what ``WHOLE`` says, but ``odd`` to ``operation``. The sessions are made once."""

    def __init__(self) -> None:
        self.operation, self.odd = "", None
        self.sessions = scripted_sessions(self.talk, ManualClock())

    def says(self, operation: str, odd: Any) -> AwsSessions:
        self.operation, self.odd = operation, odd
        return self.sessions

    def talk(self, _: str, asked: str, parameters: Mapping[str, Any], __: str) -> Any:
        if asked == "ListOrganizationalUnitsForParent" and parameters["ParentId"] != ROOT:
            return {"OrganizationalUnits": []}
        if asked == "ListParents" and parameters["ChildId"] != MEMBER:
            return {"Parents": [{"Id": ROOT, "Type": "ROOT"}]}
        if asked == self.operation:
            return self.odd
        if asked == "ListAccountsForParent" and parameters["ParentId"] == ROOT:
            return {"Accounts": []}
        return copy.deepcopy(WHOLE[asked])


def read_all(sessions: AwsSessions) -> object:
    tagged = RecentlyTagged(ManualClock())
    return AwsOrganizationReader(sessions, known=KnownUnits(), tagged=tagged).read()


def read_part(sessions: AwsSessions) -> object:
    tagged = RecentlyTagged(ManualClock())
    reader = AwsOrganizationReader(sessions, known=KnownUnits(), tagged=tagged)
    return reader.read_scoped(
        account_ids=[MEMBER], request_ids=[RequestId("shop")], unit_paths=["Prod", UNIT]
    )


def create(sessions: AwsSessions) -> object:
    tagged = RecentlyTagged(ManualClock())
    return OrganizationsProvider(AwsManagementAccess(sessions, tagged=tagged)).begin(
        application("payments")
    )


def watch(sessions: AwsSessions) -> object:
    tagged = RecentlyTagged(ManualClock())
    provider = OrganizationsProvider(AwsManagementAccess(sessions, tagged=tagged))
    return provider.look("car-1"), provider.in_progress()


def look_up(sessions: AwsSessions) -> object:
    found = AwsAccountLookup(sessions, known=KnownUnits())
    return found.account(MEMBER), found.account_by_email("shop@example.com")


READS: Mapping[str, tuple[Callable[[AwsSessions], object], tuple[str, ...]]] = {
    "everything": (
        read_all,
        (
            *("DescribeOrganization", "ListRoots", "ListOrganizationalUnitsForParent"),
            *("ListAccountsForParent", "GetResources", "ListPolicies", "ListTargetsForPolicy"),
        ),
    ),
    "a part": (
        read_part,
        ("DescribeAccount", "GetResources", "ListParents", "DescribeOrganizationalUnit"),
    ),
    "attached policies": (
        lambda sessions: read_attached(sessions, MEMBER),
        ("ListParents", "ListPoliciesForTarget", "DescribePolicy", "ListRoots"),
    ),
    "a creation": (watch, ("DescribeCreateAccountStatus", "ListCreateAccountStatus")),
    "an account": (look_up, ("DescribeAccount", "ListAccounts", "ListTagsForResource")),
}


@pytest.mark.parametrize("what", READS)
def test_an_odd_answer_to_a_read_is_an_error_of_ours(what: str) -> None:
    read, operations = READS[what]
    aws = Organization()
    assert read(aws.says("", None))
    refused = 0
    for operation in operations:
        for odd in oddities(WHOLE[operation], lambda odd: odd):
            if odd is None or not isinstance(odd, dict):
                continue  # other suites look at documents that are no object
            try:
                read(aws.says(operation, odd))
            except AftError:
                refused += 1
    assert refused > 10


def test_an_odd_answer_to_create_account_is_in_doubt() -> None:
    """Also one whose words aft does not know: the account may well be there soon."""
    aws = Organization()
    for odd in oddities(WHOLE["CreateAccount"], lambda odd: odd):
        if not isinstance(odd, dict):
            continue
        with contextlib.suppress(UnknownOutcome):
            create(aws.says("CreateAccount", odd))
