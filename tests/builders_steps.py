"""Single customization steps, as the manifest makes them."""

from __future__ import annotations

from collections.abc import Mapping

from aft.customizations.digests import content_digest
from aft.customizations.model import CustomizationRunner, CustomizationStep, StepFile


def step(
    runner: CustomizationRunner,
    content: str,
    *,
    name: str = "10-step.cfn.yaml",
    customization: str = "web",
    support: Mapping[str, str] | None = None,
) -> CustomizationStep:
    folder = f"customizations/accounts/{customization}"
    file = StepFile(path=f"{folder}/{name}", content=content.encode())
    beside = tuple(
        StepFile(path=f"{folder}/{path}", content=text.encode())
        for path, text in (support or {}).items()
    )
    return CustomizationStep(
        customization=customization,
        name=name,
        kind=runner.kind,
        file=file,
        support=beside,
        content_digest=content_digest(file, beside, folder=folder),
        uses=runner.uses(file),
    )
