from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from builders_git import (
    BRANCH,
    START,
    Clone,
    bare,
    bound,
    clone_of,
    event,
    git,
    intent,
    step,
)
from fakes.clocks import SteppingClock
from git_server import serving
from waiting import PATIENCE

from aft.errors import Conflict, Denied, Transient, UserError
from aft.git.ledger import layout
from aft.git.ledger.store import GitLedger
from aft.git.ref_lock import past_lock
from aft.git.repository import Repository, open_repository
from aft.ledger.codec import decode_event, encode_record, line_digest
from aft.ledger.events import ORGANIZATION, EventKind, LedgerEvent
from aft.ledger.replay import replay
from aft.values.refs import Ref


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path / "clone")


@pytest.fixture
def hosted(tmp_path: Path) -> Path:
    return bare(tmp_path / "served" / "repo.git")


def ledger_of(
    repository: Repository, remote: str | None = None, *, adopts: bool = False
) -> GitLedger:
    return GitLedger(
        repository, branch=BRANCH, remote=remote, clock=SteppingClock(), environ={}, adopts=adopts
    )


def folder(subject: str) -> str:
    if subject == ORGANIZATION:
        return ORGANIZATION
    return f"accounts/{hashlib.sha256(subject.encode()).hexdigest()[:2]}/{subject}"


def show(where: Path, path: str, revision: str = BRANCH) -> str:
    return git(where, "show", f"{revision}:{path}")


def log(where: Path, form: str, revision: str = BRANCH) -> list[str]:
    return git(where, "log", "--reverse", f"--format={form}", revision).split("\n")


def consistent(where: Path, revision: str = BRANCH) -> dict[str, list[LedgerEvent]]:
    """Every subject's events; each ``state.json`` must be what they add up to."""
    stories: dict[str, list[LedgerEvent]] = {}
    names = git(where, "ls-tree", "-r", "--name-only", revision).split("\n")
    for name in sorted(names):
        if name.endswith(".jsonl"):
            subject = layout.subject_of(name.encode())
            assert subject is not None
            lines = show(where, name, revision).encode().split(b"\n")
            decoded = [decode_event(line) for line in lines]
            stories.setdefault(subject, []).extend(item for item in decoded if item)
    for subject, events in stories.items():
        state = show(where, f"{layout.subject_path(subject).decode()}/state.json", revision) + "\n"
        assert state.encode() == encode_record(subject, replay(events)), subject
    return stories


def committed(clone: Clone, path: str, content: str) -> None:
    """Change one file of the ledger by hand, as nobody should."""
    clone.git("checkout", "-q", BRANCH)
    clone.commit("by hand", files={path: content})
    clone.git("checkout", "-q", "--detach")


# --- what lies in git -------------------------------------------------------------------------


def test_the_layout_is_sharded_and_explains_itself(clone: Clone) -> None:
    ledger = ledger_of(clone.repository)
    ledger.append([bound(), event(ORGANIZATION, EventKind.RUN_STARTED)])
    names = clone.git("ls-tree", "-r", "--name-only", BRANCH).split("\n")
    assert sorted(names) == sorted(
        [
            "README.md",
            f"{folder('payments-prod')}/events.jsonl",
            f"{folder('payments-prod')}/state.json",
            "organization/events.jsonl",
            "organization/state.json",
        ]
    )
    assert "git log" in show(clone.path, "README.md")
    assert clone.git("fsck", "--strict", "--no-dangling") == ""


