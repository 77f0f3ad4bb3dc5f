"""What is wrong with lines of ``allow``: a ``what`` that no kind has, a target or item that is not
there, a line that has ended. Generators over plain values, as in ``rules``; a position is asked
for only for a finding."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property, partial

from aft.config.allowance import Allowance, Line, OwnAllowance
from aft.desired.model import DesiredState
from aft.desired.rules import Places
from aft.findings.model import Finding, Severity, SourceRef, finding_at
from aft.findings.validation import Loc
from aft.values.ids import RequestId
from aft.values.suggestions import did_you_mean

ORGANIZATION = "organization"
"""The target of lines about what belongs to no account."""


@dataclass(frozen=True, kw_only=True)
class AllowanceRules:
    """``risks`` and ``limits`` are those of the installed kinds, ``config_place`` says where
    ``aft.yaml`` says something; ``today`` is UTC."""

    state: DesiredState
    risks: Collection[str]
    limits: Collection[str]
    config_place: Callable[[Loc], SourceRef]
    places: Places
    today: date

    def check(self) -> Iterator[Finding]:
        """Every line of ``aft.yaml`` and of the requests."""
        for number, line in enumerate(self.state.config.allow):
            yield from self._line(line, number, self.config_place)
        for request in self.state.requests:
            for number, own in enumerate(request.allow):
                yield from self._line(own, number, partial(self.places.at, request.id))

    def _line(
        self, line: Line, number: int, place: Callable[[Loc], SourceRef]
    ) -> Iterator[Finding]:
        head: Loc = ("allow", number)
        if wrong := self._what(line):
            yield finding_at("AFT346", place((*head, "what")), *wrong)
        if line.until < self.today:
            message = f"this line of allow ended on {line.until}, and permits nothing"
            hint = "remove it, or have a new date reviewed"
            yield _warning("AFT372", place((*head, "until")), message, hint)
        target = line.target if isinstance(line, Allowance) else None
        ids = self.state.request_by_id
        if target not in (None, ORGANIZATION) and RequestId(str(target)) not in ids:
            hint = did_you_mean(str(target), ids) or "a line for all accounts names no target"
            message = f"there is no request {target!r} that this could be for"
            yield _warning("AFT371", place((*head, "target")), message, hint)
        for index, item in enumerate(line.items):
            if not self._is_known(item):
                near = did_you_mean(item, self._things)
                message = f"there is nothing called {item!r} that this could be for"
                hint = near or "name a step, a resource of one, a setting or an OU"
                yield _warning("AFT371", place((*head, "items", index)), message, hint)

    def _what(self, line: Line) -> tuple[str, str] | None:
        """What is wrong with the line's ``what``, and what to write."""
        what = line.what
        if isinstance(line, Allowance) and line.up_to is not None:
            if what in self.limits:
                return None
            near = did_you_mean(what, self.limits)
            return f"there is no limit {what!r}", near or f"the limits are: {_names(self.limits)}"
        if what in self.risks:
            return None
        if what in self.limits and isinstance(line, Allowance):
            return f"{what!r} is a limit, and the line has no up_to", "add `up_to: <number>`"
        known = {*self.risks, *(self.limits if not isinstance(line, OwnAllowance) else ())}
        near = did_you_mean(what, known)
        message = f"there is no risk {what!r}, and nothing else of that name can be allowed"
        return message, near or f"the risks are: {_names(self.risks)}"

    def _is_known(self, item: str) -> bool:
        """A step may be gone already, and a resource be in no template: what ends often is."""
        folder, _, step = item.partition("/")
        names = (folder, f"{folder}/{step.partition('/')[0]}", item)
        return any(name in self._things for name in names)

    @cached_property
    def _things(self) -> frozenset[str]:
        steps = (step.id for item in self.state.customizations.values() for step in item.steps)
        settings = (
            spec.setting for item in self.state.baselines.values() for spec in item.settings
        )
        units = (str(path) for path in self.state.organization.paths)
        aspects = ("ou", "name", "tags", "request")
        return frozenset({*steps, *settings, *units, *aspects, *self.state.customizations})


def _names(known: Collection[str]) -> str:
    return ", ".join(sorted(known))


def _warning(code: str, source: SourceRef, message: str, hint: str) -> Finding:
    return finding_at(code, source, message, hint, severity=Severity.WARNING)
