from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError
from builders_inside import HOME, settled, words
from builders_security import Company
from pydantic import ValidationError

from aft.errors import Terminal
from aft.settings.cloudtrail import PRINCIPAL, CloudTrail, CloudTrailParameters

ARCHIVE = {"log_archive": "log-archive"}


def archive_bucket(company: Company) -> str:
    return f"aft-cloudtrail-{company.ids['log-archive']}-{HOME}"


def trail(company: Company, name: str = "payments-prod") -> dict[str, object]:
    client = company.at(name).look("cloudtrail")
    found = client.describe_trails(includeShadowTrails=False)["trailList"]
    assert len(found) == 1
    return {**found[0], **client.get_trail_status(Name=found[0]["TrailARN"])}


# --- own bucket -----------------------------------------------------------------------------


def test_alone_a_trail_of_all_regions_logs_into_a_closed_bucket_of_its_own(
    company: Company,
) -> None:
    setting = company.applied(CloudTrail())
    bucket = f"aft-cloudtrail-{company.ids['payments-prod']}-{HOME}"
    assert words(setting) == [
        f"bucket {bucket} does not exist",
        f"trail aft-trail is missing, should log to {bucket}",
    ]
    settled(setting)
    found = trail(company)
    assert found["IsMultiRegionTrail"]
    assert found["LogFileValidationEnabled"]
    assert found["IsLogging"]
    assert found["S3BucketName"] == bucket
    s3 = company.at("payments-prod").look("s3")
    block = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert set(block.values()) == {True}


def test_a_trail_that_was_stopped_and_narrowed_is_put_back(company: Company) -> None:
    setting = company.applied(CloudTrail())
    settled(setting)
    client = company.at("payments-prod").look("cloudtrail")
    client.stop_logging(Name="aft-trail")
    client.update_trail(Name="aft-trail", IsMultiRegionTrail=False, EnableLogFileValidation=False)
    assert words(setting) == [
        "trail aft-trail: all regions is off, should be on",
        "trail aft-trail: log file validation is off, should be on",
        "trail aft-trail: logging is off, should be on",
    ]
    settled(setting)