def test_each_subject_of_an_append_is_one_commit_with_trailers(clone: Clone) -> None:
    moved = event(
        account_id="111122223333",
        second=90,
        revision="a" * 40,
        request_commit="b" * 40,
        plan_digest="sha256:" + "c" * 64,
        aws_request_ids=("organizations:MoveAccount:r-1", "organizations:TagResource:r-2"),
        summary="move-account Workloads/Dev → Workloads/Prod",
        data={"kind": "move-account"},
    )
    ledger_of(clone.repository).append([moved, step("x", subject="other", second=91)])
    subjects = log(clone.path, "%s")
    assert subjects == [
        "payments-prod: move-account Workloads/Dev → Workloads/Prod",
        "other: x done",
    ]
    first = clone.git("rev-parse", f"{BRANCH}~1")
    trailers = clone.git("log", "-1", "--format=%(trailers:only,unfold)", first).split("\n")
    assert trailers == [
        "Aft-Subject: payments-prod",
        "Aft-Event: step-done",
        "Aft-Run: run-1",
        "Aft-Actor: Ada Lovelace <ada@example.com>",
        "Aft-Account: 111122223333",
        f"Aft-Revision: {'a' * 40}",
        f"Aft-Request-Commit: {'b' * 40}",
        f"Aft-Plan: sha256:{'c' * 64}",
        "Aft-Aws-Request: organizations:MoveAccount:r-1",
        "Aft-Aws-Request: organizations:TagResource:r-2",
    ]
    at = int((START + timedelta(seconds=90)).timestamp())
    assert clone.git("log", "-1", "--format=%an|%ae|%at|%cn|%ct", first) == (
        f"Ada Lovelace|ada@example.com|{at}|aft|{at}"
    )


def test_a_summary_cannot_write_trailers_or_lines_of_its_own(clone: Clone) -> None:
    nasty = event(
        summary="fine\n\nAft-Account: 999999999999\x1b[31m", actor="Eve\n<e@x> <<>>", run="r\nX: y"
    )
    ledger_of(clone.repository).append([nasty])
    trailers = clone.git("log", "-1", "--format=%(trailers:only,unfold)", BRANCH)
    assert "999999999999" not in trailers
    assert "\nX: y" not in trailers
    assert "\x1b" not in clone.git("log", "-1", "--format=%B", BRANCH)
    assert clone.git("fsck", "--strict", "--no-dangling") == ""


@pytest.mark.parametrize("actor", ["", "github:ada", "Ada <ada@x.y>", "Zoë \udcff", "<>", "a <b"])
def test_any_actor_makes_a_commit_git_accepts(clone: Clone, actor: str) -> None:
    ledger_of(clone.repository).append([event(actor=actor)])
    assert clone.git("fsck", "--strict", "--no-dangling") == ""


def test_several_events_of_one_append_are_listed(clone: Clone) -> None:
    ledger_of(clone.repository).append([step("one"), step("two", second=1)])
    assert clone.git("log", "-1", "--format=%B", BRANCH).split("\n")[:4] == [
        "payments-prod: two done",
        "",
        "- one done",
        "- two done",
    ]


def test_the_same_events_make_the_same_commits_anywhere(tmp_path: Path) -> None:
    events = [intent(), bound(second=1), step("x", subject="b")]
    made = [ledger_of(Clone(tmp_path / name).repository).append(events) for name in "ab"]
    assert made[0] == made[1]


def test_the_work_tree_and_the_index_are_left_alone(clone: Clone) -> None:
    head = clone.commit(files={"account-requests/a.yaml": "a"})
    clone.write("account-requests/a.yaml", "unsaved work")
    clone.write("staged.txt", "x")
    clone.git("add", "staged.txt")
    before = clone.git("status", "--porcelain")
    ledger_of(clone.repository).append([bound()])
    assert clone.git("status", "--porcelain") == before
    assert clone.git("rev-parse", "HEAD") == head
    assert clone.git("symbolic-ref", "HEAD") == "refs/heads/main"


def test_a_bare_repository_will_do(hosted: Path) -> None:
    ledger = ledger_of(open_repository(hosted))
    ledger.append([bound()])
    assert ledger.read().record("payments-prod").account_id == "111122223333"
    assert set(consistent(hosted)) == {"payments-prod"}


def test_a_long_story_is_set_aside_in_parts(clone: Clone) -> None:
    ledger = ledger_of(clone.repository)
    told = [step(f"step-{n}", second=n, note="x" * 60_000) for n in range(12)]
    for item in told:
        ledger.append([item])
    names = clone.git("ls-tree", "--name-only", f"{BRANCH}:{folder('payments-prod')}").split("\n")
    assert names == ["events.0001.jsonl", "events.0002.jsonl", "events.jsonl", "state.json"]
    sizes = [len(show(clone.path, f"{folder('payments-prod')}/{name}")) for name in names]
    assert max(sizes) <= layout.ROTATE_AT
    assert list(ledger.events("payments-prod")) == told
    assert len(ledger.read().record("payments-prod").steps) == 12
    consistent(clone.path)


