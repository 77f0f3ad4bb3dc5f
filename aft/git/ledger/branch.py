"""The ref of the ledger in this clone, moved by compare-and-swap.

Other processes may use the same clone: libgit2 locks the ref's file for an instant only, and
refuses to move a ref that is not where the mover saw it. Making the ref is git's own business, as
libgit2 looks before it locks.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import pygit2

from aft.git.command import GitCommand
from aft.git.ref_lock import past_lock
from aft.git.repository import Repository

_MESSAGE = "aft: written to the ledger"


class LocalBranch(Protocol):
    """A branch of one clone, which other processes may use as well."""

    def tip(self) -> str | None:
        """The commit the branch is at; ``None`` when there is no branch."""
        ...

    def move(self, old: str | None, new: str) -> bool:
        """Move it from ``old`` to ``new``; false when it is no longer at ``old``."""
        ...


def advance(branch: LocalBranch, make: Callable[[str | None], str]) -> str:
    """Move ``branch`` to what ``make`` makes of its tip, again whenever it moved meanwhile."""
    while True:
        tip = branch.tip()
        made = make(tip)
        if branch.move(tip, made):
            return made


class LedgerBranch:
    """``LocalBranch``: one branch of one repository. Not safe to share between threads."""

    def __init__(self, handle: pygit2.Repository, branch: str) -> None:
        self._handle = handle
        self.name = f"refs/heads/{branch}"

    def tip(self) -> str | None:
        """The commit the branch is at; ``None`` when there is no branch."""
        reference = self._handle.references.get(self.name)
        return str(reference.target) if reference else None

    def move(self, old: str | None, new: str) -> bool:
        """Move it from ``old`` to ``new``; false when it is no longer at ``old``. Raises
        ``Transient`` when its lock is held for long."""
        if old == new:
            return True
        return past_lock(self._handle, self.name, lambda: self._move(old, new))

    def _move(self, old: str | None, new: str) -> bool:
        if old is None:
            return self._create(new)
        try:
            reference = self._handle.references.get(self.name)
            if reference is None or str(reference.target) != old:
                return False
            reference.set_target(new, _MESSAGE)
        except pygit2.GitError as error:
            if "old reference value does not match" in str(error):
                return False
            raise
        return True

    def _create(self, new: str) -> bool:
        git = GitCommand(Path(self._handle.path), os.environ)
        if git.is_installed:
            return git.create_ref(self.name, new, message=_MESSAGE)
        try:
            self._handle.references.create(self.name, new)
        except pygit2.AlreadyExistsError:
            return False
        return True


def forget_ledger(repository: Repository, branch: str) -> None:
    """Delete the branch in this clone, with all it remembers; nothing when there is none."""
    reference = repository.open().references.get(f"refs/heads/{branch}")
    if reference is not None:
        reference.delete()
