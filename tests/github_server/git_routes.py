"""Branches, trees and commits, as far as files are committed through the API; and statuses."""

from __future__ import annotations

from typing import Any

import pygit2
from pygit2.enums import FileMode

from . import shapes
from .answers import Answer, Refusal, invalid
from .model import Status
from .routing import Call, Route, route

_STATES = ("error", "failure", "pending", "success")
_DESCRIPTION = 140
_MOST_STATUSES = 1000
"""Of one context of one commit."""


def _get_ref(call: Call) -> Answer:
    ref = f"refs/{call.names['ref']}"
    sha = call.git.sha(ref)
    if not sha:
        raise Refusal(404, "Not Found")
    return Answer(shapes.ref(ref, sha))


def _object(call: Call, kind: type[pygit2.Object], name: str) -> str:
    """An id in the body, of an object that is here."""
    sha = call.text(name, "Reference")
    try:
        found = call.git.handle.get(sha)
    except ValueError:
        found = None
    if not isinstance(found, kind):
        raise Refusal(422, "Object does not exist")
    return sha


def _create_ref(call: Call) -> Answer:
    ref, sha = call.text("ref", "Reference"), _object(call, pygit2.Commit, "sha")
    if not ref.startswith("refs/") or ref.count("/") < 2:
        raise Refusal(422, "Reference name must start with 'refs/' and have at least two slashes.")
    if not pygit2.reference_is_valid_name(ref):
        raise Refusal(422, f"{ref} is not a valid ref name.")
    if call.git.sha(ref):
        raise Refusal(422, "Reference already exists")
    call.git.set_ref(ref, sha)
    return Answer(shapes.ref(ref, sha), 201)


def _update_ref(call: Call) -> Answer:
    ref, sha = f"refs/{call.names['ref']}", _object(call, pygit2.Commit, "sha")
    if not call.git.sha(ref):
        raise Refusal(422, "Reference does not exist")
    if call.body.get("force") is not True and not call.git.is_ancestor(ref, sha):
        raise Refusal(422, "Update is not a fast forward")
    call.git.set_ref(ref, sha)
    return Answer(shapes.ref(ref, sha))


def _create_tree(call: Call) -> Answer:
    """Entries over ``base_tree``. A text is written here; a null id removes what must be there."""
    handle = call.git.handle
    index = pygit2.Index()
    if "base_tree" in call.body:
        index.read_tree(handle[_object(call, pygit2.Tree, "base_tree")])
    entries: list[dict[str, Any]] = call.body.get("tree", [])
    if not entries:
        raise Refusal(422, "Invalid tree info")
    for entry in entries:
        path = entry.get("path", "")
        if entry.get("mode") != "100644" or path.startswith("/") or ".." in path.split("/"):
            raise Refusal(422, "tree.path contains a malformed path component")
        if "content" in entry:
            blob = handle.create_blob(str(entry["content"]).encode())
            index.add(pygit2.IndexEntry(path, blob, FileMode.BLOB))
        elif entry.get("sha", "") is not None or path not in index:
            raise Refusal(422, "GitRPC::BadObjectState")
        else:
            index.remove(path)
    return Answer({"sha": str(index.write_tree(handle)), "truncated": False}, 201)


def _create_commit(call: Call) -> Answer:
    message, tree = call.text("message", "Commit"), _object(call, pygit2.Tree, "tree")
    parents = list(call.body.get("parents", []))
    if not all(call.git.sha(parent) == parent for parent in parents):
        raise Refusal(422, "Parent SHA does not exist or is not a commit object")
    author = f"{call.user.login} <{call.user.login}@users.noreply.github.com>"
    sha = call.git.commit(tree, parents, message, at=call.server.tick(), author=author)
    if call.user.kind == "Bot":  # GitHub signs what an app commits in no other name
        call.server.verify(sha)
    return Answer(shapes.git_commit(call.git.facts(sha), call.git.tree(sha)), 201)


def _get_commit(call: Call) -> Answer:
    sha = call.names["sha"]
    if call.git.sha(sha) != sha:
        raise Refusal(404, "Not Found")
    return Answer(shapes.git_commit(call.git.facts(sha), call.git.tree(sha)))


def _commit_named(call: Call) -> str:
    sha = call.git.sha(call.names["sha"])
    if not sha:
        raise Refusal(422, f"No commit found for SHA: {call.names['sha']}")
    return sha


def _create_status(call: Call) -> Answer:
    sha, state = _commit_named(call), call.text("state", "Status")
    if state not in _STATES:
        raise invalid("Status", "state", "inclusion")
    description = call.text("description", "Status", missing="")
    if len(description) > _DESCRIPTION:
        message = f"description is too long (maximum is {_DESCRIPTION} characters)"
        raise invalid("Status", "description", "custom", message)
    url = call.text("target_url", "Status", missing="")
    if "target_url" in call.body and not url.startswith(("https://", "http://")):
        raise invalid("Status", "target_url", "custom", "target_url must use http(s) scheme")
    context = call.text("context", "Status", missing="default")
    before = call.state.statuses.setdefault(sha, [])
    if sum(_key(item) == context.lower() for item in before) >= _MOST_STATUSES:
        message = "This SHA and context has reached the maximum number of statuses."
        raise invalid("Status", "", "custom", message)
    status = Status(call.state.next_id(), context, state, description, url, call.user)
    before.append(status)
    return Answer(shapes.status(status), 201)


def _key(status: Status) -> str:
    """Case does not count in a context."""
    return status.context.lower()


def _combined_status(call: Call) -> Answer:
    """The newest of each context."""
    sha = _commit_named(call)
    newest = {_key(item): item for item in call.state.statuses.get(sha, [])}
    states = {item.state for item in newest.values()}
    answer = call.page([shapes.status(item) for item in newest.values()], "statuses")
    worst = "failure" if states & {"error", "failure"} else "pending"
    answer.body |= {"sha": sha, "state": "success" if states == {"success"} else worst}
    return answer


ROUTES: tuple[Route, ...] = (
    route("GET", "/git/ref/{ref*}", _get_ref, "contents=read"),
    route("POST", "/git/refs", _create_ref, "contents=write"),
    route("PATCH", "/git/refs/{ref*}", _update_ref, "contents=write"),
    route("POST", "/git/trees", _create_tree, "contents=write"),
    route("POST", "/git/commits", _create_commit, "contents=write"),
    route("GET", "/git/commits/{sha}", _get_commit, "contents=read"),
    route("POST", "/statuses/{sha}", _create_status, "statuses=write"),
    route("GET", "/commits/{sha}/status", _combined_status, "statuses=read"),
)
