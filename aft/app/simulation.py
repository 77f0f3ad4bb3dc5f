"""The simulated organization as a thing to begin, fill and look at."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from aft.app import local_paths
from aft.app.workspace import Workspace
from aft.app.world import edge_onto, ledger_branch, open_sandbox
from aft.config.model import Config
from aft.desired.model import DesiredState
from aft.git.ledger.branch import forget_ledger
from aft.report.sandbox import sandbox_text

if TYPE_CHECKING:
    from aft.sandbox.profiles import Profile


def reset(workspace: Workspace, config: Config, profile: Profile) -> None:
    """Forget the organization and its ledger, and begin a new one."""
    from aft.sandbox.sandbox import Sandbox

    path = local_paths.sandbox_state(workspace.repository.path, workspace.environ)
    Sandbox.discard(path)
    states = local_paths.sandbox_terraform(workspace.repository.path, workspace.environ)
    shutil.rmtree(states, ignore_errors=True)
    forget_ledger(workspace.repository, ledger_branch(config, simulated=True))
    with open_sandbox(workspace, config, profile=profile):
        pass


def report(workspace: Workspace, config: Config, *, names_file: bool = False) -> str:
    """What the organization is like, by the same reads as on AWS."""
    path = local_paths.sandbox_state(workspace.repository.path, workspace.environ)
    with open_sandbox(workspace, config) as sandbox, edge_onto(sandbox, config) as edge:
        return sandbox_text(
            edge.reader.read(),
            profile=sandbox.profile.value,
            now=sandbox.clock.now(),
            state_file=str(path) if names_file else "",
        )


def seed(workspace: Workspace, desired: DesiredState, *, more: int) -> Sequence[str]:
    """Let accounts exist already: those the requests adopt by ``account_id``, and ``more`` others.
    Returns a line per account. What is there already is left alone."""
    from aft.sandbox.seed import AccountSpec

    config = desired.config
    with open_sandbox(workspace, config) as sandbox, edge_onto(sandbox, config) as edge:
        present = edge.reader.read().accounts
        ids = {account.id for account in present}
        emails = {account.email.casefold() for account in present}
        specs = [
            AccountSpec(name=request.name, email=request.email, account_id=request.account_id)
            for request in desired.requests
            if request.account_id is not None
            and request.account_id not in ids
            and request.email.key not in emails
        ]
        names = (f"legacy-{number:04}" for number in range(1, more + 1))
        specs += [
            AccountSpec(name=name, email=f"{name}@example.com", ou="Legacy")
            for name in names
            if f"{name}@example.com" not in emails
        ]
        made = sandbox.seed_accounts(specs)
        return [f"{account_id} {spec.name}" for account_id, spec in zip(made, specs, strict=True)]


@contextlib.contextmanager
def serving(
    workspace: Workspace, config: Config, *, host: str, port: int, anywhere: bool
) -> Iterator[Mapping[str, str]]:
    """Serve the organization over HTTP in real time; yields the variables that clients need."""
    from aft.sandbox.server import serve

    with (
        open_sandbox(workspace, config, real_time=True) as sandbox,
        serve(sandbox, host=host, port=port, allow_remote=anywhere) as server,
    ):
        yield server.environment()
