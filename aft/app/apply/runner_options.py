"""From ``aft.yaml`` and this machine to what runners are given.

In the sandbox Terraform's states are files next to the simulated organization, regardless of
what ``aft.yaml`` says: they are of accounts that do not exist.
"""

from __future__ import annotations

from aft.app import local_paths
from aft.app.workspace import Workspace
from aft.config.model import Config, LocalBackend
from aft.customizations.options import RunnerOptions, TerraformOptions
from aft.redaction import hold
from aft.values.regions import partition_of

BINARY_VARIABLE = "AFT_TERRAFORM_BINARY"
PLUGINS_VARIABLE = "AFT_TERRAFORM_PLUGIN_DIR"


def runner_options(workspace: Workspace, config: Config) -> RunnerOptions:
    """The options of one run."""
    environ, terraform, places = workspace.environ, config.terraform, config.terraform.backend
    hcp = places.hcp if places is not None else None
    backend = (places.local or places.s3 or hcp) if places is not None else None
    if workspace.simulated:
        folder = local_paths.sandbox_terraform(workspace.repository.path, environ)
        backend = LocalBackend(directory=str(folder))
    token = environ.get(hcp.token_variable, "") if hcp is not None else ""
    hold(token)
    return RunnerOptions(
        member_role=config.roles.member,
        partition=partition_of(config.home_region),
        terraform=TerraformOptions(
            binary=environ.get(BINARY_VARIABLE) or terraform.binary,
            version=terraform.version,
            plugin_dir=environ.get(PLUGINS_VARIABLE) or terraform.plugin_dir,
            plugin_cache_dir=str(local_paths.terraform_providers(environ)),
            backend=backend,
            token=token,
            in_parallel=terraform.in_parallel,
        ),
    )
