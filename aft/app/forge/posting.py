"""Our comment and our issue, updated in place: found by marker or label, and by who wrote them.

Anyone may write our marker into a comment. Only what our own account wrote is ever taken for
ours; comments and issues of others are neither touched nor trusted.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from aft.app.text_files import read_text
from aft.errors import NotFound, UnknownOutcome
from aft.forge.fitting import OPEN, fitted_body, marker_of
from aft.forge.port import (
    Comment,
    Forge,
    Issue,
    PullRequest,
    Thread,
    issue_thread,
    pull_thread,
)

TEXT_LIMIT = 16 * 1024 * 1024
"""Bytes of a file that is posted; more is cut anyway."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """``removed``: older comments of ours with the same marker, deleted."""

    how: Literal["written", "updated", "unchanged"]
    comment: Comment
    removed: int = 0

    @property
    def words(self) -> str:
        also = f"; {self.removed} older removed" if self.removed else ""
        url = f": {self.comment.url}" if self.comment.url else ""
        return f"comment on {self.comment.thread} {self.how}{also}{url}"


def text_to_post(path: Path) -> str:
    """The text of a file, empty when it is missing. Raises ``UserError``."""
    return read_text(path, most=TEXT_LIMIT, errors="replace") if path.exists() else ""


def post_sticky(forge: Forge, thread: Thread, text: str, *, note: str) -> Posted:
    """Write ``text``, or bring our comment with its marker up to it. Nothing is sent when it says
    the same already. ``note`` ends a text that had to be cut."""
    body = fitted_body(text, note=note, limit=forge.body_limit)
    ours = _our_comments(forge, thread, marker_of(text))
    for is_last in (False, False, True):
        if ours:
            break
        try:
            return Posted(how="written", comment=forge.create_comment(thread, body))
        except UnknownOutcome:  # the marker says whether it arrived
            ours = _our_comments(forge, thread, marker_of(text))
            if is_last and not ours:
                raise
    *older, newest = ours
    removed = sum(_removed(forge, comment) for comment in older)
    if newest.body.strip() == body.strip():
        return Posted(how="unchanged", comment=newest, removed=removed)
    try:
        updated = forge.update_comment(newest, body)
    except NotFound:  # deleted manually since we looked
        updated = forge.create_comment(thread, body)
    return Posted(how="updated", comment=updated, removed=removed)


def post_result(
    forge: Forge, number: int, text: str, *, note: str, is_newest: bool, is_silent: bool
) -> str:
    """Write how an apply ended on a pull request that it was for; what was done, in words. Where
    one said already how it ended, that stays: this one was about what was merged since. What was
    left open is brought up to date by the run that finishes it, on the newest by every run.
    ``is_silent``: the run said nothing itself."""
    thread = pull_thread(number)
    ours = _our_comments(forge, thread, marker_of(text))
    if ours:
        was_open, is_open = _is_open(ours[-1].body), _is_open(text)
        if is_silent or not was_open or (is_open and not is_newest):
            return f"comment on {thread} stays as it is"
    return post_sticky(forge, thread, text, note=note).words


def _is_open(body: str) -> bool:
    return OPEN in body.splitlines()[:4]


def why_not(forge: Forge, number: int, head: str, *, has_text: bool) -> str:
    """Why a run for commit ``head`` has nothing to say on the pull request; or ``""``. Runs may end
    out of order, and the comment is the newest one's. A run that found the pull request closed
    leaves no text, and did not fail."""
    if not head and has_text:
        return ""
    pull = forge.pull_request(number)
    if head and pull.head_sha != head:
        now = pull.head_sha[:10]
        return f"pull request #{number} is at {now} now, not at {head[:10]}: left to the newer run"
    if not has_text and not pull.is_open:
        return f"pull request #{number} is closed, and there is nothing to say"
    return ""


def pull_request_of_commit(forge: Forge, sha: str) -> PullRequest | None:
    """The pull request that commit ``sha`` came from; ``None`` when it was pushed directly."""
    found = forge.pull_requests_that_brought(sha)
    exact = [pull for pull in found if pull.merge_sha == sha]
    return next(iter(exact or found), None)


def _our_comments(forge: Forge, thread: Thread, marker: str) -> list[Comment]:
    """Oldest first."""
    me = forge.me()
    return [
        comment
        for comment in forge.comments(thread)
        if comment.author.is_same(me) and comment.first_line == marker
    ]


def _removed(forge: Forge, comment: Comment) -> bool:
    try:
        forge.delete_comment(comment)
    except NotFound:
        return False
    return True


def settle_issue(
    forge: Forge, *, label: str, title: str, text: str, note: str, farewell: str
) -> str:
    """Open, update or (``text`` is empty) close our issue with ``label``; what was done, in words.
    Issues of others with that label are left alone. Of several of ours the oldest stays."""
    ours = _our_issues(forge, label)
    for other in ours[1:]:
        forge.close_issue(other.number, is_done=False)
    if not text.strip():
        return _closed(forge, ours[0], farewell) if ours else "there is no issue to close"
    body = fitted_body(text, note=note, limit=forge.body_limit)
    if not ours:
        ours = [_opened(forge, label=label, title=title, body=body)]
        return f"issue #{ours[0].number} opened: {ours[0].url}"
    oldest = ours[0]
    if oldest.title == title and oldest.body.strip() == body.strip():
        return f"issue #{oldest.number} says so already"
    forge.update_issue(oldest.number, title=title, body=body)
    return f"issue #{oldest.number} updated: {oldest.url}"


def _opened(forge: Forge, *, label: str, title: str, body: str) -> Issue:
    """Our new issue. When the answer is lost its label says whether it arrived."""
    for is_last in (False, False, True):
        try:
            return forge.create_issue(title=title, body=body, label=label)
        except UnknownOutcome:
            if found := _our_issues(forge, label):
                return found[0]
            if is_last:
                raise
    raise AssertionError


def _closed(forge: Forge, issue: Issue, farewell: str) -> str:
    forge.close_issue(issue.number)
    forge.create_comment(issue_thread(issue.number), farewell)
    return f"issue #{issue.number} closed: {issue.url}"


def _our_issues(forge: Forge, label: str) -> list[Issue]:
    me = forge.me()
    return [item for item in forge.open_issues(label) if item.author.is_same(me)]
