"""Accounts that are simply there: for tests, benchmarks and demos of adoption.

Goes past the API on purpose (10,000 accounts take a second), but keeps its rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from aft.errors import UserError
from aft.sandbox.api_errors import ApiError
from aft.sandbox.organizations_backend.accounts import add_account
from aft.sandbox.organizations_backend.model import ACCESS_ROLE, Unit
from aft.sandbox.organizations_backend.rules import Context
from aft.sandbox.organizations_backend.units import add_unit


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSpec:
    """An account to exist. ``ou`` is a path of names below the root ("" is the root).

    ``access_role`` ``None`` makes an account that was invited and cannot be entered yet.
    """

    name: str
    email: str
    ou: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    account_id: str | None = None
    access_role: str | None = ACCESS_ROLE


def seed_accounts(context: Context, specs: Iterable[AccountSpec]) -> Sequence[str]:
    """Create every account of ``specs``; returns the ids in order. Raises ``UserError``."""
    organization = context.organization
    now = context.now()
    ids: list[str] = []
    units: dict[str, Unit] = {}
    for spec in specs:
        if spec.email.casefold() in organization.emails:
            raise UserError(f"The sandbox already has an account with e-mail {spec.email}.")
        if spec.account_id is not None and spec.account_id in organization.accounts:
            raise UserError(f"The sandbox already has an account {spec.account_id}.")
        unit = units.get(spec.ou)
        if unit is None:
            unit = units[spec.ou] = ensure_unit(context, spec.ou)
        account = add_account(
            context,
            name=spec.name,
            email=spec.email,
            tags=dict(spec.tags),
            role_name=spec.access_role,
            joined_at=now,
            account_id=spec.account_id,
            parent_id=unit.id,
        )
        if spec.access_role is None:
            account.joined_method = "INVITED"
        ids.append(account.id)
    return ids


def ensure_unit(context: Context, path: str) -> Unit:
    """The OU at ``path``, created with everything above it when missing."""
    organization = context.organization
    unit = organization.root
    for name in filter(None, path.split("/")):
        children = (organization.units[child] for child in unit.units)
        found = next((child for child in children if child.name == name), None)
        if found is None:
            try:
                found = add_unit(context, parent=unit, name=name, tags={})
            except ApiError as error:
                raise UserError(f"The OU {path!r} cannot be created: {error.message}") from error
        unit = found
    return unit
