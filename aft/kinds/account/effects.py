"""What is done to an account from outside: adopt, rebind, move, rename, tag, forget.

Creating one takes a slot and two halves, which are ``aft.engine.creation``'s.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from aft.account_provider import ManagementAccess
from aft.desired.model import desired_tags
from aft.engine.account import destination_of, place, tag, untag
from aft.engine.context import RunContext
from aft.engine.effects import Effects, StepSuccess
from aft.engine.journal import why
from aft.engine.opening import confirmed_events
from aft.errors import Denied, NotFound, Terminal
from aft.kinds.account.aws import attached_to, enabled_policy_types, targets_of
from aft.kinds.account.policies import Attached
from aft.ledger.events import ORGANIZATION, EventKind
from aft.ledger.payloads import Allocated, Bound
from aft.ledger.replay import rebound
from aft.plan.draft import Look, Unread
from aft.plan.fields import NAME, OU, OU_ID, REQUEST, field_of, tags_to_remove, tags_to_set, wanted
from aft.plan.model import Action, Change
from aft.plan.protection import release_note
from aft.ports import MemberAccess
from aft.values.ids import AccountId, OrgUnitId


class AccountEffects(Effects):
    """Carries out changes of accounts, but for creations."""

    def __init__(self) -> None:
        self._management: ManagementAccess | None = None

    def connect(self, management: ManagementAccess) -> None:
        self._management = management

    def look(
        self, looks: Sequence[Look], members: MemberAccess, *, in_parallel: int
    ) -> Mapping[tuple[str, str], Sequence[Attached] | Unread]:
        """The policies attached to where accounts are or go, but not both, and to which of the
        common places these are attached as well; none of them where one must not be read, as half
        of it would be wrong."""
        del members
        if self._management is None or not looks:
            return {}
        management = self._management
        client = management.client("organizations", management.global_region)

        names = tuple(look.ref.key for look in looks)
        common = tuple(sorted(frozenset[str]().union(*(look.subject for look in looks))))

        def policies_of(target: str) -> Sequence[Attached]:
            try:
                return attached_to(client, target, types)
            except NotFound:
                return ()

        def targets(policy: Attached) -> Collection[str]:
            try:
                return targets_of(client, policy)
            except NotFound:
                return ()

        with ThreadPoolExecutor(in_parallel, thread_name_prefix="aft-look") as pool:
            try:
                types = enabled_policy_types(client)
                seen = dict(zip(names, pool.map(policies_of, names), strict=True))
                found = sorted({policy for some in seen.values() for policy in some})
                if len(found) < len(common) * len(types):
                    seen |= _attached_there(common, found, tuple(pool.map(targets, found)))
                elif found:
                    seen |= dict(zip(common, pool.map(policies_of, common), strict=True))
            except Denied as error:
                what = "the policies that moves leave and gain"
                unread = Unread(what, error.message, error.hint)
                return {(looks[0].account_id, name): unread for name in names}
        return {(looks[0].account_id, name): found for name, found in seen.items()}

    def apply(self, run: RunContext, change: Change) -> StepSuccess:
        match change.action, change.key:
            case Action.ADOPT, _:
                return _adopt(run, change)
            case Action.RELEASE, _:
                return _forget(run, change)
            case _, "request":
                return _rebind(run, change)
            case _, "ou":
                return _move(run, change)
            case _, "name":
                return _rename(run, change)
            case _, "tags":
                return _tag(run, change)
            case _, "protect":
                return _release(run, change)
            case _:
                raise Terminal(f"{change.id} is not an action of this kind; this is a bug in aft")


def _attached_there(
    places: Iterable[str], policies: Sequence[Attached], targets: Sequence[Collection[str]]
) -> dict[str, Sequence[Attached]]:
    """Which of the policies are attached to each place."""
    pairs = tuple(zip(policies, targets, strict=True))
    return {place: [policy for policy, found in pairs if place in found] for place in places}


def _adopt(context: RunContext, change: Change) -> StepSuccess:
    """Bind an existing account to the request, in the ledger and by its tag."""
    account_id = context.account_of(change)
    owned = _owned_tags(context, change)
    context.bind(
        change,
        account_id,
        Bound(
            how="adopted",
            tag_keys=owned,
            why=why(context.request(change.target)),
            awaited=context.record(change.target).intent is not None or None,
        ),
        f"Bind account {account_id} to {change.target}: {change.reason}",
    )
    return _enrolled(context, change, f"Adopt account {account_id} as {change.target}")


def _rebind(context: RunContext, change: Change) -> StepSuccess:
    """Hand the account over from the request's former id, with all that was done to it."""
    account_id = context.account_of(change)
    field = field_of(change, REQUEST)
    before = field.before if field is not None else None
    if before is None:
        raise Terminal(f"{change.id} does not say which request had the account before")
    tags = desired_tags(context.request(change.target))
    context.bind(
        change,
        account_id,
        rebound(context.record(before), tag_keys=context.owned_tags(before, added=tags)),
        f"Bind account {account_id} to {change.target}, which was {before}",
    )
    return _enrolled(
        context, change, f"Rename request {before} to {change.target} (account {account_id})"
    )


