"""The ledger in git: ``aft.ports.LedgerStore`` on its own branch.

Each append is written as objects first and then by moving the branch from the commit it was at,
so a killed process leaves the ledger before or after its append, never in between. When another
run came first, ours is made again on top of theirs. Never touches a work tree or an index.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path

from aft.errors import AftError, Transient
from aft.git.errors import disk_errors
from aft.git.ledger import layout
from aft.git.ledger.branch import LedgerBranch, LocalBranch, advance
from aft.git.ledger.cache import ShardCache
from aft.git.ledger.commits import LedgerCommits
from aft.git.ledger.growth import losses
from aft.git.ledger.intent_guard import Guard
from aft.git.ledger.lineage import Lineage
from aft.git.ledger.lines import lines_beyond
from aft.git.ledger.records import Tries
from aft.git.ledger.signatures import HeadSignatures
from aft.git.repository import Repository
from aft.git.wire import PUSH_TRIES, RemoteMoved, SharedBranch, push_attempts, shared_branch
from aft.ledger.codec import line_digest
from aft.ledger.events import (
    AccountRecord,
    LedgerEvent,
    LedgerFault,
    LedgerState,
    StoryLine,
)
from aft.ports import Clock, LedgerHead, LedgerSigner

_log = logging.getLogger(__name__)

Batches = Mapping[str, Sequence[LedgerEvent]]


@dataclass(slots=True)
class _Claim:
    """Events that must be on the remote before anyone may act on them, or nowhere."""

    batches: Batches
    commit: str = ""
    error: BaseException | None = None
    is_settled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerRefs:
    """The ledger's branch ``here``, in this clone, and on the remote, if there is one."""

    here: LocalBranch
    remote: SharedBranch | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """The ledger at ``commit`` (``""``: there is none): the number of ``subjects`` that are not
    forgotten, and everything that aft did not write so. Where the ledger is signed, ``pushed`` is
    the last pushed head and ``signed_by`` the fingerprint of the key that signed it, or ``""``."""

    commit: str
    subjects: int
    faults: tuple[LedgerFault, ...]
    pushed: str = ""
    signed_by: str = ""