def test_each_line_holds_the_digest_of_the_line_before_it(clone: Clone) -> None:
    ledger = ledger_of(clone.repository)
    told = [step(f"step-{n}", second=n, note="x" * 60_000) for n in range(6)]
    ledger.append(told[:2])
    for item in told[2:]:
        ledger.append([item])
    lines: list[bytes] = []
    for part in ("events.0001.jsonl", "events.jsonl"):
        lines += show(clone.path, f"{folder('payments-prod')}/{part}").encode().split(b"\n")
    before = [json.loads(line).get("previous", "") for line in lines]
    assert before == ["", *(line_digest(line) for line in lines[:-1])]
    assert [item.previous for item in ledger.events("payments-prod")] == before


def test_what_is_no_request_id_is_refused(clone: Clone) -> None:
    ledger = ledger_of(clone.repository)
    for subject in ("../evil", "A/b", "ou/", ".git", ""):
        with pytest.raises(UserError, match="cannot hold"):
            ledger.append([event(subject)])
    assert ledger.read().commit == ""


@pytest.mark.parametrize("key", ["Workloads/Prod", "..", ".git", "Ünïts & more/100%", "a b/c:d"])
def test_things_of_no_account_have_a_record_each(clone: Clone, key: str) -> None:
    ledger = ledger_of(clone.repository)
    ref = Ref("ou", key)
    data = {"kind": "ou", "action": "create", "key": key}
    done = replace(event(str(ref), kind=EventKind.STEP_DONE), data=data)
    ledger.append([done])
    other = replace(event("ou/Other", kind=EventKind.STEP_FAILED), data={**data, "key": "Other"})
    ledger.append([other])
    read = ledger.read()
    assert read.done(ref) is not None
    assert read.record("ou/Other").failed(Ref("ou", "Other")) is not None
    assert list(ledger.events(str(ref))) == [done]
    consistent(clone.path)


# --- damage -----------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "{", '{"version":0,"subject":"payments-prod"}', "[]"])
def test_a_damaged_record_is_rebuilt_from_its_events(clone: Clone, text: str) -> None:
    ledger = ledger_of(clone.repository)
    ledger.append([bound(), step("network", second=1)])
    expected = ledger.read().records
    committed(clone, f"{folder('payments-prod')}/state.json", text)
    assert ledger.read().records == expected
    ledger.append([step("more", second=2)])
    assert set(ledger.read().record("payments-prod").steps) == {"setting/network", "setting/more"}
    consistent(clone.path)


def test_a_missing_record_is_rebuilt_too(clone: Clone) -> None:
    ledger = ledger_of(clone.repository)
    ledger.append([bound()])
    clone.git("checkout", "-q", BRANCH)
    (clone.path / folder("payments-prod") / "state.json").unlink()
    clone.commit("by hand")
    assert ledger.read().record("payments-prod").account_id == "111122223333"


def test_lines_this_version_cannot_read_are_kept(clone: Clone) -> None:
    ledger = ledger_of(clone.repository)
    ledger.append([bound()])
    path = f"{folder('payments-prod')}/events.jsonl"
    newer = json.dumps({**json.loads(show(clone.path, path)), "kind": "teleported", "v": 9})
    committed(clone, path, show(clone.path, path) + f"\n{newer}\nnonsense")
    ledger.append([step("network", second=1)])
    lines = show(clone.path, path).split("\n")
    assert lines[1:3] == [newer, "nonsense"]
    assert [item.kind for item in ledger.events("payments-prod")] == ["bound", "step-done"]


def test_a_lost_branch_is_an_empty_ledger(clone: Clone) -> None:
    ledger = ledger_of(clone.repository)
    ledger.append([bound()])
    clone.git("update-ref", "-d", f"refs/heads/{BRANCH}")
    assert ledger.read().commit == ""
    assert not ledger.read().records
    assert ledger.events("payments-prod") == ()
    ledger.append([bound(second=5)])
    assert len(ledger.events("payments-prod")) == 1


