"""Customizations from end to end: parameters, selection, other accounts, re-runs, removal, logs."""

from __future__ import annotations

from pathlib import Path

import pytest
from builders_kinds import what_of
from builders_repo import CONFIG, STACK, Repo

HUB = """\
AWSTemplateFormatVersion: "2010-09-09"
Resources:
  Network:
    Type: AWS::EC2::VPC
    Properties:
      CidrBlock: "{{ parameters.cidr }}"
Outputs:
  VpcId:
    Value: !Ref Network
"""
HUB_FILE = """\
description: The network others attach to
parameters:
  cidr: {type: text, description: Its range}
"""
SPOKE = """\
AWSTemplateFormatVersion: "2010-09-09"
Resources:
  Attached:
    Type: AWS::SSM::Parameter
    Properties:
      Name: /network/hub
      Type: String
      Value: "{{ accounts['net'].outputs['hub/10-vpc.cfn.yaml'].VpcId }} of {{ accounts.net.id }}"
"""
SPOKE_PY = """\
def customize(context):
    hub = context.accounts["net"].outputs["hub/10-vpc.cfn.yaml"]["VpcId"]
    context.log(f"attached to {hub}")
    return {"Hub": hub}
"""


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo.standard(tmp_path / "repo")
    repo.environ["XDG_STATE_HOME"] = str(tmp_path / "state")
    repo.write("customizations/accounts/hub/10-vpc.cfn.yaml", HUB)
    repo.write("customizations/accounts/hub/customization.yaml", HUB_FILE)
    repo.write("customizations/accounts/spoke/10-attach.cfn.yaml", SPOKE)
    repo.write("customizations/accounts/spoke/20-note.py", SPOKE_PY)
    repo.write(
        "customizations/accounts/audit/10-note.sh",
        'echo "seen as $AFT_REQUEST_ID"; echo "Seen=$AFT_ACCOUNT_ID" >> "$AFT_OUTPUTS"\n',
    )
    repo.write("customizations/accounts/audit/customization.yaml", "select: {tags: {audited: '*'}}")
    network(repo, "10.1.0.0/16")
    repo.request("app", "customizations: [spoke]\ndepends_on: [net]\ntags: {audited: 'yes'}\n")
    repo.commit("A hub and a spoke")
    return repo


def network(repo: Repo, cidr: str) -> None:
    repo.request("net", f"customizations: [hub]\nparameters: {{hub: {{cidr: {cidr}}}}}\n")


def vpc(repo: Repo) -> str:
    with repo.inside("net") as client:
        (found,) = [
            item["VpcId"] for item in client("ec2").describe_vpcs()["Vpcs"] if not item["IsDefault"]
        ]
    return str(found)


def attached(repo: Repo) -> str:
    with repo.inside("app") as client:
        return str(client("ssm").get_parameter(Name="/network/hub")["Parameter"]["Value"])


def assert_told(repo: Repo, request_id: str, step: str, text: str) -> None:
    """``aft status`` leads to what a step that succeeded has written."""
    rows = {row["id"]: row for row in repo.aft("status", "--json").data["accounts"]}
    (found,) = [item for item in rows[request_id]["logs"] if item["step"] == step]
    assert text in Path(found["log"]).read_text()
    shown = repo.aft("status", "--logs").out
    assert f"{request_id}: {step}\n  log: " in shown
    assert found["run"] in shown
    assert "log: " not in repo.aft("status").out


