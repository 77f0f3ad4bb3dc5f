"""What starting costs, and what is not even imported."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from tests.bench.processes import AFT, cpu_seconds, modules_of
from tests.bench.table import Row

FORBIDDEN = frozenset({"boto3", "botocore", "moto", "s3transfer"})
RUNS = 7


def measure(root: Path) -> Iterator[Row]:
    """Rows for ``--help`` and ``validate`` in the repository at ``root``."""
    group = "Starting"
    environ = {"XDG_CACHE_HOME": str(root.with_name("startup-cache"))}
    for arguments in (["--help"], ["validate"]):
        imported = modules_of(arguments, cwd=root, environ=environ) & FORBIDDEN
        yield Row(
            group=group,
            name=f"AWS libraries imported by aft {arguments[0]}",
            measured=len(imported),
            bound=0,
            detail=", ".join(sorted(imported)),
        )
    nothing = min(cpu_seconds([sys.executable, "-c", "pass"], cwd=root) for _ in range(RUNS))
    usage = min(cpu_seconds([*AFT, "--help"], cwd=root) for _ in range(RUNS))
    yield Row(
        group=group,
        name="CPU of aft --help over python -c pass",
        measured=usage / nothing,
        unit="x",
    )
