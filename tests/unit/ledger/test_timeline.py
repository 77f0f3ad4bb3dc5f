from __future__ import annotations

from datetime import timedelta

from builders_git import START, bound, event, intent, step

from aft.ledger.events import EventKind
from aft.ledger.timeline import CommitInfo, timeline


def commit(number: int, *, minutes: float, author: str = "Ada", committer: str = "") -> CommitInfo:
    at = START + timedelta(minutes=minutes)
    return CommitInfo(
        id=f"{number:040x}",
        author=author,
        author_email="ada@example.com",
        authored_at=at - timedelta(minutes=1) if committer else at,
        committer=committer or author,
        committed_at=at,
        subject=f"change {number}",
    )


def test_commits_and_events_become_one_story_oldest_first() -> None:
    newest_first = [commit(2, minutes=10), commit(1, minutes=0)]
    events = [intent(second=60), bound(second=120), step("network", second=1200)]
    told = timeline(newest_first, events)
    assert [entry.kind for entry in told] == ["commit", "intent", "bound", "commit", "step-done"]
    assert [entry.at for entry in told] == sorted(entry.at for entry in told)


def test_commits_of_the_same_second_keep_gits_order() -> None:
    newest_first = [commit(3, minutes=1), commit(2, minutes=1), commit(1, minutes=1)]
    told = timeline(newest_first, [])
    assert [entry.what for entry in told] == ["change 1", "change 2", "change 3"]


def test_a_commit_comes_before_what_was_done_in_the_same_second() -> None:
    told = timeline([commit(1, minutes=1)], [intent(second=60)])
    assert [entry.kind for entry in told] == ["commit", "intent"]


def test_the_ledgers_own_order_is_kept_where_clocks_disagree() -> None:
    events = [step("first", second=100), step("second", second=40, run="run-2")]
    told = timeline([], events)
    assert [entry.what for entry in told] == ["first done", "second done"]


def test_an_entry_says_who_what_and_from_where() -> None:
    done = event(
        kind=EventKind.STEP_DONE,
        account_id="111122223333",
        change="payments-prod:move-account",
        request_commit="c" * 40,
        plan_digest="sha256:1",
        aws_request_ids=("organizations:MoveAccount:abc",),
        summary="Move payments-prod to Workloads/Prod",
        data={"kind": "move-account"},
    )
    (entry,) = timeline([], [done])
    assert entry.who == "Ada Lovelace <ada@example.com>"
    assert entry.what == "Move payments-prod to Workloads/Prod"
    assert (entry.account_id, entry.commit, entry.run) == ("111122223333", "c" * 40, "run-1")
    assert entry.details["aws_request_ids"] == ["organizations:MoveAccount:abc"]
    assert entry.details["kind"] == "move-account"


def test_a_commit_merged_by_somebody_else_says_so() -> None:
    (entry,) = timeline([commit(1, minutes=1, committer="GitHub")], [])
    assert (entry.who, entry.what, entry.commit) == ("Ada", "change 1", f"{1:040x}")
    assert entry.details["committer"] == "GitHub"
    assert entry.at == START + timedelta(minutes=1)


def test_a_failure_without_a_summary_gives_its_reason() -> None:
    (entry,) = timeline([], [step("network", kind=EventKind.STEP_FAILED, reason="quota")])
    assert entry.what == "network failed: quota"
