"""Whether a step inside an account is done by the ledger's word, and why it is to be done. Pure."""

from __future__ import annotations

from aft.ledger.events import AccountRecord
from aft.values.refs import Ref


def is_up_to_date(record: AccountRecord, ref: Ref, digest: str) -> bool:
    """Done with these inputs, and not tried with others since, which may have got half-way."""
    done = record.done(ref)
    is_same = bool(digest) and done is not None and done.digest == digest
    return is_same and record.failed(ref) is None


def reason_of(record: AccountRecord, ref: Ref, where: str) -> str:
    """Why a step is to be done: it failed, or changed, or is new."""
    failure = record.failed(ref)
    if failure is not None:
        return f"tried again, it failed at {failure.at:%Y-%m-%d %H:%M} UTC: {failure.reason}"
    done = record.done(ref)
    if done is not None:
        return f"{where}: changed since {done.at:%Y-%m-%d}"
    return where
