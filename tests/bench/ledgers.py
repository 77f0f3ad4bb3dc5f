"""A ledger of any size at once, by the layout that appends would have given it."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from aft.git.ledger.layout import EVENTS, README, README_NAME, STATE, subject_path
from aft.ledger.codec import encode_event, encode_record
from aft.ledger.events import LedgerEvent
from aft.ledger.replay import replay

_WHO = b"aft <aft@example.com> 1750000000 +0000"


def write_ledger(root: Path, branch: str, stories: Mapping[str, Sequence[LedgerEvent]]) -> None:
    """Make ``branch`` hold ``stories``, in one commit: one per step would take minutes."""
    stream = [b"commit refs/heads/%s\ncommitter %s\ndata 5\nBench\n" % (branch.encode(), _WHO)]
    stream.append(_file(README_NAME, README))
    for subject, events in stories.items():
        folder = subject_path(subject)
        lines = b"".join(encode_event(event).rstrip(b"\n") + b"\n" for event in events)
        stream.append(_file(folder + b"/" + EVENTS, lines))
        stream.append(_file(folder + b"/" + STATE, encode_record(subject, replay(events))))
    subprocess.run(
        ["git", "-C", str(root), "fast-import", "--quiet"], input=b"".join(stream), check=True
    )


def _file(path: bytes, content: bytes) -> bytes:
    return b"M 100644 inline %s\ndata %d\n%s\n" % (path, len(content), content)
