"""AFT's customization folders, written from its documented layout, and where Terraform is."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

_MIRROR = Path("registry.terraform.io", "hashicorp", "aws")

BACKEND_JINJA = """\
## Auto generated backend.tf ##
## Updated on: {{ timestamp }} ##

{% if tf_distribution_type == "oss" -%}
terraform {
  required_version = ">= 0.15.0"
  backend "s3" {
    region         = "{{ region }}"
    bucket         = "{{ bucket }}"
    key            = "{{ key }}"
    dynamodb_table = "{{ dynamodb_table }}"
    encrypt        = "true"
    kms_key_id     = "{{ kms_key_id }}"
    role_arn       = "{{ aft_admin_role_arn }}"
  }
}
{% else -%}
terraform {
  backend "remote" {
    organization = "{{ terraform_org_name }}"
    workspaces {
      name = "{{ terraform_workspace_name }}"
    }
  }
}
{% endif %}
"""

PROVIDERS_JINJA = """\
## Auto generated providers.tf ##
## Updated on: {{ timestamp }} ##

provider "aws" {
  region = "{{ provider_region }}"
  assume_role {
    role_arn = "{{ target_admin_role_arn }}"
  }
  default_tags {
    tags = {
      managed_by = "AFT"
    }
  }
}
"""

PRE_HELPER = """\
#!/bin/bash

echo "Executing Pre-API Helpers"
"""


@cache
def terraform() -> str:
    """The binary; the test is skipped where there is none."""
    found = shutil.which("terraform") or shutil.which("tofu")
    if found is None:
        pytest.skip("neither terraform nor tofu is on the PATH")
    return found


def terraform_settings(folder: Path, *, backend: str) -> str:
    """The ``terraform`` part of an ``aft.yaml`` for tests; ``folder`` is for what it needs there.

    Most of what Terraform costs is Go's garbage collector going over the provider's schema, so
    the binary is called with a longer leash; the binary itself is the real one.
    """
    binary = terraform()
    wrapper = folder / Path(binary).name
    folder.mkdir(parents=True, exist_ok=True)
    wrapper.write_text(f'#!/bin/sh\nGOGC=off exec "{binary}" "$@"\n')
    wrapper.chmod(0o755)
    return (
        f"terraform:\n  binary: {wrapper}\n  plugin_dir: {plugin_directory()}\n"
        f"  backend: {backend}\n"
    )


@cache
def plugin_directory() -> Path:
    """A folder with an unpacked hashicorp/aws provider; the test is skipped without one."""

    def places() -> Iterator[Path]:
        for name in ("AFT_TERRAFORM_PLUGIN_DIR", "TF_PLUGIN_CACHE_DIR"):
            if os.environ.get(name):
                yield Path(os.environ[name])
        yield Path.home() / ".terraform.d" / "plugins"
        yield Path.home() / ".terraform.d" / "plugin-cache"
        for root in ("/usr/share", "/usr/local/share", "/usr/lib", "/usr/local/lib"):
            yield Path(root, "terraform", "plugins")
        yield from sorted(Path("/opt").glob("*"))

    found = next((place for place in places() if (place / _MIRROR).is_dir()), None)
    if found is None:
        pytest.skip("no unpacked hashicorp/aws provider (set AFT_TERRAFORM_PLUGIN_DIR)")
    return found


def aft_folder(main: str, *, providers: str = PROVIDERS_JINJA) -> Mapping[str, str]:
    """An AFT customization folder whose Terraform is ``main``, by path below the folder."""
    return {
        "terraform/aft-providers.jinja": providers,
        "terraform/backend.jinja": BACKEND_JINJA,
        "terraform/main.tf": main,
        "api_helpers/pre-api-helpers.sh": PRE_HELPER,
        "api_helpers/post-api-helpers.sh": PRE_HELPER.replace("Pre", "Post"),
        "api_helpers/python/requirements.txt": "# boto3\n",
    }
