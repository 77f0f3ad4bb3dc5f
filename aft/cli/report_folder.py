"""``--report DIR``: what a run leaves for a pull request, however the run ends.

The folder says "did not finish" from the first moment on and is rewritten at the end, so that a
run that was killed is never shown as one that found nothing to do. The first line of ``comment.md``
is its marker.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import click

from aft.app.apply.superseding import Superseded
from aft.app.plan.costs import costs_of
from aft.app.plan.planning import Planned
from aft.app.text_files import write_text
from aft.cli.context import FOLDER, Session
from aft.errors import AftError, FindingsError, Refused, UserError, system_words, unexpected
from aft.findings.model import Finding
from aft.plan.codec import plan_to_json
from aft.plan.coverage import covers_told
from aft.plan.outcome import Outcome
from aft.plan.permission import line_digests
from aft.plan.reviewed import Reviewed, newly_routine, reviewed_of, reviewed_to_json
from aft.report.markdown.failure import FailurePage
from aft.report.markdown.fitting import Page, comment, summary
from aft.report.markdown.outcome import OutcomePage
from aft.report.markdown.plan import PlanPage
from aft.report.markdown.superseded import SupersededPage
from aft.report.outcome import outcome_json

FILES = ("comment.md", "summary.md", "reviewed.json", "plan.json", "outcome.json")
_CONSEQUENCES: Mapping[str, str] = {
    "plan": "There is no plan: the effect of the merge is not known yet.",
    "apply": "What was done until then is in the ledger; the next run continues there.",
}
_RUN_URL = re.compile(r"https?://[A-Za-z0-9.:-]+/[A-Za-z0-9_./-]+/actions/runs/[0-9]+")

report_option = click.option(
    "--report",
    metavar="DIR",
    type=FOLDER,
    help="Also write comment.md, summary.md and JSON to this folder, for a pull request, even "
    "if the command fails.",
)


@dataclass(kw_only=True)
class ReportFolder:
    """The files of one run. ``revision`` is filled in as soon as it is known, ``about`` (word and
    value) what else a reader of a failure may want to look up."""

    path: Path
    session: Session
    verb: str
    revision: str = ""
    about: tuple[tuple[str, str], ...] = ()

    def begin(self) -> None:
        """Take away what an earlier run left, and say that this one has not ended. Raises
        ``UserError`` when the folder cannot be written."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            for name in FILES:
                (self.path / name).unlink(missing_ok=True)
        except OSError as error:
            why = system_words(error)
            raise UserError(f"cannot write the report folder {self.path}: {why}") from error
        self._write_failure("it did not finish; the runner may have been stopped")

    def write(self, name: str, text: str) -> None:
        """Raises ``UserError`` when the file cannot be written."""
        write_text(self.path / name, text)

    def write_page(self, page: Page) -> None:
        """comment.md and summary.md."""
        self.write("comment.md", comment(page))
        self.write("summary.md", summary(page))

    def superseded(self, late: Superseded) -> None:
        """Say that a later revision was applied already."""
        page = SupersededPage(revision=late.revision, by=late.by, hint=late.hint)
        self.write_page(page)

    def failed(self, error: BaseException) -> None:
        """Say that the run failed, and why."""
        with contextlib.suppress(UserError):  # the run's own error is the one to be seen
            match error:
                case AftError():
                    findings = getattr(error, "findings", ())
                    self._write_failure(
                        error.message,
                        hint=error.hint,
                        findings=findings if isinstance(error, FindingsError | Refused) else (),
                        is_refusal=isinstance(error, Refused),
                    )
                case click.ClickException():
                    self._write_failure(error.format_message())
                case click.Abort() | KeyboardInterrupt():
                    self._write_failure("it was stopped")
                case _:
                    self._write_failure(
                        unexpected(error),
                        hint="this is a bug in aft; `-v` shows where, for the report",
                    )

    @property
    def rest(self) -> str:
        """Where the whole of a long report is, as Markdown."""
        if self.run_url:
            return f"[the job's page]({self.run_url}) has a summary and an artifact with the rest"
        return "the job's summary and its artifact have the rest"

    @property
    def release_how(self) -> str:
        """Where people give the digest of what is held."""
        if self.run_url:
            return "Actions → apply → Run workflow, with `accept_held`"
        return "`aft apply --reviewed … --accept`"

    @property
    def run_url(self) -> str:
        """The page of this run in GitHub Actions, or nothing."""
        environ = self.session.environ
        names = ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")
        server, repository, run = (environ.get(name, "") for name in names)
        url = f"{server}/{repository}/actions/runs/{run}"
        return url if _RUN_URL.fullmatch(url) else ""

    def _write_failure(
        self,
        message: str,
        *,
        hint: str = "",
        findings: tuple[Finding, ...] = (),
        is_refusal: bool = False,
    ) -> None:
        page = FailurePage(
            verb=self.verb,
            message=message,
            hint=hint,
            findings=findings,
            is_refusal=is_refusal,
            consequence="" if is_refusal else _CONSEQUENCES[self.verb],
            revision=self.revision,
            about=self.about,
            log=f"[the log of this job]({self.run_url})" if self.run_url else "the job's log",
            mask=self.session.masking.careful,
        )
        self.write_page(page)


