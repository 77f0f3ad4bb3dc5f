"""``aft init``: what it writes works at once, is ours to the letter, and takes nothing's place."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
import yaml
from builders_repo import Repo
from click.testing import CliRunner
from github_server import GitHubServer

from aft.cli.init import _complete
from aft.scaffold.workflows import OWN_ACTION, WORKFLOWS

ROOT = Path(__file__).parents[2]
COMMIT = "0123456789abcdef0123456789abcdef01234567"
GITHUB = (
    *("--github", "acme/accounts", "--action", f"acme/aft@{COMMIT}"),
    *("--management-account", "223005401501"),
)


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo.create(tmp_path / "repo")


KEY = "arn:aws:kms:eu-central-1:111122223333:key/1b4c2d90-6f5e-4f0e-9a3b-6d1f0c2a7e55"


def written(repo: Repo) -> set[str]:
    return set(repo.git("ls-files", "--others", "--exclude-standard").splitlines())


def test_the_result_is_valid_and_can_be_vended_at_once(repo: Repo) -> None:
    made = repo.aft("init", "--management-account", "223005401501")
    assert made.code == 0, made.err
    assert written(repo) == {
        ".gitignore",
        "README.md",
        "account-requests/_defaults.yaml",
        "account-requests/README.md",
        "aft.yaml",
        "customizations/baselines/standard.yaml",
        "customizations/global/10-aft-reader.cfn.yaml",
        "customizations/global/20-alarms.cfn.yaml",
        "customizations/organization/organization.yaml",
    }
    repo.commit("Begin")
    assert repo.aft("validate").out == "0 requests checked: no findings.\n"
    assert not [item for item in repo.plan()["changes"] if item["target"] != "organization"]
    assert "no one receives mail at example.com" in made.err
    assert repo.aft("new", "first-account", "--yes", "--ou", "Sandbox").code == 0
    repo.commit("Ask for the first account")
    repo.apply()
    assert repo.plan("--deep")["changes"] == [], "and plans read it with the reader role"


def test_the_role_for_previews_is_made_on_request(repo: Repo) -> None:
    assert repo.aft("init", "--previews").code == 1
    assert repo.aft("init", "--management-account", "223005401501", "--previews").code == 0
    assert "customizations/global/11-aft-preview-reader.cfn.yaml" in written(repo)
    assert repo.aft("new", "first", "--yes", "--ou", "Sandbox").code == 0
    repo.commit("Begin")
    repo.apply()
    with repo.inside("first") as client:
        role = client("iam").get_role(RoleName="aft-preview-reader")["Role"]
        assert "223005401501" in json.dumps(role["AssumeRolePolicyDocument"])


def test_a_narrower_role_for_applies_is_made_on_request(repo: Repo) -> None:
    assert repo.aft("init", "--writer").code == 1
    github = ("--github", "acme/accounts", "--action", f"acme/aft@{'a' * 40}")
    made = repo.aft("init", "--management-account", "223005401501", "--writer", *github)
    assert made.code == 0
    assert "customizations/global/12-aft-writer.cfn.yaml" in written(repo)
    assert "  writer: aft-writer" in (repo.root / "aft.yaml").read_text()
    roles = (repo.root / "iam/aft-roles.cfn.yaml").read_text()
    assert "role/aft-writer" in roles
    assert "role/OrganizationAccountAccessRole" in roles, "new accounts have nothing else"
    repo.commit("Begin")
    assert repo.aft("validate").code == 0


def test_without_the_management_account_there_is_no_reader(repo: Repo) -> None:
    assert repo.aft("init").code == 0
    assert "customizations/global/10-aft-reader.cfn.yaml" not in written(repo)
    repo.commit("Begin")
    assert repo.aft("validate").code == 0


def test_nothing_is_overwritten_and_what_is_left_is_told(repo: Repo) -> None:
    repo.write("aft.yaml", "home_region: eu-west-1\n")
    repo.write("README.md", "Mine\n")
    (repo.root / "customizations").mkdir()
    (repo.root / "customizations" / "global").symlink_to(repo.root.parent)
    made = repo.aft("init")
    assert made.code == 1, "a folder that leads elsewhere"
    (repo.root / "customizations" / "global").unlink()
    made = repo.aft("init")
    assert "left aft.yaml as it is" in made.out
    assert "left README.md as it is" in made.out
    assert "left .gitignore" not in made.out, "it has just the content it would get"
    assert (repo.root / "aft.yaml").read_text() == "home_region: eu-west-1\n"
    assert (repo.root / "README.md").read_text() == "Mine\n"
    assert not list(repo.root.parent.glob("*.cfn.yaml"))
    assert "wrote" not in repo.aft("init").out, "a second time there is nothing to do"


def test_with_github_the_workflows_are_our_own_files(repo: Repo) -> None:
    made = repo.aft("init", *GITHUB)
    assert made.code == 0, made.err
    for name in WORKFLOWS:
        ours = (ROOT / ".github" / "workflows" / name).read_text()
        theirs = (repo.root / ".github" / "workflows" / name).read_text()
        assert OWN_ACTION in ours
        assert theirs == ours.replace(OWN_ACTION, f"acme/aft/.github/actions/aft@{COMMIT}")
    shipped = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]
    included = shipped["targets"]["wheel"]["force-include"]
    assert included == {
        f".github/workflows/{name}": f"aft/scaffold/github/workflows/{name}" for name in WORKFLOWS
    }


def test_the_form_offers_what_the_repository_has(repo: Repo) -> None:
    repo.write(
        "customizations/organization/organization.yaml",
        "organizational_units: [{name: Workloads}, {name: Sandbox}, {name: Lab}]\n",
    )
    assert repo.aft("init", *GITHUB).code == 0
    form = yaml.safe_load((repo.root / ".github/ISSUE_TEMPLATE/account-request.yml").read_text())
    by_id = {item.get("id"): item["attributes"] for item in form["body"]}
    assert by_id["ou"]["options"] == ["Workloads", "Sandbox", "Lab"]
    assert by_id["baseline"]["options"][1:] == ["standard — Settings of every account"]
    assert "customizations" not in by_id, "there are none to ask for"


def test_the_roles_are_for_this_repository(repo: Repo) -> None:
    assert repo.aft("init", *GITHUB, "--terraform").code == 0
    template = yaml.safe_load((repo.root / "iam/aft-roles.cfn.yaml").read_text())
    terraform = (repo.root / "iam/aft-roles.tf").read_text()
    for name, environment in (
        ("PlanRole", "aft-plan"),
        ("ApplyRole", "aft-apply"),
        ("PreviewRole", "aft-preview"),
    ):
        role = template["Resources"][name]["Properties"]
        condition = role["AssumeRolePolicyDocument"]["Statement"][0]["Condition"]
        subject = f"repo:acme/accounts:environment:{environment}"
        assert condition == {
            "StringEquals": {
                "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
                "token.actions.githubusercontent.com:sub": subject,
                "token.actions.githubusercontent.com:ref": "refs/heads/main",
            }
        }
        assert f'"token.actions.githubusercontent.com:sub" = "{subject}"' in terraform
        for statement in role["Policies"][0]["PolicyDocument"]["Statement"]:
            actions = statement["Action"]
            for action in [actions] if isinstance(actions, str) else actions:
                assert f'"{action}"' in terraform
    assert "AWS::" not in terraform


def conditions(repo: Repo) -> dict[str, object]:
    """What the trust of the role for applies asks of tokens."""
    template = yaml.safe_load((repo.root / "iam/aft-roles.cfn.yaml").read_text())
    trust = template["Resources"]["ApplyRole"]["Properties"]["AssumeRolePolicyDocument"]
    found: dict[str, object] = trust["Statement"][0]["Condition"]["StringEquals"]
    return found


@pytest.mark.parametrize(
    ("more", "subjects"),
    [
        ((), "repo:acme@7/accounts@9:environment:aft-apply"),
        (
            ("--trust-names",),
            [
                "repo:acme@7/accounts@9:environment:aft-apply",
                "repo:acme/accounts:environment:aft-apply",
            ],
        ),
    ],
)
def test_ids_can_be_given(repo: Repo, more: tuple[str, ...], subjects: object) -> None:
    made = repo.aft(
        "init", *GITHUB, "--owner-id", "7", "--repository-id", "9", "--terraform", *more
    )
    assert made.code == 0, made.err
    assert conditions(repo)["token.actions.githubusercontent.com:sub"] == subjects
    terraform = (repo.root / "iam/aft-roles.tf").read_text()
    assert f'"token.actions.githubusercontent.com:sub" = {json.dumps(subjects)}' in terraform
    assert "NOTE" not in terraform


@pytest.mark.parametrize(
    ("api", "issuer"),
    [
        ("https://github.acme.net/api/v3", "github.acme.net/_services/token"),
        ("https://api.acme.ghe.com", "token.actions.acme.ghe.com"),
    ],
)
def test_other_servers_have_issuers_of_their_own_and_no_ids(
    repo: Repo, api: str, issuer: str
) -> None:
    repo.environ["GITHUB_API_URL"] = api
    assert repo.aft("init", *GITHUB, "--terraform").code == 0
    assert conditions(repo) == {
        f"{issuer}:aud": "sts.amazonaws.com",
        f"{issuer}:sub": "repo:acme/accounts:environment:aft-apply",
    }
    for path in ("iam/aft-roles.cfn.yaml", "iam/aft-roles.tf"):
        text = (repo.root / path).read_text()
        assert "NOTE" not in text
        assert "githubusercontent" not in text
        assert f"https://{issuer}" in text


def test_a_server_that_tells_nothing_of_subjects(repo: Repo) -> None:
    """An Enterprise Server has ids of repositories, which its tokens do not say."""
    with GitHubServer("acme/accounts", prefix="/api/v3") as github:
        github.state.has_ids = False
        token = github.token({"actions": "read"}, login="ada")
        repo.environ.update(GITHUB_API_URL=github.url, GITHUB_TOKEN=token)
        made = repo.aft("init", *GITHUB)
    assert made.code == 0, made.err
    assert "ids" not in made.err
    assert conditions(repo) == {
        "127.0.0.1/_services/token:aud": "sts.amazonaws.com",
        "127.0.0.1/_services/token:sub": "repo:acme/accounts:environment:aft-apply",
    }


def test_names_are_written_as_github_has_them(repo: Repo) -> None:
    with GitHubServer("Acme/Accounts") as github:
        token = github.token({}, login="ada")  # may not read Actions: the subject is not shown
        repo.environ.update(GITHUB_API_URL=github.url, GITHUB_TOKEN=token)
        assert repo.aft("init", *GITHUB).code == 0
    subject = conditions(repo)["token.actions.githubusercontent.com:sub"]
    assert subject == "repo:Acme@123456/Accounts@456789:environment:aft-apply"


def test_only_the_role_for_applies_signs_and_only_if_asked_for(repo: Repo) -> None:
    assert repo.aft("init", *GITHUB, "--terraform", "--signing-key", KEY).code == 0
    template = yaml.safe_load((repo.root / "iam/aft-roles.cfn.yaml").read_text())
    found = [
        (name, statement["Action"], statement["Resource"])
        for name, resource in template["Resources"].items()
        if resource["Type"] == "AWS::IAM::Role"
        for policy in resource["Properties"]["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
        if "kms:" in str(statement["Action"]) and statement["Effect"] == "Allow"
    ]
    assert found == [("ApplyRole", ["kms:Sign"], [KEY])]
    assert KEY in (repo.root / "iam/aft-roles.tf").read_text()


def test_github_has_its_owners_and_its_updates(repo: Repo) -> None:
    made = repo.aft("init", *GITHUB, "--domain", "acme.net")
    assert "Create it, or change github.platform_team" in made.err
    assert "receives mail" not in made.err
    owners = (repo.root / ".github/CODEOWNERS").read_text()
    assert "*  @acme/platform\n" in owners
    assert "aws+{id}@acme.net" in (repo.root / "account-requests/_defaults.yaml").read_text()
    updates = yaml.safe_load((repo.root / ".github/dependabot.yml").read_text())["updates"]
    assert [item["package-ecosystem"] for item in updates] == ["github-actions"]
    repo.commit("Begin")
    assert repo.aft("github", "codeowners", "--check").code == 0, "what init wrote is up to date"
    assert "no findings" in repo.aft("validate", sandbox=False).out


def test_the_platform_team_can_be_named(repo: Repo) -> None:
    made = repo.aft("init", *GITHUB, "--platform-team", "@acme/cloud")
    assert "Create it" not in made.err
    assert "*  @acme/cloud\n" in (repo.root / ".github/CODEOWNERS").read_text()


def test_without_a_platform_team_it_is_said_what_to_do(repo: Repo) -> None:
    assert repo.aft("init", "--domain", "acme.net").code == 0
    made = repo.aft("init", *GITHUB)
    assert made.code == 0
    assert "names no github.platform_team: set it, such as @acme/platform" in made.err
    assert not (repo.root / ".github/CODEOWNERS").exists()


def test_what_github_needs_is_named_all_at_once(repo: Repo) -> None:
    made = repo.aft("init", "--github", "acme/accounts")
    assert made.code == 1
    assert "--action OWNER/REPO@COMMIT" in made.err
    assert "--management-account ID" in made.err


def test_on_a_terminal_what_is_missing_is_asked_for() -> None:
    given = "acme/aft@main\nacme/aft@" + "a" * 40 + "\n223005401501\n"
    names = ("repository", "action", "management_account")
    with CliRunner().isolation(given):
        found = _complete(dict.fromkeys(names) | {"repository": "acme/accounts"}, asks=True)
    assert found["action"] == "acme/aft@" + "a" * 40, "and again where it does not fit"
    assert found["management_account"] == "223005401501"


def test_only_the_role_for_applies_reads_secrets_and_only_those_that_are_granted(
    repo: Repo,
) -> None:
    secret = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:okta-AbCdEf"
    grants = f"grants: {{okta: {{secrets: [{secret}]}}}}\n"
    repo.write("aft.yaml", f"home_region: eu-central-1\n{grants}")
    assert repo.aft("init", *GITHUB, "--terraform").code == 0
    template = yaml.safe_load((repo.root / "iam/aft-roles.cfn.yaml").read_text())
    found = [
        (name, statement["Action"])
        for name, resource in template["Resources"].items()
        if resource["Type"] == "AWS::IAM::Role"
        for policy in resource["Properties"]["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
        if secret in str(statement)
    ]
    read = ["secretsmanager:GetSecretValue"]
    assert found == [("ApplyRole", read), ("ApplyRole", ["kms:Decrypt"])]
    terraform = (repo.root / "iam/aft-roles.tf").read_text()
    assert terraform.count(secret) == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--github", "acme/accounts"), "--action"),
        (("--action", f"acme/aft@{COMMIT}"), "--github"),
        (("--platform-team", "@acme/cloud"), "--github"),
        ((*GITHUB, "--platform-team", "cloud"), "@ORG/TEAM"),
        (("--github", "acme", *GITHUB[2:]), "ORG/REPO"),
        (("--github", "acme/accounts", "--action", "acme/aft@main"), "full commit id"),
        (("--github", "acme/accounts", "--action", f"acme/aft@{COMMIT}"), "--management-account"),
        (("--region", "europe"), "--region"),
        (("--management-account", "1"), "twelve digits"),
        (("--terraform",), "--github"),
        (("--signing-key", KEY), "--github"),
        ((*GITHUB, "--signing-key", "alias/ledger"), "ARN of a KMS key"),
        (("--writer",), "--management-account"),
        (("--trust-names",), "--github"),
        ((*GITHUB, "--owner-id", "7"), "--repository-id"),
        ((*GITHUB, "--repository-id", "7"), "--owner-id"),
        ((*GITHUB, "--owner-id", "0", "--repository-id", "7"), "--owner-id"),
    ],
)
def test_what_is_missing_is_said_before_anything_is_written(
    repo: Repo, arguments: tuple[str, ...], said: str
) -> None:
    made = repo.aft("init", *arguments)
    assert made.code == 1
    assert said in made.err
    assert written(repo) == set()
