"""Organizations that change while they are read, and states of accounts, word for word."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from builders_aws import MANAGEMENT_ID, Answer, ManualClock, scripted_sessions

from aft.aws.accounts import state_of
from aft.aws.snapshot import AwsOrganizationReader
from aft.aws.tags import SHOWN_WITHIN, RecentlyTagged
from aft.aws.units import KnownUnits
from aft.errors import Terminal
from aft.organization.model import AccountState, OrganizationSnapshot
from aft.values.ids import AccountId, OrgUnitPath

ROOT, ONE, TWO = "r-abcd", "ou-abcd-11111111", "ou-abcd-22222222"
MOVING, GONE = "444455556666", "777788889999"


def read(lists: Mapping[str, list[str]], *, now_in: str) -> OrganizationSnapshot:
    """An organization of two OUs whose account lists are ``lists`` and where ``MOVING`` is
    ``now_in``; the tagging API shows it, and an account that has left."""

    def account(account_id: str) -> Mapping[str, str]:
        return {"Id": account_id, "Name": "n", "Email": "e@example.com", "State": "ACTIVE"}

    def mapping(account_id: str) -> Mapping[str, Any]:
        arn = f"arn:aws:organizations::{MANAGEMENT_ID}:account/o-x/{account_id}"
        return {"ResourceARN": arn, "Tags": [{"Key": "team", "Value": "pay"}]}

    def talk(_: str, operation: str, parameters: Mapping[str, Any], __: str) -> Mapping[str, Any]:
        match operation:
            case "DescribeOrganization":
                return {"Organization": {"Id": "o-x", "MasterAccountId": MANAGEMENT_ID}}
            case "ListRoots":
                return {"Roots": [{"Id": ROOT, "Name": "Root", "PolicyTypes": []}]}
            case "ListOrganizationalUnitsForParent":
                below = [{"Id": ONE, "Name": "One"}, {"Id": TWO, "Name": "Two"}]
                return {"OrganizationalUnits": below if parameters["ParentId"] == ROOT else []}
            case "ListAccountsForParent":
                return {"Accounts": [account(i) for i in lists.get(parameters["ParentId"], [])]}
            case "GetResources":
                return {"ResourceTagMappingList": [mapping(MOVING), mapping(GONE)]}
            case "ListParents":
                return {"Parents": [{"Id": now_in, "Type": "ORGANIZATIONAL_UNIT"}]}
            case "DescribeAccount":
                if parameters["AccountId"] == GONE:
                    raise Answer("AccountNotFoundException")
                return {"Account": account(parameters["AccountId"])}
            case _:
                raise AssertionError(f"{operation} is not expected")

    clock = ManualClock()
    sessions = scripted_sessions(talk, clock)
    return AwsOrganizationReader(sessions, known=KnownUnits(), tagged=RecentlyTagged(clock)).read()


@pytest.mark.parametrize(
    "lists",
    [{ONE: [MOVING], TWO: [MOVING]}, {ONE: [], TWO: []}],
    ids=["listed in both OUs", "listed in neither"],
)
def test_an_account_that_moves_during_the_walk_is_there_once_and_where_it_is(
    lists: Mapping[str, list[str]],
) -> None:
    snapshot = read(lists, now_in=TWO)
    (account,) = snapshot.accounts
    assert account.id == MOVING
    assert account.ou == OrgUnitPath(("Two",))
    assert account.parent_id == TWO
    assert account.tags == {"team": "pay"}


def test_state_comes_before_the_retired_status() -> None:
    assert state_of({"State": "CLOSED", "Status": "SUSPENDED"}) is AccountState.CLOSED
    assert state_of({"Status": "PENDING_CLOSURE"}) is AccountState.PENDING_CLOSURE
    with pytest.raises(Terminal, match="'FROZEN'"):
        state_of({"Id": MOVING, "State": "FROZEN"})


def test_accounts_tagged_lately_are_forgotten_in_time() -> None:
    clock = ManualClock()
    tagged = RecentlyTagged(clock)
    tagged.add(AccountId(MOVING))
    tagged.add(AccountId(GONE), at=clock.now() - SHOWN_WITHIN)
    assert tagged.accounts == {MOVING}
    clock.sleep(SHOWN_WITHIN.total_seconds())
    assert tagged.accounts == frozenset()
