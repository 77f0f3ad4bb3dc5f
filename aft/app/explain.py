"""One account, explained: from the files of a revision, the ledger and, if asked, AWS."""

from __future__ import annotations

from aft.app.plan.planning import read_snapshot
from aft.app.plan.selection import chosen
from aft.app.workspace import Workspace
from aft.app.world import open_ledger, open_world
from aft.files import RevisionFiles
from aft.plan.explain import explain
from aft.plan.explanation import Explanation


def explain_account(
    workspace: Workspace, files: RevisionFiles, request_id: str, *, live: bool = False
) -> Explanation:
    """Needs no credentials unless ``live``, which reads this one account's place in AWS. Raises
    ``UserError`` for an id that is no request's."""
    desired = workspace.desired(files)
    (known,) = chosen(desired, only=[request_id])
    request = desired.request_by_id[known]
    if not live:
        ledger = open_ledger(workspace, desired.config).read()
        return explain(files, desired, request, ledger, settings=workspace.settings)
    with open_world(workspace, desired.config, reads_only=True) as world:
        ledger = world.ledger.read()
        snapshot = read_snapshot(world, desired, ledger, [known])
    return explain(files, desired, request, ledger, settings=workspace.settings, snapshot=snapshot)
