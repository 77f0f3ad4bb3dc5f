"""That the roles of ``aft.yaml`` are made by something. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from aft.customizations.model import CustomizationStep
from aft.desired.model import DesiredState
from aft.findings.model import Finding, SourceRef, finding_at
from aft.findings.validation import Loc
from aft.values.canonical_json import canonical_json

_NOT_OF_A_NAME = r"[\w+=,.@-]"


def unmade_writer(
    state: DesiredState, config_place: Callable[[Loc], SourceRef]
) -> Iterator[Finding]:
    """Applies take the member role, an administrator, where there is no writer role; so a writer
    role that no file creates any longer must not go unnoticed."""
    name = state.config.roles.writer
    if name is None or name in state.config.roles.made_elsewhere or _is_named(state, name):
        return
    member = state.config.roles.member
    yield finding_at(
        "AFT348",
        config_place(("roles", "writer")),
        f"no customization and no baseline creates the role {name}, so applies would take {member} "
        "in accounts that do not have it",
        "restore the file that creates it (aft init --writer writes one), remove `writer`, or list "
        f"{name} under `roles.made_elsewhere` if something outside this repository creates it",
    )


def _is_named(state: DesiredState, name: str) -> bool:
    word = re.compile(f"(?<!{_NOT_OF_A_NAME}){re.escape(name)}(?!{_NOT_OF_A_NAME})")
    steps = (step for item in state.customizations.values() for step in item.steps)
    settings = (item.parameters for found in state.baselines.values() for item in found.settings)
    return any(_mentions(step, word) for step in steps) or any(
        word.search(canonical_json(parameters)) for parameters in settings
    )


def _mentions(step: CustomizationStep, word: re.Pattern[str]) -> bool:
    return any(
        word.search(file.content.decode("utf-8", errors="replace"))
        for file in (step.file, *step.support)
    )
