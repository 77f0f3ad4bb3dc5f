"""The facade: one simulated AWS organization, opened, used and closed.

Everything else in aft gets a session and a clock from here and cannot tell it from AWS. Only
one sandbox is open at a time in a process, because moto keeps its state globally.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn, Self

import boto3
from botocore.session import Session

from aft.errors import UserError
from aft.sandbox import moto_patches, organizations_view
from aft.sandbox import seed as seeding
from aft.sandbox.calls import CallRecord
from aft.sandbox.clock import VirtualClock, Wall
from aft.sandbox.credentials import Keys
from aft.sandbox.dispatch import Dispatcher
from aft.sandbox.faults import Faults
from aft.sandbox.genesis import new_world
from aft.sandbox.organizations_backend.rules import Context
from aft.sandbox.profiles import Profile
from aft.sandbox.regions import region_status
from aft.sandbox.routing import operation_of, service_of
from aft.sandbox.services import enabled_regions
from aft.sandbox.simulation import build_dispatcher
from aft.sandbox.state import StateFile
from aft.sandbox.transport import SandboxSession
from aft.sandbox.wire import WireRequest, WireResponse, text_headers
from aft.sandbox.world import CreationFailure, World

_open: list[Sandbox] = []


class Sandbox:
    """A simulated organization. Open it with ``Sandbox.open`` and close it, or use ``with``.

    ``clock`` is its time, ``faults`` what goes wrong on purpose, ``log`` every call so far.
    """

    def __init__(self, *, world: World, clock: VirtualClock, state_file: StateFile | None) -> None:
        self.clock = clock
        self.faults = Faults(seed=world.seed)
        self.path = state_file.path if state_file is not None else None
        self._world = world
        self._state_file = state_file
        self._context = Context(world, clock)
        self._dispatcher: Dispatcher = build_dispatcher(
            self._context, faults=self.faults, save=self.save
        )

    # --- opening and closing ------------------------------------------------------------

    @classmethod
    def open(
        cls,
        path: Path | None,
        *,
        profile: Profile = Profile.INSTANT,
        seed: int = 42,
        home_region: str = "eu-central-1",
        secret_keys: bool = False,
        real_time: bool = False,
        wall: Wall | None = None,
    ) -> Sandbox:
        """Load the organization kept at ``path``, or begin a new one (``None``: memory only).

        ``profile``, ``seed`` and ``home_region`` are those of a new organization; an existing
        one keeps its own. With ``secret_keys`` its access keys are random; else they follow from
        ``seed``, as all the rest does, for tests. ``wall`` is what its clock takes for the time
        outside. Raises ``UserError`` when one is open already, when another process holds it, or
        when its file cannot be trusted.
        """
        if _open:
            raise UserError(
                "A sandbox is already open in this process.",
                hint="Close it first; moto's state is global, so there can be only one.",
            )
        moto_patches.install()
        state_file = StateFile(path) if path is not None else None
        try:
            moto_patches.reset(seed)
            loaded = state_file.load() if state_file is not None else None
            if loaded is None:
                clock = VirtualClock(real_time=real_time, wall=wall)
                world = new_world(
                    profile=profile,
                    seed=seed,
                    home_region=home_region,
                    now=clock.timestamp(),
                    secret_keys=secret_keys,
                )
            else:
                world = loaded.world
                clock = VirtualClock(start=loaded.now, real_time=real_time, wall=wall)
            sandbox = cls(world=world, clock=clock, state_file=state_file)
        except BaseException:
            if state_file is not None:
                state_file.release()
            raise
        organizations_view.show(world.organization)
        enabled_regions.use_source(sandbox._has_region)
        _open.append(sandbox)
        return sandbox

    @staticmethod
    def discard(path: Path) -> bool:
        """Delete the organization kept at ``path``; ``False`` when there was none.

        Raises ``UserError`` when a process holds it.
        """
        state_file = StateFile(path)
        try:
            return state_file.delete()
        finally:
            state_file.release()

    def save(self) -> None:
        """Write the state to its file, atomically; nothing when it lives in memory only."""
        if self._state_file is None:
            return
        with self._dispatcher.lock:
            self._state_file.save(self._world, now=self.clock.now())

    def die(self) -> NoReturn:
        """Save, and end this process as if it were killed; no call is answered in between."""
        self._dispatcher.die()

    def close(self) -> None:
        """Save, let go of the file and of moto. Closing twice is harmless."""
        if self not in _open:
            return
        try:
            self.save()
        finally:
            _open.remove(self)
            if self._state_file is not None:
                self._state_file.release()
            organizations_view.show(None)
            moto_patches.reset(self._world.seed)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    # --- who and where ------------------------------------------------------------------

    @property
    def management_account_id(self) -> str:
        return self._world.organization.management_account_id

    @property
    def organization_id(self) -> str:
        return self._world.organization.id

    @property
    def home_region(self) -> str:
        return self._world.home_region

    @property
    def profile(self) -> Profile:
        return self._world.profile

    @property
    def management_credentials(self) -> Keys:
        """The management account's keys, for tools that talk to the HTTP server."""
        return self._world.management_keys

    @property
    def log(self) -> Sequence[CallRecord]:
        """Every call of this process, refused ones included."""
        return self._dispatcher.log

    @property
    def calls(self) -> int:
        """How many calls this process has made."""
        return len(self._dispatcher.log)

    # --- clients ------------------------------------------------------------------------

    def botocore_session(self, keys: Keys | None = None) -> Session:
        """A session of the management account, or of whoever holds ``keys``; every client made
        from it stays in this process.

        A new one each time, as boto3 may build only one session of its own upon each; the
        expensive part, the service models, is shared.
        """
        return self._new_session(keys or self._world.management_keys)

    def member_session(self, account_id: str) -> boto3.Session:
        """An administrator inside a member account, for tests and seeding.

        SCPs bind it as they bind everyone in a member account. Raises ``UserError``.
        """
        if account_id not in self._world.organization.accounts:
            raise UserError(
                f"The sandbox has no account {account_id}.",
                hint="`aft --sandbox status` lists its accounts.",
            )
        with self._dispatcher.lock:
            keys = self._world.credentials.issue(
                account_id=account_id,
                arn=f"arn:aws:iam::{account_id}:user/sandbox-administrator",
                user_id=f"AIDASANDBOX{account_id}",
            )
        return boto3.Session(botocore_session=self._new_session(keys))

    def _has_region(self, account_id: str, region: str) -> bool:
        profile = self._world.profiles.get(account_id)
        changes = profile.regions if profile is not None else {}
        return region_status(changes, region, now=self._context.now()) == "ENABLED"

    def _new_session(self, keys: Keys) -> SandboxSession:
        return SandboxSession(dispatch=self.dispatch, keys=keys, region=self._world.home_region)

    def dispatch(self, request: WireRequest, service: str, operation: str) -> WireResponse:
        """Answer one call. Raises ``ConnectionBroken`` (a fault) and nothing else."""
        return self._dispatcher.dispatch(request, service, operation)

    def handle_http(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes,
        *,
        verify: bool = False,
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Answer an HTTP request as AWS would: status, headers, body.

        The service comes from the signature's scope, the account from the access key; ``verify``
        refuses a signature that was not made with that key's secret. Raises
        ``aft.sandbox.wire.ConnectionBroken`` when a fault breaks the connection.
        """
        request = WireRequest(method=method, url=url, headers=text_headers(headers), body=body)
        service = service_of(request)
        operation = operation_of(request, service) if service else ""
        response = self._dispatcher.dispatch(request, service, operation, verify=verify)
        return response.status, response.headers, response.body

    # --- shaping the world --------------------------------------------------------------

    def configure(self, **changes: Any) -> None:
        """Change knobs of ``aft.sandbox.profiles.Behaviour`` (kept in the saved state)."""
        with self._dispatcher.lock:
            self._world.behaviour = replace(self._world.behaviour, **changes)

    def seed_accounts(self, specs: Iterable[seeding.AccountSpec]) -> Sequence[str]:
        """Create accounts directly, without calls and without delay; returns their ids.

        OUs on the way are created. Raises ``UserError`` for an e-mail that is taken.
        """
        with self._dispatcher.lock:
            return seeding.seed_accounts(self._context, specs)

    def fail_creation(self, email_pattern: str, reason: str = "INTERNAL_FAILURE") -> None:
        """Let creations whose e-mail contains (or fits) ``email_pattern`` fail with ``reason``,
        one of AWS's CreateAccountFailureReason."""
        with self._dispatcher.lock:
            self._world.creation_failures.append(
                CreationFailure(pattern=email_pattern, reason=reason)
            )
