"""Terraform folders through the real binary, with the provider it has built in; no network."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from builders_folders import SECRET, OnlyEnvironment, inputs, only_step, parsed
from builders_terraform import (
    BACKEND_JINJA,
    PROVIDERS_JINJA,
    aft_folder,
    plugin_directory,
    terraform,
)
from waiting import TimeOnceThere

from aft.config.model import HcpBackend, LocalBackend, S3Backend
from aft.customizations.model import (
    Consent,
    CustomizationStep,
    StepFailed,
    StepHeld,
    StepResult,
)
from aft.customizations.options import TerraformOptions
from aft.errors import Terminal
from aft.runners.terraform.binary import find_binary, satisfies
from aft.runners.terraform.files import AFT_VARIABLES
from aft.runners.terraform.runner import TerraformRunner
from aft.runners.terraform.state import OVERRIDE_FILE, override, state_name
from aft.values.parts import PartOutcome, PropertyChange

MAIN = """\
variable "size" {
  type    = number
  default = 1
}
resource "terraform_data" "this" {
  input = "size ${var.size}"
}
output "Size" {
  value = terraform_data.this.output
}
output "Zones" {
  value = ["a", "b"]
}
output "Password" {
  value     = "hush-hush-${var.size}"
  sensitive = true
}
"""
STATE_FILE = "123456789012-aft-account-customizations/terraform.tfstate"


def folder(main: str = MAIN, **files: str) -> CustomizationStep:
    terraform()
    return only_step({"terraform/main.tf": main, **files})


def run(step: CustomizationStep, state: Path, **more: Any) -> StepResult:
    return TerraformRunner().run(step, inputs(state=str(state), **more), OnlyEnvironment())


def failure(step: CustomizationStep, state: Path, **more: Any) -> StepFailed:
    with pytest.raises(StepFailed) as caught:
        run(step, state, **more)
    return caught.value


def hold(step: CustomizationStep, state: Path, **more: Any) -> StepHeld:
    with pytest.raises(StepHeld) as caught:
        run(step, state, **more)
    return caught.value


def test_made_left_alone_changed_and_destroyed(tmp_path: Path) -> None:
    step = folder()
    first = run(step, tmp_path)
    assert first.changed
    assert first.outputs == {"Size": "size 1", "Zones": '["a", "b"]'}
    assert "hush-hush" not in first.log
    state = tmp_path / STATE_FILE
    assert state.stat().st_mode & 0o077 == 0, "states hold secrets"
    serial = json.loads(state.read_text())["serial"]

    assert not run(step, tmp_path).changed
    assert json.loads(state.read_text())["serial"] == serial, "nothing was applied"

    runner, order = TerraformRunner(), inputs(state=str(tmp_path), parameters={"size": 2})
    (part,) = runner.preview(step, order, OnlyEnvironment()).parts
    assert (part.id, part.outcome) == ("terraform_data.this", PartOutcome.CHANGED)
    assert part.properties == (PropertyChange(path="input", before="size 1", after="size 2"),)
    assert json.loads(state.read_text())["serial"] == serial, "a preview changes nothing"
    assert run(step, tmp_path, parameters={"size": 2}).outputs["Size"] == "size 2"

    protected = replace(order, consent=Consent(is_protected=True))
    with pytest.raises(StepHeld, match="the account is protected: terraform_data"):
        runner.destroy(step, protected, OnlyEnvironment())
    assert json.loads(state.read_text())["resources"]
    assert runner.destroy(step, order, OnlyEnvironment()).changed
    assert not state.exists()
    assert not runner.destroy(step, order, OnlyEnvironment()).changed, "again is no error"


def test_a_failure_in_the_middle_shows_terraforms_own_lines_and_goes_on_from_there(
    tmp_path: Path,
) -> None:
    broken = """\
