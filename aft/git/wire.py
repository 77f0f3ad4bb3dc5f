"""The refs of a remote: any of them fetched, and one branch pushed by compare-and-swap.

Talks http through libgit2 and leaves ssh, and pushes to paths, to ``aft.git.command``. Knows
nothing of what the commits hold, and checks nothing out.
"""

from __future__ import annotations

import os
import random
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pygit2

from aft.errors import AftError, Conflict, Denied, Transient, UserError
from aft.git.command import GitCommand, GitCommandError, is_local, is_ssh
from aft.git.conversation import address_of, conversation
from aft.git.credentials import Callbacks
from aft.git.errors import disk_errors, redacted, wire_error
from aft.git.ref_lock import past_lock
from aft.git.repository import Repository
from aft.ports import Clock
from aft.values.ids import Revision

if TYPE_CHECKING:
    from pygit2.remotes import PushUpdate

PUSH_TRIES = 20
_MOST_SECONDS_BETWEEN_TRIES = 2.0
_NONE = "0" * 40
_REFUSED = re.compile(
    r"declined|denied|protected|prohibited|not allowed|unauthorized|permission|hook", re.IGNORECASE
)
_FAILURES = (pygit2.GitError, GitCommandError, OSError, KeyError, ValueError, AftError)
_MOVED = re.compile(r"non-?fast-?forward|not present locally", re.IGNORECASE)

# A server that accepts and then says nothing must not hold a run permanently. Milliseconds.
pygit2.settings.server_connect_timeout = 20_000
pygit2.settings.server_timeout = 120_000


class RemoteMoved(Conflict):
    """The branch on the remote is not where we thought; fetch and try again."""


def push_attempts(clock: Clock) -> Iterator[int]:
    """The numbers of ``PUSH_TRIES`` tries, apart by growing pauses of a random length."""
    for attempt in range(PUSH_TRIES):
        if attempt:
            most = min(_MOST_SECONDS_BETWEEN_TRIES, 0.05 * 2**attempt)
            clock.sleep(random.uniform(0, most))  # noqa: S311 - spreads retries
        yield attempt


def shared_branch(
    repository: Repository, *, remote: str | None, branch: str, environ: Mapping[str, str]
) -> RemoteBranchRef | None:
    """``branch`` on ``remote``; ``None`` without one, and for a name that is not configured."""
    if remote is None or remote not in repository.remotes:
        return None
    return RemoteBranchRef(repository, remote=remote, branch=branch, environ=environ)


class RefFetch:
    """Fetches from one configured remote, by its name: what a file of the repository names must not
    lead to another server. Raises ``UserError``, ``Denied`` or ``Transient``."""

    def __init__(
        self, repository: Repository, *, remote: str, environ: Mapping[str, str] = os.environ
    ) -> None:
        if remote not in repository.remotes:
            known = ", ".join(repository.remotes) or "none"
            raise UserError(
                f"there is no remote {remote!r} in {repository.path} (there is: {known})",
                hint=f"git remote add {remote} URL, or name another one in aft.yaml",
            )
        self._repository = repository
        self._remote = remote
        self._environ = environ

    def fetch(self, refs: Mapping[str, str]) -> Mapping[str, str]:
        """Bring each ref of the remote (a key) to the ref here (its value), by force. Returns the
        commits of those the remote has, by the ref here. A ref it has not is removed here too, so
        that nothing old is taken for it."""
        try:
            with conversation(self._repository) as handle:
                git = self.command(handle)
                if is_ssh(self.connection(handle).url or "") and git.is_installed:
                    found = self._by_command(git, refs)
                else:
                    found = self._by_libgit2(handle, refs)
        except _FAILURES as error:
            raise wire_error(error, doing="fetch from", url=self.url) from error
        self.forget(here for here in refs.values() if here not in found)
        fresh = self._repository.open()
        with disk_errors("reading what was fetched"):
            return {here: str(fresh.references[here].peel(pygit2.Commit).id) for here in found}

    def below(self, prefix: str) -> frozenset[str]:
        """The refs here that begin with ``prefix``."""
        names = self._repository.open().raw_listall_references()
        start = prefix.encode()
        return frozenset(os.fsdecode(name) for name in names if name.startswith(start))

    def parents(self, commit: str) -> tuple[str, ...]:
        """Of a commit that was fetched."""
        with disk_errors(f"reading {commit}"):
            found = self._repository.open()[commit].peel(pygit2.Commit)
            return tuple(str(item) for item in found.parent_ids)

    def committers(self, tip: str, *, without: str) -> frozenset[str]:
        """The e-mail addresses of authors and committers of what ``tip`` has and ``without`` has
        not; both were fetched."""
        with disk_errors(f"reading {tip}"):
            walker = self._repository.open().walk(tip)
            if without:
                walker.hide(without)
            return frozenset(
                str(person.email)
                for commit in walker
                for person in (commit.author, commit.committer)
            )

    def forget(self, refs: Iterable[str]) -> None:
        """Remove refs here; those that are not there are no matter."""
        handle = self._repository.open()
        for name in refs:
            with disk_errors(f"removing {name}"):
                reference = handle.references.get(name)
                if reference is not None:
                    reference.delete()

    def _by_libgit2(self, handle: pygit2.Repository, refs: Mapping[str, str]) -> frozenset[str]:
        """libgit2 takes what there is of explicit refspecs and is silent about the rest."""
        remote = self.connection(handle)
        callbacks = Callbacks(handle, self._environ, url=remote.url or "")
        remote.fetch([f"+{there}:{here}" for there, here in refs.items()], callbacks=callbacks)
        heads = {head.name for head in remote.list_heads(connect=False)}
        return frozenset(here for there, here in refs.items() if there in heads)

    def _by_command(self, git: GitCommand, refs: Mapping[str, str]) -> frozenset[str]:
        """git refuses all when one is missing, so each is asked for on its own."""
        return frozenset(
            here
            for there, here in refs.items()
            if git.fetch(self._remote, ref=there, tracking=here)
        )

    @property
    def url(self) -> str:
        """The remote's address, without credentials."""
        return redacted(address_of(self._repository.open(), self._remote) or self._remote)

    def command(self, handle: pygit2.Repository) -> GitCommand:
        """The git command within a conversation."""
        return GitCommand(Path(handle.path), self._environ)

    def connection(self, handle: pygit2.Repository) -> pygit2.Remote:
        """Fresh each time: a remote that has listed its refs can no longer push."""
        return handle.remotes[self._remote]


