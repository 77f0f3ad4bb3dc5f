"""The way of every call: authenticate, throttle, faults, SCPs, then our handler or moto.

One lock makes the simulated AWS consistent, because moto is not thread-safe. Latency is waited
for outside of it. Never raises anything but ``ConnectionBroken``: what goes wrong is answered
in the protocol of the service.
"""

from __future__ import annotations

import json
import logging
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NoReturn

from botocore.awsrequest import AWSPreparedRequest
from botocore.compat import HTTPHeaders
from botocore.model import ServiceModel

from aft.sandbox import moto_routes, routing
from aft.sandbox.api_errors import (
    ApiError,
    bad_credentials,
    bad_signature,
    broken,
    denied,
    error_response,
    not_simulated,
    throttled,
)
from aft.sandbox.authorization import Call, Ruling
from aft.sandbox.calls import CallRecord, Handler, Invocation
from aft.sandbox.codec import parse_params, serialize_result, with_request_id
from aft.sandbox.credentials import Caller, UnknownCredentials
from aft.sandbox.faults import Action, FaultKind
from aft.sandbox.signatures import is_signed
from aft.sandbox.wire import ConnectionBroken, WireRequest, WireResponse

_LOG = logging.getLogger(__name__)
_UNSIGNED = frozenset({"AssumeRoleWithWebIdentity", "AssumeRoleWithSAML"})
_EXIT_CODE = 137  # as after SIGKILL
_PAGE = b"<html><head><title>Sorry</title></head><body>No server is available.</body></html>\n"
_ANONYMOUS = Caller(account_id="anonymous", arn="", user_id="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hooks:
    """What the dispatcher asks of the simulated AWS around it."""

    authenticate: Callable[[str, str], Caller]
    """(access key, session token) -> caller; raises ``UnknownCredentials``."""
    secret: Callable[[str], str]
    """(access key) -> the secret that goes with it, of a caller who is known."""
    before: Callable[[Caller, str, str], None]
    """(caller, service, region): the account as it is by now; raises ``UnknownCredentials``
    where the account may not use the region."""
    admit: Callable[[str, str, str], bool]
    """(account, service, operation): False when the call comes too fast."""
    rule: Callable[[Call], Ruling]
    """May the call go on?"""
    fault: Callable[[str, str, str], Action | None]
    """(service, operation, account)"""
    delay: Callable[[float], None]
    """Let so many seconds pass outside."""
    now: Callable[[], float]
    """The organization's time."""
    save: Callable[[], None]
    request_id: Callable[[], str]
    """The id of the next call; ids follow from the seed."""


@dataclass(frozen=True, slots=True)
class _Call:
    service: str
    operation: str
    region: str
    model: ServiceModel | None
    protocol: str
    request: WireRequest
    caller: Caller = _ANONYMOUS


class Dispatcher:
    """See the module. ``handlers`` are the operations the sandbox answers itself."""

    def __init__(
        self,
        *,
        hooks: Hooks,
        handlers: Mapping[tuple[str, str], Handler],
        own_services: frozenset[str],
    ) -> None:
        self.lock = threading.RLock()
        self.log: list[CallRecord] = []
        self._hooks = hooks
        self._handlers = handlers
        self._own_services = own_services
        self._undecided: tuple[str, ...] = ()

    def dispatch(
        self, request: WireRequest, service: str, operation: str, *, verify: bool = False
    ) -> WireResponse:
        """Answer one call; ``verify`` its signature first, where it may not be our own client's.
        Raises ``ConnectionBroken`` when a fault breaks the connection."""
        model = routing.service_model(service) if service else None
        protocol = routing.protocol_of(model, request)
        scope = request.scope()
        region = scope.region if scope is not None else "us-east-1"
        call = _Call(service, operation, region, model, protocol, request)
        with self.lock:
            request_id = self._hooks.request_id()
        try:
            if not service or not operation:
                raise not_simulated(service or "unknown", operation or request.path)
            caller = self._authenticate(call, verify=verify)
        except ApiError as error:
            return self._refuse(call, error, request_id)
        call = replace(call, caller=caller)
        fault = self._hooks.fault(service, operation, caller.account_id)
        self._before_execution(fault)
        if fault is not None and fault.kind is FaultKind.THROTTLE:
            return self._refuse(call, throttled(service, protocol), request_id)
        if fault is not None and fault.kind is FaultKind.PAGE:
            self._remember(call, request_id, str(fault.status))
            return WireResponse(
                status=fault.status, headers={"content-type": "text/html"}, body=_PAGE
            )
        if fault is not None and fault.kind is FaultKind.ERROR:
            injected = ApiError(fault.code, fault.message, status=fault.status)
            return self._refuse(call, injected, request_id)
        response = self._execute(call, request_id)
        if fault is not None and fault.kind is FaultKind.LOST_REPLY:
            raise ConnectionBroken("the answer was lost (fault)")
        if fault is not None and fault.kind is FaultKind.CUT_REPLY:
            return _cut(response, fault.share)
        if fault is not None and fault.kind is FaultKind.EXIT:
            self.die()
        return response

    def _authenticate(self, call: _Call, *, verify: bool) -> Caller:
        scope = call.request.scope()
        if scope is None:
            if call.service == "sts" and call.operation in _UNSIGNED:
                return _ANONYMOUS
            raise bad_credentials(call.service, call.protocol, expired=False)
        try:
            with self.lock:
                token = call.request.security_token()
                caller = self._hooks.authenticate(scope.access_key, token)
                secret = self._hooks.secret(scope.access_key) if verify else ""
        except UnknownCredentials as unknown:
            raise bad_credentials(call.service, call.protocol, expired=unknown.expired) from None
        if verify and not is_signed(call.request, secret):
            raise bad_signature(call.service, call.protocol)
        return caller

    def _before_execution(self, fault: Action | None) -> None:
        if fault is None:
            return
        if fault.kind is FaultKind.LATENCY:
            if fault.gate is not None:
                fault.gate.wait()
            self._hooks.delay(fault.seconds)
        elif fault.kind is FaultKind.RESET:
            raise ConnectionBroken("the connection was reset (fault)")
        elif fault.kind is FaultKind.EXIT_BEFORE:
            self.die()

    def die(self) -> NoReturn:
        """Save the organization's state and end the process."""
        with self.lock:  # nothing may happen after the save that the file does not know
            self._hooks.save()
            os._exit(_EXIT_CODE)

    def _refuse(self, call: _Call, error: ApiError, request_id: str) -> WireResponse:
        self._remember(call, request_id, error.code)
        return error_response(
            error, model=call.model, protocol=call.protocol, request_id=request_id
        )

    def _remember(
        self,
        call: _Call,
        request_id: str,
        error_code: str | None,
        *,
        depends: tuple[str, ...] = (),
    ) -> None:
        with self.lock:
            record = CallRecord(
                index=len(self.log),
                service=call.service,
                operation=call.operation,
                account_id=call.caller.account_id,
                caller=call.caller.role_arn or call.caller.arn,
                at=self._hooks.now(),
                region=call.region,
                request_id=request_id,
                error_code=error_code,
                depends=depends,
            )
            self.log.append(record)

    def _execute(self, call: _Call, request_id: str) -> WireResponse:
        with self.lock:
            try:
                response = self._answer(call, request_id)
            except ApiError as error:
                return self._refuse(call, error, request_id)
            except NotImplementedError as missing:
                lacking = not_simulated(call.service, call.operation, str(missing))
                return self._refuse(call, lacking, request_id)
            except Exception as cause:  # noqa: BLE001 - AWS never answers with a traceback
                _LOG.warning("%s:%s failed", call.service, call.operation, exc_info=True)
                failed = broken(call.service, call.operation, cause)
                return self._refuse(call, failed, request_id)
            code = _error_code(response) if response.status >= 400 else None
            self._remember(call, request_id, code, depends=self._undecided)
            return response

    def _answer(self, call: _Call, request_id: str) -> WireResponse:
        hooks = self._hooks
        try:
            hooks.before(call.caller, call.service, call.region)
        except UnknownCredentials:
            raise bad_credentials(call.service, call.protocol, expired=False) from None
        if not hooks.admit(call.caller.account_id, call.service, call.operation):
            raise throttled(call.service, call.protocol)
        ruling = hooks.rule(
            Call(
                caller=call.caller,
                service=call.service,
                operation=call.operation,
                action=routing.iam_action(call.service, call.operation),
                region=call.region,
                params=lambda: _params(call),
            )
        )
        if ruling.refusal:
            raise denied(call.service, call.protocol, ruling.refusal)
        self._undecided = ruling.depends
        handler = self._handlers.get((call.service, call.operation))
        if handler is not None and call.model is not None:
            params = parse_params(call.model, call.operation, call.protocol, call.request)
            result = handler(
                Invocation(
                    service=call.service,
                    operation=call.operation,
                    region=call.region,
                    caller=call.caller,
                    params=params,
                )
            )
            if result is not None:
                return serialize_result(
                    call.model, call.operation, call.protocol, result=result, request_id=request_id
                )
        elif call.service in self._own_services:
            raise not_simulated(call.service, call.operation)
        return self._moto(call, request_id)

    def _moto(self, call: _Call, request_id: str) -> WireResponse:
        headers = HTTPHeaders()
        for name, value in call.request.headers.items():
            headers[name] = value
        headers["x-moto-account-id"] = call.caller.account_id
        prepared = AWSPreparedRequest(
            method=call.request.method,
            url=routing.aws_url(call.request, call.service),
            headers=headers,
            body=call.request.body,
            stream_output=False,
        )
        answer = moto_routes.answer(prepared)
        if answer is None:
            raise not_simulated(call.service, call.operation)
        status, answer_headers, body = answer
        content = body.encode() if isinstance(body, str) else bytes(body or b"")
        unrouted = int(status) == 404 and content in (b"Not yet implemented", b"")
        if unrouted and call.request.method != "HEAD":
            raise not_simulated(call.service, call.operation)
        flat = {str(name).lower(): str(value) for name, value in dict(answer_headers).items()}
        flat |= {"x-amzn-requestid": request_id, "x-amz-request-id": request_id}
        content = with_request_id(content, call.protocol, request_id)
        return WireResponse(status=int(status), headers=flat, body=content)


def _params(call: _Call) -> Mapping[str, Any]:
    """The parameters, for whoever wants to know the resource; none when they cannot be read."""
    if call.model is None:
        return {}
    try:
        return parse_params(call.model, call.operation, call.protocol, call.request)
    except ApiError:
        return {}


def _cut(response: WireResponse, share: float) -> WireResponse:
    headers = {name: text for name, text in response.headers.items() if name != "content-length"}
    return replace(response, headers=headers, body=response.body[: int(len(response.body) * share)])


def _error_code(response: WireResponse) -> str:
    named = response.headers.get("x-amzn-errortype", "")
    if named:
        return named.split(":")[0].rsplit("#", 1)[-1]
    text = response.body.decode("utf-8", "replace")
    if "<Code>" in text:
        return text.split("<Code>", 1)[1].split("</Code>", 1)[0]
    try:
        document = json.loads(text)
    except ValueError:
        return str(response.status)
    if isinstance(document, dict):
        return str(document.get("__type", response.status)).rsplit("#", 1)[-1]
    return str(response.status)
