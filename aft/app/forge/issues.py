"""The one issue that stands for a state of the world: open while it lasts."""

from __future__ import annotations

from aft.errors import UnknownOutcome
from aft.forge.fitting import fitted_body
from aft.forge.port import Forge, Issue, issue_thread


def settle_issue(
    forge: Forge, *, label: str, title: str, text: str, note: str, farewell: str
) -> str:
    """Open, update or (``text`` is empty) close our issue with ``label``; what was done, in words.
    Issues of others with that label are left alone. Of several of ours the oldest stays."""
    ours = _ours(forge, label)
    oldest = ours[0] if ours else None
    for other in ours[1:]:
        forge.close_issue(other.number, is_done=False)
    if not text.strip():
        return _closed(forge, oldest, farewell)
    body = fitted_body(text, note=note, limit=forge.body_limit)
    if oldest is None:
        return _opened(forge, label=label, title=title, body=body)
    if oldest.title == title and oldest.body.strip() == body.strip():
        return f"issue #{oldest.number} says so already"
    forge.update_issue(oldest.number, title=title, body=body)
    return f"issue #{oldest.number} updated: {oldest.url}"


def _opened(forge: Forge, *, label: str, title: str, body: str) -> str:
    try:
        issue = forge.create_issue(title=title, body=body, label=label)
    except UnknownOutcome:
        made = _ours(forge, label)
        if not made:
            raise
        issue = made[0]
    return f"issue #{issue.number} opened: {issue.url}"


def _closed(forge: Forge, issue: Issue | None, farewell: str) -> str:
    if issue is None:
        return "there is no issue to close"
    forge.close_issue(issue.number)
    forge.create_comment(issue_thread(issue.number), farewell)
    return f"issue #{issue.number} closed: {issue.url}"


def _ours(forge: Forge, label: str) -> list[Issue]:
    me = forge.me()
    return [item for item in forge.open_issues(label) if item.author.is_same(me)]
