"""IAM actions that are asked for together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

PARTITION, OWN_ACCOUNT = "${AWS::Partition}", "${AWS::AccountId}"
"""As CloudFormation writes the partition and the account that a policy is in."""
EVERYTHING = ("*",)

Conditions = Mapping[str, Mapping[str, tuple[str, ...]]]
"""Values by operator and condition key, as in a policy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """Actions that are allowed together. ``why`` is one line for people. ``resources`` are ARNs,
    with ``PARTITION`` and ``OWN_ACCOUNT`` in them; ``EVERYTHING`` is for actions that have no
    resources."""

    sid: str
    why: str
    actions: tuple[str, ...]
    resources: tuple[str, ...] = EVERYTHING
    conditions: Conditions = field(default_factory=dict)

    def statement(self, effect: str = "Allow") -> Mapping[str, Any]:
        """The statement of a policy."""
        condition = {
            operator: {
                key: list(values) if len(values) > 1 else values[0] for key, values in keys.items()
            }
            for operator, keys in self.conditions.items()
        }
        resources = list(self.resources) if self.resources != EVERYTHING else "*"
        return {
            "Sid": self.sid,
            "Effect": effect,
            "Action": list(self.actions),
            "Resource": resources,
            **({"Condition": condition} if condition else {}),
        }
