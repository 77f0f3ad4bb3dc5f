"""The calls that made an organization what it is inside its accounts, kept as text.

The sandbox's own file is a pickle: bound to the versions of Python, moto, botocore and aft that
wrote it. A list of calls is bound to AWS alone, and can be read in a review.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from botocore import xform_name
from botocore.client import BaseClient
from golden.driver import Sandbox

_READS = ("Describe", "Get", "List", "Lookup", "Search", "Simulate", "Validate", "BatchGet")
_ELSEWHERE = ("organizations", "sts")
"""Kept as what came of them, or of no lasting effect."""
_SHORTEST = 7

Call = dict[str, Any]
"""``account``, ``service``, ``region``, ``operation``, ``parameters``, and of the answer the
``names`` that later calls use."""


@contextlib.contextmanager
def recording(calls: list[Call]) -> Iterator[None]:
    """Append every call of this process that changes something inside an account. Whose call it
    was the sandbox knows."""
    callers: list[str] = []
    call_api, dispatch = BaseClient._make_api_call, Sandbox.dispatch

    def noting_the_caller(self: Sandbox, *arguments: Any) -> Any:
        answer = dispatch(self, *arguments)
        callers[:] = [self.log[-1].account_id]
        return answer

    def noting_the_call(self: Any, operation: str, parameters: Mapping[str, Any]) -> Any:
        answer = call_api(self, operation, parameters)
        service = self.meta.service_model.service_name
        if service not in _ELSEWHERE and not operation.startswith(_READS):
            calls.append(
                {
                    "account": callers[0],
                    "service": service,
                    "region": self.meta.region_name,
                    "operation": operation,
                    "parameters": parameters,
                    "names": answer,
                }
            )
        return answer

    BaseClient._make_api_call, Sandbox.dispatch = noting_the_call, noting_the_caller
    try:
        yield
    finally:
        BaseClient._make_api_call, Sandbox.dispatch = call_api, dispatch


def to_keep(calls: Sequence[Call]) -> Sequence[Call]:
    """The calls as they are kept: of each answer only the texts that a later call repeats, each
    with its place among all texts of the answer."""
    later = ""
    kept: list[Call] = []
    for call in reversed(calls):
        own = json.dumps([call["account"], call["parameters"]], ensure_ascii=False)
        names = [
            [value, place]
            for place, value in enumerate(_texts(call["names"]))
            if len(value) > _SHORTEST and value in later and value not in own
        ]
        kept.append({**call, "names": names})
        later += own
    return kept[::-1]


def repeat(calls: Sequence[Call], client_of: Callable[[str, str, str], Any]) -> None:
    """Make the calls again; ``client_of`` gets account, service and region. What AWS calls
    otherwise this time (a VPC) is called so in later calls."""
    renamed: dict[str, str] = {}
    clients: dict[tuple[str, str, str], Any] = {}
    for call in calls:
        key = (call["account"], call["service"], call["region"])
        if key not in clients:
            clients[key] = client_of(*key)
        text = json.dumps(call["parameters"], ensure_ascii=False)
        for old, new in renamed.items():
            text = text.replace(old, new)
        parameters = json.loads(text)
        answer = getattr(clients[key], xform_name(call["operation"]))(**parameters)
        now = list(_texts(answer))
        for name, place in call["names"]:
            renamed[name] = now[place]
        if call["service"] == "cloudformation":
            _settle(clients[key], call["operation"], parameters)


def _settle(client: Any, operation: str, parameters: Mapping[str, Any]) -> None:
    """CloudFormation's work goes on while somebody looks."""
    stack = {"StackName": parameters["StackName"]}
    status = "IN_PROGRESS"
    while status.endswith("IN_PROGRESS"):
        if operation == "CreateChangeSet":
            name = parameters["ChangeSetName"]
            status = client.describe_change_set(ChangeSetName=name, **stack)["Status"]
        elif operation in ("ExecuteChangeSet", "DeleteStack"):
            found = client.describe_stacks()["Stacks"]
            names = ("StackName", "StackId")
            status = next(
                (
                    item["StackStatus"]
                    for item in found
                    if stack["StackName"] in (item[name] for name in names)
                ),
                "GONE",
            )
        else:
            return


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key in sorted(value):
            if key != "ResponseMetadata":
                yield from _texts(value[key])
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, str):
        yield value
