"""Observers (``aft.ports``, called by several threads) that show a run: on a terminal a row for
each account that is worked on and a line when it is finished, elsewhere a line for each step."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from rich.console import Console, Group
from rich.live import Live
from rich.markup import escape
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from aft.plan.outcome import Status
from aft.ports import Observer, Progress, ProgressKind
from aft.report.masking import Mask
from aft.report.plain import one_line
from aft.values.words import counted

_DIGITS = re.compile(r"[0-9]+")

_FINISHED = (
    ProgressKind.STEP_DONE,
    ProgressKind.STEP_FAILED,
    ProgressKind.STEP_HELD,
    ProgressKind.STEP_SKIPPED,
)
_LINE = 110
"""Columns of a plain line; the reasons of a failure and of a wait are never shortened."""


class LineProgress:
    """One plain line per finished step, and one when a wait begins: for CI logs and pipes."""

    def __init__(self, write: Callable[[str], None], *, total: int) -> None:
        self._write = write
        self._total = total
        self._done = 0
        self._lock = threading.Lock()
        self._waiting: dict[str, str] = {}

    def notify(self, progress: Progress) -> None:
        with self._lock:
            if progress.kind in _FINISHED:
                self._done += 1
                self._write(self._line(progress, f"{self._done}/{self._total}"))
            elif progress.kind is ProgressKind.STEP_WAITING:
                # A wait is worth a line when it begins, not at every look.
                phase = _DIGITS.sub("", progress.message)
                if self._waiting.get(progress.change) != phase:
                    self._waiting[progress.change] = phase
                    self._write(self._line(progress, "..."))

    def _line(self, progress: Progress, counter: str) -> str:
        line = f"{counter:>7}  {progress.target}: {one_line(progress.step)}"
        if progress.kind is ProgressKind.STEP_FAILED:
            return f"{line} FAILED: {one_line(progress.message)}"
        if progress.kind is ProgressKind.STEP_SKIPPED:
            line += " skipped"
        if progress.kind is ProgressKind.STEP_HELD:
            line += " held"
        is_news = progress.tells and progress.message != "done"  # the rest was in the plan
        if progress.message and (is_news or progress.kind is not ProgressKind.STEP_DONE):
            line += f", {one_line(progress.message)}"
        if (progress.seconds or 0) >= 1:
            line += f" ({progress.seconds:.0f} s)"
        is_whole = progress.kind is ProgressKind.STEP_WAITING or len(line) <= _LINE
        return line if is_whole else f"{line[: _LINE - 1]}…"


class MaskedProgress:
    """Hands each moment on with e-mail addresses and account ids masked, before any is cut."""

    def __init__(self, observer: Observer, mask: Mask) -> None:
        self._observer = observer
        self._mask = mask

    def notify(self, progress: Progress) -> None:
        mask = self._mask
        if mask.is_on:
            names = ("target", "change", "step", "message")
            masked: dict[str, Any] = {name: mask(getattr(progress, name)) for name in names}
            account_id = mask(progress.account_id) if progress.account_id else None
            progress = replace(progress, account_id=account_id, **masked)
        self._observer.notify(progress)


class QuietProgress:
    """Says nothing."""

    def notify(self, progress: Progress) -> None:
        """Drop it."""


@dataclass(slots=True)
class _Row:
    since: float
    phase: str = ""
    done: int = 0
    failed: bool = False


class TerminalProgress:
    """A live view for terminals; use as a context manager around the run."""

    def __init__(self, console: Console, *, total: int, steps_of: Mapping[str, int]) -> None:
        self._console = console
        self._total = total
        self._steps_of = steps_of
        self._done = 0
        self._rows: dict[str, _Row] = {}
        self._lock = threading.Lock()
        self._live = Live(
            get_renderable=self._view, console=console, refresh_per_second=8, transient=True
        )

    def __enter__(self) -> Self:
        self._live.__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        self._live.__exit__(None, None, None)

    def notify(self, progress: Progress) -> None:
        title, says = one_line(progress.step), one_line(progress.message)
        with self._lock:
            row = self._rows.get(progress.target)
            self._done += progress.kind in _FINISHED
            match progress.kind:
                case ProgressKind.STEP_STARTED | ProgressKind.STEP_WAITING:
                    if row is None:
                        row = self._rows[progress.target] = _Row(since=time.monotonic())
                    row.phase = f"{title}: {says}" if says else title
                case ProgressKind.STEP_DONE if row is not None:
                    row.done += 1
                case ProgressKind.STEP_FAILED:
                    if row is not None:
                        row.failed = True
                    self._console.print(
                        f"[red]✗[/] [bold]{escape(progress.target)}[/] "
                        f"{escape(title)}: {escape(says)}"
                    )
                case ProgressKind.TARGET_DONE:
                    self._finish(progress)

    def _finish(self, progress: Progress) -> None:
        row = self._rows.pop(progress.target, None)
        if row is None or row.failed:
            return
        account = f" {progress.account_id}" if progress.account_id else ""
        name = f"[bold]{escape(progress.target)}[/]{account}"
        if progress.message != Status.SUCCEEDED:
            steps = self._steps_of.get(progress.target, row.done)
            ended = f"{escape(progress.message)}, {row.done} of {steps} steps done"
            self._console.print(f"[yellow]–[/] {name} {ended}")
        else:
            seconds = time.monotonic() - row.since
            steps_done = counted(row.done, "step")
            self._console.print(f"[green]✓[/] {name} [dim]{steps_done}, {seconds:.1f}s[/]")

    def _view(self) -> Group:
        with self._lock:
            table = Table.grid(padding=(0, 1))
            for target, row in list(self._rows.items())[: max(self._console.height - 6, 5)]:
                steps = self._steps_of.get(target, row.done)
                table.add_row(
                    Text("●", style="cyan"),
                    Text(target, style="bold"),
                    Text(f"{row.done}/{steps}", style="dim"),
                    Text(row.phase, overflow="ellipsis", no_wrap=True),
                )
            bar = Table.grid(padding=(0, 1))
            bar.add_row(
                ProgressBar(total=max(self._total, 1), completed=self._done, width=30),
                Text(f"{self._done} of {self._total} steps", style="dim"),
            )
            return Group(table, bar)
