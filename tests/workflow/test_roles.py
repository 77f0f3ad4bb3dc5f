"""The roles that ``aft init --github`` writes: enough for every run, no more, for nobody else."""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from botocore import xform_name
from botocore.exceptions import ClientError
from builders_permissions import (
    AS_WORKFLOWS,
    NAMES,
    SUBJECT,
    As,
    Calls,
    as_role,
    become,
    deploy_roles,
    life,
    prepare,
    sample,
)
from builders_repo import Repo
from moto.iam.aws_managed_policies import aws_managed_policies_data
from seldom import SELDOM

from aft.app.world import World
from aft.plan.outcome import Status
from aft.sandbox import Sandbox
from aft.sandbox.credentials import Keys
from aft.scaffold import permissions
from aft.scaffold.permissions import APPLY, MEMBER, PLAN, READER, actions_of
from aft.scaffold.roles import (
    APPLY_ROLE,
    PLAN_ROLE,
    PREVIEW_READER_PATH,
    PREVIEW_READER_ROLE,
    PREVIEW_ROLE,
    READER_ROLE,
    WRITER_PATH,
    WRITER_ROLE,
    preview_reader_template,
    reader_template,
    roles_template,
    writer_template,
)
from aft.values.ids import AccountId


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> Calls:
    """Everything that is called in a life, and for the sample, by workflows in their roles."""
    root = tmp_path_factory.mktemp("roles")
    calls = Calls()
    runs = As(calls, AS_WORKFLOWS)
    life(root / "life", runs, prepare)
    sample(root / "sample", runs, prepare)
    return calls


def test_the_roles_are_allowed_what_runs_call(calls: Calls) -> None:
    # The roles in an account come with its first apply: before, a run does without.
    assert set(calls.refused) <= {"plan sts:AssumeRole", "apply sts:AssumeRole"}
    enter = {"sts:AssumeRole"}
    assert calls.of("plan", "management") <= actions_of(PLAN) | enter
    assert calls.of("apply", "management") <= actions_of((*PLAN, *APPLY)) | enter
    assert calls.of("plan", "member") <= actions_of(READER)
    assert calls.of("apply", "member") <= actions_of((*READER, *MEMBER))
    assert calls.undecided == {}, "resources and conditions of every statement are enforced"


def test_the_roles_are_allowed_nothing_else(calls: Calls) -> None:
    seldom = SELDOM.keys()
    assert actions_of(PLAN) - calls.of("plan", "management") - seldom == set()
    assert actions_of(APPLY) - calls.of("apply", "management") - seldom == set()
    assert actions_of(READER) - calls.of("plan", "member") - seldom == set()
    assert actions_of(MEMBER) - calls.of("apply", "member") - seldom == set()
    seen = calls.of("plan", "management") | calls.of("apply", "management")
    seen |= calls.of("plan", "member")
    listed = actions_of((*PLAN, *APPLY, *READER, *MEMBER))
    assert seldom <= listed, "what is seldom is still listed"
    assert seldom & seen == set(), "what is seen is not seldom"


def test_plans_are_allowed_reads_alone() -> None:
    verbs = ("Describe", "Get", "List", "View")
    for action in actions_of((*PLAN, *READER)):
        assert action.partition(":")[2].startswith(verbs), action


def test_no_read_of_a_setting_is_forgotten() -> None:
    """Reads that no recorded run comes to are found in the sources."""
    folder = Path(permissions.__file__).parents[1] / "settings"
    text = "".join(path.read_text() for path in folder.rglob("*.py"))
    verbs = r"(?:get|list|describe)_[a-z_]+"
    called = set(re.findall(rf"\.({verbs})\(", text))
    called |= set(re.findall(rf'get_paginator\(\s*"({verbs})"', text))
    listed = {xform_name(action.partition(":")[2]) for action in actions_of((*PLAN, *READER))}
    assert called - listed == {
        "describe_budget",  # budgets:ViewBudget
        "describe_notifications_for_budget",
        "describe_subscribers_for_notification",
        "get_paginator",
        "get_public_access_block",  # s3:GetAccountPublicAccessBlock
    }


def test_the_session_policy_of_plans_without_a_reader_is_enough() -> None:
    """AWS's ReadOnlyAccess, as moto knows it."""
    document = json.loads(aws_managed_policies_data)["ReadOnlyAccess"]["Document"]
    patterns = [
        pattern.lower()
        for statement in document["Statement"]
        if statement["Effect"] == "Allow"
        for pattern in statement["Action"]
    ]
    for action in actions_of(READER):
        assert any(fnmatch.fnmatchcase(action.lower(), pattern) for pattern in patterns), action


