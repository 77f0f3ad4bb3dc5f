"""The live view: what stays on the screen of a run that ended in different ways."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime

import pytest
from rich.console import Console

from aft.plan.outcome import Status
from aft.ports import Progress, ProgressKind
from aft.report.progress import LineProgress, TerminalProgress


def told(kind: ProgressKind, target: str, message: str = "", step: str = "") -> Progress:
    return Progress(
        kind=kind,
        at=datetime(2026, 3, 1, tzinfo=UTC),
        run="run-1",
        target=target,
        change=f"account/{target}/{step}" if step else "",
        step=step,
        message=message,
    )


def left_on_screen(*events: Progress) -> str:
    """The lines that stay, without colours and without the live part."""
    screen = io.StringIO()
    console = Console(file=screen, width=100, force_terminal=True, color_system=None)
    with TerminalProgress(console, total=8, steps_of={"shop": 3, "lab": 3}) as progress:
        for event in events:
            progress.notify(event)
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", screen.getvalue())


def test_an_account_that_is_done_is_ticked_off() -> None:
    shown = left_on_screen(
        told(ProgressKind.STEP_STARTED, "shop", step="create"),
        told(ProgressKind.STEP_DONE, "shop", step="create"),
        told(ProgressKind.STEP_DONE, "shop", step="tag"),
        told(ProgressKind.TARGET_DONE, "shop", Status.SUCCEEDED.value),
    )
    assert "✓ shop 2 steps" in shown


def test_an_account_that_was_stopped_is_not() -> None:
    shown = left_on_screen(
        told(ProgressKind.STEP_STARTED, "shop", step="create"),
        told(ProgressKind.STEP_DONE, "shop", step="create"),
        told(ProgressKind.STEP_SKIPPED, "shop", "SIGINT received", step="tag"),
        told(ProgressKind.STEP_SKIPPED, "shop", "not begun", step="set x"),
        told(ProgressKind.TARGET_DONE, "shop", Status.STOPPED.value),
    )
    assert "✓" not in shown
    assert "– shop stopped, 1 of 3 steps done" in shown


def test_a_failed_account_has_its_reason_and_no_second_line() -> None:
    shown = left_on_screen(
        told(ProgressKind.STEP_STARTED, "shop", step="create"),
        told(ProgressKind.STEP_FAILED, "shop", "no slots", step="create"),
        told(ProgressKind.STEP_SKIPPED, "shop", "waits", step="tag"),
        told(ProgressKind.TARGET_DONE, "shop", Status.FAILED.value),
    )
    assert "✗ shop create: no slots" in shown
    assert "✓" not in shown
    assert "–" not in shown


@pytest.mark.parametrize("kind", [ProgressKind.STEP_WAITING, ProgressKind.STEP_FAILED])
def test_a_line_says_all_of_what_is_refused(kind: ProgressKind) -> None:
    """The action, the role and the account stand far to the right."""
    lines: list[str] = []
    role = "arn:aws:iam::111122223333:role/OrganizationAccountAccessRole"
    words = f"account 111122223333 is not usable yet: sts:AssumeRole of {role} is refused; check it"
    LineProgress(lines.append, total=1).notify(told(kind, "shop", words, step="create"))
    assert words in lines[0]
