"""Other open changes next to ours: read, within bounds, and compared."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from aft.app.workspace import Workspace
from aft.config.model import REQUESTS_PATH
from aft.desired.collisions import Fields, OtherChange, collisions
from aft.desired.model import DesiredState
from aft.desired.networks import NetworkClaims
from aft.desired.single import SingleRequests
from aft.files import RevisionFiles
from aft.findings.model import Finding
from aft.git.history import OtherRevision, changed_files, other_revisions
from aft.git.revision import uncommitted_paths
from aft.values.ids import WORKING_TREE, Revision

MOST_FILES = 500
"""Files of one other revision that are compared; more than any person's pull request changes."""

MOST_BYTES = 2 * 1024 * 1024
"""Their size together: what someone else pushes must not make everyone's checks slow."""


def find_collisions(
    workspace: Workspace,
    files: RevisionFiles,
    state: DesiredState | None,
    glob: str,
    *,
    base: str | None = None,
) -> tuple[list[Finding], list[str]]:
    """Compare what ``files`` changes with what every revision of ``glob`` changes: findings, and
    notes about revisions that could not be compared. Ours are the changes since ``base`` (what we
    want to be merged into), else since the two parted; theirs always since they parted. ``state``
    says where requests have ranges of addresses, which are not compared without it. Raises
    ``UserError`` for a bad ``glob``, never for content."""
    fields = NetworkClaims(state, workspace.settings).fields() if state is not None else ()
    comparison = _Comparison(workspace, files, fields, base)
    findings: list[Finding] = []
    notes: list[str] = []
    for other in other_revisions(workspace.repository, glob, comparison.revision):
        found = comparison.with_(other)
        if isinstance(found, str):
            notes.append(f"{other.name} was not compared: {found}")
        else:
            findings.extend(found)
    return findings, notes


class _Comparison:
    def __init__(
        self, workspace: Workspace, files: RevisionFiles, fields: Fields, base: str | None
    ) -> None:
        self._workspace = workspace
        self._repository = workspace.repository
        self._files = files
        self._fields = fields
        self._ours = SingleRequests(files)
        is_tree = files.revision == WORKING_TREE
        self.revision: Revision = self._repository.resolve("HEAD") if is_tree else files.revision
        self._uncommitted = uncommitted_paths(self._repository) if is_tree else ()
        self._base = None if base is None else self._repository.resolve(base)
        self._our = cache(self._ours.at)

    def with_(self, other: OtherRevision) -> list[Finding] | str:
        """Findings, or why there can be none."""
        if other.base is None:
            return "it has no commit in common with this revision"
        our_base = self._base or other.base
        theirs = self._changed(other.base, other.revision)
        mine = self._changed(our_base, self.revision)
        if theirs is None:
            return f"it changes more than {MOST_FILES} files of {REQUESTS_PATH}/"
        if mine is None:
            return f"this revision changes more than {MOST_FILES} files"
        files = self._workspace.files_of_others(other.revision)
        reader = SingleRequests(files)
        if sum(map(reader.size, theirs)) > MOST_BYTES:
            return "the requests it changes are too large"
        requests = tuple(item for path in theirs if (item := reader.at(path)) is not None)
        if files.ended:
            return "a file of it ends the process that reads it, or takes too long"
        if not requests:
            return []
        paths = dict.fromkeys((*mine, *self._uncommitted))
        ours = [item for path in paths if (item := self._our(path)) is not None]
        known = self._ids(other.base, theirs) | self._ids(our_base, paths)
        change = OtherChange(name=other.name, requests=requests, known_ids=known)
        return list(collisions(ours, change, fields=self._fields, where=self._ours.where))

    def _changed(self, old: Revision, new: Revision) -> tuple[str, ...] | None:
        return changed_files(self._repository, old, new, REQUESTS_PATH, most=MOST_FILES)

    def _ids(self, base: Revision, paths: Iterable[str]) -> frozenset[str]:
        """The ids of those files that were there before."""
        before = SingleRequests(self._workspace.files(base))
        return frozenset(
            path.rpartition("/")[2].removesuffix(".yaml") for path in paths if before.size(path)
        )
