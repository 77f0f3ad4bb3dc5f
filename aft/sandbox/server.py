"""The sandbox as an HTTP endpoint: for the AWS CLI, boto3, Terraform, org-formation.

    with serve(sandbox) as server:
        ...  # AWS_ENDPOINT_URL=server.url, credentials: sandbox.management_credentials

Listens on this machine only unless told otherwise. The organization is saved a moment after
each change and when the server stops; the sandbox itself stays the caller's to close.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from aft.errors import AftError, UserError
from aft.sandbox.http_admin import Admin
from aft.sandbox.http_app import SandboxApp
from aft.sandbox.http_connections import Connections
from aft.sandbox.http_guard import Guard, is_loopback
from aft.sandbox.sandbox import Sandbox

_LOG = logging.getLogger(__name__)


class Saver:
    """Saves a moment after the last change, at most a few seconds after the first.

    A large organization takes longer to save, so the pause grows with the last save.
    """

    def __init__(self, sandbox: Sandbox, *, delay: float = 0.3, at_most: float = 2.0) -> None:
        self._sandbox = sandbox
        self._delay = delay
        self._at_most = at_most
        self._condition = threading.Condition()
        self._first_change: float | None = None
        self._last_change = 0.0
        self._last_duration = 0.0
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="sandbox-saver", daemon=True)
        self._thread.start()

    def changed(self) -> None:
        """Something may have changed: save it soon."""
        with self._condition:
            self._last_change = time.monotonic()
            if self._first_change is None:
                self._first_change = self._last_change
                self._condition.notify()

    def save(self) -> None:
        """Save now. Raises what ``Sandbox.save`` raises."""
        started = time.monotonic()
        with self._condition:
            self._first_change = None
        self._sandbox.save()
        self._last_duration = time.monotonic() - started

    def stop(self) -> None:
        """End the thread, then save what has changed since."""
        with self._condition:
            self._stopping = True
            self._condition.notify()
        self._thread.join()
        self.save()

    def _run(self) -> None:
        while self._wait_until_due():
            try:
                self.save()
            except (AftError, OSError):
                _LOG.exception("the sandbox could not be saved; trying again at the next change")

    def _wait_until_due(self) -> bool:
        with self._condition:
            while not self._stopping:
                if self._first_change is None:
                    self._condition.wait()
                    continue
                pause = max(self._delay, 2 * self._last_duration)
                latest = max(self._at_most, 4 * self._last_duration)
                due = min(self._last_change + pause, self._first_change + latest)
                remaining = due - time.monotonic()
                if remaining <= 0:
                    return True
                self._condition.wait(remaining)
            return False


class SandboxServer:
    """A running server. ``shutdown`` (or leaving ``with``) stops it and saves."""

    def __init__(self, sandbox: Sandbox, *, host: str, port: int) -> None:
        self._sandbox = sandbox
        self._host = host
        self._saver = Saver(sandbox)
        admin = Admin(sandbox, save=self._saver.save)
        changed = self._saver.changed
        app = SandboxApp(sandbox, guard=Guard(host), admin=admin, changed=changed)
        try:
            self._server = Connections(host, port, app)
        except OSError as error:
            self._saver.stop()
            raise UserError(
                f"The sandbox cannot listen on {host}:{port}.",
                hint="Another program may have the port; --port 0 takes any free one.",
            ) from error
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": 0.05},
            name="sandbox-server",
            daemon=True,
        )
        self._stopped = False
        self._thread.start()

    @property
    def host(self) -> str:
        return self._host

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """What ``AWS_ENDPOINT_URL`` is set to."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    def environment(self) -> Mapping[str, str]:
        """Variables that point an AWS tool at this server as the management account."""
        keys = self._sandbox.management_credentials
        found = {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": keys.access_key,
            "AWS_SECRET_ACCESS_KEY": keys.secret_key,
            "AWS_REGION": self._sandbox.home_region,
            "AWS_DEFAULT_REGION": self._sandbox.home_region,
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        if keys.token:
            found["AWS_SESSION_TOKEN"] = keys.token
        return found

    def wait(self) -> None:
        """Until ``shutdown`` is called from elsewhere."""
        self._thread.join()

    def shutdown(self) -> None:
        """Stop listening and save. Again does nothing."""
        if self._stopped:
            return
        self._stopped = True
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._saver.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.shutdown()


def serve(
    sandbox: Sandbox, *, host: str = "127.0.0.1", port: int = 0, allow_remote: bool = False
) -> SandboxServer:
    """Serve ``sandbox`` over HTTP in a background thread; ``port`` 0 takes any free one.

    Raises ``UserError`` for a host other machines can reach, unless ``allow_remote``: everybody
    who reaches the port moves the clock and makes faults, for which no keys are needed.
    """
    if not allow_remote and not is_loopback(host):
        raise UserError(
            f"The sandbox does not listen on {host}: other machines could reach it.",
            hint="Use 127.0.0.1, or allow it explicitly if that is what you want.",
        )
    return SandboxServer(sandbox, host=host, port=port)
