"""Baseline setting ``log-retention``: log groups do not keep everything permanently. Regional.

AWS (CloudWatch Logs User Guide, "Change log data retention"; API ``PutRetentionPolicy``): by
default a log group keeps its events permanently, and most services create their log groups without
a retention. Retention is one of 22 numbers of days; AWS permanently deletes older events within 72
hours. Ten calls per second and region. AWS has no default for new log groups: a scheduled ``aft
drift --repair`` finds them.

Because a shorter retention deletes logs, a group for which someone has chosen one is left as it
is unless ``replace`` says otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from aft.baselines.directions import Directions, Weaker
from aft.baselines.model import SettingInputs, SettingParameters
from aft.sessions import AccountSession
from aft.settings.shapes.setting import Differences, Setting, differs, unless_gone

Days = Literal[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827,
    2192, 2557, 2922, 3288, 3653,
]  # fmt: skip
Prefix = Annotated[str, Field(min_length=1, max_length=512, pattern=r"^[\.\-_/#A-Za-z0-9]+$")]


class LogRetentionParameters(SettingParameters):
    """Parameters of ``log-retention``."""

    weakens: ClassVar[Directions] = {
        "days": Weaker.LOWER,
        "prefixes": Weaker.ANY,
        "replace": Weaker.ON,
    }

    days: Days = Field(default=365, description="How long log groups keep their events.")
    prefixes: Annotated[tuple[Prefix, ...], Field(min_length=1)] = Field(
        default=("/",),
        description="Name prefixes of the log groups to manage; those of AWS services start "
        "with `/aws/`.",
    )
    replace: bool = Field(
        default=False,
        description="Also change log groups that have another retention; a shorter retention "
        "deletes events.",
    )


Inputs = SettingInputs[LogRetentionParameters]
Groups = Mapping[str, int | None]


class LogRetention(Setting[LogRetentionParameters, Groups]):
    """Log groups have a retention."""

    name = "log-retention"
    regional = True
    comes_after = ("cloudtrail", "network")  # which make log groups
    sweeps_account = True
    description = "How long existing log groups keep their events, in every governed region."

    def read(self, inputs: Inputs, session: AccountSession) -> Groups:
        """Days by log group, ``None`` permanently; groups with these prefixes."""
        pages = session.client("logs", inputs.region).get_paginator("describe_log_groups")
        return {
            group["logGroupName"]: group.get("retentionInDays")
            for prefix in _outermost(inputs.parameters.prefixes)
            for page in pages.paginate(logGroupNamePrefix=prefix)
            for group in page["logGroups"]
            if group.get("logGroupClass") != "DELIVERY"  # AWS keeps those for one day, always
        }

    def differences(self, inputs: Inputs, observed: Groups) -> Differences:
        after = _text(inputs.parameters.days)
        for name in _differing(inputs, observed):
            before = _text(observed[name])
            group = f"log group {name} in {inputs.region}"
            yield differs(f"{group} keeps events {before}, should keep them {after}", before, after)

    def fix(self, inputs: Inputs, observed: Groups, session: AccountSession) -> None:
        put = session.client("logs", inputs.region).put_retention_policy
        for name in _differing(inputs, observed):
            unless_gone(put, logGroupName=name, retentionInDays=inputs.parameters.days)


def _differing(inputs: Inputs, observed: Groups) -> list[str]:
    wanted = inputs.parameters
    return sorted(
        name
        for name, days in observed.items()
        if days is None or (wanted.replace and days != wanted.days)
    )


def _outermost(prefixes: tuple[str, ...]) -> list[str]:
    """Without those that begin with another: their groups are found anyway."""
    return sorted(
        prefix
        for prefix in set(prefixes)
        if not any(prefix != other and prefix.startswith(other) for other in prefixes)
    )


def _text(days: int | None) -> str:
    return "permanently" if days is None else f"{days} day{'' if days == 1 else 's'}"
