"""Whether every commit of a change is signed, as far as GitHub can verify it."""

from __future__ import annotations

from aft.app.workspace import Workspace
from aft.config.file import config_place
from aft.findings.model import Finding, SourceRef
from aft.github.client import GitHubClient
from aft.github.commits import VerifiedCommit, commits_between

REMEDIES = {
    "unsigned": "sign it (git commit -S, or git rebase --exec 'git commit --amend --no-edit -S')",
    "unknown_key": "its author adds the key to GitHub under Settings > SSH and GPG keys",
    "unverified_email": "its author verifies the e-mail address on GitHub",
    "no_user": "commit with an e-mail address that belongs to a GitHub account",
    "bad_email": "commit with an e-mail address that the key names",
    "expired_key": "sign it anew with a key that has not expired",
}
_OTHER = "sign it anew with a key that GitHub knows"


def are_signatures_required(workspace: Workspace, base: str) -> bool:
    """What ``aft.yaml`` says at ``base``: the change itself has no say in it."""
    return workspace.config(workspace.files(base)).github.require_signatures


def signature_findings(
    workspace: Workspace, client: GitHubClient, *, base: str, head: str
) -> tuple[Finding, ...]:
    """``base`` is a revision known here, ``head`` a commit id known to GitHub.

    One finding for each commit of ``head`` that ``base`` has not and GitHub has not verified,
    at the line of ``aft.yaml`` that asks for it."""
    files = workspace.files(base)
    place = config_place(files, ("github", "require_signatures"))
    return tuple(
        _finding(commit, place)
        for commit in commits_between(client, files.revision, head)
        if not commit.is_verified
    )


def _finding(commit: VerifiedCommit, place: SourceRef) -> Finding:
    return Finding(
        code="AFT740",
        source=place,
        message=f"commit {commit.sha[:10]} by {commit.author or 'nobody'} has no signature that "
        f"GitHub verified ({commit.reason})",
        hint=REMEDIES.get(commit.reason, _OTHER),
    )
