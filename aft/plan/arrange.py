"""From what the changes of a draft use and make to what each waits for. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import chain

from aft.findings.model import finding_about
from aft.ledger.events import AccountRecord
from aft.plan.draft import Draft, Entry, Stage
from aft.plan.held_back import is_finished
from aft.plan.model import ORGANIZATION, Change
from aft.plan.view import PlanView
from aft.values.ids import RequestId
from aft.values.refs import ACCOUNT, Ref


def ends_of(draft: Draft, target: str, *, until: Stage) -> tuple[str, ...]:
    """The changes of ``target`` so far, up to that stage, that none of its changes waits for."""
    found = (item for item in draft.entries.get(target, ()) if item.stage <= until)
    return tails(_Links(()).in_turn(found))


def heads(changes: Sequence[Change]) -> tuple[str, ...]:
    """The changes of a chain that wait for none of its changes: with them it begins."""
    own = {change.id for change in changes}
    return tuple(change.id for change in changes if own.isdisjoint(change.needs))


def tails(changes: Sequence[Change]) -> tuple[str, ...]:
    """The changes of a chain that none of its changes waits for: after them it is done."""
    needed = {need for change in changes for need in change.needs}
    return tuple(change.id for change in changes if change.id not in needed)


def hold_back(view: PlanView, draft: Draft) -> None:
    """What waits for a request that nothing can be done for, waits with it; and so on."""
    again = True
    while again:
        again = False
        for request in view.requests:
            if not draft.entries.get(request.id):
                continue
            obstacles = (_obstacle(view, draft, name) for name in request.depends_on)
            obstacle = next(filter(None, obstacles), None)
            why = f"{request.source.path} depends on it"
            if obstacle is None and (lost := _without_account(view, draft, request.id)):
                obstacle = f"the account of request {lost[0]}, which does not exist yet"
                why = lost[1]
            if obstacle is not None:
                message, hint = f"its changes wait for {obstacle}", f"settle that one first; {why}"
                draft.block(finding_about("AFT913", request.id, message, hint))
                again = True


def arranged(view: PlanView, draft: Draft) -> tuple[Change, ...]:
    """Every change with what it waits for: the organization's, the accounts', the clean-up."""
    links = _Links(chain.from_iterable(draft.entries.values()))
    chains: dict[str, tuple[Change, ...]] = {}
    cleaning: list[Change] = []
    for target, entries in draft.entries.items():
        staying = [item for item in entries if not item.cleans_up]
        chains[target] = links.in_turn(staying, is_row=target != ORGANIZATION)
        cleaning += (links.resolved(item, item.after or ()) for item in entries if item.cleans_up)
    _order_dependents(view, chains)
    order = {name: number for number, name in enumerate(draft.entries)}
    return (
        *chains.pop(ORGANIZATION, ()),
        *(change for target in sorted(chains) for change in chains[target]),
        *sorted(cleaning, key=lambda item: (item.target == ORGANIZATION, order[item.target])),
    )


class _Links:
    """By thing: the change that makes it, and those that stop using it."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._makers: dict[Ref, str] = {}
        self._leavers: dict[Ref, list[str]] = defaultdict(list)
        for entry in entries:
            self._makers.update(dict.fromkeys(entry.makes, entry.change.id))
            for ref in entry.leaves:
                self._leavers[ref].append(entry.change.id)

    def in_turn(self, entries: Iterable[Entry], *, is_row: bool = True) -> tuple[Change, ...]:
        """One target's changes by their stages. In a row of one account each waits for all before
        it unless it says for which."""
        changes: list[Change] = []
        for entry in sorted(entries, key=lambda item: item.stage):
            before = entry.after if entry.after is not None else tails(changes) if is_row else ()
            changes.append(self.resolved(entry, before))
        return tuple(changes)

    def resolved(self, entry: Entry, before: Iterable[str]) -> Change:
        needs = [*before]
        for use in entry.uses:
            found = self._makers.get(use.ref)
            if found is None and use.of:
                found = self._makers.get(Ref(ACCOUNT, use.of))
            needs += [found] if found is not None else []
        for ref in entry.unmakes:
            needs += self._leavers.get(ref, ())
        unique = dict.fromkeys(need for need in needs if need != entry.change.id)
        return replace(entry.change, needs=tuple(unique))


def _without_account(view: PlanView, draft: Draft, target: str) -> tuple[str, str] | None:
    """A request whose account a change of ``target`` needs, and which neither has one nor gets
    one; and why it needs it."""
    uses = [use for entry in draft.entries.get(target, ()) for use in entry.uses if use.of]
    for use in reversed(uses):
        if use.of not in view.around.accounts and not draft.entries.get(use.of):
            return use.of, use.why
    return None


def _obstacle(view: PlanView, draft: Draft, name: RequestId) -> str | None:
    if name in draft.held and is_finished(_record(view, draft, name)):
        return None
    if name in draft.blocked:
        return f"request {name}, which needs attention"
    outside = view.scope is not None and name not in view.scope
    if outside and view.ledger.record(name).account_id is None:
        return f"request {name}, which has no account yet and is not part of this limited plan"
    return None


def _record(view: PlanView, draft: Draft, name: RequestId) -> AccountRecord:
    site = draft.sites.get(name)
    return site.record if site is not None else view.ledger.record(name)


def _order_dependents(view: PlanView, chains: dict[str, tuple[Change, ...]]) -> None:
    for request in view.requests:
        if own := chains.get(request.id):
            last = [
                key for name in request.depends_on if name in chains for key in tails(chains[name])
            ]
            chains[request.id] = _waiting_for(own, sorted(last))


def _waiting_for(changes: tuple[Change, ...], needs: Sequence[str]) -> tuple[Change, ...]:
    """The same chain, which does not begin before ``needs`` are done."""
    if not needs:
        return changes
    begins = frozenset(heads(changes))
    return tuple(
        replace(change, needs=tuple(dict.fromkeys((*change.needs, *needs))))
        if change.id in begins
        else change
        for change in changes
    )
