"""What each section of ``aft.yaml`` is."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """Strict: unknown keys and values of another type are findings."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)
