"""All stories, in the order in which they are recorded."""

from __future__ import annotations

from . import (
    story_adoption,
    story_drift,
    story_failures,
    story_findings,
    story_life,
    story_networks,
    story_safety,
    story_units,
)

STORIES = (
    story_life.STORY,
    story_units.STORY,
    story_adoption.STORY,
    story_networks.STORY,
    story_safety.LIMITS,
    story_safety.REVIEWED,
    story_safety.PINNED,
    story_failures.STORY,
    story_drift.STORY,
    story_findings.STORY,
)
