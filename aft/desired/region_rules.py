"""Opt-in regions: who governs one must enable it first. Pure.

Until an account has opted in to a region, every call there is refused; so ``region-opt-in`` (any
setting that says it enables regions) stands before the baseline's first regional setting.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from aft.baselines.model import Baseline, OptsIntoRegions, SettingSpec
from aft.baselines.select import Settings
from aft.desired.model import DesiredAccount, DesiredState
from aft.desired.rules import Places
from aft.findings.model import Finding, SourceRef
from aft.values.regions import OPT_IN

_HINT = "list region-opt-in in the baseline before its first regional setting"


def check_opt_in(state: DesiredState, settings: Settings, places: Places) -> Iterator[Finding]:
    """Opt-in regions of aft.yaml and of requests whose baselines do not enable them in time."""
    governed = [region for region in state.config.regions if region in OPT_IN]
    early = {name: _too_early(item, settings) for name, item in state.baselines.items()}
    for name in sorted(state.baselines):
        spec = early[name]
        if governed and spec is not None:
            message = (
                f"setting {spec.setting!r} is regional, aft.yaml governs {', '.join(governed)}, "
                "which an account must opt in to, and nothing before it does"
            )
            yield _finding(spec.source, message)
    for request in state.requests:
        regions = [(at, name) for at, name in enumerate(request.regions) if name in OPT_IN]
        if not regions:
            continue
        problem = _problem(state.accounts[request.id], settings, early)
        if problem:
            for number, region in regions:
                source = places.at(request.id, ("regions", number))
                yield _finding(source, f"{region} must be opted in to, and {problem}")


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
    spec = early[baseline.name]
    if spec is None:
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


def _finding(source: SourceRef, message: str) -> Finding:
    return Finding(code="AFT340", source=source, message=message, hint=_HINT)
