"""What people, or other programs, wrote into the ledger's branch: the events count, and it is said.

A state without events is how an account that no one adopted is taken over; an output that no event
holds is how a value reaches another account's step.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from builders_git import BRANCH, Clone, bare, bound, clone_of, event, step

from aft.clock import SystemClock
from aft.git.ledger import layout
from aft.git.ledger.store import GitLedger
from aft.git.repository import Repository
from aft.ledger.events import EventKind, LedgerDamage, LedgerState

SHOP = "payments-prod"
STATE, LINE, CHAIN = LedgerDamage.STATE, LedgerDamage.LINE, LedgerDamage.CHAIN


def ledger(repository: Repository, cache: Path | None = None) -> GitLedger:
    """As a process of its own has it."""
    return GitLedger(repository, branch=BRANCH, clock=SystemClock(), environ={}, cache=cache)


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    clone = Clone(tmp_path / "clone")
    ledger(clone.repository).append(
        [
            bound(SHOP),
            step("network", subject=SHOP, second=1, outputs={"VpcId": "vpc-1"}),
            step("alias", subject=SHOP, second=2),
            bound("other", account_id="2" * 12),
        ]
    )
    return clone


def path_of(subject: str, name: bytes) -> str:
    return b"/".join((layout.subject_path(subject), name)).decode()


def edited(
    clone: Clone, name: bytes, change: Callable[[str], str], subject: str = SHOP
) -> LedgerState:
    """What a fresh process reads after somebody's edit."""
    clone.git("checkout", "-q", BRANCH)
    file = clone.path / path_of(subject, name)
    text = file.read_text() if file.exists() else ""
    clone.commit("by hand", files={path_of(subject, name): change(text)})
    clone.git("checkout", "-q", "--detach")
    return ledger(clone.repository).read()


def faults(state: LedgerState) -> list[tuple[str, LedgerDamage, int]]:
    return [(item.subject, item.damage, item.line) for item in state.faults]


def lines(change: Callable[[list[str]], list[str]]) -> Callable[[str], str]:
    return lambda text: "".join(f"{line}\n" for line in change(text.splitlines()))


def test_what_aft_wrote_is_sound(clone: Clone) -> None:
    assert ledger(clone.repository).read().faults == ()


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("vpc-1", "vpc-evil"),
        lambda text: text.replace("111122223333", "9" * 12),
        lambda text: text.replace('"digest":', '"digest":"x","was":'),
        lambda text: json.dumps({**json.loads(text), "forgotten": True}),
        lambda text: json.dumps({**json.loads(text), "version": 1}),
        lambda text: json.dumps({**json.loads(text), "version": 99, "account_id": "9" * 12}),
        lambda text: json.dumps({"version": 2, "subject": SHOP}),
        lambda _: "{",
        lambda _: "[" * 100_000,
    ],
)
def test_a_state_that_differs_is_not_believed(clone: Clone, change: Callable[[str], str]) -> None:
    before = ledger(clone.repository).read()
    after = edited(clone, layout.STATE, change)
    assert after.records == before.records
    assert after.record(SHOP).steps["setting/network"].outputs == {"VpcId": "vpc-1"}


@pytest.mark.parametrize("version", [2, 0])
def test_and_that_is_said(clone: Clone, version: int) -> None:
    def change(text: str) -> str:
        return json.dumps({**json.loads(text), "version": version, "account_id": "9" * 12})

    assert faults(edited(clone, layout.STATE, change)) == [(SHOP, STATE, 0)]


def test_a_state_without_events_binds_nothing(clone: Clone) -> None:
    state = json.dumps({"version": 2, "subject": "tools", "account_id": "9" * 12})
    after = edited(clone, layout.STATE, lambda _: state, subject="tools")
    assert after.record("tools").account_id is None
    assert faults(after) == [("tools", STATE, 0)]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda found: [*found, "nonsense"], [(LINE, 4)]),
        (lambda found: [found[0], "\0", *found[1:]], [(LINE, 2)]),
        (lambda found: [found[0], found[2]], [(CHAIN, 2), (STATE, 0)]),
        (lambda found: found[1:], [(CHAIN, 1), (STATE, 0)]),
        (lambda found: [found[0].replace("111122223333", "9" * 12), *found[1:]],
         [(CHAIN, 2), (STATE, 0)]),
    ],
)  # fmt: skip
def test_a_line_that_was_changed_removed_or_added(
    clone: Clone,
    change: Callable[[list[str]], list[str]],
    expected: list[tuple[LedgerDamage, int]],
) -> None:
    after = edited(clone, layout.EVENTS, lines(change))
    assert sorted(faults(after)) == sorted((SHOP, *fault) for fault in expected)
    assert after.record("other").account_id == "2" * 12


def test_the_next_event_corrects_the_copy_but_not_the_story(clone: Clone) -> None:
    edited(clone, layout.STATE, lambda text: text.replace("vpc-1", "vpc-evil"))
    ledger(clone.repository).append([step("more", subject=SHOP, second=3)])
    after = ledger(clone.repository).read()
    assert after.faults == ()
    assert after.record(SHOP).steps["setting/network"].outputs == {"VpcId": "vpc-1"}


def test_what_is_wrong_is_said_by_every_process_also_with_a_cache(
    clone: Clone, tmp_path: Path
) -> None:
    cache = tmp_path / "kept"
    ledger(clone.repository, cache).read()
    edited(clone, layout.STATE, lambda text: text.replace("vpc-1", "vpc-evil"))
    for _ in range(2):
        store = ledger(clone.repository, cache)
        assert faults(store.read()) == faults(store.read()) == [(SHOP, STATE, 0)]


def test_a_binding_that_was_left_out_breaks_no_chain(tmp_path: Path) -> None:
    """Two runs bind the same account at once; what one did after its own binding follows the
    other's."""
    hosted = bare(tmp_path / "served" / "repo.git")
    one, two = (
        GitLedger(
            clone_of(hosted, tmp_path / name).repository,
            branch=BRANCH,
            remote="origin",
            clock=SystemClock(),
            environ={},
        )
        for name in ("one", "two")
    )
    two.read()
    one.append([bound(SHOP, run="one")], durable=True)
    two.append([bound(SHOP, second=1, run="two")])
    two.append([step("network", subject=SHOP, second=2, run="two")])
    two.append([step("alias", subject=SHOP, second=3, run="two")])
    two.publish()
    story = [item.kind for item in one.events(SHOP)] if one.read() else []
    assert story == [EventKind.BOUND, EventKind.STEP_DONE, EventKind.STEP_DONE]
    assert one.read().faults == ()
    two.append([step("alias", "e", subject=SHOP, second=4, run="two")], durable=True)
    assert one.read().faults == ()
    assert len(one.events(SHOP)) == 4


def test_events_of_before_there_were_digests_are_sound(clone: Clone) -> None:
    def change(found: list[str]) -> list[str]:
        return [
            json.dumps({key: value for key, value in json.loads(line).items() if key != "previous"})
            for line in found
        ]

    assert edited(clone, layout.EVENTS, lines(change)).faults == ()
    ledger(clone.repository).append([event(SHOP, EventKind.FORGOTTEN, second=9)])
    after = ledger(clone.repository).read()
    assert after.faults == ()
    assert SHOP not in after.records
