"""What every forge promises, whoever it is: GitHub, on its local server, or the one in memory."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from builders_forge import APPLY, PLAN, GitHubPlace, MemoryPlace, Place
from builders_github_api import on_github

from aft.errors import Conflict, Denied, NotFound, Terminal, UnknownOutcome, UserError
from aft.forge.port import (
    Check,
    CheckState,
    Forge,
    Permission,
    PipelineFile,
    ReviewVerdict,
    issue_thread,
    pull_thread,
)

NOBODY = "f" * 40
"""A commit that is nowhere."""


def ticking() -> Callable[[], datetime]:
    """A clock that goes on by itself, so that everything has its order."""
    minutes = itertools.count()
    return lambda: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=next(minutes))


@pytest.fixture(params=["github", "memory"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    if request.param == "memory":
        yield MemoryPlace()
        return
    with on_github(tmp_path, ticking()) as world:
        yield GitHubPlace(world)


@pytest.fixture
def forge(place: Place) -> Forge:
    return place.forge()


def pull_of(place: Place, branch: str, **files: str) -> int:
    """A pull request that adds a file."""
    place.commit(branch, {name.replace("_", "."): text for name, text in files.items()})
    return place.open_pull(branch)


# --- comments ---------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["pull request", "issue"])
def test_comments_are_listed_written_changed_and_deleted(
    place: Place, forge: Forge, kind: str
) -> None:
    if kind == "issue":
        thread = issue_thread(place.open_issue("T"))
    else:
        thread = pull_thread(pull_of(place, "topic", a_txt="x\n"))
    assert str(thread) == f"{kind} #{thread.number}"
    assert forge.comments(thread) == ()
    place.say(thread, "first\nof ada's")
    made = forge.create_comment(thread, "second\nof ours")
    theirs, ours = forge.comments(thread)
    assert (theirs.author.login, theirs.first_line) == ("ada", "first")
    assert (ours, ours.author, ours.thread) == (made, forge.me(), thread)
    assert not theirs.author.is_same(forge.me())
    assert forge.update_comment(ours, "changed").body == "changed"
    assert [item.body for item in forge.comments(thread)] == ["first\nof ada's", "changed"]
    forge.delete_comment(ours)
    assert [item.id for item in forge.comments(thread)] == [theirs.id]
    with pytest.raises(NotFound):
        forge.update_comment(ours, "again")
    with pytest.raises(NotFound):
        forge.delete_comment(ours)


def test_comments_of_what_is_not_there(forge: Forge) -> None:
    for thread in (issue_thread(77), pull_thread(77)):
        with pytest.raises(NotFound):
            forge.comments(thread)
        with pytest.raises(NotFound):
            forge.create_comment(thread, "x")


def test_a_locked_conversation_is_denied(place: Place, forge: Forge) -> None:
    thread = issue_thread(place.open_issue("T"))
    place.lock(thread)
    with pytest.raises(Denied):
        forge.create_comment(thread, "x")
    assert forge.comments(thread) == ()


def test_a_body_fits_up_to_the_limit(place: Place, forge: Forge) -> None:
    thread = issue_thread(place.open_issue("T"))
    whole = "x" * forge.body_limit
    assert forge.create_comment(thread, whole).body == whole
    with pytest.raises(Terminal):
        forge.create_comment(thread, whole + "x")


def test_a_lost_answer_is_no_failure(place: Place, forge: Forge) -> None:
    thread = issue_thread(place.open_issue("T", "other"))
    place.lose_next_answer()
    with pytest.raises(UnknownOutcome):
        forge.create_comment(thread, "x")
    assert [item.body for item in forge.comments(thread)] == ["x"]
    place.lose_next_answer()
    with pytest.raises(UnknownOutcome):
        forge.create_issue(title="U", body="b", label="l")
    assert [item.title for item in forge.open_issues("l")] == ["U"]


def test_who_may_only_read_changes_nothing(place: Place) -> None:
    number, issue = pull_of(place, "topic", a_txt="x\n"), place.open_issue("T", "l")
    tip = place.commit("other", {"b.txt": "x\n"})
    place.offer(PLAN)
    forge, reader = place.forge(), place.forge(may_write=False)
    comment = forge.create_comment(issue_thread(issue), "x")
    changes: list[Callable[[], object]] = [
        lambda: reader.create_comment(issue_thread(issue), "x"),
        lambda: reader.create_comment(pull_thread(number), "x"),
        lambda: reader.update_comment(comment, "y"),
        lambda: reader.delete_comment(comment),
        lambda: reader.create_issue(title="T", body="b", label="l"),
        lambda: reader.update_issue(issue, title="U", body="b"),
        lambda: reader.label_issue(issue, add=("m",), remove=()),
        lambda: reader.close_issue(issue),
        lambda: reader.create_pull_request(branch="other", base="main", title="T", body="b"),
        lambda: reader.update_pull_request(number, title="U", body="b"),
        lambda: reader.close_pull_request(number),
        lambda: reader.commit_files("other", parent=tip, message="m", files={"c.txt": "x\n"}),
        lambda: reader.set_status(tip, Check(name="aft", state=CheckState.SUCCESS)),
        lambda: reader.start_pipeline(PLAN, branch="main", inputs={}),
    ]
    for change in changes:
        with pytest.raises(Denied):
            change()
    assert forge.comments(issue_thread(issue)) == (comment,)
    assert forge.issue(issue).title == "T"
    assert (forge.branch_tip("other"), forge.checks(tip), place.started()) == (tip, (), [])
    assert [pull.title for pull in reader.open_pull_requests()] == ["T"]


# --- issues -----------------------------------------------------------------------------


def test_an_issue_from_its_beginning_to_its_end(place: Place, forge: Forge) -> None:
    place.open_issue("somebody's", "l")
    made = forge.create_issue(title="ours", body="one\ntwo", label="l")
    assert (made.author, made.labels, made.is_open) == (forge.me(), ("l",), True)
    assert forge.issue(made.number) == made
    assert [item.title for item in forge.open_issues("l")] == ["somebody's", "ours"]
    assert forge.open_issues("other") == ()
    changed = forge.update_issue(made.number, title="ours now", body="three")
    assert (changed.title, changed.body, changed.labels) == ("ours now", "three", ("l",))
    forge.close_issue(made.number)
    assert not forge.issue(made.number).is_open
    assert [item.title for item in forge.open_issues("l")] == ["somebody's"]


def test_labels_come_and_go_one_by_one(place: Place, forge: Forge) -> None:
    number = place.open_issue("T", "a", "b c/d")
    forge.label_issue(number, add=("a", "e"), remove=("b c/d", "not there"))
    assert forge.issue(number).labels == ("a", "e")
    forge.label_issue(number, add=(), remove=())
    assert forge.issue(number).labels == ("a", "e")
    with pytest.raises(NotFound):
        forge.label_issue(77, add=("a",), remove=())


def test_a_pull_request_is_no_issue(place: Place, forge: Forge) -> None:
    number = pull_of(place, "topic", a_txt="x\n")
    with pytest.raises(NotFound):
        forge.issue(number)
    assert forge.open_issues("l") == ()


@pytest.mark.parametrize("title", ["", " ", "x" * 300])
def test_a_title_that_is_none_is_refused(forge: Forge, title: str) -> None:
    with pytest.raises(Terminal):
        forge.create_issue(title=title, body="b", label="l")


# --- pull requests ----------------------------------------------------------------------


def test_a_pull_request_is_opened_once_and_changed(place: Place, forge: Forge) -> None:
    tip = place.commit("topic", {"a.txt": "x\n"})
    assert forge.open_pull_request_of("topic", base="main") is None
    made = forge.create_pull_request(branch="topic", base="main", title="T", body="one\ntwo")
    assert (made.head_sha, made.head_branch, made.base_branch) == (tip, "topic", "main")
    assert (made.title, made.body, made.is_open) == ("T", "one\ntwo", True)
    found = forge.open_pull_request_of("topic", base="main")
    assert found is not None
    assert found.number == made.number
    assert forge.open_pull_request_of("topic", base="other") is None
    with pytest.raises(Terminal):
        forge.create_pull_request(branch="topic", base="main", title="T", body="")
    changed = forge.update_pull_request(made.number, title="U", body="three")
    assert (changed.title, changed.body) == ("U", "three")
    assert forge.pull_request(made.number).title == "U"


def test_a_pull_request_is_closed_unmerged(place: Place, forge: Forge) -> None:
    tip = _tip(forge)
    place.commit("topic", {"a.txt": "x\n"})
    number = place.open_pull("topic")
    for _ in range(2):
        closed = forge.close_pull_request(number)
        assert (closed.is_open, closed.merged_at) == (False, None)
    assert forge.open_pull_requests() == ()
    assert _tip(forge) == tip
    with pytest.raises(NotFound):
        forge.close_pull_request(77)


def test_a_pull_request_needs_branches_and_something_to_merge(place: Place, forge: Forge) -> None:
    forge.commit_files("same", parent=_tip(forge), message="m", files={"aft.yaml": "y\n"})
    place.merge(place.open_pull("same"), "merge")
    for branch, base in (("same", "main"), ("none", "main"), ("main", "none")):
        with pytest.raises(Terminal):
            forge.create_pull_request(branch=branch, base=base, title="T", body="")
    for ask in (forge.pull_request, forge.reviews):
        with pytest.raises(NotFound):
            ask(77)


def test_a_forks_branch_of_that_name_is_another(place: Place, forge: Forge) -> None:
    place.commit("topic", {"a.txt": "x\n"})
    fork = place.open_pull("topic", from_fork=True)
    assert forge.open_pull_request_of("topic", base="main") is None
    own = place.open_pull("topic")
    found = forge.open_pull_request_of("topic", base="main")
    assert found is not None
    assert found.number == own
    assert [pull.number for pull in forge.open_pull_requests()] == [fork, own]


def test_open_ones_are_listed_oldest_first(place: Place, forge: Forge) -> None:
    numbers = [pull_of(place, branch, a_txt=branch) for branch in ("one", "two", "three")]
    place.close(numbers[1])
    listed = forge.open_pull_requests()
    assert [pull.number for pull in listed] == [numbers[0], numbers[2]]
    assert {pull.is_mergeable for pull in listed} == {None}
    closed = forge.pull_request(numbers[1])
    assert (closed.is_open, closed.merged_at) == (False, None)


def test_the_test_merge_comes_after_it_was_asked_for(place: Place, forge: Forge) -> None:
    number = pull_of(place, "topic", a_txt="x\n")
    refs = forge.pull_refs(number)
    assert place.resolve(refs.head) == forge.pull_request(number).head_sha
    pull = forge.pull_request(number)
    assert pull.is_mergeable is True
    assert place.resolve(refs.merge) == pull.merge_sha
    newer = place.commit("topic", {"a.txt": "y\n"})
    assert forge.pull_request(number).is_mergeable is None
    assert place.resolve(refs.head) == forge.pull_request(number).head_sha == newer
    place.commit("main", {"a.txt": "z\n"})
    looks = [forge.pull_request(number).is_mergeable for _ in range(2)]
    assert looks == [None, False]


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
def test_the_pull_request_that_brought_a_commit(place: Place, forge: Forge, method: str) -> None:
    direct = place.commit("main", {"b.txt": "x\n"})
    number = pull_of(place, "topic", a_txt="x\n")
    tip = place.merge(number, method)
    (found,) = forge.pull_requests_that_brought(tip)
    assert (found.number, found.merge_sha) == (number, tip)
    assert found.merged_at is not None
    assert forge.pull_requests_that_brought(direct) == ()
    assert forge.pull_requests_that_brought(NOBODY) == ()


def test_an_open_pull_request_brought_nothing_yet(place: Place, forge: Forge) -> None:
    pull = forge.pull_request(pull_of(place, "topic", a_txt="x\n"))
    assert forge.pull_requests_that_brought(pull.head_sha) == ()


def test_what_was_merged_last_comes_first(place: Place, forge: Forge) -> None:
    one, two, three, four = (pull_of(place, name, **{name: name}) for name in "abcd")
    place.merge(two)
    place.merge(four)
    place.close(three)
    place.merge(one)
    merged = forge.pull_requests_merged_into("main", at_most=10)
    assert [pull.number for pull in merged] == [one, four, two]
    assert [p.number for p in forge.pull_requests_merged_into("main", at_most=2)] == [one]
    assert forge.pull_requests_merged_into("other", at_most=10) == ()


def test_reviews_say_what_was_looked_at(place: Place, forge: Forge) -> None:
    number = pull_of(place, "topic", a_txt="x\n")
    assert forge.reviews(number) == ()
    first = forge.pull_request(number).head_sha
    place.review(number, ReviewVerdict.CHANGES_REQUESTED, by="grace")
    second = place.commit("topic", {"a.txt": "y\n"})
    place.review(number, ReviewVerdict.APPROVED, by="linus")
    place.review(number, ReviewVerdict.COMMENTED, by="grace")
    place.dismiss(number, by="linus")
    assert [(r.author.login, r.verdict, r.head_sha) for r in forge.reviews(number)] == [
        ("grace", ReviewVerdict.CHANGES_REQUESTED, first),
        ("linus", ReviewVerdict.DISMISSED, second),
        ("grace", ReviewVerdict.COMMENTED, second),
    ]


# --- branches and commits ---------------------------------------------------------------


def _tip(forge: Forge, branch: str | None = None) -> str:
    tip = forge.branch_tip(branch or forge.default_branch())
    assert tip is not None
    return tip


def test_branches_have_a_tip(place: Place, forge: Forge) -> None:
    assert forge.default_branch() == "main"
    tip = place.commit("team/topic", {"a.txt": "x\n"})
    assert forge.branch_tip("team/topic") == tip
    assert forge.branch_tip("team") is None


def test_files_are_committed_to_a_new_branch_and_over_its_tip(place: Place, forge: Forge) -> None:
    base = place.commit("main", {"old.txt": "old\n", "kept.txt": "kept\n"})
    files = {"deep/in/new.yaml": "name: é\n", "old.txt": None}
    first = forge.commit_files("team/topic", parent=base, message="Add\n\nwhy", files=files)
    assert forge.branch_tip("team/topic") == first
    assert place.text(first, "deep/in/new.yaml") == "name: é\n"
    assert place.text(first, "old.txt") is None
    assert place.text(first, "kept.txt") == "kept\n"
    again = {"deep/in/new.yaml": "name: b\n"}
    second = forge.commit_files("team/topic", parent=first, message="Change", files=again)
    assert [item.sha for item in forge.commits_between(base, second)] == [first, second]
    assert [item.subject for item in forge.commits_between(base, second)] == ["Add", "Change"]
    assert forge.branch_tip("main") == base


def test_files_that_say_so_already_make_no_commit(place: Place, forge: Forge) -> None:
    base = place.commit("main", {"a.txt": "x\n"})
    assert forge.commit_files("topic", parent=base, message="m", files={"a.txt": "x\n"}) == base
    assert forge.branch_tip("topic") == base
    assert forge.commit_files("topic", parent=base, message="m", files={"a.txt": "x\n"}) == base


def test_nobodys_commit_is_overwritten(place: Place, forge: Forge) -> None:
    base = _tip(forge)
    ours = forge.commit_files("topic", parent=base, message="m", files={"a.txt": "x\n"})
    theirs = place.commit("topic", {"a.txt": "by hand\n"})
    for parent in (base, ours):
        with pytest.raises(Conflict):
            forge.commit_files("topic", parent=parent, message="m", files={"a.txt": "y\n"})
    assert forge.branch_tip("topic") == theirs


def test_a_file_that_is_not_there_cannot_be_removed(forge: Forge) -> None:
    base = _tip(forge)
    with pytest.raises(Terminal):
        forge.commit_files("topic", parent=base, message="m", files={"none.txt": None})
    with pytest.raises(NotFound):
        forge.commit_files("topic", parent=NOBODY, message="m", files={"a.txt": "x\n"})
    assert forge.branch_tip("topic") is None


def test_committed_files_appear_in_the_open_pull_request(place: Place, forge: Forge) -> None:
    base = _tip(forge)
    tip = forge.commit_files("topic", parent=base, message="m", files={"a.txt": "x\n"})
    made = forge.create_pull_request(branch="topic", base="main", title="T", body="")
    newer = forge.commit_files("topic", parent=tip, message="m", files={"a.txt": "y\n"})
    assert forge.pull_request(made.number).head_sha == newer


def test_commits_between_say_whether_they_are_signed(place: Place, forge: Forge) -> None:
    base = _tip(forge)
    first = place.commit("topic", {"a.txt": "x\n"})
    second = place.commit("topic", {"a.txt": "y\n"})
    place.sign(second)
    between = forge.commits_between(base, second)
    assert [(item.sha, item.is_verified) for item in between] == [(first, False), (second, True)]
    assert (between[0].reason, between[1].reason) == ("unsigned", "valid")
    assert between[0].remedy
    assert between[0].author
    assert forge.commits_between(second, second) == ()
    for unknown in ((base, NOBODY), (NOBODY, base)):
        with pytest.raises(NotFound):
            forge.commits_between(*unknown)


def test_statuses_and_checks_of_a_commit(place: Place, forge: Forge) -> None:
    sha = place.commit("topic", {"a.txt": "x\n"})
    assert forge.checks(sha) == ()
    place.check(sha, "build", CheckState.FAILURE)
    place.check(sha, "build", CheckState.SUCCESS, "all is well")
    place.check(sha, "lint", CheckState.SKIPPED)
    place.check(sha, "slow", CheckState.PENDING)
    forge.set_status(sha, Check(name="aft/plan", state=CheckState.PENDING))
    said = Check(
        name="aft/plan",
        state=CheckState.FAILURE,
        description="3 to change",
        url="https://forge.test/1",
    )
    forge.set_status(sha, said)
    found = forge.checks(sha)
    assert found[0] == said
    assert [(item.name, item.state) for item in found[1:]] == [
        ("build", CheckState.SUCCESS),
        ("lint", CheckState.SKIPPED),
        ("slow", CheckState.PENDING),
    ]
    assert found[1].description == "all is well"
    assert found[1].url
    forge.set_status(sha, Check(name="aft/plan", state=CheckState.SKIPPED, description="x" * 999))
    now = forge.checks(sha)[0]
    assert now.state in (CheckState.SUCCESS, CheckState.SKIPPED)
    assert 50 < len(now.description) < 999
    for ask in (forge.checks, lambda sha: forge.set_status(sha, said)):
        with pytest.raises(NotFound):
            ask(NOBODY)


# --- pipelines --------------------------------------------------------------------------


def test_a_pipeline_is_started_with_its_inputs(place: Place, forge: Forge) -> None:
    place.offer(PLAN)
    forge.start_pipeline(PLAN, branch="main", inputs={"pull": "7"})
    assert place.started() == [(PLAN, "main", {"pull": "7"})]
    with pytest.raises(NotFound):
        forge.start_pipeline(APPLY, branch="main", inputs={})
    with pytest.raises(Terminal):
        forge.start_pipeline(PLAN, branch="none", inputs={})
    assert len(place.started()) == 1


def test_the_last_complete_run_is_no_failed_partial_or_foreign_one(
    place: Place, forge: Forge
) -> None:
    assert forge.last_complete_run(APPLY, branch="main") is None
    first, second, third = (place.commit("main", {"a.txt": text}) for text in "123")
    place.run(first)
    place.run(second, conclusion="failure")
    place.run(second, branch="other")
    place.run(third, is_by_hand=True)
    assert forge.last_complete_run(APPLY, branch="main") == first
    place.run(second)
    assert forge.last_complete_run(APPLY, branch="main") == second
    assert forge.last_complete_run(PLAN, branch="main") is None


def planned(place: Place, forge: Forge, number: int, limit: int = 100) -> PipelineFile | None:
    pull = forge.pull_request(number)
    return forge.planned_file(pull, pipeline=PLAN, name="reviewed.json", limit=limit)


def test_the_newest_plan_of_this_head_counts(place: Place, forge: Forge) -> None:
    number = pull_of(place, "topic", a_txt="x\n")
    assert planned(place, forge, number) is None
    place.plan(number, {"reviewed.json": "old"})
    place.plan(number, {"reviewed.json": "new", "other": "x"}, conclusion="")
    place.plan(number, {"reviewed.json": "stopped"}, conclusion="cancelled")
    found = planned(place, forge, number)
    assert found is not None
    assert (found.content, found.is_expired, bool(found.run)) == (b"new", False, True)
    place.merge(number)
    assert planned(place, forge, number) == found
    other = pull_of(place, "other", b_txt="x\n")
    assert planned(place, forge, other) is None
    place.plan(other, {"reviewed.json": "x"})
    place.commit("other", {"b.txt": "y\n"})
    assert planned(place, forge, other) is None


def test_a_run_that_the_pull_request_chose_does_not_count(place: Place, forge: Forge) -> None:
    number = pull_of(place, "topic", a_txt="x\n")
    place.plan(number, {"reviewed.json": "forged"}, is_trusted=False)
    place.plan(number, {"reviewed.json": "forged"}, pipeline=".github/workflows/other.yml")
    assert planned(place, forge, number) is None


def test_a_plan_that_failed_or_is_gone_has_no_content(place: Place, forge: Forge) -> None:
    number = pull_of(place, "topic", a_txt="x\n")
    place.plan(number, {"comment.md": "failed"}, conclusion="failure")
    failed = planned(place, forge, number)
    assert failed is not None
    assert (failed.content, failed.is_expired) == (None, False)
    place.plan(number, {"reviewed.json": "x"}, is_expired=True)
    gone = planned(place, forge, number)
    assert gone is not None
    assert (gone.content, gone.is_expired) == (None, True)


def test_a_file_is_as_large_as_it_may_be(place: Place, forge: Forge) -> None:
    number = pull_of(place, "topic", a_txt="x\n")
    place.plan(number, {"reviewed.json": "x" * 10})
    found = planned(place, forge, number, limit=10)
    assert found is not None
    assert found.content == b"x" * 10
    with pytest.raises(Terminal):
        planned(place, forge, number, limit=9)


# --- people -----------------------------------------------------------------------------


@pytest.mark.parametrize("permission", Permission)
def test_what_somebody_may(place: Place, forge: Forge, permission: Permission) -> None:
    place.allow("ada", permission)
    assert forge.permission("ada") is permission
    assert forge.permission("Ada") is permission
    assert forge.permission("stranger") is Permission.NONE
    assert forge.permission("no such/person") is Permission.NONE
    assert Permission.ADMIN > Permission.WRITE > Permission.READ > Permission.NONE


def test_members_of_a_team(place: Place, forge: Forge) -> None:
    place.team("@example/network", "grace", "ada")
    assert [user.login for user in forge.team_members("@example/network")] == ["ada", "grace"]
    with pytest.raises(NotFound):
        forge.team_members("@example/none")
    for name in ("@network", "network", "@example/network/more", ""):
        with pytest.raises(UserError):
            forge.team_members(name)


def test_we_are_somebody(place: Place, forge: Forge) -> None:
    assert forge.name
    assert forge.me().is_bot
    assert forge.me().is_same(place.forge(may_write=False).me())