class GitLedger:
    """The ledger on ``branch``, pushed to ``remote`` (a configured remote's name, or a URL).

    ``None``, or a name that is not configured, keeps it local. ``cache`` is a file outside the
    repository for records that were read, which may be deleted at any time.

    A branch that no longer holds what this clone has seen, or what ``head`` knows to have been
    pushed, is ``LedgerRewritten``, before anything is put on top of it; unless ``adopts``. With
    public ``keys`` so is a remote's branch whose head none of them has signed; each head that is
    pushed is signed by ``signer``, without which nothing is pushed. ``refs`` are used instead of
    those of the repository and of its remote. ``guard`` makes what decides which events come too
    late.

    Two locks: ``_local`` for the objects and the branch here, never held while talking to the
    remote; ``_network`` for one conversation with the remote at a time. A thread that waits finds
    its events pushed along.
    """

    def __init__(
        self,
        repository: Repository,
        *,
        branch: str = "aft/ledger",
        remote: str | None = None,
        clock: Clock,
        environ: Mapping[str, str] = os.environ,
        cache: Path | None = None,
        head: LedgerHead | None = None,
        keys: Sequence[str] = (),
        signer: LedgerSigner | None = None,
        adopts: bool = False,
        tries: Tries | None = None,
        refs: LedgerRefs | None = None,
        guard: Callable[[LedgerCommits], Guard] = Guard,
    ) -> None:
        handle = repository.open()
        refs = refs or LedgerRefs(
            here=LedgerBranch(handle, branch),
            remote=shared_branch(repository, remote=remote, branch=branch, environ=environ),
        )
        self._branch, self._wire = refs.here, refs.remote
        self._commits = LedgerCommits(handle, ShardCache(cache), tries)
        self._guard = guard(self._commits)
        self._clock = clock
        self._local = threading.RLock()
        self._network = threading.RLock()
        self._claims: list[_Claim] = []
        self._signatures = (
            HeadSignatures(handle, branch=branch, keys=keys, signer=signer) if keys else None
        )
        self._lineage = Lineage(
            self._commits,
            head,
            signatures=self._signatures,
            where=self._wire.url if self._wire else branch,
            adopts=adopts,
        )
        self._has_fetched = False

    # --- the port ---------------------------------------------------------------------------

    def read(self) -> LedgerState:
        if self._wire is not None:
            self._fetch(self._wire)
        with self._local, disk_errors("reading the ledger"):
            tip = self._branch.tip()
            if self._wire is None:
                self._lineage.check(tip)
            found = self._commits.records(tip)
            self._guard.has_seen(tip, found.records)
            return LedgerState(
                commit=self._commits.last_event(tip) or "",
                records=found.records,
                faults=found.faults,
                instead_of=self._lineage.instead_of,
                unsigned=self._lineage.unsigned,
            )

    def look(self, subject: str) -> AccountRecord:
        if self._wire is not None:
            self._fetch(self._wire)
        with self._local, disk_errors(f"reading the ledger of {subject}"):
            tip = self._branch.tip()
            record = self._commits.record(tip, subject) or AccountRecord(subject=subject)
            self._guard.has_looked(subject, tip, record)
            return record

    def append(self, events: Sequence[LedgerEvent], *, durable: bool = False) -> str:
        batches = _by_subject(events)
        if not batches:
            return self._tip() or ""
        if durable and self._wire is not None and self._guard.guards(events):
            return self._claim(self._wire, batches)
        commit = self._move(lambda tip: self._guarded_append(tip, batches))
        if durable:
            self.publish()
            return self._tip() or commit
        return commit

    def publish(self) -> None:
        if self._wire is None:
            if tip := self._tip():
                self._lineage.pushed(tip)
            return
        with self._network:
            self._push(self._wire, [])

    def events(self, subject: str) -> Sequence[LedgerEvent]:
        if self._wire is not None and not self._has_fetched:
            try:
                self._fetch(self._wire)
            except AftError as error:
                if self._tip() is None:
                    raise
                _log.warning("the ledger is shown as last fetched: %s", error.message)
        with self._local, disk_errors(f"reading the ledger of {subject}"):
            return tuple(self._commits.story(self._branch.tip(), subject).events())

    def stories_since(self, at: datetime) -> Sequence[Sequence[StoryLine]]:
        """Every story that has lines of after ``at``, whole; those lines are marked as new. Fetches
        first when there is a remote. The work grows with what is new."""
        if self._wire is not None:
            self._fetch(self._wire)
        with self._local, disk_errors("reading the ledger"):
            tip = self._branch.tip()
            before = self._commits.last_before(tip, at)
            if tip is None or tip == before:
                return ()
            return tuple(
                _story_lines(
                    self._commits.story(before, subject).lines(),
                    self._commits.story(tip, subject).lines(),
                )
                for subject in self._commits.subjects(before, tip)
            )

    def examine(self) -> Examined:
        """Fold every story at the branch's tip, also what was read or kept before, and look at
        every commit below it for what it removed; fetches from the remote first when there is
        one."""
        if self._wire is not None:
            self._fetch(self._wire)
        with self._local, disk_errors("reading the ledger"):
            tip = self._branch.tip()
            found = self._commits.examined(tip)
            faults = (*found.faults, *losses(self._commits, tip))
            pushed = self._wire.last_seen() if self._wire is not None else None
            examined = Examined(commit=tip or "", subjects=len(found.records), faults=faults)
            if self._signatures is None or pushed is None:
                return examined
            key = self._signatures.key_of(pushed)
            return replace(examined, pushed=pushed, signed_by=key)

    # --- this clone -------------------------------------------------------------------------

    def _tip(self) -> str | None:
        with self._local, disk_errors("reading the ledger"):
            return self._branch.tip()

    def _move(self, make: Callable[[str | None], str]) -> str:
        """Move the branch to what ``make`` makes of its tip, again if it moved meanwhile."""
        with self._local, disk_errors("writing the ledger"):
            return advance(self._branch, make)

    def _guarded_append(self, tip: str | None, batches: Batches) -> str:
        return self._commits.append(tip, self._guard.admitted(tip, batches))

    def _include(self, theirs: str) -> None:
        """Make the local branch hold ``theirs`` and what is ours."""
        self._move(partial(self._commits.on_top_of, theirs))

    # --- the remote -------------------------------------------------------------------------

    def _fetch(self, wire: SharedBranch) -> None:
        with self._network:
            theirs = self._lineage.fetched(wire, here=self._tip())
            self._has_fetched = True
            if theirs is not None:
                self._include(theirs)

    def _claim(self, wire: SharedBranch, batches: Batches) -> str:
        """Publish ``batches`` or write them nowhere; claims that wait together go together."""
        claim = _Claim(batches)
        with self._local:
            self._claims.append(claim)
        with self._network:
            if not claim.is_settled:
                with self._local:
                    group, self._claims = self._claims, []
                try:
                    self._push(wire, group)
                except BaseException as error:
                    for waiting in group:
                        waiting.error = waiting.error or _passed_on(error)
                    if not isinstance(error, AftError):
                        raise
                finally:
                    for waiting in group:
                        waiting.is_settled = True
        if claim.error is not None:
            raise claim.error
        return claim.commit

    def _push(self, wire: SharedBranch, claims: Sequence[_Claim]) -> None:
        """Bring the local branch and ``claims`` onto the remote, where others write too."""
        last: RemoteMoved | None = None
        for attempt in push_attempts(self._clock):
            if attempt or not self._has_fetched:  # nothing goes on top of what was never looked at
                self._fetch(wire)
            seen = wire.last_seen()
            if seen is not None:
                self._include(seen)
            candidate = self._candidate(claims)
            if candidate is not None and candidate == seen:
                self._lineage.pushed(candidate)
            if candidate is None or candidate == seen:
                return
            candidate = self._signed(candidate, claims)
            try:
                wire.push(candidate, expected=seen)
            except RemoteMoved as moved:
                last = moved
                continue
            self._include(candidate)
            self._lineage.pushed(candidate)
            return
        raise Transient(
            f"the ledger could not be pushed in {PUSH_TRIES} tries: {last}",
            hint="other runs are writing at the same time; the next run tries again",
        ) from last

    def _signed(self, candidate: str, claims: Sequence[_Claim]) -> str:
        """The commit to push. What it takes the place of is left behind here: ``_include`` makes
        none of it again, as all its events are there."""
        if self._signatures is None:
            return candidate
        signed = self._signatures.signed(candidate)
        for claim in claims:
            if claim.commit == candidate:
                claim.commit = signed
        return signed

    def _candidate(self, claims: Sequence[_Claim]) -> str | None:
        """The local tip with those claims on top that no one else came before."""
        with self._local, disk_errors("writing the ledger"):
            candidate = self._branch.tip()
            for claim in claims:
                claim.error = None
                try:
                    claim.commit = candidate = self._guarded_append(candidate, claim.batches)
                except AftError as error:
                    claim.error = error
            return candidate


def _by_subject(events: Sequence[LedgerEvent]) -> Batches:
    batches: dict[str, list[LedgerEvent]] = {}
    for event in events:
        batches.setdefault(event.subject, []).append(event)
    return batches


def _story_lines(before: Sequence[bytes], lines: Sequence[bytes]) -> Sequence[StoryLine]:
    new = frozenset(lines_beyond(before, lines))
    found = ((line, layout.read_line(line)) for line in lines)
    return tuple(
        StoryLine(digest=line_digest(line), event=event, is_new=line in new)
        for line, event in found
        if event is not None
    )


def _passed_on(error: BaseException) -> BaseException:
    """What the others of a group get when the thread that pushed for them failed."""
    if isinstance(error, AftError):
        return error
    return Transient("the push that carried this event was interrupted")
