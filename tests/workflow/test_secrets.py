"""Secrets of customizations from end to end: declared, granted, given, and shown nowhere."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import boto3
import pytest
from builders_repo import CONFIG, Repo

from aft.sandbox.sandbox import Sandbox

TOKEN = "okta-s3cret/token+of&the<day>"
NEXT = "another-token-of-tomorrow"
FOLDER = "customizations/accounts/okta"
SHELL = """\
echo "plain $OKTA_TOKEN"
printf '%s' "$OKTA_TOKEN" | base64
env | grep -c OKTA_TOKEN
echo "Length=${#OKTA_TOKEN}" >> "$AFT_OUTPUTS"
"""
PYTHON = """\
import os
def customize(context):
    context.log("seen " + os.environ["OKTA_TOKEN"])
    return {"Length": str(len(os.environ["OKTA_TOKEN"]))}
"""


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo.standard(tmp_path / "repo")
    repo.environ["XDG_STATE_HOME"] = str(tmp_path / "state")
    repo.write(f"{FOLDER}/10-shell.sh", SHELL)
    repo.write(f"{FOLDER}/20-python.py", PYTHON)
    repo.write("customizations/accounts/plain/10-env.sh", "! env | grep OKTA_TOKEN\n")
    repo.request("app", "customizations: [okta, plain]\n")
    return repo


def secrets_manager(sandbox: Sandbox) -> Any:
    session = boto3.Session(botocore_session=sandbox.botocore_session())
    return session.client("secretsmanager", "eu-central-1")


def secret(repo: Repo, value: str = TOKEN) -> str:
    with repo.sandbox() as sandbox:
        client = secrets_manager(sandbox)
        return str(client.create_secret(Name="okta", SecretString=value)["ARN"])


def rotate(repo: Repo, arn: str, value: str) -> None:
    with repo.sandbox() as sandbox:
        client = secrets_manager(sandbox)
        client.put_secret_value(SecretId=arn, SecretString=value)


def need(repo: Repo, arn: str) -> None:
    repo.write(f"{FOLDER}/customization.yaml", f"secrets:\n  OKTA_TOKEN: {arn}\n")


def grant(repo: Repo, *arns: str) -> None:
    lines = "".join(f"      - {arn}\n" for arn in arns)
    repo.write("aft.yaml", f"{CONFIG}grants:\n  okta:\n    secrets:\n{lines}")


def everything_written(repo: Repo, tmp_path: Path) -> bytes:
    """All files of the repository, its history and the logs; not those of the simulated AWS."""
    files = [path for path in tmp_path.rglob("*") if path.is_file() and path != repo.state_file]
    assert any("10-shell" in path.name for path in files), "the logs are among them"
    text = b"\0".join(path.read_bytes() for path in files)
    return text + repo.git("log", "--all", "-p", "--format=raw").encode()


def test_a_secret_is_given_to_the_steps_that_need_it_and_shown_nowhere(
    repo: Repo, tmp_path: Path
) -> None:
    arn = secret(repo)
    need(repo, arn)
    repo.commit("Need a secret")
    refused = repo.aft("validate", "--format", "json")
    (finding,) = refused.data["findings"]
    assert (refused.code, finding["code"]) == (3, "AFT645")
    assert (finding["path"], finding["line"], finding["column"]) == (
        f"{FOLDER}/customization.yaml",
        2,
        15,
    )
    assert f"grants: {{okta: {{secrets: [{arn}]}}}}" in finding["hint"]

    grant(repo, arn)
    repo.commit("Grant it")
    plan = repo.plan()
    given = [change for change in plan["changes"] if change.get("risk") == "given"]
    assert [change["key"] for change in given] == ["okta/10-shell.sh", "okta/20-python.py"]
    for form in ("text", "markdown"):
        shown = repo.aft("plan", "--format", form).out
        assert "is given secret OKTA_TOKEN" in shown
        assert arn in shown

    result = repo.apply()
    written = everything_written(repo, tmp_path).decode(errors="replace")
    for spelled in (TOKEN, base64.b64encode(TOKEN.encode()).decode()[:20]):
        assert spelled not in written
        assert spelled not in result.out + result.err
    assert "plain ***" in written
    assert "seen ***" in written
    assert arn in repo.ledger_log("-p"), "what was given is written down"
    outputs = repo.aft("history", "app", "--json").out
    assert str(len(TOKEN)) in outputs

    assert repo.changes() == []
    rotate(repo, arn, NEXT)
    assert repo.changes() == [], "what the secret holds is no part of the plan"
    repo.write(f"{FOLDER}/20-python.py", f"# again\n{PYTHON}")
    repo.commit("Again")
    shown = repo.aft("plan").out
    assert "· secret OKTA_TOKEN" in shown
    assert "is given" not in shown
    repo.apply()
    assert NEXT not in everything_written(repo, tmp_path).decode(errors="replace")


def test_what_cannot_be_given_fails_the_step_and_nothing_else(repo: Repo) -> None:
    arn = secret(repo)
    gone = arn[:-6] + "XXXXXX"
    need(repo, gone)
    grant(repo, gone)
    repo.commit("Need one that is not there")
    result = repo.apply(code=4)
    assert f"there is no secret {gone}" in result.out + result.err


def test_a_pull_request_cannot_grant_itself_a_secret(repo: Repo) -> None:
    arn = secret(repo)
    grant(repo, arn)
    repo.commit("Grant what no one needs yet")
    warned = repo.aft("validate", "--format", "json")
    assert [item["code"] for item in warned.data["findings"]] == ["AFT707"]
    repo.git("checkout", "-q", "-b", "hostile")
    other = arn.replace("okta-", "root-")
    need(repo, other)
    grant(repo, arn, other)
    repo.commit("Just a small change")
    assert repo.aft("validate").code == 0
    for verb in ("validate", "plan"):
        result = repo.aft(verb, "--config-from", "main")
        assert result.code == 3, result.out
        assert "AFT645" in result.out + result.err
        assert "merged first" in result.out + result.err
    need(repo, arn)
    repo.commit("What is granted")
    assert repo.aft("plan", "--config-from", "main").code == 0