class SharedBranch(Protocol):
    """A branch that is pushed by compare-and-swap, and what this clone remembers of it."""

    @property
    def url(self) -> str:
        """The remote's address, without credentials."""
        ...

    def last_seen(self) -> str | None:
        """The commit the remote's branch was last known to be at."""
        ...

    def remember(self, commit: str) -> None:
        """The remote's branch was last known to be at ``commit``."""
        ...

    def fetch(self) -> str | None:
        """Bring the branch here and return its commit; ``None`` when the remote has none. Raises
        ``Transient``, ``Denied`` or ``UserError``."""
        ...

    def push(self, commit: str, *, expected: str | None) -> None:
        """Move the remote's branch from ``expected`` (``None``: absent) to ``commit``. Raises
        ``RemoteMoved`` when it is elsewhere, ``Denied`` when the server says no, and ``Transient``,
        after which the push may or may not have taken place."""
        ...


class RemoteBranchRef:
    """``SharedBranch`` of a configured remote; a ref remembers here where it was last seen. Not
    safe to share between threads; each call opens its own repository handle."""

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
        self._refs = RefFetch(repository, remote=remote, environ=environ)
        self._branch = branch
        self._ref = f"refs/heads/{branch}"
        self._environ = environ
        self.tracking = f"refs/remotes/{remote}/{branch}"

    @property
    def url(self) -> str:
        """The remote's address, without credentials."""
        return self._refs.url

    def last_seen(self) -> str | None:
        """The commit the remote's branch was last known to be at."""
        with disk_errors(f"reading {self.tracking}"):
            reference = self._repository.handle.references.get(self.tracking)
            return str(reference.target) if reference else None

    def fetch(self) -> str | None:
        """Bring the branch here and return its commit; ``None`` when the remote has none. Raises
        ``Transient``, ``Denied`` or ``UserError``."""
        return self._refs.fetch({self._ref: self.tracking}).get(self.tracking)

    def push(self, commit: str, *, expected: str | None) -> None:
        """Move the remote's branch from ``expected`` (``None``: absent) to ``commit``. Raises
        ``RemoteMoved`` when it is elsewhere, ``Denied`` when the server says no, and ``Transient``,
        after which the push may or may not have taken place."""
        try:
            with conversation(self._repository) as handle:
                verdict = self._push(handle, commit, expected)
        except RemoteMoved:
            raise
        except _FAILURES as error:
            if _MOVED.search(str(error)):
                raise RemoteMoved(f"the branch moved on {self.url}") from error
            raise wire_error(error, doing="push to", url=self.url) from error
        if verdict is None:
            raise Transient(f"{self.url} did not report whether it accepted {self._ref}")
        if verdict and _REFUSED.search(verdict):
            raise Denied(
                f"{self.url} refused {self._ref}: {redacted(verdict)}",
                hint="allow aft's identity to push this branch (branch protection, server hooks)",
            )
        if verdict:
            raise RemoteMoved(f"{self.url} did not accept {self._ref}: {redacted(verdict)}")
        self.remember(commit)

    def _push(self, handle: pygit2.Repository, commit: str, expected: str | None) -> str | None:
        """``""`` accepted, a reason when refused, ``None`` when the server was silent."""
        remote = self._refs.connection(handle)
        url = remote.push_url or remote.url or ""
        git = self._refs.command(handle)
        if is_local(url) and not git.is_installed:
            raise UserError(f"pushing to {redacted(url)} needs the git command", hint="install git")
        if git.is_installed and (is_ssh(url) or is_local(url)):
            return git.push(self._remote, commit=commit, ref=self._ref, expected=expected)
        callbacks = _PushCallbacks(handle, self._environ, url=url, ref=self._ref, expected=expected)
        remote.push([f"{commit}:{self._ref}"], callbacks=callbacks)
        # libgit2 returns normally when the server refuses the ref: only the report tells.
        return callbacks.verdict

    def remember(self, commit: str) -> None:
        """The remote's branch was last known to be at ``commit``."""
        handle = self._repository.open()
        with disk_errors(f"writing {self.tracking}"):
            reference = handle.references.get(self.tracking)
            if reference is None or str(reference.target) != commit:
                past_lock(
                    handle,
                    self.tracking,
                    lambda: handle.references.create(self.tracking, commit, force=True),
                )


class GitRemoteBranch(RemoteBranchRef):
    """``aft.ports.RemoteBranch``: the branch a worker watches."""

    def fetch(self) -> Revision:
        tip = super().fetch()
        if tip is None:
            raise UserError(
                f"{self.url} has no branch {self._branch!r}",
                hint="push the branch, or name another one (worker.branch in aft.yaml)",
            )
        return Revision(tip)


class _PushCallbacks(Callbacks):
    """``verdict``: ``""`` accepted, a reason when refused, ``None`` when the server was silent."""

    def __init__(
        self,
        handle: pygit2.Repository,
        environ: Mapping[str, str],
        *,
        url: str,
        ref: str,
        expected: str | None,
    ) -> None:
        super().__init__(handle, environ, url=url)
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
