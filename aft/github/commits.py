"""Commits, and what GitHub says of their signatures."""

from __future__ import annotations

from dataclasses import dataclass

from aft.errors import Terminal
from aft.github.address import segment
from aft.github.answers import Answer
from aft.github.client import GitHubClient

READ = "contents: read"
MOST_COMMITS = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedCommit:
    """``reason`` is GitHub's word: ``valid``, ``unsigned``, ``unknown_key``, ``no_user`` …"""

    sha: str
    subject: str
    author: str
    is_verified: bool
    reason: str


def commits_between(client: GitHubClient, base: str, head: str) -> tuple[VerifiedCommit, ...]:
    """Every commit of ``head`` that ``base`` has not, oldest first.

    Raises ``Terminal`` when they are more than ``MOST_COMMITS``, and when GitHub lists fewer than
    it counts: a commit that was not looked at is not verified.
    """
    path = f"/compare/{segment(base)}...{segment(head)}"
    pages = client.pages(path, needs=READ, key="commits", at_most=MOST_COMMITS)
    commits = tuple(_commit(item) for item in pages)
    total = client.get(path, needs=READ, query={"per_page": "1", "page": "1"})
    if total.number("total_commits") != len(commits):
        raise Terminal(
            f"GitHub counts {total.number('total_commits')} commits between {base} and {head}, "
            f"but lists {len(commits)}",
            hint="the branch moved meanwhile, or its history is too long; run again",
        )
    return commits


def _commit(answer: Answer) -> VerifiedCommit:
    commit = answer.child("commit")
    verification = commit.child_or_none("verification")
    author = commit.child_or_none("author")
    return VerifiedCommit(
        sha=answer.text("sha"),
        subject=commit.text_or("message").partition("\n")[0],
        author=author.text_or("name") if author else "",
        is_verified=verification is not None and verification.flag("verified"),
        reason=verification.text_or("reason") if verification else "unsigned",
    )
