"""What customizations and parameters that mean ill get: a finding with its place while that can be
known, else a failed step with its own output; other accounts go on, and nothing leaks."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from builders_repo import CONFIG, STACK, Repo

BASELINE = """\
select: {organizational_units: [Workloads]}
settings:
  - setting: iam-password-policy
    parameters: {minimum_lenght: 20}
  - setting: network
    parameters: {cidr_from: custom_fields.vpc.cidr}
"""
SETTINGS = "parameters:\n  tier: {type: text, choices: [gold, silver]}\n"
REQUEST = """\
customizations: [web]
parameters: {web: {tire: gold}}
custom_fields: {vpc: {cidr: 10.20.0.0/20}}
"""
LOOPS = (
    "Resources:\n"
    "{% for a in range(9999) %}{% for b in range(9999) %}{% for c in range(9999) %}\n"
    "{% endfor %}{% endfor %}{% endfor %}\n"
)
FORKS = """\
import os, time
def customize(context):
    child = os.fork()
    if child == 0:
        os.setsid()
        while True:
            time.sleep(1)
    print(f"forked away: {child}.")
    raise RuntimeError("and failed")
"""
PRINTS = "env\nexport\nexit 3\n"
BAD = {"loops": "10-loop.cfn.yaml", "forks": "10-fork.py", "prints": "10-env.sh"}


def test_what_can_be_known_before_is_a_finding_with_its_place(tmp_path: Path) -> None:
    repo = Repo.standard(tmp_path / "repo")
    pools = "networks: {pools_only: true, pools: {workloads: {cidr: 10.64.0.0/12}}}\n"
    repo.write("aft.yaml", CONFIG + pools)
    repo.write("customizations/baselines/standard.yaml", BASELINE)
    web = "customizations/accounts/web"
    repo.write(f"{web}/customization.yaml", SETTINGS)
    inner = STACK.replace("account.request_id", "''.__class__.__mro__")
    repo.write(f"{web}/10-web.cfn.yaml", inner)
    repo.write(
        f"{web}/20-web.terraform/main.tf", 'resource "aws_sns_topic" "a" {\n  name = "a\n}\n'
    )
    repo.request("shop", REQUEST)
    found = repo.aft("validate", "--format", "json").data["findings"]
    places = {(item["code"], f"{item['path']}:{item['line']}") for item in found}
    assert places >= {
        ("AFT603", f"{web}/10-web.cfn.yaml:6"),
        ("AFT640", f"{web}/20-web.terraform/main.tf:2"),
    }
    by_line = {place: code for code, place in places}
    assert "customizations/baselines/standard.yaml:4" in by_line, "minimum_lenght"
    assert "account-requests/shop.yaml:5" in by_line, "tire"
    assert all(item["line"] and item["message"] for item in found)
    assert repo.aft("plan", "--working-tree").code == 3

    repo.write("customizations/baselines/standard.yaml", BASELINE.replace("lenght", "length"))
    repo.write(
        "account-requests/shop.yaml",
        (repo.root / "account-requests/shop.yaml")
        .read_text()
        .replace("customizations: [web]\nparameters: {web: {tire: gold}}\n", ""),
    )
    outside = repo.aft("validate", "--format", "json").data["findings"]
    assert ("AFT332", "account-requests/shop.yaml", 4) in {
        (item["code"], item["path"], item["line"]) for item in outside
    }


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """Each account but one with a customization that means ill."""
    repo = Repo.standard(tmp_path / "repo")
    repo.environ["XDG_STATE_HOME"] = str(tmp_path / "state")
    for name, text in zip(BAD, (LOOPS, FORKS, PRINTS), strict=True):
        repo.write(f"customizations/accounts/{name}/{BAD[name]}", text)
        repo.request(name, f"customizations: [{name}]\n")
    repo.request("good")
    repo.commit("Mean ill")
    return repo


def test_what_shows_only_then_fails_that_step_and_nothing_else(repo: Repo) -> None:
    applied = repo.aft("apply", "--yes")
    assert applied.code == 4
    assert "3 failed" in applied.last_line
    rows = {row["id"]: row for row in repo.aft("status", "--json").data["accounts"]}
    assert rows["good"]["state"] == "active"
    failed = {name: rows[name]["failed"][0] for name in BAD}
    assert {name: item["step"] for name, item in failed.items()} == {
        name: f"{name}/{file}" for name, file in BAD.items()
    }
    assert "10-loop.cfn.yaml" in failed["loops"]["reason"]
    assert "and failed" in failed["forks"]["reason"]
    told = Path(failed["forks"]["log"]).read_text()
    child = int(told.partition("forked away: ")[2].partition(".")[0])
    ps = ["ps", "-o", "stat=", "-p", str(child)]
    state = subprocess.run(ps, capture_output=True, text=True, check=False)
    assert state.stdout.strip()[:1] in ("", "Z"), "what forked away was ended"

    log = Path(failed["prints"]["log"]).read_text()
    assert "AFT_REQUEST_ID=prints" in log
    assert "AWS_CONTAINER_AUTHORIZATION_TOKEN=" in log
    values = [line.split("=", 1)[1].strip('"') for line in log.splitlines() if "TOKEN=" in line]
    assert values
    assert set(values) == {"***"}
    assert "=***" not in applied.out, "the environment is in the log, not in what people see"
    assert "AWS_" not in repo.ledger_log("-p")