resource "terraform_data" "first" {
  input = "made"
}
resource "terraform_data" "second" {
  depends_on = [terraform_data.first]
  provisioner "local-exec" {
    command = "echo the key is $AWS_SECRET_ACCESS_KEY; echo no such queue >&2; exit 4"
  }
}
"""
    failed = failure(folder(broken), tmp_path)
    assert failed.message.startswith("customizations/accounts/web/terraform/main.tf:6: ")
    assert "terraform apply failed: Error: local-exec provisioner error" in failed.message
    assert "no such queue" in failed.message
    assert SECRET not in failed.message + failed.log
    state = json.loads((tmp_path / STATE_FILE).read_text())
    assert "first" in {item["name"] for item in state["resources"]}

    fixed = folder(broken.replace("exit 4", "exit 0"))
    held = hold(fixed, tmp_path)
    assert [part.reason for part in held.preview.held] == ["it is tainted"]
    assert run(fixed, tmp_path, consent=Consent(accepted=frozenset({held.preview.digest}))).changed


BEFORE = """\
resource "terraform_data" "kept" {
  input            = "one"
  triggers_replace = ["one"]
}
resource "terraform_data" "gone" {}
"""
AFTER = """\
resource "terraform_data" "kept" {
  input            = "two"
  triggers_replace = ["two"]
}
resource "terraform_data" "new" {}
"""


def test_what_ends_something_waits_until_exactly_that_is_accepted(tmp_path: Path) -> None:
    run(folder(BEFORE), tmp_path)
    state = tmp_path / STATE_FILE
    before = state.read_text()
    step = folder(AFTER)

    held = hold(step, tmp_path)
    assert state.read_text() == before, "nothing of it was carried out, what is new neither"
    assert held.code == "NotReviewed"
    assert "terraform_data.gone would be removed" in held.message
    assert "terraform_data.kept would be replaced (triggers_replace)" in held.message
    assert held.preview.digest in held.hint
    assert f"plan {held.preview.digest}" in held.log
    assert hold(step, tmp_path).preview == held.preview, "the same plan has the same digest"

    accepted = frozenset({held.preview.digest})
    other = folder(AFTER.replace('"new"', '"another"'))
    hold(other, tmp_path, consent=Consent(accepted=accepted))
    hold(step, tmp_path, consent=Consent(accepted=accepted, binding="other code or inputs"))
    hold(step, tmp_path, consent=Consent(accepted=accepted, is_protected=True))
    assert state.read_text() == before

    seen = TerraformRunner().preview(step, inputs(state=str(tmp_path)), OnlyEnvironment())
    assert seen == held.preview, "a preview is the plan of apply"
    done = run(step, tmp_path, consent=Consent(accepted=accepted))
    assert done.accepted == held.preview.digest
    names = {item["name"] for item in json.loads(state.read_text())["resources"]}
    assert names == {"kept", "new"}


def test_a_line_of_the_configuration_lets_things_go_protected_or_not(tmp_path: Path) -> None:
    run(folder(BEFORE), tmp_path)
    one = frozenset({"terraform_data.gone"})
    held = hold(folder(AFTER), tmp_path, consent=Consent(allowed=one))
    assert "terraform_data.gone" not in held.message
    both = one | {"terraform_data.kept"}
    run(folder(AFTER), tmp_path, consent=Consent(allowed=both, is_protected=True))
    run(folder(BEFORE), tmp_path, consent=Consent(allowed=frozenset({"*"})))


def test_what_only_leaves_the_state_is_not_lost(tmp_path: Path) -> None:
    run(folder(BEFORE), tmp_path)
    forget = """\
removed {
  from = terraform_data.gone
  lifecycle {
    destroy = false
  }
}
"""
    kept = BEFORE.replace('resource "terraform_data" "gone" {}\n', forget)
    run(folder(kept), tmp_path, consent=Consent(is_protected=True))


def test_what_a_pre_helper_writes_is_previewed(tmp_path: Path) -> None:
    helper = (
        'echo \'resource "terraform_data" "pre" {}\' > $DEFAULT_PATH/$CUSTOMIZATION/terraform/p.tf'
    )
    step = folder(MAIN, **{"api_helpers/pre-api-helpers.sh": helper})
    seen = TerraformRunner().preview(step, inputs(state=str(tmp_path)), OnlyEnvironment())
    assert [part.id for part in seen.parts] == ["terraform_data.pre", "terraform_data.this"]
    broken = folder(MAIN, **{"api_helpers/pre-api-helpers.sh": "exit 3"})
    with pytest.raises(StepFailed, match=r"pre-api-helpers.sh: ended with exit code 3"):
        TerraformRunner().preview(broken, inputs(state=str(tmp_path)), OnlyEnvironment())


def test_an_aft_folder_is_rendered_with_its_thirteen_variables(tmp_path: Path) -> None:
    shown = "".join(
        f'output "{name}" {{\n  value = "{{{{ {name} }}}}"\n}}\n'
        for name in AFT_VARIABLES
        if name != "aft_admin_role_arn"
    )
    step = folder(
        **{
            "terraform/backend.jinja": BACKEND_JINJA,
            "terraform/shown.jinja": shown,
            "api_helpers/pre-api-helpers.sh": '#!/bin/bash\necho \'output "Pre" {'
            ' value = "made before" }\' > $DEFAULT_PATH/$CUSTOMIZATION/terraform/pre.tf\n',
            "api_helpers/post-api-helpers.sh": 'echo "Post=$VENDED_ACCOUNT_ID" >> $AFT_OUTPUTS',
        }
    )
    assert step.id == "web/terraform"
    result = run(step, tmp_path)
    outputs = dict(result.outputs)
    assert outputs.pop("timestamp")
    assert outputs.pop("tf_version")
    assert outputs.pop("target_admin_role_arn").endswith(
        ":iam::123456789012:role/OrganizationAccountAccessRole"
    )
    assert {key: value for key, value in outputs.items() if key in AFT_VARIABLES} == {
        "tf_distribution_type": "oss",
        "provider_region": "eu-central-1",
        "region": "eu-central-1",
        "bucket": "",
        "key": STATE_FILE,
        "dynamodb_table": "",
        "kms_key_id": "",
        "terraform_org_name": "",
        "terraform_workspace_name": "123456789012-aft-account-customizations",
    }
    assert (outputs["Pre"], outputs["Post"]) == ("made before", "123456789012")
    assert (tmp_path / STATE_FILE).exists(), "AFT's own backend is overridden"


def test_time_is_limited_and_terraform_may_still_unlock(tmp_path: Path) -> None:
    began = tmp_path / "began"
    slow = f"""\
