"""What is done inside one account: the settings of its baseline, then its customizations.

A step whose digest (content, version, inputs) equals the last applied one in the ledger is
taken as done. What was read live decides over that; what only apply can know has no digest yet.
The settings' order is ``aft.plan.settings``'s; customizations come after them, in a row, but for
settings that go over what customizations make, too.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from aft.baselines.select import select_baseline, settings_for
from aft.desired.model import AccountRequest
from aft.ledger.events import AccountRecord
from aft.organization.model import AccountFacts
from aft.plan.chain import Chain
from aft.plan.customizations import add_customizations
from aft.plan.model import Attention
from aft.plan.networks import NO_NETWORKS, Networks
from aft.plan.settings import SettingWork, StepNotes, in_turn
from aft.plan.step_sources import StepSources


def add_steps(
    chain: Chain,
    *,
    request: AccountRequest,
    facts: AccountFacts,
    record: AccountRecord,
    sources: StepSources,
    networks: Networks = NO_NETWORKS,
) -> StepNotes:
    """Append the settings and customizations that are not done yet, in order.

    Raises ``UserError`` when a setting cannot take its parameters for this account.
    """
    chosen = select_baseline(request=request, ou=facts.ou, baselines=sources.desired.baselines)
    if chosen.tied:
        return StepNotes(attention=(_tied(request, chosen.tied),))
    work: SettingWork | None = None
    if chosen.baseline is not None:
        work = SettingWork(
            chain=chain,
            settings=in_turn(settings_for(chosen.baseline, facts, sources.settings)),
            where=f"baseline {chosen.baseline.name}",
            request=request,
            facts=facts,
            record=record,
            live=sources.live,
            networks=networks,
        )
        work.before_customizations()
    more = add_customizations(chain, request=request, facts=facts, record=record, sources=sources)
    if work is None:
        return StepNotes(attention=more)
    work.after_customizations()
    notes = work.notes
    return replace(notes, attention=(*notes.attention, *more))


def _tied(request: AccountRequest, names: Iterable[str]) -> Attention:
    return Attention(
        code="AFT919",
        target=request.id,
        message=f"baselines {' and '.join(names)} select this account equally, so it gets none "
        "of them and no customization",
        hint=f"name one of them as `baseline` in {request.source.path}",
    )
