"""Issues."""

from __future__ import annotations

from dataclasses import dataclass

from aft.github.answers import Answer
from aft.github.client import GitHubClient
from aft.github.people import Account, account_of

READ = "issues: read"
WRITE = "issues: write"
MOST_ISSUES = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """``body`` has line feeds alone between its lines."""

    number: int
    title: str
    body: str
    author: Account
    is_open: bool
    url: str


def open_issues_labelled(client: GitHubClient, label: str) -> tuple[Issue, ...]:
    """Oldest first; without pull requests, which GitHub lists among the issues."""
    query = {"state": "open", "labels": label, "sort": "created", "direction": "asc"}
    pages = client.pages("/issues", needs=READ, query=query, at_most=MOST_ISSUES)
    return tuple(_issue(item) for item in pages if item.child_or_none("pull_request") is None)


def create_issue(client: GitHubClient, *, title: str, body: str, label: str) -> Issue:
    """GitHub makes the label when there is none of that name."""
    content = {"title": title, "body": body, "labels": [label]}
    return _issue(client.post("/issues", content, needs=WRITE))


def update_issue(client: GitHubClient, issue: Issue, *, title: str, body: str) -> Issue:
    """Write both anew; labels stay."""
    content = {"title": title, "body": body}
    return _issue(client.patch(f"/issues/{issue.number}", content, needs=WRITE))


def close_issue(client: GitHubClient, issue: Issue, *, is_done: bool = True) -> Issue:
    """``is_done``: what it was about is over; otherwise it is not needed (a duplicate)."""
    reason = "completed" if is_done else "not_planned"
    content = {"state": "closed", "state_reason": reason}
    return _issue(client.patch(f"/issues/{issue.number}", content, needs=WRITE))


def _issue(answer: Answer) -> Issue:
    return Issue(
        number=answer.number("number"),
        title=answer.text("title"),
        body=answer.text_or("body").replace("\r\n", "\n"),
        author=account_of(answer.child_or_none("user")),
        is_open=answer.text("state") == "open",
        url=answer.text_or("html_url"),
    )
