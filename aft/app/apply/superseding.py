"""Whether a later revision was applied already: an apply that comes late must not go backwards."""

from __future__ import annotations

from dataclasses import dataclass

from aft.app.workspace import Workspace
from aft.app.world import World
from aft.config.model import Config
from aft.errors import Denied, UserError
from aft.git.wire import GitRemoteBranch
from aft.ledger.payloads import RunStarted, payload_of
from aft.plan.model import ORGANIZATION
from aft.values.ids import WORKING_TREE, Revision


@dataclass(frozen=True, slots=True, kw_only=True)
class Superseded:
    """``revision`` is part of ``by``, which the ledger's last run has applied."""

    revision: Revision
    by: Revision

    @property
    def words(self) -> str:
        """What happened, and what to do if it was not meant so."""
        return (
            f"superseded: {self.revision[:10]} is part of {self.by[:10]}, which was applied since; "
            "nothing was done"
        )

    @property
    def hint(self) -> str:
        return "to go back, merge a revert, or apply the older revision with --older"


def superseded(
    workspace: Workspace, world: World, config: Config, revision: Revision
) -> Superseded | None:
    """What supersedes an apply of ``revision``; ``None`` when nothing does. A later commit that the
    branch does not have supersedes nothing: someone has applied their own, or pushed it back."""
    last = _last_applied(world)
    if not last or last in (revision, WORKING_TREE) or revision == WORKING_TREE:
        return None
    repository = workspace.repository
    if repository.has(last) and not repository.is_ancestor(revision, of=last):
        return None
    tip = _tip(workspace, config)  # what was applied may have been pushed since this clone was made
    if not repository.is_ancestor(revision, of=last):
        return None
    is_on_branch = tip is None or repository.is_ancestor(last, of=tip)
    return Superseded(revision=revision, by=last) if is_on_branch else None


def _last_applied(world: World) -> Revision:
    """The revision of the newest run, of any scope; "" for none."""
    for event in reversed(world.ledger.events(ORGANIZATION)):
        if isinstance(payload_of(event), RunStarted):
            return Revision(event.revision)
    return Revision("")


def _tip(workspace: Workspace, config: Config) -> Revision | None:
    """The branch as it is now, fetched; ``None`` where there is none to fetch. Raises
    ``Transient``."""
    watched = config.worker
    try:
        return GitRemoteBranch(
            workspace.repository,
            remote=watched.remote,
            branch=watched.branch,
            environ=workspace.environ,
        ).fetch()
    except (Denied, UserError):
        return None
