"""Who changed a file of the desired state, when, what differs between two revisions, and which
revisions others have that we do not.

Merges are read as ``git log -- path`` reads them: where a parent has the path as the merge has
it, only that parent's side is followed. Renames are not followed. What others push is only ever
compared and read as data, and only up to a bound: a tree can be made so that its paths
never end.
"""

from __future__ import annotations

import fnmatch
import heapq
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from itertools import islice

import pygit2
from pygit2.enums import SortMode

from aft.errors import AftError, UserError
from aft.git import trees
from aft.git.errors import disk_errors
from aft.git.repository import Repository
from aft.ledger.timeline import CommitInfo
from aft.values.ids import WORKING_TREE, Revision

PULLS = "refs/aft/pulls/"
"""Where ``aft github pulls`` puts the heads of open pull requests."""

_UNREADABLE = (KeyError, ValueError, RecursionError, pygit2.GitError, AftError)
_WALKS_BEFORE_INDEX = 4
"""Asked for more paths than this at one revision, all of them are found in one walk."""


class GitHistory:
    """``aft.ports.RequestHistory``. Safe to use from several threads. ``WORKING_TREE`` is read as
    ``HEAD``: what is not committed has no history."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._handle = repository.open()
        self._odb = self._handle.odb
        self._lock = threading.Lock()
        self._asked: dict[tuple[str, bytes], set[bytes]] = {}
        self._indexes: dict[tuple[str, bytes], Mapping[bytes, pygit2.Oid]] = {}

    def last_change(self, path: str, revision: Revision) -> CommitInfo | None:
        with self._lock, disk_errors(f"reading the history of {path}"):
            start = self._commit(revision)
            if start is None:
                return None
            raw = path.strip("/").encode(errors="surrogateescape")
            top = raw.partition(b"/")[0]
            key = (str(start.id), top)
            asked = self._asked.setdefault(key, set())
            asked.add(raw)
            if len(asked) <= _WALKS_BEFORE_INDEX and key not in self._indexes:
                return next(self._changes(raw, start), None)
            if key not in self._indexes:
                self._indexes[key] = _last_changes(self._handle, start, top)
            found = self._indexes[key].get(raw)
            if found is None:  # a folder, or a file that is gone: the index holds files
                return next(self._changes(raw, start), None)
            return commit_info(self._handle[found].peel(pygit2.Commit))

    def changes(self, path: str, revision: Revision) -> Sequence[CommitInfo]:
        with self._lock, disk_errors(f"reading the history of {path}"):
            start = self._commit(revision)
            if start is None:
                return ()
            return tuple(self._changes(path.strip("/").encode(errors="surrogateescape"), start))

    def changed_paths(self, old: Revision, new: Revision, prefix: str) -> frozenset[str]:
        if WORKING_TREE in (old, new):
            raise UserError(
                "the working tree is not a commit that could be compared", hint="commit first"
            )
        with self._lock, disk_errors("comparing two revisions"):
            return frozenset(_differing(self._repository, self._odb, old, new, prefix))

    def _commit(self, revision: Revision) -> pygit2.Commit | None:
        if revision == WORKING_TREE:
            return self._repository.head()
        return self._repository.commit(revision)

    def _content(self, commit: pygit2.Commit, path: bytes) -> tuple[bytes, bytes] | None:
        entry = trees.find(self._odb, commit.tree_id.raw, path)
        return (entry.mode, entry.id) if entry else None

    def _changes(self, path: bytes, start: pygit2.Commit) -> Iterator[CommitInfo]:
        """Commits that changed ``path``, newest first, walking as ``git log`` does."""
        seen = {start.id}
        queue = [(-start.commit_time, 0, start, self._content(start, path))]
        order = 1
        while queue:
            _, _, commit, content = heapq.heappop(queue)
            before = [(parent, self._content(parent, path)) for parent in _parents(commit)]
            same = next((item for item in before if item[1] == content), None)
            if same is None and (before or content is not None):
                yield commit_info(commit)
            for parent, inner in [same] if same else before:
                if parent.id not in seen:
                    seen.add(parent.id)
                    heapq.heappush(queue, (-parent.commit_time, order, parent, inner))
                    order += 1


def commit_info(commit: pygit2.Commit) -> CommitInfo:
    """A commit as plain values; text that is not UTF-8 keeps its readable part."""
    message = commit.raw_message.decode(errors="replace")
    return CommitInfo(
        id=str(commit.id),
        author=_text(commit.author.raw_name),
        author_email=_text(commit.author.raw_email),
        authored_at=_when(commit.author),
        committer=_text(commit.committer.raw_name),
        committed_at=_when(commit.committer),
        subject=message.strip().partition("\n")[0].strip(),
    )


def _text(raw: bytes | None) -> str:
    return (raw or b"").decode(errors="replace")


def _when(signature: pygit2.Signature) -> datetime:
    try:
        zone = timezone(timedelta(minutes=signature.offset))
        return datetime.fromtimestamp(signature.time, tz=zone)
    except (ValueError, OverflowError, OSError):  # git stores any number; some are no dates
        return datetime.fromtimestamp(0, tz=UTC)


def _last_changes(
    handle: pygit2.Repository, start: pygit2.Commit, prefix: bytes
) -> Mapping[bytes, pygit2.Oid]:
    """For each file at or below ``prefix`` at ``start``, the commit that last changed it. Asking
    file by file walks the history once per file: hours for ten thousand files and as many commits.
    Here each commit is compared with its parents once, by the subtrees that differ; a file is
    handed from a commit to the first parent that has it alike, until none has."""
    odb = handle.odb
    found: dict[bytes, pygit2.Oid] = {}
    root = trees.find(odb, start.tree_id.raw, prefix)
    if root is None:
        return found
    pending = {start.id: {path for path, _ in trees.walk(odb, root, prefix)}}
    for commit in handle.walk(start.id, SortMode.TOPOLOGICAL):
        open_here = pending.pop(commit.id, None)
        if not open_here:
            if not pending:
                break
            continue
        here = trees.find(odb, commit.tree_id.raw, prefix)
        for parent in _parents(commit):
            there = trees.find(odb, parent.tree_id.raw, prefix)
            differing = open_here.intersection(trees.changed(odb, there, here, prefix))
            open_here -= differing
            _hand_over(pending, parent.id, open_here)
            open_here = differing
            if not open_here:
                break
        found.update(dict.fromkeys(open_here, commit.id))
    return found


def _hand_over(
    pending: dict[pygit2.Oid, set[bytes]], commit: pygit2.Oid, paths: set[bytes]
) -> None:
    waiting = pending.get(commit)
    if waiting is None:
        pending[commit] = paths
    elif len(waiting) < len(paths):
        paths |= waiting
        pending[commit] = paths
    else:
        waiting |= paths


def _parents(commit: pygit2.Commit) -> list[pygit2.Commit]:
    """The parents that are here; a shallow clone ends somewhere."""
    try:
        return commit.parents
    except KeyError:
        return []


# --- others' revisions ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherRevision:
    """``name`` is what people call it: ``#12``, or the branch. ``base`` is the last commit it has
    in common with ours; ``None`` when there is none."""

    name: str
    ref: str
    revision: Revision
    base: Revision | None


def other_revisions(repository: Repository, glob: str, ours: Revision) -> Iterator[OtherRevision]:
    """The refs that match ``glob`` (full names, such as ``refs/aft/pulls/*``), by name, but those
    that ours already contains: our own head, and what is merged. Raises ``UserError`` when ``glob``
    is no pattern for refs."""
    if not glob.startswith("refs/"):
        raise UserError(
            f"--against {glob}: expected full names of refs",
            hint="such as 'refs/aft/pulls/*' or 'refs/remotes/origin/*', in quotes",
        )
    handle = repository.handle
    with disk_errors("listing refs"):
        names = [name.decode(errors="backslashreplace") for name in handle.raw_listall_references()]
    here = repository.commit(ours).id
    for ref in sorted(fnmatch.filter(names, glob), key=_in_order):
        try:
            tip = handle.references[ref].peel(pygit2.Commit).id
            if tip == here or handle.descendant_of(here, tip):
                continue
            base = handle.merge_base(here, tip)
        except _UNREADABLE:
            continue  # points at no commit, or at one that is not here
        yield OtherRevision(
            name=_shown(ref),
            ref=ref,
            revision=Revision(str(tip)),
            base=None if base is None else Revision(str(base)),
        )


def changed_files(
    repository: Repository, old: Revision, new: Revision, prefix: str, *, most: int
) -> tuple[str, ...] | None:
    """Paths below ``prefix`` that differ, sorted; ``None`` when they are more than ``most``, or
    cannot be determined."""
    differing = _differing(repository, repository.handle.odb, old, new, prefix)
    try:
        found = list(islice(differing, most + 1))
    except _UNREADABLE:
        return None
    return tuple(sorted(found)) if len(found) <= most else None


def _differing(
    repository: Repository, odb: pygit2.Odb, old: Revision, new: Revision, prefix: str
) -> Iterator[str]:
    path = prefix.strip("/").encode(errors="surrogateescape")
    there, here = (
        trees.find(odb, repository.commit(side).tree_id.raw, path) for side in (old, new)
    )
    for raw in trees.changed(odb, there, here, path):
        yield trees.display_path(raw)[0]


def _in_order(ref: str) -> tuple[str, int, str]:
    """#9 before #10."""
    folder, _, last = ref.rpartition("/")
    return folder, int(last) if last.isdecimal() and last.isascii() else 0, last


def _shown(ref: str) -> str:
    number = ref.removeprefix(PULLS)
    if number != ref and number.isdecimal():
        return f"#{number}"
    for kind in ("refs/heads/", "refs/remotes/", "refs/tags/", "refs/"):
        if ref.startswith(kind):
            return ref.removeprefix(kind)
    return ref
