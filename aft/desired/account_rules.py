"""What must hold for one account, given the baselines and customizations it gets. Costs more than
the other rules, so its outcome is kept with the request's values: it depends on nothing but these
and what ``environment`` digests."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping

from aft.baselines.model import Baseline, OptsIntoRegions, SettingSpec
from aft.baselines.parse import check_parameters
from aft.baselines.select import Settings
from aft.customizations.reads import check_step_inputs
from aft.customizations.select import customizations_of
from aft.desired.customization_rules import asked_at
from aft.desired.model import AccountRequest, DesiredAccount, DesiredState
from aft.desired.networks import NetworkClaims
from aft.desired.rules import Places, about
from aft.findings.model import Finding, finding_at
from aft.findings.validation import Loc
from aft.values.canonical_json import digest, plain
from aft.values.placeholders import has_placeholders
from aft.values.regions import OPT_IN

BUDGET = "budget"
"""The setting that acts on a request's field of the same name."""

_SAMPLE_RANGE = "192.0.2.0/24"
"""Placeholder for a range that only the plan allocates."""


class AccountRules:
    """The rules for each account of ``state``. A ``check`` gives the same every time."""

    def __init__(self, state: DesiredState, settings: Settings, places: Places) -> None:
        self._accounts = state.accounts
        self._customizations = {
            name: customization
            for name, customization in state.customizations.items()
            if any(step.reads for step in customization.steps)
        }
        self._settings = settings
        self._networks = NetworkClaims(state, settings)
        self._places = places
        self._varying = {name: _varying(baseline) for name, baseline in state.baselines.items()}
        self.environment = _environment(state, self._varying.values(), settings)

    def check(self, request: AccountRequest) -> Iterator[Finding]:
        """What is wrong with this account's baseline and customizations."""
        account = self._accounts[request.id]
        facts = account.facts
        if account.is_baseline_known:
            baseline, tied = account.choice.baseline, account.choice.tied
            if tied:
                message = f"baselines {', '.join(tied)} select this request equally well"
                hint = "write 'baseline:' with one of them, or make their selectors differ"
                place = self._places.at(request.id, ())
                yield about(finding_at("AFT315", place, message, hint), request)
            elif request.budget is not None:
                yield from self._budget(request, baseline)
            varying = self._varying[baseline.name] if baseline is not None else None
            if varying is not None:
                found = check_parameters(varying, facts, self._settings, source=request.source)
                yield from self._placed(found, request, ("baseline",))
        if self._customizations:  # they see which range each network will have
            claims = self._networks.of(account)
            ranges = {claim.setting: claim.wanted.cidr or _SAMPLE_RANGE for claim in claims}
            facts = dataclasses.replace(facts, allocations=ranges)
        for customization in customizations_of(request, request.ou_path, self._customizations):
            found = check_step_inputs(customization, facts, source=request.source)
            yield from self._placed(found, request, asked_at(request, customization))

    def _placed(
        self, findings: Iterable[Finding], request: AccountRequest, loc: Loc
    ) -> Iterator[Finding]:
        """The findings where the request asks for what they are about."""
        for finding in findings:
            placed = dataclasses.replace(finding, source=self._places.at(request.id, loc))
            yield about(placed, request)

    def _budget(self, request: AccountRequest, baseline: Baseline | None) -> Iterator[Finding]:
        message = f"budget: no baseline with {BUDGET!r} is selected for this request"
        if baseline is not None:
            if any(item.setting == BUDGET for item in baseline.settings):
                return
            message = f"budget: its baseline {baseline.name!r} has no setting {BUDGET!r}, so "
            message += "nothing would come of it"
        hint = f"add '- setting: {BUDGET}' to the baseline, or take the budget out"
        place = self._places.at(request.id, ("budget",), key=True)
        yield about(finding_at("AFT317", place, message, hint), request)


def _varying(baseline: Baseline) -> Baseline | None:
    """The baseline with only those settings whose parameters differ from account to account."""
    settings = tuple(item for item in baseline.settings if has_placeholders(item.parameters))
    return dataclasses.replace(baseline, settings=settings) if settings else None


def _environment(
    state: DesiredState, varying: Iterable[Baseline | None], settings: Settings
) -> str:
    """A digest of everything but the request that the outcome of ``check`` depends on."""
    steps = [
        [name, step.id, step.content_digest]
        for name, customization in sorted(state.customizations.items())
        for step in customization.steps
    ]
    selects = {
        name: [plain(item.select.organizational_units), item.select.tags, item.select.requests]
        for name, item in state.customizations.items()
        if not item.select.is_empty
    }
    regions = [state.config.home_region, *state.config.regions]
    checked = {item.setting for baseline in varying if baseline for item in baseline.settings}
    versions = {
        name: [settings[name].effect_version, settings[name].parameters_model.model_json_schema()]
        for name in checked
    }
    return digest([plain(state.baselines), steps, selects, regions, versions])[7:23]


_HINT = "list region-opt-in in the baseline before its first regional setting"


def check_opt_in(state: DesiredState, settings: Settings, places: Places) -> Iterator[Finding]:
    """Opt-in regions of aft.yaml and of requests whose baselines do not enable them in time."""
    governed = [region for region in state.config.regions if region in OPT_IN]
    early = {name: _too_early(item, settings) for name, item in state.baselines.items()}
    for _, spec in sorted(early.items()):
        if governed and spec is not None:
            message = f"setting {spec.setting!r} is regional, aft.yaml governs "
            message += f"{', '.join(governed)}, which an account must opt in to, and nothing "
            yield finding_at("AFT340", spec.source, f"{message}before it does", _HINT)
    for request in state.requests:
        regions = [(at, name) for at, name in enumerate(request.regions) if name in OPT_IN]
        problem = _problem(state.accounts[request.id], settings, early) if regions else ""
        for number, region in regions if problem else ():
            source = places.at(request.id, ("regions", number))
            message = f"{region} must be opted in to, and {problem}"
            yield about(finding_at("AFT340", source, message, _HINT), request)


def _problem(
    account: DesiredAccount, settings: Settings, early: Mapping[str, SettingSpec | None]
) -> str:
    """Why the account's baseline does not enable regions in time, or an empty string."""
    if not account.is_baseline_known:
        return ""
    baseline, is_tied = account.choice.baseline, bool(account.choice.tied)
    if baseline is None:
        is_elsewhere = is_tied or account.request.baseline is not None
        return "" if is_elsewhere else "no baseline does that for this account"
    if not any(_enables(spec, settings) for spec in baseline.settings):
        return f"baseline {baseline.name!r} has no region-opt-in"
    if (spec := early[baseline.name]) is None:
        return ""
    return f"baseline {baseline.name!r} has {spec.setting!r} ({spec.source}) before region-opt-in"


def _too_early(baseline: Baseline, settings: Settings) -> SettingSpec | None:
    """The baseline's first regional setting, unless regions were enabled before it."""
    for spec in baseline.settings:
        if _enables(spec, settings):
            return None
        plugin = settings.get(spec.setting)
        if plugin is not None and plugin.regional:
            return spec
    return None


def _enables(spec: SettingSpec, settings: Settings) -> bool:
    return isinstance(settings.get(spec.setting), OptsIntoRegions)
