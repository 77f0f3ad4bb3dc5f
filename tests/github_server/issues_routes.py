"""Issues, their labels, and the comments of issues and pull requests."""

from __future__ import annotations

from . import shapes
from .answers import Answer, Refusal, invalid
from .model import Comment, Issue
from .routing import Call, Route, route

BODY_LIMIT = 65_536
"""Characters; GitHub's databases keep no longer text."""
TITLE_LIMIT = 256
"""Characters."""


def _issue(call: Call) -> Issue:
    number = call.names["number"]
    issue = call.state.issues.get(int(number)) if number.isdigit() else None
    if issue is None:
        raise Refusal(404, "Not Found")
    return issue


def _text(call: Call, name: str, resource: str, *, missing: str | None = None) -> str:
    text = call.text(name, resource, missing=missing)
    if name == "body" and len(text) > BODY_LIMIT:
        message = f"body is too long (maximum is {BODY_LIMIT} characters)"
        raise invalid(resource, "body", "custom", message)
    if name == "title" and len(text) > TITLE_LIMIT:
        message = f"title is too long (maximum is {TITLE_LIMIT} characters)"
        raise invalid(resource, "title", "custom", message)
    return text


def _list(call: Call) -> Answer:
    wanted = call.query.get("state", "open")
    labels = [name for name in call.query.get("labels", "").split(",") if name]
    creator = call.query.get("creator")
    found = [
        issue
        for issue in call.state.issues.values()
        if wanted in ("all", issue.state)
        and all(name in issue.labels for name in labels)
        and creator in (None, issue.user.login)
    ]
    found.sort(key=lambda issue: issue.number, reverse=call.query.get("direction") != "asc")
    return call.page([shapes.issue(issue, call.state, call.root) for issue in found])


def _get(call: Call) -> Answer:
    return Answer(shapes.issue(_issue(call), call.state, call.root))


def _create(call: Call) -> Answer:
    title = _text(call, "title", "Issue")
    if not title.strip():
        raise invalid("Issue", "title", "missing_field")
    body = _text(call, "body", "Issue", missing="")
    labels = [str(name) for name in call.body.get("labels", [])]
    if any(len(name) > 50 for name in labels):
        raise invalid("Label", "name", "too_long")
    issue = call.server.open_issue(title, body=body, labels=labels, author=call.user)
    return Answer(shapes.issue(issue, call.state, call.root), 201)


def _update(call: Call) -> Answer:
    issue = _issue(call)
    if (
        issue.number in call.state.pulls
        and call.token
        and not call.token.may("pull-requests", "write")
    ):
        raise Refusal(403, "Resource not accessible by integration")
    issue.title = _text(call, "title", "Issue", missing=issue.title)
    issue.body = _text(call, "body", "Issue", missing=issue.body)
    if "labels" in call.body:
        issue.labels = [str(name) for name in call.body["labels"]]
    state = call.body.get("state", issue.state)
    if state not in ("open", "closed"):
        raise invalid("Issue", "state", "invalid")
    issue.updated_at = call.server.tick()
    if state != issue.state:
        issue.state = state
        issue.closed_at = issue.updated_at if state == "closed" else None
        issue.state_reason = call.body.get("state_reason") or (
            "completed" if state == "closed" else "reopened"
        )
    return Answer(shapes.issue(issue, call.state, call.root))


def _add_labels(call: Call) -> Answer:
    issue = _issue(call)
    names = [str(name) for name in call.body.get("labels", [])]
    if not names or any(len(name) > 50 for name in names):
        raise invalid("Label", "name", "invalid")
    issue.labels = list(dict.fromkeys((*issue.labels, *names)))
    call.state.labels.update(names)
    return call.page([{"id": 1, "name": name} for name in issue.labels])


def _remove_label(call: Call) -> Answer:
    issue, name = _issue(call), call.names["name"]
    if name not in issue.labels:
        raise Refusal(404, "Label does not exist")
    issue.labels.remove(name)
    return call.page([{"id": 1, "name": name} for name in issue.labels])


def _comments(call: Call) -> Answer:
    found = call.state.comments_of(_issue(call).number)
    return call.page([shapes.comment(item, call.state, call.root) for item in found])


def _may_comment(call: Call, number: int) -> None:
    """Pull requests' comments with either permission, issues' with issues alone."""
    needed = ["issues"] + (["pull-requests"] if number in call.state.pulls else [])
    if call.token and not any(call.token.may(name, "write") for name in needed):
        raise Refusal(403, "Resource not accessible by integration")


def _create_comment(call: Call) -> Answer:
    issue = _issue(call)
    _may_comment(call, issue.number)
    if issue.locked:
        raise Refusal(403, "Unable to create comment because issue is locked.")
    body = _text(call, "body", "IssueComment")
    if not body.strip():
        raise invalid("IssueComment", "body", "custom", "body can't be blank")
    comment = call.server.comment(issue.number, body, author=call.user)
    return Answer(shapes.comment(comment, call.state, call.root), 201)


def _comment(call: Call) -> Comment:
    identity = call.names["id"]
    comment = call.state.comments.get(int(identity)) if identity.isdigit() else None
    if comment is None:
        raise Refusal(404, "Not Found")
    return comment


def _get_comment(call: Call) -> Answer:
    return Answer(shapes.comment(_comment(call), call.state, call.root))


def _update_comment(call: Call) -> Answer:
    comment = _comment(call)
    _may_comment(call, comment.issue)
    comment.body = _text(call, "body", "IssueComment")
    comment.edits += 1
    comment.updated_at = call.server.tick()
    return Answer(shapes.comment(comment, call.state, call.root))


def _delete_comment(call: Call) -> Answer:
    comment = _comment(call)
    _may_comment(call, comment.issue)
    del call.state.comments[comment.id]
    return Answer(None, 204)


_READ = ("issues=read", "pull-requests=read")
_WRITE = ("issues=write", "pull-requests=write")

ROUTES: tuple[Route, ...] = (
    route("GET", "/issues", _list, "issues=read"),
    route("POST", "/issues", _create, "issues=write"),
    route("GET", "/issues/comments/{id}", _get_comment, *_READ),
    route("PATCH", "/issues/comments/{id}", _update_comment, *_WRITE),
    route("DELETE", "/issues/comments/{id}", _delete_comment, *_WRITE),
    route("GET", "/issues/{number}", _get, *_READ),
    route("PATCH", "/issues/{number}", _update, *_WRITE),
    route("POST", "/issues/{number}/labels", _add_labels, *_WRITE),
    route("DELETE", "/issues/{number}/labels/{name*}", _remove_label, *_WRITE),
    route("GET", "/issues/{number}/comments", _comments, *_READ),
    route("POST", "/issues/{number}/comments", _create_comment, *_WRITE),
)
