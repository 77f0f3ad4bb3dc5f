"""Baseline setting ``log-retention``: log groups do not keep everything permanently. Regional.

AWS (CloudWatch Logs User Guide, "Change log data retention"; API ``PutRetentionPolicy``): a log
group keeps its events permanently until told otherwise, and most services make their groups without
telling. Retention is one of 22 numbers of days; AWS deletes what is older within 72 hours, for
good. Ten calls a second and region. AWS has no default for groups that are yet to come: a scheduled
``aft drift --repair`` finds them.

Because a shorter retention deletes logs, a group for which somebody has chosen one is left as it
is unless ``replace`` says otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from aft.baselines.model import SettingDifference, SettingInputs, SettingParameters
from aft.errors import NotFound
from aft.organization.model import AccountFacts
from aft.sessions import AccountSession

Days = Literal[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827,
    2192, 2557, 2922, 3288, 3653,
]  # fmt: skip
Prefix = Annotated[str, Field(min_length=1, max_length=512, pattern=r"^[\.\-_/#A-Za-z0-9]+$")]


class LogRetentionParameters(SettingParameters):
    """Parameters of ``log-retention``."""

    days: Days = Field(default=365, description="How long log groups keep their events.")
    prefixes: Annotated[tuple[Prefix, ...], Field(min_length=1)] = Field(
        default=("/",),
        description="Beginnings of the names of log groups it is for; AWS services' own begin "
        "with `/aws/`.",
    )
    replace: bool = Field(
        default=False,
        description="Also for log groups with another retention; a shorter one deletes events.",
    )


class LogRetention:
    """Log groups have a retention."""

    name: ClassVar[str] = "log-retention"
    effect_version: ClassVar[int] = 1
    regional: ClassVar[bool] = True
    comes_after: ClassVar[tuple[str, ...]] = ("cloudtrail", "network")  # which make log groups
    sweeps_account: ClassVar[bool] = True
    description: ClassVar[str] = (
        "How long existing log groups keep their events, in every governed region."
    )
    parameters_model: type[LogRetentionParameters] = LogRetentionParameters

    def facts(self, account: AccountFacts) -> object:  # noqa: ARG002 (the port's signature)
        return {}

    def read(
        self, inputs: SettingInputs[LogRetentionParameters], session: AccountSession
    ) -> Mapping[str, int | None]:
        """Days by log group, ``None`` permanently; groups with these prefixes."""
        pages = session.client("logs", inputs.region).get_paginator("describe_log_groups")
        return {
            group["logGroupName"]: group.get("retentionInDays")
            for prefix in _outermost(inputs.parameters.prefixes)
            for page in pages.paginate(logGroupNamePrefix=prefix)
            for group in page["logGroups"]
            if group.get("logGroupClass") != "DELIVERY"  # AWS keeps those for one day, always
        }

    def compare(
        self, inputs: SettingInputs[LogRetentionParameters], observed: Mapping[str, int | None]
    ) -> tuple[SettingDifference, ...]:
        wanted = _text(inputs.parameters.days)
        return tuple(
            SettingDifference(
                description=f"log group {name} in {inputs.region} keeps events "
                f"{_text(observed[name])}, should keep them {wanted}",
                before=_text(observed[name]),
                after=wanted,
            )
            for name in _differing(inputs, observed)
        )

    def change(
        self,
        inputs: SettingInputs[LogRetentionParameters],
        observed: Mapping[str, int | None],
        session: AccountSession,
    ) -> None:
        logs = session.client("logs", inputs.region)
        for name in _differing(inputs, observed):
            try:
                logs.put_retention_policy(logGroupName=name, retentionInDays=inputs.parameters.days)
            except NotFound:
                continue  # deleted since it was read


def _differing(
    inputs: SettingInputs[LogRetentionParameters], observed: Mapping[str, int | None]
) -> list[str]:
    wanted = inputs.parameters
    return sorted(
        name
        for name, days in observed.items()
        if days is None or (wanted.replace and days != wanted.days)
    )


def _outermost(prefixes: tuple[str, ...]) -> list[str]:
    """Without those that begin with another: their groups are found anyway."""
    return sorted(
        {
            prefix
            for prefix in prefixes
            if not any(prefix != other and prefix.startswith(other) for other in prefixes)
        }
    )


def _text(days: int | None) -> str:
    return "permanently" if days is None else f"{days} day{'' if days == 1 else 's'}"
