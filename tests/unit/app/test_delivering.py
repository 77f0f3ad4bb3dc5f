"""What people wait for is said where they wait: at least once, and once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from builders_git import BRANCH, START, Clone, bound, event, step
from fakes.forge import MemoryForge, MemoryHub

from aft.app.forge.delivering import deliver
from aft.clock import SystemClock
from aft.errors import Denied
from aft.forge.port import User, issue_thread, pull_thread
from aft.git.ledger.store import GitLedger
from aft.ledger.events import EventKind, LedgerEvent
from aft.outbox.notices import Notice, What, notices_in
from aft.report.markdown.notices import issue_comment, pull_comment
from aft.report.masking import FULL_MASK, NO_MASK

ADA = User("ada", is_bot=False)
SHOP = "payments-prod"
PORTAL = "https://example.awsapps.com/start"
READY, FAILED, HELD = EventKind.READY, EventKind.STEP_FAILED, EventKind.STEP_HELD


@pytest.fixture
def ledger(tmp_path: Path) -> GitLedger:
    clone = Clone(tmp_path / "clone")
    return GitLedger(clone.repository, branch=BRANCH, clock=SystemClock(), environ={})


def notices(ledger: GitLedger, *, after: float = -1) -> tuple[Notice, ...]:
    """Of the events of more than so many seconds after the first."""
    return notices_in(ledger.stories_since(START + timedelta(seconds=after)))


def said(found: Sequence[Notice]) -> list[tuple[str, str, str]]:
    return [(item.what.value, item.subject, item.step) for item in found]


def failed(name: str, second: float, run: str = "run-1") -> LedgerEvent:
    return step(name, subject=SHOP, second=second, run=run, kind=FAILED, reason="no", hint="retry")


def test_each_thing_is_a_notice_once(ledger: GitLedger) -> None:
    ledger.append([bound(SHOP, awaited=True), failed("alias", 1)])
    ledger.append([failed("alias", 2, "run-2"), failed("network", 3, "run-2")])
    ledger.append([step("more", subject=SHOP, second=4, kind=HELD, reason="risky")])
    ledger.append([event("organization", EventKind.LEDGER_ADOPTED, second=5)])
    ledger.append([step("x", subject="ou/Sandbox", second=6, kind=FAILED, reason="no")])
    expected = [
        ("account.failed", SHOP, "setting/alias"),
        ("account.failed", SHOP, "setting/network"),
        ("account.held", SHOP, "setting/more"),
        ("ledger.adopted", "organization", ""),
    ]
    assert said(notices(ledger)) == expected
    assert said(notices(ledger, after=1.5)) == expected[1:]
    assert notices(ledger, after=60) == ()
    ids = [item.id for item in notices(ledger)]
    assert len(set(ids)) == len(ids)
    assert [item.id for item in notices(ledger, after=1.5)] == ids[1:]


def test_what_is_over_is_not_said(ledger: GitLedger) -> None:
    ledger.append([bound(SHOP, awaited=True), failed("alias", 1)])
    ledger.append([step("more", subject=SHOP, second=2, kind=HELD)])
    ledger.append([step("alias", subject=SHOP, second=3), step("more", subject=SHOP, second=4)])
    ledger.append([event(SHOP, READY, second=5, account_id="1" * 12)])
    assert said(notices(ledger)) == [("account.ready", SHOP, "")]
    ledger.append([failed("alias", 6, "run-2")])
    assert said(notices(ledger)) == [
        ("account.ready", SHOP, ""),
        ("account.failed", SHOP, "setting/alias"),
    ]
    ledger.append([event(SHOP, EventKind.FORGOTTEN, second=7)])
    assert said(notices(ledger)) == [("account.ready", SHOP, "")]


class World:
    """A hub on which an issue asked for the account, with the notices of its merge."""

    def __init__(self, *, label: str = "aft:request", branch: str = "request/1-payments-prod"):
        self.hub = MemoryHub()
        self.forge = MemoryForge(self.hub)
        self.issue = self.hub.open_issue("An account", labels=[label])
        self.hub.commit(branch, {"account-requests/payments-prod.yaml": "x\n"})
        self.pull = self.hub.open_pull(branch)
        self.merged = self.hub.merge(self.pull)
        self.result_of = ""

    def notice(self, what: What = What.READY, *, run: str = "run-1", **more: str) -> Notice:
        made = {
            "id": f"id-{what.name.lower()}-{run}",
            "revision": "b" * 40,
            "account_id": "1" * 12,
        }
        return Notice(
            what=what,
            subject=more.pop("subject", SHOP),
            at=START,
            run=run,
            request_commit=more.pop("request_commit", self.merged),
            **{**made, **more},
        )

    def deliver(self, *found: Notice, mask: object = NO_MASK) -> list[str]:
        return list(
            deliver(
                self.forge,
                found,
                to_issue=partial(issue_comment, sign_in=PORTAL, mask=mask),
                to_pull=partial(pull_comment, sign_in=PORTAL, mask=mask),
                has_result=lambda pull, run: (pull.number, run) == (self.pull, self.result_of),
                note="> cut",
            )
        )

    @property
    def on_issue(self) -> list[str]:
        return [item.body for item in self.forge.comments(issue_thread(self.issue))]

    @property
    def on_pull(self) -> list[str]:
        return [item.body for item in self.forge.comments(pull_thread(self.pull))]


def test_it_is_said_to_who_asked_and_to_who_reviewed() -> None:
    world = World()
    world.deliver(world.notice())
    (issue,), (pull,) = world.on_issue, world.on_pull
    assert "Your account `payments-prod` is ready" in issue
    assert f"`{'1' * 12}`" in issue
    assert f"Sign in at <{PORTAL}>" in issue
    assert "Ready: 1 account" in pull


def test_again_and_again_is_once() -> None:
    world = World()
    forged = f"<!-- aft:notice-{world.notice().id} -->"
    world.hub.comment(issue_thread(world.issue), forged, ADA)  # by someone who wants it unsaid
    for _ in range(3):
        world.deliver(world.notice())
    assert len(world.on_issue) == 2
    assert len(world.on_pull) == 1


def test_a_lost_answer_is_delivered_once() -> None:
    world = World()
    world.hub.loses_answers = True
    world.deliver(world.notice())
    assert (len(world.on_issue), len(world.on_pull)) == (1, 1)


def test_what_the_result_says_already_is_not_repeated_on_the_pull_request() -> None:
    world = World()
    world.result_of = "run-1"
    failed = world.notice(What.FAILED, step="setting/alias", reason="no")
    world.deliver(failed, world.notice())
    assert world.on_pull == []
    assert "`setting/alias`" in world.on_issue[0]
    later = world.notice(What.HELD, run="run-2", step="setting/network", reason="risky")
    world.deliver(later, world.notice(run="run-2"))
    (pull,) = world.on_pull
    assert "### Ready: 1 account" in pull
    assert "### Waiting: 1 account" in pull


@pytest.mark.parametrize(
    ("label", "branch"),
    [("bug", "request/1-payments-prod"), ("aft:request", "topic"), ("aft:request", "request/99-x")],
)
def test_an_issue_that_did_not_ask_hears_nothing(label: str, branch: str) -> None:
    world = World(label=label, branch=branch)
    world.deliver(world.notice())
    assert world.on_issue == []
    assert len(world.on_pull) == 1


def test_one_that_goes_nowhere_keeps_no_other() -> None:
    world = World()
    nowhere = world.notice(subject="by-hand", request_commit="c" * 40)
    never = world.notice(subject="never", request_commit="")
    words = world.deliver(nowhere, never, world.notice())
    assert [item for item in words if "no pull request" in item] == words[:2]
    assert len(world.on_issue) == 1


def test_what_may_not_be_written_is_no_success() -> None:
    world = World()
    world.forge = MemoryForge(world.hub, may_write=False)
    with pytest.raises(Denied):
        world.deliver(world.notice())
    world.forge = MemoryForge(world.hub)
    world.deliver(world.notice())
    assert (len(world.on_issue), len(world.on_pull)) == (1, 1)


def test_masks_and_hostile_words() -> None:
    world = World()
    bad = world.notice(
        What.FAILED,
        step="setting/alias",
        reason="**bold** @acme/all https://evil.example <img src=x> `1`",
        hint="\n### Heading\n/close",
    )
    world.deliver(bad, world.notice(), mask=FULL_MASK)
    for text in (*world.on_issue, *world.on_pull):
        assert "1" * 12 not in text
        assert "\n### Heading" not in text
        assert not re.search(r"(?<!`)@acme|(?<!`)https://evil|(?<!\\)<img|(?<!\\)\*\*bold", text)
