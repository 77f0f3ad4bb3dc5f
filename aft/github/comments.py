"""Comments of issues and of pull requests (which are issues to this part of the API)."""

from __future__ import annotations

from aft.forge.model import Comment, Thread, ThreadKind
from aft.github.answers import Answer
from aft.github.client import GitHubClient
from aft.github.people import user_of

MOST_COMMENTS = 5_000
_WRITE = {ThreadKind.PULL_REQUEST: "pull-requests: write", ThreadKind.ISSUE: "issues: write"}


class GitHubComments:
    """The part of the forge that is comments."""

    client: GitHubClient

    def comments(self, thread: Thread) -> tuple[Comment, ...]:
        pages = self.client.pages(_path(thread), needs=_WRITE[thread.kind], at_most=MOST_COMMENTS)
        return tuple(_comment(item, thread) for item in pages)

    def create_comment(self, thread: Thread, body: str) -> Comment:
        answer = self.client.post(_path(thread), {"body": body}, needs=_WRITE[thread.kind])
        return _comment(answer, thread)

    def update_comment(self, comment: Comment, body: str) -> Comment:
        needs = _WRITE[comment.thread.kind]
        answer = self.client.patch(f"/issues/comments/{comment.id}", {"body": body}, needs=needs)
        return _comment(answer, comment.thread)

    def delete_comment(self, comment: Comment) -> None:
        needs = _WRITE[comment.thread.kind]
        self.client.delete(f"/issues/comments/{comment.id}", needs=needs)


def _path(thread: Thread) -> str:
    return f"/issues/{thread.number}/comments"


def _comment(answer: Answer, thread: Thread) -> Comment:
    return Comment(
        id=str(answer.number("id")),
        thread=thread,
        author=user_of(answer.child_or_none("user")),
        body=answer.lines("body"),
        url=answer.text_or("html_url"),
    )
