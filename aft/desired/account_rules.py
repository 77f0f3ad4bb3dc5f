"""What must hold for one account, given the baselines and customizations it gets.

Costs more than the other rules, so its outcome is kept with the request's values: it depends on
nothing but these and what ``environment`` digests.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator

from aft.baselines.model import Baseline
from aft.baselines.parse import check_parameters
from aft.baselines.select import Settings
from aft.customizations.model import Customization
from aft.customizations.reads import check_step_inputs
from aft.customizations.select import customizations_of
from aft.desired.model import AccountRequest, DesiredState
from aft.desired.networks import NetworkClaims
from aft.desired.rules import Places
from aft.findings.model import Finding
from aft.findings.validation import Loc
from aft.values.canonical_json import digest, plain
from aft.values.placeholders import has_placeholders

BUDGET = "budget"
"""The setting that acts on a request's field of the same name."""

_SAMPLE_RANGE = "192.0.2.0/24"
"""Stands for a range that only the plan allocates."""


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
            choice = account.choice
            if choice.tied:
                yield self._tie(request, choice.tied)
            elif request.budget is not None:
                yield from self._budget(request, choice.baseline)
            baseline = self._varying[choice.baseline.name] if choice.baseline else None
            if baseline is not None:
                found = check_parameters(baseline, facts, self._settings, source=request.source)
                yield from self._placed(found, request, ("baseline",))
        if self._customizations:  # they see which range each network will have
            claims = self._networks.of(account)
            ranges = {claim.setting: claim.wanted.cidr or _SAMPLE_RANGE for claim in claims}
            facts = dataclasses.replace(facts, allocations=ranges)
        for loc, customization in self._customizations_of(request):
            found = check_step_inputs(customization, facts, source=request.source)
            yield from self._placed(found, request, loc)

    def _customizations_of(self, request: AccountRequest) -> Iterator[tuple[Loc, Customization]]:
        for customization in customizations_of(request, request.ou_path, self._customizations):
            is_named = customization.name in request.customizations
            number = request.customizations.index(customization.name) if is_named else 0
            yield ("customizations", number) if is_named else (), customization

    def _placed(
        self, findings: Iterable[Finding], request: AccountRequest, loc: Loc
    ) -> Iterator[Finding]:
        """The findings where the request asks for what they are about."""
        for finding in findings:
            yield dataclasses.replace(finding, source=self._places.at(request.id, loc))

    def _budget(self, request: AccountRequest, baseline: Baseline | None) -> Iterator[Finding]:
        if baseline is not None and any(item.setting == BUDGET for item in baseline.settings):
            return
        what = f"its baseline {baseline.name!r} has no setting" if baseline else "no baseline with"
        yield Finding(
            code="AFT317",
            source=self._places.at(request.id, ("budget",), key=True),
            message=f"budget: {what} {BUDGET!r}"
            + (", so nothing would come of it" if baseline else " is selected for this request"),
            hint=f"add '- setting: {BUDGET}' to the baseline, or take the budget out",
        )

    def _tie(self, request: AccountRequest, names: tuple[str, ...]) -> Finding:
        return Finding(
            code="AFT315",
            source=self._places.at(request.id, ()),
            message=f"baselines {', '.join(names)} select this request equally well",
            hint="write 'baseline:' with one of them, or make their selectors differ",
        )


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
