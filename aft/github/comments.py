"""Comments of issues and of pull requests (which are issues to this part of the API).

``needs`` names the permission to ask for: ``pull-requests`` is enough for pull requests.
"""

from __future__ import annotations

from dataclasses import dataclass

from aft.github.answers import Answer
from aft.github.client import GitHubClient
from aft.github.people import Account, account_of

WRITE = "pull-requests: write"
MOST_COMMENTS = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """``body`` has line feeds alone between its lines."""

    id: int
    author: Account
    body: str
    url: str

    @property
    def first_line(self) -> str:
        return self.body.partition("\n")[0].strip()


def comments_of(client: GitHubClient, number: int, *, needs: str = WRITE) -> tuple[Comment, ...]:
    """Oldest first. Raises ``NotFound``."""
    pages = client.pages(f"/issues/{number}/comments", needs=needs, at_most=MOST_COMMENTS)
    return tuple(_comment(item) for item in pages)


def create_comment(client: GitHubClient, number: int, body: str, *, needs: str = WRITE) -> Comment:
    """Raises ``Denied`` also when the conversation is locked."""
    return _comment(client.post(f"/issues/{number}/comments", {"body": body}, needs=needs))


def update_comment(
    client: GitHubClient, comment: Comment, body: str, *, needs: str = WRITE
) -> Comment:
    """Raises ``NotFound`` when somebody deleted it meanwhile."""
    return _comment(client.patch(f"/issues/comments/{comment.id}", {"body": body}, needs=needs))


def delete_comment(client: GitHubClient, comment: Comment, *, needs: str = WRITE) -> None:
    """Raises ``NotFound`` when it is gone already."""
    client.delete(f"/issues/comments/{comment.id}", needs=needs)


def _comment(answer: Answer) -> Comment:
    return Comment(
        id=answer.number("id"),
        author=account_of(answer.child_or_none("user")),
        body=answer.text_or("body").replace("\r\n", "\n"),
        url=answer.text_or("html_url"),
    )
