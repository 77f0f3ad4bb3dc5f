"""Every effective value of one account, and where it comes from: files, the ledger, AWS. Works from
the files and the ledger alone; with a snapshot it also says what only AWS knows. Pure, and made for
one account on demand: nothing here is kept in the desired state."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypedDict

from aft.baselines.model import (
    ClaimsNetwork,
    Publishes,
    setting_ref,
    settings_among,
)
from aft.baselines.provenance import parameter_values, selected_by
from aft.baselines.select import ResolvedSetting, Settings, settings_for
from aft.config.file import config_place
from aft.customizations.model import Customization, step_ref
from aft.customizations.parameters import parameter_values as customization_parameters
from aft.customizations.select import customizations_of, default_of, reason_for
from aft.desired.customization_rules import asked_at
from aft.desired.defaults import read_document
from aft.desired.model import AccountRequest, DesiredState
from aft.desired.provenance import BUILT_IN, RequestOrigins, read_origins
from aft.errors import UserError
from aft.files import RevisionFiles
from aft.findings.origins import Explained, Origin, OriginKind
from aft.ledger.events import AccountRecord, LedgerEvent, LedgerState
from aft.ledger.payloads import Bound, StepDone, StepRemoved, payload_of
from aft.ledger.replay import step_ref as step_ref_of
from aft.organization.model import OrganizationSnapshot, Surroundings
from aft.plan.draft import Look
from aft.plan.explanation import (
    ExplainedCustomization,
    ExplainedSetting,
    ExplainedStep,
    Explanation,
    LastTime,
    LeftBehind,
)
from aft.plan.identity import Evidence, identify
from aft.plan.model import LiveSetting
from aft.plan.protection import is_protected
from aft.values.ids import AccountId, OrgUnitPath
from aft.values.refs import Ref, account_ref
from aft.yamldoc import YamlDocument


def explain(
    files: RevisionFiles,
    desired: DesiredState,
    request: AccountRequest,
    ledger: LedgerState,
    *,
    settings: Settings,
    snapshot: OrganizationSnapshot | None = None,
    events: Sequence[LedgerEvent] = (),
    look: Looking | None = None,
) -> Explanation:
    """``events`` are the ledger's of this request; ``look`` looks inside the account. Raises
    ``UserError`` where the OU is given by AWS's id and no ``snapshot`` says its path."""
    explainer = _Explainer(files, desired, request, ledger, settings, snapshot, events)
    if look is not None and explainer.account_id is not None:
        explainer.seen = look(tuple(explainer.looks(explainer.account_id)))
    return explainer.explanation()


Looking = Callable[[Sequence[Look]], Mapping[tuple[str, str], LiveSetting]]
"""What settings show in the account now, by account id and name."""


class _Now(TypedDict, total=False):
    now: tuple[str, ...]
    unread: str


