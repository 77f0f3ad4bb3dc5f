"""Every finding code, what it means and how to mend it: the source of docs and SARIF rules.

Ranges: 1xx YAML · 2xx a field of any file · 3xx across requests · 4xx organization.yaml ·
5xx baselines · 6xx customizations · 7xx aft.yaml · 8xx the repository's tree · 9xx plans.
A code is never reused for another meaning.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FindingCode:
    """``title`` is a few words, ``meaning`` one or two sentences, ``remedy`` what to do."""

    code: str
    title: str
    meaning: str
    remedy: str


_ALL: tuple[FindingCode, ...] = (
    # --- 1xx: YAML ---
    FindingCode(
        "AFT101",
        "YAML syntax",
        "The file is not YAML: a bracket, quote or indentation is wrong at this place.",
        "Mend the syntax at the line and column shown.",
    ),
    # --- 2xx: a field of any file ---
    # --- 3xx: across requests ---
    # --- 4xx: organization.yaml ---
    # --- 5xx: baselines ---
    # --- 6xx: customizations ---
    # --- 7xx: aft.yaml ---
    # --- 8xx: the repository's tree ---
    # --- 9xx: plans and safety ---
)

FINDING_CODES: Mapping[str, FindingCode] = {entry.code: entry for entry in _ALL}