def test_outputs_of_one_account_reach_another_and_run_it_again(repo: Repo) -> None:
    repo.apply()
    assert attached(repo) == f"{vpc(repo)} of {repo.accounts()['net'].id}"
    assert repo.changes() == []
    story = repo.ledger_log("--format=%s")
    assert "Run audit/10-note.sh in app" in story, "its customization.yaml selects the tag"
    assert "Run audit/10-note.sh in net" not in story
    assert_told(repo, "app", "spoke/20-note.py", f"attached to {vpc(repo)}")

    network(repo, "10.2.0.0/16")  # CloudFormation replaces the VPC
    repo.commit("Another range")
    planned = repo.plan()["changes"]
    assert [(change["target"], change["key"]) for change in planned] == [
        ("app", "spoke/10-attach.cfn.yaml"),
        ("app", "spoke/20-note.py"),
        ("net", "hub/10-vpc.cfn.yaml"),
    ]
    assert planned[0]["reason"] == "its inputs may change"
    assert "account/net/run-customization/hub/10-vpc.cfn.yaml" in planned[0]["needs"]
    before = attached(repo)
    repo.apply()
    assert attached(repo) != before
    assert attached(repo).startswith(vpc(repo))

    # A change that leaves the output as it is runs nothing elsewhere.
    template = HUB.replace("AWSTem", "# hi\nAWSTem")
    repo.write("customizations/accounts/hub/10-vpc.cfn.yaml", template)
    repo.commit("A comment")
    assert repo.apply().out.count("its inputs are the same as last time") == 2
    assert repo.changes() == []


def test_steps_run_again_on_demand(tmp_path: Path) -> None:
    repo = Repo.standard(tmp_path / "repo")
    for name in ("10-a.sh", "20-b.sh"):
        repo.write(f"customizations/accounts/web/{name}", "true\n")
    repo.request("app", "customizations: [web]\n", ou="/")
    repo.commit("One account")
    repo.apply()
    (change,) = repo.plan("--only", "app", "--rerun", "10-a.sh")["changes"]
    assert change["key"] == "web/10-a.sh"
    assert change["reason"] == "asked for, although nothing changed"
    assert repo.changes() == []
    assert repo.aft("apply", "--yes", "--only", "app", "--rerun", "web").code == 0
    runs = repo.ledger_log("--format=%s").splitlines()
    assert sum("Run web/10-a.sh in app" in line for line in runs) == 2
    assert sum("Run web/20-b.sh in app" in line for line in runs) == 2
    wrong = repo.aft("plan", "--rerun", "wob")
    assert wrong.code == 1
    assert "did you mean 'web'?" in wrong.err


def test_accounts_are_chosen_by_ou_tag_and_exclusion(repo: Repo) -> None:
    repo.request("prod", ou="Workloads/Prod")
    repo.commit("One more")

    def targets(*options: str) -> set[str]:
        result = repo.aft("plan", "--format", "json", *options)
        assert result.code == 0, result.err
        return {change["target"] for change in result.data["changes"]} - {"organization"}

    assert targets() == {"app", "net", "prod"}
    assert targets("--only-ou", "Workloads/Prod") == {"prod"}
    assert targets("--only-ou", "Workloads", "--exclude", "app") == {"net", "prod"}
    assert targets("--only", "prod", "--only-tag", "audited=yes", "--only", "net") == {
        "app",
        "net",
        "prod",
    }
    assert targets("--exclude", "prod") == {"app", "net"}
    none = repo.aft("plan", "--only-tag", "audited=no")
    assert none.code == 1
    assert "--only-tag audited=no names none of the 3 requests" in none.err
    assert repo.aft("plan", "--only-ou", "Workloads//X").code == 1


def test_one_failure_stops_nobody_else_and_its_log_is_kept(repo: Repo) -> None:
    repo.write("customizations/accounts/audit/10-note.sh", "echo first words\nenv\nexit 7\n")
    repo.commit("A script that fails")
    result = repo.aft("apply", "--yes")
    assert result.code == 4
    assert "exit code 7" in result.out
    rows = {row["id"]: row for row in repo.aft("status", "--json").data["accounts"]}
    assert rows["net"]["state"] == "active"
    (failed,) = rows["app"]["failed"]
    log = Path(failed["log"])
    text = log.read_text()
    assert "first words" in text
    assert "AWS_CONTAINER_AUTHORIZATION_TOKEN=***" in text
    assert log.stat().st_mode & 0o077 == 0
    assert log.parts[-4:-2] == ("runs", failed["log"].split("/")[-3])
    assert f"log: {log}" in repo.aft("status").out.replace("\n", " ").replace("  ", " ")


