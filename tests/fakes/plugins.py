"""Settings and a runner that keep their state inside the fake world's accounts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from builders_plan import NoParameters

from aft.baselines.model import SettingDifference, SettingInputs
from aft.customizations.model import CustomizationStep, StepFile, StepInputs, StepResult
from aft.findings.model import Finding
from aft.organization.model import AccountFacts
from aft.sessions import AccountSession


@dataclass
class LevelSetting:
    """Wants the account's inside to hold ``level`` under its name (and region)."""

    name: str
    regional: bool = False
    effect_version: int = 1
    description: str = "for tests"
    parameters_model: type[NoParameters] = NoParameters
    sticks: bool = True
    refuses: Exception | None = None

    def facts(self, account: AccountFacts) -> object:
        return {"name": account.name}

    def read(self, inputs: SettingInputs[NoParameters], session: AccountSession) -> int | None:
        found = session.client("fake", inputs.region).get(self._key(inputs))
        return found if isinstance(found, int) else None

    def compare(
        self, inputs: SettingInputs[NoParameters], observed: int | None
    ) -> tuple[SettingDifference, ...]:
        wanted = inputs.parameters.level
        if observed == wanted:
            return ()
        return (
            SettingDifference(
                description=f"level {observed} should be {wanted}",
                before=None if observed is None else str(observed),
                after=str(wanted),
            ),
        )

    def change(
        self,
        inputs: SettingInputs[NoParameters],
        observed: int | None,
        session: AccountSession,
    ) -> None:
        if self.refuses is not None:
            raise self.refuses
        if self.sticks:
            session.client("fake", inputs.region)[self._key(inputs)] = inputs.parameters.level

    def _key(self, inputs: SettingInputs[NoParameters]) -> str:
        return f"{self.name}@{inputs.region}" if inputs.region else self.name


@dataclass
class NotingRunner:
    """Notes in the account which step ran with which outputs, and leaves one itself."""

    kind: str = "python"
    effect_version: int = 1
    suffixes: tuple[str, ...] = (".py",)
    errors: dict[str, Exception] = field(default_factory=dict)

    def check(self, step: CustomizationStep) -> tuple[Finding, ...]:
        return ()

    def uses(self, file: StepFile) -> frozenset[str]:
        return frozenset()

    def run(
        self, step: CustomizationStep, inputs: StepInputs, session: AccountSession
    ) -> StepResult:
        if step.id in self.errors:
            raise self.errors[step.id]
        inside = session.client("fake")
        inside.setdefault("ran", []).append(step.id)
        inside[f"inputs of {step.id}"] = {key: dict(item) for key, item in inputs.outputs.items()}
        return StepResult(outputs={"by": f"{step.name} in {inputs.account.account_id}"})


def settings(*items: LevelSetting) -> Mapping[str, Any]:
    return {item.name: item for item in items}
