"""Every finding code, what it means and how to fix it: the source of docs and SARIF rules.

Ranges: 1xx YAML · 2xx a field of any file · 3xx across requests · 4xx the organization and
its policies · 5xx baselines · 6xx customizations · 7xx aft.yaml · 8xx the repository's tree ·
9xx plans.
A code is never reused for another meaning.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingCode:
    """``title`` is a few words, ``meaning`` one or two sentences, ``remedy`` what to do."""

    code: str
    title: str
    meaning: str
    remedy: str


@cache
def finding_codes() -> Mapping[str, FindingCode]:
    """Every code that aft reports is explained, and every explanation is of a code it reports. Read
    when first asked for: a plain ``aft validate`` does without."""
    text = files(__package__).joinpath("codes.toml").read_text(encoding="utf-8")
    return {code: FindingCode(code=code, **entry) for code, entry in tomllib.loads(text).items()}
