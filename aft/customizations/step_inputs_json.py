"""The inputs of a step as JSON, for a process that carries the step out. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aft.customizations.model import OtherAccount, StepInputs
from aft.organization.model import AccountFacts, Contact
from aft.values.ids import AccountId, OrgUnitPath


def encode_inputs(inputs: StepInputs) -> Mapping[str, Any]:
    """The inputs as JSON values; ``decode_inputs`` reads them back equal."""
    account = inputs.account
    return {
        "account": {
            "request_id": account.request_id,
            "account_id": account.account_id,
            "name": account.name,
            "email": account.email,
            "ou": list(account.ou.names),
            "home_region": account.home_region,
            "regions": list(account.regions),
            "tags": dict(account.tags),
            "owner": dict(account.owner),
            "contacts": {
                kind: {
                    "name": contact.name,
                    "title": contact.title,
                    "email": contact.email,
                    "phone": contact.phone,
                }
                for kind, contact in account.contacts.items()
            },
            "custom_fields": dict(account.custom_fields),
            "allocations": dict(account.allocations),
        },
        "outputs": {step: dict(values) for step, values in inputs.outputs.items()},
        "accounts": {
            name: {
                "account_id": other.account_id,
                "outputs": {step: dict(values) for step, values in other.outputs.items()},
            }
            for name, other in inputs.accounts.items()
        },
        "parameters": dict(inputs.parameters),
    }


def decode_inputs(data: Mapping[str, Any]) -> StepInputs:
    """What ``encode_inputs`` wrote."""
    account = data["account"]
    account_id = account["account_id"]
    return StepInputs(
        account=AccountFacts(
            **{
                **account,
                "account_id": None if account_id is None else AccountId(account_id),
                "ou": OrgUnitPath(tuple(account["ou"])),
                "regions": tuple(account["regions"]),
                "contacts": {
                    kind: Contact(**contact) for kind, contact in account["contacts"].items()
                },
            }
        ),
        outputs=data["outputs"],
        accounts={name: OtherAccount(**other) for name, other in data["accounts"].items()},
        parameters=data["parameters"],
    )
