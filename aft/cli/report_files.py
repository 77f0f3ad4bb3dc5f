"""What ``--report`` writes when a plan or an apply came to its end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from aft.app.plan.costs import costs_of
from aft.app.plan.planning import Planned
from aft.cli.context import Session
from aft.cli.report_folder import ReportFolder
from aft.findings.model import Finding
from aft.plan.codec import plan_to_json
from aft.plan.outcome import Outcome
from aft.plan.reviewed import Reviewed, newly_routine, reviewed_of, reviewed_to_json
from aft.report.markdown.outcome import OutcomePage, outcome_comment, outcome_summary
from aft.report.markdown.plan import PlanPage, comment, summary
from aft.report.outcome import outcome_json


def plan_page(
    session: Session,
    planned: Planned,
    *,
    warnings: Sequence[Finding],
    base: str | None,
    notes: Sequence[str] = (),
) -> PlanPage:
    """The plan as people are to see it; ``base`` is the revision it would go into."""
    return PlanPage(
        plan=planned.plan,
        kinds=planned.kinds,
        refusals=planned.refusals,
        lifted=planned.lifted,
        warnings=warnings,
        read_at=planned.snapshot.read_at,
        published_at=planned.snapshot.read_at if planned.is_published else None,
        notes=notes,
        base=session.workspace.files(base).revision if base else "",
        costs=costs_of(session.workspace, planned),
        mask=session.mask,
    )


def write_plan(folder: ReportFolder, planned: Planned, page: PlanPage) -> None:
    """comment.md, summary.md, reviewed.json and, unless something is masked, plan.json."""
    session = folder.session
    page = replace(page, rest=folder.rest)
    folder.write("reviewed.json", reviewed_to_json(reviewed_of(planned.plan)))
    if not session.mask.is_on:
        folder.write("plan.json", plan_to_json(planned.plan))
    folder.write("summary.md", summary(page))
    folder.write("comment.md", comment(page))


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
        routine=newly_routine(reviewed, planned.plan) if reviewed is not None else (),
        notes=notes,
        rest=folder.rest,
        mask=session.mask,
    )
    folder.write("outcome.json", session.mask(outcome_json(outcome, planned.plan)))
    folder.write("summary.md", outcome_summary(page))
    folder.write("comment.md", outcome_comment(page))