def test_nothing_is_listed_twice() -> None:
    for grants in ((*PLAN, *APPLY), (*READER, *MEMBER)):
        listed = [action for grant in grants for action in grant.actions]
        assert len(set(listed)) == len(listed)
        assert all(list(grant.actions) == sorted(grant.actions) for grant in grants)
    assert permissions.__doc__


# --- the template -----------------------------------------------------------------------------


@pytest.fixture
def company() -> Iterator[Sandbox]:
    with Sandbox.open(None) as sandbox:
        deploy_roles(sandbox, roles_template(NAMES), preview=True)
        yield sandbox


def refused(sandbox: Sandbox, role: str, sub: str, **claims: str) -> bool:
    try:
        become(sandbox, role, sub=sub, **claims)
    except ClientError as error:
        return error.response["Error"]["Code"] == "AccessDenied"
    return False


def test_a_role_is_for_its_environment_of_its_repository_alone(company: Sandbox) -> None:
    others = ((PLAN_ROLE, PREVIEW_ROLE), (APPLY_ROLE, PLAN_ROLE), (PREVIEW_ROLE, APPLY_ROLE))
    for role, other in others:
        assert not refused(company, role, SUBJECT.format(role))
        for sub in (
            SUBJECT.format(other),
            SUBJECT.format("production"),
            SUBJECT.format(role).replace(f"environment:{role}", "ref:refs/heads/main"),
            SUBJECT.format(role).replace(f"environment:{role}", "pull_request"),
            f"repo:evil@123456/accounts@456789:environment:{role}",
            f"repo:acme@123456/accounts-fork@456789:environment:{role}",
            SUBJECT.format(f"{role}-not"),
            # someone else has the names now, or had them before
            f"repo:acme@1/accounts@2:environment:{role}",
            f"repo:acme@123456/accounts@2:environment:{role}",
            f"repo:acme@1/accounts@456789:environment:{role}",
            f"repo:acme/accounts:environment:{role}",
        ):
            assert refused(company, role, sub), sub
        assert refused(company, role, SUBJECT.format(role), aud="https://github.com/acme")
        for ref in (
            "refs/heads/evil",
            "refs/heads/main2",
            "refs/pull/7/merge",
            "refs/tags/main",
            "",
        ):
            assert refused(company, role, SUBJECT.format(role), ref=ref), (
                "an environment is not all"
            )


def test_policies_fit_into_what_iam_takes(company: Sandbox) -> None:
    iam = boto3.Session(botocore_session=company.botocore_session()).client("iam")
    for role in (PLAN_ROLE, APPLY_ROLE, PREVIEW_ROLE):
        (name,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
        document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        size = len(json.dumps(document, separators=(",", ":")))
        assert size <= 6144, "as a managed policy; inline a role may have 10,240"


def test_the_template_can_bound_the_roles_and_make_the_provider() -> None:
    template = yaml.safe_load(roles_template(NAMES))
    resources = template["Resources"]
    assert resources["OidcProvider"]["Condition"] == "MakesProvider"
    for name in ("PlanRole", "ApplyRole", "PreviewRole"):
        bound = resources[name]["Properties"]["PermissionsBoundary"]
        assert bound["Fn::If"][:2] == ["IsBounded", {"Ref": "PermissionsBoundary"}]


def settled(sandbox: Sandbox, client: Any, stack: str) -> str:
    """The state in which a stack stays."""
    while (
        "IN_PROGRESS"
        in (found := client.describe_stacks(StackName=stack)["Stacks"][0])["StackStatus"]
    ):
        sandbox.clock.sleep(5)
    return str(found["StackStatus"])


def test_the_provider_is_made_with_the_roles_and_goes_with_them() -> None:
    """What the template says without any parameter, in an account that has nothing."""
    with Sandbox.open(None) as sandbox:
        session = boto3.Session(botocore_session=sandbox.botocore_session())
        client, iam = session.client("cloudformation"), session.client("iam")
        client.create_stack(
            StackName="aft-roles",
            TemplateBody=roles_template(NAMES),
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )
        assert settled(sandbox, client, "aft-roles") == "CREATE_COMPLETE"
        (provider,) = iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
        assert provider["Arn"].endswith(":oidc-provider/token.actions.githubusercontent.com")
        found = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=provider["Arn"])
        assert found["ClientIDList"] == ["sts.amazonaws.com"]
        assert not refused(sandbox, PLAN_ROLE, SUBJECT.format(PLAN_ROLE))

        client.create_stack(  # a second time there is one already
            StackName="again",
            TemplateBody=roles_template(NAMES).replace("aft-plan", "aft-plan-2"),
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )
        assert settled(sandbox, client, "again") == "ROLLBACK_COMPLETE"
        assert not refused(sandbox, PLAN_ROLE, SUBJECT.format(PLAN_ROLE)), "it took nothing with it"
        (stack,) = client.describe_stacks(StackName="aft-roles")["Stacks"]
        client.delete_stack(StackName="aft-roles")
        assert settled(sandbox, client, stack["StackId"]) == "DELETE_COMPLETE"
        assert iam.list_open_id_connect_providers()["OpenIDConnectProviderList"] == []


