"""Wires the parts of the simulated AWS together: the composition root of the sandbox."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from aft.sandbox import keys, organization_services, rates, regions, tagging
from aft.sandbox.accounts_api import AccountManagement
from aft.sandbox.authorization import Call, Ruling, ruling
from aft.sandbox.calls import Handler
from aft.sandbox.credentials import Caller, UnknownCredentials
from aft.sandbox.dispatch import Dispatcher, Hooks
from aft.sandbox.faults import Action, Faults
from aft.sandbox.member_accounts import materialize
from aft.sandbox.organizations_backend import operations
from aft.sandbox.organizations_backend.rules import Context
from aft.sandbox.routing import require_model
from aft.sandbox.sts import SecurityTokens

_OWN_SERVICES = frozenset({"organizations", "account", "sts"}) | organization_services.OWN
_GLOBAL_SERVICES = frozenset({"organizations", "account", "iam", "sts"})


def build_dispatcher(context: Context, *, faults: Faults, save: Callable[[], None]) -> Dispatcher:
    """A dispatcher over ``context``'s world."""
    handlers: dict[tuple[str, str], Handler] = {}
    handlers.update(operations.handlers(context, require_model("organizations")))
    handlers.update(AccountManagement(context, require_model("account")).handlers())
    handlers.update(SecurityTokens(context, require_model("sts")).handlers())
    handlers.update(tagging.handlers(context))
    handlers.update(organization_services.handlers(context))
    return Dispatcher(
        hooks=_hooks(context, faults, save), handlers=handlers, own_services=_OWN_SERVICES
    )


def _hooks(context: Context, faults: Faults, save: Callable[[], None]) -> Hooks:
    world = context.world

    def authenticate(access_key: str, token: str) -> Caller:
        caller = world.credentials.caller(
            access_key, token=token, now=context.now(), iam_user=keys.iam_user
        )
        account = context.organization.accounts.get(caller.account_id)
        if account is None or account.state == "SUSPENDED":
            raise UnknownCredentials(expired=False)
        return caller

    def secret(access_key: str) -> str:
        return world.credentials.secret(access_key) or keys.iam_secret(access_key)

    def before(caller: Caller, service: str, region: str) -> None:
        account = context.organization.accounts.get(caller.account_id)
        if account is None:
            return
        materialize(context, account)
        profile = world.profiles.get(account.id)
        changes = profile.regions if profile is not None else {}
        if service not in _GLOBAL_SERVICES and not regions.is_usable(
            changes, region, now=context.now()
        ):
            raise UnknownCredentials(expired=False)

    def admit(account_id: str, service: str, operation: str) -> bool:
        if not world.behaviour.throttle:
            return True
        return rates.admit(world.buckets, account_id, service, operation, now=context.now())

    def rule(call: Call) -> Ruling:
        return ruling(context.organization, call, now=context.now())

    def fault(service: str, operation: str, account_id: str) -> Action | None:
        return faults.decide(
            service=service,
            operation=operation,
            account_id=account_id,
            probability=world.behaviour.fault_probability,
        )

    def request_id() -> str:
        world.calls += 1
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{context.organization.id}/{world.calls}"))

    return Hooks(
        authenticate=authenticate,
        secret=secret,
        before=before,
        admit=admit,
        rule=rule,
        fault=fault,
        delay=context.clock.wall.sleep,
        now=context.clock.timestamp,
        save=save,
        request_id=request_id,
    )
