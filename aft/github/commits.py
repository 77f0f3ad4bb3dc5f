"""Branches and commits: what GitHub says of their signatures, and what is said of them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping

from aft.errors import Conflict, NotFound, Terminal
from aft.forge.port import Check, CheckState, VerifiedCommit
from aft.github.address import segment
from aft.github.answers import Answer
from aft.github.client import GitHubClient

READ = "contents: read"
WRITE = "contents: write"
CHECKS = "checks: read"
STATUSES = "statuses: read"
WRITE_STATUSES = "statuses: write"
METADATA = "metadata: read"
MOST_COMMITS = 2_000
MOST_CHECKS = 2_000
DESCRIPTION_LIMIT = 140
"""Characters of a status's description."""

_REMEDIES = {
    "unsigned": "sign it (git commit -S, or git rebase --exec 'git commit --amend --no-edit -S')",
    "unknown_key": "its author adds the key to GitHub under Settings > SSH and GPG keys",
    "unverified_email": "its author verifies the e-mail address on GitHub",
    "no_user": "commit with an e-mail address that belongs to a GitHub account",
    "bad_email": "commit with an e-mail address that the key names",
    "expired_key": "sign it again with a key that has not expired",
}
_OTHER = "sign it again with a key that GitHub knows"
_STATUS = {
    CheckState.PENDING: "pending",
    CheckState.SUCCESS: "success",
    CheckState.SKIPPED: "success",
    CheckState.FAILURE: "failure",
}
_STATES = {
    "pending": CheckState.PENDING,
    "success": CheckState.SUCCESS,
    "neutral": CheckState.SKIPPED,
    "skipped": CheckState.SKIPPED,
}
"""Of statuses, and of how a check run ended; every other word (``failure``, ``error``,
``timed_out``, ``action_required`` …) keeps a merge from passing."""


class GitHubCommits:
    """The part of the forge that is branches and commits."""

    client: GitHubClient

    def default_branch(self) -> str:
        return self.client.get("", needs=METADATA).text("default_branch")

    def branch_tip(self, branch: str) -> str | None:
        path = f"/git/ref/heads/{segment(branch)}"
        try:
            return self.client.get(path, needs=READ).child("object").text("sha")
        except NotFound:
            return None

    def commit_files(
        self, branch: str, *, parent: str, message: str, files: Mapping[str, str | None]
    ) -> str:
        """GitHub moves a branch to a descendant alone unless it is forced, so what was pushed
        since we looked stays."""
        tip = self.branch_tip(branch)
        if tip not in (None, parent):
            raise _moved(branch, parent)
        sha = self._commit(parent, message, files)
        if sha == tip:
            return sha
        try:
            if tip is None:
                content = {"ref": f"refs/heads/{branch}", "sha": sha}
                self.client.post("/git/refs", content, needs=WRITE)
            else:
                path = f"/git/refs/heads/{segment(branch)}"
                self.client.patch(path, {"sha": sha, "force": False}, needs=WRITE)
        except Terminal as error:
            if self.branch_tip(branch) != tip:
                raise _moved(branch, parent) from error
            raise
        return sha

    def _commit(self, parent: str, message: str, files: Mapping[str, str | None]) -> str:
        """Without an author: then GitHub signs what an app commits."""
        before = self.client.get(f"/git/commits/{segment(parent)}", needs=READ)
        base = before.child("tree").text("sha")
        entries = [_entry(path, text) for path, text in files.items()]
        content = {"base_tree": base, "tree": entries}
        tree = self.client.post("/git/trees", content, needs=WRITE).text("sha")
        if tree == base:
            return parent
        commit = {"message": message, "tree": tree, "parents": [parent]}
        return self.client.post("/git/commits", commit, needs=WRITE).text("sha")

    def commits_between(self, base: str, head: str) -> tuple[VerifiedCommit, ...]:
        """``Terminal`` when they are more than ``MOST_COMMITS``, and when GitHub lists fewer than
        it counts: a commit that was not looked at is not verified."""
        path = f"/compare/{segment(base)}...{segment(head)}"
        pages = self.client.pages(path, needs=READ, key="commits", at_most=MOST_COMMITS)
        commits = tuple(map(_verified, pages))
        total = self.client.get(path, needs=READ, query={"per_page": "1", "page": "1"})
        if total.number("total_commits") != len(commits):
            raise Terminal(
                f"GitHub counts {total.number('total_commits')} commits between {base} and {head}, "
                f"but lists {len(commits)}",
                hint="the branch moved in the meantime, or its history is too long; run again",
            )
        return commits

    def checks(self, sha: str) -> tuple[Check, ...]:
        """Statuses and check runs; where both have a name, GitHub asks for both."""
        path = f"/commits/{segment(sha)}"
        statuses, runs = f"{path}/status", f"{path}/check-runs"
        with _commit_named(sha):
            said = self.client.pages(statuses, needs=STATUSES, key="statuses", at_most=MOST_CHECKS)
            found = [_status(item) for item in said]
            ran = self.client.pages(runs, needs=CHECKS, key="check_runs", at_most=MOST_CHECKS)
            found += map(_run, ran)
        return tuple(sorted(found, key=lambda check: check.name))

    def set_status(self, sha: str, check: Check) -> None:
        content = {
            "context": check.name,
            "state": _STATUS[check.state],
            "description": check.description[:DESCRIPTION_LIMIT],
            **({"target_url": check.url} if check.url else {}),
        }
        with _commit_named(sha):
            self.client.post(f"/statuses/{segment(sha)}", content, needs=WRITE_STATUSES)


@contextlib.contextmanager
def _commit_named(sha: str) -> Iterator[None]:
    """GitHub answers 422 for a commit that it does not know."""
    try:
        yield
    except Terminal as error:
        if error.code != "422":
            raise
        raise NotFound(f"commit {sha}: {error.message}") from error


def _moved(branch: str, parent: str) -> Conflict:
    return Conflict(f"branch {branch} is no longer at {parent[:10]}", hint="look at it again")


def _entry(path: str, text: str | None) -> Mapping[str, object]:
    content = {"sha": None} if text is None else {"content": text}
    return {"path": path, "mode": "100644", "type": "blob", **content}


def _status(answer: Answer) -> Check:
    return Check(
        name=answer.text("context"),
        state=_STATES.get(answer.text("state"), CheckState.FAILURE),
        description=answer.text_or("description"),
        url=answer.text_or("target_url"),
    )


def _run(answer: Answer) -> Check:
    output = answer.child_or_none("output")
    ended = answer.text_or("conclusion", "pending")
    return Check(
        name=answer.text("name"),
        state=_STATES.get(ended, CheckState.FAILURE),
        description=output.text_or("title") if output else "",
        url=answer.text_or("html_url"),
    )


def _verified(answer: Answer) -> VerifiedCommit:
    commit = answer.child("commit")
    verification = commit.child_or_none("verification")
    author = commit.child_or_none("author")
    reason = verification.text_or("reason") if verification else "unsigned"
    return VerifiedCommit(
        sha=answer.text("sha"),
        subject=commit.text_or("message").partition("\n")[0],
        author=author.text_or("name") if author else "",
        is_verified=verification is not None and verification.flag("verified"),
        reason=reason,
        remedy=_REMEDIES.get(reason, _OTHER),
    )
