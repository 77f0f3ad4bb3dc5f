"""The last commit of every file below a folder, found in one walk over the history.

Asking file by file walks the history once per file: hours for ten thousand files and as many
commits. Here each commit is compared with its parents once, by the subtrees that differ.
"""

from __future__ import annotations

from collections.abc import Mapping

import pygit2
from pygit2.enums import SortMode

from aft.git import trees


def last_changes(
    handle: pygit2.Repository, start: pygit2.Commit, prefix: bytes
) -> Mapping[bytes, pygit2.Oid]:
    """For each file at or below ``prefix`` at ``start``, the commit that last changed it.

    A file is handed from a commit to the first parent that has it alike, until none has.
    """
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
        for parent in parents(commit):
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


def parents(commit: pygit2.Commit) -> list[pygit2.Commit]:
    """The parents that are here; a shallow clone ends somewhere."""
    try:
        return commit.parents
    except KeyError:
        return []
