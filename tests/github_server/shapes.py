"""How GitHub's API writes the objects down: the keys a client may rely on."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from .git_side import CommitFacts
from .model import (
    Artifact,
    CheckRun,
    Comment,
    Environment,
    Issue,
    Pull,
    Review,
    Run,
    State,
    Status,
    User,
)

Json = dict[str, Any]


def instant(at: datetime | None) -> str | None:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ") if at else None


def user(item: User) -> Json:
    return {"login": item.login, "id": sum(map(ord, item.login)), "type": item.kind}


def comment(item: Comment, state: State, root: str) -> Json:
    return {
        "id": item.id,
        "url": f"{root}/repos/{state.repository}/issues/comments/{item.id}",
        "html_url": f"https://github.test/{state.repository}/pull/{item.issue}"
        f"#issuecomment-{item.id}",
        "user": user(item.user),
        "body": item.body,
        "created_at": instant(item.created_at),
        "updated_at": instant(item.updated_at),
    }


def issue(item: Issue, state: State, root: str) -> Json:
    kind = "pull" if item.number in state.pulls else "issues"
    body: Json = {
        "number": item.number,
        "title": item.title,
        "body": item.body or None,
        "state": item.state,
        "state_reason": item.state_reason,
        "locked": item.locked,
        "user": user(item.user),
        "labels": [{"id": 1, "name": name} for name in item.labels],
        "comments": len(state.comments_of(item.number)),
        "created_at": instant(item.created_at),
        "updated_at": instant(item.updated_at),
        "closed_at": instant(item.closed_at),
        "html_url": f"https://github.test/{state.repository}/{kind}/{item.number}",
    }
    if item.number in state.pulls:
        url = f"{root}/repos/{state.repository}/pulls/{item.number}"
        body["pull_request"] = {"url": url}
    return body


def pull(item: Pull, state: State, *, single: bool) -> Json:
    """Lists leave out what costs GitHub something: merged, mergeable, commits."""
    owner = state.repository.partition("/")[0]
    head_owner = item.head_repository.partition("/")[0]
    body: Json = {
        "number": item.number,
        "state": item.issue.state,
        "locked": item.issue.locked,
        "draft": item.draft,
        "title": item.issue.title,
        "body": item.issue.body or None,
        "user": user(item.issue.user),
        "labels": [{"id": 1, "name": name} for name in item.issue.labels],
        "head": {
            "label": f"{head_owner}:{item.head_ref}",
            "ref": item.head_ref,
            "sha": item.head_sha,
            "user": {"login": head_owner, "type": "User"},
            "repo": {
                "full_name": item.head_repository,
                "fork": item.head_repository != state.repository,
            },
        },
        "base": {
            "label": f"{owner}:{item.base_ref}",
            "ref": item.base_ref,
            "sha": item.base_sha,
            "repo": {"full_name": state.repository, "fork": False},
        },
        "merge_commit_sha": item.merge_sha,
        "created_at": instant(item.issue.created_at),
        "updated_at": instant(item.issue.updated_at),
        "closed_at": instant(item.issue.closed_at),
        "merged_at": instant(item.merged_at),
        "html_url": f"https://github.test/{state.repository}/pull/{item.number}",
    }
    if single:
        is_open = item.issue.state == "open"
        known = item.asked_for_mergeable and is_open
        body["merged"] = item.merged_at is not None
        body["merged_by"] = user(item.merged_by) if item.merged_by else None
        body["mergeable"] = item.mergeable if known else None
        body["mergeable_state"] = "unknown" if not known else "clean" if item.mergeable else "dirty"
    return body


def commit(item: CommitFacts, state: State) -> Json:
    verified, reason = state.verified.get(item.sha, (False, "unsigned"))
    return {
        "sha": item.sha,
        "html_url": f"https://github.test/{state.repository}/commit/{item.sha}",
        "commit": {
            "message": item.message,
            "author": {"name": item.author, "email": item.email, "date": item.date},
            "verification": {
                "verified": verified,
                "reason": reason,
                "signature": "-----BEGIN" if reason != "unsigned" else None,
                "payload": None,
            },
        },
        "author": None,
        "parents": [{"sha": parent} for parent in item.parents],
    }


def git_commit(item: CommitFacts, tree: str) -> Json:
    return {
        "sha": item.sha,
        "message": item.message,
        "author": {"name": item.author, "email": item.email, "date": item.date},
        "tree": {"sha": tree},
        "parents": [{"sha": parent} for parent in item.parents],
    }


def ref(name: str, sha: str) -> Json:
    return {"ref": name, "object": {"type": "commit", "sha": sha}}


def status(item: Status) -> Json:
    return {
        "id": item.id,
        "context": item.context,
        "state": item.state,
        "description": item.description or None,
        "target_url": item.target_url or None,
        "creator": user(item.user),
    }


def review(item: Review, state: State) -> Json:
    return {
        "id": item.id,
        "user": user(item.user),
        "state": item.state,
        "commit_id": item.commit,
        "submitted_at": instant(item.submitted_at),
        "html_url": f"https://github.test/{state.repository}/pull/{item.pull}"
        f"#pullrequestreview-{item.id}",
    }


def run(item: Run, state: State) -> Json:
    return {
        "id": item.id,
        "name": item.name or item.path.rpartition("/")[2],
        "path": item.path,
        "event": item.event,
        "head_sha": item.head_sha,
        "head_branch": item.head_branch,
        "head_repository": {"full_name": item.head_repository},
        "repository": {"full_name": state.repository},
        "status": item.status,
        "conclusion": item.conclusion,
        "run_attempt": item.attempt,
        "pull_requests": [],  # empty for forks, and not to be relied on
        "created_at": instant(item.created_at),
        "html_url": f"https://github.test/{state.repository}/actions/runs/{item.id}",
    }


def artifact(item: Artifact, state: State, root: str) -> Json:
    url = f"{root}/repos/{state.repository}/actions/artifacts/{item.id}"
    return {
        "id": item.id,
        "name": item.name,
        "size_in_bytes": len(item.content),
        "url": url,
        "archive_download_url": f"{url}/zip",
        "expired": item.expired,
        "created_at": instant(item.created_at),
        "workflow_run": {
            "id": item.run.id,
            "head_branch": item.run.head_branch,
            "head_sha": item.run.head_sha,
        },
    }


def check_run(item: CheckRun, state: State) -> Json:
    return {
        "id": item.id,
        "name": item.name,
        "head_sha": item.head_sha,
        "status": item.status,
        "conclusion": item.conclusion,
        "html_url": f"https://github.test/{state.repository}/runs/{item.id}",
        "output": {"title": item.title or None, "annotations_count": len(item.annotations)},
    }


def environment(item: Environment) -> Json:
    rules: list[Json] = []
    if item.reviewers:
        rules.append(
            {
                "id": 1,
                "type": "required_reviewers",
                "prevent_self_review": item.prevent_self_review,
                "reviewers": [
                    {"type": "Team", "reviewer": {"slug": name.partition("/")[2], "name": name}}
                    if "/" in name
                    else {"type": "User", "reviewer": {"login": name}}
                    for name in item.reviewers
                ],
            }
        )
    policy: Json | None = None
    if item.branches is not None:
        rules.append({"id": 2, "type": "branch_policy"})
        protected = item.branches == "protected"
        policy = {"protected_branches": protected, "custom_branch_policies": not protected}
    return {
        "id": 1,
        "name": item.name,
        "can_admins_bypass": item.can_admins_bypass,
        "protection_rules": rules,
        "deployment_branch_policy": policy,
    }
