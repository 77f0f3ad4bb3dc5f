"""Counts every request sent to AWS, and names the writes of the current thread.

Hooked on each client through botocore's own events, so that retries and the pages of a
paginator are seen too. Keeps no parameters and no answers.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from aft.aws.error_codes import READS

_Sinks = tuple[list[str], ...]


class AwsCallRecorder:
    """Implements ``aft.ports.CallRecorder``."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_operation: Counter[str] = Counter()
        self._sinks: ContextVar[_Sinks] = ContextVar("aft_aws_writes", default=())
        self._check: ContextVar[Callable[[], None] | None] = ContextVar("aft_check", default=None)

    @property
    def calls(self) -> int:
        with self._lock:
            return self._by_operation.total()

    @property
    def by_operation(self) -> Mapping[str, int]:
        """Requests sent so far, by ``service:Operation``, most first."""
        with self._lock:
            return dict(self._by_operation.most_common())

    @contextmanager
    def recording(self) -> Iterator[list[str]]:
        """``service:Operation:request-id`` of every write made inside, in order."""
        sink: list[str] = []
        token = self._sinks.set((*self._sinks.get(), sink))
        try:
            yield sink
        finally:
            self._sinks.reset(token)

    @contextmanager
    def checked(self, check: Callable[[], None]) -> Iterator[None]:
        """Call ``check`` right before each request of this thread is sent."""
        token = self._check.set(check)
        try:
            yield
        finally:
            self._check.reset(token)

    def watch(self, client: Any) -> None:
        """Count the requests of ``client``, which must be new."""
        service = client.meta.service_model.service_name

        def sent(operation_name: str, **_: Any) -> None:
            with self._lock:
                self._by_operation[f"{service}:{operation_name}"] += 1

        def about_to_send(**_: Any) -> None:
            if check := self._check.get():
                check()

        def answered(model: Any, parsed: Any, http_response: Any, **_: Any) -> None:
            sinks = self._sinks.get()
            if not sinks or READS.match(model.name) or http_response.status_code >= 300:
                return
            metadata = parsed.get("ResponseMetadata", {}) if isinstance(parsed, dict) else {}
            name = f"{service}:{model.name}:{metadata.get('RequestId', '')}"
            for sink in sinks:
                sink.append(name)

        client.meta.events.register("request-created", sent)
        # Named by its service, it comes before all that may answer in AWS's place.
        whose = client.meta.service_model.service_id.hyphenize()
        client.meta.events.register_first(f"before-send.{whose}", about_to_send)
        client.meta.events.register("after-call", answered)
