"""Temporary credentials, cached per identity and renewed before they expire, and as whom a shared
client makes its next call.

Makes no call itself: it is given a function that assumes the role. Secrets never show in a repr.

Making a client costs as much as several calls, so member accounts share one for each service and
region. Each call names its account, and botocore signs it with that account's credentials; what
AWS's throttling has taught a client is kept per account, because AWS throttles accounts one by one.
"""

from __future__ import annotations

import contextlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import botocore.session
from botocore.credentials import Credentials as Keys
from botocore.retries import adaptive, standard

from aft.ports import Clock
from aft.redaction import hold

RENEW_BEFORE = timedelta(minutes=5)
"""Long enough for the calls of one step to end with the credentials they began with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """Keys of one role session, kept out of all text. ``expires_at`` is aware."""

    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    token: str = field(repr=False)
    expires_at: datetime

    def __post_init__(self) -> None:
        hold(self.access_key, self.secret_key, self.token, expires=True)


class CredentialCache:
    """At most ``size`` identities; one request at a time per identity. Thread-safe."""

    def __init__(
        self, assume: Callable[[str], Credentials], *, clock: Clock, size: int = 1024
    ) -> None:
        self._assume = assume
        self._clock = clock
        self._size = size
        self._lock = threading.Lock()
        self._known: OrderedDict[str, Credentials] = OrderedDict()
        self._busy: dict[str, threading.Lock] = {}

    def get(self, identity: str, *, at_least: timedelta = RENEW_BEFORE) -> Credentials:
        """Credentials good for ``at_least`` so long. Raises what assuming the role raises."""
        found = self._fresh(identity, at_least)
        if found is not None:
            return found
        with self._lock:
            busy = self._busy.setdefault(identity, threading.Lock())
        with busy:
            found = self._fresh(identity, at_least)
            if found is not None:
                return found
            try:
                renewed = self._assume(identity)
                with self._lock:
                    self._known[identity] = renewed
                    self._known.move_to_end(identity)
                    while len(self._known) > self._size:
                        self._known.popitem(last=False)
            finally:
                with self._lock:
                    self._busy.pop(identity, None)
            return renewed

    def forget(self, identity: str) -> None:
        """Ask again next time (AWS refused them)."""
        with self._lock:
            self._known.pop(identity, None)

    def _fresh(self, identity: str, at_least: timedelta) -> Credentials | None:
        with self._lock:
            found = self._known.get(identity)
            if found is None or found.expires_at - self._clock.now() <= at_least:
                return None
            self._known.move_to_end(identity)
            return found


# --- who acts -------------------------------------------------------------------------------------


KEPT = 2048
"""Accounts whose throttling a client remembers."""


@dataclass(frozen=True, slots=True)
class Actor:
    """An identity and its credentials, as they are now."""

    identity: str
    keys: Keys

    @classmethod
    def of(cls, identity: str, credentials: Credentials) -> Actor:
        keys = Keys(credentials.access_key, credentials.secret_key, credentials.token)
        return cls(identity, keys)


_PRESENT: ContextVar[Actor | None] = ContextVar("aft_aws_actor", default=None)


@contextlib.contextmanager
def acting(actor: Actor | None) -> Iterator[None]:
    """Calls of shared clients made inside, on this thread, are ``actor``'s."""
    token = _PRESENT.set(actor)
    try:
        yield
    finally:
        _PRESENT.reset(token)


def share(client: Any, *, attempts: int) -> RetriesByActor:
    """Let ``client``, which must be new, serve the acting identity."""
    service = client.meta.service_model.service_id.hyphenize()
    events = client.meta.events

    def sign_as_actor(request: Any, **_: Any) -> None:
        actor = _PRESENT.get()
        if actor is not None:
            request.context.setdefault("signing", {})["request_credentials"] = actor.keys

    events.register("before-sign", sign_as_actor)
    events.unregister(f"needs-retry.{service}", unique_id=f"retry-config-{service}")
    retries = RetriesByActor(client, attempts=attempts)
    for event in (f"request-created.{service}", f"needs-retry.{service}", f"after-call.{service}"):
        events.register(event, retries.answering(event))
    events.register("before-send", retries.answering("before-send"))
    return retries


def hold_keys(keys: Any) -> None:
    """Keep botocore's frozen credentials out of all text."""
    hold(keys.access_key, keys.secret_key, keys.token, expires=bool(keys.token))


def hold_callers(client: Any, session: botocore.session.Session) -> None:
    """Keep the credentials of ``session``'s own chain, with which ``client`` signs, out of all
    text, those that the chain renews too."""

    def about_to_sign(**_: Any) -> None:
        own = session.get_credentials()
        if own is not None:
            hold_keys(own.get_frozen_credentials())

    client.meta.events.register("before-sign", about_to_sign)


class RetriesByActor:
    """botocore's standard and adaptive retries, one set for each identity. Thread-safe."""

    def __init__(self, client: Any, *, attempts: int) -> None:
        self._client = client
        self._attempts = attempts
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, Handlers] = OrderedDict()

    def answering(self, event: str) -> Callable[..., Any]:
        """A handler that asks those of the acting identity."""

        def answer(**parameters: Any) -> Any:
            actor = _PRESENT.get()
            handlers = self.of(actor.identity if actor is not None else "")
            found = [handler(**parameters) for handler in handlers.of(event)]
            return next((item for item in found if item is not None), None)

        return answer

    def of(self, identity: str) -> Handlers:
        """What botocore would do about one account's failures."""
        with self._lock:
            handlers = self._kept.get(identity)
            if handlers is None:
                handlers = self._kept[identity] = Handlers(self._client, attempts=self._attempts)
            self._kept.move_to_end(identity)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
            return handlers


class Handlers:
    """Replaces a client while botocore registers its retries, and keeps what it registers."""

    def __init__(self, client: Any, *, attempts: int) -> None:
        self.meta = SimpleNamespace(events=self, service_model=client.meta.service_model)
        self._handlers: dict[str, list[Callable[..., Any]]] = {}
        stand_in: Any = self
        standard.register_retry_handler(stand_in, max_attempts=attempts)
        adaptive.register_retry_handler(stand_in)

    def register(
        self,
        event_name: str,
        handler: Callable[..., Any],
        unique_id: str | None = None,  # noqa: ARG002 - botocore's signature
    ) -> None:
        self._handlers.setdefault(event_name.split(".", 1)[0], []).append(handler)

    def of(self, event: str) -> list[Callable[..., Any]]:
        return self._handlers.get(event.split(".", 1)[0], [])
