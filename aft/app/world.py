"""The world a command works on: AWS as it is, or the simulated organization; and the ledger.

The only place that knows both ``aft.aws`` and ``aft.sandbox``. Imports them late, so that verbs
that need no AWS start at once.
"""

from __future__ import annotations

import contextlib
import secrets
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aft.account_provider import AccountProvider
from aft.app import local_paths
from aft.app.workspace import Workspace
from aft.clock import SystemClock
from aft.config.model import Config
from aft.errors import UserError
from aft.git.ledger.snapshots import GitSnapshots
from aft.git.ledger.store import GitLedger
from aft.ports import Clock, LedgerHead, LedgerSigner, LedgerStore

if TYPE_CHECKING:
    from aft.aws.adapters import AwsEdge
    from aft.engine.effects import Effects
    from aft.sandbox.credentials import Keys
    from aft.sandbox.profiles import Profile
    from aft.sandbox.sandbox import Sandbox

SANDBOX_LEDGER_SUFFIX = "-sandbox"
"""The sandbox's ledger has its own branch, so that it can never mix with the real one."""


@dataclass(frozen=True, kw_only=True)
class World:
    """Ports onto one organization. ``provider`` creates its accounts, ``effects`` look after each
    kind of thing; ``sandbox`` is set when it is simulated. ``run`` is the id under which the
    ledger, the logs and (as role session name) CloudTrail know this run."""

    clock: Clock
    ledger: LedgerStore
    edge: AwsEdge
    provider: AccountProvider
    effects: Mapping[str, Effects]
    sandbox: Sandbox | None
    run: str


def ledger_branch(config: Config, *, simulated: bool) -> str:
    """The branch that holds the ledger of the real or of the simulated organization."""
    return config.ledger.branch + (SANDBOX_LEDGER_SUFFIX if simulated else "")


def open_ledger(
    workspace: Workspace,
    config: Config,
    *,
    head: LedgerHead | None = None,
    signer: LedgerSigner | None = None,
    adopts: bool = False,
) -> GitLedger:
    """The ledger alone. The sandbox's is never pushed. ``head`` knows what was pushed last; a
    branch that was rewritten, or has no valid signature where there is a key, is an error, unless
    ``adopts``. Without ``signer`` nothing is pushed to a signed one."""
    return GitLedger(
        workspace.repository,
        branch=ledger_branch(config, simulated=workspace.simulated),
        remote=_ledger_remote(workspace, config),
        clock=SystemClock(),
        cache=local_paths.ledger_cache(
            workspace.repository.path, workspace.environ, simulated=workspace.simulated
        ),
        head=head,
        keys=config.ledger.public_keys,
        signer=signer,
        adopts=adopts,
        tries=workspace.trials.story,
    )


def open_snapshots(
    workspace: Workspace, config: Config, *, signer: LedgerSigner | None = None
) -> GitSnapshots:
    """Where the organization is published: on the ledger's branch."""
    return GitSnapshots(
        workspace.repository,
        branch=ledger_branch(config, simulated=workspace.simulated),
        remote=_ledger_remote(workspace, config),
        clock=SystemClock(),
        keys=config.ledger.public_keys,
        signer=signer,
        tries=workspace.trials.published,
    )


def ledger_tip(workspace: Workspace, config: Config) -> str:
    """The ledger's commit as this clone has it; empty while there is none."""
    try:
        branch = ledger_branch(config, simulated=workspace.simulated)
        return workspace.repository.resolve(f"refs/heads/{branch}")
    except UserError:
        return ""


def _ledger_remote(workspace: Workspace, config: Config) -> str | None:
    remote = None if workspace.simulated else config.ledger.remote
    return remote if remote in workspace.repository.remotes else None


@contextlib.contextmanager
def open_world(
    workspace: Workspace, config: Config, *, reads_only: bool = False, adopts_ledger: bool = False
) -> Iterator[World]:
    """Connect to AWS, or open the simulated organization and save it in the end.

    With ``reads_only``, for callers that change nothing, sessions in member accounts may only read:
    those of ``roles.reader``, or of the member role held to reading. With ``adopts_ledger`` a
    ledger that was rewritten is accepted.

    Raises ``Denied`` when there are no credentials, saying both ways to go on.
    """
    with contextlib.ExitStack() as stack:
        sandbox = None
        if workspace.simulated:
            sandbox = stack.enter_context(open_sandbox(workspace, config))
        clock = sandbox.clock if sandbox is not None else SystemClock()
        # When it began, and enough chance to tell two of the same second apart.
        run = f"{clock.now():%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"
        if sandbox is not None:
            edge = stack.enter_context(
                edge_onto(sandbox, config, run_id=run, reads_only=reads_only)
            )
        else:
            from aft.aws.adapters import connect

            edge = connect(config, clock=clock, run_id=run, reads_only=reads_only)
            edge.sessions.check_credentials()
        yield World(
            clock=clock,
            ledger=open_ledger(
                workspace,
                config,
                head=edge.ledger_head,
                signer=edge.ledger_signer,
                adopts=adopts_ledger,
            ),
            edge=edge,
            provider=workspace.provider(config, edge.management),
            effects=workspace.effects(edge.management),
            sandbox=sandbox,
            run=run,
        )


@contextlib.contextmanager
def open_sandbox(
    workspace: Workspace, config: Config, *, profile: Profile | None = None, real_time: bool = False
) -> Iterator[Sandbox]:
    """The simulated organization of this repository; saved when the block ends."""
    try:
        from aft.sandbox.profiles import Profile
        from aft.sandbox.sandbox import Sandbox
    except ImportError as error:
        raise UserError(
            f"the sandbox is not installed ({error.name} is missing)",
            hint="in the clone aft was installed from: pip install '.[sandbox]'",
        ) from error
    path = local_paths.sandbox_state(workspace.repository.path, workspace.environ)
    with Sandbox.open(
        path,
        profile=profile or Profile.INSTANT,
        home_region=config.home_region,
        secret_keys=True,
        real_time=real_time,
    ) as sandbox:
        yield sandbox


@contextlib.contextmanager
def edge_onto(
    sandbox: Sandbox,
    config: Config,
    *,
    run_id: str = "",
    reads_only: bool = False,
    keys: Keys | None = None,
) -> Iterator[AwsEdge]:
    """The same AWS edge as on real AWS, over the sandbox's private transport; as the management
    account, or as the holder of ``keys``. Customizations run in their own processes, which reach
    the sandbox over loopback HTTP; the server starts when the first of them asks."""
    from aft.aws.adapters import connect
    from aft.sandbox.server import serve

    with contextlib.ExitStack() as servers:
        urls: list[str] = []
        starting = threading.Lock()  # customizations of several accounts ask at the same time

        def child_endpoint() -> str:
            with starting:
                if not urls:
                    urls.append(servers.enter_context(serve(sandbox)).url)
            return urls[0]

        yield connect(
            config,
            clock=sandbox.clock,
            botocore_session=sandbox.botocore_session(keys),
            child_endpoint=child_endpoint,
            run_id=run_id,
            reads_only=reads_only,
        )
