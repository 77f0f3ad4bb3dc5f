"""What is said of a ledger whose files aft did not write so. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from aft.findings.model import Condition, Finding, finding_about
from aft.ledger.events import ORGANIZATION, LedgerDamage, LedgerFault

_SHOWN = 5
_WORDS: Mapping[LedgerDamage, str] = {
    LedgerDamage.STATE: "state.json is not what its events add up to",
    LedgerDamage.LINE: "line {line} of its events is not an event",
    LedgerDamage.CHAIN: "the event that line {line} follows is missing",
    LedgerDamage.PLACE: "it has files in a second folder, which do not count",
    LedgerDamage.LOST: "commit {commit:.10} removes or changes events",
    LedgerDamage.SIZE: "its files are larger than aft writes them, or take too much to read",
}


def fault_words(fault: LedgerFault) -> str:
    """What is wrong, without the subject."""
    return _WORDS[fault.damage].format(line=fault.line, commit=fault.commit)


def ledger_faults(faults: Sequence[LedgerFault]) -> Iterator[Finding]:
    """One finding about all of them, if there are any."""
    if not faults:
        return
    by_subject: dict[str, str] = {}
    for fault in faults:
        by_subject.setdefault(fault.subject, fault_words(fault))
    said = [f"{subject}: {words}" for subject, words in sorted(by_subject.items())]
    if len(said) > _SHOWN:
        said[_SHOWN:] = [f"and {len(said) - _SHOWN} more"]
    yield finding_about(
        "AFT964",
        ORGANIZATION,
        f"the ledger is not as aft writes it, and only its events count: {'; '.join(said)}",
        "find out who else writes to the ledger's branch (aft history --verify shows each "
        "place); the next event of each corrects its state.json",
        Condition.REMARK,
    )