# --- removal --------------------------------------------------------------------------------


def stacks(repo: Repo, name: str) -> list[str]:
    with repo.inside(name) as client:
        found = client("cloudformation").describe_stacks()["Stacks"]
    return [stack["StackName"] for stack in found if stack["StackStatus"] != "DELETE_COMPLETE"]


@pytest.fixture(scope="module")
def vended_web(tmp_path_factory: pytest.TempPathFactory) -> Repo:
    repo = Repo.apart(tmp_path_factory.mktemp("saved"))
    repo.write("customizations/accounts/web/10-news.cfn.yaml", STACK)
    repo.write("customizations/accounts/web/20-note.py", "def customize(context):\n    pass\n")
    repo.request("shop", "customizations: [web]\n", ou="/")
    repo.commit("The shop")
    repo.apply()
    return repo


@pytest.fixture
def web(vended_web: Repo, tmp_path: Path) -> Repo:
    return vended_web.copy(tmp_path)


def test_what_is_removed_is_kept_and_said_so_by_default(web: Repo) -> None:
    web.request("shop", ou="/")
    web.commit("No web")
    planned = web.aft("plan").out
    assert "web/10-news.cfn.yaml is no longer run here: its stack stays" in planned
    assert "web/20-note.py is no longer run here: what it did is not undone" in planned
    web.apply()
    assert stacks(web, "shop") == ["aft-web-10-news"]
    again = web.aft("plan")
    assert again.last_line.startswith("No changes.")
    assert "no longer run here" not in again.out


@pytest.mark.parametrize("how", ["request", "folder"])
def test_what_is_to_be_destroyed_is_a_change_and_gone_afterwards(web: Repo, how: str) -> None:
    web.write("customizations/accounts/web/customization.yaml", "on_removal: destroy\n")
    web.commit("Destroyable")
    web.plan()
    web.aft("apply", "--yes", "--rerun", "web")  # the ledger learns of it with the next run
    web.request("shop", ou="/")
    if how == "folder":
        web.git("rm", "-rq", "customizations/accounts/web")
    web.commit("No web")
    changes = web.plan()["changes"]
    assert [(what_of(change), change["key"]) for change in changes] == [
        ("release customization", "web/20-note.py"),
        ("delete customization", "web/10-news.cfn.yaml"),
    ]
    assert "- destroy" in web.aft("plan").out
    if how == "request":
        limited = CONFIG.replace("{create: 25}", "{destroy: 0}")
        web.write("aft.yaml", limited)
        web.commit("No destruction")
        refused = web.aft("apply", "--yes")
        assert refused.code == 5
        assert "Too many destructions: 1 account, the limit is 0" in refused.err + refused.out
        web.write("aft.yaml", CONFIG)
        web.commit("After all")
    assert stacks(web, "shop") == ["aft-web-10-news"]
    web.apply()
    assert stacks(web, "shop") == []
    assert web.changes() == []


def test_a_protected_account_keeps_what_is_to_be_destroyed(web: Repo) -> None:
    web.write("customizations/accounts/web/customization.yaml", "on_removal: destroy\n")
    protected = "protect: true\n"
    web.request("shop", f"{protected}customizations: [web]\n", ou="/")
    web.commit("Destroyable and protected")
    web.aft("apply", "--yes", "--rerun", "web")
    web.request("shop", protected, ou="/")
    web.commit("No web")
    planned = web.aft("plan", "--format", "json")
    (remark,) = [it for it in planned.data["attention"] if it["code"] == "AFT944"]
    assert "so what web/10-news.cfn.yaml made will not be destroyed" in remark["message"]
    held = web.aft("apply", "--yes")
    assert held.code == 4
    assert "stack aft-web-10-news was left as it is, because the account is protected" in held.out
    assert stacks(web, "shop") == ["aft-web-10-news"]
    line = "{what: end, items: [web/10-news.cfn.yaml], reason: Too old, until: 2999-12-31}"
    web.request("shop", f"{protected}allow: [{line}]\n", ou="/")
    web.commit("Let it go")
    assert "AFT944" not in web.aft("plan", "--format", "json").out
    web.apply()
    assert stacks(web, "shop") == []


