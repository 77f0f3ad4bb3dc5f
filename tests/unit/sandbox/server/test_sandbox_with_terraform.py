"""The real Terraform with the real AWS provider against the server."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from waiting import PATIENCE

CONFIGURATION = """
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

provider "aws" {}

data "aws_organizations_organization" "this" {}

resource "aws_organizations_organizational_unit" "workloads" {
  name      = "Workloads"
  parent_id = data.aws_organizations_organization.this.roots[0].id
}

resource "aws_ssm_parameter" "greeting" {
  name  = "/from/terraform"
  type  = "String"
  value = aws_organizations_organizational_unit.workloads.id
}
"""
_MIRROR = Path("registry.terraform.io", "hashicorp", "aws")


def plugin_directory() -> Path | None:
    """Where a provider is unpacked: named by the environment, else the usual places."""

    def places() -> Iterator[Path]:
        for name in ("AFT_TERRAFORM_PLUGIN_DIR", "TF_PLUGIN_CACHE_DIR"):
            if os.environ.get(name):
                yield Path(os.environ[name])
        yield Path.home() / ".terraform.d" / "plugins"
        yield Path.home() / ".terraform.d" / "plugin-cache"
        for root in ("/usr/share", "/usr/local/share", "/usr/lib", "/usr/local/lib", "/opt"):
            yield Path(root, "terraform", "plugins")
            yield from sorted(Path(root).glob("*")) if root == "/opt" else ()

    return next((place for place in places() if (place / _MIRROR).is_dir()), None)


def test_terraform_applies_to_the_sandbox(served, tmp_path):
    terraform, plugins = shutil.which("terraform"), plugin_directory()
    if terraform is None:
        pytest.skip("no terraform on the PATH")
    if plugins is None:
        pytest.skip("no unpacked hashicorp/aws provider (set AFT_TERRAFORM_PLUGIN_DIR)")
    (tmp_path / "main.tf").write_text(CONFIGURATION)
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "TF_"))}
    environment = {**kept, **served.server.environment(), "CHECKPOINT_DISABLE": "1"}
    for command in (["init", f"-plugin-dir={plugins}"], ["apply", "-auto-approve"]):
        done = subprocess.run(
            [terraform, *command, "-input=false", "-no-color"],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    org = served.client("organizations")
    root = org.list_roots()["Roots"][0]["Id"]
    units = org.list_organizational_units_for_parent(ParentId=root)["OrganizationalUnits"]
    assert [unit["Name"] for unit in units] == ["Workloads"]
    value = served.client("ssm").get_parameter(Name="/from/terraform")["Parameter"]["Value"]
    assert value == units[0]["Id"]
