"""The shape of a setting that is a few values in one place, compared one by one.

Where a declarative policy of the organization decides about them (EC2's ``ManagedBy``), the
account cannot change them, and it is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from aft.baselines.model import SettingInputs
from aft.errors import Terminal
from aft.settings.shapes.setting import Differences, P, Setting, differs, on_or_off


class Value(NamedTuple):
    """A value's name among the parameters, and AWS's name of it."""

    parameter: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """Values by the words for them, without those never set; ``managed_by`` decides them."""

    values: Mapping[str, Any]
    managed_by: str = "account"


class Values(Setting[P, Observed]):
    """``subject`` is in words what has the values. The words for a value end in a verb, such as
    ``hop limit is``; they are empty where there is only one."""

    subject: ClassVar[str]
    fields: ClassVar[Mapping[str, Value]]

    def desired(self, parameters: P) -> Mapping[str, Any]:
        """Pure: what the values should be; those left out are left as they are."""
        return {words: getattr(parameters, field.parameter) for words, field in self.fields.items()}

    def named(self, answer: Mapping[str, Any]) -> Mapping[str, Any]:
        """Pure: the values of an answer of AWS's, by the words for them."""
        fields = self.fields.items()
        return {words: answer[field.key] for words, field in fields if field.key in answer}

    def as_aws(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Pure: values by AWS's names, without those that are off."""
        found = values.items()
        return {self.fields[words].key: value for words, value in found if value is not None}

    def differing(self, inputs: SettingInputs[P], observed: Observed) -> Mapping[str, Any]:
        """Pure: those of the desired values that are others now, or were never set."""
        desired = self.desired(inputs.parameters).items()
        return {words: value for words, value in desired if observed.values.get(words) != value}

    def differences(self, inputs: SettingInputs[P], observed: Observed) -> Differences:
        for words, value in self.differing(inputs, observed).items():
            before = _text(observed.values[words]) if words in observed.values else None
            was = f"{words} {before or 'not set'}".lstrip()
            description = f"{self._where(inputs)}: {was}, should be {_text(value)}"
            yield differs(description, before, _text(value))

    def refuse(self, inputs: SettingInputs[P], observed: Observed) -> None:
        if observed.managed_by != "account":
            raise Terminal(
                f"{self._where(inputs)}: set by a {observed.managed_by} of the organization, "
                "which the account cannot change",
                hint=f"change the policy, or leave {self.name} out of the baseline",
            )

    def _where(self, inputs: SettingInputs[P]) -> str:
        return self.subject + (f" in {inputs.region}" if inputs.region else "")


def _text(value: object) -> str:
    """A value as people read it; ``None`` is a limit that is off."""
    return on_or_off(bool(value)) if value is None or isinstance(value, bool) else str(value)
