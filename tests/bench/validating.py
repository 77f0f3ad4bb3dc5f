"""``aft validate`` of a large repository as a process of its own, without and with its cache.

Cold and warm runs alternate and the best of each counts, so that other work on the machine falls
on both. The yardstick is PyYAML reading the same files, in one process as well.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.bench.processes import AFT, cpu_seconds
from tests.bench.repositories import Sample, commit
from tests.bench.table import Row

COLD_SECONDS = 6.0
TIMES_LESS = 5.0
ROUNDS = 3
WARM_RUNS = 3

YARDSTICK = """\
import pathlib, sys, yaml
for file in pathlib.Path(sys.argv[1]).rglob("*.yaml"):
    yaml.load(file.read_bytes(), Loader=yaml.{loader})
"""


def measure(root: Path, count: int) -> Iterator[Row]:
    """Rows for the repository of ``count`` requests at ``root``."""
    cache = root.with_name("validate-cache")
    environ = {"XDG_CACHE_HOME": str(cache)}

    def validate() -> float:
        return cpu_seconds([*AFT, "validate"], cwd=root, environ=environ)

    validate()  # once, so that Python's own caches are there
    cold, warm, edited = [], [], []
    for number in range(ROUNDS):
        shutil.rmtree(cache)
        cold.append(validate())
        warm += [validate() for _ in range(WARM_RUNS)]
        sample = Sample(number=number)
        (root / sample.path).write_text(sample.text.replace("internal", "secret"))
        edited.append(validate())
    commit(root, "Edit some")
    group = f"aft validate, {count:,} requests"
    yield Row(
        group=group, name="CPU without a cache", measured=min(cold), bound=COLD_SECONDS, unit=" s"
    )
    yield Row(
        group=group,
        name="times less CPU with a warm cache",
        measured=min(cold) / min(warm),
        bound=TIMES_LESS,
        at_least=True,
        unit="x",
    )
    yield Row(
        group=group,
        name="times less after one file was edited",
        measured=min(cold) / min(edited),
        unit="x",
    )
    for loader in ("CSafeLoader", "SafeLoader"):
        code = YARDSTICK.format(loader=loader)
        requests = str(root / "account-requests")
        yardstick = cpu_seconds([sys.executable, "-c", code, requests], cwd=root)
        yield Row(
            group=group,
            name=f"files a second without a cache, over yaml.{loader}",
            measured=yardstick / min(cold),
            unit="x",
        )