@dataclass
class _Explainer:
    files: RevisionFiles
    desired: DesiredState
    request: AccountRequest
    ledger: LedgerState
    settings: Settings
    snapshot: OrganizationSnapshot | None
    events: Sequence[LedgerEvent] = ()
    seen: Mapping[tuple[str, str], LiveSetting] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.origins: RequestOrigins = read_origins(self.files, self.request)
        self.record = self._record()
        self.ou = self._ou()
        self.account_id, self._account_origin = self._account()
        accounts = {
            name: AccountId(record.account_id)
            for name, record in self.ledger.records.items()
            if record.account_id is not None and self.desired.has_file(name)
        }
        world = self.snapshot.account_by_id if self.snapshot is not None else {}
        seen = world.get(self.account_id) if self.account_id is not None else None
        self._resolved = replace(
            self.desired.account(self.request),
            ou=self.ou,
            account_id=self.account_id,
            email=seen.email if seen is not None else None,
            around=Surroundings(accounts=accounts),
            allocations=self.record.allocations,
        )

    def explanation(self) -> Explanation:
        baseline, settings = self._baseline()
        said = {*(loc[0] for loc in BUILT_IN if len(loc) == 1), "regions", "baseline"}
        return Explanation(
            id=self.request.id,
            source=self.request.source,
            account_id=self.account_id,
            ou=str(self.ou),
            fields=tuple(self.origins.fields()),
            unset=tuple(name for name in self.origins.unset() if name not in said),
            place=tuple(self._place()),
            baseline=baseline,
            settings=settings,
            customizations=tuple(self._customizations()),
            left_behind=tuple(self._left_behind({item.name for item in settings})),
        )

    def looks(self, account_id: AccountId) -> Iterator[Look]:
        """At every setting of the account."""
        baseline = self._resolved.choice.baseline
        if baseline is not None:
            for resolved in settings_for(baseline, self._resolved.facts, self.settings):
                ref = setting_ref(resolved.name)
                yield Look(ref=ref, target=self.request.id, account_id=account_id, subject=resolved)

    # --- the account and its place ---

    def _record(self) -> AccountRecord:
        record = self.ledger.record(self.request.id)
        if record.account_id is None and self.request.previously is not None:
            return self.ledger.record(self.request.previously)
        return record

    def _ou(self) -> OrgUnitPath:
        ou = self.request.ou
        if isinstance(ou, OrgUnitPath):
            return ou
        unit = self.snapshot.unit_by_id.get(ou) if self.snapshot is not None else None
        if unit is None:
            message = (
                f"{self.request.id} names its OU by AWS's id ({ou}), and only AWS knows where "
            )
            message += "that is, and so which baseline is meant"
            raise UserError(message, hint=f"aft explain {self.request.id} --live")
        return unit.path

    def _account(self) -> tuple[AccountId | None, Origin]:
        request, record = self.request, self.record
        if record.account_id is not None:
            done = record.done(account_ref())
            why = f"created {done.at:%Y-%m-%d}" if done is not None else "bound to the request"
            return AccountId(record.account_id), Origin(kind=OriginKind.LEDGER, why=why)
        if self.snapshot is not None:
            match = identify(self.desired, self.snapshot, self.ledger).matches.get(request.id)
            if match is not None and match.evidence is not Evidence.ACCOUNT_ID:
                why = f"found by its {'e-mail' if match.evidence is Evidence.EMAIL else 'tag'}"
                return match.account.id, Origin(kind=OriginKind.AWS, why=why)
        if request.account_id is not None:
            return request.account_id, self.origins.of(("account_id",))
        return None, Origin(kind=OriginKind.BUILT_IN, why="apply creates it")

    def _place(self) -> Iterator[Explained]:
        yield Explained(name="account", value=self.account_id, origin=self._account_origin)
        yield Explained(name="OU", value=str(self.ou), origin=self._unit_origin())
        if self.snapshot is not None:
            yield from self._seen(self.snapshot)
        config = self.desired.config
        home = self._configured("home_region")
        yield Explained(name="home region", value=config.home_region, origin=home)
        if self.request.regions:
            origin = self.origins.of(("regions",))
        elif config.governed_regions:
            origin = self._configured("governed_regions")
        else:
            origin = Origin(kind=OriginKind.BUILT_IN, why="the home region alone")
        regions = list(self._resolved.facts.regions)
        yield Explained(name="regions", value=regions, origin=origin)

    def _configured(self, *loc: str, why: str = "") -> Origin:
        place = config_place(self.files, loc, key=True)
        return Origin(kind=OriginKind.CONFIG, source=place, why=why)

    def _unit_origin(self) -> Origin:
        spec = next((u for u in self.desired.organization.units if u.path == self.ou), None)
        if spec is not None:
            return Origin(kind=OriginKind.ORGANIZATION, source=spec.source)
        why = "the root" if self.ou.is_root else "not in organization.yaml; AWS must have it"
        return Origin(kind=OriginKind.AWS, why=why)

    def _seen(self, snapshot: OrganizationSnapshot) -> Iterator[Explained]:
        aws = Origin(kind=OriginKind.AWS)
        unit = snapshot.unit_by_path.get(self.ou)
        if unit is not None:
            yield Explained(name="OU id", value=unit.id, origin=aws)
        else:
            yield Explained(name="OU id", value=None, origin=replace(aws, why="apply creates it"))
        account = snapshot.account_by_id.get(self.account_id) if self.account_id else None
        if account is not None:
            yield Explained(name="account state", value=account.state.value, origin=aws)
            if account.ou != self.ou:
                why = "the next apply moves it"
                if is_protected(self.request, self.record):
                    why = "it is protected, so it stays there"
                origin = replace(aws, why=why)
                yield Explained(name="OU now", value=str(account.ou), origin=origin)

    # --- what is done inside ---

    def _baseline(self) -> tuple[Explained, tuple[ExplainedSetting, ...]]:
        request, chosen = self.request, self._resolved.choice
        if chosen.baseline is None:
            why = "none selects the account"
            if chosen.tied:
                why = f"{' and '.join(chosen.tied)} select it equally, so it gets none of them"
            nothing = Origin(kind=OriginKind.BUILT_IN, why=why)
            return Explained(name="baseline", value=None, origin=nothing), ()
        baseline = chosen.baseline
        document = read_document(self.files, baseline.source.path)
        if document is None:
            raise UserError(f"{baseline.source.path} cannot be read")
        origin = self.origins.of(("baseline",))
        if request.baseline is None:
            origin = selected_by(baseline, document, request, self.ou)
        resolved = settings_for(baseline, self._resolved.facts, self.settings)
        explained = tuple(
            self._setting(item, parameter_values(item, spec, document))
            for spec, item in zip(baseline.settings, resolved, strict=True)
        )
        return Explained(name="baseline", value=baseline.name, origin=origin), explained

    def _left_behind(self, wanted: Collection[str]) -> Iterator[LeftBehind]:
        """What was applied and is in the baseline no longer; between tied ones it is unknown."""
        record, gone = self.record, self._forgotten()
        known = record.allocations.keys() | settings_among(record.steps) | settings_among(gone)
        for name in sorted(known - set(wanted) if not self._resolved.choice.tied else ()):
            yield LeftBehind(
                name=name,
                last=self._last(setting_ref(name)),
                range=record.allocations.get(name, ""),
                forgotten_at=gone.get(str(setting_ref(name))),
            )

    def _forgotten(self) -> Mapping[str, datetime]:
        """What an apply has let go without undoing it, and when, by the thing. The record has only
        what aft still keeps."""
        found: dict[str, datetime] = {}
        for event in self.events:
            match payload_of(event):
                case Bound() if event.account_id not in (None, self.account_id):
                    found.clear()
                case StepRemoved(how="kept"):
                    found[str(step_ref_of(event))] = event.at
                case StepDone() | StepRemoved():
                    found.pop(str(step_ref_of(event)), None)
        return found

    def _setting(
        self, resolved: ResolvedSetting, parameters: tuple[Explained, ...]
    ) -> ExplainedSetting:
        plugin, facts = resolved.plugin, resolved.account
        given = {item.name: item for item in parameters}
        published: tuple[Explained, ...] = ()
        if isinstance(plugin, Publishes):
            published = tuple(
                replace(given[item.name], value=item.value)
                if item.name in given and not item.field
                else Explained(name=item.name, value=item.value, origin=self.origins.of(item.field))
                for item in plugin.published(facts, resolved.parameters)
            )
        taken = {item.name: item for item in published}
        shown = [taken.pop(item.name, item) for item in parameters]
        return ExplainedSetting(
            name=resolved.name,
            source=resolved.source,
            description=plugin.description,
            parameters=(*self._range(resolved), *shown),
            regions=facts.regions if plugin.regional else (),
            published=tuple(taken.values()),
            last=self._last(setting_ref(resolved.name)),
            **self._now(resolved.name),
        )

    def _now(self, name: str) -> _Now:
        live = self.seen.get((self.account_id or "", name))
        if live is None:
            return {}
        if live.unread:
            return {"unread": live.unread}
        return {"now": (*live.differences, *filter(None, (live.refused,)))}

    def _range(self, resolved: ResolvedSetting) -> Iterator[Explained]:
        """The addresses of a setting that needs some."""
        plugin, facts = resolved.plugin, resolved.account
        if not isinstance(plugin, ClaimsNetwork):
            return
        claim = plugin.network_claim(facts, resolved.parameters)
        given = facts.allocations.get(resolved.name)
        if claim is not None and claim.cidr is not None and claim.field:
            yield Explained(name="range", value=claim.cidr, origin=self.origins.of(claim.field))
        elif given is not None:
            origin = Origin(kind=OriginKind.LEDGER, why="given to it")
            yield Explained(name="range", value=given, origin=origin)
        elif claim is not None and claim.pool:
            why = f"the next apply gives one from pool {claim.pool}"
            origin = self._configured("networks", "pools", claim.pool, why=why)
            yield Explained(name="range", value=None, origin=origin)

    def _customizations(self) -> Iterator[ExplainedCustomization]:
        known = self.desired.customizations
        for item in customizations_of(self.request, self.ou, known):
            document = read_document(self.files, item.file) if item.file else None
            named = asked_at(self.request, item)
            yield ExplainedCustomization(
                name=item.name,
                folder=item.source.path,
                origin=reason_for(
                    item,
                    self.request,
                    self.ou,
                    named_at=self.origins.of(named) if named else None,
                    document=document,
                ),
                parameters=tuple(self._parameters(item, document)),
                steps=tuple(
                    ExplainedStep(step.id, step.kind, step.file.path, self._last(step_ref(step.id)))
                    for step in item.steps
                ),
            )

    def _parameters(
        self, customization: Customization, document: YamlDocument | None
    ) -> Iterator[Explained]:
        given = self.request.parameters.get(customization.name, {})
        for name, value in customization_parameters(customization, given).items():
            origin = default_of(document, name)
            if given.get(name) is not None:
                origin = self.origins.of(("parameters", customization.name, name))
            yield Explained(name=name, value=value, origin=origin)

    def _last(self, ref: Ref) -> LastTime:
        done, failed = self.record.done(ref), self.record.failed(ref)
        return LastTime(
            applied_at=done.at if done is not None else None,
            failed=failed.reason if failed is not None else "",
        )
