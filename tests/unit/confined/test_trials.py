"""What comes alone, a review, an issue, a story of the ledger, is tried where it can do no harm."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from builders_confined import ENDS, HOSTILE_TRIALS
from builders_git import BRANCH, Clone, bound, step
from builders_plan import account, snapshot

from aft.app.review_files import read_previews, read_reviewed
from aft.app.trials import Trials
from aft.app.works import CONFINEMENT
from aft.clock import SystemClock
from aft.confined.answers import Answers
from aft.confined.confinement import Confinement
from aft.desired.issue_form import FormChoices
from aft.errors import UserError
from aft.git.ledger import layout
from aft.git.ledger.snapshots import LARGEST, GitSnapshots
from aft.git.ledger.store import GitLedger
from aft.ledger.events import LedgerDamage
from aft.plan.reviewed import NOTHING_REVIEWED, reviewed_to_json
from aft.policy_language.policy_types import SCP

CHOICES = FormChoices(units=("Sandbox",), baselines={"standard": "The usual"}, needs_email=True)
SHOP = "payments-prod"


@pytest.fixture
def confinement() -> Iterator[Confinement]:
    confinement = Confinement(HOSTILE_TRIALS)
    yield confinement
    confinement.close()


@pytest.fixture
def hostile(confinement: Confinement) -> Trials:
    return Trials(Answers(confinement))


def test_what_ends_its_reader_is_not_read(hostile: Trials) -> None:
    end = "RAISE"
    said = [
        hostile.reviewed(end),
        hostile.previews(end),
        hostile.issue(end, CHOICES),
        hostile.policy("p.json", SCP, end.encode(), {SCP: {"size": 1}}),
        hostile.story(SHOP, {layout.EVENTS: b"{}\n", b"odd \xff": end.encode()}),
        hostile.published("units.json", end.encode()),
    ]
    assert said == ["the process that read it failed"] * len(said)


@pytest.mark.parametrize("end", ENDS)
def test_and_what_comes_behind_is_read(hostile: Trials, end: str) -> None:
    assert hostile.reviewed(end)
    assert hostile.reviewed("{}") == ""


def test_odd_texts_are_left_to_their_readers() -> None:
    """No one says that they take too much: they are only wrong, which their reader says."""
    ours = Trials(Answers(CONFINEMENT))
    for text in (
        "",
        "{",
        "[" * 5_000,
        '{"format": 9}',
        "\ud800",
        reviewed_to_json(NOTHING_REVIEWED),
    ):
        content = text.encode("utf-8", "surrogatepass")
        assert ours.reviewed(text) == ours.previews(text) == ours.issue(text, CHOICES) == ""
        assert ours.policy("p.json", SCP, content, None) == ""
        assert ours.story(SHOP, {layout.EVENTS: content, layout.STATE: content}) == ""
        for name in ("units.json", "accounts/01.json", "objects/x.json", "elsewhere"):
            assert ours.published(name, content) == ""


def test_a_review_that_fills_the_memory() -> None:
    """Five million empty changes in 15 MB, which a reader holds in 300 MB and more."""
    text = '{"format":2,"plan":"","revision":"","changes":[' + "{}," * 5_000_000 + "{}]}"
    with pytest.raises(UserError, match="the reviewed plan is not read: it takes more than"):
        read_reviewed(text)
    assert read_reviewed(reviewed_to_json(NOTHING_REVIEWED)) == NOTHING_REVIEWED
    with pytest.raises(UserError, match="these are not previews"):
        read_previews("{}")


def ledger(clone: Clone, hostile: Trials) -> GitLedger:
    return GitLedger(
        clone.repository, branch=BRANCH, clock=SystemClock(), environ={}, tries=hostile.story
    )


def edited(clone: Clone, name: bytes, text: str) -> None:
    path = b"/".join((layout.subject_path(SHOP), name)).decode()
    clone.git("checkout", "-q", BRANCH)
    clone.commit("by hand", files={path: text})
    clone.git("checkout", "-q", "--detach")


@pytest.mark.parametrize("name", [layout.EVENTS, layout.STATE, b"events.0001.jsonl", b"more"])
def test_a_story_that_ends_its_reader_counts_for_nothing(
    tmp_path: Path, hostile: Trials, confinement: Confinement, name: bytes
) -> None:
    clone = Clone(tmp_path / "clone")
    ledger(clone, hostile).append([bound(SHOP), bound("other", account_id="2" * 12)])
    edited(clone, name, "CRASH" + " " * 70_000)
    found = ledger(clone, hostile).read()
    assert set(found.records) == {"other"}
    assert [(item.subject, item.damage) for item in found.faults] == [(SHOP, LedgerDamage.SIZE)]
    assert confinement.starts == 1


def test_a_file_larger_than_aft_writes_is_not_even_taken_out(
    tmp_path: Path, hostile: Trials
) -> None:
    clone = Clone(tmp_path / "clone")
    ledger(clone, hostile).append([bound(SHOP)])
    edited(clone, layout.EVENTS, " " * (layout.LARGEST + 1))
    store = ledger(clone, hostile)
    found = store.read()
    assert not found.records
    assert [item.damage for item in found.faults] == [LedgerDamage.SIZE]
    with pytest.raises(UserError, match=f"files of {SHOP} are too large"):
        store.events(SHOP)
    with pytest.raises(UserError, match=f"files of {SHOP} are too large"):
        store.append([step("network", subject=SHOP, second=1)])


def test_a_long_story_of_our_own_is_read(tmp_path: Path, hostile: Trials) -> None:
    clone = Clone(tmp_path / "clone")
    outputs = {"text": "x" * 70_000}
    ledger(clone, hostile).append([bound(SHOP), step("a", subject=SHOP, second=1, outputs=outputs)])
    found = ledger(clone, hostile).read()
    assert found.faults == ()
    assert found.record(SHOP).steps["setting/a"].outputs == outputs


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("units.json", "CRASH" + " " * 70_000, "units.json: "),
        ("accounts/77.json", json.dumps(["RAISE", "x" * 70_000]), "accounts/77.json: "),
        ("policies.json", " " * (LARGEST + 1), f"policies.json .* over {LARGEST:,} bytes"),
    ],
)
def test_a_published_organization_that_ends_its_reader(
    tmp_path: Path, hostile: Trials, name: str, text: str, words: str
) -> None:
    clone = Clone(tmp_path / "clone")
    store = GitSnapshots(
        clone.repository,
        branch=BRANCH,
        clock=SystemClock(),
        environ={},
        tries=hostile.published,
    )
    read = snapshot(accounts=[account(1, "shop")])
    store.publish(read)
    assert store.published() == read
    clone.git("checkout", "-q", BRANCH)
    clone.commit("by hand", files={f"snapshot/{name}": text})
    clone.git("checkout", "-q", "--detach")
    with pytest.raises(UserError, match=words):
        store.published()
