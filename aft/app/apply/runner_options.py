"""From ``aft.yaml`` and this machine to what runners are told.

In the sandbox Terraform's states are files next to the simulated organization, whatever
``aft.yaml`` says: they are of accounts that do not exist.
"""

from __future__ import annotations

from aft.app import local_paths
from aft.app.workspace import Workspace
from aft.config.model import Config, TerraformConfig
from aft.customizations.options import (
    HcpState,
    LocalState,
    RunnerOptions,
    S3State,
    TerraformOptions,
)
from aft.values.regions import partition_of

BINARY_VARIABLE = "AFT_TERRAFORM_BINARY"
PLUGINS_VARIABLE = "AFT_TERRAFORM_PLUGIN_DIR"


def runner_options(workspace: Workspace, config: Config) -> RunnerOptions:
    """The options of one run."""
    environ, terraform = workspace.environ, config.terraform
    state = _state(terraform, workspace)
    if workspace.simulated:
        folder = local_paths.sandbox_terraform(workspace.repository.path, environ)
        state = LocalState(directory=str(folder))
    return RunnerOptions(
        member_role=config.roles.member,
        partition=partition_of(config.home_region),
        terraform=TerraformOptions(
            binary=environ.get(BINARY_VARIABLE) or terraform.binary,
            version=terraform.version,
            plugin_dir=environ.get(PLUGINS_VARIABLE) or terraform.plugin_dir,
            plugin_cache_dir=str(local_paths.terraform_providers(environ)),
            state=state,
            in_parallel=terraform.in_parallel,
        ),
    )


def _state(
    terraform: TerraformConfig, workspace: Workspace
) -> LocalState | S3State | HcpState | None:
    backend = terraform.backend
    if backend is None:
        return None
    if backend.local is not None:
        return LocalState(**backend.local.model_dump())
    if backend.s3 is not None:
        return S3State(**backend.s3.model_dump())
    if backend.hcp is not None:
        token = workspace.environ.get(backend.hcp.token_variable, "")
        return HcpState(**backend.hcp.model_dump(exclude={"token_variable"}), token=token)
    return None
