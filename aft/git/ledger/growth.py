"""Whether commits only add to the ledger: what was pushed once stays, in its order.

Each event has the digest of the one before it, so that no line within a story can be changed. That
says nothing about the end of a story, or of a story as a whole: those who know aft's form can leave
out the last events, or write another story, with all digests right. What shows it is the commit
below. Git's own chain of commits shows which commits are below a head that is known to be aft's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from aft.git.ledger.commits import LedgerCommits
from aft.ledger.events import LedgerDamage, LedgerFault


def losses(
    commits: LedgerCommits, tip: str | None, *, above: Iterable[str] = ()
) -> Iterator[LedgerFault]:
    """Events that a commit at or below ``tip`` removed, changed or put into another order, oldest
    commit first; those at or below the commits ``above`` are not looked at. The work grows with the
    number of the others."""
    for commit, parents in commits.between(tip, above):
        lost: dict[str, None] = {}
        for parent in parents:
            for subject in commits.subjects(parent, commit):
                before = commits.story(parent, subject).lines()
                if not _goes_on(before, commits.story(commit, subject).lines()):
                    lost[subject] = None
        for subject in lost:
            yield LedgerFault(subject=subject, damage=LedgerDamage.LOST, commit=commit)


def _goes_on(before: Sequence[bytes], after: Sequence[bytes]) -> bool:
    """True when all lines of ``before`` are in ``after``, in their order. Between them are those of
    runs that wrote at the same time."""
    rest = iter(after)
    return all(line in rest for line in before)
