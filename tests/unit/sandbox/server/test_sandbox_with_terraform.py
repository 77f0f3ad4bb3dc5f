"""The real Terraform with the real AWS provider against the server."""

from __future__ import annotations

import os
import subprocess

from builders_terraform import plugin_directory, terraform
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


def test_terraform_applies_to_the_sandbox(served, tmp_path):
    binary, plugins = terraform(), plugin_directory()
    (tmp_path / "main.tf").write_text(CONFIGURATION)
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "TF_"))}
    own = {"CHECKPOINT_DISABLE": "1", "GOGC": "off"}  # as in builders_terraform
    environment = {**kept, **served.server.environment(), **own}
    for command in (["init", f"-plugin-dir={plugins}"], ["apply", "-auto-approve"]):
        done = subprocess.run(
            [binary, *command, "-input=false", "-no-color"],
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
