"""The organization as last published: ``aft.ports.SnapshotStore`` on the ledger's branch.

A separate folder next to the ledger's, so that publishing never touches an event, and a plan's
ledger commit stays the same. Moves the branch by the same compare-and-swap as the ledger.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from functools import partial

import pygit2

from aft.errors import Transient, UserError
from aft.git import trees
from aft.git.errors import disk_errors
from aft.git.ledger.branch import LedgerBranch, advance
from aft.git.ledger.commits import LedgerCommits
from aft.git.ledger.layout import SNAPSHOT
from aft.git.ledger.lineage import Lineage
from aft.git.ledger.signatures import HeadSignatures
from aft.git.repository import Repository
from aft.git.wire import PUSH_TRIES, RemoteMoved, push_attempts, shared_branch
from aft.organization.model import OrganizationSnapshot
from aft.organization.snapshot_codec import (
    INDEX,
    decode_snapshot,
    encode_snapshot,
    published_digest,
)
from aft.ports import Clock, LedgerSigner

_log = logging.getLogger(__name__)

TriesFile = Callable[[str, bytes], str]
"""Says why the file of this name takes too much to read; "" where it does not."""
LARGEST = 64 * 1024 * 1024
"""Bytes of a file of the published organization."""
_TRIED_BYTES = 64 * 1024
"""A larger file is tried before it is read; a smaller one cannot take much."""

STALE_AFTER = timedelta(days=1)
"""An unchanged organization is published again after this long, so that its age stays true."""


class GitSnapshots:
    """On ``branch``, pushed to ``remote`` as ``aft.git.ledger.store.GitLedger`` does. All raise
    ``LedgerRewritten`` where the branch no longer holds what this clone has seen of it."""

    def __init__(
        self,
        repository: Repository,
        *,
        branch: str = "aft/ledger",
        remote: str | None = None,
        clock: Clock,
        environ: Mapping[str, str] = os.environ,
        keys: Sequence[str] = (),
        signer: LedgerSigner | None = None,
        tries: TriesFile | None = None,
    ) -> None:
        handle = repository.open()
        self._odb = handle.odb
        self._branch = LedgerBranch(handle, branch)
        self._commits = LedgerCommits(handle)
        self._clock = clock
        self._tries = tries
        self._wire = shared_branch(repository, remote=remote, branch=branch, environ=environ)
        where = self._wire.url if self._wire is not None else branch
        self._signatures = (
            HeadSignatures(handle, branch=branch, keys=keys, signer=signer) if keys else None
        )
        self._lineage = Lineage(self._commits, where=where, signatures=self._signatures)

    def published(self) -> OrganizationSnapshot | None:
        tip = self._tip()
        with disk_errors("reading the published organization"):
            files = dict(self._files(tip))
        if not files:
            return None
        try:
            self._check_effort(files)
            return decode_snapshot(files)
        except ValueError as error:
            raise UserError(
                f"the organization snapshot on {self._branch.name} cannot be read: {error}",
                hint="publish it again with this version: aft drift --publish, or "
                "aft apply --publish",
            ) from error

    def _check_effort(self, files: Mapping[str, bytes]) -> None:
        """Raises ``ValueError`` for a file that takes too much to read: anyone who may push the
        branch may have written it."""
        for name, content in files.items():
            if self._tries is None or len(content) <= _TRIED_BYTES:
                continue
            if why := self._tries(name, content):
                raise ValueError(f"{name}: {why}")

    def publish(self, snapshot: OrganizationSnapshot) -> bool:
        signatures = self._signatures if self._wire is not None else None
        if signatures is not None and not signatures.can_sign:
            _log.warning("the organization is not published: the ledger is signed, by apply alone")
            return False
        files = encode_snapshot(snapshot)
        last: RemoteMoved | None = None
        for _ in push_attempts(self._clock):
            tip = self._tip()
            with disk_errors("publishing the organization"):
                if not self._is_due(tip, snapshot):
                    return False
                made = self._commits.with_snapshot(
                    tip,
                    files,
                    message=f"Publish the organization: {len(snapshot.accounts):,} accounts\n\n"
                    f"Aft-Event: snapshot-published\nAft-Snapshot: {snapshot.digest}\n",
                    at=self._clock.now(),
                )
            if self._wire is None:
                if self._branch.move(tip, made):
                    return True
                continue
            if signatures is not None:
                made = signatures.signed(made)
            try:
                self._wire.push(made, expected=tip)
            except RemoteMoved as moved:
                last = moved
                continue
            with disk_errors("writing the ledger"):  # which may hold what was not pushed yet
                advance(self._branch, partial(self._commits.on_top_of, made))
            return True
        raise Transient(
            f"the organization could not be published in {PUSH_TRIES} tries: {last}",
            hint="other runs are writing at the same time; the next run tries again",
        ) from last

    def _tip(self) -> str | None:
        """The remote's branch as it is now, or the one here where there is no remote."""
        if self._wire is not None:
            return self._lineage.fetched(self._wire, here=self._branch.tip())
        with disk_errors("reading the ledger"):
            return self._branch.tip()

    def _is_due(self, tip: str | None, snapshot: OrganizationSnapshot) -> bool:
        """The content differs, or is old; and no newer one is published."""
        index = dict(self._files(tip, only=INDEX)).get(INDEX)
        if index is None:
            return True
        try:
            digest, read_at = published_digest(index)
        except ValueError:
            return True  # an older format, or damaged: ours replaces it
        if read_at >= snapshot.read_at:
            return False
        return digest != snapshot.digest or snapshot.read_at - read_at >= STALE_AFTER

    def _files(self, tip: str | None, *, only: str = "") -> Iterable[tuple[str, bytes]]:
        root = self._commits.tree_of(tip)
        found = None if root is None else trees.find(self._odb, root, SNAPSHOT)
        if found is None or not found.is_tree:
            return
        for path, entry in trees.walk(self._odb, found, b""):
            name, _ = trees.display_path(path)
            if not only or name == only:
                blob = pygit2.Oid(raw=entry.id)
                if self._odb.read_header(blob)[1] > LARGEST:
                    raise UserError(
                        f"{name} of the published organization has over {LARGEST:,} bytes",
                        hint="aft did not write it: find out who else writes to the ledger's "
                        "branch, and publish it again: aft drift --publish",
                    )
                yield name, self._odb.read(blob)[1]
