"""What customizations declare that they need, and what ``aft.yaml`` grants them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from builders_folders import RUNNERS, inputs, only_step, parsed
from builders_requests import MemoryFiles

from aft.config.file import config_places, parse_config
from aft.config.trust import GRANTS
from aft.customizations.digests import step_digest, step_effect
from aft.customizations.model import SecretNeed
from aft.customizations.step_inputs_json import encode_inputs
from aft.desired.grant_rules import check_grants
from aft.desired.model import DesiredState
from aft.findings.model import Finding, Severity
from aft.organization.spec import OrganizationSpec

OKTA = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:okta-AbCdEf"
API = "arn:aws:ssm:eu-central-1:111122223333:parameter/shared/api"
FILE = "accounts/okta/customization.yaml"
CONFIG = "home_region: eu-central-1\n"
GRANTED = f"{CONFIG}grants:\n  okta:\n    secrets:\n      - {OKTA}\n"


def needing(*lines: str, step: str = "10-a.sh") -> dict[str, str]:
    text = "".join(f"  {line}\n" for line in lines)
    return {FILE: f"secrets:\n{text}", f"accounts/okta/{step}": "true\n"}


@pytest.mark.parametrize(
    ("line", "column"),
    [
        ("PATH: @", 3),
        ("LD_PRELOAD: @", 3),
        ("PYTHONPATH: @", 3),
        ("AWS_ACCESS_KEY_ID: @", 3),
        ("AFT_OUTPUTS: @", 3),
        ("BASH_ENV: @", 3),
        ("GIT_SSH_COMMAND: @", 3),
        ("TF_CLI_CONFIG_FILE: @", 3),
        ("HTTPS_PROXY: @", 3),
        ("lower: @", 3),
        ("1A: @", 3),
        ("A-B: @", 3),
        ("A: hunter2", 6),
        ("A: arn:aws:secretsmanager:eu-central-1:111122223333:secret:okta", 6),
        ("A: arn:aws:secretsmanager:eu-central-1:111122223333:secret:*-AbCdEf", 6),
        ("A: arn:aws:secretsmanager:eu-central-1::secret:okta-AbCdEf", 6),
        ("A: arn:aws:ssm:eu-central-1:111122223333:parameter/a/*", 6),
        ("A: arn:aws:ssm:eu-central-1:111122223333:parameter/a/../b//c", 6),
        ("A: arn:aws:ssm:eu-central-1:111122223333:parameter/a:3", 6),
        ("A: arn:aws:s3:::bucket", 6),
        ("A: 5", 6),
        ("A: null", 6),
    ],
)
def test_what_is_no_need(line: str, column: int) -> None:
    _, findings = parsed(needing(line.replace("@", OKTA)))
    (finding,) = findings
    assert finding.is_error
    assert finding.source is not None
    assert (finding.path, finding.source.line, finding.source.column) == (
        f"customizations/{FILE}",
        2,
        column,
    )


@pytest.mark.parametrize("name", ["OKTA_TOKEN", "TF_VAR_okta_token", "GITHUB_TOKEN", "A"])
def test_every_step_with_a_process_needs_them(name: str) -> None:
    files = needing(f"{name}: {OKTA}", step="10-a.sh")
    files["accounts/okta/20-b.py"] = "def customize(context):\n    return {}\n"
    files["accounts/okta/30-c.cfn.yaml"] = "Resources: {T: {Type: 'AWS::SNS::Topic'}}\n"
    files["accounts/okta/terraform/main.tf"] = 'resource "null_resource" "a" {}\n'
    found, findings = parsed(files)
    assert findings == ()
    needs = (SecretNeed(name=name, arn=OKTA),)
    assert {step.kind: step.secrets for step in found["okta"].steps} == {
        "shell": needs,
        "python": needs,
        "cloudformation": (),
        "terraform": needs,
    }


def findings_of(
    config: str, files: Mapping[str, str], *, withheld: tuple[str, ...] = ()
) -> list[Finding]:
    memory = MemoryFiles({"aft.yaml": config})
    read, problems = parse_config(memory, providers=("organizations",))
    assert read is not None, problems
    customizations, found = parsed(files)
    assert found == ()
    state = DesiredState(
        revision=memory.revision,
        config=read,
        organization=OrganizationSpec(),
        requests=(),
        baselines={},
        customizations=customizations,
        withheld=withheld,
    )
    return list(check_grants(state, config_places(memory)))


def test_a_need_that_is_granted_is_no_finding() -> None:
    assert findings_of(GRANTED, needing(f"A: {OKTA}")) == []


@pytest.mark.parametrize(
    "config",
    [
        CONFIG,
        f"{CONFIG}grants: {{}}\n",
        f"{CONFIG}grants: {{okta: {{}}}}\n",
        GRANTED.replace("AbCdEf", "AbCdEg"),
        GRANTED.replace("okta:\n", "Okta:\n"),
        GRANTED.replace("okta:\n", "global:\n"),
        GRANTED.replace("1111", "1112"),
        GRANTED.replace("eu-central-1:1", "eu-west-1:1"),
    ],
)
def test_a_need_without_its_grant_says_which_lines_to_write(config: str) -> None:
    found = [item for item in findings_of(config, needing(f"A: {OKTA}")) if item.is_error]
    (finding,) = found
    assert finding.code == "AFT645"
    assert str(finding.source) == f"customizations/{FILE}:2:6"
    assert f"`grants: {{okta: {{secrets: [{OKTA}]}}}}`" in finding.hint


def test_in_a_pull_request_the_grants_of_the_base_count() -> None:
    (finding,) = findings_of(CONFIG, needing(f"A: {OKTA}"), withheld=(GRANTS,))
    assert "merged first" in finding.hint
    assert findings_of(GRANTED, needing(f"A: {OKTA}"), withheld=(GRANTS,)) == []


@pytest.mark.parametrize(
    ("files", "place"),
    [
        (needing(f"A: {API}"), "aft.yaml:5:9"),
        ({"accounts/okta/10-a.sh": "true\n"}, "aft.yaml:5:9"),
        ({"accounts/other/10-a.sh": "true\n"}, "aft.yaml:4:5"),
    ],
)
def test_a_grant_that_nothing_uses_warns(files: Mapping[str, str], place: str) -> None:
    (warned,) = [item for item in findings_of(GRANTED, files) if not item.is_error]
    assert (warned.code, warned.severity) == ("AFT707", Severity.WARNING)
    assert str(warned.source) == place


def test_a_secret_that_no_step_can_be_given() -> None:
    files = {FILE: f"secrets: {{A: {OKTA}}}\n"}
    files["accounts/okta/30-c.cfn.yaml"] = "Resources: {T: {Type: 'AWS::SNS::Topic'}}\n"
    (finding,) = findings_of(GRANTED, files)
    assert (finding.code, str(finding.source)) == ("AFT646", f"customizations/{FILE}:1:14")


def test_the_effect_of_a_step_has_the_arn_and_never_the_value() -> None:
    step = only_step({"customization.yaml": f"secrets: {{A: {OKTA}}}\n", "10-a.sh": "true\n"})
    given = inputs(secrets={"A": "hunter2-hunter2"})
    runner = RUNNERS[step.kind]

    def marks(changed: tuple[SecretNeed, ...]) -> set[str]:
        other = replace(step, secrets=changed)
        effect = step_effect(other, effect_version=1, parameters={})
        return {step_digest(other, given, effect_version=runner.effect_version), repr(effect)}

    same = marks(step.secrets)
    assert same & marks((SecretNeed(name="A", arn=API),)) == set()
    assert same & marks((SecretNeed(name="B", arn=OKTA),)) == set()
    assert same & marks(()) == set()
    bare = step_digest(step, inputs(), effect_version=runner.effect_version)
    assert bare in same, "the value is no part of it"
    assert "hunter2" not in repr(given) + repr(encode_inputs(given))
