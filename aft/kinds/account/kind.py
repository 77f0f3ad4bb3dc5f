"""Accounts as a kind: what is done to an account from outside, in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial

from aft.errors import UserError
from aft.kinds.account.diff import plan_accounts
from aft.kinds.account.forget import forget_requests
from aft.kinds.account.policies import Attached, Seen, moving, seen_in, vouched, ways_of
from aft.organization.model import REQUEST_TAG
from aft.plan.draft import Draft, Look
from aft.plan.fields import (
    ACCOUNT_ID,
    ARRIVAL,
    DOUBT,
    EMAIL,
    NAME,
    OU,
    PROTECTED,
    REQUEST,
    TAG_PREFIX,
    field_of,
    tags_to_remove,
)
from aft.plan.kind import Kind, Limit, Risk, Truth, Verb
from aft.plan.model import ORGANIZATION, Action, Change, FieldChange
from aft.plan.view import PlanView
from aft.plan.words import UNKNOWN, Item, after, again, because, both, fields_by_name, value
from aft.values.refs import ACCOUNT, Ref
from aft.values.words import counted

MOVES = Risk("move", "other guardrails will hold for the account")
FORGETS = Risk("forget", "aft no longer manages the account")
ADOPTS = Risk("adopt", "an account that exists comes under this repository")
REIDENTIFIES = Risk("identity", "who the account belongs to changes")
RELEASES = Risk("unprotect", "the account is no longer protected")
UNTAGS = Risk("untag", "tags are removed, and guardrails or access may depend on them")
LOSES_TAGS = Limit("untag", "accounts losing tags", "accounts")

_verb = partial(Verb, tells=True)
_VERBS: Mapping[tuple[Action, str], Verb] = {
    (Action.CREATE, ""): _verb(
        label="create", done="created", limit=Limit("create", "creations", "accounts")
    ),
    (Action.ADOPT, ""): _verb(label="adopt", done="adopted", risk=ADOPTS),
    (Action.UPDATE, "request"): _verb(label="rebind", done="handed over", risk=REIDENTIFIES),
    (Action.MOVE, "ou"): _verb(
        label="move",
        done="moved",
        drifted="moved",
        risk=MOVES,
        limit=Limit("move", "moves", "accounts"),
        is_guarded=True,
        spares_management=True,
    ),
    (Action.UPDATE, "name"): _verb(
        label="rename",
        done="renamed",
        drifted="renamed",
        limit=Limit("rename", "renames", "accounts"),
        spares_management=True,
    ),
    (Action.UPDATE, "tags"): _verb(label="tag", done="tagged", drifted="tags"),
    (Action.UPDATE, "protect"): _verb(label="unprotect", done="unprotected", risk=RELEASES),
    (Action.RELEASE, ""): _verb(
        label="forget",
        done="forgotten",
        risk=FORGETS,
        limit=Limit("forget", "accounts forgotten", "accounts"),
        is_guarded=True,
    ),
}
"""By action and aspect: an account's name and its tags are both updated."""

_IDENTITY = frozenset({EMAIL, TAG_PREFIX + REQUEST_TAG})
"""Fields by which an account is recognised; giving one where there was none is no risk."""


