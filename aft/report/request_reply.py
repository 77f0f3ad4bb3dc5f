"""What is said to the person who asked for an account through an issue: plain words, no markup of
theirs. Also the text of the pull request and the few values a workflow makes it with.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aft.desired.issue_answers import Problem
from aft.desired.model import AccountRequest
from aft.findings.model import Finding
from aft.report.markdown.inert import code_block, code_span, for_commits, prose, title
from aft.report.plain import code_line, json_text, one_line

MARKER = "<!-- aft:request -->"
"""First line of the reply: the comment with it is updated in place."""
MOST_SHOWN = 40
"""Problems listed one by one; more would bury the first."""
_TITLE = 80
"""Letters of a reason in a title."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The issue a request comes from: its number, 0 when it is not known, and the login of who
    opened it."""

    issue: int = 0
    login: str = ""

    @property
    def remark(self) -> str:
        """The comment at the top of the file."""
        parts = [f"issue #{self.issue}" if self.issue else "an issue"]
        if self.login:
            parts.append(f"by {one_line(self.login)}")
        return f"Asked for in {' '.join(parts)}."


BROKEN_REPOSITORY = (
    f"{MARKER}\n### This request has to wait\n\n"
    "Nothing is wrong with your answers: the repository itself has errors, which the people who "
    "maintain it must fix first (`aft validate` lists them). Then edit this issue, or ask them to "
    "run the workflow again.\n"
)
_EDIT = (
    "Edit the issue's text (`…` at its top right, then *Edit*) and save it: the answers are read "
    "again. Nothing has been created."
)
_REVIEW = (
    "People review the pull request. When it is merged, the account is created. To change an "
    "answer, edit this issue's text."
)


def kept_reply(why: str, *, url: str) -> str:
    """The comment that says why other answers change nothing."""
    where = f" ({prose(url)})" if url else ""
    return (
        f"{MARKER}\n### The pull request of this request stays as it is{where}\n\n"
        f"The answers were changed, but {prose(why)}: they are not taken over. Ask the people who "
        "review it to change the file there, or to close the pull request and delete its branch; "
        "then edit this issue again.\n"
    )


def problems_reply(problems: Sequence[Problem]) -> str:
    """The comment that says what to change."""
    count = len(problems)
    changes = "one change" if count == 1 else f"{count} changes"
    lines = [MARKER, f"### This request needs {changes}", ""]
    lines += [_line(problem) for problem in problems[:MOST_SHOWN]]
    if count > MOST_SHOWN:
        lines.append(f"- … and {count - MOST_SHOWN} more")
    return "\n".join([*lines, "", _EDIT, ""])


def _line(problem: Problem) -> str:
    where = f"**{prose(problem.question)}** " if problem.question else ""
    found = f" (found {code_span(problem.found)})" if code_span(problem.found) else ""
    return f"- {where}{prose(problem.message)}{found}"


def made_reply(request: AccountRequest, *, path: str, text: str) -> str:
    """The comment that says what was made of the answers."""
    parts = (
        f"{MARKER}\n### Account {code_span(request.name)} is on its way",
        f"A pull request with the file {code_span(path)} asks for it:",
        code_block([code_line(line) for line in text.rstrip("\n").split("\n")], "yaml"),
        f"{_REVIEW}\n",
    )
    return "\n\n".join(parts)


def pull_request_body(request: AccountRequest, origin: Origin) -> str:
    """The pull request's own text, which a squash merge may make the commit's message."""
    rows = {
        "Account": request.name,
        "Root e-mail": request.email,
        "OU": str(request.ou),
        "Owner": request.owner.team if request.owner else "",
        "Why": request.reason,
        "Ticket": request.ticket,
        "Asked by": origin.login,
    }
    shown = {name: prose(for_commits(value)) for name, value in rows.items()}
    items = [f"- **{name}:** {value}" for name, value in shown.items() if value]
    closes = [f"Closes #{origin.issue}.", ""] if origin.issue else []
    made = "Made from an issue by `aft new --from-issue`; the plan is in the comment below."
    return "\n".join([made, "", *items, "", *closes])


def request_json(request: AccountRequest, *, path: str, origin: Origin) -> str:
    """``{"id", "path", "title", "branch"}``: what a workflow makes the pull request with."""
    number = f"{origin.issue}-" if origin.issue else ""
    reason = title(request.reason, most=_TITLE)
    made: Mapping[str, str] = {
        "id": request.id,
        "path": path,
        "title": f"Account {request.id}: {reason}".rstrip(": "),
        "branch": f"request/{number}{request.id}",
    }
    return json_text(made)


def problems_of(
    findings: Sequence[Finding], questions: Mapping[Finding, str]
) -> tuple[Problem, ...]:
    """Findings about the would-be file as problems of the questions they come from."""
    return tuple(
        Problem(
            question=questions.get(finding, ""),
            message=f"{finding.message}{f' ({finding.hint})' if finding.hint else ''}",
        )
        for finding in findings
        if finding.is_error
    )
