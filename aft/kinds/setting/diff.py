"""The baseline settings of each account: which to apply, in which order, and what is in doubt.

A setting whose digest equals the last applied one in the ledger is taken as done, unless a deep
plan has looked at it and found it otherwise. Settings go side by side, but for those that enable
regions, which come before all others, and those that work on what others make. Those that go over
everything in the account come after everything that runs in it. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from aft.baselines.digests import setting_digest, setting_effect
from aft.baselines.model import setting_ref
from aft.baselines.select import ResolvedSetting
from aft.desired.model import AccountRequest
from aft.findings.model import Condition, Finding
from aft.kinds.setting.gains import gains_of
from aft.kinds.setting.left_behind import plan_left_behind
from aft.plan.applied import is_up_to_date, reason_of
from aft.plan.arrange import ends_of
from aft.plan.draft import Draft, Look, Stage, Use, thing
from aft.plan.fields import CIDR, taken_away, takes_away
from aft.plan.model import Action, Confirmation, FieldChange, LiveSetting, Plan
from aft.plan.targets import AccountTarget
from aft.plan.view import PlanView
from aft.values.refs import Ref

_LOOKS_AGAIN = "looked at again once the customizations have run"


def settings_to_look_at(view: PlanView, draft: Draft) -> Iterator[Look]:
    """Those that would be applied inside accounts that exist."""
    for target in draft.targets.values():
        if target.account_id is None:
            continue
        work = _Work(view=view, draft=draft, target=target)
        for resolved in work.settings:
            if work.is_open(resolved) and not resolved.missing:
                yield Look(
                    ref=setting_ref(resolved.name),
                    target=target.request.id,
                    account_id=target.account_id,
                    subject=resolved,
                )


def plan_settings(view: PlanView, draft: Draft, seen: Seen | None) -> None:
    """Changes and confirmations for every account. ``seen`` is ``None`` without a look inside."""
    kept_out = dict(_kept_out(draft, seen or {}))
    for target in tuple(draft.targets.values()):
        if target.tied:
            draft.remark(_tied(target.request, target.tied))
        _Work(view=view, draft=draft, target=target, seen=seen, kept_out=kept_out).plan()
        plan_left_behind(view, draft, target)


def _kept_out(draft: Draft, seen: Seen) -> Iterator[tuple[Ref, LiveSetting]]:
    """Settings that never were applied, and are left as they are now."""
    for target in draft.targets.values():
        for resolved in target.settings:
            ref = setting_ref(resolved.name)
            live = seen.get((target.account_id or "", resolved.name))
            is_left = live is not None and live.refused and not live.differences
            if live is not None and is_left and target.record.done(ref) is None:
                yield thing(target.request.id, ref), live


Seen = Mapping[tuple[str, str], LiveSetting]
"""What was seen inside accounts, by account id and setting name."""


def seen_by(plan: Plan, looks: Iterable[Look]) -> Seen:
    """What was seen of the looked-at settings when ``plan`` was made: differences, or nothing
    that differs. The others could not be seen, or were done."""
    wanted = {(item.account_id, item.ref) for item in looks}
    found: dict[tuple[str, str], LiveSetting] = {}
    for change in plan.changes:
        account_id = change.account_id or ""
        if (account_id, change.ref) in wanted and change.details:
            found[account_id, change.key] = LiveSetting(
                account_id=account_id,
                ref=change.ref,
                differences=change.details,
                takes_away=taken_away(change),
            )
    for item in plan.confirmations:
        found[item.account_id, item.ref.key] = LiveSetting(account_id=item.account_id, ref=item.ref)
    return found


@dataclass(kw_only=True)
class _Work:
    """One account's settings, in turn, while they are gone through. ``unread`` are those taken as
    done that could not be read, each with what was seen; ``barred`` others, which may not be.
    ``kept_out`` are settings, of any account, that nothing will be done for."""

    view: PlanView
    draft: Draft
    target: AccountTarget
    seen: Seen | None = None
    kept_out: Mapping[Ref, LiveSetting] = field(default_factory=dict)
    unread: dict[str, LiveSetting | None] = field(default_factory=dict)
    barred: dict[str, LiveSetting | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.request = self.target.request
        self.record = self.target.record
        self.settings = in_turn(self.target.settings)
        runs = self.draft.changes_of(self.request.id)
        self._runs = tuple(change.id for change in runs if change.action is Action.RUN)
        self._keys: dict[str, str] = {}
        self._before_all = self._ends()

    def plan(self) -> None:
        """Add what is to be applied."""
        for sweeps in (False, True):
            for resolved in self.settings:
                if _sweeps(resolved) is sweeps:
                    self._add(resolved)
        unknown = {"whether {} still as applied": self.unread, "how far {} as desired": self.barred}
        for question, settings in unknown.items():
            if settings:
                self.draft.remark(_unread(self.request, settings, question))

    def is_open(self, resolved: ResolvedSetting) -> bool:
        """There is something to do, or to look at, as far as files and the ledger tell."""
        if (self.request.id, resolved.name) in self.draft.held_back:
            return False
        if self.view.is_deep or self._follows(resolved):
            return True
        digest = setting_digest(resolved, self.target.facts)
        return not is_up_to_date(self.record, setting_ref(resolved.name), digest)

    def _follows(self, resolved: ResolvedSetting) -> tuple[str, ...]:
        return self._runs if _sweeps(resolved) else ()

    def _add(self, resolved: ResolvedSetting) -> None:
        """A change, a confirmation, a doubt, or nothing at all."""
        name, draft = resolved.name, self.draft
        held_back = draft.held_back.get((self.request.id, name))
        if held_back is not None:
            draft.remark(held_back)
            return
        if not self.is_open(resolved):
            return
        digest = setting_digest(resolved, self.target.facts)
        is_done = is_up_to_date(self.record, setting_ref(name), digest)
        looks_again = bool(self._follows(resolved))
        seen = (self.seen or {}).get((self.target.account_id or "", name))
        is_unread = seen is None or (bool(seen.unread) and not seen.differences)
        if is_done and self.seen is not None and is_unread and not looks_again:
            self.unread[name] = seen
            return
        if is_unread:
            if seen is not None and seen.lacks_permission:
                self.barred[name] = seen
            seen = None  # an apply looks itself, and waits where that helps
        if seen is not None and seen.refused:
            draft.remark(_refused(self.request, resolved, seen))
        others = [item for item in _uses(self.request, resolved) if item.ref in self.kept_out]
        if others and not is_done:
            draft.remark(_waits(self.request, resolved, others[0].of, self.kept_out[others[0].ref]))
            return
        gained = () if is_done else tuple(gains_of(self.view, self.target, resolved))
        is_same = seen is not None and not seen.differences
        # Weaker than last applied is not confirmed silently: it would hold for what is made later.
        looks_again |= bool(gained) and self.record.done(setting_ref(name)) is not None
        if seen is not None and is_same and (seen.refused or not looks_again):
            # What only time can fix is not confirmed: each run looks again.
            if not (is_done or seen.is_pending or seen.refused):
                self._confirm(name, digest)
        else:
            self._change(resolved, digest, seen, gained, is_done=is_done)

    def _confirm(self, name: str, digest: str) -> None:
        given = self.draft.allocations.get(self.request.id, {})
        self.draft.confirmations.append(
            Confirmation(
                target=self.request.id,
                account_id=self.target.account_id or "",
                ref=setting_ref(name),
                inputs_digest=digest,
                allocation=given.get(name, ""),
            )
        )

    def _change(
        self,
        resolved: ResolvedSetting,
        digest: str,
        seen: LiveSetting | None,
        gained: tuple[FieldChange, ...],
        *,
        is_done: bool,
    ) -> None:
        name, network, baseline = resolved.name, self._range(resolved.name), self.target.baseline
        follows, done = self._follows(resolved), self.record.done(setting_ref(name))
        named = () if _opts_in(resolved) else _comes_after(resolved)
        comes_after = (self._keys[other] for other in named if other in self._keys)
        where = f"baseline {baseline.name}" if baseline is not None else ""
        reason = reason_of(self.record, setting_ref(name), where)
        if is_done and follows and (seen is None or not seen.differences):
            reason = _LOOKS_AGAIN
        elif is_done and done is not None:
            reason = f"changed in the account since {done.at:%Y-%m-%d}"
        key = self.draft.add(
            Action.UPDATE,
            setting_ref(name),
            target=self.request.id,
            stage=Stage.SWEEP if _sweeps(resolved) else Stage.CONFIGURE,
            fields=(
                *network,
                *(map(takes_away, seen.takes_away) if seen is not None else ()),
                *gained,
            ),
            details=seen.differences if seen is not None else (),
            inputs_digest=digest,
            effect=setting_effect(resolved),
            after=tuple(comes_after) or self._before_all,
            follows=follows,
            uses=_uses(self.request, resolved),
            reason=reason,
        )
        self._keys[name] = key
        if _opts_in(resolved):
            self._before_all = self._ends()

    def _ends(self) -> tuple[str, ...]:
        return ends_of(self.draft, self.request.id, until=Stage.CONFIGURE)

    def _range(self, name: str) -> tuple[FieldChange, ...]:
        """The setting's range of addresses, if it has one, as a change shows it."""
        cidr = self.draft.allocations.get(self.request.id, {}).get(name)
        before = self.draft.remembered.get((self.request.id, name))
        return () if cidr is None else (FieldChange(field=CIDR, before=before, after=cidr),)