class Accounts(Kind):
    """The accounts of requests. A key is an aspect: ``""`` the account's existence and binding,
    ``ou``, ``name``, ``tags``, ``protect``, or ``request``, the request it belongs to."""

    name = ACCOUNT
    noun = ("account", "accounts")
    title = "Accounts"
    truth = Truth.SNAPSHOT
    effects = "aft.kinds.account.effects:AccountEffects"

    @property
    def verbs(self) -> Mapping[Action, Verb]:
        return {action: verb for (action, _), verb in _VERBS.items()}

    @property
    def risks(self) -> Iterable[Risk]:
        return (MOVES, FORGETS, ADOPTS, REIDENTIFIES, RELEASES, UNTAGS)

    @property
    def all_limits(self) -> Iterable[Limit]:
        named = (verb.limit for verb in _VERBS.values() if verb.limit is not None)
        return (*named, LOSES_TAGS)

    def looks(self, view: PlanView, draft: Draft) -> Iterable[Look]:
        """At the policies that moves leave and gain, where neither the snapshot has them nor what
        was published lately."""
        if view.snapshot.scope is None or view.snapshot.policies:
            return
        ways = ways_of(view, draft.tree, moving(view, draft.sites.values()))
        if not ways.apart or vouched(view, ways) is not None:
            return
        for name in sorted(ways.apart):
            yield Look(
                ref=Ref(ACCOUNT, name),
                target=ORGANIZATION,
                account_id=view.snapshot.management_account_id,
                subject=ways.common,
            )

    def diff(self, view: PlanView, draft: Draft) -> None:
        plan_accounts(view, draft, self._seen(view, draft))

    def _seen(self, view: PlanView, draft: Draft) -> Seen | None:
        """The policies at the places of accounts that move; ``None`` where they were not read."""
        looked: Mapping[tuple[str, str], Sequence[Attached]] = draft.seen.get(self.name, {})
        if looked:
            return Seen({key: found for (_, key), found in looked.items()})
        if view.snapshot.scope is None or view.snapshot.policies:
            return seen_in(view.snapshot.policies)
        known = vouched(view, ways_of(view, draft.tree, moving(view, draft.sites.values())))
        if known is None:
            return None
        return seen_in(known.policies, published_at=known.read_at)

    def clean_up(self, view: PlanView, draft: Draft) -> None:
        forget_requests(view, draft)

    def verb(self, change: Change) -> Verb:
        found = _VERBS.get((change.action, change.key))
        if found is None:
            raise UserError(
                f"{change.id}: accounts know no action {change.action.value!r} on {change.key!r}",
                hint="make a new plan with this version of aft",
            )
        return found

    def risk(self, change: Change) -> Risk | None:
        if field_of(change, ARRIVAL) is not None:
            return None
        known = self.verb(change).risk
        if known is not None:
            return known
        if any(
            item.field in _IDENTITY and item.before is not None and item.before != item.after
            for item in change.fields
        ):
            return REIDENTIFIES
        return UNTAGS if tags_to_remove(change) else None

    def limits(self, change: Change) -> Iterator[Limit]:
        yield from super().limits(change)
        # Forgetting takes tags off too, and has its own limit.
        if change.action is not Action.RELEASE and tags_to_remove(change):
            yield LOSES_TAGS

    def name_of(self, change: Change) -> str:
        del change
        return ""

    def headline(self, change: Change, where: str) -> str | None:
        match change.action:
            case Action.CREATE:
                ou = field_of(change, OU)
                return f"new account in {after(ou) if ou is not None else where}"
            case Action.RELEASE:
                return "to be forgotten"
            case Action.ADOPT:
                return f"existing account, adopted in {where}"
            case Action.MOVE:
                return ""
            case _:
                return None

    def confirmed(self, number: int) -> str:
        return f"{counted(number, 'account')} to be protected; apply only notes it in the ledger."

    def in_short(self, item: Item) -> str:
        match item.label:
            case "tag" | "tags":
                number = len(item.values)
                return f"{item.symbol}{number} tag{'' if number == 1 else 's'}"
            case "forget":
                return "to be forgotten"
            case _:
                return f"{item.label} {item.values[0]}"

    def words(self, changes: Sequence[Change]) -> Iterable[Item]:
        for change in changes:
            yield from _outside(change)


def _outside(change: Change) -> Iterator[Item]:
    fields = fields_by_name(change.fields)
    tags = [item for item in change.fields if item.field.startswith(TAG_PREFIX)]
    symbol, notes = "~", again(change)
    values: tuple[str, ...]
    match change.action, change.key:
        case Action.CREATE, _:
            who = f"{after(fields.get(NAME))} <{after(fields.get(EMAIL))}>"
            symbol, label, values = "+", "account", (who, f"id {after(fields.get(ACCOUNT_ID))}")
            notes = because(change) if change.is_retry or DOUBT in fields else ()
            tags = [item for item in tags if item.field != TAG_PREFIX + REQUEST_TAG]
        case Action.ADOPT, _:
            symbol, label, values = "+", "adopt", (change.account_id or UNKNOWN,)
            notes = because(change)
        case _, "request":
            label, values, notes = "request", (both(fields.get(REQUEST)),), ()
        case _, "ou":
            symbol, label, values = ">", "move", (both(fields.get(OU)),)
            notes = (*change.details, *notes)
        case _, "name":
            label, values = "name", (both(fields.get(NAME)),)
        case _, "protect":
            label, values = "protect", (both(fields.get(PROTECTED)),)
        case Action.RELEASE, _:
            symbol, label, values = "-", "forget", ("the account itself is left alone",)
            notes = because(change)
        case _:
            yield from _tags(tags, notes=notes)
            return
    yield Item(symbol=symbol, label=label, values=values, notes=notes, vital=len(change.details))
    yield from _tags(tags, notes=())


def _tags(tags: Iterable[FieldChange], *, notes: tuple[str, ...]) -> Iterator[Item]:
    found: dict[str, list[str]] = {"+": [], "~": [], "-": []}
    for item in tags:
        key = item.field.removeprefix(TAG_PREFIX)
        if item.before is None:
            found["+"].append(f"{key}={value(item.after)}")
        elif item.after is None:
            found["-"].append(f"{key}={value(item.before)}")
        else:
            found["~"].append(f"{key}: {both(item)}")
    for symbol, values in found.items():
        if values:
            label = "tag" if len(values) == 1 else "tags"
            is_list = symbol != "~"
            yield Item(
                symbol=symbol, label=label, values=tuple(values), notes=notes, is_list=is_list
            )
            notes = ()
