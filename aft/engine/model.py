"""What a run is given: the ports it works through, who it is, and when to stop.

What it gives back is ``aft.plan.outcome``. Nothing here acts.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field

from aft.account_provider import AccountProvider
from aft.customizations.options import RunnerOptions
from aft.desired.model import DesiredState
from aft.engine.effects import Effects
from aft.errors import Terminal
from aft.plan.kind import Kinds
from aft.ports import (
    AccountLookup,
    CallRecorder,
    Clock,
    LedgerStore,
    MemberAccess,
    Observer,
    OrganizationWriter,
    RequestHistory,
    SecretReader,
    StepLogs,
)


class Consent(enum.StrEnum):
    """What lets risky changes happen; goes into the ledger."""

    OPERATOR = "operator"
    """The person who started the command."""
    PLAN = "plan"
    """The plan that was given is carried out to the letter."""
    REVIEW = "review"
    """What was reviewed before the merge; anything else that is risky is held."""
    BRANCH = "branch"
    """Everything on the watched branch: there, merging is the review."""


class NoLogs:
    """Keeps nothing."""

    def keep(self, log: str, *, run: str, target: str, step: str) -> None:
        """Let it go."""


class NoSecrets:
    """Has nothing."""

    def read(self, arn: str) -> str:
        """Raises ``Terminal``."""
        raise Terminal(f"secret {arn} cannot be read here")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """Everything a run may touch. ``effects`` are keyed by kind; ``random`` gives numbers from 0
    up to 1, for the jitter of waits. ``options`` are handed to runners; ``past`` reads the desired
    state of an earlier revision, and raises ``AftError``. ``pools`` make what steps run on: so many
    at once, in threads of that name."""

    clock: Clock
    ledger: LedgerStore
    provider: AccountProvider
    writer: OrganizationWriter
    lookup: AccountLookup
    members: MemberAccess
    calls: CallRecorder
    observer: Observer
    history: RequestHistory
    random: Callable[[], float]
    kinds: Kinds
    effects: Mapping[str, Effects]
    logs: StepLogs = field(default_factory=NoLogs)
    options: RunnerOptions = field(default_factory=RunnerOptions)
    past: Callable[[str], DesiredState] | None = None
    pools: Callable[[int, str], Executor] = ThreadPoolExecutor
    secrets: SecretReader = field(default_factory=NoSecrets)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunInfo:
    """Who carries out what: goes into every ledger event. ``command`` is the verb, ``consent`` what
    lets risky changes happen, and ``reviewed`` the digest of the plan that people have seen.
    ``lifted`` are the safety limits that only a reviewed exception lets the run exceed,
    ``accepted`` the digests of previews that people agreed to."""

    id: str
    actor: str
    revision: str
    plan_digest: str
    command: str
    consent: Consent = Consent.OPERATOR
    reviewed: str = ""
    lifted: tuple[str, ...] = ()
    accepted: frozenset[str] = frozenset()


class StopToken:
    """A request to stop between two steps, made by a signal, a deadline or a failing thread.
    ``set`` takes no lock, so a signal handler may call it. Given a ``clock`` and ``seconds``, it
    also sets itself once that much time has gone by."""

    def __init__(self, *, clock: Clock | None = None, seconds: float | None = None) -> None:
        self._reason = ""
        self._clock = clock
        self._seconds = seconds
        self._ends = None if clock is None or seconds is None else clock.monotonic() + seconds

    def set(self, reason: str) -> None:
        """Ask for the stop; the first reason is kept."""
        if not self._reason:
            self._reason = reason or "asked to stop"

    @property
    def reason(self) -> str:
        """Why to stop, or an empty string while the work may go on."""
        if (
            not self._reason
            and self._clock is not None
            and self._ends is not None
            and self._clock.monotonic() >= self._ends
        ):
            self.set(f"the deadline of {self._seconds:g} s has passed")
        return self._reason

    @property
    def is_set(self) -> bool:
        return bool(self.reason)
