"""``python -m tests.bench``: every promise measured once; exit 1 when one is not kept."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.bench import (
    baselines,
    ledger_appends,
    plan_reads,
    policies,
    pull_request,
    startup,
    templates,
    validating,
    vending,
)
from tests.bench.table import Row, as_json, table
from tests.bench.worlds import settled_place

MANY = 10_000


def main() -> int:
    """Measure, print, and say by the exit code whether all promises are kept."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="aft-bench-") as name:
        folder = Path(name)
        _isolate(folder)
        rows = list(_rows(folder))
    if "--json" in sys.argv[1:]:
        print(as_json(rows))
    else:
        print(table(rows))
        print(f"Measured in {time.monotonic() - began:.0f} s.")
    return 0 if all(row.is_kept for row in rows) else 1


def _rows(folder: Path) -> Iterator[Row]:
    yield from _said("a thousand accounts", plan_reads.measure(folder))
    many = folder / "many"
    with settled_place(many, MANY) as made:
        planned, calls = plan_reads.plan_counting(made)
        yield from _said(
            "ten thousand accounts",
            plan_reads.no_op_rows(planned, calls, accounts=MANY, bound=740),
        )
        yield from _said("a pull request", pull_request.measure(made, MANY))
        yield from _said("the ledger", ledger_appends.measure(made, MANY))
    yield from _said("ten thousand requests", validating.measure(many, MANY))
    yield from _said("starting", startup.measure(many))
    yield from _said("policies", policies.measure())
    yield from _said("templates", templates.measure())
    yield from _said("baselines", baselines.measure(folder))
    yield from _said("vending in real time", vending.measure(folder))


def _said(what: str, rows: Iterator[Row]) -> Iterator[Row]:
    """Show on a terminal what is being measured: all of it takes minutes."""
    if sys.stderr.isatty():
        print(f"measuring {what} ...", file=sys.stderr, flush=True)
    yield from rows


def _isolate(folder: Path) -> None:
    """Nothing of this machine's user, no credentials, and no cache from an earlier run."""
    for name in list(os.environ):
        if name.startswith(("AWS_", "AFT_", "GIT_")):
            del os.environ[name]
    os.environ.update(
        HOME=str(folder),
        XDG_CACHE_HOME=str(folder / "cache"),
        XDG_STATE_HOME=str(folder / "state"),
        GIT_CONFIG_GLOBAL=os.devnull,
        GIT_CONFIG_NOSYSTEM="1",
    )


sys.exit(main())