def lock_of(clone: Clone) -> Path:
    return clone.path / ".git" / "refs" / "heads" / f"{BRANCH}.lock"


def test_a_lock_that_a_killed_process_left_is_removed(clone: Clone) -> None:
    ledger = ledger_of(clone.repository)
    ledger.append([bound()])
    lock = lock_of(clone)
    lock.touch()
    os.utime(lock, (time.time() - 60, time.time() - 60))
    ledger.append([step("x")])
    assert not lock.exists()
    assert len(ledger.events("payments-prod")) == 2


def test_a_lock_that_somebody_holds_is_waited_for(clone: Clone) -> None:
    ledger = ledger_of(clone.repository)
    ledger.append([bound()])
    lock = lock_of(clone)
    lock.touch()
    young = time.time() + 3600  # however long this takes
    os.utime(lock, (young, young))
    clock = SteppingClock()
    clock.at(1.5, lock.unlink)  # it would fail if it were gone by then
    handle = clone.repository.open()
    name = f"refs/heads/{BRANCH}"
    moved = clone.commit_object(clone.git("mktree"), None, "moved")

    def move() -> None:
        handle.references[name].set_target(moved)

    past_lock(handle, name, move, elapsed=clock.monotonic, sleep=clock.sleep)
    assert clone.git("rev-parse", BRANCH) == moved
    assert 1.5 <= clock.monotonic() < 1.6


def test_a_lock_that_cannot_be_removed_is_explained(clone: Clone) -> None:
    ledger = ledger_of(clone.repository)
    ledger.append([bound()])
    lock = lock_of(clone)
    lock.mkdir()
    os.utime(lock, (time.time() - 60, time.time() - 60))
    with pytest.raises(Transient, match="locked") as caught:
        ledger.append([step("x")])
    assert ".lock" in caught.value.hint
    lock.rmdir()
    ledger.append([step("x")])
    assert len(ledger.events("payments-prod")) == 2


# --- the remote -------------------------------------------------------------------------------


def test_without_a_configured_remote_it_is_kept_here(clone: Clone) -> None:
    ledger = ledger_of(clone.repository, "origin")
    ledger.append([intent()], durable=True)
    ledger.publish()
    assert ledger.read().record("payments-prod").intent is not None


def test_a_fresh_clone_reads_what_others_wrote(hosted: Path, tmp_path: Path) -> None:
    ledger_of(clone_of(hosted, tmp_path / "a").repository, "origin").append([bound()], durable=True)
    for name, act in {
        "reading": lambda ledger: ledger.read().record("payments-prod").account_id,
        "telling": lambda ledger: ledger.events("payments-prod")[0].account_id,
    }.items():
        fresh = ledger_of(clone_of(hosted, tmp_path / name).repository, "origin")
        assert act(fresh) == "111122223333"


def test_what_was_written_before_the_first_look_is_put_on_top(hosted: Path, tmp_path: Path) -> None:
    ledger_of(clone_of(hosted, tmp_path / "a").repository, "origin").append([bound()], durable=True)
    late = ledger_of(clone_of(hosted, tmp_path / "b").repository, "origin")
    late.append([step("network", second=9, run="late")])
    late.publish()
    assert [item.kind for item in consistent(hosted)["payments-prod"]] == ["bound", "step-done"]
    assert len(log(hosted, "%H")) == 2


def test_events_of_both_sides_are_ordered_by_time_but_not_before_what_was_seen(
    hosted: Path, tmp_path: Path
) -> None:
    a = ledger_of(clone_of(hosted, tmp_path / "a").repository, "origin")
    b = ledger_of(clone_of(hosted, tmp_path / "b").repository, "origin")
    a.append([step("base", second=100)], durable=True)
    b.read()
    a.append([step("a1", second=110, run="a"), step("a2", second=130, run="a")], durable=True)
    b.append([step("b0", second=50, run="b")])  # its clock is behind
    b.append([step("b1", second=120, run="b")])
    b.append([step("b2", second=140, run="b")], durable=True)
    told = [item.data["name"] for item in consistent(hosted)["payments-prod"]]
    assert told == ["base", "b0", "a1", "b1", "a2", "b2"]
    assert len(log(hosted, "%H")) == 5
    assert b.read().commit == git(hosted, "rev-parse", BRANCH)


