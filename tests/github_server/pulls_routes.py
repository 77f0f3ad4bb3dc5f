"""Pull requests, and the commits they are about."""

from __future__ import annotations

from . import shapes
from .answers import Answer, Refusal, invalid
from .model import Pull
from .routing import Call, Route, route


def _pull(call: Call) -> Pull:
    number = call.names["number"]
    pull = call.state.pulls.get(int(number)) if number.isdigit() else None
    if pull is None:
        raise Refusal(404, "Not Found")
    return pull


def _list(call: Call) -> Answer:
    wanted = call.query.get("state", "open")
    head, base = call.query.get("head", ""), call.query.get("base", "")

    def matches(pull: Pull) -> bool:
        label = f"{pull.head_repository.partition('/')[0]}:{pull.head_ref}"
        return (
            wanted in ("all", pull.state)
            # without an owner before the branch GitHub ignores the filter
            and (":" not in head or head == label)
            and (not base or base == pull.base_ref)
        )

    found = [pull for pull in call.state.pulls.values() if matches(pull)]
    by_change = call.query.get("sort") == "updated"
    found.sort(
        key=lambda pull: (pull.issue.updated_at if by_change else 0, pull.number),
        reverse=call.query.get("direction") != "asc",
    )
    for pull in found:
        call.server.refresh(pull.number)
    return call.page([shapes.pull(pull, call.state, single=False) for pull in found])


def _get(call: Call) -> Answer:
    pull = _pull(call)
    call.server.refresh(pull.number)
    answer = Answer(shapes.pull(pull, call.state, single=True))
    pull.asked_for_mergeable = True
    return answer


def _create(call: Call) -> Answer:
    if call.user.kind == "Bot" and not call.state.settings.actions_may_open_pulls:
        raise Refusal(403, "GitHub Actions is not permitted to create or approve pull requests.")
    head, base = call.text("head", "PullRequest"), call.text("base", "PullRequest")
    title = call.text("title", "PullRequest")
    branch = head.rpartition(":")[2]
    owner = call.state.repository.partition("/")[0]
    if ":" in head and not head.startswith(f"{owner}:"):
        raise invalid("PullRequest", "head", "invalid")
    for name, text in (("head", branch), ("base", base)):
        if not call.git.branch(text):
            raise invalid("PullRequest", name, "invalid")
    if any(
        pull.state == "open" and (pull.head_ref, pull.base_ref) == (branch, base)
        for pull in call.state.pulls.values()
        if pull.head_repository == call.state.repository
    ):
        message = f"A pull request already exists for {owner}:{branch}."
        raise invalid("PullRequest", "", "custom", message)
    if not call.git.between(call.git.branch(base), call.git.branch(branch)):
        message = f"No commits between {base} and {branch}"
        raise invalid("PullRequest", "", "custom", message)
    body = call.text("body", "PullRequest", missing="")
    pull = call.server.open_pull(branch, base=base, title=title, body=body, author=call.user)
    return Answer(shapes.pull(pull, call.state, single=True), 201)


def _update(call: Call) -> Answer:
    pull = _pull(call)
    pull.issue.title = call.text("title", "PullRequest", missing=pull.issue.title)
    pull.issue.body = call.text("body", "PullRequest", missing=pull.issue.body)
    pull.issue.updated_at = call.server.tick()
    if call.body.get("state") == "closed":
        call.server.close_pull(pull.number)
    return Answer(shapes.pull(pull, call.state, single=True))


def _sha(call: Call, name: str = "sha") -> str:
    sha = call.git.sha(call.names[name])
    if not sha:
        raise Refusal(422, f"No commit found for SHA: {call.names[name]}")
    return sha


def _commit(call: Call) -> Answer:
    return Answer(shapes.commit(call.git.facts(_sha(call)), call.state))


def _pulls_of_commit(call: Call) -> Answer:
    """On the default branch: the merged one that brought it; elsewhere merged and open ones."""
    sha = _sha(call)
    merged = [pull for pull in call.state.pulls.values() if pull.merged_at]
    brought = [pull for pull in merged if sha in (*pull.commits, pull.merge_sha)]
    tip = call.git.branch(call.state.settings.default_branch)
    if not (tip and call.git.is_ancestor(sha, tip)):
        brought += [
            pull
            for pull in call.state.pulls.values()
            if pull not in brought and sha in call.git.between(pull.base_sha, pull.head_sha)
        ]
    return call.page([shapes.pull(pull, call.state, single=False) for pull in brought])


def _compare(call: Call) -> Answer:
    base, dots, head = call.names["range"].partition("...")
    if not dots or not call.git.sha(base) or not call.git.sha(head):
        raise Refusal(404, "Not Found")
    every = call.git.between(base, head)
    if "page" in call.query or "per_page" in call.query:
        answer = call.page(every)
        shown = list(answer.body)
    else:
        answer, shown = Answer(), every[-250:]
    answer.body = {
        "status": "ahead" if every else "identical",
        "total_commits": len(every),
        "commits": [shapes.commit(call.git.facts(sha), call.state) for sha in shown],
    }
    return answer


def _pull_commits(call: Call) -> Answer:
    pull = _pull(call)
    every = call.git.between(pull.base_sha, pull.head_sha)[:250]
    return call.page([shapes.commit(call.git.facts(sha), call.state) for sha in every])


ROUTES: tuple[Route, ...] = (
    route("GET", "/pulls", _list, "pull-requests=read"),
    route("POST", "/pulls", _create, "pull-requests=write"),
    route("GET", "/pulls/{number}", _get, "pull-requests=read", "contents=read"),
    route("PATCH", "/pulls/{number}", _update, "pull-requests=write"),
    route("GET", "/pulls/{number}/commits", _pull_commits, "pull-requests=read"),
    route("GET", "/commits/{sha}", _commit, "contents=read"),
    route("GET", "/commits/{sha}/pulls", _pulls_of_commit, "pull-requests=read"),
    route("GET", "/compare/{range*}", _compare, "contents=read"),
)
