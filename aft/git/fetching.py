"""Objects of other refs than branches, brought here as they are: nothing is checked out."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

import pygit2

from aft.errors import AftError
from aft.git import command
from aft.git.credentials import Callbacks
from aft.git.errors import disk_errors, redacted, wire_error
from aft.git.repository import Repository
from aft.git.wire import is_remote, no_such_remote

_FAILURES = (pygit2.GitError, command.GitCommandError, OSError, KeyError, ValueError, AftError)


class RefFetch:
    """Fetches from one remote: the name of a configured one, or a URL or path.

    Raises ``UserError``, ``Denied`` or ``Transient``.
    """

    def __init__(
        self, repository: Repository, *, remote: str, environ: Mapping[str, str] = os.environ
    ) -> None:
        if not is_remote(repository, remote):
            raise no_such_remote(repository, remote)
        self._repository = repository
        self._remote = remote
        self._environ = environ

    def fetch(self, refs: Mapping[str, str]) -> Mapping[str, str]:
        """Bring each ref of the remote (a key) to the ref here (its value), by force.

        Returns the commits of those the remote has, by the ref here. A ref it has not is removed
        here too, so that nothing old is taken for it.
        """
        handle = self._repository.open()
        url = self._connection(handle).url or self._remote
        try:
            if command.is_ssh(url) and command.is_installed(self._environ):
                found = self._by_command(refs)
            else:
                found = self._by_libgit2(handle, refs)
        except _FAILURES as error:
            raise wire_error(error, doing="fetch from", url=redacted(url)) from error
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
        remote = self._connection(handle)
        callbacks = Callbacks(handle, self._environ)
        remote.fetch([f"+{there}:{here}" for there, here in refs.items()], callbacks=callbacks)
        heads = {head.name for head in remote.list_heads(connect=False)}
        return frozenset(here for there, here in refs.items() if there in heads)

    def _by_command(self, refs: Mapping[str, str]) -> frozenset[str]:
        """git refuses all when one is missing, so each is asked for on its own."""
        return frozenset(
            here
            for there, here in refs.items()
            if command.fetch(
                self._repository.git_dir,
                self._remote,
                ref=there,
                tracking=here,
                environ=self._environ,
            )
        )

    def _connection(self, handle: pygit2.Repository) -> pygit2.Remote:
        if self._remote in self._repository.remotes:
            return handle.remotes[self._remote]
        return handle.remotes.create_anonymous(self._remote)