def test_published_history_is_never_rewritten(hosted: Path, tmp_path: Path) -> None:
    writers = [ledger_of(clone_of(hosted, tmp_path / n).repository, "origin") for n in "ab"]
    before: list[str] = []
    for number in range(6):
        writers[number % 2].append([step(f"s{number}", second=number)], durable=number % 3 != 0)
        now = log(hosted, "%H") if git(hosted, "branch", "--list") else []
        assert now[: len(before)] == before
        before = now


def test_a_refused_intent_is_nowhere(hosted: Path, tmp_path: Path) -> None:
    a, b = (clone_of(hosted, tmp_path / name) for name in "ab")
    one, other = ledger_of(a.repository, "origin"), ledger_of(b.repository, "origin")
    one.read()
    other.read()
    other.append([step("earlier", subject="b", run="other")])
    one.append([intent(run="one")], durable=True)
    with pytest.raises(Conflict) as caught:
        other.append([intent(run="other", second=1)], durable=True)
    assert "run one" in caught.value.message
    other.publish()
    for where in (hosted, b.path):
        assert [item.run for item in consistent(where)["payments-prod"]] == ["one"]
    assert "b" in consistent(hosted)  # what was written before the refusal is not lost


def test_an_intent_for_a_bound_account_is_refused_also_without_a_look(clone: Clone) -> None:
    ledger_of(clone.repository).append([bound(run="one")])
    with pytest.raises(Conflict, match="has bound an account"):
        ledger_of(clone.repository).append([intent(run="other")])


def test_intents_of_several_threads_go_together_and_one_refusal_spares_the_others(
    hosted: Path, tmp_path: Path
) -> None:
    one = ledger_of(clone_of(hosted, tmp_path / "a").repository, "origin")
    other = ledger_of(clone_of(hosted, tmp_path / "b").repository, "origin")
    one.read()
    other.read()
    other.append([intent("s3", run="other")], durable=True)

    def open_intent(number: int) -> bool:
        try:
            commit = one.append([intent(f"s{number}", run="one")], durable=True)
        except Conflict:
            return False
        return git(hosted, "merge-base", commit, BRANCH) == commit

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(open_intent, range(8))) == [n != 3 for n in range(8)]
    assert {s: story[0].run for s, story in consistent(hosted).items()} == {
        f"s{n}": "other" if n == 3 else "one" for n in range(8)
    }


def test_when_the_remote_is_down_steps_are_kept_and_intents_are_not(
    hosted: Path, tmp_path: Path
) -> None:
    clone = clone_of(hosted, tmp_path / "a")
    ledger = ledger_of(clone.repository, "origin")
    with serving(hosted.parent) as server:
        clone.git("remote", "set-url", "origin", f"{server.url}/repo.git")
        ledger.read()
        server.status = 503
        with pytest.raises(Transient):
            ledger.append([intent()], durable=True)
        with pytest.raises(Transient):
            ledger.append([bound(second=5)], durable=True)
        with pytest.raises(Transient):
            ledger.read()
        assert [item.kind for item in ledger.events("payments-prod")] == ["bound"]
        server.status = 0
        ledger.publish()
    assert [item.kind for item in consistent(hosted)["payments-prod"]] == ["bound"]


def test_a_hook_that_declines_is_an_error_not_a_success(hosted: Path, tmp_path: Path) -> None:
    hook = hosted / "hooks" / "update"
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    with serving(hosted.parent) as server:
        clone = clone_of(f"{server.url}/repo.git", tmp_path / "a")
        ledger = ledger_of(clone.repository, "origin")
        with pytest.raises(Denied, match="declined"):
            ledger.append([intent()], durable=True)
        with pytest.raises(Denied, match="declined"):
            ledger.append([step("x")], durable=True)
        assert git(hosted, "branch", "--list") == ""
        hook.unlink()
        ledger.publish()
    assert [item.kind for item in consistent(hosted)["payments-prod"]] == ["step-done"]


