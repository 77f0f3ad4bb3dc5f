"""``--report DIR``: what a run leaves for a pull request, whatever becomes of the run.

The folder says "did not finish" from the first moment on and is rewritten at the end, so that a
run that was killed is never shown as one that found nothing to do. The first line of ``comment.md``
is its marker.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from aft.app.text_files import write_text
from aft.cli.context import FOLDER, Session
from aft.errors import AftError, FindingsError, Refused, UserError, system_words, unexpected

if TYPE_CHECKING:
    from aft.findings.model import Finding

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
        from aft.report.markdown.failure import FailurePage, failure_comment, failure_summary

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
        self.write("comment.md", failure_comment(page))
        self.write("summary.md", failure_summary(page))


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
