"""Shell steps: what they see, what they leave, and what they cannot get at."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from builders_folders import KEY_ID, SECRET, TOKEN, OnlyEnvironment, inputs, only_step, parsed
from waiting import TimeOnceThere, until_gone

from aft.customizations.model import ALL_INPUTS, StepFailed, StepResult
from aft.runners.process.workdir import NETWORK_VARIABLES
from aft.runners.shell.runner import ShellRunner

PATH = "customizations/accounts/web/10-step.sh"
KEYS = '"${AWS_CONFIG_FILE%config}credentials-of" aft-target'
"""Prints the step's keys."""


def run(script: str, support: Mapping[str, str] | None = None, **more: object) -> StepResult:
    step = only_step({"10-step.sh": script, **(support or {})})
    return ShellRunner().run(step, inputs(**more), OnlyEnvironment())  # type: ignore[arg-type]


def failure(script: str, support: Mapping[str, str] | None = None) -> StepFailed:
    with pytest.raises(StepFailed) as caught:
        run(script, support)
    return caught.value


def test_a_script_sees_its_account_and_leaves_outputs() -> None:
    result = run(
        """\
        echo "in $(pwd | grep -c files) for $VENDED_ACCOUNT_ID"
        echo "Account=$AFT_ACCOUNT_ID" >> "$AFT_OUTPUTS"
        echo "Tier=$AFT_PARAMETER_TIER of $AFT_PARAMETER_SIZES" >> "$AFT_OUTPUTS"
        grep -q '"cost-center": "4711"' "$AFT_INPUTS"
        grep -q '"Made": "vpc-1"' "$AFT_INPUTS"
        """,
        parameters={"tier": "gold", "sizes": [1, 2]},
        outputs={"web/00.sh": {"Made": "vpc-1"}},
    )
    assert result.outputs == {"Account": "123456789012", "Tier": "gold of [1, 2]"}
    assert result.log == "in 1 for 123456789012\n"


def test_the_environment_holds_nothing_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "ghp_not_for_steps")
    monkeypatch.setenv("AWS_PROFILE", "management")
    monkeypatch.setenv("TF_CLI_ARGS", "-destroy")
    log = run("compgen -e | sort | tr '\\n' ' '").log
    own = {"PWD", "SHLVL", "_", "OLDPWD"}
    assert set(log.split()) - own - NETWORK_VARIABLES == {
        "AFT_ACCOUNT_ID",
        "AFT_INPUTS",
        "AFT_OUTPUTS",
        "AFT_REQUEST_ID",
        "AWS_CONFIG_FILE",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_EC2_METADATA_DISABLED",
        "AWS_REGION",
        "AWS_SHARED_CREDENTIALS_FILE",
        "CUSTOMIZATION",
        "DEFAULT_PATH",
        "HOME",
        "LANG",
        "PATH",
        "TMPDIR",
        "VENDED_ACCOUNT_ID",
    }


def test_printing_the_environment_and_the_keys_leaks_nothing() -> None:
    log = run(f"env; cat /proc/self/environ | tr '\\0' '\\n'; {KEYS}").log
    for secret in (KEY_ID, SECRET, TOKEN):
        assert secret not in log
    assert log.count("AWS_CONTAINER_AUTHORIZATION_TOKEN=***\n") == 2
    assert '"SecretAccessKey": "***"' in log
    failed = failure(f"{KEYS}; exit 3")
    assert "exit code 3" in failed.message
    assert SECRET not in failed.message + failed.log


def test_no_credential_is_on_disk() -> None:
    log = run(f"grep -rlF '{SECRET}' \"$DEFAULT_PATH/../\"{{home,aws}} || echo nowhere").log
    assert log == "nowhere\n"


def test_a_script_names_its_own_secrets() -> None:
    log = run('echo ::add-mask::hunter22\necho it is hunter22; echo "x hunter22 y"').log
    assert "hunter22" not in log
    assert "it is ***" in log


def test_a_secret_is_no_output() -> None:
    failed = failure(f'echo "Key=$({KEYS})" >> "$AFT_OUTPUTS"')
    assert "an output contains a secret" in failed.message
    assert SECRET not in failed.message
    named = failure('echo ::add-mask::hunter22; echo "Key=hunter22" >> "$AFT_OUTPUTS"')
    assert "an output contains a secret" in named.message


def test_a_line_that_is_no_output() -> None:
    assert "line 2 of $AFT_OUTPUTS" in failure('printf "A=1\\nb c\\n" >> "$AFT_OUTPUTS"').message


@pytest.mark.parametrize("script", ["false\necho on", "echo $NOT_SET", "false | true"])
def test_bash_stops_at_the_first_failure(script: str) -> None:
    failed = failure(script)
    assert failed.message.startswith(f"{PATH}: ended with exit code 1")
    assert "on" not in failed.log.splitlines()


def test_afts_profiles_answer_for_this_account_alone() -> None:
    log = run(
        """\
        ask() { sed -n "/profile $1]/,/^$/s/credential_process = //p" "$AWS_CONFIG_FILE" | sh; }
        ask aft-target | grep -q FwoGZXIvYXdzEXAMPLETOKEN && echo own
        for name in aft-management aft-management-admin ct-management ct-audit ct-log-archive
        do ask $name || echo "$name refused"; done
        stat -c '%a' "$AWS_CONFIG_FILE"
        """
    ).log
    assert log.startswith("own\n")
    assert log.count(" refused\n") == 5
    assert "no customization gets credentials of profile ct-management" in log
    assert log.endswith("600\n")


