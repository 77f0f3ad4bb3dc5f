"""Accounts that wait for each other because of what their baselines' parameters name.

A setting that names another account comes after that account's own setting of the same name (or,
where it has none, after its creation); ``depends_on`` comes after the whole account. So two
accounts may well name each other, as long as their settings can take turns.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from aft.baselines.model import Baseline, SettingSpec
from aft.baselines.select import select_baseline
from aft.desired.model import AccountRequest
from aft.desired.rules import cycles_from
from aft.findings.model import Finding, SourceRef
from aft.values.ids import OrgUnitPath

_BEGIN = 0


def reference_cycles(
    requests: Iterable[AccountRequest], baselines: Mapping[str, Baseline]
) -> Iterator[Finding]:
    """Each circle with a parameter in it once, at that parameter.

    Only accounts that others wait for can be in a circle, so only those are looked at.
    """
    named = {
        request
        for baseline in baselines.values()
        for spec in baseline.settings
        for request, _ in spec.references
    }
    if not named:
        return
    everyone = {request.id: request for request in requests}
    wanted = named.union(*(request.depends_on for request in everyone.values()))
    graph = _Graph({key: everyone[key] for key in sorted(wanted) if key in everyone}, baselines)
    done: set[str] = set()
    told: set[SourceRef] = set()
    for start in sorted(graph.needs):
        for cycle in cycles_from(start, graph.needs, done):
            pairs = zip(cycle, (*cycle[1:], cycle[0]), strict=True)
            sources = [graph.sources[pair] for pair in pairs if pair in graph.sources]
            if not sources or min(sources) in told:  # by depends_on alone it is a rule of its own
                continue
            told.add(min(sources))
            yield Finding(
                code="AFT510",
                source=min(sources),
                message=f"accounts wait for each other: {graph.shown(cycle)}",
                hint="take out a depends_on between them (aft orders them by itself), or list "
                "the settings in the same order in both baselines",
            )


class _Graph:
    """``needs`` goes from a step of an account to those that come before it."""

    def __init__(
        self, requests: Mapping[str, AccountRequest], baselines: Mapping[str, Baseline]
    ) -> None:
        self._settings = {key: _settings(request, baselines) for key, request in requests.items()}
        self.needs: dict[str, tuple[str, ...]] = {}
        self.sources: dict[tuple[str, str], SourceRef] = {}
        for key, request in requests.items():
            self.needs[_node(key, _BEGIN)] = tuple(
                _node(other, len(self._settings[other]))
                for other in request.depends_on
                if other in requests and other != key
            )
            for number, spec in enumerate(self._settings[key], start=1):
                here = _node(key, number)
                before = [_node(key, number - 1)]
                for other, source in spec.references:
                    if other != key and other in requests:
                        there = _node(other, self._position(other, spec.setting))
                        before.append(there)
                        self.sources[here, there] = source
                self.needs[here] = tuple(before)

    def shown(self, cycle: tuple[str, ...]) -> str:
        """``log-archive (guardduty) -> audit (cloudtrail) -> log-archive``."""
        words: list[str] = []
        for pair in zip(cycle, (*cycle[1:], cycle[0]), strict=True):
            here, there = (self._words(node) for node in pair)
            if here[0] != there[0]:
                setting = here[1] if pair in self.sources else "depends_on"
                words.append(f"{here[0]} ({setting})")
        return " -> ".join([*words, words[0].split(" ")[0]])

    def _position(self, key: str, setting: str) -> int:
        names = [spec.setting for spec in self._settings[key]]
        return names.index(setting) + 1 if setting in names else _BEGIN

    def _words(self, node: str) -> tuple[str, str]:
        key, number = node.split("\n")
        position = int(number)
        return key, self._settings[key][position - 1].setting if position else ""


def _settings(
    request: AccountRequest, baselines: Mapping[str, Baseline]
) -> tuple[SettingSpec, ...]:
    ou = request.ou if isinstance(request.ou, OrgUnitPath) else OrgUnitPath()
    chosen = select_baseline(request=request, ou=ou, baselines=baselines).baseline
    return chosen.settings if chosen is not None else ()


def _node(key: str, position: int) -> str:
    return f"{key}\n{position}"
