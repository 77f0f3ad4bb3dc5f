"""A request from the text of an issue: the file, the reply, and what a workflow needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from aft.app.requests.issue_forms import form_choices
from aft.app.requests.new_request import ProposedRequest, RequestDesk, write_request
from aft.app.text_files import read_text, write_text
from aft.app.workspace import InvalidRepository, Workspace
from aft.desired.draft import field_of
from aft.desired.issue_answers import Problem, question_for, read_issue
from aft.desired.issue_form import FormChoices
from aft.desired.model import AccountRequest
from aft.findings.model import Finding
from aft.report.request_reply import (
    BROKEN_REPOSITORY,
    Origin,
    made_reply,
    problems_of,
    problems_reply,
    pull_request_body,
    request_json,
)

REPLY = "reply.md"
REQUEST = "request.json"
PULL_REQUEST = "pull-request.md"
MAX_FILE = 1 << 20
"""Characters; more than GitHub lets an issue hold. The rest is ignored."""


@dataclass(frozen=True, kw_only=True)
class IssueRequest:
    """``request`` is ``None`` when the answers cannot be taken; ``problems`` says why."""

    request: AccountRequest | None
    path: str
    problems: tuple[Problem, ...]


def request_from_issue(
    workspace: Workspace, issue_file: Path, report: Path, origin: Origin
) -> IssueRequest:
    """Write the request file and the report's files; with problems, the reply alone. Raises
    ``InvalidRepository`` (after writing a reply that says so) when the repository has errors of its
    own, and ``UserError`` for a file that cannot be read."""
    body = read_text(issue_file, errors="replace")[:MAX_FILE]
    for name in (REPLY, REQUEST, PULL_REQUEST):
        (report / name).unlink(missing_ok=True)  # of an earlier run
    try:
        desk = RequestDesk.open(workspace)
    except InvalidRepository:
        write_text(report / REPLY, BROKEN_REPOSITORY)
        raise
    choices = form_choices(desk.state, desk.files)
    draft, problems = read_issue(body, choices, remark=origin.remark)
    if draft is None:
        write_text(report / REPLY, problems_reply(problems))
        return IssueRequest(request=None, path="", problems=problems)
    proposed = desk.propose(draft)
    if proposed.request is None:
        problems = problems_of(proposed.findings, _questions(proposed, choices))
        write_text(report / REPLY, problems_reply(problems))
        return IssueRequest(request=None, path="", problems=problems)
    write_request(workspace, proposed)
    request = proposed.request
    write_text(report / REPLY, made_reply(request, path=proposed.path, text=proposed.text))
    write_text(report / REQUEST, request_json(request, path=proposed.path, origin=origin))
    write_text(report / PULL_REQUEST, pull_request_body(request, origin))
    return IssueRequest(request=request, path=proposed.path, problems=())


def _questions(proposed: ProposedRequest, choices: FormChoices) -> Mapping[Finding, str]:
    return {
        finding: question_for(field_of(finding, proposed.path, proposed.text), choices)
        for finding in proposed.findings
    }
