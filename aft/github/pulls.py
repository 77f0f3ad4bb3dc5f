"""Pull requests."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

from aft.github.address import segment
from aft.github.answers import Answer
from aft.github.client import PAGE_SIZE, GitHubClient

READ = "pull-requests: read"
WRITE = "pull-requests: write"
MOST_OPEN = 2_000
"""Open pull requests of one repository that are looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequest:
    """``merge_sha``: of an open one GitHub's test merge, of a merged one what it became.
    ``is_mergeable``: ``None`` while GitHub is still trying, and in lists."""

    number: int
    is_open: bool
    is_merged: bool
    head_sha: str
    head_ref: str
    base_ref: str
    merge_sha: str
    merged_at: str
    url: str
    is_mergeable: bool | None = None

    @property
    def is_closed_unmerged(self) -> bool:
        return not self.is_open and not self.is_merged


def pull_request(client: GitHubClient, number: int) -> PullRequest:
    """Raises ``NotFound``."""
    return _pull(client.get(f"/pulls/{number}", needs=READ))


def open_pull_requests(client: GitHubClient) -> tuple[PullRequest, ...]:
    """Oldest first."""
    query = {"state": "open", "sort": "created", "direction": "asc"}
    pages = client.pages("/pulls", needs=READ, query=query, at_most=MOST_OPEN)
    return tuple(_pull(item) for item in pages)


def open_pull_request_of(client: GitHubClient, branch: str, *, base: str) -> PullRequest | None:
    """The open one from ``branch`` of this repository (not of a fork) into ``base``."""
    owner = client.repository.partition("/")[0]
    query = {"state": "open", "head": f"{owner}:{branch}", "base": base}
    pages = client.pages("/pulls", needs=READ, query=query, at_most=MOST_OPEN)
    found = [_pull(item) for item in pages if item.child("head").text("ref") == branch]
    return found[0] if found else None


def merged_pull_requests_of(client: GitHubClient, sha: str) -> tuple[PullRequest, ...]:
    """Those that brought commit ``sha``: by merging, squashing or rebasing. Newest first.

    GitHub answers with the merged one for a commit of the default branch, and with open ones
    too for others; those are left out. A list has no ``merged``, but ``merged_at``.
    """
    pages = client.pages(f"/commits/{segment(sha)}/pulls", needs=READ, at_most=MOST_OPEN)
    merged = [pull for pull in map(_pull, pages) if pull.is_merged]
    return tuple(sorted(merged, key=lambda pull: pull.merged_at, reverse=True))


def merged_pull_requests_into(
    client: GitHubClient, base: str, *, at_most: int
) -> tuple[PullRequest, ...]:
    """The ``at_most`` pull requests of ``base`` that changed last, as far as they were merged;
    the last merged first."""
    query = {"state": "closed", "base": base, "sort": "updated", "direction": "desc"}
    pages = client.pages("/pulls", needs=READ, query=query, at_most=at_most + PAGE_SIZE)
    merged = [pull for pull in map(_pull, islice(pages, at_most)) if pull.is_merged]
    return tuple(sorted(merged, key=lambda pull: pull.merged_at, reverse=True))


def create_pull_request(
    client: GitHubClient, *, branch: str, base: str, title: str, body: str
) -> PullRequest:
    """Raises ``Terminal`` (422) when there is one already, or nothing to merge."""
    content = {"head": branch, "base": base, "title": title, "body": body}
    return _pull(client.post("/pulls", content, needs=WRITE))


def _pull(answer: Answer) -> PullRequest:
    head, merged_at = answer.child("head"), answer.text_or("merged_at")
    return PullRequest(
        number=answer.number("number"),
        is_open=answer.text("state") == "open",
        is_merged=bool(merged_at),
        head_sha=head.text("sha"),
        head_ref=head.text("ref"),
        base_ref=answer.child("base").text("ref"),
        merge_sha=answer.text_or("merge_commit_sha"),
        merged_at=merged_at,
        url=answer.text_or("html_url"),
        is_mergeable=answer.flag_or_none("mergeable"),
    )
