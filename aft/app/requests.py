"""New account requests, from flags, prompts or an issue form: checked as if the file were there
already, and only then written. Also the issue form itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aft.app.text_files import read_text, write_new, write_text
from aft.app.workspace import InvalidRepository, Workspace
from aft.config.model import REQUESTS_PATH
from aft.desired.codeowners import CODEOWNERS_PATH, codeowners
from aft.desired.defaults import defaults_in
from aft.desired.desired import LoadResult, load_desired_state
from aft.desired.draft import (
    RequestDraft,
    choose_folder,
    field_of,
    known_address,
    named_folder,
    taken_by,
    with_known_owner,
)
from aft.desired.issue_answers import Problem, question_for, read_issue
from aft.desired.issue_form import FORM_PATH, FormChoices, choices_of, form_yaml
from aft.desired.model import AccountRequest, DesiredState
from aft.desired.overlay import OverlayFiles
from aft.errors import UserError
from aft.files import RevisionFiles
from aft.findings.model import Condition, Finding, SourceRef
from aft.plugins import PROVIDERS_GROUP, RUNNERS_GROUP, SETTINGS_GROUP, load_plugins
from aft.report.request_reply import (
    BROKEN_REPOSITORY,
    Origin,
    made_reply,
    problems_of,
    problems_reply,
    pull_request_body,
    request_json,
)
from aft.values.ids import RequestId

REPLY = "reply.md"
REQUEST = "request.json"
PULL_REQUEST = "pull-request.md"
MAX_FILE = 1 << 20
"""Characters; more than GitHub lets an issue hold. The rest is ignored."""


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
    """Where new requests are made: a repository on disk, with what its errors hold back set aside.
    ``known`` are its findings without the new request."""

    workspace: Workspace
    files: RevisionFiles
    state: DesiredState
    known: tuple[Finding, ...] = ()

    @classmethod
    def open(cls, workspace: Workspace) -> RequestDesk:
        """Raises ``InvalidRepository`` when the repository has errors that hold everything back."""
        files = workspace.files(None)
        result = workspace.load(files)
        if result.usable is None:
            error = InvalidRepository(result.findings, files.revision)
            error.hint = "fix the repository first; the new request comes after"
            raise error
        return cls(workspace=workspace, files=files, state=result.usable, known=result.findings)

    def folder(self, draft: RequestDraft, named: str | None) -> str:
        """The folder someone named, else the one where the request fits. Raises ``UserError``."""
        if named is not None:
            return named_folder(named)
        return choose_folder(self.state.requests, self.files, team=draft.team, ou=draft.ou)

    def propose(self, draft: RequestDraft, *, folder: str | None = None) -> ProposedRequest:
        """The file as it would be, checked with the whole repository; writes nothing."""
        draft = with_known_owner(draft, self.state.requests)
        place = self.folder(draft, folder)
        _check_reachable(draft, self.supplied(draft, place))
        path = f"{place}/{draft.id}.yaml"
        text = draft.text(defaults_in(self.files)(place))
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
        request = result.usable.request_by_id.get(draft.id) if result.usable else None
        findings = (*self._own(result, draft.id, path), *self._taken_by_held(request, path))
        return ProposedRequest(
            draft=draft,
            path=path,
            text=text,
            findings=findings,
            request=None if any(item.is_error for item in findings) else request,
        )

    def _own(self, result: LoadResult, name: RequestId, path: str) -> tuple[Finding, ...]:
        """What the new file answers for, or what holds it back: errors that were not there before,
        warnings about it, the first error of the defaults that it takes; all that there is where
        nothing is usable with it."""
        if result.usable is None:
            return tuple(item for item in result.findings if item.is_error or item.path == path)
        held = result.usable.held.requests.get(name)
        holding = held.finding if held is not None else None
        return tuple(
            item
            for item in result.findings
            if item.path == path or item == holding or (item.is_error and item not in self.known)
        )

    def _taken_by_held(self, request: AccountRequest | None, path: str) -> Iterator[Finding]:
        """An address that a request has whose file cannot be read in whole."""
        if request is None:
            return
        for other in self.state.held.requests.values():
            if other.email.casefold() == request.email.casefold() and other.id != request.id:
                message = f"e-mail address {request.email} is also that of {other.path}"
                hint = "every AWS account needs a different address; 'name+suffix@…' often works"
                yield Finding(code="AFT303", source=SourceRef(path), message=message, hint=hint)

    def supplied(self, draft: RequestDraft | None, folder: str) -> Mapping[str, Any]:
        """What defaults give a request in ``folder`` that says nothing itself."""
        defaults = defaults_in(self.files)(named_folder(folder))
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


def form_choices(state: DesiredState, files: RevisionFiles) -> FormChoices:
    """What the form lets people choose from."""
    top = defaults_in(files)(REQUESTS_PATH)
    return choices_of(state, needs_email="email" not in top.merged)


def form_of(workspace: Workspace) -> str:
    """The form of the working tree. Raises ``InvalidRepository`` when that has errors."""
    files = workspace.files(None)
    return form_yaml(form_choices(workspace.desired(files), files))


def generated_for_new(folder: Path, scaffold: Mapping[str, str]) -> Mapping[str, str]:
    """The form and CODEOWNERS, by path, of a repository that ``aft init`` has just written to
    ``folder``: of what is there, or of the scaffold alone where it is no git repository yet, or has
    errors. No CODEOWNERS where aft.yaml names no platform team."""
    state, files = _new_state(folder, scaffold)
    texts = {FORM_PATH: form_yaml(form_choices(state, files))}
    if state.config.github.platform_team is not None:
        texts[CODEOWNERS_PATH] = codeowners(state)
    return texts


def _new_state(folder: Path, scaffold: Mapping[str, str]) -> tuple[DesiredState, RevisionFiles]:
    if (folder / ".git").exists():
        try:
            workspace = Workspace.find(folder)
            there = workspace.files(None)
            return workspace.desired(there), there
        except (InvalidRepository, UserError):
            pass
    files = OverlayFiles(None, {path: text.encode() for path, text in scaffold.items()})
    result = load_desired_state(
        files,
        settings=load_plugins(SETTINGS_GROUP, lambda plugin: plugin.name),
        runners=load_plugins(RUNNERS_GROUP, lambda plugin: plugin.kind),
        providers=load_plugins(PROVIDERS_GROUP, lambda plugin: plugin.name),
    )
    if result.state is None:
        raise InvalidRepository(result.findings, files.revision)
    return result.state, files


def secrets_granted(folder: Path) -> tuple[str, ...]:
    """The ARNs that ``aft.yaml`` in ``folder`` grants to customizations; none where it has errors,
    or is not in a git repository."""
    try:
        workspace = Workspace.find(folder)
        config = workspace.config(workspace.files(None))
    except (InvalidRepository, UserError):
        return ()
    return tuple(arn for grant in config.grants.values() for arn in grant.secrets)


def request_from_issue(
    workspace: Workspace, issue_file: Path, report: Path, origin: Origin
) -> tuple[str, Sequence[Problem]]:
    """Write the request file and the report's files; with problems, the reply alone. The path of
    the request, or why the answers cannot be taken. Raises ``InvalidRepository`` (after writing a
    reply that says so) when the repository itself has errors, and ``UserError`` for a file that
    cannot be read."""
    body = read_text(issue_file, errors="replace")[:MAX_FILE]
    for name in (REPLY, REQUEST, PULL_REQUEST):
        (report / name).unlink(missing_ok=True)  # of an earlier run
    try:
        desk = RequestDesk.open(workspace)
    except InvalidRepository:
        write_text(report / REPLY, BROKEN_REPOSITORY)
        raise
    choices = form_choices(desk.state, desk.files)
    draft: RequestDraft | None = None
    problems: Sequence[Problem] = ()
    if why := workspace.trials.issue(body, choices):
        problems = (Problem("", f"it cannot be read: {why}; open a new issue"),)
    else:
        draft, problems = read_issue(body, choices, remark=origin.remark)
    proposed = desk.propose(draft) if draft is not None else None
    if proposed is None or proposed.request is None:
        if proposed is not None:
            questions = {
                finding: question_for(field_of(finding, proposed.path, proposed.text), choices)
                for finding in proposed.findings
            }
            problems = problems_of(proposed.findings, questions)
        write_text(report / REPLY, problems_reply(problems))
        return "", problems
    write_request(workspace, proposed)
    request, path = proposed.request, proposed.path
    write_text(report / REPLY, made_reply(request, path=path, text=proposed.text))
    write_text(report / REQUEST, request_json(request, path=path, origin=origin))
    write_text(report / PULL_REQUEST, pull_request_body(request, origin))
    return path, ()
