"""What became of an intent to create an account.

One that is still open, from this run or a killed one, is settled by looking: at the creation it
names, at the creations that the provider says may have come of it, at the account that
has the e-mail. Only when all of that shows nothing may an account be applied for again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC

from aft.account_provider import Creation, CreationState, EarlierApplication
from aft.engine.context import RunContext
from aft.errors import NotFound, Overtaken, Terminal
from aft.ledger.events import OpenIntent
from aft.organization.model import REQUEST_TAG, Account, AccountState
from aft.plan.model import Change
from aft.values.ids import AccountId, EmailAddress, RequestId

LOOK_EVERY_SECONDS = 5.0
"""How often the ledger is read while another run's intent is watched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What became of ``intent``, which is still open: a creation to wait for or read, or an account
    that is ours; without it, the account that another run has bound to the request. ``is_fresh``
    when this very attempt began the creation; an older one may have been started for another name
    or tags. ``tries`` counts the creations that AWS gave up for the moment."""

    intent: OpenIntent | None = None
    creation: Creation | None = None
    account: Account | None = None
    is_fresh: bool = False
    tries: int = 0


def token_of(target: str, intent: OpenIntent) -> str:
    """The token of what is applied for under ``intent``: the same for every run that reads it."""
    at = intent.at.astimezone(UTC).isoformat()
    return hashlib.sha256(f"{target}\n{intent.run}\n{at}".encode()).hexdigest()


class Intents:
    """Looks what became of intents, for one run."""

    def __init__(self, context: RunContext) -> None:
        self._context = context
        self._provider = context.desired.config.provider

    def became(self, change: Change, intent: OpenIntent) -> Asked | None:
        """What is known now of what came of ``intent``; ``None`` when nothing is."""
        return self._look(change, intent)

    def settled(self, change: Change, intent: OpenIntent, *, after: float) -> Asked | None:
        """What became of ``intent``; ``None`` when nothing did, now or later. Looks again, at
        growing intervals, until ``after`` seconds have gone by in which the intent was the same in
        the ledger. Raises ``Overtaken`` once it is another one, or none."""
        clock, wait = self._context.tools.clock, 1.0
        began = clock.boottime()
        while True:
            self._context.pause.check()
            left = after - (clock.boottime() - began)
            found = self._look(change, intent)
            if found is not None or left <= 0:
                return found
            self._watch(change, intent, min(wait, left))
            wait *= 2

    def _watch(self, change: Change, intent: OpenIntent, seconds: float) -> None:
        """Wait, and see to it that no other run has touched ``intent`` by then."""
        journal, retry = self._context.journal, self._context.retry
        holder, doing = intent.renewed_by or intent.run, "looking whether the account was created"
        if holder != self._context.run.id:
            doing = f"run {holder} has opened an intent; {doing}"
        while seconds > 0:
            self._context.waiting(change, doing)
            self._context.pause.wait(max(0.25, min(seconds, LOOK_EVERY_SECONDS)))
            seconds -= LOOK_EVERY_SECONDS
            if retry(lambda: journal.refreshed(change.target)).intent != intent:
                raise Overtaken(f"another run goes on with the creation for {change.target}")

    def account_bound(self, change: Change, account_id: AccountId) -> Account:
        """The account that another run has bound to this request meanwhile."""
        lookup = self._context.tools.lookup
        return self.claim(change, self._context.retry(lambda: lookup.account(account_id)))

    def claim(self, change: Change, account: Account) -> Account:
        """``account`` again, if this request may have it. Raises ``Terminal`` saying why not."""
        owner = account.tags.get(REQUEST_TAG)
        previously = self._context.request(change.target).previously
        if owner not in (None, change.target, previously):
            raise _taken(change, account, f"the tag {REQUEST_TAG} says it is {owner}'s")
        for subject, record in self._context.journal.records().items():
            if record.account_id == account.id and subject not in (change.target, previously):
                raise _taken(change, account, f"the ledger says it is {subject}'s")
        if account.state not in (AccountState.ACTIVE, AccountState.PENDING_ACTIVATION):
            raise Terminal(
                f"the e-mail address of {change.target} belongs to account {account.id}, which "
                f"is {account.state.value}",
                hint="its address is not free again; choose another one, or have the account "
                "reopened by AWS Support",
            )
        return account

    def account_behind(self, change: Change, email: str) -> Account | None:
        """The organization's account with this e-mail, if this request may have it."""
        lookup = self._context.tools.lookup
        account = self._context.retry(lambda: lookup.account_by_email(email))
        return None if account is None else self.claim(change, account)

    def account_if_ours(
        self, change: Change, intent: OpenIntent, creation: Creation
    ) -> Account | None:
        """The account a creation made, if it is this request's. Names are not unique: the tag,
        or the e-mail, must say the same."""
        lookup, account_id = self._context.tools.lookup, creation.account_id
        if account_id is None:
            return None
        try:
            account = self._context.retry(lambda: lookup.account(account_id))
        except NotFound:
            return None
        is_ours = (
            account.tags[REQUEST_TAG] == change.target
            if REQUEST_TAG in account.tags
            else EmailAddress(account.email).key == EmailAddress(intent.email).key
        )
        return account if is_ours else None

    def in_progress(self, name: str) -> Creation | None:
        """A creation under this name that is still going on."""
        listed = self._context.retry(self._context.tools.provider.in_progress)
        return next((item for item in listed if item.account_name == name), None)

    def _look(self, change: Change, intent: OpenIntent) -> Asked | None:
        if intent.provider != self._provider:
            account = self.account_behind(change, intent.email)
            if account is not None:
                return Asked(intent=intent, account=account)
            raise Terminal(
                f"a creation for {change.target} was started by {intent.provider}, but aft.yaml "
                f"names {self._provider} now, which cannot tell what came of it",
                hint=f"write `provider: {intent.provider}` and apply until the creation is settled",
            )
        if intent.creation_id is not None:
            try:
                return Asked(intent=intent, creation=self._read(intent.creation_id))
            except NotFound:
                pass  # old creations are forgotten; the account does not go away with that
        for creation in self._find(change, intent):
            if creation.state is CreationState.IN_PROGRESS:
                return Asked(intent=intent, creation=creation)
            if self.account_if_ours(change, intent, creation) is not None:
                return Asked(intent=intent, creation=creation)
        account = self.account_behind(change, intent.email)
        return None if account is None else Asked(intent=intent, account=account)

    def _find(self, change: Change, intent: OpenIntent) -> Sequence[Creation]:
        provider = self._context.tools.provider
        earlier = EarlierApplication(
            request_id=RequestId(change.target),
            name=intent.name,
            email=intent.email,
            token=token_of(change.target, intent),
            at=intent.at,
        )
        return self._context.retry(lambda: provider.find(earlier))

    def _read(self, creation_id: str) -> Creation:
        provider = self._context.tools.provider
        return self._context.retry(lambda: provider.look(creation_id))


def _taken(change: Change, account: Account, why: str) -> Terminal:
    return Terminal(
        f"the e-mail address of {change.target} belongs to account {account.name} "
        f"({account.id}) already, and {why}",
        hint="choose another e-mail address; or, if that account is meant, take it from its "
        "present request first (`previously`)",
    )
