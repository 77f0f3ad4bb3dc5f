"""The baseline settings of one account: which to apply, in which order, and what is in doubt.

A setting whose digest equals the last applied one in the ledger is taken as done, unless a deep
plan has read it live and found it otherwise. Settings go side by side, but for those that enable
regions, which come before all others, and those that work on what others make. Those that go over
everything in the account come after its customizations. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from aft.baselines.digests import setting_digest
from aft.baselines.model import setting_ref
from aft.baselines.select import ResolvedSetting
from aft.desired.model import AccountRequest
from aft.ledger.events import AccountRecord
from aft.organization.model import AccountFacts
from aft.plan.chain import Chain
from aft.plan.fields import takes_away
from aft.plan.model import Action, Attention, Confirmation, LiveSetting
from aft.plan.networks import Networks
from aft.plan.references import SettingReference
from aft.plan.step_sources import LiveReads, is_up_to_date, reason_of

_LOOKS_AGAIN = "looked at again once the customizations have run"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepNotes:
    """What the steps of one account leave beside changes."""

    confirmations: tuple[Confirmation, ...] = ()
    attention: tuple[Attention, ...] = ()
    references: tuple[SettingReference, ...] = ()


@dataclass(kw_only=True)
class SettingWork:
    """One account's settings, in turn, while they are gone through: to be asked for those before
    the account's customizations, then for those after. ``where`` names the baseline, ``unread``
    are those that nobody could look at, each with the reason."""

    chain: Chain
    settings: tuple[ResolvedSetting, ...]
    where: str
    request: AccountRequest
    facts: AccountFacts
    record: AccountRecord
    live: LiveReads
    networks: Networks
    confirmations: list[Confirmation] = field(default_factory=list)
    attention: list[Attention] = field(default_factory=list)
    references: list[SettingReference] = field(default_factory=list)
    unread: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._turns = _Turns(self.chain)
        self._follows: tuple[str, ...] = ()

    def before_customizations(self) -> None:
        """Append what is to be applied of the settings that have a thing of their own."""
        for resolved in self.settings:
            if not _sweeps(resolved):
                self._add(resolved)

    def after_customizations(self) -> None:
        """Append what is to be applied of those that go over all there is."""
        self._follows = tuple(
            change.id for change in self.chain.changes if change.action is Action.RUN
        )
        for resolved in self.settings:
            if _sweeps(resolved):
                self._add(resolved)

    @property
    def notes(self) -> StepNotes:
        unread = (_unread(self.request, self.unread),) if self.unread else ()
        return StepNotes(
            confirmations=tuple(self.confirmations),
            attention=(*self.attention, *unread),
            references=tuple(self.references),
        )

    def _add(self, resolved: ResolvedSetting) -> None:
        """A change, a confirmation, a doubt, or nothing at all."""
        name = resolved.name
        held_back = self.networks.held_back.get((self.request.id, name))
        if held_back is not None:
            self.attention.append(held_back)
            return
        digest = setting_digest(resolved, self.facts)
        is_done = is_up_to_date(self.record, setting_ref(name), digest)
        looks_again = bool(self._follows)
        if is_done and not self.live.is_deep and not looks_again:
            return
        seen = self.live.found.get((self.facts.account_id or "", name))
        is_unread = seen is None or (bool(seen.unread) and not seen.differences)
        if is_done and self.live.has_looked and is_unread and not looks_again:
            self.unread[name] = seen.unread if seen is not None else "it was not looked at"
            return
        if is_unread:
            seen = None  # an apply looks itself, and waits where that helps
        if seen is not None and seen.refused:
            self.attention.append(_refused(self.request, resolved, seen))
        if seen is not None and not seen.differences and (seen.refused or not looks_again):
            # What only time can mend is not confirmed: each run looks again.
            if not (is_done or seen.is_pending or seen.refused):
                self._confirm(name, digest)
        else:
            self._change(resolved, digest, seen, is_done=is_done)

    def _confirm(self, name: str, digest: str) -> None:
        network = self.networks.range_field(self.request.id, name)
        self.confirmations.append(
            Confirmation(
                target=self.request.id,
                account_id=self.facts.account_id or "",
                ref=setting_ref(name),
                inputs_digest=digest,
                allocation=(network.after or "") if network is not None else "",
            )
        )

    def _change(
        self, resolved: ResolvedSetting, digest: str, seen: LiveSetting | None, *, is_done: bool
    ) -> None:
        name, network = resolved.name, self.networks.range_field(self.request.id, resolved.name)
        reason = reason_of(self.record, setting_ref(name), self.where)
        done = self.record.done(setting_ref(name))
        if is_done and self._follows and (seen is None or not seen.differences):
            reason = _LOOKS_AGAIN
        elif is_done and done is not None:
            reason = f"changed in the account since {done.at:%Y-%m-%d}"
        key = self.chain.add(
            Action.UPDATE,
            setting_ref(name),
            fields=(
                *(() if network is None else (network,)),
                *(takes_away(line) for line in (seen.takes_away if seen is not None else ())),
            ),
            details=seen.differences if seen is not None else (),
            inputs_digest=digest,
            after=self._turns.before(resolved),
            follows=self._follows,
            reason=reason,
        )
        self._turns.note(resolved, key)
        self.references.extend(_references(self.request, resolved))


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


class _Turns:
    """What each setting waits for within its account."""

    def __init__(self, chain: Chain) -> None:
        self._chain = chain
        self._before_all = chain.tails
        self._keys: dict[str, str] = {}

    def before(self, resolved: ResolvedSetting) -> tuple[str, ...]:
        if _opts_in(resolved):
            return self._before_all
        named = (self._keys[name] for name in _comes_after(resolved) if name in self._keys)
        return tuple(named) or self._before_all

    def note(self, resolved: ResolvedSetting, key: str) -> None:
        self._keys[resolved.name] = key
        if _opts_in(resolved):
            self._before_all = self._chain.tails


def _sweeps(resolved: ResolvedSetting) -> bool:
    return bool(getattr(resolved.plugin, "sweeps_account", False))


def _opts_in(resolved: ResolvedSetting) -> bool:
    # Not isinstance: a protocol is dear to ask, and this is asked for every step.
    return bool(getattr(resolved.plugin, "opts_into_regions", False))


def _comes_after(resolved: ResolvedSetting) -> tuple[str, ...]:
    return tuple(getattr(resolved.plugin, "comes_after", ()))


def _references(request: AccountRequest, resolved: ResolvedSetting) -> Iterator[SettingReference]:
    for reference in resolved.references:
        other = reference.request_id
        if other is not None and other != request.id:
            yield SettingReference(target=request.id, setting=resolved.name, other=other)


def _refused(request: AccountRequest, resolved: ResolvedSetting, seen: LiveSetting) -> Attention:
    return Attention(
        code="AFT912",
        target=request.id,
        message=f"setting {resolved.name} is left as it is: {seen.refused}",
        hint=seen.hint
        or "remove the reason in the account, or the setting from the account's baseline",
    )


def _unread(request: AccountRequest, unread: Mapping[str, str]) -> Attention:
    names = list(unread)
    one = len(names) == 1
    what = f"setting {names[0]}" if one else f"{len(names)} settings ({', '.join(names)})"
    they_are = "it is" if one else "they are"
    reasons = "; ".join(dict.fromkeys(unread.values()))
    return Attention(
        code="AFT922",
        target=request.id,
        message=f"{what} could not be read, so nobody can say whether {they_are} still as "
        f"applied: {reasons}",
        hint="run again; when it stays so, look whether aft's role can be assumed in the account",
    )
