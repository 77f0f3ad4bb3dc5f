"""What runners are told, from ``aft.yaml`` and the environment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from builders_repo import Repo
from builders_requests import PROVIDERS, MemoryFiles

from aft.app.apply.runner_options import runner_options
from aft.app.workspace import Workspace
from aft.config.file import parse_config
from aft.config.model import Config, HcpBackend, LocalBackend, S3Backend
from aft.customizations.options import RunnerOptions
from aft.redaction import redact

HOME = "home_region: eu-central-1\n"


def options(
    tmp_path: Path, *, simulated: bool = False, home_region: str = "eu-central-1", **terraform: Any
) -> RunnerOptions:
    repo = Repo.create(tmp_path / "repo")
    environ = {
        "XDG_STATE_HOME": str(tmp_path),
        "XDG_CACHE_HOME": str(tmp_path),
        "AFT_TERRAFORM_PLUGIN_DIR": "/plugins",
        "HCP": "secret-token",
    }
    workspace = Workspace(Workspace.find(repo.root).repository, environ, simulated=simulated)
    config = Config.model_validate({"home_region": home_region, "terraform": terraform})
    return runner_options(workspace, config)


def test_the_token_of_hcp_terraform_is_held_by_the_gate(tmp_path: Path) -> None:
    hcp = {"hcp": {"organization": "acme", "token_variable": "HCP"}}
    assert options(tmp_path, backend=hcp).terraform.token == "secret-token"
    assert redact("it is secret-token") == "it is ***"


def test_each_backend_arrives(tmp_path: Path) -> None:
    bucket = {"s3": {"bucket": "acme-states", "region": "eu-west-1"}}
    found = options(tmp_path, backend=bucket, binary="tofu", version=">= 1.6", in_parallel=2)
    assert found.terraform.backend == S3Backend(bucket="acme-states", region="eu-west-1")
    assert (found.terraform.binary, found.terraform.version) == ("tofu", ">= 1.6")
    assert (found.terraform.plugin_dir, found.terraform.in_parallel) == ("/plugins", 2)
    assert found.member_role == "OrganizationAccountAccessRole"
    hcp = {"hcp": {"organization": "acme", "token_variable": "HCP"}}
    terraform = options(tmp_path, backend=hcp).terraform
    assert terraform.backend == HcpBackend(organization="acme", token_variable="HCP")
    assert terraform.token == "secret-token"
    assert "secret-token" not in repr(terraform)
    local = {"local": {"directory": "/states"}}
    assert options(tmp_path, backend=local).terraform.backend == LocalBackend(directory="/states")
    assert options(tmp_path).terraform.backend is None


@pytest.mark.parametrize(
    ("region", "partition"),
    [("eu-central-1", "aws"), ("us-gov-west-1", "aws-us-gov"), ("eusc-de-east-1", "aws-eusc")],
)
def test_roles_are_named_in_the_partition_of_the_home_region(
    tmp_path: Path, region: str, partition: str
) -> None:
    assert options(tmp_path, home_region=region).partition == partition


def test_the_sandbox_never_touches_real_states(tmp_path: Path) -> None:
    bucket = {"s3": {"bucket": "acme-states", "region": "eu-west-1"}}
    state = options(tmp_path, simulated=True, backend=bucket).terraform.backend
    assert isinstance(state, LocalBackend)
    assert state.directory.startswith(str(tmp_path))


@pytest.mark.parametrize(
    ("text", "code", "column"),
    [
        ("terraform: {backend: {}}\n", "AFT204", 22),
        ("terraform: {backend: {local: {directory: states}}}\n", "AFT204", 42),
        ("terraform: {version: newest}\n", "AFT204", 22),
        ("terraform: {in_parallel: 0}\n", "AFT204", 26),
        ("terraform: {backend: {s3: {bucket: acme}}}\n", "AFT203", 27),
    ],
)
def test_what_is_wrong_in_aft_yaml_has_a_place(text: str, code: str, column: int) -> None:
    _, findings = parse_config(MemoryFiles({"aft.yaml": HOME + text}), providers=PROVIDERS)
    assert [(item.code, item.source.line, item.source.column) for item in findings] == [
        (code, 2, column)
    ]