# --- reading ----------------------------------------------------------------------------------


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo.standard(tmp_path / "repo")
    with repo.sandbox() as sandbox:
        management = sandbox.management_account_id
    repo.write(
        "customizations/global/10-aft-reader.cfn.yaml", reader_template(READER_ROLE, management)
    )
    repo.request("shop")
    repo.commit("Ask")
    return repo


@pytest.mark.parametrize("reader", [None, READER_ROLE])
def test_a_plan_reads_accounts_with_sessions_that_cannot_write(
    repo: Repo, reader: str | None
) -> None:
    repo.apply()
    if reader:
        config = (repo.root / "aft.yaml").read_text()
        repo.write("aft.yaml", f"{config}roles: {{reader: {reader}}}\n")
        repo.commit("Read as the reader")
    with repo.inside("shop") as client:
        client("iam").update_account_password_policy(MinimumPasswordLength=6)
        client("ssm").put_parameter(Name="/prod/password", Value="hunter2", Type="SecureString")
    plan = repo.plan("--deep")
    assert [change["id"] for change in plan["changes"]] == [
        "account/shop/update-setting/iam-password-policy"
    ], "it sees inside"
    keys = {}
    if reader:
        with repo.sandbox() as sandbox:
            deploy_roles(sandbox, roles_template(NAMES))
        keys["plan"] = as_role(PLAN_ROLE)
    with As(Calls(), keys).world(repo, "plan") as (_, world, _desired):
        session = world.edge.members.session(repo_account(world))
        arn = session.client("sts").get_caller_identity()["Arn"]
        assert f":assumed-role/{reader or NAMES.member}/" in arn
        with pytest.raises(Exception, match="not authorized"):
            session.client("iam").create_account_alias(AccountAlias="mine")
        with pytest.raises(Exception, match="not authorized"):
            session.of(repo_account(world)).client("ssm").put_parameter(
                Name="/x", Value="y", Type="String"
            )
        assert session.client("iam").list_account_aliases()["AccountAliases"] == ["acme-shop"]
        with pytest.raises(Exception, match="not authorized"):
            session.client("ssm").get_parameters_by_path(Path="/prod", WithDecryption=True)


def repo_account(world: World) -> AccountId:
    snapshot = world.edge.reader.read()
    return next(account.id for account in snapshot.accounts if account.name == "shop")


# --- a narrower role for applies --------------------------------------------------------------


def entered_as(repo: Repo, calls: Calls) -> set[str]:
    """Apply what is committed; the roles that something was called with inside ``shop``."""
    before = len(calls.log)
    outcome = As(calls, {"apply": as_role(APPLY_ROLE)}).apply(repo)
    assert {row.status for row in outcome.targets} <= {Status.SUCCEEDED}
    shop = repo.accounts()["shop"].id
    inside = [call for call in calls.log[before:] if call.account_id == shop]
    return {call.caller.rpartition("/")[2] for call in inside}


