"""Where our classes take the place of moto's: the only seams the service modules use.

A backend is replaced on moto's own ``BackendDict`` object, a response class in ``urls.url_paths``;
both are module-level and survive pickling. moto's source and botocore are never patched. A
contract test covers each name used here, and ``pyproject.toml`` pins moto's minor version.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, BaseResponse


class Refusal(ServiceException):
    """An error AWS answers. (A class of ours: moto reads the service from its own modules'
    names.)"""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)


def use_backend(backends: Any, backend_class: type) -> None:
    """Let ``backends`` make ``backend_class`` from now on; calling again changes nothing."""
    backends.backend = backend_class
    for account in backends.values():
        account.backend = backend_class


def use_responses(urls: ModuleType, response_class: type[BaseResponse]) -> None:
    """Send every path of ``urls`` that a base of ``response_class`` serves to it."""
    for path, handler in list(urls.url_paths.items()):
        owner = getattr(handler, "__self__", None)
        if isinstance(owner, type) and issubclass(response_class, owner):
            name = handler.__name__
            urls.url_paths[path] = getattr(response_class, name)


def refused(response: BaseResponse, error: ServiceException) -> tuple[int, Any, Any]:
    """``error`` as an answer, for refusals made before moto's own method runs."""
    status, headers, body = response.serialized(ActionResult(error))
    headers["status"] = status
    headers, body = response._enrich_response(headers, body)  # noqa: SLF001 - a seam of ours
    return status, headers, body
