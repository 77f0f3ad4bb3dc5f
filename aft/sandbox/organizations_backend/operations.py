"""All operations of Organizations, guarded: who may call, and is the input what AWS takes?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from botocore.model import ServiceModel

from aft.sandbox.api_errors import ApiError
from aft.sandbox.calls import Handler, Invocation
from aft.sandbox.organizations_backend import accounts, organization, policies, tags, units
from aft.sandbox.organizations_backend.rules import Context, invalid
from aft.sandbox.validation import violations

Operation = Callable[[Context, Invocation], Mapping[str, Any]]

_FOR_MEMBERS = frozenset({"DescribeOrganization"})
_READS = ("Describe", "List")
OPERATIONS: Mapping[str, Operation] = {
    **accounts.OPERATIONS,
    **units.OPERATIONS,
    **policies.OPERATIONS,
    **tags.OPERATIONS,
    **organization.OPERATIONS,
}


def handlers(context: Context, model: ServiceModel) -> Mapping[tuple[str, str], Handler]:
    """Every operation, ready for the dispatcher."""
    return {
        ("organizations", name): _guarded(context, model, name, operation)
        for name, operation in OPERATIONS.items()
    }


def _guarded(context: Context, model: ServiceModel, name: str, operation: Operation) -> Handler:
    shape = model.operation_model(name).input_shape

    def run(call: Invocation) -> Mapping[str, Any]:
        _authorize(context, call)
        if shape is not None:
            for wrong in violations(shape, call.params):
                raise invalid(wrong.reason, wrong.message)
        accounts.settle_creations(context, looking=name != "CreateAccount")
        accounts.settle_closures(context)
        return operation(context, call)

    return run


def _authorize(context: Context, call: Invocation) -> None:
    caller = call.caller.account_id
    if caller == context.organization.management_account_id or call.operation in _FOR_MEMBERS:
        return
    if caller in context.organization.delegated and call.operation.startswith(_READS):
        return
    raise ApiError("AccessDeniedException", "You don't have permissions to access this resource.")
