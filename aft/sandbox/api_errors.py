"""AWS's error answers, written the way each protocol writes them.

``ApiError`` is what handlers raise; ``error_response`` puts it on the wire so that a stock
client raises the same exception as on AWS. Decides nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape

from botocore.model import ServiceModel

from aft.sandbox.wire import WireResponse

_JSON_PROTOCOLS = frozenset({"json", "rest-json"})

_THROTTLE_CODES: Mapping[str, tuple[str, int]] = {
    "organizations": ("TooManyRequestsException", 400),
    "account": ("TooManyRequestsException", 429),
    "lambda": ("TooManyRequestsException", 429),
    "ec2": ("RequestLimitExceeded", 503),
    "s3": ("SlowDown", 503),
    "s3control": ("SlowDown", 503),
}


class ApiError(Exception):
    """An error AWS would answer. ``members`` are further fields of the error's shape."""

    def __init__(
        self, code: str, message: str, *, status: int | None = None, **members: object
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.members = members


def throttled(service: str, protocol: str) -> ApiError:
    """The service's own "slow down"."""
    default = ("ThrottlingException" if protocol in _JSON_PROTOCOLS else "Throttling", 400)
    code, status = _THROTTLE_CODES.get(service, default)
    return ApiError(code, "Rate exceeded", status=status)


def denied(service: str, protocol: str, message: str) -> ApiError:
    """The service's own "not authorized"."""
    if service == "ec2":
        text = f"You are not authorized to perform this operation. {message}"
        return ApiError("UnauthorizedOperation", text, status=403)
    if protocol == "json":
        return ApiError("AccessDeniedException", message, status=400)
    if protocol == "rest-json":
        return ApiError("AccessDeniedException", message, status=403)
    return ApiError("AccessDenied", message, status=403)


def bad_credentials(service: str, protocol: str, *, expired: bool) -> ApiError:
    """Expired or unknown credentials, in the words of the service's protocol."""
    if expired:
        text = "The security token included in the request is expired"
        if service == "ec2":
            return ApiError("RequestExpired", text, status=400)
        if service in ("s3", "s3control"):
            return ApiError("ExpiredToken", "The provided token has expired.", status=400)
        if protocol in _JSON_PROTOCOLS:
            return ApiError("ExpiredTokenException", text, status=400)
        return ApiError("ExpiredToken", text, status=403)
    text = "The security token included in the request is invalid."
    if service == "ec2":
        text = "AWS was not able to validate the provided access credentials"
        return ApiError("AuthFailure", text, status=401)
    if service in ("s3", "s3control"):
        text = "The AWS Access Key Id you provided does not exist in our records."
        return ApiError("InvalidAccessKeyId", text, status=403)
    if protocol in _JSON_PROTOCOLS:
        status = 400 if protocol == "json" else 403
        return ApiError("UnrecognizedClientException", text, status=status)
    return ApiError("InvalidClientTokenId", text, status=403)


def bad_signature(service: str, protocol: str) -> ApiError:
    """Signed with another secret than the key's, or not as it was sent."""
    text = (
        "The request signature we calculated does not match the signature you provided. "
        "Check your AWS Secret Access Key and signing method."
    )
    if service == "ec2":
        return bad_credentials(service, protocol, expired=False)
    if protocol in _JSON_PROTOCOLS:
        status = 400 if protocol == "json" else 403
        return ApiError("InvalidSignatureException", text, status=status)
    return ApiError("SignatureDoesNotMatch", text, status=403)


def not_simulated(service: str, operation: str, detail: str = "") -> ApiError:
    """An operation the sandbox lacks; 501 is not retried by any client."""
    why = f" ({detail})" if detail else ""
    return ApiError(
        "NotImplemented",
        f"aft's sandbox does not simulate {service}:{operation}{why}. "
        "It may still work on real AWS.",
        status=501,
    )


def broken(service: str, operation: str, cause: Exception) -> ApiError:
    """The simulation itself failed, ours or moto's; 501 because a retry cannot help."""
    return ApiError(
        "InternalFailure",
        f"aft's sandbox failed in {service}:{operation} ({type(cause).__name__}: {cause}). "
        "This says nothing about real AWS.",
        status=501,
    )


def error_response(
    error: ApiError, *, model: ServiceModel | None, protocol: str, request_id: str
) -> WireResponse:
    """``error`` in ``protocol``; the status comes from the service's model when not given."""
    status = error.status or _modelled_status(model, error.code) or 400
    if protocol == "ec2":
        body = (
            f"<Response><Errors><Error><Code>{escape(error.code)}</Code>"
            f"<Message>{escape(error.message)}</Message></Error></Errors>"
            f"<RequestID>{request_id}</RequestID></Response>"
        )
        return _answer(status, "text/xml", body, request_id)
    if protocol in ("query", "rest-xml"):
        inner = f"<Code>{escape(error.code)}</Code><Message>{escape(error.message)}</Message>"
        if model is not None and model.service_name == "s3":
            body = f"<Error>{inner}<RequestId>{request_id}</RequestId></Error>"
        else:
            body = (
                f"<ErrorResponse><Error><Type>Sender</Type>{inner}</Error>"
                f"<RequestId>{request_id}</RequestId></ErrorResponse>"
            )
        return _answer(status, "text/xml", body, request_id)
    document = {
        "__type": error.code,
        "message": error.message,
        "Message": error.message,
        **error.members,
    }
    kind = "application/json" if protocol == "rest-json" else "application/x-amz-json-1.1"
    answer = _answer(status, kind, json.dumps(document), request_id)
    return WireResponse(
        status=answer.status,
        headers={**answer.headers, "x-amzn-errortype": error.code},
        body=answer.body,
    )


def _answer(status: int, content_type: str, body: str, request_id: str) -> WireResponse:
    headers = {
        "content-type": content_type,
        "x-amzn-requestid": request_id,
        "x-amz-request-id": request_id,
    }
    return WireResponse(status=status, headers=headers, body=body.encode())


def _modelled_status(model: ServiceModel | None, code: str) -> int | None:
    if model is None:
        return None
    shape: Any = model.shape_for_error_code(code)  # type: ignore[arg-type]  # the stub says int
    if shape is None:
        return None
    status = shape.metadata.get("error", {}).get("httpStatusCode")
    return int(status) if status else None
