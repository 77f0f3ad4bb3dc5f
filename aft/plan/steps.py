"""What is done inside one account: the settings of its baseline, then its customizations.

A step whose digest (content, version, inputs) equals the last applied one in the ledger is
taken as done. What was read live decides over that; what only apply can know has no digest yet.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from aft.baselines.digests import setting_digest
from aft.baselines.select import ResolvedSetting, select_baseline, settings_for
from aft.ledger.events import AccountRecord
from aft.organization.model import AccountFacts
from aft.plan.chain import Chain
from aft.plan.customizations import add_customizations
from aft.plan.model import Attention, ChangeKind, Confirmation, LiveSetting
from aft.plan.networks import NO_NETWORKS, Networks
from aft.plan.references import SettingReference
from aft.plan.step_sources import Live, StepSources, reason_of
from aft.requests.model import AccountRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class StepNotes:
    """What the steps leave beside changes."""

    confirmations: tuple[Confirmation, ...]
    attention: tuple[Attention, ...]
    references: tuple[SettingReference, ...] = ()


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
        return StepNotes(confirmations=(), attention=(_tied(request, chosen.tied),))
    notes = StepNotes(confirmations=(), attention=())
    if chosen.baseline is not None:
        resolved = settings_for(chosen.baseline, facts, sources.settings)
        notes = _add_settings(
            chain,
            resolved,
            where=f"baseline {chosen.baseline.name}",
            request=request,
            facts=facts,
            record=record,
            live=sources.live,
            networks=networks,
        )
    more = add_customizations(chain, request=request, facts=facts, record=record, sources=sources)
    return replace(notes, attention=(*notes.attention, *more))


def _tied(request: AccountRequest, names: Iterable[str]) -> Attention:
    return Attention(
        code="AFT919",
        target=request.id,
        message=f"baselines {' and '.join(names)} select this account equally, so it gets none "
        "of them and no customization",
        hint=f"name one of them as `baseline` in {request.source.path}",
    )


def _add_settings(
    chain: Chain,
    settings: Iterable[ResolvedSetting],
    *,
    where: str,
    request: AccountRequest,
    facts: AccountFacts,
    record: AccountRecord,
    live: Live,
    networks: Networks,
) -> StepNotes:
    confirmations: list[Confirmation] = []
    attention: list[Attention] = []
    references: list[SettingReference] = []
    for resolved in settings:
        held_back = networks.held_back.get((request.id, resolved.name))
        if held_back is not None:
            attention.append(held_back)
            continue
        digest = setting_digest(resolved, facts)
        done = record.steps.get(resolved.name)
        if digest and done is not None and done.digest == digest:
            continue
        network = networks.range_field(request.id, resolved.name)
        seen = live.get((facts.account_id or "", resolved.name))
        if seen is not None and seen.refused:
            attention.append(_refused(request, resolved, seen))
            continue
        if seen is not None and seen.is_pending and not seen.differences:
            continue  # only time can mend it; each run looks again
        if seen is not None and not seen.differences and facts.account_id is not None:
            confirmations.append(
                Confirmation(
                    target=request.id,
                    account_id=facts.account_id,
                    subject=resolved.name,
                    inputs_digest=digest,
                    allocation=(network.after or "") if network is not None else "",
                )
            )
            continue
        chain.add(
            ChangeKind.APPLY_SETTING,
            subject=resolved.name,
            fields=() if network is None else (network,),
            details=seen.differences if seen is not None else (),
            inputs_digest=digest,
            reason=reason_of(record, resolved.name, where),
        )
        references.extend(
            SettingReference(target=request.id, setting=resolved.name, other=other)
            for reference in resolved.references
            if (other := reference.request_id) is not None and other != request.id
        )
    return StepNotes(
        confirmations=tuple(confirmations),
        attention=tuple(attention),
        references=tuple(references),
    )


def _refused(request: AccountRequest, resolved: ResolvedSetting, seen: LiveSetting) -> Attention:
    return Attention(
        code="AFT912",
        target=request.id,
        message=f"setting {resolved.name} is left as it is: {seen.refused}",
        hint="remove the reason in the account, or the setting from the account's baseline",
    )
