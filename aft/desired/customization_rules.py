"""What must hold between requests and the customizations they get: parameters, other accounts'
outputs, selections, Terraform's states. Generators over plain values, as in ``rules``; a position
is asked for only for a finding."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from aft.config.model import CONFIG_PATH
from aft.customizations.model import (
    GLOBAL,
    Customization,
    CustomizationRunner,
    CustomizationStep,
    SharesState,
)
from aft.customizations.parameters import check_given, missing
from aft.customizations.reads import AccountRead, account_reads, undeclared_output
from aft.customizations.select import customizations_of
from aft.desired.model import AccountRequest, DesiredState
from aft.desired.rules import Places, about
from aft.findings.model import Finding, SourceRef, few, finding_at
from aft.findings.validation import Loc
from aft.organization.spec import OrganizationSpec
from aft.values.ids import OrgUnitPath, RequestId
from aft.values.suggestions import Suggestions, did_you_mean


def check_customizations(
    state: DesiredState,
    ids: frozenset[RequestId],
    *,
    runners: Mapping[str, CustomizationRunner],
    names: frozenset[str],
    organization: OrganizationSpec | None,
    places: Places,
) -> Iterator[Finding]:
    """All rules. ``names`` are customizations that exist, even if they have findings;
    ``organization`` is ``None`` while its file has findings."""
    units = organization.paths if organization is not None else frozenset()
    rules = _Rules(state, ids, runners, names, places)
    yield from rules.selections(units)
    if state.config.terraform.backend is None:
        yield from rules.place_of_states()
    for request in state.requests:
        yield from rules.parameters(request)
        yield from rules.other_accounts(request)
        yield from rules.shared_states(request)


@dataclass(frozen=True)
class _Rules:
    state: DesiredState
    ids: frozenset[RequestId]
    runners: Mapping[str, CustomizationRunner]
    names: frozenset[str]
    places: Places

    @cached_property
    def gets(self) -> Mapping[RequestId, tuple[Customization, ...]]:
        """What each account gets; by OU only where its path is written out."""
        return {
            request.id: customizations_of(request, request.ou_path, self.state.customizations)
            for request in self.state.requests
        }

    @cached_property
    def reads(self) -> Mapping[str, tuple[AccountRead, ...]]:
        """What each customization surely reads of other accounts."""
        return {
            name: tuple(read for read in account_reads(item.steps) if read.access.is_certain)
            for name, item in self.state.customizations.items()
        }

    @cached_property
    def sharing(self) -> frozenset[str]:
        """The customizations, other than the global one, that have a step with the shared state."""
        return frozenset(
            name
            for name, item in self.state.customizations.items()
            if name != GLOBAL and any(map(self._shares_state, item.steps))
        )

    def selections(self, units: Collection[OrgUnitPath]) -> Iterator[Finding]:
        """OUs and requests that ``customization.yaml`` selects exist."""
        near = Suggestions()
        for customization in self.state.customizations.values():
            found = self._selections(customization, units, near)
            yield from few(found, customization.file or customization.source.path)

    def _selections(
        self, customization: Customization, units: Collection[OrgUnitPath], near: Suggestions
    ) -> Iterator[Finding]:
        names = tuple(map(str, units))
        for (criterion, value), source in customization.select.sources.items():
            if criterion == "requests" and value not in self.ids:
                hint = near(value, self.ids) or "take it out, or add the request"
                message = f"`select.requests` names {value!r}, which is no request"
                yield finding_at("AFT632", source, message, hint)
            elif criterion == "organizational_units" and units:
                unit = OrgUnitPath.of_text(value)
                if not unit.is_root and unit not in units:
                    hint = near(value, names) or "add it, or select another OU"
                    message = f"there is no OU {value!r} in organization.yaml"
                    yield finding_at("AFT632", source, message, hint)

    def parameters(self, request: AccountRequest) -> Iterator[Finding]:
        """Values given fit, and those that must be given are."""
        for name, given in request.parameters.items():
            customization = self.state.customizations.get(name)
            if customization is not None:
                for problem in check_given(customization, given):
                    loc: Loc = ("parameters", name, problem.name)
                    unknown = problem.name not in customization.parameters
                    source = self.places.at(request.id, loc, key=unknown)
                    found = finding_at("AFT630", source, problem.message, problem.hint)
                    yield about(found, request)
            elif name not in self.names:
                source = self.places.at(request.id, ("parameters", name), key=True)
                message = f"there is no customization {name!r} to give parameters to"
                hint = did_you_mean(name, self.names) or "take them out"
                yield about(finding_at("AFT630", source, message, hint), request)
        for customization in self.gets[request.id]:
            given = request.parameters.get(customization.name, {})
            for name in missing(customization, given):
                message = f"customization {customization.name!r} needs parameter {name!r}"
                if description := customization.parameters[name].description:
                    message += f": {description}"
                hint = f"write `parameters: {{{customization.name}: {{{name}: …}}}}`"
                source = self.places.at(request.id, asked_at(request, customization))
                yield about(finding_at("AFT630", source, message, hint), request)

    def other_accounts(self, request: AccountRequest) -> Iterator[Finding]:
        """What its steps surely read of other accounts will be there."""
        for customization in self.gets[request.id]:
            problems: dict[tuple[str, str], AccountRead] = {}
            for read in self.reads[customization.name]:
                if problem := self._wrong_read(request, read):
                    problems.setdefault(problem, read)
            for (what, hint), read in problems.items():
                message = f"{read.access.source} reads {read.access}, but {what}"
                source = self.places.at(request.id, asked_at(request, customization))
                yield about(finding_at("AFT607", source, message, hint), request)

    def _wrong_read(self, request: AccountRequest, read: AccountRead) -> tuple[str, str] | None:
        """Message and hint, or ``None`` when the read is right as far as files can tell."""
        other = RequestId(read.request)
        if other == request.id:
            return "that is the account itself", "its own outputs are `outputs[…]`"
        if other not in self.ids:
            return f"there is no request {other!r}", did_you_mean(other, self.ids)
        if other not in request.depends_on:
            hint = f"add `depends_on: [{other}]`, so that {other} is finished before"
            return f"{request.id} does not depend on {other}", hint
        if other not in self.gets or not read.step:
            return None
        steps = {step.id: step for item in self.gets[other] for step in item.steps}
        if read.step not in steps:
            hint = did_you_mean(read.step, steps) or f"its steps are: {', '.join(steps) or 'none'}"
            return f"{other} gets no step {read.step!r}", hint
        return undeclared_output(steps[read.step], read.key) if read.key else None

    def shared_states(self, request: AccountRequest) -> Iterator[Finding]:
        """AFT has one state for an account's customizations; two folders would fight over it."""
        sharing = [
            customization
            for customization in self.gets[request.id]
            if customization.name in self.sharing
        ]
        for customization in sharing[1:]:
            message = f"customizations {sharing[0].name!r} and {customization.name!r} both keep "
            message += "Terraform's state under AFT's one key for account customizations"
            file = f"{customization.source.path}/customization.yaml"
            hint = f"write `terraform: {{state: own}}` in {file}, if it is not AFT's"
            source = self.places.at(request.id, asked_at(request, customization))
            yield about(finding_at("AFT644", source, message, hint), request)

    def place_of_states(self) -> Iterator[Finding]:
        """Runners that keep states, as Terraform's does, need to know where."""
        for customization in self.state.customizations.values():
            for step in customization.steps:
                if isinstance(self.runners[step.kind], SharesState):
                    yield finding_at(
                        "AFT643",
                        SourceRef(step.file.path),
                        f"{CONFIG_PATH} does not say where Terraform keeps its state",
                        f"write `terraform: {{backend: {{s3: {{bucket: …, region: …}}}}}}` in "
                        f"{CONFIG_PATH}; or local: {{directory: …}}, or hcp: {{organization: …}}",
                    )

    def _shares_state(self, step: CustomizationStep) -> bool:
        runner = self.runners[step.kind]
        is_shared = isinstance(runner, SharesState) and step.name == runner.shared_step
        return is_shared and step.shares_state


def asked_at(request: AccountRequest, customization: Customization) -> Loc:
    """Where the request asks for the customization, else the request as a whole."""
    if customization.name in request.customizations:
        return ("customizations", request.customizations.index(customization.name))
    return ()
