"""An intent is a lease: what a run writes before it applies for an account, and may act on after.

The run that holds it applies within ``CALL_WITHIN_SECONDS`` of the push that opened or renewed it,
or renews it first; another run settles it only after it has itself seen it unchanged for
``LEASE_SECONDS``. So a run that was frozen between its push and its call does not call: its lease
is too old, and the renewal shows what another run has done meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aft.account_provider import Creation
from aft.engine.context import RunContext
from aft.engine.journal import why
from aft.errors import Overtaken, Terminal, Transient
from aft.ledger.events import LedgerEvent, OpenIntent
from aft.ledger.payloads import Creating, Intent, IntentSettled
from aft.plan.fields import EMAIL, NAME, wanted
from aft.plan.model import Change

LEASE_SECONDS = 60.0
CALL_WITHIN_SECONDS = 30.0
PUSHES = 5
"""How often a lease is renewed in a row because each push took too long."""


@dataclass(slots=True, kw_only=True)
class Lease:
    """An intent that this process may act on. ``since`` is the clock's boot time before the push
    that opened or renewed it: others can have seen it no earlier."""

    intent: OpenIntent
    since: float


class Leases:
    """Writes what one run means to create, and what came of it."""

    def __init__(self, context: RunContext) -> None:
        self._context = context
        self._clock = context.tools.clock

    def open(self, change: Change, *, over: tuple[OpenIntent, str] | None = None) -> Lease:
        """Make a new intent durable, in one append with the end of the one it is ``over``, and why
        that ended. Raises ``Overtaken`` when another run came first."""
        request, config = self._context.request(change.target), self._context.desired.config
        name, email = wanted(change, NAME), wanted(change, EMAIL)
        ended = () if over is None else (self._ended(change, *over),)
        opened = self._context.journal.event(
            Intent(name=name, email=email, provider=config.provider, why=why(request)),
            change.target,
            f"Intend to create account {name} for {change.target}",
            change=change.id,
        )
        return self._push(change, *ended, opened)

    def take(self, change: Change, intent: OpenIntent) -> Lease:
        """Renew the lease of ``intent`` as this run's. Raises ``Overtaken`` when another run came
        first."""
        name = intent.name
        renewed = self._context.journal.event(
            Intent(name=name, email=intent.email, provider=intent.provider),
            change.target,
            f"Still intend to create account {name} for {change.target}",
            change=change.id,
            lease=intent.lease,
        )
        return self._push(change, renewed)

    def keep(self, change: Change, lease: Lease) -> None:
        """Renew ``lease`` if it is too old to act on. Raises ``Overtaken`` when another run has
        settled it, ``Transient`` when the ledger's remote is too slow."""
        for _ in range(PUSHES):
            if not self._is_old(lease):
                return
            fresh = self.take(change, lease.intent)
            lease.intent, lease.since = fresh.intent, fresh.since
        self.check(lease)

    def check(self, lease: Lease) -> None:
        """Raises ``Transient`` when ``lease`` is too old to act on."""
        if self._is_old(lease):
            raise Transient(
                f"more than {CALL_WITHIN_SECONDS:.0f} s went by between the push of the intent and "
                "the call, so the account was not requested",
                hint="the machine was suspended, or the ledger's remote is slow; run again",
            )

    def accepted(
        self, change: Change, intent: OpenIntent, creation: Creation, calls: Sequence[str]
    ) -> None:
        """The creation is accepted: note its id. Lost with this machine, it is found by looking."""
        self._context.journal.write(
            Creating(creation_id=creation.id),
            change.target,
            f"Creating account {creation.account_name} for {change.target} ({creation.id})",
            change=change.id,
            lease=intent.lease,
            aws_request_ids=calls,
        )

    def came_to_nothing(self, change: Change, intent: OpenIntent, why: str) -> None:
        """Close the intent, if it is still open: no account came of it."""
        journal = self._context.journal
        try:
            journal.append(self._ended(change, intent, why))
        except Overtaken:
            self._context.retry(lambda: journal.refreshed(change.target))

    def _ended(self, change: Change, intent: OpenIntent, why: str) -> LedgerEvent:
        return self._context.journal.event(
            IntentSettled(reason=why, intent_run=intent.run),
            change.target,
            f"No account was created for {change.target}: {why}",
            change=change.id,
            lease=intent.lease,
        )

    def _push(self, change: Change, *events: LedgerEvent) -> Lease:
        since = self._clock.boottime()
        self._context.journal.append(*events, durable=True)
        intent = self._context.record(change.target).intent
        if intent is None:
            raise Terminal(f"the intent of {change.id} is not in the ledger; run again")
        return Lease(intent=intent, since=since)

    def _is_old(self, lease: Lease) -> bool:
        return self._clock.boottime() - lease.since > CALL_WITHIN_SECONDS
