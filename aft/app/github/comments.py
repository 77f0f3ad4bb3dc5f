"""The comment that is updated in place: found by its marker, and by who wrote it.

Everybody may write our marker into a comment. Only what our own account wrote is ever taken for
ours; other comments are neither touched nor trusted.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from aft.errors import NotFound, Terminal, UnknownOutcome, UserError
from aft.github.client import GitHubClient
from aft.github.comments import (
    Comment,
    comments_of,
    create_comment,
    delete_comment,
    update_comment,
)
from aft.github.fitting import fitted_body, marker_of
from aft.github.people import Account
from aft.github.pulls import PullRequest, merged_pull_requests_of, pull_request

TEXT_LIMIT = 16 * 1024 * 1024
"""Bytes of a file that is posted; more is cut anyway."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """``removed``: older comments of ours with the same marker, deleted."""

    how: Literal["written", "updated", "unchanged"]
    comment: Comment
    removed: int = 0

    def words(self, where: str) -> str:
        also = f"; {self.removed} older removed" if self.removed else ""
        url = f": {self.comment.url}" if self.comment.url else ""
        return f"comment on {where} {self.how}{also}{url}"


def read_text(path: Path) -> str:
    """The text of a file, empty when it is missing. Raises ``UserError``."""
    try:
        if path.stat().st_size > TEXT_LIMIT:
            raise UserError(f"{path} is larger than {TEXT_LIMIT:,} bytes")
        return path.read_text(encoding="utf-8", errors="replace").replace("\r\n", "\n")
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from error


def post_sticky(
    client: GitHubClient, me: Account, number: int, text: str, *, needs: str, note: str
) -> Posted:
    """Write ``text``, or bring our comment with its marker up to it.

    Nothing is sent when it says the same already. ``note`` ends a text that had to be cut.
    """
    body = fitted_body(text, note=note)
    marker = marker_of(text)
    ours = _ours(client, me, number, marker, needs=needs)
    if not ours:
        try:
            return Posted(how="written", comment=create_comment(client, number, body, needs=needs))
        except UnknownOutcome:
            ours = _ours(client, me, number, marker, needs=needs)
            if not ours:
                raise
    *older, newest = ours
    removed = sum(_removed(client, comment, needs=needs) for comment in older)
    if newest.body.strip() == body.strip():
        return Posted(how="unchanged", comment=newest, removed=removed)
    try:
        updated = update_comment(client, newest, body, needs=needs)
    except NotFound:  # deleted by hand since we looked
        updated = create_comment(client, number, body, needs=needs)
    return Posted(how="updated", comment=updated, removed=removed)


def why_not(client: GitHubClient, number: int, head: str, *, has_text: bool) -> str:
    """Why a run for commit ``head`` has nothing to say on the pull request; or ``""``.

    Runs may end out of order, and the comment is the newest one's. A run that found the pull
    request closed leaves no text, and did not fail.
    """
    if not head and has_text:
        return ""
    pull = pull_request(client, number)
    if head and pull.head_sha != head:
        now = pull.head_sha[:10]
        return f"pull request #{number} is at {now} now, not at {head[:10]}: left to the newer run"
    if not has_text and not pull.is_open:
        return f"pull request #{number} is closed, and there is nothing to say"
    return ""


def pull_request_of_commit(client: GitHubClient, sha: str) -> PullRequest | None:
    """The pull request that commit ``sha`` came from; ``None`` when it was pushed directly."""
    try:
        found = merged_pull_requests_of(client, sha)
    except Terminal as error:
        if error.code == "422":  # GitHub does not know such a commit
            return None
        raise
    exact = [pull for pull in found if pull.merge_sha == sha]
    return next(iter(exact or found), None)


def _ours(
    client: GitHubClient, me: Account, number: int, marker: str, *, needs: str
) -> list[Comment]:
    """Oldest first."""
    return [
        comment
        for comment in comments_of(client, number, needs=needs)
        if comment.author.is_same(me) and comment.first_line == marker
    ]


def _removed(client: GitHubClient, comment: Comment, *, needs: str) -> bool:
    try:
        delete_comment(client, comment, needs=needs)
    except NotFound:
        return False
    return True
