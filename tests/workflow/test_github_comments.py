"""The sticky comment, as the workflows write it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from builders_github_api import COMMENTS, World, on_github
from github_server import Fault, User

PLAN = "<!-- aft:plan -->\nPlan: 1 to create\n"
MARKER = "<!-- aft:plan -->"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with on_github(tmp_path) as world:
        yield world


def posts(world: World) -> int:
    return sum(item.startswith(("POST ", "PATCH ", "DELETE ")) for item in world.github.seen)


def test_comment_is_written_then_updated_in_place(world: World) -> None:
    pull = world.pull()
    world.happened(pull.number)

    first = world.aft("comment", "--file", world.file(PLAN))
    second = world.aft("comment", "--file", world.file(PLAN.replace("1", "2")))

    assert (first.code, second.code) == (0, 0), first.err + second.err
    assert world.github.state.bodies(pull.number) == ["<!-- aft:plan -->\nPlan: 2 to create\n"]
    assert "written" in first.out
    assert "updated" in second.out


def test_same_text_is_not_sent_again(world: World) -> None:
    pull = world.pull()
    world.aft("comment", "--pull", str(pull.number), "--file", world.file(PLAN))
    before = posts(world)

    again = world.aft("comment", "--pull", str(pull.number), "--file", world.file(PLAN))

    assert again.code == 0
    assert "unchanged" in again.out
    assert posts(world) == before


def test_plan_and_apply_are_two_comments(world: World) -> None:
    pull = world.pull()
    number = str(pull.number)
    apply = "<!-- aft:apply -->\nApplied.\n"
    for text in (PLAN, apply, PLAN):
        world.aft("comment", "--pull", number, "--file", world.file(text))
    assert world.github.state.bodies(pull.number) == [PLAN, apply]


@pytest.mark.parametrize("squatter", ["mallory", "evil[bot]", "github-actions"])
def test_marker_in_somebody_elses_comment_is_left_alone(world: World, squatter: str) -> None:
    pull = world.pull()
    world.github.comment(pull.number, f"{MARKER}\nNo changes. Merge me!", squatter)

    result = world.aft("comment", "--pull", str(pull.number), "--file", world.file(PLAN))

    assert result.code == 0, result.err
    comments = world.github.state.comments_of(pull.number)
    assert [(item.user.login, item.edits) for item in comments] == [
        (squatter, 0),
        ("github-actions[bot]", 0),
    ]


def test_person_called_as_the_bot_is_not_the_bot(world: World) -> None:
    """No person can be called so; if one could, the type would tell."""
    pull = world.pull()
    world.github.comment(pull.number, PLAN, User("github-actions[bot]", "User"))
    world.aft("comment", "--pull", str(pull.number), "--file", world.file(PLAN))
    assert len(world.github.state.comments) == 2


def test_marker_further_down_is_not_a_marker(world: World) -> None:
    pull = world.pull()
    quoted = world.github.comment(pull.number, f"> quoting\n{MARKER}\n", "github-actions[bot]")
    world.aft("comment", "--pull", str(pull.number), "--file", world.file(PLAN))
    assert quoted.edits == 0
    assert len(world.github.state.comments) == 2


def test_older_duplicates_of_ours_are_removed(world: World) -> None:
    pull = world.pull()
    for number in range(3):
        world.github.comment(pull.number, f"{MARKER}\nold {number}", "github-actions[bot]")
    person = world.github.comment(pull.number, "Looks good", "ada")

    result = world.aft("comment", "--pull", str(pull.number), "--file", world.file(PLAN))

    assert "2 older removed" in result.out
    assert world.github.state.bodies(pull.number) == [PLAN, person.body]


def test_comment_is_found_behind_a_hundred_others(world: World) -> None:
    pull = world.pull()
    for number in range(130):
        world.github.comment(pull.number, f"{MARKER}\nspam {number}", "mallory")
    world.github.comment(pull.number, f"{MARKER}\nold", "github-actions[bot]")
    world.aft("comment", "--pull", str(pull.number), "--file", world.file(PLAN))
    assert len(world.github.state.comments) == 131
    assert world.github.state.bodies(pull.number)[-1] == PLAN


def test_late_run_does_not_overwrite_the_newer_one(world: World) -> None:
    pull = world.pull()
    world.happened(pull.number)
    world.github.commit_to("topic", {"more.txt": "x\n"})

    result = world.aft("comment", "--file", world.file(PLAN))

    assert result.code == 0
    assert "left to the newer run" in result.out
    assert not world.github.state.comments


@pytest.mark.parametrize("text", ["", "  \n", None])
def test_job_that_failed_before_it_could_say_why(world: World, text: str | None) -> None:
    pull = world.pull()
    file = str(world.files / "missing.md") if text is None else world.file(text)
    result = world.aft("comment", "--pull", str(pull.number), "--file", file)
    assert result.code == 0, result.err
    (body,) = world.github.state.bodies(pull.number)
    assert body.startswith(f"{MARKER}\n\n## ❌ aft plan failed")
    assert "https://github.test/example/accounts/actions/runs/77" in body


def test_run_that_found_the_pull_request_closed_did_not_fail(world: World) -> None:
    pull = world.pull()
    world.github.merge_pull(pull.number)
    arguments = ("comment", "--pull", str(pull.number), "--head", pull.head_sha, "--file")
    nothing = world.aft(*arguments, world.file(""))
    assert "closed" in nothing.out
    assert not world.github.state.comments
    assert world.aft(*arguments, world.file(PLAN)).code == 0
    assert world.github.state.bodies(pull.number) == [PLAN]


def test_text_without_a_marker_is_refused(world: World) -> None:
    pull = world.pull()
    for text in ("Hello", "<!-- other -->\nx", f"x {MARKER}", "<!-- aft:plan --> x\n"):
        result = world.aft("comment", "--pull", str(pull.number), "--file", world.file(text))
        assert result.code == 1
        assert "marker" in result.err
    assert not world.github.state.comments


def test_huge_comment_is_cut_and_says_so(world: World) -> None:
    pull = world.pull()
    text = f"{MARKER}\n<details>\n\n```text\n" + "an account, changed\n" * 20_000
    result = world.aft("comment", "--pull", str(pull.number), "--file", world.file(text))
    assert result.code == 0, result.err
    (body,) = world.github.state.bodies(pull.number)
    assert len(body) <= 65_536
    assert body.count("```") == 2
    assert "</details>" in body
    assert "This is not all" in body.splitlines()[-1]
    assert "actions/runs/77" in body.splitlines()[-1]


def test_token_that_may_not_write_says_which_permission(world: World) -> None:
    pull = world.pull()
    result = world.aft(
        "comment",
        "--pull",
        str(pull.number),
        "--file",
        world.file(PLAN),
        permissions={"pull-requests": "read"},
    )
    assert result.code == 1
    assert "Resource not accessible by integration" in result.err
    assert "pull-requests: write" in result.err


def test_no_token_and_a_wrong_token(world: World) -> None:
    pull = world.pull()
    arguments = ("comment", "--pull", str(pull.number), "--file", world.file(PLAN))
    without = world.aft(*arguments, token="")
    wrong = world.aft(*arguments, token="ghs_wrong")
    assert (without.code, wrong.code) == (1, 1)
    assert "GITHUB_TOKEN" in without.err
    assert "Bad credentials" in wrong.err
    assert "ghs_wrong" not in wrong.err + wrong.out


def test_locked_conversation_is_said_to_be_locked(world: World) -> None:
    pull = world.pull()
    pull.issue.locked = True
    result = world.aft("comment", "--pull", str(pull.number), "--file", world.file(PLAN))
    assert result.code == 1
    assert "unlock the conversation" in result.err


def test_lost_answer_does_not_make_two_comments(world: World) -> None:
    pull = world.pull()
    world.github.faults.append(Fault("lose", "/comments", "POST"))
    result = world.aft("comment", "--pull", str(pull.number), "--file", world.file(PLAN))
    assert result.code == 0, result.err
    assert world.github.state.bodies(pull.number) == [PLAN]


@pytest.mark.parametrize("kind", [502, "drop"])
def test_comment_that_never_arrived_is_written_again(world: World, kind: int | str) -> None:
    pull = world.pull()
    world.github.faults += [Fault(kind, "/comments", "POST")] * 2
    result = world.aft("comment", "--pull", str(pull.number), "--file", world.file(PLAN))
    assert result.code == 0, result.err
    assert world.github.state.bodies(pull.number) == [PLAN]


def test_comment_that_never_arrives_is_said_to_be_unknown(world: World) -> None:
    pull = world.pull()
    world.github.faults += [Fault("drop", "/comments", "POST")] * 3
    result = world.aft("comment", "--pull", str(pull.number), "--file", world.file(PLAN))
    assert result.code == 1
    assert "may or may not have happened" in result.err
    assert not world.github.state.comments


def test_person_s_token_finds_its_own_comment(world: World) -> None:
    pull = world.pull()
    token = world.github.token(COMMENTS, login="grace", kind="user")
    for text in (PLAN, PLAN + "more\n"):
        world.aft("comment", "--pull", str(pull.number), "--file", world.file(text), token=token)
    (comment,) = world.github.state.comments.values()
    assert (comment.user.login, comment.body) == ("grace", PLAN + "more\n")


def test_app_s_token_needs_its_login(world: World) -> None:
    pull = world.pull()
    token = world.github.token(COMMENTS, login="our-app[bot]")
    arguments = ("comment", "--pull", str(pull.number), "--file", world.file(PLAN))

    taken_for_actions = world.aft(*arguments, token=token)
    assert "AFT_GITHUB_LOGIN=our-app[bot]" in taken_for_actions.err
    outside = world.aft(*arguments, token=token, GITHUB_ACTIONS="")
    assert outside.code == 1
    assert "AFT_GITHUB_LOGIN" in outside.err
    told = world.aft(*arguments, token=token, AFT_GITHUB_LOGIN="our-app[bot]")
    assert "unchanged" in told.out
    assert len(world.github.state.comments) == 1


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
def test_result_is_posted_to_the_merged_pull_request(world: World, method: str) -> None:
    pull = world.pull()
    sha = world.github.merge_pull(pull.number, method)
    text = "<!-- aft:apply -->\nApplied.\n"
    result = world.aft("comment", "--commit", sha, "--file", world.file(text))
    assert result.code == 0, result.err
    assert world.github.state.bodies(pull.number) == [text]


def test_commit_that_two_pull_requests_brought_belongs_to_the_one_that_made_it(
    world: World,
) -> None:
    """First into a branch of its own, then with that branch into main."""
    world.github.git.set_ref("refs/heads/next", world.base)
    world.github.commit_to("topic", {"a.txt": "x\n"})
    first = world.github.open_pull("topic", base="next")
    sha = world.github.merge_pull(first.number)
    assert first.merged_at
    first.merged_at -= timedelta(hours=1)
    second = world.github.open_pull("next")
    tip = world.github.merge_pull(second.number)

    for commit, number in ((sha, first.number), (tip, second.number)):
        world.aft("comment", "--commit", commit, "--file", world.file(PLAN))
        assert world.github.state.bodies(number) == [PLAN]


def test_commit_without_a_pull_request(world: World) -> None:
    world.pull()
    sha = world.github.commit_to("main", {"direct.txt": "x\n"})
    for commit in (sha, "0" * 40):
        result = world.aft("comment", "--commit", commit, "--file", world.file(PLAN))
        assert result.code == 0
        assert "without a pull request" in result.out
    assert not world.github.state.comments


def test_open_pull_request_of_a_commit_is_not_taken_for_a_merged_one(world: World) -> None:
    pull = world.pull()
    result = world.aft("comment", "--commit", pull.head_sha, "--file", world.file(PLAN))
    assert "without a pull request" in result.out


def test_options_that_exclude_each_other_and_missing_ones(world: World) -> None:
    both = world.aft("comment", "--pull", "1", "--commit", "a", "--file", world.file(PLAN))
    neither = world.aft("comment", "--file", world.file(PLAN))
    nowhere = world.aft(
        "comment", "--pull", "1", "--file", world.file(PLAN), GITHUB_REPOSITORY="../etc"
    )
    assert [item.code for item in (both, neither, nowhere)] == [1, 1, 1]
    assert "ORG/REPO" in nowhere.err


def test_pull_request_that_is_not_there(world: World) -> None:
    result = world.aft("comment", "--pull", "9", "--file", world.file(PLAN))
    assert result.code == 1
    assert "404" in result.err
