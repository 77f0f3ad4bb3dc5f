"""Issues, and comments (pull requests are issues to this part of the API)."""

from __future__ import annotations

import contextlib

from aft.errors import NotFound
from aft.forge.port import Comment, Issue, Thread, ThreadKind
from aft.github.address import segment
from aft.github.answers import Answer
from aft.github.client import GitHubClient
from aft.github.people import user_of

READ = "issues: read"
WRITE = "issues: write"
MOST_ISSUES = 1_000
MOST_COMMENTS = 5_000
_COMMENTING = {ThreadKind.PULL_REQUEST: "pull-requests: write", ThreadKind.ISSUE: WRITE}


class GitHubIssues:
    """The part of the forge that is issues (GitHub lists pull requests among them) and comments."""

    client: GitHubClient

    def issue(self, number: int) -> Issue:
        answer = self.client.get(f"/issues/{number}", needs=READ)
        if answer.child_or_none("pull_request") is not None:
            raise NotFound(f"#{number} is a pull request, not an issue")
        return _issue(answer)

    def open_issues(self, label: str) -> tuple[Issue, ...]:
        query = {"state": "open", "labels": label, "sort": "created", "direction": "asc"}
        pages = self.client.pages("/issues", needs=READ, query=query, at_most=MOST_ISSUES)
        return tuple(_issue(item) for item in pages if item.child_or_none("pull_request") is None)

    def create_issue(self, *, title: str, body: str, label: str) -> Issue:
        content = {"title": title, "body": body, "labels": [label]}
        return _issue(self.client.post("/issues", content, needs=WRITE))

    def update_issue(self, number: int, *, title: str, body: str) -> Issue:
        content = {"title": title, "body": body}
        return _issue(self.client.patch(f"/issues/{number}", content, needs=WRITE))

    def label_issue(self, number: int, *, add: tuple[str, ...], remove: tuple[str, ...]) -> None:
        self.issue(number)  # a missing issue is not to be taken for a missing label
        path = f"/issues/{number}/labels"
        if add:
            self.client.tell(path, {"labels": add}, needs=WRITE)
        for name in remove:
            with contextlib.suppress(NotFound):
                self.client.delete(f"{path}/{segment(name)}", needs=WRITE)

    def close_issue(self, number: int, *, is_done: bool = True) -> Issue:
        reason = "completed" if is_done else "not_planned"
        content = {"state": "closed", "state_reason": reason}
        return _issue(self.client.patch(f"/issues/{number}", content, needs=WRITE))

    def comments(self, thread: Thread) -> tuple[Comment, ...]:
        pages = self.client.pages(
            _comments_of(thread), needs=_COMMENTING[thread.kind], at_most=MOST_COMMENTS
        )
        return tuple(_comment(item, thread) for item in pages)

    def create_comment(self, thread: Thread, body: str) -> Comment:
        answer = self.client.post(
            _comments_of(thread), {"body": body}, needs=_COMMENTING[thread.kind]
        )
        return _comment(answer, thread)

    def update_comment(self, comment: Comment, body: str) -> Comment:
        needs = _COMMENTING[comment.thread.kind]
        answer = self.client.patch(f"/issues/comments/{comment.id}", {"body": body}, needs=needs)
        return _comment(answer, comment.thread)

    def delete_comment(self, comment: Comment) -> None:
        needs = _COMMENTING[comment.thread.kind]
        self.client.delete(f"/issues/comments/{comment.id}", needs=needs)


def _issue(answer: Answer) -> Issue:
    return Issue(
        number=answer.number("number"),
        title=answer.text("title"),
        body=answer.lines("body"),
        author=user_of(answer.child_or_none("user")),
        labels=tuple(item.text("name") for item in answer.children("labels")),
        is_open=answer.text("state") == "open",
        url=answer.text_or("html_url"),
    )


def _comments_of(thread: Thread) -> str:
    return f"/issues/{thread.number}/comments"


def _comment(answer: Answer, thread: Thread) -> Comment:
    return Comment(
        id=str(answer.number("id")),
        thread=thread,
        author=user_of(answer.child_or_none("user")),
        body=answer.lines("body"),
        url=answer.text_or("html_url"),
    )
