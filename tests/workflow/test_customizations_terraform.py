"""AFT's folders through the real Terraform and the real AWS provider, against the sandbox."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from builders_repo import CONFIG, Repo
from builders_terraform import aft_folder, terraform_settings

from aft.scaffold.roles import (
    PREVIEW_READER_PATH,
    PREVIEW_READER_ROLE,
    READER_PATH,
    READER_ROLE,
    preview_reader_template,
    reader_template,
)

GLOBAL = """\
resource "aws_ssm_parameter" "contact" {
  name  = "/org/contact"
  type  = "String"
  value = "platform@example.com"
}

output "ContactParameter" {
  value = aws_ssm_parameter.contact.name
}
"""
ACCOUNT = """\
variable "tier" {
  type = string
}

resource "aws_ssm_parameter" "tier" {
  name  = "/service/tier"
  type  = "String"
  value = var.tier
}

resource "aws_sns_topic" "alarms" {
  name = "alarms"
}

output "AlarmTopic" {
  value = aws_sns_topic.alarms.arn
}
"""
ROLE = """
resource "aws_iam_role" "deploy" {
  name = "deploy"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { AWS = "210987654321" }
    }]
  })
}
"""
POST = """\
#!/bin/bash
cd "$DEFAULT_PATH/$CUSTOMIZATION/api_helpers" && ls python/requirements.txt
echo "Vended=$VENDED_ACCOUNT_ID" >> "$AFT_OUTPUTS"
"""
SETTINGS = """\
description: What a service needs
parameters:
  tier: {type: text, choices: [gold, silver], description: How much it may cost}
on_removal: destroy
"""


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo.standard(tmp_path / "repo")
    repo.environ["XDG_STATE_HOME"] = str(tmp_path / "state")
    with repo.sandbox() as sandbox:
        management = sandbox.management_account_id
    repo.write(READER_PATH, reader_template(READER_ROLE, management))
    repo.write(PREVIEW_READER_PATH, preview_reader_template(PREVIEW_READER_ROLE, management))
    repo.write(
        "aft.yaml",
        f"{CONFIG}roles: {{reader: {READER_ROLE}, preview: {PREVIEW_READER_ROLE}}}\n"
        + terraform_settings(
            tmp_path / "tools", backend="{s3: {bucket: acme-terraform, region: eu-central-1}}"
        ),
    )
    for path, text in aft_folder(GLOBAL).items():
        repo.write(f"customizations/global/{path}", text)
    for path, text in aft_folder(ACCOUNT).items():
        repo.write(f"customizations/accounts/service/{path}", text)
    repo.write("customizations/accounts/service/api_helpers/post-api-helpers.sh", POST)
    repo.write("customizations/accounts/service/customization.yaml", SETTINGS)
    repo.request("shop", "customizations: [service]\nparameters: {service: {tier: gold}}\n")
    repo.commit("Bring AFT's folders")
    return repo


@pytest.mark.terraform
def test_an_aft_customization_from_its_first_day_to_its_last(repo: Repo) -> None:
    repo.apply()
    with repo.inside("shop") as client:
        ssm, sns = client("ssm"), client("sns")
        assert ssm.get_parameter(Name="/org/contact")["Parameter"]["Value"].startswith("platform")
        assert ssm.get_parameter(Name="/service/tier")["Parameter"]["Value"] == "gold"
        tags = ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId="/service/tier")
        assert tags["TagList"] == [{"Key": "managed_by", "Value": "AFT"}]
        (topic,) = [item["TopicArn"] for item in sns.list_topics()["Topics"]]
    assert repo.changes() == []

    repo.request("shop", "customizations: [service]\nparameters: {service: {tier: silver}}\n")
    repo.commit("Less gold")
    assert repo.changes() == ["account/shop/run-customization/service/terraform"]
    seen = repo.aft("plan", "--terraform", "--full")
    assert seen.code == 0, seen.out + seen.err
    assert "~ aws_ssm_parameter.tier (aws_ssm_parameter) is changed" in seen.out
    assert "aws_sns_topic" not in seen.out, "it was read, and is as it should be"
    repo.apply()
    with repo.inside("shop") as client:
        assert client("ssm").get_parameter(Name="/service/tier")["Parameter"]["Value"] == "silver"
        assert [item["TopicArn"] for item in client("sns").list_topics()["Topics"]] == [topic]

    main = repo.root / "customizations/accounts/service/terraform/main.tf"
    repo.write(str(main.relative_to(repo.root)), main.read_text() + ROLE)
    repo.commit("Somebody gains power")
    held = repo.aft("apply", "--yes")
    assert held.code == 4
    assert "aws_iam_role.deploy would be added (it changes who may do what)" in held.out
    with repo.inside("shop") as client:
        roles = client("iam").list_roles()["Roles"]
        assert "deploy" not in {role["RoleName"] for role in roles}
    (digest,) = set(re.findall(r"--accept (sha256:[0-9a-f]{64})", held.out))
    assert repo.aft("apply", "--yes", "--accept", digest).code == 0
    with repo.inside("shop") as client:
        assert client("iam").get_role(RoleName="deploy")

    repo.request("shop")
    repo.commit("No service any more")
    assert "- destroy   service/terraform" in repo.aft("plan").out
    repo.apply()
    with repo.inside("shop") as client:
        assert client("sns").list_topics()["Topics"] == []
        names = [item["Name"] for item in client("ssm").describe_parameters()["Parameters"]]
        assert "/org/contact" in names
        assert "/service/tier" not in names
    assert repo.changes() == []