STRAY = "setsid bash -c 'echo $$ > {pid}.new; mv {pid}.new {pid}; exec sleep infinity' & disown\n"


def test_time_is_limited_and_nothing_survives(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    files = {
        "customization.yaml": "timeout_seconds: 1\n",
        "10-step.sh": STRAY.format(pid=pid) + "sleep infinity\n",
    }
    runner = ShellRunner(elapsed=TimeOnceThere(pid))
    with pytest.raises(StepFailed, match="not done after 1 seconds"):
        runner.run(only_step(files), inputs(), OnlyEnvironment())
    until_gone(int(pid.read_text()))


def test_what_a_finished_script_leaves_running_is_ended(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    run(STRAY.format(pid=pid) + f"until [ -e {pid} ]; do sleep 0.01; done\n")
    until_gone(int(pid.read_text()))


def test_inputs_that_a_script_may_read() -> None:
    runner = ShellRunner()
    plain = only_step({"10-a.sh": "echo $VENDED_ACCOUNT_ID"})
    assert plain.uses == {"account_id", "home_region", "request_id"}
    assert only_step({"10-a.sh": "echo $AFT_PARAMETER_TIER"}).uses == {*plain.uses, "parameters"}
    assert runner.folder_uses(plain.files) == plain.uses
    assert only_step({"10-a.sh": 'jq . "$AFT_INPUTS"'}).uses == ALL_INPUTS


@pytest.mark.parametrize(
    ("script", "code", "line", "column"),
    [
        ("echo a\r\necho b\r\n", "AFT614", 1, 1),
        ("echo a\naws --profile ct-management s3 ls\n", "AFT642", 2, 15),
        ("export AWS_PROFILE=aft-management-admin\n", "AFT642", 1, 20),
    ],
)
def test_what_can_be_seen_wrong_is_a_finding(
    script: str, code: str, line: int, column: int
) -> None:
    _, (finding,) = parsed({"accounts/web/10-a.sh": script.encode()})
    assert (finding.code, finding.source.line, finding.source.column) == (code, line, column)


def test_a_comment_may_name_a_profile() -> None:
    _, findings = parsed({"accounts/web/10-a.sh": "# not --profile ct-management\ntrue\n"})
    assert findings == ()


# --- api_helpers without Terraform ------------------------------------------------------------


def wheel(name: str) -> bytes:
    """The smallest package there can be."""
    files = {
        f"{name}.py": "WHO = 'a wheel'\n",
        f"{name}-1.0.dist-info/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{name}-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\n"
        "Tag: py3-none-any\n",
    }
    record = ""
    for path, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=")
        record += f"{path},sha256={digest.decode()},{len(text)}\n"
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for path, text in {**files, f"{name}-1.0.dist-info/RECORD": record}.items():
            archive.writestr(path, text)
    return made.getvalue()


def test_helpers_find_their_packages_and_each_other() -> None:
    step = only_step(
        {
            "api_helpers/pre-api-helpers.sh": "#!/bin/bash\n"
            "python3 $DEFAULT_PATH/$CUSTOMIZATION/api_helpers/python/who.py > noted\n",
            "api_helpers/post-api-helpers.sh": 'cat noted; echo "Who=$(cat noted)" >> $AFT_OUTPUTS',
            "api_helpers/python/who.py": "import aft_sample\nprint(aft_sample.WHO)\n",
            "api_helpers/python/requirements.txt": "# ours\naft-sample==1.0\n",
            "api_helpers/python/wheels/aft_sample-1.0-py3-none-any.whl": wheel("aft_sample"),
        }
    )
    assert (step.id, step.kind) == ("web/api_helpers", "shell")
    result = ShellRunner().run(step, inputs(), OnlyEnvironment())
    assert result.outputs == {"Who": "a wheel"}


def test_packages_that_cannot_be_installed_say_what_to_do() -> None:
    step = only_step(
        {
            "api_helpers/pre-api-helpers.sh": "true",
            "api_helpers/python/requirements.txt": "no-such-package-of-aft==1\n",
            "api_helpers/python/wheels/note.txt": "nothing here\n",
        }
    )
    with pytest.raises(StepFailed) as caught:
        ShellRunner().run(step, inputs(), OnlyEnvironment())
    assert caught.value.message.startswith(
        "customizations/accounts/web/api_helpers/python/requirements.txt: its packages cannot be "
        "installed"
    )
    assert "no-such-package-of-aft" in caught.value.message
    assert "PIP_INDEX_URL" in caught.value.hint


def test_empty_requirements_install_nothing() -> None:
    step = only_step(
        {
            "api_helpers/pre-api-helpers.sh": 'test -z "${VIRTUAL_ENV:-}" && echo none',
            "api_helpers/python/requirements.txt": "# nothing\n\n",
        }
    )
    assert "none\n" in ShellRunner().run(step, inputs(), OnlyEnvironment()).log


def test_scratch_folders_are_gone() -> None:
    log = run('echo "$DEFAULT_PATH"').log
    assert not Path(log.strip()).exists()
