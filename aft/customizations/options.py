"""What runners get of this machine and of ``aft.yaml``, next to a step's inputs. Plain values.

None of it is part of a step's digest: another binary or backend does not re-run a step.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalState:
    """Terraform states as files below a folder of this machine."""

    directory: str


@dataclass(frozen=True, slots=True, kw_only=True)
class S3State:
    """Terraform states in a bucket, reached with the vended account's own credentials (or
    ``role_arn``, which they must be allowed to assume)."""

    bucket: str
    region: str
    key_prefix: str = ""
    kms_key_id: str = ""
    dynamodb_table: str = ""
    lock_file: bool = True
    role_arn: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HcpState:
    """Terraform states in HCP Terraform or Terraform Enterprise, one workspace each. ``token``
    opens the workspaces; Terraform gets it in its environment, and it is masked."""

    organization: str
    hostname: str = "app.terraform.io"
    project: str = ""
    token: str = field(default="", repr=False)


TerraformState = LocalState | S3State | HcpState


@dataclass(frozen=True, slots=True, kw_only=True)
class TerraformOptions:
    """``binary`` is a name or path, empty for ``terraform``, else ``tofu``, of the PATH;
    ``version`` a constraint such as ``>= 1.6, < 2``; ``plugin_dir`` a folder of unpacked
    providers to use instead of a registry; ``plugin_cache_dir`` where providers from a registry are
    kept for the next account. Without ``state`` no Terraform step can run.
    At most ``in_parallel`` run at a time."""

    binary: str = ""
    version: str = ""
    plugin_dir: str = ""
    plugin_cache_dir: str = ""
    state: TerraformState | None = None
    in_parallel: int = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class RunnerOptions:
    """``member_role`` is the name of the role that aft works with in the account."""

    member_role: str = "OrganizationAccountAccessRole"
    partition: str = "aws"
    terraform: TerraformOptions = TerraformOptions()
