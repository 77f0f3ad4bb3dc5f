"""What git knows about the working tree: the paths it tracks, and those that differ from its index.

libgit2 answers where it can. It does not read split and sparse indexes and takes what a sparse
checkout leaves out for deleted; then the ``git`` command is asked. Writes nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import pygit2
from pygit2.enums import FileStatus

from aft.errors import UserError
from aft.git import command
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


class Tracked(NamedTuple):
    """An entry of the index; ``mode`` as in a tree object."""

    mode: int
    blob_id: str


@dataclass(frozen=True, slots=True)
class WorktreeStatus:
    """Paths are those of ``os.fsdecode``. What is tracked and in neither set is unchanged: the
    index has its blob id, whether or not a sparse checkout put it on the disk.

    ``changed`` is to be read from the disk: modified, untracked, in conflict. A repository within
    ends with ``/``. What git ignores is in neither.
    """

    tracked: Mapping[str, Tracked]
    changed: frozenset[str]
    deleted: frozenset[str]


def worktree_status(
    repository: Repository, environ: Mapping[str, str] = os.environ
) -> WorktreeStatus:
    """The status of the desired state. Raises ``UserError`` when it takes a git command and there
    is none, ``GitCommandError`` or ``Transient``."""
    try:
        found = _by_libgit2(repository.open())
        # Deleted, or left out by a sparse checkout: libgit2 does not say which.
        if not found.deleted or not command.is_installed(environ):
            return found
    except pygit2.GitError as error:
        if not command.is_installed(environ):
            raise UserError(
                f"reading the index of {repository.path} needs the git command",
                hint="install git, or run `git update-index --no-split-index` and "
                "`git sparse-checkout reapply --no-sparse-index`",
            ) from error
    return _by_command(repository, environ)


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


def _by_command(repository: Repository, environ: Mapping[str, str]) -> WorktreeStatus:
    def ask(*arguments: str) -> Iterator[str]:
        output = command.ask(repository.git_dir, repository.path, arguments, environ)
        return filter(None, map(os.fsdecode, output.split(b"\0")))

    tracked: dict[str, Tracked] = {}
    for line in ask("ls-files", "--stage", "-z", "--", *DESIRED_STATE_PATHS):
        about, _, path = line.partition("\t")
        mode, blob_id, _ = about.split(" ")
        tracked[path] = Tracked(int(mode, 8), blob_id)
    options = (
        "--porcelain",
        "-z",
        "--untracked-files=all",
        "--no-renames",
        "--ignore-submodules=dirty",
    )
    status = [(line[1], line[3:]) for line in ask("status", *options, "--", *DESIRED_STATE_PATHS)]
    return WorktreeStatus(
        tracked,
        frozenset(path for flag, path in status if flag not in " D"),
        frozenset(path for flag, path in status if flag == "D"),
    )


def _is_desired(path: str) -> bool:
    return path.startswith(_BELOW) or path in DESIRED_STATE_PATHS