# --- what bad input gets --------------------------------------------------------------------


def finding(repo: Repo, code: str) -> tuple[str, int, str]:
    result = repo.aft("validate", "--format", "json")
    assert result.code == 3, result.out
    found = [item for item in result.data["findings"] if item["code"] == code]
    assert found, result.data
    return found[0]["path"], found[0]["line"], found[0]["message"]


APP = "account-requests/app.yaml"


@pytest.mark.parametrize(
    ("lines", "code", "line", "words"),
    [
        ("customizations: [spoke]\n", "AFT607", 4, "app does not depend on net"),
        ("parameters: {spoke: {x: 1}}\n", "AFT630", 4, "has no parameter 'x'"),
        ("parameters:\n  spok: {x: 1}\n", "AFT630", 5, "there is no customization 'spok'"),
        ("customizations: [hub]\n", "AFT630", 4, "needs parameter 'cidr': Its range"),
        (
            "customizations: [hub]\nparameters:\n  hub:\n    cidr: 10\n",
            "AFT630",
            7,
            "expected text, found 10",
        ),
    ],
)
def test_a_request_that_does_not_fit_its_customizations(
    repo: Repo, lines: str, code: str, line: int, words: str
) -> None:
    repo.request("app", lines)
    path, found, message = finding(repo, code)
    assert (path, found) == (APP, line)
    assert words in message


def test_reads_of_other_accounts_are_checked_to_the_output(repo: Repo) -> None:
    repo.write(
        "customizations/accounts/spoke/10-attach.cfn.yaml", SPOKE.replace("].VpcId", "].VpcID")
    )
    path, line, message = finding(repo, "AFT607")
    assert (path, line) == (APP, 4)
    assert "step 'hub/10-vpc.cfn.yaml' has no output 'VpcID'" in message
    assert "10-attach.cfn.yaml:8:" in message


def test_a_customization_that_selects_what_is_not_there(repo: Repo) -> None:
    repo.write(
        "customizations/accounts/audit/customization.yaml",
        "select:\n  organizational_units: [Workloads/Prd]\n",
    )
    assert finding(repo, "AFT632")[:2] == (
        "customizations/accounts/audit/customization.yaml",
        2,
    )


def test_a_terraform_folder_needs_to_know_where_its_state_is(repo: Repo) -> None:
    repo.write("customizations/accounts/hub/terraform/main.tf", "")
    path, _, message = finding(repo, "AFT643")
    assert path == "customizations/accounts/hub/terraform"
    assert "aft.yaml does not say where Terraform keeps its state" in message


def test_two_folders_do_not_share_a_state(repo: Repo) -> None:
    repo.write(
        "aft.yaml",
        (repo.root / "aft.yaml").read_text() + "terraform: {backend: {local: "
        "{directory: /var/lib/aft}}}\n",
    )
    for name in ("spoke", "audit"):
        repo.write(f"customizations/accounts/{name}/terraform/main.tf", "")
    assert finding(repo, "AFT644")[:2] == (APP, 4)
    repo.write(
        "customizations/accounts/audit/customization.yaml",
        "select: {tags: {audited: '*'}}\nterraform: {state: own}\n",
    )
    assert repo.aft("validate").code == 0


def test_no_customization_runs_in_the_management_account(repo: Repo) -> None:
    with repo.organizations() as client:
        management = client.describe_organization()["Organization"]["MasterAccountId"]
        found = client.describe_account(AccountId=management)["Account"]
    repo.write(
        "account-requests/management.yaml",
        f"name: {found['Name']}\nemail: {found['Email']}\nou: /\n"
        f'account_id: "{management}"\ncustomizations: [audit]\n',
    )
    repo.commit("Take the management account in")
    planned = repo.plan("--only", "management")
    assert [item["code"] for item in planned["attention"]] == ["AFT943"]
    assert {what_of(change) for change in planned["changes"]} <= {
        "adopt account",
        "update account/tags",
    }
