"""One request's life: its commits and its ledger events. Reads git alone."""

from __future__ import annotations

from pathlib import PurePosixPath

from aft.app.workspace import Workspace
from aft.app.world import open_ledger
from aft.config import REQUESTS_PATH
from aft.errors import UserError
from aft.findings import did_you_mean
from aft.git.history import GitHistory
from aft.ledger.events import ORGANIZATION
from aft.ledger.timeline import TimelineEntry, timeline


def history_of(
    workspace: Workspace, request_id: str, *, revision: str, simulated: bool
) -> tuple[TimelineEntry, ...]:
    """The timeline, oldest first. Raises ``UserError`` when nothing is known of ``request_id``."""
    files = workspace.files(revision)
    paths = {
        PurePosixPath(entry.path).stem: entry.path
        for entry in files.entries(REQUESTS_PATH)
        if entry.path.endswith(".yaml")
    }
    ledger = open_ledger(workspace, workspace.config(files), simulated=simulated)
    events = ledger.events(request_id)
    path = paths.get(request_id)
    if path is None and not events and request_id != ORGANIZATION:
        known = {*paths, *ledger.read().records}
        raise UserError(
            f"nothing is known of a request {request_id!r}",
            hint=did_you_mean(request_id, known) or "aft status lists all of them",
        )
    commits = GitHistory(workspace.repository).changes(path, files.revision) if path else ()
    return timeline(commits, events)