@contextlib.contextmanager
def report_folder(session: Session, path: Path | None, verb: str) -> Iterator[ReportFolder | None]:
    """The folder at ``path``, which says so when the block fails; ``None`` for none."""
    if path is None:
        yield None
        return
    folder = ReportFolder(path=path, session=session, verb=verb)
    folder.begin()
    try:
        yield folder
    except SystemExit:  # the verb's own exit code, after it has written its files
        raise
    except BaseException as error:
        folder.failed(error)
        raise


def plan_page(
    session: Session,
    planned: Planned,
    *,
    findings: Sequence[Finding],
    base: str | None,
    notes: Sequence[str] = (),
) -> PlanPage:
    """The plan as people are to see it; ``base`` is the revision it would go into."""
    return PlanPage(
        plan=planned.plan,
        kinds=planned.kinds,
        refusals=planned.refusals,
        lifted=planned.lifted,
        findings=findings,
        read_at=planned.snapshot.read_at,
        published_at=planned.snapshot.read_at if planned.is_published else None,
        notes=notes,
        base=session.workspace.files(base).revision if base else "",
        costs=costs_of(session.workspace, planned),
        mask=session.mask,
    )


def write_plan(
    folder: ReportFolder, planned: Planned, page: PlanPage, *, covers: frozenset[str] | None
) -> None:
    """comment.md, summary.md, reviewed.json and, unless something is masked, plan.json. ``covers``
    is what an apply of it is judged by."""
    session = folder.session
    page = replace(page, rest=folder.rest)
    seen = reviewed_of(
        planned.plan,
        allow=line_digests(planned.desired),
        covers=covers_told(covers, planned.plan),
    )
    folder.write("reviewed.json", reviewed_to_json(seen))
    if not session.mask.is_on:
        folder.write("plan.json", plan_to_json(planned.plan))
    folder.write_page(page)


def write_outcome(
    folder: ReportFolder,
    planned: Planned,
    outcome: Outcome,
    *,
    ledger: str,
    reviewed: Reviewed | None,
    notes: Sequence[str] = (),
) -> None:
    """comment.md, summary.md and outcome.json."""
    session = folder.session
    page = OutcomePage(
        plan=planned.plan,
        kinds=planned.kinds,
        outcome=outcome,
        ledger=ledger,
        reviewed=reviewed,
        routine=(
            newly_routine(reviewed, planned.plan, held=outcome.held_ids)
            if reviewed is not None
            else ()
        ),
        notes=notes,
        rest=folder.rest,
        release_how=folder.release_how,
        mask=session.mask,
    )
    folder.write("outcome.json", session.mask(outcome_json(outcome, planned.plan)))
    folder.write_page(page)
