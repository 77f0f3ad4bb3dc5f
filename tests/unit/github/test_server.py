"""The local GitHub is as strict as GitHub: tests that pass on it mean something."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import urllib3
from builders_github_api import World, on_github

ROOT = "/repos/example/accounts"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with on_github(tmp_path) as world:
        yield world


def ask(
    world: World,
    method: str,
    path: str,
    *,
    token: str | None = None,
    body: object = None,
    agent: str = "test",
    **headers: str,
) -> urllib3.BaseHTTPResponse:
    sent = {"User-Agent": agent, **headers}
    if token:
        sent["Authorization"] = f"Bearer {token}"
    with urllib3.PoolManager() as pool:
        return pool.request(
            method,
            f"{world.github.url}{path}",
            headers=sent,
            body=None if body is None else json.dumps(body).encode(),
            redirect=False,
            retries=False,
        )


def said(answer: urllib3.BaseHTTPResponse) -> tuple[int, Any]:
    return answer.status, answer.json()["message"]


def test_who_is_let_in(world: World) -> None:
    token = world.github.token({"issues": "read"})
    assert said(ask(world, "GET", f"{ROOT}/issues")) == (404, "Not Found")
    assert said(ask(world, "GET", f"{ROOT}/issues", token="x")) == (401, "Bad credentials")
    assert (
        ask(world, "GET", f"{ROOT}/issues", token=token, agent=urllib3.util.SKIP_HEADER).status
        == 403
    )
    old = {"X-GitHub-Api-Version": "2020-01-01"}
    assert ask(world, "GET", f"{ROOT}/issues", token=token, **old).status == 400
    assert ask(world, "GET", "/repos/example/other/issues", token=token).status == 404
    assert ask(world, "GET", "/repos/example/accountsx", token=token).status == 404
    world.github.state.settings.private = False
    assert ask(world, "GET", f"{ROOT}/issues").status == 200
    assert ask(world, "POST", f"{ROOT}/issues", body={"title": "T"}).status == 401


@pytest.mark.parametrize(
    ("method", "path", "enough"),
    [
        ("GET", "/pulls", {"pull-requests": "read"}),
        ("GET", "/issues", {"issues": "read"}),
        ("POST", "/issues", {"issues": "write"}),
        ("GET", "/actions/artifacts", {"actions": "read"}),
        ("GET", "/compare/main...main", {"contents": "read"}),
        ("GET", "/commits/main/check-runs", {"checks": "read"}),
        ("GET", "/branches/main/protection", {"administration": "read"}),
        ("GET", "/environments", {"actions": "read"}),
        ("GET", "/pulls/1/reviews", {"pull-requests": "read"}),
        ("POST", "/issues/1/labels", {"issues": "write"}),
        ("DELETE", "/issues/1/labels/x", {"issues": "write"}),
        ("GET", "/git/ref/heads/main", {"contents": "read"}),
        ("POST", "/git/refs", {"contents": "write"}),
        ("PATCH", "/git/refs/heads/main", {"contents": "write"}),
        ("POST", "/git/trees", {"contents": "write"}),
        ("POST", "/git/commits", {"contents": "write"}),
        ("POST", "/statuses/main", {"statuses": "write"}),
        ("GET", "/commits/main/status", {"statuses": "read"}),
    ],
)
def test_each_call_needs_its_permission(
    world: World, method: str, path: str, enough: dict[str, str]
) -> None:
    every = dict.fromkeys(
        ("actions", "administration", "checks", "contents", "issues", "pull-requests", "statuses"),
        "write",
    )
    without = {name: level for name, level in every.items() if name not in enough}
    if path.startswith("/issues/"):  # there either is enough
        del without["pull-requests"]
    refused = ask(world, method, ROOT + path, token=world.github.token(without))
    assert refused.status == 403
    assert refused.headers["X-Accepted-GitHub-Permissions"]
    allowed = ask(world, method, ROOT + path, token=world.github.token(enough))
    assert allowed.status in (200, 404, 422)
    assert "accessible" not in allowed.data.decode()


def test_issues_permission_comments_issues_and_pulls_the_other_only_pulls(world: World) -> None:
    pull, issue = world.pull(), world.github.open_issue("T")
    for permission, statuses in (("issues", [201, 201]), ("pull-requests", [201, 403])):
        token = world.github.token({permission: "write"})
        paths = [f"{ROOT}/issues/{item.number}/comments" for item in (pull, issue)]
        made = [ask(world, "POST", path, token=token, body={"body": "x"}) for path in paths]
        assert [answer.status for answer in made] == statuses


def test_pages_hold_a_hundred_at_most(world: World) -> None:
    token = world.github.token({"issues": "read"})
    for number in range(101):
        world.github.open_issue(str(number))
    answer = ask(world, "GET", f"{ROOT}/issues?per_page=500", token=token)
    assert len(answer.json()) == 100
    assert 'page=2>; rel="next"' in answer.headers["Link"]
    assert len(ask(world, "GET", f"{ROOT}/issues", token=token).json()) == 30


def test_issues_list_pull_requests_too(world: World) -> None:
    world.pull()
    (entry,) = ask(
        world, "GET", f"{ROOT}/issues", token=world.github.token({"issues": "read"})
    ).json()
    assert "pull_request" in entry


def test_mergeable_is_known_at_the_second_look_and_lists_leave_it_out(world: World) -> None:
    pull = world.pull()
    token = world.github.token({"pull-requests": "read"})
    path = f"{ROOT}/pulls/{pull.number}"
    looks = [ask(world, "GET", path, token=token).json()["mergeable"] for _ in range(2)]
    assert looks == [None, True]
    (entry,) = ask(world, "GET", f"{ROOT}/pulls", token=token).json()
    assert not {"merged", "mergeable"} & entry.keys()


def test_artifact_is_stored_elsewhere_where_tokens_are_refused(world: World) -> None:
    token = world.github.token({"actions": "read"})
    run = world.github.register_run(head_sha="a")
    artifact = world.github.add_artifact(run, "name", {"x": "y"})
    answer = ask(world, "GET", f"{ROOT}/actions/artifacts/{artifact.id}/zip", token=token)
    assert answer.status == 302
    url = answer.headers["Location"]
    assert "//localhost:" in url
    with urllib3.PoolManager() as pool:
        assert pool.request("GET", url).data == artifact.content
        assert pool.request("GET", url, headers={"Authorization": "x"}).status == 400
        assert pool.request("GET", url.partition("?")[0]).status == 403
    artifact.expired = True
    gone = ask(world, "GET", f"{ROOT}/actions/artifacts/{artifact.id}/zip", token=token)
    assert gone.status == 410


def test_check_runs_and_their_annotations(world: World) -> None:
    token = world.github.token({"checks": "write"})
    annotation = {"path": "a", "start_line": 1, "end_line": 1, "annotation_level": "failure"}
    body = {
        "name": "aft",
        "head_sha": world.base,
        "status": "completed",
        "conclusion": "failure",
        "output": {"title": "t", "summary": "s", "annotations": [annotation]},
    }
    made = ask(world, "POST", f"{ROOT}/check-runs", token=token, body=body).json()
    listed = ask(world, "GET", f"{ROOT}/commits/{world.base}/check-runs", token=token).json()
    assert [item["id"] for item in listed["check_runs"]] == [made["id"]]
    path = f"{ROOT}/check-runs/{made['id']}/annotations"
    assert ask(world, "GET", path, token=token).json() == [annotation]
    body["output"] = {"annotations": [annotation] * 51}
    assert ask(world, "POST", f"{ROOT}/check-runs", token=token, body=body).status == 422


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/issues", {}),
        ("/issues", {"title": " "}),
        ("/issues", {"title": 3}),
        ("/issues", {"title": "T", "labels": ["x" * 51]}),
        ("/pulls", {"title": "T", "head": "none", "base": "main"}),
        ("/pulls", {"title": "T", "head": "ada:topic", "base": "main"}),
        ("/pulls", {"title": "T", "head": "topic", "base": "none"}),
    ],
)
def test_bodies_are_validated(world: World, path: str, body: dict[str, Any]) -> None:
    world.github.commit_to("topic", {"a.txt": "x\n"})
    token = world.github.token({"issues": "write", "pull-requests": "write"}, "ada", "user")
    assert ask(world, "POST", ROOT + path, token=token, body=body).status == 422


# --- files committed through the API ----------------------------------------------------


def test_a_branch_moves_to_a_descendant_unless_it_is_forced(world: World) -> None:
    token = world.github.token({"contents": "write"})
    old, new = world.base, world.github.commit_to("main", {"a.txt": "x\n"})
    path = f"{ROOT}/git/refs/heads/main"
    moved = ask(world, "PATCH", path, token=token, body={"sha": old})
    assert said(moved) == (422, "Update is not a fast forward")
    assert world.github.git.branch("main") == new
    assert ask(world, "PATCH", path, token=token, body={"sha": old, "force": True}).status == 200
    assert world.github.git.branch("main") == old
    none = ask(world, "PATCH", f"{ROOT}/git/refs/heads/none", token=token, body={"sha": old})
    assert said(none) == (422, "Reference does not exist")
    made = {"ref": "refs/heads/main", "sha": new}
    again = ask(world, "POST", f"{ROOT}/git/refs", token=token, body=made)
    assert said(again) == (422, "Reference already exists")
    lost = {"ref": "refs/heads/other", "sha": "f" * 40}
    assert ask(world, "POST", f"{ROOT}/git/refs", token=token, body=lost).status == 422
    assert ask(world, "GET", f"{ROOT}/git/ref/heads/other", token=token).status == 404


@pytest.mark.parametrize(
    "entries",
    [
        [],
        [{"path": "none.txt", "mode": "100644", "type": "blob", "sha": None}],
        [{"path": "../a", "mode": "100644", "type": "blob", "content": "x"}],
        [{"path": "/a", "mode": "100644", "type": "blob", "content": "x"}],
        [{"path": "a", "type": "blob", "content": "x"}],
    ],
)
def test_trees_are_validated(world: World, entries: list[dict[str, Any]]) -> None:
    token = world.github.token({"contents": "write"})
    body = {"base_tree": world.github.git.tree(world.base), "tree": entries}
    assert ask(world, "POST", f"{ROOT}/git/trees", token=token, body=body).status == 422


def test_a_commit_of_a_tree_on_parents_that_are_there(world: World) -> None:
    token = world.github.token({"contents": "write"})
    path, tree = f"{ROOT}/git/commits", world.github.git.tree(world.base)
    for wrong in ({"tree": world.base}, {"tree": tree, "parents": ["f" * 40]}):
        body = {"message": "m", "parents": [world.base], **wrong}
        assert ask(world, "POST", path, token=token, body=body).status == 422
    made = {"message": "m", "tree": tree, "parents": [world.base]}
    for login, verified in (("github-actions[bot]", True), ("ada", False)):
        token = world.github.token({"contents": "write"}, login)
        sha = ask(world, "POST", path, token=token, body=made).json()["sha"]
        assert world.github.state.verified.get(sha, (False, ""))[0] is verified


# --- what is said of commits and pull requests, and by whom -----------------------------


def test_the_newest_status_of_each_context_counts(world: World) -> None:
    token = world.github.token({"statuses": "write"})
    for context, state in (("a", "failure"), ("b", "pending"), ("A", "success")):
        body = {"context": context, "state": state}
        path = f"{ROOT}/statuses/{world.base}"
        assert ask(world, "POST", path, token=token, body=body).status == 201
    answer = ask(world, "GET", f"{ROOT}/commits/{world.base}/status", token=token).json()
    assert answer["state"] == "pending"
    assert [(item["context"], item["state"]) for item in answer["statuses"]] == [
        ("A", "success"),
        ("b", "pending"),
    ]


@pytest.mark.parametrize(
    "body",
    [
        {"state": "skipped"},
        {"state": "success", "description": "x" * 141},
        {"state": "success", "target_url": ""},
        {"context": "x"},
    ],
)
def test_statuses_are_validated(world: World, body: dict[str, str]) -> None:
    token = world.github.token({"statuses": "write"})
    answer = ask(world, "POST", f"{ROOT}/statuses/{world.base}", token=token, body=body)
    assert answer.status == 422


@pytest.mark.parametrize(
    ("role", "permission"),
    [("read", "read"), ("triage", "read"), ("maintain", "write"), ("admin", "admin")],
)
def test_roles_have_the_permission_nearest_to_them(
    world: World, role: str, permission: str
) -> None:
    world.github.state.settings.collaborators["ada"] = role
    path, token = f"{ROOT}/collaborators/Ada/permission", world.github.token()
    answer = ask(world, "GET", path, token=token).json()
    assert (answer["permission"], answer["role_name"]) == (permission, role)


def test_everybody_may_read_what_is_public(world: World) -> None:
    path, token = f"{ROOT}/collaborators/eve/permission", world.github.token()
    assert ask(world, "GET", path, token=token).json()["permission"] == "none"
    world.github.state.settings.private = False
    assert ask(world, "GET", path, token=token).json()["permission"] == "read"


def test_teams_are_the_organizations(world: World) -> None:
    world.github.state.settings.teams["example/network"] = ("ada",)
    path = "/orgs/example/teams/network/members"
    refused = ask(world, "GET", path, token=world.github.token({"contents": "write"}))
    assert refused.status == 403
    allowed = world.github.token({"members": "read"})
    assert [user["login"] for user in ask(world, "GET", path, token=allowed).json()] == ["ada"]
    assert ask(world, "GET", "/orgs/other/teams/network/members", token=allowed).status == 404


def test_a_review_that_is_not_submitted_is_its_authors(world: World) -> None:
    pull = world.pull()
    world.github.review(pull.number, "PENDING", by="grace")
    world.github.review(pull.number, "APPROVED", by="linus")
    path = f"{ROOT}/pulls/{pull.number}/reviews"
    for login, states in (("ada", ["APPROVED"]), ("grace", ["PENDING", "APPROVED"])):
        token = world.github.token({"pull-requests": "read"}, login)
        answer = ask(world, "GET", path, token=token).json()
        assert [item["state"] for item in answer] == states