def test_a_bucket_that_was_opened_is_closed_and_others_statements_stay(
    company: Company,
) -> None:
    setting = company.applied(CloudTrail())
    settled(setting)
    s3 = company.at("payments-prod").look("s3")
    bucket = f"aft-cloudtrail-{company.ids['payments-prod']}-{HOME}"
    theirs = {
        "Sid": "Theirs",
        "Effect": "Allow",
        "Principal": {"AWS": company.ids["audit"]},
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{bucket}/*",
    }
    s3.put_bucket_policy(
        Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": theirs})
    )
    s3.delete_public_access_block(Bucket=bucket)
    assert words(setting) == [
        f"bucket {bucket} does not let {PRINCIPAL} deliver",
        f"bucket {bucket} is not closed to the public",
    ]
    settled(setting)
    policy = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])
    assert [item["Sid"] for item in policy["Statement"]] == [
        "Theirs",
        "aftcloudtrailLook",
        "aftcloudtrailDeliver",
    ]


def test_a_key_is_found_by_its_alias_and_taken_away_again(company: Company) -> None:
    kms = company.at("payments-prod").look("kms")
    arn = kms.create_key()["KeyMetadata"]["Arn"]
    kms.create_alias(AliasName="alias/trail", TargetKeyId=arn)
    settled(company.applied(CloudTrail(), kms_key_id="alias/trail"))
    assert trail(company)["KmsKeyId"] == arn
    settled(company.applied(CloudTrail()))
    assert not trail(company).get("KmsKeyId")


def test_a_key_that_is_not_there_is_refused_and_nothing_is_made(company: Company) -> None:
    setting = company.applied(CloudTrail(), kms_key_id="alias/nowhere")
    with pytest.raises(Terminal, match="no KMS key 'alias/nowhere' in eu-central-1"):
        setting.change()
    assert setting.writes() == []


def test_a_trail_of_this_name_that_lives_elsewhere_is_refused(company: Company) -> None:
    settled(company.applied(CloudTrail(), name="first-trail"))
    bucket = f"aft-cloudtrail-{company.ids['payments-prod']}-{HOME}"
    company.at("payments-prod").look("cloudtrail", "eu-west-1").create_trail(
        Name="aft-trail", S3BucketName=bucket, IsMultiRegionTrail=True
    )
    with pytest.raises(Terminal, match="is in eu-west-1, not in the home region eu-central-1"):
        company.applied(CloudTrail()).change()


def test_a_bucket_name_of_somebody_else_is_refused(company: Company) -> None:
    company.at("audit").look("s3").create_bucket(
        Bucket="taken-by-audit",
        CreateBucketConfiguration={"LocationConstraint": HOME},
    )
    with pytest.raises(Terminal, match="taken-by-audit"):
        company.applied(CloudTrail(), bucket="taken-by-audit").change()


# --- the log archive ------------------------------------------------------------------------


def test_the_log_archive_makes_the_bucket_and_others_deliver_there(company: Company) -> None:
    settled(company.applied(CloudTrail(), "log-archive", **ARCHIVE))
    for name in ("payments-prod", "audit"):
        settled(company.applied(CloudTrail(), name, **ARCHIVE))
        assert trail(company, name)["S3BucketName"] == archive_bucket(company)
    assert company.at("payments-prod").look("s3").list_buckets()["Buckets"] == []
    policy = (
        company.at("log-archive")
        .look("s3")
        .get_bucket_policy(Bucket=archive_bucket(company))["Policy"]
    )
    assert company.sandbox.organization_id in policy
    assert company.ids["payments-prod"] not in policy


def test_without_the_bucket_the_other_account_says_whose_it_is(company: Company) -> None:
    setting = company.applied(CloudTrail(), **ARCHIVE)
    with pytest.raises(Terminal, match="does not exist") as caught:
        setting.change()
    assert f"account {company.ids['log-archive']}'s" in caught.value.hint
    assert company.at("payments-prod").look("cloudtrail").describe_trails()["trailList"] == []


# --- the organization's trail ---------------------------------------------------------------


def organization_trail(company: Company) -> None:
    company.applied(CloudTrail(), "log-archive", **ARCHIVE).change()
    company.management("organizations").enable_aws_service_access(ServicePrincipal=PRINCIPAL)
    company.management("cloudtrail").create_trail(
        Name="everything",
        S3BucketName=archive_bucket(company),
        IsMultiRegionTrail=True,
        IsOrganizationTrail=True,
    )


def test_the_organizations_trail_is_only_looked_at(company: Company) -> None:
    setting = company.applied(CloudTrail(), organization=True)
    assert words(setting) == ["the organization's trail is missing, should log every region"]
    with pytest.raises(Terminal, match="this setting only checks it"):
        setting.change()
    organization_trail(company)
    assert [item.before for item in setting.differences()] == ["off"]
    company.management("cloudtrail").start_logging(Name="everything")
    assert setting.differences() == ()
    setting.change()
    assert company.at("payments-prod").look("s3").list_buckets()["Buckets"] == []


def test_an_own_trail_is_none_of_the_organizations(company: Company) -> None:
    organization_trail(company)
    company.management("cloudtrail").start_logging(Name="everything")
    assert len(company.applied(CloudTrail(), name="everything").differences()) == 2


@pytest.mark.parametrize("key", ["log_archive", "bucket", "kms_key_id"])
def test_nothing_is_made_beside_the_organizations_trail(key: str) -> None:
    with pytest.raises(ValidationError, match="have no place"):
        CloudTrailParameters.model_validate({"organization": True, key: "audit-logs"})


# --- how strict the sandbox is --------------------------------------------------------------


def test_a_trail_needs_a_bucket_that_lets_cloudtrail_in(company: Company) -> None:
    own = company.at("payments-prod")
    own.look("s3").create_bucket(
        Bucket="plain-bucket", CreateBucketConfiguration={"LocationConstraint": HOME}
    )
    client = own.look("cloudtrail")
    for arguments, code in (
        ({"S3BucketName": "nowhere-bucket"}, "S3BucketDoesNotExistException"),
        ({"S3BucketName": "plain-bucket"}, "InsufficientS3BucketPolicyException"),
    ):
        with pytest.raises(ClientError, match=code):
            client.create_trail(Name="some-trail", **arguments)
    settled(company.applied(CloudTrail()))
    bucket = trail(company)["S3BucketName"]
    for arguments, code in (
        ({"Name": "aft-trail"}, "TrailAlreadyExistsException"),
        ({"Name": "org-trail", "IsOrganizationTrail": True}, "NotOrganizationMasterAccount"),
        ({"Name": "key-trail", "KmsKeyId": "alias/none"}, "KmsKeyNotFoundException"),
    ):
        with pytest.raises(ClientError, match=code):
            client.create_trail(S3BucketName=bucket, **arguments)
    with pytest.raises(ClientError, match="InvalidHomeRegionException"):
        own.look("cloudtrail", "eu-west-1").update_trail(Name="aft-trail")
