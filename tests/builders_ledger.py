"""A ledger of a clone, and what is noted of its head outside the repository."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from builders_git import BRANCH, Clone, git

from aft.clock import SystemClock
from aft.errors import Denied
from aft.git.ledger.store import GitLedger


@dataclass
class Head:
    """``LedgerHead`` in memory; ``fails`` when it is written."""

    commit: str = ""
    fails: bool = False
    asked: int = 0
    noted: list[str] = field(default_factory=list)

    def last(self) -> str:
        return self.commit

    def note(self, commit: str) -> None:
        self.asked += 1
        if self.fails:
            raise Denied("ssm:PutParameter was denied")
        self.commit = commit
        self.noted.append(commit)


def ledger(
    clone: Clone, head: Head | None, *, adopts: bool = False, remote: str | None = "origin"
) -> GitLedger:
    return GitLedger(
        clone.repository,
        branch=BRANCH,
        remote=remote,
        clock=SystemClock(),
        environ={},
        head=head,
        adopts=adopts,
    )


def tip(where: Path, branch: str = BRANCH) -> str:
    return git(where, "rev-parse", branch)
