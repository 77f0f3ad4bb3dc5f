"""One branch of one remote, fetched and pushed by compare-and-swap.

Talks http through libgit2 and leaves ssh, and pushes to paths, to ``aft.git.command``. Knows
nothing of what the commits hold.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pygit2

from aft.errors import AftError, Conflict, Denied, Transient, UserError
from aft.git import command
from aft.git.credentials import Callbacks
from aft.git.errors import disk_errors, redacted, wire_error
from aft.git.ref_lock import past_lock
from aft.git.repository import Repository

if TYPE_CHECKING:
    from pygit2.remotes import PushUpdate

_NONE = "0" * 40
_REFUSED = re.compile(
    r"declined|denied|protected|prohibited|not allowed|unauthorized|permission|hook", re.IGNORECASE
)
_FAILURES = (pygit2.GitError, command.GitCommandError, OSError, KeyError, ValueError, AftError)
_MOVED = re.compile(r"non-?fast-?forward|not present locally", re.IGNORECASE)

# A server that accepts and then says nothing must not hold a run permanently. Milliseconds.
pygit2.settings.server_connect_timeout = 20_000
pygit2.settings.server_timeout = 120_000


class RemoteMoved(Conflict):
    """The branch on the remote is not where we thought; fetch and try again."""


def is_remote(repository: Repository, remote: str) -> bool:
    """True for the name of a configured remote, and for a URL or path."""
    return remote in repository.remotes or re.search(r"[/:\\]", remote) is not None


def no_such_remote(repository: Repository, remote: str) -> UserError:
    """What to say when ``is_remote`` is false."""
    known = ", ".join(repository.remotes) or "none"
    return UserError(
        f"there is no remote {remote!r} in {repository.path} (there is: {known})",
        hint=f"git remote add {remote} URL, or name another one in aft.yaml",
    )


class RemoteBranchRef:
    """A branch on a remote, and the ref that remembers here where it was last seen.

    ``remote`` is the name of a configured remote, or a URL or path. Not safe to share between
    threads; each call opens a repository handle of its own.
    """

    def __init__(
        self,
        repository: Repository,
        *,
        remote: str,
        branch: str,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        self._repository = repository
        self._remote = remote
        self._named = remote in repository.remotes
        if not is_remote(repository, remote):
            raise no_such_remote(repository, remote)
        self._ref = f"refs/heads/{branch}"
        self._environ = environ
        # Without a configured name there is no conventional place; a digest keeps secrets out.
        space = remote if self._named else hashlib.sha256(remote.encode()).hexdigest()[:12]
        self.tracking = f"refs/remotes/{space}/{branch}"

    @property
    def url(self) -> str:
        """The remote's address, without credentials."""
        return redacted(self._connection(self._repository.handle).url or self._remote)

    def last_seen(self) -> str | None:
        """The commit the remote's branch was last known to be at."""
        with disk_errors(f"reading {self.tracking}"):
            reference = self._repository.handle.references.get(self.tracking)
            return str(reference.target) if reference else None

    def fetch(self) -> str | None:
        """Bring the branch here and return its commit; ``None`` when the remote has none.

        Raises ``Transient``, ``Denied`` or ``UserError``.
        """
        handle = self._repository.open()
        try:
            tip = self._fetch(handle)
        except _FAILURES as error:
            raise wire_error(error, doing="fetch from", url=self.url) from error
        self._remember(handle, tip)
        return tip

    def push(self, commit: str, *, expected: str | None) -> None:
        """Move the remote's branch from ``expected`` (``None``: absent) to ``commit``.

        Raises ``RemoteMoved`` when it is elsewhere, ``Denied`` when the server says no, and
        ``Transient``, after which the push may or may not have taken place.
        """
        handle = self._repository.open()
        try:
            verdict = self._push(handle, commit, expected)
        except RemoteMoved:
            raise
        except _FAILURES as error:
            if _MOVED.search(str(error)):
                raise RemoteMoved(f"the branch moved on {self.url}") from error
            raise wire_error(error, doing="push to", url=self.url) from error
        if verdict is None:
            raise Transient(f"{self.url} did not say whether it took {self._ref}")
        if verdict and _REFUSED.search(verdict):
            raise Denied(
                f"{self.url} refused {self._ref}: {redacted(verdict)}",
                hint="allow aft's identity to push this branch (branch protection, server hooks)",
            )
        if verdict:
            raise RemoteMoved(f"{self.url} did not take {self._ref}: {redacted(verdict)}")
        self._remember(handle, commit)

    def _fetch(self, handle: pygit2.Repository) -> str | None:
        remote = self._connection(handle)
        if command.is_ssh(remote.url or "") and command.is_installed(self._environ):
            is_there = command.fetch(
                self._repository.git_dir,
                self._remote,
                ref=self._ref,
                tracking=self.tracking,
                environ=self._environ,
            )
            return self.last_seen() if is_there else None
        callbacks = Callbacks(handle, self._environ)
        remote.fetch([f"+{self._ref}:{self.tracking}"], callbacks=callbacks)
        # What the server announced when the fetch began; asks nothing again.
        heads = {head.name: str(head.oid) for head in remote.list_heads(connect=False)}
        return heads.get(self._ref)

    def _push(self, handle: pygit2.Repository, commit: str, expected: str | None) -> str | None:
        """``""`` accepted, a reason when refused, ``None`` when the server was silent."""
        remote = self._connection(handle)
        url = remote.push_url or remote.url or ""
        has_command = command.is_installed(self._environ)
        if command.is_local(url) and not has_command:
            raise UserError(f"pushing to {redacted(url)} needs the git command", hint="install git")
        if has_command and (command.is_ssh(url) or command.is_local(url)):
            return command.push(
                self._repository.git_dir,
                self._remote,
                commit=commit,
                ref=self._ref,
                expected=expected,
                environ=self._environ,
            )
        callbacks = _PushCallbacks(handle, self._environ, ref=self._ref, expected=expected)
        remote.push([f"{commit}:{self._ref}"], callbacks=callbacks)
        # libgit2 returns normally when the server refuses the ref: only the report tells.
        return callbacks.verdict

    def _connection(self, handle: pygit2.Repository) -> pygit2.Remote:
        """Fresh each time: a remote that has listed its refs cannot push any more."""
        if self._named:
            return handle.remotes[self._remote]
        return handle.remotes.create_anonymous(self._remote)

    def _remember(self, handle: pygit2.Repository, commit: str | None) -> None:
        with disk_errors(f"writing {self.tracking}"):
            reference = handle.references.get(self.tracking)
            if commit is None:
                if reference:
                    reference.delete()
            elif reference is None or str(reference.target) != commit:
                past_lock(
                    handle,
                    self.tracking,
                    lambda: handle.references.create(self.tracking, commit, force=True),
                )


class _PushCallbacks(Callbacks):
    """``verdict``: ``""`` accepted, a reason when refused, ``None`` when the server was silent."""

    def __init__(
        self,
        handle: pygit2.Repository,
        environ: Mapping[str, str],
        *,
        ref: str,
        expected: str | None,
    ) -> None:
        super().__init__(handle, environ)
        self._ref = ref
        self._expected = expected or _NONE
        self.verdict: str | None = None

    def push_negotiation(self, updates: Sequence[PushUpdate]) -> None:
        for update in updates:
            if update.dst_refname == self._ref and str(update.src) != self._expected:
                raise RemoteMoved(f"{self._ref} is at {str(update.src)[:10]} on the remote")

    def push_update_reference(self, refname: str, message: str | None) -> None:
        if refname == self._ref:
            self.verdict = message or ""
