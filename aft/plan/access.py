"""What ``aft explain --action`` says of one account: plain values, shown by
``aft.report.explain.access``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aft.policy_language.context import Value
from aft.policy_language.evaluate import Answer
from aft.values.ids import AccountId


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked. What is ``None`` is unknown; every condition key but those of ``context``
    and those that follow from the account, too. ``absent`` keys are known not to be there."""

    actions: Sequence[str]
    resource: str | None = None
    region: str | None = None
    principal: str | None = None
    context: Mapping[str, Value]
    absent: Sequence[str] = ()


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
