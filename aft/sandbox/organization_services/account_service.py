"""What the services here share: checked input, state by account and region, pages, delegation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from aft.sandbox.api_errors import ApiError
from aft.sandbox.calls import Handler, Invocation
from aft.sandbox.organizations_backend.model import MemberAccount
from aft.sandbox.organizations_backend.rules import Context
from aft.sandbox.routing import require_model
from aft.sandbox.validation import violations

Result = Mapping[str, Any]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Call:
    """One call and the world it is made in."""

    context: Context
    call: Invocation

    @property
    def caller(self) -> str:
        return self.call.caller.account_id

    @property
    def region(self) -> str:
        return self.call.region

    @property
    def params(self) -> Mapping[str, Any]:
        return self.call.params

    @property
    def management(self) -> str:
        return self.context.organization.management_account_id

    @property
    def is_management(self) -> bool:
        return self.caller == self.management

    @property
    def moment(self) -> datetime:
        return datetime.fromtimestamp(self.context.now(), UTC)

    def account(self, account_id: str) -> MemberAccount | None:
        """An active account of the organization."""
        found = self.context.organization.accounts.get(account_id)
        return found if found is not None and found.state == "ACTIVE" else None

    def state(self, kind: type[T], account_id: str = "", *, everywhere: bool = False) -> T:
        """The state of one account (the caller's) in the call's region; made when first asked.

        With ``everywhere`` there is one for all regions.
        """
        region = "" if everywhere else self.region
        key = (f"{kind.__module__}.{kind.__qualname__}", account_id or self.caller, region)
        found: T = self.context.world.services.setdefault(key, kind())
        return found

    def new_id(self, length: int = 32) -> str:
        return "".join(self.context.world.rng.choices("0123456789abcdef", k=length))


Operation = Callable[[Call], Result]


def guarded(
    context: Context, service: str, operations: Mapping[str, Operation], *, invalid: str
) -> Mapping[tuple[str, str], Handler]:
    """Handlers that hold input to botocore's model; ``invalid`` is the service's code for it."""
    model = require_model(service)

    def handler(name: str, operation: Operation) -> Handler:
        shape = model.operation_model(name).input_shape

        def run(call: Invocation) -> Result:
            found = list(violations(shape, call.params)) if shape is not None else []
            if found:
                text = "; ".join(item.message for item in found)
                raise ApiError(invalid, f"{len(found)} validation error(s) detected: {text}")
            return operation(Call(context, call))

        return run

    return {(service, name): handler(name, item) for name, item in operations.items()}


def paged(
    items: Sequence[Any],
    params: Mapping[str, Any],
    *,
    name: str,
    size: int = 50,
    lower: bool = False,
) -> dict[str, Any]:
    """A page of ``items`` under ``name``; tokens are positions. ``lower``: camel case members."""
    token, most = ("nextToken", "maxResults") if lower else ("NextToken", "MaxResults")
    start = int(params.get(token) or 0)
    end = start + int(params.get(most) or size)
    page: dict[str, Any] = {name: list(items[start:end])}
    if end < len(items):
        page[token] = str(end)
    return page


def delegate(context: Context, principal: str, account_id: str) -> None:
    """What services do with Organizations when they appoint an administrator themselves."""
    organization = context.organization
    organization.trusted_services.setdefault(principal, context.now())
    organization.delegated.setdefault(account_id, {})[principal] = context.now()


def undelegate(context: Context, principal: str, account_id: str) -> None:
    """The way back."""
    services = context.organization.delegated.get(account_id, {})
    services.pop(principal, None)
    if not services:
        context.organization.delegated.pop(account_id, None)
