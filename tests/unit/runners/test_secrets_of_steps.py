"""A step's secrets are in the environment of its processes, and nowhere else."""

from __future__ import annotations

import os
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from builders_folders import OnlyEnvironment, inputs, only_step
from builders_terraform import terraform
from waiting import until

from aft.customizations.model import CustomizationRunner, StepFailed, StepResult
from aft.runners.python.runner import PythonRunner
from aft.runners.shell.runner import ShellRunner
from aft.runners.terraform.runner import TerraformRunner

TOKEN = "okta-token/of+the&day"
KEY = "first-line-of-a-key\nsecond-line-of-a-key"
SECRETS = {"OKTA_TOKEN": TOKEN, "TF_VAR_okta": TOKEN, "KEY": KEY}
MAIN = """\
variable "okta" {
  sensitive = true
}
output "Length" {
  value = nonsensitive(length(var.okta))
}
"""


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def run(
    runner: CustomizationRunner,
    files: Mapping[str, str],
    *,
    secrets: Mapping[str, str] = SECRETS,
    **more: Any,
) -> StepResult:
    given = inputs(secrets=secrets, **more)
    return runner.run(only_step(files), given, OnlyEnvironment())


def shell(script: str, *, secrets: Mapping[str, str] = SECRETS) -> StepResult:
    return run(ShellRunner(), {"10-a.sh": script}, secrets=secrets)


def python(body: str, *, secrets: Mapping[str, str] = SECRETS) -> StepResult:
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    source = f"import os\ndef customize(context):\n{lines}"
    return run(PythonRunner(), {"10-a.py": source}, secrets=secrets)


def test_each_kind_of_step_with_processes_gets_them(tmp_path: Path) -> None:
    made = shell('echo "Length=${#OKTA_TOKEN}" >> "$AFT_OUTPUTS"')
    assert made.outputs == {"Length": str(len(TOKEN))}
    made = python('return {"Length": str(len(os.environ["OKTA_TOKEN"]))}')
    assert made.outputs == {"Length": str(len(TOKEN))}
    files = {
        "terraform/main.tf": MAIN,
        "api_helpers/pre-api-helpers.sh": 'test -n "$OKTA_TOKEN" && echo "$OKTA_TOKEN"\n',
    }
    made = run(TerraformRunner(), files, state=str(tmp_path), options={"binary": terraform()})
    assert made.outputs == {"Length": str(len(TOKEN))}
    assert TOKEN not in made.log
    assert "***" in made.log


@pytest.mark.parametrize("act", [shell, python])
def test_nothing_is_left_of_them_for_the_next_step(act: Callable[..., StepResult]) -> None:
    search = "env | grep -e OKTA -e KEY && exit 3 || true"
    if act is python:
        search = 'assert not {"OKTA_TOKEN", "KEY"} & set(os.environ)'
    act("true" if act is shell else "return None")
    act(search, secrets={})
    assert not SECRETS.keys() & os.environ.keys()


@pytest.mark.parametrize(
    ("act", "code"),
    [
        (shell, 'echo "$OKTA_TOKEN"; echo "$KEY"; echo "$KEY" | tail -1 >&2; env'),
        (python, 'print(os.environ["OKTA_TOKEN"], os.environ["KEY"], os.environ)'),
        (python, 'context.log(os.environ["KEY"].split("\\n")[1])'),
    ],
)
def test_the_log_shows_none(act: Callable[..., StepResult], code: str) -> None:
    log = act(code).log
    for text in (TOKEN, *KEY.splitlines()):
        assert text not in log
    assert "***" in log


@pytest.mark.parametrize(
    ("act", "code"),
    [
        (shell, 'echo "T=$OKTA_TOKEN" >> "$AFT_OUTPUTS"'),
        (shell, 'echo "T=${KEY##*line-}" >> "$AFT_OUTPUTS"; echo "U=x${KEY%%$(echo)*}"; exit 3'),
        (shell, 'echo "$OKTA_TOKEN" >&2; exit 3'),
        (python, 'return {"T": "so " + os.environ["OKTA_TOKEN"]}'),
        (python, 'return {"T": os.environ["KEY"].split("\\n")[0]}'),
        (python, 'raise RuntimeError(os.environ["OKTA_TOKEN"])'),
        (python, 'raise RuntimeError(os.environ["KEY"])'),
        (python, 'return {os.environ["OKTA_TOKEN"]: "x"}'),
    ],
)
def test_neither_do_outputs_and_failures(act: Callable[..., StepResult], code: str) -> None:
    with pytest.raises(StepFailed) as caught:
        act(code)
    for text in (TOKEN, *KEY.splitlines()):
        assert text not in f"{caught.value} {caught.value.hint} {caught.value.log}"


def test_a_secret_does_not_replace_what_a_step_is_made_from() -> None:
    """Names that programs obey are refused earlier; the environment wins all the same."""
    made = shell('echo "P=$HOME"; test "$HOME" != stolen', secrets={"HOME": "stolen"})
    assert "stolen" not in made.log


@pytest.mark.skipif(sys.platform != "linux", reason="confinement is Linux's")
def test_no_other_step_reads_them(scratch: Path) -> None:
    script = 'mkfifo "$HOME/gate"; echo $$ > "$HOME/pid"; read -r line < "$HOME/gate"\n'
    thread = threading.Thread(target=shell, args=(script,))
    thread.start()
    until(lambda: any(p.read_text() for p in scratch.glob("aft-step-*/home/pid")), "it runs")
    (place,) = scratch.glob("aft-step-*/home/pid")
    pid = int(place.read_text())
    try:
        assert TOKEN.encode() in Path(f"/proc/{pid}/environ").read_bytes()
        attack = f"cat /proc/{pid}/environ /proc/{pid}/task/*/environ && echo GOT || true"
        log = shell(attack, secrets={}).log
        assert "GOT" not in log
        assert TOKEN not in log
        search = f"grep -rlF '{TOKEN[:4]}''{TOKEN[4:]}' {scratch} || true"
        files = shell(search, secrets={}).log
        assert str(scratch) not in files, "and no file has one"
    finally:
        with (place.parent / "gate").open("w") as gate:
            gate.write("end\n")
        thread.join()
