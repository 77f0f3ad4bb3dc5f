"""What is wrong with a subject's files: a story is only as good as its lines. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from aft.git.ledger.layout import Story
from aft.ledger.codec import VERSION, decode_event, decode_record, line_digest, version_of
from aft.ledger.events import AccountRecord, LedgerDamage, LedgerFault


def faults_of(story: Story, record: AccountRecord | None) -> Iterator[LedgerFault]:
    """Where ``story``, which adds up to ``record``, is not as aft writes it. Lines are counted from
    1 over all parts."""
    for damage, line in (*_damaged_lines(story), *_other_state(story, record)):
        yield LedgerFault(subject=story.subject, damage=damage, line=line)


def _other_state(story: Story, record: AccountRecord | None) -> Iterator[tuple[LedgerDamage, int]]:
    """The copy in ``state.json`` says something else. None at all, or one of another version,
    whose rules are others, says nothing."""
    if story.state is None or version_of(story.state) not in (0, VERSION):
        return
    try:
        if decode_record(story.state) == record:
            return
    except ValueError:
        pass
    yield LedgerDamage.STATE, 0


def _damaged_lines(story: Story) -> Iterator[tuple[LedgerDamage, int]]:
    """Lines that are no events, and those that follow a line which is not there. The first line of
    a run that met an empty story follows none, nor do those of before there were digests."""
    lines = story.lines()
    digests = {"", *map(line_digest, lines)}
    for number, line in enumerate(lines, start=1):
        try:
            event = decode_event(line)
        except ValueError:
            yield LedgerDamage.LINE, number
            continue
        if event is not None and event.previous not in digests:  # none: of a newer version's kind
            yield LedgerDamage.CHAIN, number
