"""What the strict services leave in moto survives a restart, and moto is where we expect it."""

from __future__ import annotations

import subprocess
import sys

import moto.cloudformation.urls as cloudformation_urls
import moto.ec2.urls as ec2_urls
import moto.iam.urls as iam_urls
import moto.s3control.urls as s3control_urls
import moto.ssm.urls as ssm_urls
import pytest
from builders_sandbox import refusal
from moto.cloudformation.models import cloudformation_backends
from moto.ec2.models import ec2_backends
from moto.iam.models import iam_backends
from moto.ssm.models import ssm_backends

from aft.sandbox import AccountSpec, Sandbox
from aft.sandbox.services import install_all


def test_everything_survives_a_restart(tmp_path):
    path = tmp_path / "organization"
    with Sandbox.open(path) as sandbox:
        (account,) = sandbox.seed_accounts([AccountSpec(name="a", email="a@example.com")])
        member = sandbox.member_session(account)
        member.client("iam").create_account_alias(AccountAlias="kept")
        member.client("ssm").put_parameter(
            Name="/aft/x", Value="1", Type="String", Tags=[{"Key": "k", "Value": "v"}]
        )
        member.client("ec2").enable_ebs_encryption_by_default()
        secret = member.client("secretsmanager").create_secret(Name="s", SecretString="v")["ARN"]
        member.client("cloudformation").create_stack(
            StackName="s",
            TemplateBody="Resources: {T: {Type: 'AWS::SNS::Topic'}}\n"
            "Outputs: {O: {Value: !GetAtt T.TopicName}}",
        )
        member.client("cloudformation").create_change_set(
            StackName="n",
            ChangeSetName="c",
            ChangeSetType="CREATE",
            TemplateBody="Resources: {T: {Type: 'AWS::SNS::Topic'}}",
        )
    with Sandbox.open(path) as sandbox:
        member = sandbox.member_session(account)
        assert member.client("iam").list_account_aliases()["AccountAliases"] == ["kept"]
        assert member.client("ec2").get_ebs_encryption_by_default()["EbsEncryptionByDefault"]
        kept = member.client("secretsmanager").get_secret_value(SecretId=secret)
        assert kept["SecretString"] == "v"
        tags = member.client("ssm").list_tags_for_resource(
            ResourceType="Parameter", ResourceId="/aft/x"
        )
        assert tags["TagList"] == [{"Key": "k", "Value": "v"}]
        cfn = member.client("cloudformation")
        seen = [cfn.describe_stacks(StackName="s")["Stacks"][0] for _ in range(2)]
        assert [s["StackStatus"] for s in seen] == ["CREATE_IN_PROGRESS", "CREATE_COMPLETE"]
        assert seen[1]["Outputs"][0]["OutputKey"] == "O"
        for _ in range(2):
            cfn.describe_change_set(StackName="n", ChangeSetName="c")
        cfn.execute_change_set(StackName="n", ChangeSetName="c")
        cfn.delete_stack(StackName="s")
        cfn.describe_stacks(StackName="s")
        assert refusal(cfn.describe_stacks, StackName="s")[0] == "ValidationError"
        assert len(member.client("sns").list_topics()["Topics"]) == 1


@pytest.mark.parametrize(
    ("urls", "backends"),
    [
        (iam_urls, iam_backends),
        (ec2_urls, ec2_backends),
        (ssm_urls, ssm_backends),
        (cloudformation_urls, cloudformation_backends),
        (s3control_urls, None),
    ],
)
def test_moto_answers_through_our_classes(urls, backends):
    install_all()
    install_all()
    handlers = {
        getattr(handler, "__self__", None).__module__.split(".")[0]
        for handler in urls.url_paths.values()
        if isinstance(getattr(handler, "__self__", None), type)
    }
    assert handlers == {"aft"}
    if backends is not None:
        assert backends.backend.__module__.startswith("aft.sandbox.services.")


def test_promising_the_services_imports_none_of_them():
    program = (
        "import sys\n"
        "from aft.sandbox.services import install_all\n"
        "install_all()\n"
        "early = [n for n in sys.modules if n in ('moto.ec2', 'moto.cloudformation')]\n"
        "import moto.ec2.models, moto.cloudformation.models\n"
        "late = [moto.ec2.models.ec2_backends.backend.__module__,\n"
        "        moto.cloudformation.models.cloudformation_backends.backend.__module__]\n"
        "print(early, late)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == (
        "[] ['aft.sandbox.services.ec2_backend', 'aft.sandbox.services.cfn_backend']"
    )
