"""One request's life: its commits and its ledger events. Reads git alone."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from pathlib import PurePosixPath

from aft.app.workspace import Workspace
from aft.app.world import open_ledger
from aft.config.model import REQUESTS_PATH
from aft.errors import UserError
from aft.files import RevisionFiles
from aft.git.history import GitHistory
from aft.git.ledger.store import Examined
from aft.ledger.events import LedgerEvent, is_of_organization
from aft.ledger.timeline import CommitInfo, TimelineEntry, timeline
from aft.ports import LedgerStore
from aft.values.ids import RESERVED_ID, Revision
from aft.values.suggestions import did_you_mean


def history_of(
    workspace: Workspace, request_id: str, *, revision: str
) -> tuple[TimelineEntry, ...]:
    """The timeline, oldest first, also under the ids and paths the request had before. Raises
    ``UserError`` when nothing is known of ``request_id``."""
    files = workspace.files(revision)
    ledger = open_ledger(workspace, workspace.config(files))
    names, events = _events(ledger, request_id)
    commits = _commits(workspace, names, files)
    if not commits and not events and request_id != RESERVED_ID:
        known = {*_paths(files), *ledger.read().records}
        raise UserError(
            f"nothing is known of a request {request_id!r}",
            hint=did_you_mean(request_id, known) or "aft status lists all of them",
        )
    return timeline(commits, events)


def examined(workspace: Workspace, *, revision: str) -> Examined:
    """The whole ledger, every story folded, by the configuration at ``revision``."""
    return open_ledger(workspace, workspace.config(workspace.files(revision))).examine()


def _events(ledger: LedgerStore, request_id: str) -> tuple[list[str], list[LedgerEvent]]:
    """The ids it had, newest first, and all their events, oldest first."""
    names, told = [request_id], list(ledger.events(request_id))
    if request_id == RESERVED_ID:  # the runs, and everything that belongs to no account
        things = (name for name in ledger.read().records if is_of_organization(name))
        others = (ledger.events(name) for name in sorted(things) if name != RESERVED_ID)
        told = sorted(
            (*told, *(event for story in others for event in story)), key=attrgetter("at")
        )
    while previous := _previously(told, names):
        names.append(previous)
        # What was written to the old id after the account had gone is another account's story.
        told[:0] = [
            event for event in ledger.events(previous) if not told or event.at <= told[0].at
        ]
    return names, told


def _previously(events: Sequence[LedgerEvent], names: Sequence[str]) -> str | None:
    found = (str(event.data.get("previously", "")) for event in events)
    return next((name for name in found if name and name not in names), None)


def _commits(
    workspace: Workspace, names: Sequence[str], files: RevisionFiles
) -> Sequence[CommitInfo]:
    """Commits of the file, newest first, followed through moves between folders and old ids."""
    history = GitHistory(workspace.repository)
    found: list[CommitInfo] = []
    revision: Revision | None = files.revision
    while revision is not None:
        paths = _paths(workspace.files(revision))
        path = next((paths[name] for name in names if name in paths), None)
        changes = history.changes(path, revision) if path else ()
        found.extend(changes)
        # The oldest change made this path; what it was called before is in the commit below.
        revision = workspace.repository.parent_of(changes[-1].id) if changes else None
    return found


def _paths(files: RevisionFiles) -> dict[str, str]:
    return {
        PurePosixPath(entry.path).stem: entry.path
        for entry in files.entries(REQUESTS_PATH)
        if entry.path.endswith(".yaml")
    }