def _enrolled(context: RunContext, change: Change, summary: str) -> StepSuccess:
    """What follows a binding: what the plan found right is noted, and the account tagged."""
    account_id = context.account_of(change)
    context.journal.append(*confirmed_events(context, change.target))
    tag(context, account_id, tags_to_set(change))
    owned = context.record(change.target).tag_keys
    return StepSuccess(summary=summary, account_id=account_id, data={"tag_keys": owned})


def _move(context: RunContext, change: Change) -> StepSuccess:
    """Move the account to the OU the change names."""
    account_id = context.account_of(change)
    destination = destination_of(context, change)
    field = field_of(change, OU_ID)
    source = OrgUnitId(field.before) if field is not None and field.before is not None else None
    place(context, account_id, source=source, destination=destination)
    there = wanted(change, OU)
    return StepSuccess(
        summary=f"Move {change.target} ({account_id}) to {there}",
        message=f"to {there}",
        account_id=account_id,
    )


def _rename(context: RunContext, change: Change) -> StepSuccess:
    """Give the account the name the change says."""
    account_id = context.account_of(change)
    name = wanted(change, NAME)
    writer = context.tools.writer
    context.retry(lambda: writer.rename_account(account_id, name))
    return StepSuccess(
        summary=f"Rename account {account_id} of {change.target} to {name}",
        message=name,
        account_id=account_id,
    )


def _tag(context: RunContext, change: Change) -> StepSuccess:
    """Set and remove the tags the change lists."""
    account_id = context.account_of(change)
    added, removed = tags_to_set(change), tags_to_remove(change)
    tag(context, account_id, added)
    untag(context, account_id, removed)
    told = [f"set {', '.join(sorted(added))}"] if added else []
    told += [f"removed {', '.join(sorted(removed))}"] if removed else []
    return StepSuccess(
        summary=f"Tag {change.target} ({account_id}): {'; '.join(told)}",
        message="; ".join(told),
        account_id=account_id,
        data={"tag_keys": _owned_tags(context, change, removed)},
    )


def _release(context: RunContext, change: Change) -> StepSuccess:
    """Note that the account is no longer protected. What that held back is for later plans."""
    account_id = context.account_of(change)
    return StepSuccess(
        summary=f"Release the protection of {change.target} ({account_id})",
        message="no longer protected",
        account_id=account_id,
        data={"about": release_note(context.record(change.target))},
    )


def _forget(context: RunContext, change: Change) -> StepSuccess:
    """Take aft's tags off the account and let it go; the account itself is left alone."""
    account_id = context.account_of(change)
    keys = tags_to_remove(change)
    try:
        untag(context, account_id, keys)
    except NotFound:
        keys = ()  # the account has left the organization, and its tags with it
    _leave_networks(context, change, account_id)
    return StepSuccess(
        summary=f"Forget {change.target}: its request is gone, account {account_id} is left alone",
        message="left alone",
        account_id=account_id,
        data={"untagged": sorted(keys)},
        event=EventKind.FORGOTTEN,
    )


def _leave_networks(context: RunContext, change: Change, account_id: AccountId) -> None:
    """A forgotten account keeps its networks, so no other may get their addresses."""
    ranges = context.record(change.target).allocations
    if ranges:
        kept = {f"{account_id}/{name}": cidr for name, cidr in ranges.items()}
        context.journal.write(
            Allocated(allocations=kept),
            ORGANIZATION,
            f"Keep {', '.join(sorted(ranges.values()))} for account {account_id}, which "
            f"{change.target} leaves behind",
            account_id=account_id,
            change=change.id,
        )


def _owned_tags(
    context: RunContext, change: Change, removed: Sequence[str] = ()
) -> tuple[str, ...]:
    """Every tag the request names is aft's from now on, even where it was there already (an
    account adopted after a crash): so it goes when it is taken out of the file."""
    tags = desired_tags(context.request(change.target))
    return context.owned_tags(change.target, added=tags, removed=removed)
