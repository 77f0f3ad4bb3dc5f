from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import builders_plan as b
from rich.cells import cell_len

from aft.ledger.events import EventKind, FailedStep, LedgerEvent
from aft.ledger.timeline import CommitInfo, timeline
from aft.plan.status import Standing, StatusRow
from aft.report.history import history_json, history_view
from aft.report.status import status_json, status_view

FAILED = FailedStep(
    run="r1", reason="timed out \x1b[2J", hint="raise the limit", attempts=3, at=b.EARLIER
)
ROWS = (
    StatusRow(
        id="payments-prod",
        account_id="123456789012",
        ou="Workloads/Prod/Payments/Europe/Frankfurt",
        state=Standing.FAILED,
        last_run="r1",
        last_at=b.EARLIER,
        pending=("pci/10.py",),
        failed=(("pci/10.py", FAILED),),
    ),
    StatusRow(id="new", account_id=None, ou="Sandbox", state=Standing.REQUESTED),
)


def test_status_is_one_line_a_request_then_the_reasons_then_the_counts() -> None:
    text = status_view(ROWS).plain
    lines = text.splitlines()
    assert lines[0].split() == [
        "REQUEST",
        "ACCOUNT",
        "OU",
        "STATE",
        "LAST",
        "RUN",
        "PENDING",
        "FAILED",
    ]
    assert lines[1].startswith("payments-prod  123456789012  ")
    assert "2026-11-20 09:30" in lines[1]
    assert "never" in lines[2]
    assert "! payments-prod: pci/10.py failed (3 times): timed out" in text
    assert "→ raise the limit" in text
    assert lines[-1] == "2 accounts: 1 failed, 1 requested."
    assert "\x1b" not in text


def test_a_long_ou_gives_way_on_a_narrow_page() -> None:
    first, second = (status_view(ROWS, width=width).plain.splitlines()[1] for width in (90, 200))
    assert cell_len(first) <= 90
    assert "…" in first
    assert "Workloads/Prod/Payments/Europe/Frankfurt" in second


def test_no_requests_say_how_to_begin() -> None:
    assert "account-requests/" in status_view(()).plain
    assert json.loads(status_json(())) == {"accounts": [], "organization": []}


def test_status_json_has_the_promised_shape() -> None:
    first, second = json.loads(status_json(ROWS))["accounts"]
    assert {"id", "account_id", "ou", "state", "last_run", "pending", "failed"} <= first.keys()
    assert first["last_run"] == {"id": "r1", "at": "2026-11-20T09:30:00+00:00"}
    assert first["failed"][0]["attempts"] == 3
    assert (second["account_id"], second["state"], second["last_run"]) == (
        None,
        "requested",
        None,
    )


def commit(hour: int, subject: str, *, zone: timezone = UTC) -> CommitInfo:
    at = datetime(2026, 11, 22, hour, tzinfo=zone)
    return CommitInfo(
        id="c" * 40,
        author="Ada",
        author_email="ada@example.com",
        authored_at=at,
        committer="Ada",
        committed_at=at,
        subject=subject,
    )


def event(hour: int, kind: EventKind, summary: str) -> LedgerEvent:
    return LedgerEvent(
        kind=kind,
        subject="app",
        at=datetime(2026, 11, 22, hour, tzinfo=UTC),
        run="20261122T100000-abcdef",
        actor="ci\x1b[31m",
        summary=summary,
        data={"how": "created"},
    )


ENTRIES = timeline(
    [
        commit(11, "Rename", zone=timezone(timedelta(hours=-1))),
        commit(9, "Ask for app"),
    ],
    [event(9, EventKind.INTENT, "Create"), event(10, EventKind.BOUND, "Bind")],
)


def test_commits_and_events_are_one_timeline_oldest_first() -> None:
    assert [(entry.kind, entry.what) for entry in ENTRIES] == [
        ("commit", "Ask for app"),
        ("intent", "Create"),
        ("bound", "Bind"),
        ("commit", "Rename"),
    ]


def test_history_shows_when_what_who_and_which() -> None:
    assert history_view(ENTRIES).plain.splitlines() == [
        "2026-11-22  commit cccccccccc  Ada",
        "  09:00:00 * Ask for app",
        "",
        "2026-11-22  run 20261122T100000-abcdef  ci⟨U+001B⟩[31m",
        "  09:00:00   Create",
        "  10:00:00   Bind",
        "",
        "2026-11-22  commit cccccccccc  Ada",
        "  12:00:00 * Rename",
    ]
    assert "Nothing has happened" in history_view(()).plain


def test_history_json_is_a_list_oldest_first() -> None:
    entries = json.loads(history_json(ENTRIES))
    assert [entry["kind"] for entry in entries] == ["commit", "intent", "bound", "commit"]
    assert entries[0]["details"]["author_email"] == "ada@example.com"
    assert entries[2]["details"]["how"] == "created"
    assert entries[2]["run"] == "20261122T100000-abcdef"