def test_a_remote_that_refuses_every_push_is_given_up(hosted: Path, tmp_path: Path) -> None:
    ledger = ledger_of(clone_of(hosted, tmp_path / "a").repository, "origin")
    ledger.append([bound()], durable=True)
    (hosted / "refs" / "heads" / f"{BRANCH}.lock").touch()
    with pytest.raises(Transient, match="could not be pushed"):
        ledger.append([step("x")], durable=True)
    (hosted / "refs" / "heads" / f"{BRANCH}.lock").unlink()
    ledger.publish()
    assert len(consistent(hosted)["payments-prod"]) == 2


def test_a_ledger_deleted_on_the_remote_comes_back_from_a_clone_if_that_is_accepted(
    hosted: Path, tmp_path: Path
) -> None:
    ledger = ledger_of(clone_of(hosted, tmp_path / "a").repository, "origin", adopts=True)
    ledger.append([bound()], durable=True)
    git(hosted, "update-ref", "-d", f"refs/heads/{BRANCH}")
    assert ledger.read().record("payments-prod").account_id == "111122223333"
    ledger.append([step("x", second=1)], durable=True)
    assert len(consistent(hosted)["payments-prod"]) == 2


def test_a_history_squashed_on_the_remote_repeats_nothing_if_that_is_accepted(
    hosted: Path, tmp_path: Path
) -> None:
    ledger = ledger_of(clone_of(hosted, tmp_path / "a").repository, "origin", adopts=True)
    for number in range(5):
        ledger.append([step(f"s{number}", second=number)], durable=True)
    ledger.append([step("mine", second=9)])
    squashed = git(
        hosted, "-c", "user.name=A", "-c", "user.email=a@b.c",
        "commit-tree", f"{BRANCH}^{{tree}}", "-m", "squashed",
    )  # fmt: skip
    git(hosted, "update-ref", f"refs/heads/{BRANCH}", squashed)
    ledger.publish()
    told = [item.data["name"] for item in consistent(hosted)["payments-prod"]]
    assert told == ["s0", "s1", "s2", "s3", "s4", "mine"]
    assert log(hosted, "%s")[0] == "squashed"
    assert len(log(hosted, "%H")) == 2


@pytest.mark.parametrize("seed", range(3))
def test_random_writers_keep_every_event_and_every_record_right(
    hosted: Path, tmp_path: Path, seed: int
) -> None:
    """state.json is replay(events.jsonl) for every subject, after any mix of writers."""
    rng = random.Random(seed)
    writers = [ledger_of(clone_of(hosted, tmp_path / n).repository, "origin") for n in "abc"]
    written = 0
    for number in range(30):
        who = rng.randrange(3)
        batch = [_any_event(rng, number, who) for _ in range(rng.randint(1, 3))]
        match rng.randrange(5):
            case 0:
                writers[who].read()
            case 1:
                writers[who].publish()
        writers[who].append(batch, durable=rng.random() < 0.3)
        written += len(batch)
    for writer in writers:
        writer.publish()
    stories = consistent(hosted)
    assert sum(map(len, stories.values())) == written
    last = [writer.read() for writer in writers]
    assert last[0] == last[1] == last[2]
    assert ledger_of(open_repository(hosted)).read().faults == ()
    expected = {subject: replay(story) for subject, story in stories.items()}
    assert last[0].records == {key: item for key, item in expected.items() if item is not None}


def _any_event(rng: random.Random, number: int, who: int) -> LedgerEvent:
    subject = rng.choice(["a", "b", ORGANIZATION])
    second = number + rng.random() * 20
    run = f"run-{who}"
    match rng.randrange(4):
        case 0:
            account_id = f"{number:012d}"  # what another run has bound already is not kept twice
            return bound(subject, second=second, run=run, account_id=account_id)
        case 1:
            return event(subject, EventKind.FORGOTTEN, second=second, run=run)
        case 2:
            return step(
                "x", subject=subject, second=second, run=run, kind=EventKind.STEP_FAILED, reason="r"
            )
        case _:
            return step(
                f"s{rng.randrange(4)}", str(number), subject=subject, second=second, run=run
            )


# --- processes --------------------------------------------------------------------------------

