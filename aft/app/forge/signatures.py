"""Whether every commit of a change is signed, as far as the forge can verify it."""

from __future__ import annotations

from aft.app.workspace import Workspace
from aft.config.file import config_place
from aft.findings.model import Finding, SourceRef
from aft.forge.port import Forge, VerifiedCommit


def are_signatures_required(workspace: Workspace, base: str) -> bool:
    """What ``aft.yaml`` says at ``base``: the change itself has no say in it."""
    return workspace.config(workspace.files(base)).github.require_signatures


def signature_findings(
    workspace: Workspace, forge: Forge, *, base: str, head: str
) -> tuple[Finding, ...]:
    """``base`` is a revision known here, ``head`` a commit id known to the forge. One finding for
    each commit of ``head`` that ``base`` has not and the forge has not verified, at the line of
    ``aft.yaml`` that asks for it."""
    files = workspace.files(base)
    place = config_place(files, ("github", "require_signatures"))
    return tuple(
        _finding(commit, place, forge.name)
        for commit in forge.commits_between(files.revision, head)
        if not commit.is_verified
    )


def _finding(commit: VerifiedCommit, place: SourceRef, forge: str) -> Finding:
    return Finding(
        code="AFT740",
        source=place,
        message=f"commit {commit.sha[:10]} by {commit.author or 'nobody'} has no signature that "
        f"{forge} verified ({commit.reason})",
        hint=commit.remedy,
    )