def in_turn(settings: Iterable[ResolvedSetting]) -> tuple[ResolvedSetting, ...]:
    """The settings in an order in which they may go: what enables regions, then the others as the
    baseline lists them, but each after those it says it comes after."""
    left = sorted(settings, key=lambda item: not _opts_in(item))
    ordered: list[ResolvedSetting] = []
    while left:
        names = {item.name for item in left}
        # Where plug-ins wait for each other in a circle, the baseline's order decides.
        following = next((item for item in left if names.isdisjoint(_comes_after(item))), left[0])
        left.remove(following)
        ordered.append(following)
    return tuple(ordered)


def _sweeps(resolved: ResolvedSetting) -> bool:
    return bool(getattr(resolved.plugin, "sweeps_account", False))


def _opts_in(resolved: ResolvedSetting) -> bool:
    # Not isinstance: a protocol is expensive to ask, and this is asked for every step.
    return bool(getattr(resolved.plugin, "opts_into_regions", False))


def _comes_after(resolved: ResolvedSetting) -> tuple[str, ...]:
    return tuple(getattr(resolved.plugin, "comes_after", ()))


def _uses(request: AccountRequest, resolved: ResolvedSetting) -> Iterator[Use]:
    """The same setting of the accounts that it names, or else those accounts."""
    for reference in resolved.references:
        other = reference.request_id
        if other is not None and other != request.id:
            yield Use(
                thing(other, setting_ref(resolved.name)),
                of=other,
                why=f"its baseline's setting {resolved.name} names it",
            )


