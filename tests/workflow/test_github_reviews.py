"""What was reviewed, found again after the merge; and what must not pass for it."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import pytest
from builders_github_api import REPOSITORY, World, on_github
from builders_repo import Result
from github_server import Pull, Run, zipped

from aft.cli.github_options import recorded_reviews
from aft.plan.model import Action
from aft.plan.reviewed import (
    NOTHING_REVIEWED,
    Reviewed,
    ReviewedChange,
    reviewed_from_json,
    reviewed_to_json,
)
from aft.values.ids import PlanDigest, Revision

READ = {"pull-requests": "read", "actions": "read", "contents": "read"}
REVIEWED = reviewed_to_json(
    Reviewed(plan=PlanDigest(f"sha256:{7:064}"), revision=Revision(f"{7:040}"), changes=())
)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with on_github(tmp_path) as world:
        yield world


def planned(
    world: World,
    pull: Pull,
    content: dict[str, str] | bytes | None = None,
    *,
    conclusion: str | None = "success",
    path: str = ".github/workflows/plan.yml",
    event: str = "pull_request_target",
) -> Run:
    run = world.github.register_run(path, event, pull=pull, conclusion=conclusion)
    name = f"aft-plan-{pull.number}-{pull.head_sha}"
    files = {"reviewed.json": REVIEWED, "comment.md": "x"} if content is None else content
    world.github.add_artifact(run, name, files)
    return run


def reviewed(world: World, sha: str) -> tuple[Result, str]:
    out = world.files / "reviewed.json"
    out.unlink(missing_ok=True)
    result = world.aft("reviewed", "--commit", sha, "--out", str(out), permissions=READ)
    return result, out.read_text() if out.exists() else ""


def nothing_reviewed(world: World, sha: str, why: str) -> None:
    result, text = reviewed(world, sha)
    assert result.code == 0, result.err
    assert why in result.out
    assert reviewed_from_json(text) == NOTHING_REVIEWED


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
def test_review_of_the_merged_pull_request_is_found(world: World, method: str) -> None:
    pull = world.pull()
    run = planned(world, pull)
    sha = world.github.merge_pull(pull.number, method)
    result, text = reviewed(world, sha)
    assert (result.code, text) == (0, REVIEWED), result.err
    assert f"run {run.id}" in result.out


def test_newest_run_that_was_not_cancelled_decides(world: World) -> None:
    pull = world.pull()
    older = Reviewed(plan=PlanDigest(f"sha256:{1:064}"), revision=Revision(f"{1:040}"), changes=())
    planned(world, pull, {"reviewed.json": reviewed_to_json(older)})
    planned(world, pull, conclusion=None)  # still writing its comment
    planned(world, pull, {"reviewed.json": '{"stopped": 1}'}, conclusion="cancelled")
    _, text = reviewed(world, world.github.merge_pull(pull.number))
    assert text == REVIEWED


def test_review_of_an_earlier_head_does_not_count(world: World) -> None:
    pull = world.pull()
    planned(world, pull)
    world.github.commit_to("topic", {"more.txt": "x\n"})
    sha = world.github.merge_pull(pull.number)
    nothing_reviewed(world, sha, "has no plan of .github/workflows/plan.yml")


# --- what an apply left undone ----------------------------------------------------------


def showing(*ids: str, does: int = 1) -> str:
    """A review that shows these changes."""
    changes = tuple(
        ReviewedChange(
            id=name,
            kind="account",
            action=Action.MOVE,
            target=name,
            risk="",
            does=f"sha256:{does:064}",
        )
        for name in ids
    )
    plan, revision = PlanDigest(f"sha256:{does:064}"), Revision(f"{does:040}")
    return reviewed_to_json(Reviewed(plan=plan, revision=revision, changes=changes))


def merged(world: World, branch: str, text: str, method: str = "merge") -> str:
    pull = world.pull(branch)
    planned(world, pull, {"reviewed.json": text})
    return world.github.merge_pull(pull.number, method)


def applied(world: World, sha: str, conclusion: str = "success", event: str = "push") -> None:
    world.github.register_run(
        ".github/workflows/apply.yml",
        event,
        head_sha=sha,
        head_branch="main",
        conclusion=conclusion,
    )


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
def test_what_was_reviewed_before_and_is_not_done_yet_counts_too(world: World, method: str) -> None:
    done = merged(world, "done", showing("done"), method)
    applied(world, done)
    failed = merged(world, "failed", showing("failed", "both"), method)
    applied(world, failed, "failure")
    skipped = merged(world, "skipped", showing("skipped"), method)
    applied(world, skipped, "cancelled")
    last = merged(world, "last", showing("last", "both", does=2), method)

    result, text = reviewed(world, last)

    found = {change.id: change.does[-1] for change in reviewed_from_json(text).changes}
    assert found == {"last": "2", "both": "2", "skipped": "1", "failed": "1"}
    assert reviewed_from_json(text).plan.endswith("2")
    assert [line.split()[3] for line in result.out.splitlines()] == ["#4", "#3", "#2"]


def test_run_by_hand_may_be_for_chosen_accounts_and_settles_nothing(world: World) -> None:
    applied(world, world.base, event="schedule")
    first = merged(world, "first", showing("first"))
    applied(world, first, event="workflow_dispatch")
    _, text = reviewed(world, merged(world, "second", showing("second")))
    assert [change.id for change in reviewed_from_json(text).changes] == ["second", "first"]


def test_without_any_apply_only_the_pull_request_itself_counts(world: World) -> None:
    merged(world, "first", showing("first"))
    _, text = reviewed(world, merged(world, "second", showing("second")))
    assert [change.id for change in reviewed_from_json(text).changes] == ["second"]


def test_a_worker_counts_what_was_merged_since_its_last_run_that_left_nothing(world: World) -> None:
    """No workflow applies where a worker does; which run was the last one is in its ledger."""
    shas = [merged(world, name, showing(name)) for name in ("first", "second", "third", "fourth")]
    environ = {
        "GITHUB_API_URL": world.github.url,
        "GITHUB_REPOSITORY": REPOSITORY,
        "GITHUB_SERVER_URL": "https://github.test",
        "GITHUB_TOKEN": world.github.token(READ),
    }
    review_of = recorded_reviews(environ)
    assert review_of is not None

    def seen(revision: str, since: str) -> list[str]:
        return [change.id for change in review_of(Revision(revision), since).changes]

    assert seen(shas[2], shas[0]) == ["third", "second"], "not yet the fourth, no longer the first"
    assert seen(shas[2], shas[2]) == ["third"]
    assert seen(shas[2], "") == ["third"]
    assert seen(shas[2], f"{7:040}") == ["third"], "of another history"
    pushed = world.github.commit_to("main", {"direct.txt": "x\n"})
    assert seen(pushed, shas[2]) == ["fourth"], "a push itself has no review"
    assert seen(pushed, shas[3]) == []


def test_commit_without_a_pull_request_adds_nothing_to_what_is_left(world: World) -> None:
    applied(world, world.base)
    merged(world, "first", showing("first"))
    sha = world.github.commit_to("main", {"direct.txt": "x\n"})
    result, text = reviewed(world, sha)
    assert [change.id for change in reviewed_from_json(text).changes] == ["first"]
    assert "without a pull request" in result.out


def test_what_others_call_apply_settles_nothing(world: World) -> None:
    applied(world, world.base)
    first = merged(world, "first", showing("first"))
    world.github.register_run(
        "other/apply.yml", "push", head_sha=first, head_branch="main", conclusion="success"
    )
    _, text = reviewed(world, merged(world, "second", showing("second")))
    assert len(reviewed_from_json(text).changes) == 2


# --- what must not pass for a review ----------------------------------------------------


@pytest.mark.parametrize(
    ("path", "event"),
    [
        (".github/workflows/evil.yml", "pull_request_target"),
        (".github/workflows/plan.yml", "pull_request"),
        (".github/workflows/plan.yml", "push"),
        (".github/workflows/plan.yml", "workflow_dispatch"),
        ("evil/.github/workflows/plan.yml", "pull_request_target"),
    ],
)
def test_artifact_of_another_workflow_or_event_does_not_count(
    world: World, path: str, event: str
) -> None:
    """A workflow edited in a pull request can upload under any name."""
    pull = world.pull()
    planned(world, pull, path=path, event=event)
    sha = world.github.merge_pull(pull.number)
    nothing_reviewed(world, sha, "has no plan")


def test_forged_artifact_does_not_hide_the_real_one(world: World) -> None:
    pull = world.pull()
    planned(world, pull)
    planned(world, pull, {"reviewed.json": '{"forged": 1}'}, event="pull_request")
    _, text = reviewed(world, world.github.merge_pull(pull.number))
    assert text == REVIEWED


def test_path_with_the_ref_behind_it_is_the_same_workflow(world: World) -> None:
    pull = world.pull()
    planned(world, pull, path=".github/workflows/plan.yml@refs/heads/main")
    _, text = reviewed(world, world.github.merge_pull(pull.number))
    assert text == REVIEWED


def test_commit_without_a_pull_request_was_not_reviewed(world: World) -> None:
    sha = world.github.commit_to("main", {"direct.txt": "x\n"})
    nothing_reviewed(world, sha, "without a pull request")


def test_failed_plan_was_not_reviewed(world: World) -> None:
    """Not even when an earlier run of the same head had one."""
    pull = world.pull()
    planned(world, pull)
    planned(world, pull, {"comment.md": "failed"}, conclusion="failure")
    nothing_reviewed(world, world.github.merge_pull(pull.number), "failed")


def test_expired_artifact(world: World) -> None:
    pull = world.pull()
    planned(world, pull)
    for artifact in world.github.state.artifacts.values():
        artifact.expired = True
    nothing_reviewed(world, world.github.merge_pull(pull.number), "expired")


def large() -> bytes:
    return zipped({"reviewed.json": b" " * 40_000_000})


def bomb() -> bytes:
    """Small on the wire, large when inflated; its directory lies about that."""
    honest = large()
    size = (40_000_000).to_bytes(4, "little")
    assert honest.count(size) == 2
    return honest.replace(size, (10).to_bytes(4, "little"))


def twice() -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("reviewed.json", REVIEWED)
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("reviewed.json", '{"other": 1}')
    return buffer.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        large,  # made when they are needed: each takes time, also where tests are only looked for
        bomb,
        twice,
        b"not a zip file",
        zipped({"reviewed.json": REVIEWED})[:-40],
        zipped({"reviewed.json": "[1, 2"}),
        zipped({"reviewed.json": "[]"}),
        zipped({"reviewed.json": '{"format": 1, "changes": "all"}'}),
        zipped({"reviewed.json": b"\xff\xfe"}),
        zipped({"reviewed.json": REVIEWED.encode("utf-16")}),
        zipped({"reviewed.json": "[" * 100_000}),
    ],
    ids=[
        "bomb",
        "lying-bomb",
        "twice",
        "no-zip",
        "cut",
        "no-json",
        "list",
        "shape",
        "no-utf8",
        "utf-16",
        "deep",
    ],
)
def test_hostile_archives_are_no_review(world: World, content: bytes | Callable[[], bytes]) -> None:
    pull = world.pull()
    planned(world, pull, content() if callable(content) else content)
    nothing_reviewed(world, world.github.merge_pull(pull.number), "cannot be read")


@pytest.mark.parametrize(
    "name", ["../reviewed.json", "/tmp/reviewed.json", "a/reviewed.json", "REVIEWED.json"]
)
def test_only_the_exact_member_is_read_and_nothing_else_is_written(world: World, name: str) -> None:
    pull = world.pull()
    planned(world, pull, {name: REVIEWED})
    before = sorted(world.root.rglob("*reviewed*"))
    nothing_reviewed(world, world.github.merge_pull(pull.number), "failed")
    made = [path for path in sorted(world.root.rglob("*reviewed*")) if path not in before]
    assert made == [world.files / "reviewed.json"]


def test_token_does_not_travel_to_the_storage(world: World) -> None:
    """The server's storage refuses whoever brings one; so it was fetched without."""
    pull = world.pull()
    planned(world, pull)
    reviewed(world, world.github.merge_pull(pull.number))
    assert any(item.startswith("GET /storage/") for item in world.github.seen)


def test_missing_permission_is_an_error_not_an_empty_review(world: World) -> None:
    pull = world.pull()
    planned(world, pull)
    sha = world.github.merge_pull(pull.number)
    out = world.files / "reviewed.json"
    result = world.aft(
        *("reviewed", "--commit", sha, "--out", str(out)), permissions={"pull-requests": "read"}
    )
    assert result.code == 1
    assert "actions: read" in result.err
    assert not out.exists()
