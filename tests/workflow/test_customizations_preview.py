"""``aft plan --terraform``: only merged code is run, with credentials that may only read."""

from __future__ import annotations

import re
from pathlib import Path

import boto3
import pytest
from builders_inside import member_account
from builders_repo import CONFIG, Repo
from builders_terraform import terraform

from aft.aws.adapters import connect
from aft.config.model import Config
from aft.errors import Denied
from aft.plan.codec import plan_from_json

MAIN = 'resource "terraform_data" "one" {\n  input = "first"\n}\n'


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    terraform()
    repo = Repo.standard(tmp_path / "repo")
    repo.environ["XDG_STATE_HOME"] = str(tmp_path / "state")
    repo.write(
        "aft.yaml", f"{CONFIG}terraform: {{backend: {{local: {{directory: {tmp_path}}}}}}}\n"
    )
    repo.write("customizations/accounts/web/terraform/main.tf", MAIN)
    repo.request("shop", "customizations: [web]\n", ou="/")
    repo.commit("A shop")
    repo.apply()
    return repo


def test_terraform_is_shown_for_merged_revisions_and_trusted_ones(repo: Repo) -> None:
    main = "customizations/accounts/web/terraform/main.tf"
    repo.write(main, MAIN.replace("first", "second") + MAIN.replace("one", "two"))
    working = repo.aft("plan", "--working-tree", "--terraform")
    assert working.code == 1
    assert "--terraform would run the code of files that are not even committed" in working.err
    assert "--trust" in working.err

    repo.git("checkout", "--quiet", "-b", "proposal")
    repo.commit("Two of them")
    refused = repo.aft("plan", "--terraform")
    assert refused.code == 1
    assert "which is not part of main" in refused.err

    told = (
        "~ terraform_data.one (terraform_data) is changed",
        "· input: first → second",
        "+ terraform_data.two",
        "Plan: 1 to add, 1 to change, 0 to",
    )
    trusted = repo.aft("plan", "--terraform", "--trust").out
    assert all(words in trusted for words in told)

    repo.git("checkout", "--quiet", "main")
    repo.git("merge", "--quiet", "proposal")
    plan = repo.plan("--terraform")
    ids = [part["id"] for part in plan["changes"][0]["preview"]["parts"]]
    assert ids == ["terraform_data.one", "terraform_data.two"]
    assert plan["changes"][0]["risk"] == "new-code", "nothing is lost, but files changed"
    assert "~ terraform_data" not in repo.aft("plan").out, "only on request"


def test_what_terraform_destroys_is_risky(repo: Repo) -> None:
    repo.write("customizations/accounts/web/terraform/main.tf", MAIN.replace("one", "two"))
    repo.commit("Another one instead")
    (change,) = plan_from_json(repo.aft("plan", "--terraform", "--format", "json").out).changes
    assert change.risk == "end"
    assert change.preview is not None
    assert [part.id for part in change.preview.held] == ["terraform_data.one"]


def test_terraform_that_cannot_be_planned_says_why(repo: Repo) -> None:
    repo.write("customizations/accounts/web/terraform/main.tf", MAIN.replace('"first"', "var.no"))
    repo.commit("A mistake")
    result = repo.aft("plan", "--terraform")
    assert result.code == 1, "what is not known is not a success"
    assert "1 step could not be planned by its tool" in result.out
    assert (
        "cannot be planned: customizations/accounts/web/terraform/main.tf:2:"
        in result.out.replace("\n                  ", " ")
    )

    arn = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:okta-AbCdEf"
    repo.write("customizations/accounts/web/customization.yaml", f"secrets: {{TOKEN: {arn}}}\n")
    config = (repo.root / "aft.yaml").read_text()
    repo.write("aft.yaml", f"{config}grants: {{web: {{secrets: [{arn}]}}}}\n")
    repo.commit("A secret, which no plan reads")
    result = repo.aft("plan", "--terraform")
    assert result.code == 0
    assert "not planned: it is given secrets, which only an apply reads" in result.out


