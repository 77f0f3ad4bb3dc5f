"""What a template sees, under the names it may use: ``account``, ``custom_fields``, ``tags``,
``outputs``, ``accounts``, ``parameters``. Plain values; knows no template engine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from aft.customizations.model import StepInputs
from aft.organization.model import NOT_FOR_STEPS, AccountFacts

ROOTS = ("account", "accounts", "custom_fields", "outputs", "parameters", "tags")
"""The names a template may begin with."""

ACCOUNT_FIELDS: Mapping[str, str] = {
    "id": "account_id",
    **{field.name: field.name for field in fields(AccountFacts) if field.name not in NOT_FOR_STEPS},
}
"""Names below ``account``, with the field of ``AccountFacts`` behind each."""


class Values(dict[str, Any]):
    """A mapping that knows the name it has in the template, for messages."""

    def __init__(self, items: Mapping[str, Any], label: str) -> None:
        super().__init__(
            (str(key), labelled(item, f"{label}.{key}")) for key, item in items.items()
        )
        self.label = label


def labelled(value: Any, label: str) -> Any:
    """``value`` with every mapping in it as ``Values``."""
    match value:
        case Mapping():
            return Values(value, label)
        case list() | tuple():
            return [labelled(item, f"{label}[{index}]") for index, item in enumerate(value)]
    return value


def template_values(inputs: StepInputs) -> Mapping[str, Any]:
    """The names of a template with their values."""
    facts = inputs.account
    account: dict[str, Any] = {
        name: getattr(facts, field) for name, field in ACCOUNT_FIELDS.items()
    }
    account["ou"] = str(facts.ou)
    account["contacts"] = {
        kind: {
            "name": contact.name,
            "title": contact.title,
            "email": contact.email,
            "phone": contact.phone,
        }
        for kind, contact in facts.contacts.items()
    }
    return {
        "account": Values(account, "account"),
        "custom_fields": Values(facts.custom_fields, "custom_fields"),
        "tags": Values(facts.tags, "tags"),
        "outputs": Values(inputs.outputs, "outputs"),
        "accounts": Values(
            {
                name: {"id": other.account_id, "outputs": other.outputs}
                for name, other in inputs.accounts.items()
            },
            "accounts",
        ),
        "parameters": Values(inputs.parameters, "parameters"),
    }
