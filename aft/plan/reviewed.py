"""What people saw when they said yes, kept small, and its comparison with a later plan.

A plan is reviewed on a pull request and made again after the merge, when other things may have
moved. ``Reviewed`` remembers each change by its id and by a digest of what it does, which does not
depend on the revision or the snapshot; ``newly_risky`` says which risky changes of a later plan
no one has seen. E-mail addresses and account ids are only in digests. Pure.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property

from aft.errors import UserError
from aft.plan.codec import WrongShape, json_object, plan_digest, read_model
from aft.plan.fields import ACCEPTED, DOUBT, OU_ID, POLICIES, REVISION, field_of, gains
from aft.plan.model import OMITTED, Action, Change, Plan
from aft.text.policy import escaped
from aft.values.canonical_json import digest, plain
from aft.values.ids import PlanDigest, Revision

REVIEWED_FORMAT = 2
LARGEST = 32 * 1024 * 1024
"""Bytes of the largest file that is read: some 100,000 changes."""

DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_REVISION = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?|working tree")
_NAME = re.compile(r"[^\x00-\x1f\x7f]{1,2000}")
_TELLING = re.compile(r"@|[0-9]{12}")
"""What makes a name tell an e-mail address or account id."""

_NOT_COMPARED = frozenset({ACCEPTED, DOUBT, OU_ID, POLICIES, REVISION})
"""Fields that come to be known, or move on, while the change stays the same for people."""

_HINT = "use the reviewed.json of the pull request's plan (`aft plan --report DIR`) as it is"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewedChange:
    """One change a reviewer could see. ``id`` and ``target`` are the plan's, or their digests where
    they would tell an e-mail address or account id; ``does`` is the digest of what it does,
    ``preview`` that of what its tool said, where it was asked, ``policies`` that of the policies
    which a move leaves and gains, where they were read."""

    id: str
    kind: str
    action: Action
    target: str
    risk: str
    does: str
    preview: str | None = field(default=None, metadata=OMITTED)
    policies: str | None = field(default=None, metadata=OMITTED)


@dataclass(frozen=True, kw_only=True)
class Reviewed:
    """What was reviewed: ``plan`` is the digest of the plan that was shown, ``revision`` what it
    was made from. Both are empty, and ``changes`` too, when nothing was reviewed at all. ``allow``
    are the digests of the lines of ``allow`` that were there; ``covers`` names what an apply of it
    is judged by (``aft.plan.coverage``), or is ``None`` where the review does not say."""

    plan: PlanDigest
    revision: Revision
    changes: tuple[ReviewedChange, ...]
    allow: tuple[str, ...] | None = field(default=None, metadata=OMITTED)
    covers: tuple[str, ...] | None = field(default=None, metadata=OMITTED)
    format: int = REVIEWED_FORMAT

    @cached_property
    def by_id(self) -> Mapping[str, Collection[ReviewedChange]]:
        """Each change that was seen; several where several plans were seen."""
        found: dict[str, list[ReviewedChange]] = defaultdict(list)
        for item in self.changes:
            found[item.id].append(item)
        return found

    def has_seen(self, change: Change) -> bool:
        """It was seen, and does what was seen, as far as the review says that."""
        policies = policies_of(change)
        return any(
            seen.does == does(change) and (not policies or seen.policies in (policies, None))
            for seen in self.by_id.get(untelling(change.id), ())
        )

    @property
    def previews(self) -> frozenset[str]:
        """The digests of previews that were seen."""
        return frozenset(item.preview for item in self.changes if item.preview)


NOTHING_REVIEWED = Reviewed(plan=PlanDigest(""), revision=Revision(""), changes=())
"""For a commit that came without a pull request: nothing risky of it may go ahead."""


def reviewed_of(
    plan: Plan, *, allow: Sequence[str] = (), covers: Sequence[str] | None = None
) -> Reviewed:
    """What a reader of ``plan`` has seen, and the lines of ``allow`` at its revision."""
    return Reviewed(
        plan=plan_digest(plan),
        revision=plan.revision,
        changes=tuple(
            ReviewedChange(
                id=untelling(change.id),
                kind=change.kind,
                action=change.action,
                target=untelling(change.target),
                risk=change.risk,
                does=does(change),
                preview=change.preview.digest if change.preview is not None else None,
                policies=policies_of(change),
            )
            for change in plan.changes
        ),
        allow=tuple(allow) or None,
        covers=None if covers is None else tuple(covers),
    )


def together(several: Sequence[Reviewed]) -> Reviewed:
    """What was seen in any of these, such as by the reviewers of several pull requests; it bears
    the name of the last one that names a plan."""
    named = [item for item in several if item.plan]
    last = named[-1] if named else NOTHING_REVIEWED
    return replace(
        last,
        changes=tuple(change for item in several for change in item.changes),
        allow=seen_lines(several),
        covers=None if not named or any(it.covers is None for it in named) else _covers(named),
    )


def _covers(several: Iterable[Reviewed]) -> tuple[str, ...]:
    return tuple(sorted({name for item in several for name in item.covers or ()}))


def seen_lines(several: Iterable[Reviewed]) -> tuple[str, ...] | None:
    """The lines of ``allow`` that any of these reviews has seen."""
    return tuple(sorted({line for item in several for line in item.allow or ()})) or None


def newly_risky(reviewed: Reviewed, plan: Plan) -> tuple[Change, ...]:
    """The risky changes of ``plan`` that were not reviewed, or do something else now."""
    return tuple(change for change in plan.changes if change.risk and not reviewed.has_seen(change))


def does_something_else(reviewed: Reviewed, change: Change) -> bool:
    """True when a change of this name was reviewed, but not what it does now."""
    return untelling(change.id) in reviewed.by_id and not reviewed.has_seen(change)


def newly_routine(
    reviewed: Reviewed, plan: Plan, *, held: Collection[str] = ()
) -> tuple[Change, ...]:
    """The changes of ``plan`` that were not reviewed and are no risk: they are carried out, unless
    they wait for others (``held``, by id)."""
    seen = reviewed.by_id
    return tuple(
        change
        for change in plan.changes
        if not change.risk and change.id not in held and untelling(change.id) not in seen
    )


def reviewed_to_json(reviewed: Reviewed) -> str:
    """One line a change, in the order of the plan, ending in a newline."""
    head: dict[str, object] = {
        "format": reviewed.format,
        "plan": reviewed.plan,
        "revision": reviewed.revision,
        **({"allow": list(reviewed.allow)} if reviewed.allow is not None else {}),
        **({"covers": list(reviewed.covers)} if reviewed.covers is not None else {}),
    }
    lines = ",\n".join(f"    {_compact(_values(item))}" for item in reviewed.changes)
    rows = f"[\n{lines}\n  ]" if lines else "[]"
    top = "".join(f"  {_compact(key)}: {_compact(value)},\n" for key, value in head.items())
    return f'{{\n{top}  "changes": {rows}\n}}\n'


def reviewed_from_json(text: str) -> Reviewed:
    """Read ``reviewed_to_json``'s output, which came from outside. Raises ``UserError`` for
    anything else, saying where it differs."""
    if len(text) > LARGEST:
        raise UserError(f"the reviewed plan is over {LARGEST // 1024 // 1024} MiB", hint=_HINT)
    try:
        values = json_object(text)
        _check_version(values)
        reviewed = read_model(Reviewed, values, "reviewed")
        _check(reviewed)
    except WrongShape as error:
        raise UserError(f"this is not a reviewed plan aft wrote: {error}", hint=_HINT) from None
    return reviewed


def _values(item: ReviewedChange) -> dict[str, object]:
    found = {it.name: plain(getattr(item, it.name)) for it in fields(item)}
    return {key: value for key, value in found.items() if value is not None}


def _compact(value: object) -> str:
    return escaped(json.dumps(value, ensure_ascii=False))


def _check_version(values: Mapping[str, object]) -> None:
    found = values.get("format")
    if type(found) is int and found != REVIEWED_FORMAT:
        raise WrongShape(
            f"it was made by another version of aft: its format is {found!r}, this one reads "
            f"{REVIEWED_FORMAT}; plan the pull request again"
        )


def _check(reviewed: Reviewed) -> None:
    if not reviewed.plan and not reviewed.revision:
        if reviewed.changes or reviewed.allow or reviewed.covers:
            raise WrongShape("it has changes, but names no plan")
        return
    _matches(DIGEST, reviewed.plan, "plan")
    _matches(_REVISION, reviewed.revision, "revision")
    for index, line in enumerate(reviewed.allow or ()):
        _matches(DIGEST, line, f"allow[{index}]")
    for index, name in enumerate(reviewed.covers or ()):
        _matches(_NAME, name, f"covers[{index}]")
    ids: set[str] = set()
    for index, item in enumerate(reviewed.changes):
        where = f"changes[{index}]"
        _matches(_NAME, item.id, f"{where}.id")
        _matches(_NAME, item.target, f"{where}.target")
        _matches(DIGEST, item.does, f"{where}.does")
        if item.preview is not None:
            _matches(DIGEST, item.preview, f"{where}.preview")
        if item.policies is not None:
            _matches(DIGEST, item.policies, f"{where}.policies")
        if item.id in ids:
            raise WrongShape(f"{where}.id: {item.id!r:.80} is there twice")
        ids.add(item.id)


def _matches(pattern: re.Pattern[str], text: str, where: str) -> None:
    if not pattern.fullmatch(text):
        raise WrongShape(f"{where}: {text!r:.60} is not what aft writes there")


def untelling(name: str) -> str:
    """``name``, or its digest where it would tell an e-mail address or account id."""
    return digest(name) if _TELLING.search(name) else name


def policies_of(change: Change) -> str | None:
    """A digest of the policies that a move leaves and gains; ``None`` where they are not known."""
    if change.action is not Action.MOVE:
        return None
    found = field_of(change, POLICIES)
    if found is not None and not found.known:
        return None
    return digest([found.before, found.after] if found is not None else [None, None])


def does(change: Change) -> str:
    """A digest that is equal for changes that do the same to the same account."""
    return digest(
        {
            "kind": change.kind,
            "target": change.target,
            "account_id": change.account_id,
            "action": change.action,
            "key": change.key,
            "fields": [item for item in change.fields if item.field not in _NOT_COMPARED],
            **({"comparison": plain(change.comparison)} if change.comparison is not None else {}),
            **({"effect": change.effect} if gains(change) else {}),
        }
    )
