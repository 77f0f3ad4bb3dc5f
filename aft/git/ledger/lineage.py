"""Whether the branch still holds what aft has pushed.

A branch that was deleted, pushed back or replaced would otherwise be taken for what it is now, and
be put right on top of a stranger's commits, without a word.
"""

from __future__ import annotations

import logging

from aft.errors import AftError, Denied, LedgerRewritten
from aft.git.ledger.commits import LedgerCommits
from aft.git.ledger.growth import losses
from aft.git.ledger.signatures import HeadSignatures
from aft.git.wire import RemoteBranchRef
from aft.ledger.events import LedgerFault
from aft.ports import LedgerHead
from aft.text.policy import one_line

_log = logging.getLogger(__name__)


class Lineage:
    """What is known of one branch, ``where`` people find it. With ``adopts`` a rewritten branch is
    accepted, and ``instead_of`` says which commit it should have held; one without a valid
    signature too, and ``unsigned`` is its head. Not safe to share between threads."""

    def __init__(
        self,
        commits: LedgerCommits,
        head: LedgerHead | None = None,
        *,
        signatures: HeadSignatures | None = None,
        where: str,
        adopts: bool = False,
    ) -> None:
        self._commits = commits
        self._head = head
        self._where = where
        self._adopts = adopts
        self._noted: str | None = None
        self._sound: str | None = None
        self._signatures = signatures
        self.instead_of = ""
        self.unsigned = ""

    def fetched(self, wire: RemoteBranchRef, *, here: str | None) -> str | None:
        """Bring the remote's branch to this clone, whose own branch is at ``here``, and return its
        commit, ``None`` when there is none. Raises ``LedgerRewritten``, and then this clone still
        knows what it had seen."""
        seen = wire.last_seen()
        theirs = wire.fetch()
        try:
            self.check(theirs, seen, above=() if here is None else (here,))
            self._check_signature(theirs)
        except LedgerRewritten:
            if seen is not None:
                wire.remember(seen)
            raise
        return theirs

    def check(
        self, tip: str | None, seen: str | None = None, *, above: tuple[str, ...] = ()
    ) -> None:
        """The branch is at ``tip``. Raises ``LedgerRewritten`` when that does not hold what was
        pushed last, or what this clone has ``seen`` of it, or when a commit on top of these removed
        something. What is in the commits ``above`` was checked before: git itself moves what was
        ``seen``, so that it says nothing about this."""
        if self._noted is None:
            self._noted = self._head.last() if self._head is not None else ""
            if self._noted and self._commits.contains(tip, self._noted):
                self._commits.trust(self._noted)
        for expected in (self._noted, seen):
            if expected and not self._commits.contains(tip, expected):
                self._accept(expected, self._rewritten(tip, expected))
                self._noted = ""
        self._check_growth(tip, above)

    def _check_growth(self, tip: str | None, above: tuple[str, ...]) -> None:
        """Only from commits that are known to be sound: to look at all of them is for ``examine``.
        A ledger that was just accepted is no such commit."""
        known = tuple(item for item in (self._noted, *above) if item)
        if tip is None or not known or tip == self._sound:
            return
        lost = next(losses(self._commits, tip, above=(*known, self._sound or known[0])), None)
        if lost is not None:
            error = self._is_lost(lost)
            self._accept(known[0], error)
        self._sound = tip

    def _check_signature(self, tip: str | None) -> None:
        """The chain of commits leads from a signed head to all below, and no signed head was put on
        top of one that is not signed."""
        if tip is None or self._signatures is None or self._signatures.holds(tip):
            return
        if not self._adopts:
            raise LedgerRewritten(
                f"the ledger is not signed: {self._where} is at {tip[:10]}, which has no valid "
                "signature of ledger.public_keys",
                hint="find out who pushed it, and push the branch back to the last commit that is "
                "signed (git log --format=%H, aft history --verify); or continue with what is "
                "there: aft apply --adopt-ledger",
            )
        self.unsigned = tip

    def _accept(self, expected: str, error: LedgerRewritten) -> None:
        """Raises ``error``, unless a rewritten branch is to be accepted."""
        if not self._adopts:
            raise error
        self.instead_of = self.instead_of or expected

    def pushed(self, commit: str) -> None:
        """The branch is at ``commit``, by this process. What cannot be noted is not lost: the next
        push notes it."""
        if self._head is None or commit == self._noted:
            return
        try:
            self._head.note(commit)
        except AftError as error:
            _log.warning("the ledger's head could not be noted: %s", error.message)
            if isinstance(error, Denied):
                self._head = None  # who may not write it is not asked, and warned, at every push
        else:
            self._noted = commit

    def _rewritten(self, tip: str | None, expected: str) -> LedgerRewritten:
        now = f"is at {tip[:10]}, which does not contain it" if tip else "has no such branch"
        lost = expected[:10]
        return LedgerRewritten(
            f"the ledger was rewritten: {lost} was pushed, but {self._where} {now}",
            hint="find out who changed the branch, and restore it from a clone that has "
            f"{lost}; or continue with what is there: aft apply --adopt-ledger",
        )

    def _is_lost(self, fault: LedgerFault) -> LedgerRewritten:
        commit = fault.commit[:10]
        return LedgerRewritten(
            f"the ledger was rewritten: commit {commit} on {self._where} removes or changes events "
            f"of {one_line(fault.subject)}",
            hint="find out who pushed it, and push the branch back to the commit before "
            f"{commit}; or continue with what is there: aft apply --adopt-ledger",
        )
