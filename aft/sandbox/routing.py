"""Which service and operation an HTTP request means, and where moto expects it.

In process, botocore tells us; over HTTP the signature's scope, the target header, the query's
Action or the REST route does. Knows no state.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import parse_qs, urlsplit, urlunsplit

from botocore.exceptions import UnknownServiceError
from botocore.model import ServiceModel
from moto.core.request import Request, determine_request_protocol
from moto.core.routing import get_service_router
from werkzeug.exceptions import HTTPException

from aft.sandbox.transport import shared_loader
from aft.sandbox.wire import WireRequest
from aft.values import iam_actions

_SERVICE_BY_SIGNING_NAME: Mapping[str, str] = {
    "access-analyzer": "accessanalyzer",
    "monitoring": "cloudwatch",
    "tagging": "resourcegroupstaggingapi",
    "states": "stepfunctions",
    "elasticloadbalancing": "elbv2",
    "email": "sesv2",
    "sso": "sso-admin",
    "aws-marketplace": "marketplace-metering",
    "elasticfilesystem": "efs",
    "elasticmapreduce": "emr",
    "airflow": "mwaa",
    "es": "opensearch",
    "cloudhsm": "cloudhsmv2",
}


@lru_cache(maxsize=256)
def service_model(service: str) -> ServiceModel | None:
    """botocore's model, or ``None`` for a service botocore does not know."""
    try:
        return ServiceModel(shared_loader().load_service_model(service, "service-2"), service)
    except UnknownServiceError:
        return None


def protocol_of(model: ServiceModel | None, request: WireRequest) -> str:
    """The protocol the caller speaks, by content type where a service has several."""
    if model is None:
        return "json"
    try:
        found: str = determine_request_protocol(model, request.headers.get("content-type", ""))
    except NotImplementedError:  # a content type the service does not speak
        return str(model.protocol)
    return found


def iam_action(service: str, operation: str) -> str:
    """The IAM action an operation needs, as SCPs name it."""
    model = service_model(service)
    return iam_actions.iam_action(
        service, operation, signing_name=model.signing_name if model is not None else ""
    )


def service_of(request: WireRequest) -> str:
    """The botocore service name an HTTP request is for; "" when it cannot be told."""
    scope = request.scope()
    if scope is not None:
        name = scope.signing_name
        if name == "s3" and request.path.startswith("/v20180820/"):
            return "s3control"
        if name == "elasticloadbalancing" and "Version=2012-06-01" in _query_text(request):
            return "elb"
        if name == "email" and not request.path.startswith("/v2/"):
            return "ses"
        return _SERVICE_BY_SIGNING_NAME.get(name, name)
    if "Action=AssumeRoleWith" in _query_text(request):
        return "sts"
    first = request.host.split(".", 1)[0]
    return _SERVICE_BY_SIGNING_NAME.get(first, first) if "amazonaws" in request.host else ""


def operation_of(request: WireRequest, service: str) -> str:
    """The operation's name in botocore's model; "" when no route matches."""
    target = request.headers.get("x-amz-target", "")
    if target:
        return target.rsplit(".", 1)[-1]
    action = parse_qs(_query_text(request)).get("Action", [""])[0]
    if action:
        return action
    if service_model(service) is None:
        return ""
    moto_request = Request.from_primitives(
        request.method, request.url, dict(request.headers), request.body
    )
    try:
        operation, _ = get_service_router(service).match(moto_request)
    except (HTTPException, NotImplementedError):
        return ""
    name: str = operation.name
    return name


def aws_url(request: WireRequest, service: str) -> str:
    """The request's URL on AWS's own host, whatever host the client was told to use."""
    parts = urlsplit(request.url)
    if parts.netloc.endswith((".amazonaws.com", ".amazonaws.com.cn")):
        return request.url
    scope = request.scope()
    region = scope.region if scope is not None else "us-east-1"
    model = service_model(service)
    prefix = model.endpoint_prefix if model is not None else service
    host = f"{prefix}.{region}.amazonaws.com"
    if service == "s3control":
        host = f"{request.headers.get('x-amz-account-id', '')}.s3-control.{region}.amazonaws.com"
    elif service == "iam":
        host = "iam.amazonaws.com"
    elif service == "s3":
        bucket = _bucket_in_host(parts.netloc)
        host = f"{bucket}.{host}" if bucket else host
    return urlunsplit(("https", host, parts.path or "/", parts.query, ""))


def _bucket_in_host(netloc: str) -> str:
    name = netloc.rsplit(":", 1)[0]
    for suffix in (".localhost", ".localhost.localdomain", ".127.0.0.1"):
        if name.endswith(suffix):
            return name.removesuffix(suffix).removesuffix(".s3")
    return ""


def _query_text(request: WireRequest) -> str:
    query = urlsplit(request.url).query
    if "x-www-form-urlencoded" in request.headers.get("content-type", ""):
        return request.body.decode("utf-8", "replace") + ("&" + query if query else "")
    return query


def require_model(service: str) -> ServiceModel:
    """botocore's model of a service the sandbox answers itself."""
    model = service_model(service)
    if model is None:
        raise LookupError(f"botocore has no model of {service}")
    return model
