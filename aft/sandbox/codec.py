"""Parameters in, results out, in the protocol of the service.

JSON is done directly (it is on the path of every organization read); the other protocols use
moto's parsers and serializers. Parameters are held to botocore's model on the way in.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from botocore.model import OperationNotFoundError, ServiceModel
from moto.core.parse import PROTOCOL_PARSERS, RequestParserError
from moto.core.request import Request
from moto.core.routing import get_service_router
from moto.core.serialize import get_serializer_class
from moto.core.utils import get_service_model
from werkzeug.exceptions import HTTPException

from aft.sandbox.api_errors import ApiError
from aft.sandbox.wire import WireRequest, WireResponse

_REQUEST_ID = re.compile(rb"(<[rR]equestI[dD]>)[^<]*")


def parse_params(
    model: ServiceModel, operation: str, protocol: str, request: WireRequest
) -> Mapping[str, Any]:
    """The input members of the call, unchecked. Raises ``ApiError`` for what is not readable."""
    try:
        return _parse(model, operation, protocol, request)
    except (
        ValueError,
        TypeError,
        RequestParserError,
        HTTPException,
        OperationNotFoundError,
    ) as error:
        raise ApiError(
            "SerializationException", f"The request cannot be read: {error}", status=400
        ) from error


def _parse(
    model: ServiceModel, operation: str, protocol: str, request: WireRequest
) -> Mapping[str, Any]:
    if protocol == "json":
        found = json.loads(request.body or b"{}")
        if not isinstance(found, dict):
            raise TypeError("the body is not a JSON object")
        return found
    operation_model = get_service_model(model.service_name).operation_model(operation)
    moto_request = Request.from_primitives(
        request.method, request.url, dict(request.headers), request.body
    )
    url_params: Mapping[str, Any] = {}
    if protocol.startswith("rest"):
        _, url_params = get_service_router(model.service_name).match(moto_request)
    parsed = PROTOCOL_PARSERS[protocol](operation_model).parse(
        {
            "method": moto_request.method,
            "values": moto_request.values,
            "headers": moto_request.headers,
            "body": moto_request.data,
            "url_path": moto_request.path,
            "url_params": url_params,
        }
    )
    return dict(parsed or {})


def serialize_result(
    model: ServiceModel,
    operation: str,
    protocol: str,
    *,
    result: Mapping[str, Any],
    request_id: str,
) -> WireResponse:
    """``result`` as the operation's output; ``None`` members are left out."""
    headers = {"x-amzn-requestid": request_id}
    if protocol == "json":
        body = json.dumps(result, default=_json_value, separators=(",", ":")).encode()
        headers["content-type"] = "application/x-amz-json-1.1"
        return WireResponse(status=200, headers=headers, body=body)
    operation_model = get_service_model(model.service_name).operation_model(operation)
    serializer = get_serializer_class(model.service_name, protocol)(operation_model)
    answer = serializer.serialize(dict(result))
    body = answer["body"]
    content = body.encode() if isinstance(body, str) else bytes(body or b"")
    return WireResponse(
        status=int(answer["status_code"]),
        headers={**{str(k).lower(): str(v) for k, v in answer["headers"].items()}, **headers},
        body=with_request_id(content, protocol, request_id),
    )


def with_request_id(content: bytes, protocol: str, request_id: str) -> bytes:
    """``content`` carrying our id, in the protocols whose bodies hold one."""
    if protocol not in ("query", "ec2"):
        return content
    return _REQUEST_ID.sub(rb"\g<1>" + request_id.encode(), content)


def _json_value(value: object) -> object:
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, frozenset | set):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")
