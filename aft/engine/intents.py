"""The write-ahead of account creation: an intent is durable before it is started, settled after.

An intent that is still open, from this run or a killed one, is settled by looking: at the
creation it names, at the creations that the provider says may have come of it, at the account that
has the e-mail. Only when all of that shows nothing may an account be applied for again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC

from aft.account_provider import Creation, CreationState, EarlierApplication
from aft.engine.context import RunContext
from aft.engine.journal import why
from aft.errors import NotFound, Terminal
from aft.ledger.events import OpenIntent
from aft.ledger.payloads import Creating, Intent, IntentSettled
from aft.organization.model import REQUEST_TAG, Account, AccountState
from aft.plan.fields import EMAIL, NAME, wanted
from aft.plan.model import Change
from aft.values.ids import EmailAddress, RequestId


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What became of ``intent``, which is still open: a creation to wait for or read, or an account
    that is ours. ``is_fresh`` when this very attempt began the creation; an older one may have been
    started for another name or tags. ``tries`` counts the creations that AWS gave up for the
    moment."""

    intent: OpenIntent
    creation: Creation | None = None
    account: Account | None = None
    is_fresh: bool = False
    tries: int = 0


def token_of(target: str, intent: OpenIntent) -> str:
    """The token of what is applied for under ``intent``: the same for every run that reads it."""
    at = intent.at.astimezone(UTC).isoformat()
    return hashlib.sha256(f"{target}\n{intent.run}\n{at}".encode()).hexdigest()


class Intents:
    """Opens and settles intents for one run."""

    def __init__(self, context: RunContext) -> None:
        self._context = context
        self._provider = context.desired.config.provider

    def open(self, change: Change) -> OpenIntent:
        """Make the intent durable. Raises ``Conflict`` when another run holds one."""
        request = self._context.request(change.target)
        name, email = wanted(change, NAME), wanted(change, EMAIL)
        event = self._context.journal.write(
            Intent(name=name, email=email, provider=self._provider, why=why(request)),
            change.target,
            f"Intend to create account {name} for {change.target}",
            change=change.id,
            durable=True,
        )
        return OpenIntent(
            at=event.at, run=event.run, name=name, email=email, provider=self._provider
        )

    def accepted(self, change: Change, creation: Creation, calls: Sequence[str]) -> None:
        """The creation is accepted: note its id, durably."""
        self._context.journal.write(
            Creating(creation_id=creation.id),
            change.target,
            f"Creating account {creation.account_name} for {change.target} ({creation.id})",
            change=change.id,
            aws_request_ids=calls,
            durable=True,
        )

    def came_to_nothing(self, change: Change, intent: OpenIntent, why: str) -> None:
        """Close the intent: no account came of it."""
        self._context.journal.write(
            IntentSettled(reason=why, intent_run=intent.run),
            change.target,
            f"No account was created for {change.target}: {why}",
            change=change.id,
        )

    def settle(self, change: Change, intent: OpenIntent, *, look_once: bool) -> Asked | None:
        """Look what became of ``intent``; ``None`` when nothing did, now or later. Looks again, at
        growing intervals, until the intent is old enough to be sure; with ``look_once`` does not
        wait for that."""
        wait, settles_after = 1.0, self._context.tools.provider.traits.settles_after
        while True:
            self._context.pause.check()
            found = self._look(change, intent)
            age = self._context.tools.clock.now() - intent.at
            if found is not None or look_once or age >= settles_after:
                return found
            self._context.waiting(change, "looking whether the account was created after all")
            left = (settles_after - age).total_seconds()
            self._context.pause.wait(max(0.25, min(wait, left)))
            wait *= 2

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
