"""What a setting's differences are called when it looks in several regions: once, not once each."""

from __future__ import annotations

from collections.abc import Iterable


def across_regions(told: Iterable[tuple[str | None, str]]) -> tuple[str, ...]:
    """Lines for ``(region, description)`` pairs, in order of their first region. What differs alike
    in several regions is one line that names them all. A description that does not say its region
    gets it in front; ``None`` is a setting without regions."""
    regions_of: dict[tuple[str, str], list[str]] = {}
    for region, text in told:
        regions_of.setdefault(_shape(region, text), []).extend([region] if region else [])
    return tuple(
        before + _listed(regions) + after if regions else before
        for (before, after), regions in regions_of.items()
    )


def _shape(region: str | None, text: str) -> tuple[str, str]:
    """What stands before and after the region's name."""
    if region is None:
        return text, ""
    before, found, after = text.partition(f" in {region}")
    if not found:
        return "", f": {text}"
    return f"{before} in ", after


def _listed(regions: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(regions[:-1]), regions[-1])))
