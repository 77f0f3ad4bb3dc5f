"""botocore sessions that talk to the sandbox in this process and to nothing else.

A ``before-send`` handler on the session's own emitter answers every call, so no request can
reach a network and botocore is never patched globally. The user's ``AWS_*`` environment and
``~/.aws`` files are not read.
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Mapping
from io import BytesIO
from typing import Any

import botocore.session
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config
from botocore.configprovider import ConstantProvider
from botocore.exceptions import ConnectionClosedError
from botocore.hooks import HierarchicalEmitter
from botocore.loaders import Loader, create_loader
from botocore.session import Session

from aft.sandbox.credentials import Keys
from aft.sandbox.wire import ConnectionBroken, WireRequest, WireResponse, text_headers

Dispatch = Callable[[WireRequest, str, str], WireResponse]
"""(request, service, operation) -> response"""

_QUIET_SETTINGS: Mapping[str, object] = {
    "s3": {},
    "proxies_config": {},
    "ignore_configured_endpoint_urls": True,
    "account_id_endpoint_mode": "disabled",
    "disable_request_compression": True,
}
_loader: Loader | None = None


def shared_loader() -> Loader:
    """One data loader for all sessions of the process; service models are expensive to read."""
    global _loader  # noqa: PLW0603 - a process-wide cache of read-only files
    if _loader is None:
        _loader = create_loader()
    return _loader


@functools.cache
def _builtin_handlers() -> HierarchicalEmitter:
    """botocore's own event handlers; to register them takes longer than all else in a session."""
    handlers = HierarchicalEmitter()
    Session(event_hooks=handlers)
    return handlers


class _Raw(BytesIO):
    """A body urllib3 could have delivered."""

    def stream(self, amt: int = 65536, **_: Any) -> Any:
        while chunk := self.read(amt):
            yield chunk


class SandboxSession(Session):
    """A botocore session bound to one sandbox and one set of credentials."""

    def __init__(self, *, dispatch: Dispatch, keys: Keys, region: str) -> None:
        super().__init__(event_hooks=copy.copy(_builtin_handlers()), include_builtin_handlers=False)
        self.register_component("data_loader", shared_loader())
        self._isolate(region)
        self.set_default_client_config(Config(proxies={}))  # or each client reads the environment
        self.set_credentials(keys.access_key, keys.secret_key, keys.token or None)
        self._dispatch_call = dispatch
        self._service_names: dict[str, str] = {}
        self.get_component("event_emitter").register_first("before-send", self._answer)

    @property
    def full_config(self) -> dict[str, Any]:
        return {"profiles": {}}

    def _isolate(self, region: str) -> None:
        settings: dict[str, object] = {
            name: default
            for name, (_, _, default, _) in botocore.session.Session.SESSION_VARIABLES.items()
        }
        settings.update(_QUIET_SETTINGS)
        settings["region"] = region
        store = self.get_component("config_store")
        for name, value in settings.items():
            store.set_config_provider(name, ConstantProvider(value))

    def create_client(self, service_name: str, *args: Any, **kwargs: Any) -> Any:
        model = self.get_service_model(service_name)
        self._service_names[model.service_id.hyphenize()] = service_name
        return super().create_client(service_name, *args, **kwargs)

    def _answer(self, event_name: str, request: AWSPreparedRequest, **_kwargs: Any) -> AWSResponse:
        _, service_id, operation = event_name.split(".")
        wire = WireRequest(
            method=request.method or "POST",
            url=request.url or "",
            headers=text_headers(dict(request.headers.items())),
            body=_bytes(request.body),
        )
        service = self._service_names.get(service_id, service_id)
        try:
            response = self._dispatch_call(wire, service, operation)
        except ConnectionBroken as broken:
            raise ConnectionClosedError(endpoint_url=request.url, error=broken) from broken
        headers = HTTPHeaders()
        for name, value in response.headers.items():
            headers[name] = value
        return AWSResponse(request.url or "", response.status, headers, _Raw(response.body))


def _bytes(body: Any) -> bytes:
    if body is None:
        return b""
    if isinstance(body, str):
        return body.encode()
    if isinstance(body, bytes | bytearray):
        return bytes(body)
    content: bytes = body.read()
    return content
