"""What a pull request that touches one file costs its plan job: ``validate`` and a scoped plan.

Each is a process of its own against an AWS served over HTTP by this one, so that what is measured
is aft's work and not the simulation's. Once with nothing kept on the machine, and once with the
cache that the base branch's last run left (``XDG_CACHE_HOME``), as the workflow restores it.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from aft.sandbox.server import serve
from tests.bench.processes import AFT, cpu_seconds
from tests.bench.repositories import Sample, commit, git
from tests.bench.table import Row
from tests.bench.worlds import LEDGER_BRANCH, Place

MOST_CALLS = 10
MOST_SECONDS = 3.0
ROUNDS = 3


def measure(made: Place, count: int) -> Iterator[Row]:
    """Rows for the settled organization of ``count`` accounts; its repository is as before."""
    base = git(made.root, "rev-parse", "HEAD")
    git(made.root, "branch", "--force", "aft/ledger", LEDGER_BRANCH)
    sample = Sample(number=count // 2)
    (made.root / sample.path).write_text(sample.text.replace("internal", "secret"))
    commit(made.root, "Change one file")
    folder = made.root.with_name("pull-request")
    try:
        with serve(made.sandbox) as server:
            job = _Job(
                root=made.root,
                base=base,
                cache=folder / "cache",
                environ={
                    **server.environment(),
                    "XDG_CACHE_HOME": str(folder / "cache"),
                    # As where aft was installed by pip, whatever this machine's habits are.
                    "PYTHONDONTWRITEBYTECODE": "",
                    "PYTHONPYCACHEPREFIX": str(folder / "bytecode"),
                },
            )
            yield from _rows(made, job, count)
    finally:
        git(made.root, "reset", "--quiet", "--hard", base)
        git(made.root, "branch", "--quiet", "-D", "aft/ledger")
        shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True, kw_only=True)
class _Job:
    """The plan job of a pull request from ``base`` to ``HEAD``."""

    root: Path
    base: str
    cache: Path
    environ: Mapping[str, str]

    def run(self) -> tuple[float, float]:
        """CPU seconds of the two commands."""
        trusted = ("--revision", "HEAD", "--config-from", self.base)
        return (
            self._cost("validate", *trusted),
            self._cost("plan", "--changed-since", self.base, *trusted),
        )

    def run_cold(self) -> tuple[float, float]:
        """With nothing kept."""
        shutil.rmtree(self.cache, ignore_errors=True)
        return self.run()

    def run_kept(self) -> tuple[float, float]:
        """With what runs of the base branch keep."""
        shutil.rmtree(self.cache, ignore_errors=True)
        self._cost("plan", "--revision", self.base, "--only", Sample(number=0).request_id)
        return self.run()

    def _cost(self, *arguments: str) -> float:
        return cpu_seconds([*AFT, *arguments], cwd=self.root, environ=self.environ)


def _rows(made: Place, job: _Job, count: int) -> Iterator[Row]:
    with made.counting() as calls:
        job.run()  # also brings Python's own caches there
    cold = [job.run_cold() for _ in range(ROUNDS)]
    kept = [job.run_kept() for _ in range(ROUNDS)]
    group = f"A pull request that touches one of {count:,} requests"
    yield Row(
        group=group,
        name="AWS calls",
        measured=sum(calls.values()),
        bound=MOST_CALLS,
        detail=", ".join(f"{number} {operation}" for operation, number in sorted(calls.items())),
    )
    for words, runs, bound in (
        ("the base's cache restored", kept, MOST_SECONDS),
        ("no cache at all", cold, None),
    ):
        validated, planned = min(runs, key=sum)
        yield Row(
            group=group,
            name=f"CPU of validate and plan, {words}",
            measured=validated + planned,
            bound=bound,
            unit=" s",
            detail=f"validate {validated:.2f} s, plan {planned:.2f} s",
        )
