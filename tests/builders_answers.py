"""Whole answers of any AWS operation, made from botocore's model, with a canary in every text."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import botocore.session
from botocore.loaders import create_loader
from botocore.model import OperationModel, ServiceModel, Shape

CANARY = "canary0secret0of0AWS"
"""Every text in an answer."""
_DEEP = 6
_BLOB = "Y2FuYXJ5MHNlY3JldDBvZjBBV1M="
"""The canary as blobs are sent."""

CANARIES = (CANARY, _BLOB)


@cache
def session() -> botocore.session.Session:
    made = botocore.session.Session()
    made.register_component("data_loader", create_loader())
    return made


@cache
def service(name: str) -> ServiceModel:
    return session().get_service_model(name)


def operations(name: str) -> Iterator[OperationModel]:
    """All operations of a service whose answer has anything in it."""
    model = service(name)
    for operation in model.operation_names:
        found = model.operation_model(operation)
        if found.output_shape is not None and found.output_shape.members:
            yield found


def gives_a_secret(operation: OperationModel) -> bool:
    """Whether botocore's model calls anything in its answer sensitive."""

    def look(shape: Shape, above: frozenset[str]) -> bool:
        if shape.name in above:
            return False
        if shape.metadata.get("sensitive"):
            return True
        return any(look(part, above | {shape.name}) for part in _parts(shape).values())

    return operation.output_shape is not None and look(operation.output_shape, frozenset())


def protocol(operation: OperationModel) -> str:
    """The one that our clients speak."""
    return str(operation.service_model.resolved_protocol)


def answer(operation: OperationModel) -> bytes:
    """The whole body of an answer, with every member there is."""
    shape = operation.output_shape
    assert shape is not None
    payload = shape.serialization.get("payload")
    if payload is not None and not _parts(shape.members[payload]):
        return json.dumps({"Secret": CANARY}).encode()
    top = shape.members[payload] if payload is not None else shape
    if "json" in protocol(operation):
        return json.dumps(_value(top, 0)).encode()
    name = operation.name
    inner = _members(top, 0)
    if protocol(operation) == "query":
        wrapped = shape.serialization.get("resultWrapper", f"{name}Result")
        inner = f"<{wrapped}>{inner}</{wrapped}>"
    return f"<{name}Response>{inner}</{name}Response>".encode()


def _parts(shape: Any) -> dict[str, Shape]:
    match shape.type_name:
        case "structure":
            return dict(shape.members)
        case "list":
            return {"member": shape.member}
        case "map":
            return {"key": shape.key, "value": shape.value}
    return {}


def _sent(shape: Any) -> dict[str, Shape]:
    """The members that one answer has: of a union a single one."""
    members = list(shape.members.items())
    return dict(members[:1] if shape.metadata.get("union") else members)


def _value(shape: Any, depth: int) -> Any:
    match shape.type_name:
        case "structure":
            deeper = {} if depth > _DEEP else _sent(shape)
            return {
                member.serialization.get("name", name): _value(member, depth + 1)
                for name, member in deeper.items()
            }
        case "list":
            return [] if depth > _DEEP else [_value(shape.member, depth + 1)]
        case "map":
            return {} if depth > _DEEP else {CANARY: _value(shape.value, depth + 1)}
        case "blob":
            return _BLOB
        case "boolean":
            return True
        case "integer" | "long" | "float" | "double" | "timestamp":
            return 1767225600
    return CANARY


def _members(shape: Any, depth: int) -> str:
    deeper = {} if depth > _DEEP else _sent(shape)
    return "".join(_xml(member, name, depth) for name, member in deeper.items())


def _xml(shape: Any, name: str, depth: int) -> str:
    tag = shape.serialization.get("name", name)
    inner = _inner(shape, depth + 1)
    is_flat = shape.type_name == "list" and shape.serialization.get("flattened")
    return inner if is_flat else f"<{tag}>{inner}</{tag}>"


def _inner(shape: Any, depth: int) -> str:
    match shape.type_name:
        case "structure":
            return _members(shape, depth)
        case "list":
            return "" if depth > _DEEP else _xml(shape.member, "member", depth)
        case "map":
            value = "" if depth > _DEEP else _xml(shape.value, "value", depth)
            return f"<entry><key>{CANARY}</key>{value}</entry>"
        case "timestamp":
            return "2026-01-01T00:00:00Z"
    return (
        str(_value(shape, depth)).lower()
        if shape.type_name == "boolean"
        else str(_value(shape, depth))
    )
