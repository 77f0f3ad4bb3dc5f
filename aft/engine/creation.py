"""Creating an account: the one step that cannot be taken back.

``ask`` holds one of the few creation slots and returns as soon as the creation is over, so that
the next one can begin; ``finish`` then reads how it ended, outside any slot: the account is bound,
made sure of, placed and labelled. The binding is durable before anything else is done to it, so
that anything that fails afterwards is repaired by the next plan, which finds a bound account in the
wrong place.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

from aft.account_provider import (
    Application,
    Creation,
    CreationFailure,
    CreationRefused,
    CreationState,
)
from aft.engine.account import destination_of, ensure_usable, place, tag
from aft.engine.context import RunContext
from aft.engine.effects import StepSuccess
from aft.engine.intents import Asked, Intents, token_of
from aft.engine.leases import CALL_WITHIN_SECONDS, LEASE_SECONDS, Lease, Leases
from aft.engine.waiting import THROTTLED, TRANSIENT, backoff_for
from aft.engine.watch import CreationWatch
from aft.errors import AftError, Conflict, Overtaken, Terminal, Transient, UnknownOutcome
from aft.ledger.events import OpenIntent
from aft.ledger.payloads import Bound
from aft.organization.model import REQUEST_TAG, Account
from aft.plan.fields import EMAIL, NAME, OU, field_of, tags_to_set, wanted
from aft.plan.model import Change
from aft.values.ids import AccountId, EmailAddress, RequestId

MAX_LOST_REPLIES = 3

_UNEXPLAINED = CreationFailure(reason="no reason given", hint="")


@dataclass(frozen=True, slots=True, kw_only=True)
class AskAgain:
    """AWS gave the creation up for a reason that passes; ``ask`` once more, after a while."""

    reason: str
    tries: int


class Creations:
    """Creates accounts for one run; used by several threads."""

    def __init__(self, context: RunContext) -> None:
        tools = context.tools
        self._context = context
        self._intents, self._leases = Intents(context), Leases(context)
        self._provider = tools.provider
        self._watch = CreationWatch(tools.provider, tools.clock, context.pause)
        self._within = float(context.limits.created_within_seconds)
        settles_after = tools.provider.traits.settles_after.total_seconds()
        self._lease_ends_after = max(LEASE_SECONDS, CALL_WITHIN_SECONDS + settles_after)

    # --- inside a slot ---

    def ask(self, change: Change, again: AskAgain | None = None) -> Asked:
        """Have the account created and wait until that is over, or find it there already."""
        context = self._context
        asked: Asked | None = None
        if again is not None:
            delay = THROTTLED.delay(again.tries, context.tools.random, at_least=1.0)
            context.waiting(change, f"{again.reason}; trying again in {delay:.0f} s")
            context.pause.wait(delay)
        while asked is None:
            asked = self._attempt(change)
        if asked.creation is not None and asked.creation.state is CreationState.IN_PROGRESS:
            self._wait(change, asked.creation)
        return replace(asked, tries=again.tries if again is not None else 0)

    def _attempt(self, change: Change) -> Asked | None:
        """Ask, by what the ledger says; ``None`` when another run came first, which it says now."""
        context = self._context
        context.pause.check()
        try:
            account_id = context.bound_meanwhile(change.target)
            intent = context.record(change.target).intent
            if account_id is not None:
                account = self._intents.account_bound(change, AccountId(account_id))
                return Asked(account=account)
            return self._start(change) if intent is None else self._take_up(change, intent)
        except Overtaken:
            context.retry(lambda: context.journal.refreshed(change.target))
            return None

    def _take_up(self, change: Change, intent: OpenIntent) -> Asked:
        """Go on with what another run has started, or with a new intent once nothing came of it."""
        if self._may_repeat(change, intent):
            found = self._intents.became(change, intent)
            if found is None:
                return self._start(change, self._leases.take(change, intent))
        else:
            found = self._intents.settled(change, intent, after=self._lease_ends_after)
        why = _why_nothing_came(found)
        return found if found is not None and not why else self._start(change, over=(intent, why))

    def _may_repeat(self, change: Change, intent: OpenIntent) -> bool:
        """Whether to begin again what ``intent`` is about is to begin it once."""
        return (
            self._provider.traits.is_idempotent
            and intent.provider == self._context.desired.config.provider
            and intent.creation_id is None
            and intent.name == wanted(change, NAME)
            and EmailAddress(intent.email).key == EmailAddress(wanted(change, EMAIL)).key
        )

    def _start(
        self,
        change: Change,
        earlier: Lease | None = None,
        *,
        over: tuple[OpenIntent, str] | None = None,
    ) -> Asked:
        """Have a creation accepted, under ``earlier`` or else under a new intent."""
        lost, lease = 0, earlier
        while True:
            self._context.pause.check()
            in_doubt, lease = lease is not None, lease or self._leases.open(change, over=over)
            over = None
            try:
                creation, calls = self._call(change, lease)
            except Overtaken:
                raise
            except UnknownOutcome:
                lost += 1
                if not self._may_repeat(change, lease.intent):
                    if (asked := self._after_lost_reply(change, lease.intent)) is not None:
                        return asked
                    lease = None
                if lost >= MAX_LOST_REPLIES:
                    raise
                if lease is not None:
                    self._context.pause.wait(TRANSIENT.delay(lost, self._context.tools.random))
                continue
            except AftError as error:  # refused, or stopped while waiting: nothing has started
                if not in_doubt or isinstance(error, CreationRefused):
                    self._leases.came_to_nothing(change, lease.intent, error.message)
                if isinstance(error, CreationRefused) and error.failure.account_exists:
                    return self._behind_email(change, lease.intent, error.failure)
                raise
            self._leases.accepted(change, lease.intent, creation, calls)
            return Asked(intent=lease.intent, creation=creation, is_fresh=earlier is None)

    def _after_lost_reply(self, change: Change, intent: OpenIntent) -> Asked | None:
        """What became of this run's own call; ``None`` once it is noted that nothing did."""
        after = self._provider.traits.settles_after.total_seconds()
        found = self._intents.settled(change, intent, after=after)
        if not (why := _why_nothing_came(found)):
            return found
        self._leases.came_to_nothing(change, intent, why)
        return None

    def _call(self, change: Change, lease: Lease) -> tuple[Creation, list[str]]:
        """One accepted application. Waits while all slots of the organization are taken."""
        context, clock, calls = self._context, self._context.tools.clock, self._context.tools.calls
        began, attempt = clock.monotonic(), 0
        while True:
            self._leases.keep(change, lease)
            application = self._application(change, lease.intent)
            try:
                with calls.recording() as made, calls.checked(lambda: self._leases.check(lease)):
                    creation = self._provider.begin(application)
            except (Transient, Conflict) as error:  # it has certainly not started
                if clock.monotonic() - began >= self._within:
                    raise Terminal(
                        f"AWS accepted no creation for {self._within:.0f} s: {error.message}",
                        hint="other creations hold the slots, or the quota is used up; run again",
                    ) from error
                after = error.retry_after if isinstance(error, Transient) else None
                backoff = backoff_for(error) or THROTTLED
            else:
                return creation, made
            context.waiting(change, "waiting until AWS accepts another creation")
            context.pause.wait(backoff.delay(attempt, context.tools.random, at_least=after))
            attempt += 1

    def _application(self, change: Change, intent: OpenIntent) -> Application:
        ou = destination_of(self._context, change)
        return Application(
            request_id=RequestId(change.target),
            name=wanted(change, NAME),
            email=wanted(change, EMAIL),
            ou=ou,
            ou_path=self._context.units.path_of(ou),
            tags=tags_to_set(change),
            token=token_of(change.target, intent),
        )

    def _wait(self, change: Change, creation: Creation) -> None:
        def notice(age: float) -> None:
            self._context.waiting(change, "AWS is creating the account", seconds=age)

        self._watch.until_over(creation, within=self._within, notice=notice)

    # --- outside a slot ---

    def finish(self, change: Change, asked: Asked) -> StepSuccess | AskAgain:
        """Read how it ended and make the account the request's."""
        if asked.account is not None:
            return _settle_in(self._context, change, asked.account.id, found=asked.account)
        creation, intent = self._ended(change, asked)
        if creation.state is CreationState.SUCCEEDED and creation.account_id is not None:
            found = None if asked.is_fresh else self._verified(change, intent, creation)
            starter = intent.run if intent.run != self._context.run.id else ""
            return _settle_in(
                self._context,
                change,
                creation.account_id,
                creation=creation,
                found=found,
                starter=starter,
            )
        failure = creation.failure or _UNEXPLAINED
        self._leases.came_to_nothing(change, intent, failure.reason)
        if failure.account_exists:
            behind = self._behind_email(change, intent, failure)
            if behind.creation is not None:
                self._wait(change, behind.creation)
            return self.finish(change, behind)
        if asked.tries < failure.tries:
            return AskAgain(reason=failure.reason, tries=asked.tries + 1)
        raise _not_created(change, failure)

    def _ended(self, change: Change, asked: Asked) -> tuple[Creation, OpenIntent]:
        """The creation's last word. The list may have been ahead of it, so look again."""
        creation, intent = asked.creation, asked.intent
        if creation is None or intent is None:
            raise Terminal(f"{change.id} was neither requested nor found; run again")
        while creation.state is CreationState.IN_PROGRESS:
            creation = self._context.retry(partial(self._provider.look, creation.id))
            if creation.state is CreationState.IN_PROGRESS:
                self._wait(change, creation)
        return creation, intent

    def _verified(self, change: Change, intent: OpenIntent, creation: Creation) -> Account:
        """The account of a creation that this call did not begin, if it is this request's."""
        account = self._intents.account_if_ours(change, intent, creation)
        if account is None:
            raise Terminal(
                f"creation {creation.id} under the name {creation.account_name} made account "
                f"{creation.account_id}, but with another e-mail address than {intent.email}",
                hint="another account of that name was created; run again",
            )
        return self._intents.claim(change, account)

    def _behind_email(self, change: Change, intent: OpenIntent, failure: CreationFailure) -> Asked:
        """An account that exists already may be ours: look."""
        email = EmailAddress(wanted(change, EMAIL))
        account = self._intents.account_behind(change, email)
        if account is not None:
            return Asked(intent=intent, account=account)
        going_on = self._intents.in_progress(wanted(change, NAME))
        if going_on is not None:  # our own earlier call, whose reply was lost
            return Asked(intent=intent, creation=going_on)
        raise _not_created(change, failure)


