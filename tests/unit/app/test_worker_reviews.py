"""What a worker takes as reviewed: merging, only if the configuration said so before; else the
forge's record; else nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from builders_repo import CONFIG, Repo

from aft.app.apply.applying import Agreed
from aft.app.apply.reviewing import WorkerReviews, open_since
from aft.app.workspace import Workspace
from aft.engine.model import Consent
from aft.errors import UserError
from aft.ledger.events import ORGANIZATION, LedgerEvent
from aft.ledger.payloads import Payload, RunFinished, RunStarted
from aft.plan.reviewed import NOTHING_REVIEWED, Reviewed
from aft.values.ids import PlanDigest, Revision

BRANCH = f"{CONFIG}worker: {{review: branch}}\n"
SEEN = Reviewed(plan=PlanDigest(f"sha256:{'a' * 64}"), revision=Revision("b" * 40), changes=())
BY_MERGE = Agreed(consent=Consent.BRANCH)
NOTHING = Agreed(consent=Consent.REVIEW, reviewed=NOTHING_REVIEWED)


def event(payload: Payload, run: str, revision: str) -> LedgerEvent:
    return LedgerEvent(
        kind=payload.event,
        subject=ORGANIZATION,
        at=datetime(2026, 11, 30, tzinfo=UTC),
        run=run,
        actor="ada",
        revision=revision,
        data=payload.data,
    )


@pytest.fixture(scope="module")
def revisions(tmp_path_factory: pytest.TempPathFactory) -> tuple[WorkerReviews, str, str]:
    """A commit by whose configuration the forge decides, and a later one by the branch."""
    repo = Repo.create(tmp_path_factory.mktemp("reviews"))
    repo.write("aft.yaml", CONFIG)
    before = repo.commit("By the forge")
    repo.write("aft.yaml", BRANCH)
    after = repo.commit("Merging is the review")
    return WorkerReviews(workspace=Workspace.find(repo.root), review_of=None), before, after


@pytest.mark.parametrize(
    ("consent", "is_before", "expected"),
    [
        ("", False, BY_MERGE),
        (Consent.OPERATOR, False, BY_MERGE),
        (Consent.PLAN, False, BY_MERGE),
        (Consent.BRANCH, False, BY_MERGE),
        (Consent.OPERATOR, True, NOTHING),
        (Consent.BRANCH, True, NOTHING),
    ],
)
def test_that_merging_is_the_review_must_have_been_said_before(
    revisions: tuple[WorkerReviews, str, str],
    consent: str,
    is_before: bool,
    expected: Agreed,
) -> None:
    reviews, before, after = revisions
    began = RunStarted(command="worker", consent=consent)
    events = [event(began, "r1", before if is_before else after)] if consent else []
    assert reviews.agreed(Revision(after), "branch", events) == expected
    # A pass that held something because of it does not make the push its own review.
    events.append(event(RunStarted(consent=Consent.REVIEW), "r2", after))
    assert reviews.agreed(Revision(after), "branch", events) == expected


def test_a_ledger_of_before_consent_was_noted_is_believed(
    revisions: tuple[WorkerReviews, str, str],
) -> None:
    reviews, before, after = revisions
    events = [event(RunStarted(command="worker"), "r1", before)]
    assert reviews.agreed(Revision(after), "branch", events) == BY_MERGE


def test_the_forge_is_asked_for_what_is_not_carried_out_yet(
    revisions: tuple[WorkerReviews, str, str],
) -> None:
    reviews, before, after = revisions
    asked: list[tuple[str, str]] = []

    def review_of(revision: Revision, since: str) -> Reviewed:
        asked.append((revision, since))
        return SEEN

    events = [
        event(RunStarted(), "r1", before),
        event(RunFinished(succeeded=1, held=2), "r1", before),
        event(RunStarted(), "r2", after),
        event(RunFinished(failed=1), "r2", after),
    ]
    with_forge = replace(reviews, review_of=review_of)
    found = with_forge.agreed(Revision(after), "forge", events)
    assert found == Agreed(consent=Consent.REVIEW, reviewed=SEEN)
    assert asked == [(after, before)]
    with_forge.check("forge")


def test_a_worker_that_could_never_know_does_not_start(
    revisions: tuple[WorkerReviews, str, str],
) -> None:
    reviews = revisions[0]
    reviews.check("branch")
    with pytest.raises(UserError, match="no record of what was reviewed") as caught:
        reviews.check("forge")
    assert "review: branch" in caught.value.hint


@pytest.mark.parametrize(
    ("runs", "expected"),
    [
        ([], ""),
        ([("a", {}, {})], "a"),
        ([("a", {}, {}), ("b", {}, {"failed": 1}), ("c", {}, {"blocked": 1})], "a"),
        ([("a", {}, {}), ("b", {}, {"failed": 1}), ("c", {}, {"held": 1})], "c"),
        ([("a", {}, {}), ("b", {"scope": 2}, {})], "a"),
        ([("a", {}, {"stopped": 1})], ""),
    ],
)
def test_since_when_something_is_left_undone(
    runs: list[tuple[str, dict[str, int], dict[str, int]]], expected: str
) -> None:
    events = [
        it
        for revision, began, ended in runs
        for it in (
            event(RunStarted(**began), revision, revision),
            event(RunFinished(**ended), revision, revision),
        )
    ]
    assert open_since(events) == expected


def test_a_configuration_that_is_not_in_this_clone_permits_nothing(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path)
    repo.write("aft.yaml", BRANCH)
    tip = repo.commit("Begin")
    reviews = WorkerReviews(workspace=Workspace.find(repo.root), review_of=None)
    events = [event(RunStarted(consent=Consent.OPERATOR), "r1", "f" * 40)]
    assert reviews.agreed(Revision(tip), "branch", events) == NOTHING