def _tied(request: AccountRequest, names: Iterable[str]) -> Finding:
    return Finding(
        code="AFT919",
        target=request.id,
        message=f"baselines {' and '.join(names)} select this account equally, so it gets none "
        "of them and no customization",
        hint=f"name one of them as `baseline` in {request.source.path}",
    )


def _refused(request: AccountRequest, resolved: ResolvedSetting, seen: LiveSetting) -> Finding:
    return Finding(
        code="AFT912",
        target=request.id,
        message=f"setting {resolved.name} is left as it is: {seen.refused}",
        hint=seen.hint
        or "remove the reason in the account, or the setting from the account's baseline",
    )


def _waits(
    request: AccountRequest, resolved: ResolvedSetting, other: str, seen: LiveSetting
) -> Finding:
    return Finding(
        code="AFT913",
        target=request.id,
        message=f"setting {resolved.name} waits for that of {other}, which is left as it is: "
        f"{seen.refused}",
        hint=seen.hint or f"settle that of {other} first",
    )


def _unread(
    request: AccountRequest, unread: Mapping[str, LiveSetting | None], question: str
) -> Finding:
    names, seen = list(unread), [item for item in unread.values() if item is not None]
    one = len(names) == 1
    what = f"setting {names[0]}" if one else f"{len(names)} settings ({', '.join(names)})"
    not_known = question.format("it is" if one else "they are")
    reasons = "; ".join(dict.fromkeys(item.unread for item in seen)) or "not looked at"
    return Finding(
        code="AFT922",
        target=request.id,
        message=f"{what} could not be read, so it is not known {not_known}: {reasons}",
        hint=next((item.hint for item in seen if item.hint), "")
        or "run again; when it stays so, look whether aft's role can be assumed in the account",
        condition=Condition.UNREAD,
    )
