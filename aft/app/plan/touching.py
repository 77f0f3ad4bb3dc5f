"""Which requests the commits of a pull request or a push touch: what its apply is judged by."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import PurePosixPath

from aft.app.workspace import Workspace
from aft.config.model import CONFIG_PATH, CUSTOMIZATIONS_PATH, DEFAULTS_NAME, REQUESTS_PATH
from aft.desired.model import DesiredState
from aft.errors import AftError
from aft.git.history import GitHistory
from aft.ledger.events import LedgerEvent
from aft.ledger.payloads import RunStarted, payload_of
from aft.organization.parse import ORGANIZATION_PATH
from aft.plan.coverage import Touched
from aft.values.ids import WORKING_TREE


def touched_since(workspace: Workspace, base: str, desired: DesiredState) -> Touched | None:
    """What differs between ``base`` and the desired state's revision; ``None`` where that cannot be
    known: there is no base, or it is not in this clone."""
    if not base or WORKING_TREE in (base, desired.revision):
        return None
    try:
        revision = workspace.files(base).revision
        history = GitHistory(workspace.repository)
        changed = partial(history.changed_paths, revision, desired.revision)
        files = changed(REQUESTS_PATH)
        shared = changed(CUSTOMIZATIONS_PATH) | changed(CONFIG_PATH)
    except AftError:
        return None
    requests: set[str] = set()
    for path in files:
        file = PurePosixPath(path)
        if file.name == DEFAULTS_NAME:
            below = f"{file.parent}/"
            requests.update(
                item.id for item in desired.requests if item.source.path.startswith(below)
            )
        elif file.suffix == ".yaml":
            requests.add(file.stem)
    return Touched(
        requests=frozenset(requests),
        shared=bool(shared - {ORGANIZATION_PATH}),
        organization=ORGANIZATION_PATH in shared,
    )


def last_run_revision(events: Sequence[LedgerEvent]) -> str:
    """The revision of the newest run over everything among the organization's ``events``; "" for
    none. A run over some requests has not looked at what else was pushed."""
    for event in reversed(events):
        said = payload_of(event)
        if isinstance(said, RunStarted) and said.scope is None:
            return event.revision
    return ""
