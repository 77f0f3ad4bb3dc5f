"""Drift as JSON: a promise to other tools. Keys are only ever added."""

from __future__ import annotations

import json
from datetime import datetime

from aft.plan.drift import Drift

FORMAT = 1


def drift_json(drift: Drift, *, read_at: datetime) -> str:
    """``{"format", "revision", "read_at", "scope", "accounts", "drift", "outside", "pending",
    "unmanaged", "unread", "attention"}``; ``drift`` is true when something changed outside git.
    """
    values = {
        "format": FORMAT,
        "revision": drift.revision,
        "read_at": read_at.isoformat(),
        "scope": None if drift.scope is None else list(drift.scope),
        "accounts": drift.accounts,
        "drift": drift.is_any,
        "outside": [
            {
                "id": item.target,
                "account_id": item.account_id,
                "what": item.what,
                "subject": item.subject,
                "differences": list(item.differences),
                "change": item.change.id if item.change is not None else None,
                "note": item.note,
            }
            for item in drift.outside
        ],
        "pending": [
            {
                "id": item.target,
                "account_id": item.account_id,
                "what": item.what,
                "subject": item.subject,
                "reason": item.reason,
                "note": item.note,
            }
            for item in drift.pending
        ],
        "unmanaged": [
            {
                "account_id": item.account_id,
                "name": item.name,
                "email": item.email,
                "ou": item.ou,
                "state": item.state,
                "tag": item.tag,
            }
            for item in drift.unmanaged
        ],
        "unread": [
            {"id": item.target, "message": item.message, "hint": item.hint} for item in drift.unread
        ],
        "attention": [
            {"code": item.code, "id": item.target, "message": item.message, "hint": item.hint}
            for item in drift.doubts
        ],
    }
    return json.dumps(values, indent=2, ensure_ascii=False) + "\n"
