"""AWS does what it was asked for, and the answer is lost, or cut so that nobody can read it:
nothing is done twice, nothing fails."""

from __future__ import annotations

from itertools import count
from pathlib import Path

import pytest
from builders_faults import Morning, Report, apply, assert_ledger_is_sound, intents_are_settled

from aft.sandbox import Action, Rule, cut_reply, lost_reply

LANES = 6
LOSSES = {"lost": lost_reply(), "cut": cut_reply(0.6)}


@pytest.fixture(scope="module")
def morning(tmp_path_factory: pytest.TempPathFactory) -> Morning:
    return Morning.begin(tmp_path_factory.mktemp("morning"))


@pytest.fixture(scope="module")
def undisturbed(morning: Morning, tmp_path_factory: pytest.TempPathFactory) -> Report:
    return apply(morning.copy(tmp_path_factory.mktemp("undisturbed")))


def assert_as_if_nothing_was_lost(found: Report, undisturbed: Report, what: str) -> None:
    assert found.outcome.exit_code == 0, (what, found.outcome)
    assert found.creations == undisturbed.creations, what
    assert found.accounts == undisturbed.accounts, what
    assert found.units == undisturbed.units, what
    assert found.changes_left == (), what
    assert intents_are_settled(found.ledger), what
    for name, inside in undisturbed.inside.items():
        assert found.inside[name]["stacks"] == inside["stacks"], what
        assert found.inside[name]["vpcs"] == [], what
        assert found.inside[name]["parameters"].keys() == inside["parameters"].keys(), what


GROUPS = (
    ("CreateAccount", "MoveAccount", "CreateChangeSet", "DeleteVpc", "PutParameter"),
    (
        *("CreateOrganizationalUnit", "CreateAccountAlias", "UpdateAccountPasswordPolicy"),
        *("ExecuteChangeSet", "DetachInternetGateway", "DescribeCreateAccountStatus", "AssumeRole"),
    ),
)
"""Together: each operation that changes something, and what is asked on the way to it."""
READS = ("ListRoots", "ListAccountsForParent", "DescribeOrganization", "GetResources", "Describe*")


@pytest.mark.parametrize(
    ("operations", "loss"),
    [
        *((group, LOSSES["lost"]) for group in GROUPS),
        ((*READS, *(name for group in GROUPS for name in group)), LOSSES["cut"]),
    ],
    ids=["some", "others", "cut"],
)
def test_the_first_answer_of_each_is_lost(
    morning: Morning,
    undisturbed: Report,
    tmp_path: Path,
    operations: tuple[str, ...],
    loss: Action,
) -> None:
    repo = morning.copy(tmp_path / "day")
    rules = [Rule("*", operation, loss, times=1) for operation in operations]
    assert_as_if_nothing_was_lost(apply(repo, rules=rules), undisturbed, str(operations))
    assert_ledger_is_sound(repo)


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES.keys())
def test_no_answer_of_create_account_ever_arrives(
    morning: Morning, undisturbed: Report, tmp_path: Path, loss: Action
) -> None:
    repo = morning.copy(tmp_path / "day")
    rules = [Rule("organizations", "CreateAccount", loss)]
    assert_as_if_nothing_was_lost(apply(repo, rules=rules), undisturbed, "all of them")


@pytest.mark.faults
@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES.keys())
@pytest.mark.parametrize("lane", range(LANES))
def test_every_single_answer_is_lost_once(
    morning: Morning, undisturbed: Report, tmp_path: Path, lane: int, loss: Action
) -> None:
    for at in count(lane, LANES):
        repo = morning.copy(tmp_path / "day")
        found = apply(repo, rules=[Rule("*", "*", loss, after=at, times=1)])
        assert_as_if_nothing_was_lost(found, undisturbed, f"call {at}")
        if at > found.calls_of_apply:
            return
