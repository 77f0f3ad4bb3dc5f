"""The port through which a run's work is spread: jobs, and the engine that carries them out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from aft.plan.outcome import TargetOutcome
from aft.values.ids import PlanDigest


@dataclass(frozen=True, slots=True)
class Job:
    """A machine's work: to carry out what plan ``plan`` has for ``target`` in run ``run``. It
    knows the rest by reading: the plan from its file, which has this digest; the desired state from
    git, at the plan's revision; the organization from AWS; and from the ledger who began the run,
    what it has done since, and the accounts, outputs and ids that came of that."""

    run: str
    plan: PlanDigest
    target: str


class Engine(Protocol):
    """Carries jobs out, on the threads or machines it has. ``tests/contract/test_engine.py``
    runs one suite over every engine."""

    def carry_out(self, jobs: Sequence[Job]) -> Sequence[TargetOutcome]:
        """Carry out these jobs of one run, which has started; one row per job, in their order.

        - A change begins once what it needs has succeeded and what it follows has ended: among
          these jobs, or before, which the ledger tells. Where that never happened it is blocked.
        - All that goes wrong is a row: of the change, and of all that need it. Only what is meant
          to end the process is raised.
        - A stop lets what runs come to its end; what has not started by then is stopped.
        - Every change ends in the ledger before another one that needs it begins. A job that is
          carried out again (its machine died) leaves out what the run has done already.
        - No job waits for another one of the same target: they are never carried out side by
          side. Creations in progress at a time are limited for all machines together by the
          caller, which hands jobs out, and by AWS.
        """
        ...