def _why_nothing_came(found: Asked | None) -> str:
    """Empty where something did, or still may."""
    if found is None:
        return "AWS knows neither a creation nor an account"
    if found.creation is None or found.creation.state is not CreationState.FAILED:
        return ""
    return (found.creation.failure or _UNEXPLAINED).reason


def _not_created(change: Change, failure: CreationFailure) -> Terminal:
    return Terminal(
        f"AWS did not create the account of {change.target}: {failure.reason}",
        hint=failure.hint,
        code=failure.reason,
    )


def _settle_in(
    context: RunContext,
    change: Change,
    account_id: AccountId,
    *,
    creation: Creation | None = None,
    found: Account | None = None,
    starter: str = "",
) -> StepSuccess:
    """Make ``account_id`` the request's. ``found`` is given for an account that this very run
    did not ask for, whose name, tags and place may be other than wanted; ``starter`` is the other
    run that asked for it, if one did."""
    provider = context.tools.provider
    how = "created" if creation is not None else "found"
    tags = tags_to_set(change)
    owned = context.owned_tags(change.target, added=tags)
    context.bind(
        change,
        account_id,
        Bound(
            how=how,
            creation_id=creation.id if creation else None,
            tag_keys=owned,
            awaited=True,
        ),
        f"Bind account {account_id} to {change.target} ({how})",
        is_new=creation is not None or bool(found and found.tags.get(REQUEST_TAG) == change.target),
    )
    ensure_usable(context, change, account_id)
    destination = destination_of(context, change)
    born_in = provider.birthplace(destination, context.snapshot)
    source = found.parent_id if found is not None else born_in
    place(context, account_id, source=source, destination=destination, from_anywhere=True)
    if found is not None:
        _label(context, change, found)
    elif not provider.traits.tags_accounts:
        tag(context, account_id, tags)
    ou = field_of(change, OU)
    there = ou.after if ou is not None else destination
    verb = "Create" if creation is not None and not starter else "Find"
    by = f", which run {starter} started to create" if starter else ""
    return StepSuccess(
        summary=f"{verb} account {account_id} for {change.target} in {there}{by}",
        message=f"account {account_id} in {there}",
        account_id=account_id,
        data={"how": how, "tag_keys": owned},
    )


def _label(context: RunContext, change: Change, found: Account) -> None:
    """Name and tags as the plan has them."""
    missing = {k: v for k, v in tags_to_set(change).items() if found.tags.get(k) != v}
    tag(context, found.id, missing)
    writer, name = context.tools.writer, wanted(change, NAME)
    if found.name != name:
        context.retry(lambda: writer.rename_account(found.id, name))