resource "terraform_data" "slow" {{
  provisioner "local-exec" {{
    command = "touch {began}; exec sleep infinity"
  }}
}}
"""
    step = folder(slow, **{"customization.yaml": "timeout_seconds: 4\n"})
    runner = TerraformRunner(elapsed=TimeOnceThere(began))
    with pytest.raises(StepFailed) as failed:
        runner.run(step, inputs(state=str(tmp_path)), OnlyEnvironment())
    assert failed.value.code == "TimedOut"
    assert not list(tmp_path.rglob("*.lock.info"))


def test_the_environment_of_this_machine_does_not_reach_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TF_CLI_CONFIG_FILE", str(tmp_path / "missing.rc"))
    monkeypatch.setenv("TF_CLI_ARGS", "-nonsense")
    monkeypatch.setenv("TF_VAR_size", "7")
    assert run(folder(), tmp_path).outputs["Size"] == "size 1"


def test_a_lock_file_is_respected(tmp_path: Path) -> None:
    terraform()
    main = """\
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}
"""
    lock = """\
provider "registry.terraform.io/hashicorp/aws" {
  version     = "4.0.0"
  hashes = ["h1:edXOJWE4ORX8Fm+dpVpICzMZJat4AX0VRCAy/xkcOc0="]
}
"""
    step = folder(main, **{"terraform/.terraform.lock.hcl": lock})
    options = {"plugin_dir": str(plugin_directory())}
    failed = failure(step, tmp_path, options=options)
    assert "terraform init failed" in failed.message
    assert "4.0.0" in failed.message


def test_without_a_place_for_the_state_nothing_runs() -> None:
    with pytest.raises(Terminal, match=r"aft.yaml does not say where Terraform keeps its state"):
        TerraformRunner().run(folder(), inputs(), OnlyEnvironment())


def test_a_missing_or_unfit_binary_says_so(tmp_path: Path) -> None:
    with pytest.raises(Terminal, match="there is no not-terraform on this machine"):
        run(folder(), tmp_path, options={"binary": "not-terraform"})
    with pytest.raises(Terminal, match=r"and aft.yaml asks for < 0\.13"):
        run(folder(), tmp_path, options={"version": "< 0.13"})
    assert find_binary(TerraformOptions(version=">= 0.13")).version > (0, 13)


@pytest.mark.parametrize(
    ("constraint", "expected"),
    [
        (">= 1.6, < 2", True),
        ("1.11.4", True),
        ("= 1.11", False),
        ("~> 1.9", True),
        ("~> 1.11.2", True),
        ("~> 1.10.2", False),
        ("~> 1", True),
        ("!= 1.11.4", False),
        ("> 1.11.4", False),
    ],
)
def test_version_constraints(*, constraint: str, expected: bool) -> None:
    assert satisfies((1, 11, 4), constraint) is expected


# --- what is seen offline -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("files", "code", "path", "line", "column"),
    [
        ({"main.tf": 'resource "a" "b" {\n'}, "AFT640", "main.tf", 1, 18),
        ({"main.tf.json": '{"a": }'}, "AFT640", "main.tf.json", 1, 7),
        ({"main.tf": "", "p.jinja": "{{ regoin }}"}, "AFT602", "p.jinja", 1, 4),
        ({"p.jinja": "{% for x in range(3) %}"}, "AFT601", "p.jinja", 1, 1),
        ({"p.jinja": "a\n{{ ''.__class__ }}"}, "AFT603", "p.jinja", 2, 7),
        ({"README.md": "# none"}, "AFT641", "", 1, 1),
        (
            {"p.jinja": 'provider "aws" {\n  role = "{{ aft_admin_role_arn }}"\n}\n'},
            "AFT642",
            "p.jinja",
            2,
            14,
        ),
        ({"main.tf": 'provider "x" {\n  profile = "ct-audit"\n}\n'}, "AFT642", "main.tf", 2, 14),
    ],
)
def test_bad_folders(
    files: Mapping[str, str], code: str, path: str, line: int, column: int
) -> None:
    _, findings = parsed({f"accounts/web/terraform/{key}": text for key, text in files.items()})
    where = "customizations/accounts/web/terraform"
    found = [(f.code, f.source.path, f.source.line, f.source.column) for f in findings]
    assert found == [(code, f"{where}/{path}" if path else where, line, column)]


def test_a_template_that_loops_is_stopped(tmp_path: Path) -> None:
    loop = "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}"
    with pytest.raises(Terminal, match="loop turns"):
        run(folder("", **{"terraform/p.jinja": loop}), tmp_path)


def test_afts_own_files_are_fine() -> None:
    _, findings = parsed({f"global/{path}": text for path, text in aft_folder(MAIN).items()})
    assert findings == ()
    assert "aft_admin_role_arn" in BACKEND_JINJA
    assert "target_admin_role_arn" in PROVIDERS_JINJA


def test_what_it_reads_and_leaves_is_known() -> None:
    step = folder(**{"terraform/p.jinja": "# {{ tags.team }} {{ region }} {{ accounts.hub.id }}"})
    assert {"tags", "accounts", "parameters", "account_id"} <= step.uses
    assert {read.path for read in step.reads} == {("tags", "team"), ("accounts", "hub", "id")}
    assert step.declares == {"Size", "Zones", "Password"}


# --- where states are -----------------------------------------------------------------------


def step_of(files: Mapping[str, str], name: str) -> CustomizationStep:
    found, _ = parsed(files)
    return next(s for item in found.values() for s in item.steps if s.id == name)


def test_states_go_by_afts_names() -> None:
    files = {
        "global/terraform/a.tf": "",
        "accounts/web/terraform/a.tf": "",
        "accounts/web/20-dns.terraform/a.tf": "",
        "accounts/db/terraform/a.tf": "",
        "accounts/db/customization.yaml": "terraform: {state: own}\n",
    }
    names = {
        step: state_name(step_of(files, step), "123456789012")
        for step in ("global/terraform", "web/terraform", "web/20-dns.terraform", "db/terraform")
    }
    assert names == {
        "global/terraform": "123456789012-aft-global-customizations",
        "web/terraform": "123456789012-aft-account-customizations",
        "web/20-dns.terraform": "123456789012-aft-customization-web-20-dns",
        "db/terraform": "123456789012-aft-customization-db",
    }


def test_backends() -> None:
    bucket = S3Backend(bucket="acme", region="eu-west-1", key_prefix="aft/", dynamodb_table="t")
    made = override(bucket, "1-aft", (1, 11, 4))["terraform"]["backend"]["s3"]
    assert made == {
        "bucket": "acme",
        "key": "aft/1-aft/terraform.tfstate",
        "region": "eu-west-1",
        "encrypt": True,
        "dynamodb_table": "t",
        "use_lockfile": True,
    }
    older = override(bucket, "1-aft", (1, 6, 0))["terraform"]["backend"]["s3"]
    assert "use_lockfile" not in older
    cloud = override(HcpBackend(organization="acme"), "1-aft", (1, 11, 4))
    assert cloud["terraform"]["cloud"]["workspaces"] == {"name": "1-aft"}
    assert SECRET not in repr(TerraformOptions(token=SECRET))


def test_a_state_folder_that_cannot_be_made_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Terminal, match="cannot be made"):
        override(LocalBackend(directory=str(tmp_path / "file")), "a", (1, 11))
    assert OVERRIDE_FILE.endswith("_override.tf.json"), "as Terraform knows override files"