_WRITER = """
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from aft.clock import SystemClock
from aft.git.ledger.store import GitLedger
from aft.git.repository import open_repository
from aft.ledger.events import EventKind, LedgerEvent
path, remote, run, count = sys.argv[1:]
ledger = GitLedger(
    open_repository(Path(path)), remote=remote or None, clock=SystemClock(), environ={}
)
for number in range(int(count)):
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=number)
    data = {"name": f"{run}-{number}", "digest": "d"}
    subject = f"s{number % 3}"
    done = LedgerEvent(
        kind=EventKind.STEP_DONE, subject=subject, at=at, run=run, actor="a", data=data
    )
    ledger.append([done], durable=bool(remote))
    print(number, flush=True)
"""


def _start(path: Path, remote: str, run: str, count: int) -> subprocess.Popen[str]:
    command: Sequence[str] = [sys.executable, "-c", _WRITER, str(path), remote, run, str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def _names(stories: dict[str, list[LedgerEvent]]) -> set[str]:
    return {item.data["name"] for story in stories.values() for item in story}


def test_processes_in_one_clone_lose_nothing(clone: Clone) -> None:
    started = [_start(clone.path, "", f"p{n}", 15) for n in range(2)]
    assert [process.wait(PATIENCE) for process in started] == [0, 0]
    assert _names(consistent(clone.path)) == {f"p{n}-{i}" for n in range(2) for i in range(15)}


_CREATOR = """
import sys, time
from pathlib import Path
from aft.git.ledger.branch import LedgerBranch
from aft.git.repository import open_repository
path, commit, count = sys.argv[1:]
handle = open_repository(Path(path)).open()
print("ready", flush=True)
begin = float(sys.stdin.readline())
for number in range(int(count)):
    branch = LedgerBranch(handle, f"ledger-{number}")
    while time.time() < begin + number / 100:
        pass
    print(int(branch.move(None, commit)))
"""


@pytest.mark.faults  # the instant is short: one try in some hundred meets it
def test_only_one_of_two_processes_makes_the_branch(clone: Clone) -> None:
    tree, branches = clone.git("mktree"), 400
    started = []
    for number in range(2):
        commit = clone.commit_object(tree, None, f"begin {number}")
        command = [sys.executable, "-c", _CREATOR, str(clone.path), commit, str(branches)]
        started.append(
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        )
    for process in started:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    begin = f"{time.time() + 0.1}\n"
    for process in started:
        assert process.stdin is not None
        process.stdin.write(begin)
        process.stdin.flush()
    made = [process.communicate(timeout=PATIENCE)[0].split() for process in started]
    assert [sum(map(int, tries)) for tries in zip(*made, strict=True)] == [1] * branches


def test_processes_in_two_clones_lose_nothing(hosted: Path, tmp_path: Path) -> None:
    paths = [clone_of(hosted, tmp_path / name).path for name in "ab"]
    started = [_start(path, "origin", f"p{n}", 8) for n, path in enumerate(paths)]
    assert [process.wait(PATIENCE) for process in started] == [0, 0]
    assert _names(consistent(hosted)) == {f"p{n}-{i}" for n in range(2) for i in range(8)}


def test_a_killed_writer_leaves_a_ledger_that_reads_and_goes_on(clone: Clone) -> None:
    told = 0
    for attempt in range(5):
        process = _start(clone.path, "", f"p{attempt}", 1000)
        assert process.stdout is not None
        for _ in range(3 * attempt):
            process.stdout.readline()
        told += 3 * attempt
        process.stdout.readline()
        os.kill(process.pid, signal.SIGKILL)
        told += 1 + len(process.stdout.read().splitlines())
        process.wait(PATIENCE)
        for lock in (clone.path / ".git").rglob("*.lock"):
            lock.unlink()  # a run would wait some seconds, then do it too
        kept = _names(consistent(clone.path))
        # Everything that was acknowledged is there; one more may have been on its way.
        assert told <= len(kept) <= told + attempt + 1
    ledger = ledger_of(clone.repository)
    ledger.append([bound()])
    assert ledger.read().record("payments-prod").account_id == "111122223333"
    assert clone.git("fsck", "--no-dangling", "--connectivity-only") == ""
