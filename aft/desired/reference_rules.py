"""Accounts that wait for each other because of what their baselines' parameters name.

A setting that names another account comes after that account's own setting of the same name (or,
where it has none, after its creation); ``depends_on`` comes after the whole account. So two
accounts may well name each other, as long as their settings can take turns.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from aft.baselines.model import SettingSpec
from aft.desired.model import DesiredState
from aft.desired.rules import cycles_from
from aft.findings.model import Finding, SourceRef, finding_at
from aft.values.ids import RequestId

_HINT = (
    "take out a depends_on between them (aft orders them by itself), or list the settings in the "
    "same order in both baselines"
)
_BEGIN = 0
_Node = tuple[str, int]


def reference_cycles(state: DesiredState) -> Iterator[Finding]:
    """Each circle with a parameter in it once, at that parameter. Only accounts that others wait
    for can be in a circle, so only those are looked at."""
    named = {
        request
        for baseline in state.baselines.values()
        for spec in baseline.settings
        for request, _ in spec.references
    }
    if not named:
        return
    wanted = named.union(*(request.depends_on for request in state.requests))
    graph = _Graph(state, sorted(wanted & state.request_by_id.keys()))
    done: set[_Node] = set()
    told: set[SourceRef] = set()
    for start in sorted(graph.needs):
        for cycle in cycles_from(start, graph.needs, done):
            sources = [graph.sources[pair] for pair in _pairs(cycle) if pair in graph.sources]
            if not sources or min(sources) in told:  # by depends_on alone it is a separate rule
                continue
            told.add(min(sources))
            message = f"accounts wait for each other: {graph.shown(cycle)}"
            found = finding_at("AFT510", min(sources), message, _HINT)
            waiting = (state.request_by_id[RequestId(key)].source.path for key, _ in cycle)
            yield replace(found, about=(found.path, *waiting))


class _Graph:
    """``needs`` goes from a step of an account, its number in the baseline, to those before it."""

    def __init__(self, state: DesiredState, names: Iterable[RequestId]) -> None:
        self._names: dict[str, list[str]] = {}
        self.needs: dict[_Node, tuple[_Node, ...]] = {}
        self.sources: dict[tuple[_Node, _Node], SourceRef] = {}
        specs: dict[RequestId, tuple[SettingSpec, ...]] = {}
        for key in names:
            baseline = state.accounts[key].choice.baseline
            specs[key] = baseline.settings if baseline is not None else ()
            self._names[key] = [spec.setting for spec in specs[key]]
        for key, own in specs.items():
            others = [other for other in state.request_by_id[key].depends_on if other != key]
            self.needs[key, _BEGIN] = tuple(
                (other, len(specs[other])) for other in others if other in specs
            )
            for number, spec in enumerate(own, start=1):
                here = key, number
                before = [(key, number - 1)]
                for other, source in spec.references:
                    if other != key and other in specs:
                        there = other, self._position(other, spec.setting)
                        before.append(there)
                        self.sources[here, there] = source
                self.needs[here] = tuple(before)

    def shown(self, cycle: tuple[_Node, ...]) -> str:
        """``log-archive (guardduty) -> audit (cloudtrail) -> log-archive``."""
        pairs = [pair for pair in _pairs(cycle) if pair[0][0] != pair[1][0]]
        words = [f"{pair[0][0]} ({self._why(pair)})" for pair in pairs]
        return " -> ".join([*words, pairs[0][0][0]])

    def _why(self, pair: tuple[_Node, _Node]) -> str:
        key, position = pair[0]
        return self._names[key][position - 1] if pair in self.sources else "depends_on"

    def _position(self, key: str, setting: str) -> int:
        names = self._names[key]
        return names.index(setting) + 1 if setting in names else _BEGIN


def _pairs(cycle: tuple[_Node, ...]) -> Iterable[tuple[_Node, _Node]]:
    return zip(cycle, (*cycle[1:], cycle[0]), strict=True)
