"""Where Terraform keeps its states: under AFT's keys, so that nothing is made again.

Written into the scratch folder as an override file, which takes the place of any backend the
customization declares (Terraform, "Override Files": a backend or cloud block there always wins).
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aft.config.model import HcpBackend, LocalBackend, S3Backend, StateBackend
from aft.customizations.model import GLOBAL, CustomizationStep
from aft.errors import Terminal

OVERRIDE_FILE = "zz_aft_override.tf.json"
SHARED_STEP = "terraform"
_LOCK_FILES_SINCE = (1, 10)  # Terraform and OpenTofu 1.10: `use_lockfile` of the S3 backend


def state_name(step: CustomizationStep, account_id: str) -> str:
    """AFT's ``<id>-aft-account-customizations`` (or ``-global-``), which is also the workspace. A
    second Terraform folder of one customization, and a customization that says ``state: own``, have
    their own names."""
    if step.name == SHARED_STEP and (step.customization == GLOBAL or step.shares_state):
        what = "global" if step.customization == GLOBAL else "account"
        return f"{account_id}-aft-{what}-customizations"
    own = step.name.removesuffix(f".{SHARED_STEP}")
    which = step.customization if own == SHARED_STEP else f"{step.customization}-{own}"
    return f"{account_id}-aft-customization-{which}"


def state_key(name: str) -> str:
    """The key of a state in a bucket, or its file below a folder; AFT's."""
    return f"{name}/terraform.tfstate"


def override(backend: StateBackend, name: str, version: tuple[int, ...]) -> Mapping[str, Any]:
    """What the override file says, as JSON."""
    match backend:
        case LocalBackend():
            path = str(local_file(backend, name))
            return {"terraform": {"backend": {"local": {"path": path}}}}
        case S3Backend():
            return {"terraform": {"backend": {"s3": _s3(backend, name, version)}}}
        case HcpBackend():
            workspaces = {"name": name, **({"project": backend.project} if backend.project else {})}
            cloud = {"organization": backend.organization, "hostname": backend.hostname}
            return {"terraform": {"cloud": {**cloud, "workspaces": workspaces}}}


def aft_variables(
    backend: StateBackend, *, name: str, home_region: str, own_role: str, version: str
) -> Mapping[str, str]:
    """The thirteen variables of AFT's templates. The role of AFT's management account is none that
    exists: no customization gets it."""
    bucket = backend if isinstance(backend, S3Backend) else None
    organization = backend.organization if isinstance(backend, HcpBackend) else ""
    return {
        "timestamp": time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime()),
        "tf_distribution_type": "tfc" if organization else "oss",
        "provider_region": home_region,
        "region": bucket.region if bucket else home_region,
        "aft_admin_role_arn": "arn:aws:iam::000000000000:role/not-given-to-customizations",
        "target_admin_role_arn": own_role,
        "bucket": bucket.bucket if bucket else "",
        "key": state_key(name),
        "dynamodb_table": bucket.dynamodb_table if bucket else "",
        "kms_key_id": bucket.kms_key_id if bucket else "",
        "tf_version": version,
        "terraform_org_name": organization,
        "terraform_workspace_name": name,
    }


def local_file(backend: LocalBackend, name: str) -> Path:
    """The file of a local state; its folder is made, for this user alone. Raises ``Terminal`` when
    it cannot be made."""
    file = Path(backend.directory).expanduser() / state_key(name)
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise Terminal(
            f"the folder for Terraform's state, {file.parent}, cannot be made: {error.strerror}",
            hint="fix `terraform.backend.local.directory` in aft.yaml",
        ) from error
    return file


def _s3(backend: S3Backend, name: str, version: tuple[int, ...]) -> Mapping[str, Any]:
    found: dict[str, Any] = {
        "bucket": backend.bucket,
        "key": f"{backend.key_prefix}{state_key(name)}",
        "region": backend.region,
        "encrypt": True,
    }
    optional = {"kms_key_id": backend.kms_key_id, "dynamodb_table": backend.dynamodb_table}
    found |= {key: value for key, value in optional.items() if value}
    if backend.lock_file and version[:2] >= _LOCK_FILES_SINCE:
        found["use_lockfile"] = True
    if backend.role_arn:
        found["assume_role"] = {"role_arn": backend.role_arn}
    return found
