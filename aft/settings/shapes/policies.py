"""IAM policy documents of the settings: trust policies made from parameters, documents compared.

Pure. AWS gives documents back as they were written, but for principals: an account id becomes
``arn:aws:iam::<id>:root``, so they are written that way. A list of one and the one itself mean the
same, and so does any order of a list.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

VERSION = "2012-10-17"


def allow(
    principal: Mapping[str, Sequence[str]],
    conditions: Mapping[str, Any] | None = None,
    action: str = "sts:AssumeRole",
) -> Mapping[str, Any]:
    """A statement of a trust policy for accounts, services, ARNs or an OpenID Connect provider."""
    condition = {"Condition": conditions} if conditions else {}
    return {"Effect": "Allow", "Principal": principal, "Action": action, **condition}


def document(statements: Sequence[Mapping[str, Any]]) -> str:
    """A policy document of these statements, as AWS takes it."""
    return as_text({"Version": VERSION, "Statement": statements})


def as_text(policy: Mapping[str, Any]) -> str:
    """A whole document as AWS takes it: without spaces, which count towards its size."""
    return json.dumps(policy, separators=(",", ":"), sort_keys=True)


def canonical(policy: Any) -> str:
    """Equal for documents that say the same in other words; see the module."""
    if isinstance(policy, str):
        try:
            policy = json.loads(policy)
        except ValueError:
            return str(policy)
    return _in_order(_plain(policy))


def _in_order(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _plain(value: Any) -> Any:
    match value:
        case Mapping():
            return {str(key): _plain(item) for key, item in value.items()}
        case list() | tuple():
            items = sorted((_plain(item) for item in value), key=_in_order)
            return items[0] if len(items) == 1 else items
        case bool():
            return "true" if value else "false"  # conditions: IAM takes both
    return value
