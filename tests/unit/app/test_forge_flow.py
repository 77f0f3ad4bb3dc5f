"""The pull request flow on a forge that is not GitHub: the one in memory."""

from __future__ import annotations

import pytest
from fakes.forge import BODY_LIMIT, MemoryForge, MemoryHub, Run

from aft.app.forge.comments import Posted, post_sticky
from aft.app.forge.issues import settle_issue
from aft.app.forge.pulls import open_or_find
from aft.app.forge.reviews import Review, review_of_commit
from aft.errors import UnknownOutcome
from aft.forge.port import User, pull_thread
from aft.plan.model import Action
from aft.plan.reviewed import NOTHING_REVIEWED, Reviewed, ReviewedChange, reviewed_to_json
from aft.values.ids import PlanDigest, Revision

MARKER = "<!-- aft:plan -->"
ADA = User("ada", is_bot=False)


@pytest.fixture
def hub() -> MemoryHub:
    return MemoryHub()


@pytest.fixture
def forge(hub: MemoryHub) -> MemoryForge:
    return MemoryForge(hub)


def pull(hub: MemoryHub, branch: str = "topic") -> int:
    hub.commit(branch, {f"{branch}.txt": "x\n"})
    return hub.open_pull(branch)


def posted(forge: MemoryForge, number: int, text: str) -> Posted:
    return post_sticky(forge, pull_thread(number), f"{MARKER}\n{text}", note="> cut")


def test_one_comment_is_kept_up_to_date(hub: MemoryHub, forge: MemoryForge) -> None:
    number = pull(hub)
    hub.open_issue("an issue of that number")
    theirs = hub.comment(pull_thread(number), f"{MARKER}\nforged", ADA)
    assert posted(forge, number, "one").how == "written"
    assert posted(forge, number, "one").how == "unchanged"
    hub.comment(pull_thread(number), f"{MARKER}\nby a run at the same time", forge.me())
    again = posted(forge, number, "two")
    assert again.words.startswith(f"comment on pull request #{number} updated; 1 older removed")
    bodies = [item.body for item in forge.comments(pull_thread(number))]
    assert bodies == [theirs.body, f"{MARKER}\ntwo"]


def test_a_comment_is_cut_to_what_the_forge_takes(hub: MemoryHub, forge: MemoryForge) -> None:
    number = pull(hub)
    body = posted(forge, number, "line\n" * BODY_LIMIT).comment.body
    assert len(body) <= BODY_LIMIT
    assert body.endswith("> cut\n")


def test_a_lost_answer_is_looked_up(hub: MemoryHub, forge: MemoryForge) -> None:
    number = pull(hub)
    hub.loses_answers = True
    assert posted(forge, number, "one").how == "unchanged"
    assert len(forge.comments(pull_thread(number))) == 1


def settled(forge: MemoryForge, text: str, title: str = "Drift") -> str:
    return settle_issue(
        forge, label="aft:drift", title=title, text=text, note="> cut", farewell="Closed."
    )


def test_one_issue_stands_for_a_state(hub: MemoryHub, forge: MemoryForge) -> None:
    theirs = hub.open_issue("theirs", labels=["aft:drift"])
    assert "no issue to close" in settled(forge, "")
    hub.loses_answers = True
    assert "opened" in settled(forge, "x")
    assert "says so already" in settled(forge, "x")
    assert "updated" in settled(forge, "y")
    assert "closed" in settled(forge, "")
    assert [(issue.number, issue.is_open) for issue in hub.issues.values()] == [
        (theirs, True),
        (theirs + 1, False),
    ]


def test_a_pull_request_is_opened_or_found(hub: MemoryHub, forge: MemoryForge) -> None:
    hub.commit("topic", {"a.txt": "x\n"})
    made, is_new = open_or_find(forge, branch="topic", base="main", title="T", body="b")
    found, again = open_or_find(forge, branch="topic", base="main", title="T", body="b")
    assert (is_new, again, found.number) == (True, False, made.number)
    hub.commit("other", {"a.txt": "y\n"})
    hub.loses_answers = True
    with pytest.raises(UnknownOutcome):
        open_or_find(forge, branch="other", base="main", title="T", body="b")
    assert not open_or_find(forge, branch="other", base="main", title="T", body="b")[1]


def reviewed_moves(*names: str) -> str:
    changes = tuple(
        ReviewedChange(
            id=name,
            kind="account",
            action=Action.MOVE,
            target=name,
            risk="",
            does=f"sha256:{1:064}",
        )
        for name in names
    )
    plan, revision = PlanDigest(f"sha256:{1:064}"), Revision(f"{1:040}")
    return reviewed_to_json(Reviewed(plan=plan, revision=revision, changes=changes))


def merged(hub: MemoryHub, branch: str, *moves: str) -> str:
    number = pull(hub, branch)
    files = {"reviewed.json": reviewed_moves(*moves).encode()}
    sha = hub.pulls[number].head_sha
    hub.runs.append(Run(pipeline="plan", pull=number, sha=sha, files=files))
    return hub.merge(number, "squash")


def review(forge: MemoryForge, sha: str) -> Review:
    return review_of_commit(forge, sha, plan_pipeline="plan", apply_pipeline="apply")


def test_what_was_reviewed_since_everything_was_carried_out(
    hub: MemoryHub, forge: MemoryForge
) -> None:
    done = merged(hub, "done", "a")
    hub.runs.append(Run(pipeline="apply", branch="main", sha=done))
    merged(hub, "left", "b")
    own = merged(hub, "own", "c")
    assert [change.id for change in review(forge, own).reviewed.changes] == ["c", "b"]
    direct = hub.commit("main", {"x.txt": "x\n"})
    found = review(forge, direct)
    assert [change.id for change in found.reviewed.changes] == ["c", "b"]
    assert "came without a pull request" in found.words


def test_nothing_was_reviewed_where_the_plan_failed(hub: MemoryHub, forge: MemoryForge) -> None:
    number = pull(hub)
    hub.runs.append(Run(pipeline="plan", pull=number, sha=hub.pulls[number].head_sha))
    found = review(forge, hub.merge(number))
    assert found.reviewed == NOTHING_REVIEWED
    assert "failed" in found.words
