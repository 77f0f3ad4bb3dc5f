"""Words that several settings use of what they found."""

from __future__ import annotations

from aft.baselines.model import SettingDifference


def on_or_off(is_on: bool | None) -> str:  # noqa: FBT001 (one value, shown)
    """A switch; one that was never set is off."""
    return "on" if is_on else "off"


def should_be(label: str, before: str | None, after: str) -> SettingDifference:
    """``label`` is not as it should be; it is missing where there is no ``before``."""
    was = "is missing" if before is None else f"is {before}"
    return SettingDifference(
        description=f"{label} {was}, should be {after}", before=before, after=after
    )
