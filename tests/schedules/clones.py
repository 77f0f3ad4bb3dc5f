"""Clones of one hosted ledger: each has its own branch and its own memory of the remote's.

Objects are in one store for all of them, as if each had fetched all there is; who has a commit is
said by refs alone. So a fetch or a push moves a ref, by compare-and-swap.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from aft.errors import Transient, UnknownOutcome
from aft.git.wire import RemoteMoved
from schedules.baton import Baton


@dataclass
class Hosted:
    """The branch on the server, and the commit that the parameter ``/aft/ledger/head`` holds."""

    tip: str | None = None
    head: str = ""
    pushes: list[str] = field(default_factory=list)


@dataclass
class Clone:
    """What survives a process on its machine. ``is_shared`` when another one works in it too."""

    baton: Baton
    hosted: Hosted
    branch: str | None = None
    tracking: str | None = None
    is_shared: bool = False


@dataclass(frozen=True)
class Here:
    """``aft.git.ledger.branch.LocalBranch``."""

    clone: Clone

    def tip(self) -> str | None:
        self._moment("tip")
        return self.clone.branch

    def move(self, old: str | None, new: str) -> bool:
        if old == new:
            return True
        self._moment("move")
        if self.clone.branch != old:
            return False
        self.clone.branch = new
        return True

    def _moment(self, what: str) -> None:
        if self.clone.is_shared:
            self.clone.baton.reach(what)


@dataclass(frozen=True)
class There:
    """``aft.git.wire.SharedBranch``."""

    clone: Clone
    url: str = "hosted"

    def last_seen(self) -> str | None:
        return self.clone.tracking

    def remember(self, commit: str) -> None:
        self.clone.tracking = commit

    def fetch(self) -> str | None:
        with self.clone.baton.call("fetch"):
            self.clone.tracking = self.clone.hosted.tip
        return self.clone.tracking

    def push(self, commit: str, *, expected: str | None) -> None:
        hosted = self.clone.hosted
        try:
            with self.clone.baton.call("push", writes=True):
                if hosted.tip != expected:
                    raise RemoteMoved("the branch moved")
                hosted.tip = commit
                hosted.pushes.append(commit)
        except UnknownOutcome as error:
            raise Transient("the connection was reset") from error
        self.remember(commit)


@dataclass(frozen=True)
class Head:
    """``aft.ports.LedgerHead``."""

    clone: Clone

    def last(self) -> str:
        with self.clone.baton.call("GetParameter"):
            return self.clone.hosted.head

    def note(self, commit: str) -> None:
        with self.clone.baton.call("PutParameter", writes=True):
            self.clone.hosted.head = commit