def test_accounts_are_handed_over_to_a_narrower_role_one_by_one(repo: Repo) -> None:
    """Made with the member role, entered to see that it works, used. Whatever is missing on the
    way, the member role, which AWS made, is used as before, and stays as it is."""
    member, writer = "OrganizationAccountAccessRole", WRITER_ROLE
    with repo.sandbox() as sandbox:
        management = sandbox.management_account_id
        deploy_roles(sandbox, roles_template(NAMES))
    calls, config = Calls(), (repo.root / "aft.yaml").read_text()
    assert entered_as(repo, calls) == {member}
    with repo.inside("shop") as client:
        as_made = client("iam").get_role(RoleName=member)["Role"]

    def change(message: str, *, minimum: int) -> set[str]:
        path = repo.root / "customizations/baselines/standard.yaml"
        text = re.sub(r"(iam-password-policy).*", r"\1", path.read_text())
        text = re.sub(r"\n    parameters: {minimum_length: .*", "", text)
        lines = f"iam-password-policy\n    parameters: {{minimum_length: {minimum}}}"
        path.write_text(text.replace("iam-password-policy", lines))
        repo.commit(message)
        return entered_as(repo, calls)

    roles = f"{{writer: {writer}, made_elsewhere: [{writer}]}}"
    repo.write("aft.yaml", f"{config}roles: {roles}\n")
    assert change("Named before it is made", minimum=15) == {member}
    repo.write(WRITER_PATH, writer_template(writer, management))
    assert change("Made", minimum=16) == {member}, "what a run begins with it ends with"
    assert change("Used", minimum=17) == {writer}
    with repo.inside("shop") as client:
        iam = client("iam")
        trust = iam.get_role(RoleName=writer)["Role"]["AssumeRolePolicyDocument"]
        nobody = {**trust, "Statement": [{**trust["Statement"][0], "Effect": "Deny"}]}
        iam.update_assume_role_policy(RoleName=writer, PolicyDocument=json.dumps(nobody))
    assert change("It trusts no one", minimum=18) == {member}
    with repo.inside("shop") as client:
        iam = client("iam")
        iam.update_assume_role_policy(RoleName=writer, PolicyDocument=json.dumps(trust))
    assert change("It is put right", minimum=19) == {writer}
    repo.write("aft.yaml", config)
    assert change("Back again", minimum=20) == {member}
    with repo.inside("shop") as client:
        assert client("iam").get_role(RoleName=member)["Role"] == as_made


def test_terraform_plans_with_a_role_that_reads_no_data(repo: Repo) -> None:
    with repo.sandbox() as sandbox:
        management = sandbox.management_account_id
        deploy_roles(sandbox, roles_template(NAMES), preview=True)
    repo.write(PREVIEW_READER_PATH, preview_reader_template(PREVIEW_READER_ROLE, management))
    config = (repo.root / "aft.yaml").read_text()
    roles = f"reader: {READER_ROLE}, preview: {PREVIEW_READER_ROLE}"
    repo.write("aft.yaml", f"{config}roles: {{{roles}}}\n")
    repo.commit("Preview")
    repo.apply()
    with repo.inside("shop") as client:
        client("ssm").put_parameter(Name="/contact", Value="desk", Type="String")
        client("s3").create_bucket(Bucket="shop-data", CreateBucketConfiguration=IN_REGION)
        client("dynamodb").create_table(
            TableName="orders",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        own = client("sts").get_caller_identity()["Account"]
        for key in (f"{own}-aft-account-customizations/terraform.tfstate", "customers.csv"):
            client("s3").put_object(Bucket="shop-data", Key=key, Body=b"x")

    with As(Calls(), {"plan": as_role(PREVIEW_ROLE)}).world(repo, "plan") as (_, world, _desired):
        client = previewing(world)
        assert f":assumed-role/{PREVIEW_READER_ROLE}/" in client("sts").get_caller_identity()["Arn"]
        assert client("ssm").get_parameter(Name="/contact")["Parameter"]["Value"] == "desk"
        assert client("dynamodb").describe_table(TableName="orders")
        state = f"{own}-aft-account-customizations/terraform.tfstate"
        assert client("s3").get_object(Bucket="shop-data", Key=state)
        for call in (
            lambda: client("s3").get_object(Bucket="shop-data", Key="customers.csv"),
            lambda: client("s3").put_object(Bucket="shop-data", Key=state, Body=b"y"),
            lambda: client("dynamodb").scan(TableName="orders"),
            lambda: client("ssm").put_parameter(Name="/x", Value="y", Type="String"),
            lambda: client("iam").create_user(UserName="mallory"),
        ):
            with pytest.raises(ClientError, match=r"AccessDenied|not authorized"):
                call()

    with As(Calls(), {"plan": as_role(PLAN_ROLE)}).world(repo, "plan") as (_, world, _desired):
        arn = previewing(world)("sts").get_caller_identity()["Arn"]
        assert f":assumed-role/{READER_ROLE}/" in arn, "who plans pull requests does not read more"


IN_REGION: Any = {"LocationConstraint": "eu-central-1"}


def previewing(world: World) -> Any:
    """Clients with the credentials that Terraform gets for a preview."""
    assert world.sandbox is not None
    keys = world.edge.members.preview_session(repo_account(world)).environment()
    own = world.sandbox.botocore_session(
        Keys(
            access_key=keys["AWS_ACCESS_KEY_ID"],
            secret_key=keys["AWS_SECRET_ACCESS_KEY"],
            token=keys["AWS_SESSION_TOKEN"],
        )
    )
    session = boto3.Session(botocore_session=own)
    return lambda service: session.client(service, region_name="eu-central-1")
