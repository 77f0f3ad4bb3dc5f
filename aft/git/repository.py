"""One git repository on this machine: found, opened, and its revisions named.

Reads only; nothing here writes a ref, the index or the work tree.
"""

from __future__ import annotations

import difflib
from pathlib import Path

import pygit2

from aft.errors import UserError
from aft.git.errors import redacted
from aft.values.ids import Revision


class Repository:
    """A repository, bare or with a work tree. ``handle`` is shared; ``open`` gives a new one.
    pygit2 releases the interpreter's lock while it talks to remotes, and libgit2's repository
    objects are not safe to share then: each fetch or push opens its own handle."""

    def __init__(self, git_dir: Path) -> None:
        self.git_dir = git_dir
        self.handle = self.open()

    def open(self) -> pygit2.Repository:
        """A separate handle. Raises ``UserError`` when git would refuse it too."""
        try:
            return pygit2.Repository(str(self.git_dir))
        except (pygit2.GitError, KeyError, OSError) as error:
            raise _cannot_open(self.git_dir, error) from error

    @property
    def path(self) -> Path:
        """The work tree, or the git directory of a bare repository."""
        return Path(self.handle.workdir) if self.handle.workdir else self.git_dir

    @property
    def is_bare(self) -> bool:
        return self.handle.is_bare

    @property
    def remotes(self) -> tuple[str, ...]:
        """The names of the configured remotes."""
        return tuple(name for name in self.handle.remotes.names() if name)

    def commit(self, text: str) -> pygit2.Commit:
        """The commit that a branch, tag, id or expression names. Raises ``UserError``."""
        try:
            return self.handle.revparse_single(text).peel(pygit2.Commit)
        except pygit2.InvalidSpecError as error:
            raise self._unknown(text, "is not a commit or not written as git expects") from error
        except pygit2.AmbiguousError as error:
            raise UserError(
                f"revision {text!r} is ambiguous", hint="write more digits of the commit id"
            ) from error
        except (pygit2.GitError, KeyError, ValueError) as error:
            raise self._unknown(text, "is not known here") from error

    def head(self) -> pygit2.Commit | None:
        """The commit that is checked out; ``None`` before the first one."""
        if self.handle.head_is_unborn:
            return None
        return self.handle.head.peel(pygit2.Commit)

    def parent_of(self, commit_id: str) -> Revision | None:
        """The first parent of a commit; ``None`` for the first commit (or a shallow clone's)."""
        parents = self.commit(commit_id).parent_ids
        return Revision(str(parents[0])) if parents and parents[0] in self.handle else None

    def resolve(self, text: str) -> Revision:
        """The full commit id behind ``text``. Raises ``UserError``."""
        return Revision(str(self.commit(text).id))

    def has(self, commit_id: str) -> bool:
        """Whether this clone has the commit with this full id."""
        try:
            return commit_id in self.handle
        except ValueError:  # it is none
            return False

    def is_ancestor(self, revision: Revision, of: str) -> bool:
        """Whether ``revision`` is the commit that ``of`` names, or one before it; ``False`` when
        either is not known here."""
        try:
            tip, found = self.commit(of).id, self.commit(revision).id
        except UserError:
            return False
        return tip == found or self.handle.descendant_of(tip, found)

    def _unknown(self, text: str, what: str) -> UserError:
        if text == "HEAD" and self.handle.head_is_unborn:
            return UserError(f"{self.path} has no commit yet", hint="commit the account requests")
        names = self._ref_names()
        on_remotes = [name for name in names if name.endswith(f"/{text}")]
        near = on_remotes or difflib.get_close_matches(text, names, n=3, cutoff=0.6)
        if near:
            hint = f"did you mean {', '.join(near[:3])}?"
        elif self.handle.is_shallow:
            hint = "this clone is shallow; `git fetch --unshallow` brings the rest of the history"
        else:
            hint = "`git fetch` may bring it; branches, tags and commit ids are understood"
        return UserError(f"revision {text!r} {what}", hint=hint)

    def _ref_names(self) -> list[str]:
        names = [
            name.decode(errors="backslashreplace") for name in self.handle.raw_listall_references()
        ]
        kinds = ("refs/heads/", "refs/tags/", "refs/remotes/")
        return [
            name.removeprefix(kind) for name in names for kind in kinds if name.startswith(kind)
        ]


def open_repository(path: Path) -> Repository:
    """The repository that ``path`` is in, found upwards as git does. Raises ``UserError``."""
    try:
        found = pygit2.discover_repository(str(path))
    except (pygit2.GitError, KeyError, OSError) as error:
        raise _cannot_open(path, error) from error
    if found is None:
        raise UserError(
            f"{path} is not in a git repository",
            hint="run aft in the repository that contains account-requests/, or `git init` one",
        )
    return Repository(Path(found))


def _cannot_open(path: Path, error: Exception) -> UserError:
    said = redacted(str(error))
    if "not owned by current user" in said:
        folder = path.parent if path.name == ".git" else path
        return UserError(
            f"git does not trust {folder}: it belongs to another user",
            hint=f"git config --global --add safe.directory {folder}",
        )
    if "unsupported extension" in said or "extensions." in said or "version" in said:
        return UserError(
            f"the repository at {path} uses a format that libgit2 cannot read: {said}",
            hint="aft reads repositories with SHA-1 ids and the 'files' ref format",
        )
    return UserError(f"cannot open the repository at {path}: {said}")