def test_a_removal_is_held_at_apply_until_that_plan_was_seen(repo: Repo, tmp_path: Path) -> None:
    main = "customizations/accounts/web/terraform/main.tf"
    repo.write(main, MAIN.replace("one", "two"))
    repo.commit("Another one instead")
    offline, held = tmp_path / "offline", tmp_path / "held"
    repo.aft("plan", "--report", str(offline))
    reviewed = str(offline / "reviewed.json")
    stopped = repo.aft("apply", "--yes", "--reviewed", reviewed, "--report", str(held))
    assert stopped.code == 4
    assert "terraform_data.one would be removed" in stopped.out
    shown = (held / "comment.md").read_text()
    assert "### Held until someone agrees" in shown
    assert "\n- terraform_data.one (terraform_data) is removed\n" in shown
    assert "\n+ terraform_data.two (terraform_data) is added\n" in shown
    (digest,) = set(re.findall(r"--accept (sha256:[0-9a-f]{64})", shown))

    seen = tmp_path / "seen"
    assert repo.aft("plan", "--terraform", "--report", str(seen)).code == 0
    assert f'"preview": "{digest}"' in (seen / "reviewed.json").read_text()
    assert "terraform_data.one" in (seen / "comment.md").read_text()

    refused = repo.aft("apply", "--yes", "--accept", "sha256:ab")
    assert refused.code == 1
    assert "is no digest" in refused.err
    assert repo.aft("apply", "--yes", "--accept", f"sha256:{64 * '0'}").code == 4
    assert repo.aft("apply", "--yes", "--accept", digest).code == 0
    assert repo.changes() == []
    assert f'"accepted":"{digest}"' in repo.ledger_log("-p"), "it is known who agreed"

    repo.write(main, MAIN.replace("one", "three"))
    repo.commit("And another")
    assert repo.aft("plan", "--terraform", "--report", str(seen)).code == 0
    reviewed = str(seen / "reviewed.json")
    assert repo.aft("apply", "--yes", "--reviewed", reviewed).code == 0, "it is what was shown"

    repo.write(main, MAIN.replace("one", "elsewhere"))
    repo.commit("Planned by another job")
    file = tmp_path / "previews.json"
    assert repo.aft("plan", "--terraform", "--save-previews", str(file)).code == 0
    assert repo.aft("plan", "--previews", str(file), "--report", str(seen)).code == 0
    assert "- terraform_data.three (terraform_data) is removed" in (seen / "comment.md").read_text()
    assert repo.aft("apply", "--yes", "--reviewed", reviewed).code == 0, "it is what was shown"

    repo.write(main, MAIN.replace("one", "four"))
    repo.commit("And one more")
    assert repo.aft("plan", "--terraform", "--save-previews", str(file)).code == 0
    file.write_text(file.read_text().replace("elsewhere", "harmless"))
    assert repo.aft("plan", "--previews", str(file), "--report", str(seen)).code == 0
    assert "terraform_data.harmless" in (seen / "comment.md").read_text()
    forged = repo.aft("apply", "--yes", "--reviewed", reviewed)
    assert forged.code == 4, "what was shown is not what would happen"
    assert "terraform_data.elsewhere would be removed" in forged.out

    pinned = str(tmp_path / "plan.json")
    assert repo.aft("plan", "--terraform", "--out", pinned).code == 0
    assert repo.aft("apply", "--yes", pinned).code == 0
    assert repo.changes() == []


def test_the_sandboxs_states_go_with_it(repo: Repo) -> None:
    states = repo.state_file.with_suffix(".terraform")
    assert list(states.rglob("terraform.tfstate"))
    assert repo.aft("sandbox", "reset", "--yes").code == 0
    assert not states.exists()


def test_credentials_of_a_preview_may_only_read() -> None:
    with member_account(with_server=True) as inside:
        edge = connect(
            Config(home_region="eu-central-1"),
            clock=inside.sandbox.clock,
            botocore_session=inside.sandbox.botocore_session(),
            child_endpoint=lambda: None,
        )
        keys = edge.members.preview_session(inside.account_id).environment()
        reader = boto3.Session(botocore_session=inside.sandbox.botocore_session()).client(
            "ssm",
            region_name="eu-central-1",
            aws_access_key_id=keys["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=keys["AWS_SECRET_ACCESS_KEY"],
            aws_session_token=keys["AWS_SESSION_TOKEN"],
        )
        assert reader.describe_parameters()["Parameters"] == []
        with pytest.raises(reader.exceptions.ClientError, match="no session policy allows"):
            reader.put_parameter(Name="/a", Value="b", Type="String")
        management = edge.sessions.check_credentials().account_id
        with pytest.raises(Denied):
            edge.members.preview_session(management).environment()
