"""The inputs of a step as JSON, for a process that carries the step out. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from aft.customizations.model import FACTS, OtherAccount, StepInputs
from aft.organization.model import AccountFacts, Contact
from aft.values.ids import AccountId, OrgUnitPath

_FACTS = tuple(field.name for field in fields(AccountFacts) if field.name in FACTS)


def encode_inputs(inputs: StepInputs) -> Mapping[str, Any]:
    """The inputs as JSON values; ``decode_inputs`` reads them back equal."""
    account = {name: getattr(inputs.account, name) for name in _FACTS}
    account["ou"] = inputs.account.ou.names
    account["contacts"] = {kind: asdict(item) for kind, item in inputs.account.contacts.items()}
    return {
        "account": account,
        "outputs": inputs.outputs,
        "accounts": {name: asdict(other) for name, other in inputs.accounts.items()},
        "parameters": inputs.parameters,
    }


def decode_inputs(data: Mapping[str, Any]) -> StepInputs:
    """What ``encode_inputs`` wrote."""
    account = dict(data["account"])
    if account["account_id"] is not None:
        account["account_id"] = AccountId(account["account_id"])
    account["ou"] = OrgUnitPath(tuple(account["ou"]))
    account["regions"] = tuple(account["regions"])
    account["contacts"] = {kind: Contact(**item) for kind, item in account["contacts"].items()}
    return StepInputs(
        account=AccountFacts(**account),
        outputs=data["outputs"],
        accounts={name: OtherAccount(**other) for name, other in data["accounts"].items()},
        parameters=data["parameters"],
    )
