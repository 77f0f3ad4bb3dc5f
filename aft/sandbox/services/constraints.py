"""Input checked against the service's own model, as AWS does before it looks at anything else.

botocore checks only required members, types and minimums on the client; moto checks little.
This mixin refuses what lies outside the model's lengths, ranges, enumerations and patterns,
with the message AWS writes. Put it before moto's response class. Knows no single operation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, ClassVar

from botocore.model import ListShape, MapShape, OperationNotFoundError, Shape, StructureShape
from moto.core.responses import BaseResponse
from moto.core.utils import get_service_model

from aft.sandbox.services.moto_seams import Refusal, refused

_LONGEST_SHOWN = 200


class ModelConstraints(BaseResponse):
    """Mixin: ``validation_code`` is what the service calls a validation error."""

    validation_code: ClassVar[str] = "ValidationException"

    def call_action(self) -> Any:
        """Refuse bad input, else let moto answer."""
        refusal = self.refusal()
        if refusal is not None:
            return refused(self, refusal)
        return super().call_action()

    def refusal(self) -> Refusal | None:
        """Why this call is refused before moto sees it; subclasses may add reasons."""
        service = get_service_model(self.boto3_service_name)
        try:
            operation = service.operation_model(self._get_action())
        except (OperationNotFoundError, TypeError):
            return None
        if operation.input_shape is None:
            return None
        problems = list(violations(operation.input_shape, self.modelled_parameters()))
        if not problems:
            return None
        count = f"{len(problems)} validation error{'s' if len(problems) > 1 else ''} detected: "
        return Refusal(self.validation_code, count + "; ".join(problems))

    def modelled_parameters(self) -> Mapping[str, Any]:
        """The call's input by the model's member names."""
        if not getattr(self, "params", None):
            self.parse_parameters(self.normalized_request)
        original = getattr(self.params, "original_dict", None)
        parameters: Mapping[str, Any] = original() if original else self.params
        return {**parameters, **self.uri_match} if self.uri_match else parameters


def violations(shape: Shape, value: Any, path: str = "") -> Iterator[str]:
    """AWS's words for each constraint of ``shape`` that ``value`` breaks."""
    kind = shape.type_name
    if isinstance(shape, StructureShape) and isinstance(value, Mapping):
        for name in shape.required_members:
            if value.get(name) is None:
                yield _says(None, _joined(path, name), "Member must not be null")
        for name, member in shape.members.items():
            if value.get(name) is not None:
                yield from violations(member, value[name], _joined(path, name))
    elif isinstance(shape, ListShape) and isinstance(value, Sequence):
        yield from _length(shape, value, path)
        for index, item in enumerate(value, start=1):
            yield from violations(shape.member, item, f"{path}.{index}.member")
    elif isinstance(shape, MapShape) and isinstance(value, Mapping):
        yield from _length(shape, value, path)
        for key, item in value.items():
            yield from violations(shape.value, item, f"{path}.{key}.member")
    elif kind == "string" and isinstance(value, str):
        yield from _text(shape, value, path)
    elif kind in ("integer", "long") and isinstance(value, int):
        yield from _range(shape, value, path)


def _text(shape: Shape, value: str, path: str) -> Iterator[str]:
    choices = shape.metadata.get("enum")
    if choices and value not in choices:
        listed = ", ".join(choices)
        yield _says(value, path, f"Member must satisfy enum value set: [{listed}]")
    yield from _length(shape, value, path)
    pattern = shape.metadata.get("pattern")
    compiled = _compiled(pattern) if pattern else None
    if compiled is not None and not compiled.fullmatch(value):
        yield _says(value, path, f"Member must satisfy regular expression pattern: {pattern}")


def _length(shape: Shape, value: Any, path: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if most is not None and len(value) > most:
        yield _says(value, path, f"Member must have length less than or equal to {most}")
    if least is not None and len(value) < least:
        yield _says(value, path, f"Member must have length greater than or equal to {least}")


def _range(shape: Shape, value: int, path: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if most is not None and value > most:
        yield _says(value, path, f"Member must have value less than or equal to {most}")
    if least is not None and value < least:
        yield _says(value, path, f"Member must have value greater than or equal to {least}")


def _says(value: Any, path: str, constraint: str) -> str:
    if value is None:
        return f"Value at '{path}' failed to satisfy constraint: {constraint}"
    shown = str(value)
    if len(shown) > _LONGEST_SHOWN:
        shown = shown[:_LONGEST_SHOWN] + "…"
    return f"Value '{shown}' at '{path}' failed to satisfy constraint: {constraint}"


def _joined(path: str, name: str) -> str:
    first = name[:1].lower() + name[1:]
    return f"{path}.{first}" if path else first


@lru_cache(maxsize=2048)
def _compiled(pattern: str) -> re.Pattern[str] | None:
    """None for Java expressions Python does not know (``\\p{L}``): those go unchecked."""
    try:
        return re.compile(pattern, re.ASCII)
    except re.error:
        return None
