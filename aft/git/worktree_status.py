"""What git knows about the working tree: the paths it tracks, and those that differ from its index.

libgit2 answers where it can. It does not read split and sparse indexes and takes what a sparse
checkout leaves out for deleted; then the ``git`` command is asked. Writes nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pygit2
from pygit2.enums import FileStatus

from aft.errors import UserError
from aft.git.command import GitCommand
from aft.git.repository import Repository

DESIRED_STATE_PATHS = ("account-requests", "aft.yaml", "customizations")
"""Everything that makes up the desired state; nothing else of a repository is read."""

_BELOW = tuple(f"{path}/" for path in DESIRED_STATE_PATHS)
_CHANGED = (
    FileStatus.WT_NEW
    | FileStatus.WT_MODIFIED
    | FileStatus.WT_TYPECHANGE
    | FileStatus.WT_RENAMED
    | FileStatus.WT_UNREADABLE
    | FileStatus.CONFLICTED
)
_IN_CONFLICT = frozenset({"DD", "AU", "UD", "UA", "DU", "AA", "UU"})  # git-status(1)


class Tracked(NamedTuple):
    """An entry of the index; ``mode`` as in a tree object."""

    mode: int
    blob_id: str


@dataclass(frozen=True, slots=True)
class WorktreeStatus:
    """Paths are those of ``os.fsdecode``. What is tracked and in neither set is unchanged: the
    index has its blob id, whether or not a sparse checkout put it on the disk. ``changed`` is to be
    read from the disk: modified, untracked, in conflict. A repository within ends with ``/``. What
    git ignores is in neither."""

    tracked: Mapping[str, Tracked]
    changed: frozenset[str]
    deleted: frozenset[str]


def worktree_status(
    repository: Repository, environ: Mapping[str, str] = os.environ
) -> WorktreeStatus:
    """The status of the desired state. Raises ``UserError`` when it takes a git command and there
    is none, ``GitCommandError`` or ``Transient``."""
    git = GitCommand(repository.git_dir, environ)
    try:
        found = _by_libgit2(repository.open())
        # Deleted, or left out by a sparse checkout: libgit2 does not say which.
        if not found.deleted or not git.is_installed:
            return found
    except pygit2.GitError as error:
        if not git.is_installed:
            raise UserError(
                f"reading the index of {repository.path} needs the git command",
                hint="install git, or run `git update-index --no-split-index` and "
                "`git sparse-checkout reapply --no-sparse-index`",
            ) from error
    return _by_command(git, repository.path)


def _by_libgit2(handle: pygit2.Repository) -> WorktreeStatus:
    status = {path: flag for path, flag in handle.status().items() if _is_desired(path)}
    return WorktreeStatus(
        {
            item.path: Tracked(item.mode, str(item.id))
            for item in handle.index
            if _is_desired(item.path)
        },
        frozenset(path for path, flag in status.items() if flag & _CHANGED),
        frozenset(path for path, flag in status.items() if flag & FileStatus.WT_DELETED),
    )


def _by_command(git: GitCommand, top: Path) -> WorktreeStatus:
    def ask(*arguments: str) -> Iterator[str]:
        return filter(None, map(os.fsdecode, git.ask(top, *arguments).split(b"\0")))

    tracked: dict[str, Tracked] = {}
    for line in ask("ls-files", "--stage", "-z", "--", *DESIRED_STATE_PATHS):
        about, _, path = line.partition("\t")
        mode, blob_id, _ = about.split(" ")
        tracked[path] = Tracked(int(mode, 8), blob_id)
    options = ("--porcelain", "-z", "--untracked-files=all", "--no-renames")
    status = [(line[:2], line[3:]) for line in ask("status", *options, "--", *DESIRED_STATE_PATHS)]
    return WorktreeStatus(
        tracked,
        frozenset(path for flags, path in status if flags in _IN_CONFLICT or flags[1] not in " D"),
        frozenset(path for flags, path in status if flags not in _IN_CONFLICT and flags[1] == "D"),
    )


def _is_desired(path: str) -> bool:
    return path.startswith(_BELOW) or path in DESIRED_STATE_PATHS
