"""Makes botocore clients from one shared session and keeps the most recent ones.

One session means one loaded copy of the service models: a client costs a few milliseconds
instead of a hundred. Creating clients from one session is not thread-safe, so it happens under a
lock; using them is.
"""

from __future__ import annotations

import ipaddress
import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import botocore.session
from botocore import exceptions as boto
from botocore.config import Config

from aft import __version__
from aft.aws.answers import repeat_unreadable
from aft.aws.calls import AwsCallRecorder
from aft.aws.credentials import Credentials, share
from aft.aws.errors import translate
from aft.aws.pacing import Pacing

CONNECT_SECONDS = 10
READ_SECONDS = 60
KEPT_CLIENTS = 256

SHARED = "members"
"""The identity of clients that all member accounts share."""
_NOBODY = Credentials(
    access_key="nobody",
    secret_key="nobody",  # noqa: S106 - no secret: AWS refuses it
    token="",
    expires_at=datetime.max.replace(tzinfo=UTC),
)
"""Whom a shared client signs as when no identity acts: AWS refuses it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientKey:
    """What distinguishes one kept client from another. ``once``: never sent twice."""

    identity: str
    service: str
    region: str
    once: bool = False


class ClientFactory:
    """At most ``KEPT_CLIENTS`` clients, the least recently used dropped first. Thread-safe."""

    def __init__(
        self, session: botocore.session.Session, *, recorder: AwsCallRecorder, attempts: int
    ) -> None:
        self._session = session
        self._recorder = recorder
        self._attempts = attempts
        self._lock = threading.Lock()
        self._creating = threading.Lock()
        self._kept: OrderedDict[ClientKey, tuple[str, Any]] = OrderedDict()

    def client(
        self, key: ClientKey, *, credentials: Credentials | None, pacing: Pacing | None
    ) -> Any:
        """The kept client for ``key``, or a new one when there is none with these credentials.
        ``credentials=None`` leaves them to the session's own chain, which renews itself. Clients of
        the identity ``SHARED`` have none: see ``aft.aws.credentials``."""
        if key.identity == SHARED:
            credentials = _NOBODY
        access_key = credentials.access_key if credentials else ""
        kept = self._find(key, access_key)
        if kept is not None:
            return kept
        with self._creating:
            kept = self._find(key, access_key)
            if kept is not None:
                return kept
            made = self._make(key, credentials=credentials)
            if key.identity == SHARED:
                share(made, attempts=self._attempts)
            repeat_unreadable(made)
            self._recorder.watch(made)
            if pacing is not None:
                pacing.watch(made)
            keep_host_on_loopback(made)
        with self._lock:
            self._kept[key] = (access_key, made)
            self._kept.move_to_end(key)
            while len(self._kept) > KEPT_CLIENTS:
                self._kept.popitem(last=False)
        return made

    def _find(self, key: ClientKey, access_key: str) -> Any | None:
        with self._lock:
            kept = self._kept.get(key)
            if kept is None or kept[0] != access_key:
                return None
            self._kept.move_to_end(key)
            return kept[1]

    def _make(self, key: ClientKey, *, credentials: Credentials | None) -> Any:
        retries: Any = (
            {"mode": "standard", "total_max_attempts": 1}
            if key.once
            else {"mode": "adaptive", "total_max_attempts": self._attempts}
        )
        config = Config(
            retries=retries,
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            max_pool_connections=64,
            user_agent_extra=f"aft/{__version__}",
        )
        try:
            return self._session.create_client(
                key.service,
                region_name=key.region,
                config=config,
                aws_access_key_id=credentials.access_key if credentials else None,
                aws_secret_access_key=credentials.secret_key if credentials else None,
                aws_session_token=credentials.token if credentials else None,
            )
        except boto.BotoCoreError as error:
            failure = translate(error, service=key.service, operation="connect")
        raise failure


def keep_host_on_loopback(client: Any) -> None:
    """On a loopback endpoint, sign for that very host and send to it: no ``<account id>.`` put
    before it. S3 Control and a few others prefix the host name, which no resolver knows for
    127.0.0.1; none of botocore's own switches turns that off for S3 Control. S3 itself is left
    alone: there the prefix is the bucket."""
    endpoint = urlsplit(client.meta.endpoint_url)
    if not is_loopback(endpoint.hostname or "") or client.meta.service_model.service_name == "s3":
        return

    def about_to_sign(request: Any, **_: Any) -> None:
        meant = urlsplit(request.url)
        if meant.netloc.endswith("." + endpoint.netloc):
            request.url = urlunsplit(meant._replace(netloc=endpoint.netloc))

    client.meta.events.register_first("before-sign", about_to_sign)


def is_loopback(host: str) -> bool:
    """True for this machine's own addresses and names."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
