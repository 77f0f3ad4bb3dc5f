"""What a template sees, under the names it may use: ``account``, ``custom_fields``, ``tags``,
``outputs``, ``accounts``, ``parameters``. Plain values; knows no template engine.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from typing import Any

from aft.customizations.model import FACTS, Access, StepInputs
from aft.organization.model import AccountFacts

ROOTS = ("account", "accounts", "custom_fields", "outputs", "parameters", "tags")
"""The names a template may begin with."""

ACCOUNT_FIELDS: Mapping[str, str] = {
    "id": "account_id",
    **{field.name: field.name for field in fields(AccountFacts) if field.name in FACTS},
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
    account["contacts"] = {kind: asdict(contact) for kind, contact in facts.contacts.items()}
    accounts = {
        name: {"id": other.account_id, "outputs": other.outputs}
        for name, other in inputs.accounts.items()
    }
    found = (account, accounts, facts.custom_fields, inputs.outputs, inputs.parameters, facts.tags)
    return {name: Values(values, name) for name, values in zip(ROOTS, found, strict=True)}


def inputs_read(accesses: Iterable[Access]) -> frozenset[str]:
    """The inputs (names of ``ALL_INPUTS``) behind the names that a template reads."""
    used: set[str] = set()
    for access in accesses:
        root, rest = access.path[0], access.path[1:]
        if root != "account":
            used |= {root} & set(ROOTS)
        elif not rest:
            used |= FACTS
        elif rest[0] in ACCOUNT_FIELDS:
            used.add(ACCOUNT_FIELDS[rest[0]])
    return frozenset(used)
