"""What errors in files hold back: for these accounts nothing is done until the files are right, and
nothing that is theirs is given to others or taken for gone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aft.findings.model import Finding
from aft.values.ids import AccountId, RequestId


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldRequest:
    """A request with an error in its own file, in defaults above it, or together with another's.
    ``finding`` is the first of them. ``email``, ``account_id``, ``previously`` and
    ``custom_fields`` are what could be read; ``is_known`` says that nothing else in the file could
    tell which account is meant."""

    id: RequestId
    path: str
    finding: Finding
    email: str = ""
    account_id: AccountId | None = None
    previously: RequestId | None = None
    custom_fields: Mapping[str, Any] = field(default_factory=dict)
    is_known: bool = False


@dataclass(frozen=True, kw_only=True)
class HeldBack:
    """Nothing, in a repository without errors. By request, baseline and customization: the first
    error that holds it, or everyone who uses it, back. ``open_baseline`` is the error of a baseline
    of which it is unknown whom it selects: it may be anyone who names none; and so is
    ``open_customization``, which anyone may get. ``nameless`` are files that may be any request's.
    """

    requests: Mapping[RequestId, HeldRequest] = field(default_factory=dict)
    baselines: Mapping[str, Finding] = field(default_factory=dict)
    customizations: Mapping[str, Finding] = field(default_factory=dict)
    open_baseline: Finding | None = None
    open_customization: Finding | None = None
    nameless: tuple[str, ...] = ()


NOTHING = HeldBack()
