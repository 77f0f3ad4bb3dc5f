"""A new request: checked as if its file were there already, and only then written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aft.app.text_files import write_new
from aft.app.workspace import InvalidRepository, Workspace
from aft.desired.draft import (
    RequestDraft,
    choose_folder,
    folder_defaults,
    known_address,
    named_folder,
    taken_by,
    with_known_owner,
)
from aft.desired.model import AccountRequest, DesiredState
from aft.desired.overlay import OverlayFiles
from aft.errors import UserError
from aft.files import RevisionFiles
from aft.findings.model import Condition, Finding, SourceRef


@dataclass(frozen=True, kw_only=True)
class ProposedRequest:
    """The would-be file, and everything there is to say about the repository with it. ``request``
    is ``None`` when there are errors."""

    draft: RequestDraft
    path: str
    text: str
    findings: tuple[Finding, ...]
    request: AccountRequest | None


@dataclass(frozen=True, kw_only=True)
class RequestDesk:
    """Where new requests are made: a repository on disk that validates as it is."""

    workspace: Workspace
    files: RevisionFiles
    state: DesiredState

    @classmethod
    def open(cls, workspace: Workspace) -> RequestDesk:
        """Raises ``InvalidRepository`` when the repository has errors without the new request."""
        files = workspace.files(None)
        result = workspace.load(files)
        if result.state is None:
            error = InvalidRepository(result.findings, files.revision)
            error.hint = "fix the repository first; the new request comes after"
            raise error
        return cls(workspace=workspace, files=files, state=result.state)

    def folder(self, draft: RequestDraft, named: str | None) -> str:
        """The folder somebody named, else the one where the request fits. Raises ``UserError``."""
        if named is not None:
            return named_folder(named)
        return choose_folder(self.state.requests, self.files, team=draft.team, ou=draft.ou)

    def propose(self, draft: RequestDraft, *, folder: str | None = None) -> ProposedRequest:
        """The file as it would be, checked with the whole repository; writes nothing."""
        draft = with_known_owner(draft, self.state.requests)
        place = self.folder(draft, folder)
        _check_reachable(draft, self.supplied(draft, place))
        path = f"{place}/{draft.id}.yaml"
        text = draft.text(folder_defaults(self.files, place))
        taken = taken_by(self.files, draft.id)
        if taken is not None:
            finding = Finding(
                code="AFT301",
                source=SourceRef(path),
                message=f"request id {draft.id!r} is taken by {taken}",
                hint="choose another id",
                condition=Condition.ID_TAKEN,
            )
            return ProposedRequest(
                draft=draft, path=path, text=text, findings=(finding,), request=None
            )
        content = text.encode("utf-8", "surrogatepass")
        result = self.workspace.load(OverlayFiles(self.files, {path: content}))
        request = result.state.request_by_id.get(draft.id) if result.state else None
        return ProposedRequest(
            draft=draft, path=path, text=text, findings=_new(result.findings, path), request=request
        )

    def supplied(self, draft: RequestDraft | None, folder: str) -> Mapping[str, Any]:
        """What defaults give a request in ``folder`` that says nothing itself."""
        defaults = folder_defaults(self.files, named_folder(folder))
        return defaults.resolve(draft.id if draft else "id", {})

    @property
    def teams(self) -> tuple[str, ...]:
        """The teams that own accounts already."""
        return tuple(sorted({item.owner.team for item in self.state.requests if item.owner}))

    def address_of(self, team: str) -> str | None:
        """Where a team can be reached, as far as its other requests agree."""
        return known_address(team, self.state.requests)


def _check_reachable(draft: RequestDraft, supplied: Mapping[str, Any]) -> None:
    """Raises ``UserError`` when the team would get the e-mail address of another one."""
    owner, given = draft.values.get("owner", {}), supplied.get("owner", {})
    if draft.team is None or "email" in owner or given.get("team") == draft.team:
        return
    raise UserError(
        f"how can team {draft.team!r} be reached? No other request says so",
        hint="add --owner-email",
    )


def write_request(workspace: Workspace, proposed: ProposedRequest) -> None:
    """Write the file. Raises ``UserError`` when it cannot be, or is there already."""
    if proposed.request is None:
        raise ValueError("a request with errors is never written")
    if not write_new(workspace.repository.path, proposed.path, proposed.text):
        raise UserError(f"{proposed.path} exists already; nothing was written")


def _new(findings: Sequence[Finding], path: str) -> tuple[Finding, ...]:
    """Every error, and the warnings about the new file alone."""
    return tuple(item for item in findings if item.is_error or item.path == path)
