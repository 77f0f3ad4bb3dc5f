"""What ``aft explain --action`` says of one account: plain values, shown by
``aft.report.explain.access``.
"""

from __future__ import annotations

from dataclasses import dataclass

from aft.policy_language.evaluate import Answer
from aft.values.ids import AccountId


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """The answer to one action. ``always`` tells an action that no policy can take away."""

    action: str
    answer: Answer
    always: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedAccess:
    """The answers for one account."""

    request_id: str
    account_id: AccountId
    ou: str
    principal: str | None
    resource: str | None
    is_management: bool
    answers: tuple[Explained, ...]
