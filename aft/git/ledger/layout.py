"""Where the ledger keeps what, in the tree of its branch.

    README.md                               says what this is
    accounts/<xx>/<request id>/state.json   the record: what the events add up to
    accounts/<xx>/<request id>/events.jsonl the story, one line per event, appended only
    things/<kind>/<xx>/<key>/...            the same for things of no account, such as OUs
    organization/state.json, events.jsonl   the runs (and, of version 0.1, the OU tree)
    snapshot/                               the organization as last published, no part of the story

``<xx>`` are the first two hex digits of the SHA-256 of the id, or of the key, which is
percent-encoded, so that no tree grows long: a commit
then costs milliseconds at 100,000 accounts. When ``events.jsonl`` exceeds ``ROTATE_AT`` bytes, it
is set aside as ``events.0001.jsonl`` and a new one started, which bounds what one append rewrites.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import quote, unquote

from aft.errors import UserError
from aft.ledger.codec import decode_event, encode_event
from aft.ledger.events import ORGANIZATION, AccountRecord, LedgerEvent, is_of_organization
from aft.ledger.replay import replay
from aft.redaction import redacted_bytes
from aft.values.ids import RequestId

STATE = b"state.json"
EVENTS = b"events.jsonl"
ACCOUNTS = b"accounts"
THINGS = b"things"
README_NAME = b"README.md"
SNAPSHOT = b"snapshot"
"""The folder of the published organization (``aft.organization.snapshot_codec``)."""

_KIND = re.compile(r"[a-z][a-z0-9-]*")
ROTATE_AT = 256 * 1024
LARGEST = 16 * 1024 * 1024
"""Bytes of a file; aft writes none that comes near it."""

README = b"""\
# The ledger of aft

This branch is written by `aft`. It records everything that was done to each AWS account: which
commit asked for it, who ran it, from which plan, with which AWS requests, and what came of it.

- `git log` on this branch is the story of all accounts, one commit per step; `aft history ID`
  shows one account's, together with the commits of its request.
- `accounts/<xx>/<request id>/events.jsonl` is one account's story, one line per event.
- `accounts/<xx>/<request id>/state.json` is what the events add up to. It can be rebuilt from them.
- `things/<kind>/<xx>/<key>/` holds the same for what belongs to no account, such as
  organizational units; `organization/` for the runs.
- `snapshot/` is the organization as it was last published, for plans without credentials.

Do not edit it and do not force-push it. It shares no history with the branches you work on and
needs no merging. If it is lost, restore it from a clone. If there is none, `aft apply
--adopt-ledger` finds the accounts again by their tags and e-mail addresses and repeats what it no
longer knows to be done.
"""


def subject_path(subject: str) -> bytes:
    """The folder of ``subject``. Raises ``UserError`` for what names nothing."""
    if subject == ORGANIZATION:
        return ORGANIZATION.encode()
    if is_of_organization(subject):
        kind, _, key = subject.partition("/")
        if not (_KIND.fullmatch(kind) and key):
            raise UserError(f"the ledger cannot hold {subject!r}: it names no kind")
        return b"/".join((THINGS, kind.encode(), _shard(key), _folder(key)))
    try:
        RequestId.parse(subject)
    except ValueError as error:
        raise UserError(f"the ledger cannot hold {subject!r}: {error}") from error
    return b"/".join((ACCOUNTS, _shard(subject), subject.encode()))


def is_folder_of(subject: str, path: bytes) -> bool:
    """True where ``path`` is the one folder that counts for ``subject``: two would be two stories
    of one account."""
    try:
        return subject_path(subject) == path
    except UserError:
        return False


def _shard(key: str) -> bytes:
    return hashlib.sha256(key.encode(errors="surrogatepass")).hexdigest()[:2].encode()


def _folder(key: str) -> bytes:
    """A name that every file system can hold, and git too: it takes no ``.`` and no ``.git``."""
    quoted = quote(key, safe=" ", errors="surrogateescape")
    return (f"%2E{quoted[1:]}" if quoted.startswith(".") else quoted).encode()


def subject_of(path: bytes) -> str | None:
    """The subject whose folder ``path`` is in, if it is one."""
    parts = path.split(b"/")
    if parts[0] == ORGANIZATION.encode():
        return ORGANIZATION
    if parts[0] == ACCOUNTS and len(parts) > 3:
        return subject_called(parts[2], None)
    if parts[0] == THINGS and len(parts) > 4:
        return subject_called(parts[3], parts[1])
    return None


def subject_called(folder: bytes, kind: bytes | None) -> str:
    """The subject whose folder is called ``folder``: a request, or a thing of ``kind``."""
    if kind is None:
        return folder.decode(errors="backslashreplace")
    return f"{kind.decode(errors='backslashreplace')}/{unquote(folder.decode('ascii', 'replace'))}"


def is_story(name: bytes) -> bool:
    """True for ``events.jsonl`` and the parts set aside before it."""
    return name.startswith(b"events.") and name.endswith(b".jsonl")


def set_aside_name(number: int) -> bytes:
    """The name of the ``number``-th part, counted from 1."""
    return b"events.%04d.jsonl" % number


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A subject's files. ``aside`` are the parts set aside, oldest first; ``current`` is
    ``events.jsonl``; ``state`` is ``None`` when the file is missing."""

    subject: str
    aside: tuple[bytes, ...] = ()
    current: bytes = b""
    state: bytes | None = None

    def lines(self) -> list[bytes]:
        """Every line ever written, oldest first, as it was written."""
        parts = (*self.aside, self.current)
        return [line for part in parts for line in part.split(b"\n") if line]

    def last_line(self) -> bytes:
        """The youngest line, without its line end; empty when there is none."""
        for text in (self.current, *reversed(self.aside)):
            if line := text.rstrip(b"\n").rpartition(b"\n")[2]:
                return line
        return b""

    def events(self) -> list[LedgerEvent]:
        """The events this version understands, oldest first."""
        return [event for event in map(read_line, self.lines()) if event is not None]

    def record(self) -> AccountRecord | None:
        """What the events add up to; ``None`` when the subject was forgotten."""
        return replay(self.events())


def read_line(line: bytes) -> LedgerEvent | None:
    """The event of a line; ``None`` for a damaged one, which is kept but counts for nothing."""
    try:
        return decode_event(line)
    except ValueError:
        return None


def chained(events: Iterable[LedgerEvent], *, after: bytes) -> Iterator[bytes]:
    """The lines of ``events``, each with the digest of the one before it."""
    for event in events:
        after = redacted_bytes(encode_event(event, previous=after))
        yield after + b"\n"


def ended(text: bytes) -> bytes:
    """``text`` up to a line end, so that what follows begins on its own line."""
    return text if not text or text.endswith(b"\n") else text + b"\n"


def story_of(subject: str, files: Mapping[bytes, bytes]) -> Story:
    """The story that the ``files`` of a subject's folder tell, by name."""
    aside = sorted(name for name in files if is_story(name) and name != EVENTS)
    return Story(
        subject=subject,
        aside=tuple(files[name] for name in aside),
        current=files.get(EVENTS, b""),
        state=files.get(STATE),
    )
