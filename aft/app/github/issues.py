"""The one issue that stands for a state of the world: open while it lasts."""

from __future__ import annotations

from aft.errors import UnknownOutcome
from aft.github.client import GitHubClient
from aft.github.comments import create_comment
from aft.github.fitting import fitted_body
from aft.github.issues import (
    WRITE,
    Issue,
    close_issue,
    create_issue,
    open_issues_labelled,
    update_issue,
)
from aft.github.people import Account


def settle_issue(
    client: GitHubClient,
    me: Account,
    *,
    label: str,
    title: str,
    text: str,
    note: str,
    farewell: str,
) -> str:
    """Open, update or (``text`` is empty) close our issue with ``label``; what was done, in words.

    Issues of others with that label are left alone. Of several of ours the oldest stays.
    """
    ours = _ours(client, me, label)
    oldest = ours[0] if ours else None
    for other in ours[1:]:
        close_issue(client, other, is_done=False)
    if not text.strip():
        return _closed(client, oldest, farewell)
    body = fitted_body(text, note=note)
    if oldest is None:
        return _opened(client, me, label=label, title=title, body=body)
    if oldest.title == title and oldest.body.strip() == body.strip():
        return f"issue #{oldest.number} says so already"
    update_issue(client, oldest, title=title, body=body)
    return f"issue #{oldest.number} updated: {oldest.url}"


def _opened(client: GitHubClient, me: Account, *, label: str, title: str, body: str) -> str:
    try:
        issue = create_issue(client, title=title, body=body, label=label)
    except UnknownOutcome:
        made = _ours(client, me, label)
        if not made:
            raise
        issue = made[0]
    return f"issue #{issue.number} opened: {issue.url}"


def _closed(client: GitHubClient, issue: Issue | None, farewell: str) -> str:
    if issue is None:
        return "there is no issue to close"
    close_issue(client, issue)
    create_comment(client, issue.number, farewell, needs=WRITE)
    return f"issue #{issue.number} closed: {issue.url}"


def _ours(client: GitHubClient, me: Account, label: str) -> list[Issue]:
    return [item for item in open_issues_labelled(client, label) if item.author.is_same(me)]
