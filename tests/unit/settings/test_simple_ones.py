"""The settings that are one switch or one document: password policy, S3, EBS."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError
from builders_inside import HOME, Inside, applied
from pydantic import ValidationError

from aft.errors import Terminal
from aft.settings.ec2_defaults import EbsDefaultEncryption
from aft.settings.iam_password_policy import (
    IamPasswordPolicy,
    IamPasswordPolicyParameters,
)
from aft.settings.s3_public_access_block import S3PublicAccessBlock

# --- IAM password policy --------------------------------------------------------------------


def test_a_missing_password_policy_is_set_with_strict_defaults(inside: Inside) -> None:
    policy = applied(inside, IamPasswordPolicy())
    assert [item.before for item in policy.differences()] == [None]
    policy.change()
    assert policy.differences() == ()
    found = inside.look("iam").get_account_password_policy()["PasswordPolicy"]
    assert found["MinimumPasswordLength"] == 14
    assert found["RequireSymbols"]
    assert found["RequireNumbers"]
    assert found["RequireUppercaseCharacters"]
    assert found["RequireLowercaseCharacters"]
    assert found["MaxPasswordAge"] == 90
    assert found["PasswordReusePrevention"] == 24


def test_each_difference_of_a_password_policy_is_named(inside: Inside) -> None:
    policy = applied(inside, IamPasswordPolicy(), minimum_length=20)
    policy.change()
    inside.look("iam").update_account_password_policy(
        MinimumPasswordLength=8,
        RequireSymbols=False,
        RequireNumbers=True,
        RequireUppercaseCharacters=True,
        RequireLowercaseCharacters=True,
        AllowUsersToChangePassword=True,
        MaxPasswordAge=90,
        PasswordReusePrevention=24,
    )
    assert [item.description for item in policy.differences()] == [
        "password policy: minimum length is 8, should be 20",
        "password policy: symbol required is off, should be on",
    ]
    policy.change()
    assert policy.differences() == ()
    written = policy.writes()
    policy.change()
    assert policy.writes() == written


def test_a_password_policy_without_expiry_and_reuse_rules(inside: Inside) -> None:
    policy = applied(inside, IamPasswordPolicy(), maximum_age_days=None, reuse_prevention=None)
    policy.change()
    assert policy.differences() == ()
    found = inside.look("iam").get_account_password_policy()["PasswordPolicy"]
    assert not found["ExpirePasswords"]


@pytest.mark.parametrize(
    "parameters",
    [{"minimum_length": 5}, {"maximum_age_days": 1096}, {"reuse_prevention": 0}, {"length": 8}],
)
def test_a_password_policy_outside_of_aws_ranges_is_invalid(parameters: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        IamPasswordPolicyParameters.model_validate(parameters)


# --- S3 -------------------------------------------------------------------------------------


def test_public_access_is_blocked_then_found_right(inside: Inside) -> None:
    block = applied(inside, S3PublicAccessBlock())
    assert len(block.differences()) == 4
    block.change()
    assert block.differences() == ()
    found = inside.look("s3control").get_public_access_block(AccountId=inside.account_id)
    assert found["PublicAccessBlockConfiguration"] == dict.fromkeys(
        ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
    )
    written = block.writes()
    block.change()
    assert block.writes() == written


def test_one_opened_switch_is_drift(inside: Inside) -> None:
    block = applied(inside, S3PublicAccessBlock())
    block.change()
    inside.look("s3control").put_public_access_block(
        AccountId=inside.account_id,
        PublicAccessBlockConfiguration={
            "BlockPublicAcls": True,
            "IgnorePublicAcls": True,
            "BlockPublicPolicy": False,
            "RestrictPublicBuckets": True,
        },
    )
    assert [item.description for item in block.differences()] == [
        "S3 public access: BlockPublicPolicy is off, should be on"
    ]
    block.change()
    assert block.differences() == ()


def test_a_removed_block_is_drift(inside: Inside) -> None:
    block = applied(inside, S3PublicAccessBlock(), block_public_policy=False)
    block.change()
    inside.look("s3control").delete_public_access_block(AccountId=inside.account_id)
    assert len(block.differences()) == 3
    with pytest.raises(ClientError):
        inside.look("s3control").get_public_access_block(AccountId=inside.account_id)


# --- EBS ------------------------------------------------------------------------------------


def test_encryption_is_switched_on_in_one_region(inside: Inside) -> None:
    ebs = applied(inside, EbsDefaultEncryption(), region="eu-west-1")
    assert [item.description for item in ebs.differences()] == [
        "EBS encryption by default in eu-west-1 is off, should be on"
    ]
    ebs.change()
    assert ebs.differences() == ()
    other = inside.look("ec2", HOME).get_ebs_encryption_by_default()
    assert not other["EbsEncryptionByDefault"]
    inside.look("ec2", "eu-west-1").disable_ebs_encryption_by_default()
    assert len(ebs.differences()) == 1


def test_a_key_is_found_by_its_alias(inside: Inside) -> None:
    kms = inside.look("kms")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    kms.create_alias(AliasName="alias/ebs-own", TargetKeyId=key)
    ebs = applied(inside, EbsDefaultEncryption(), region=HOME, kms_key_id="alias/ebs-own")
    assert len(ebs.differences()) == 2
    ebs.change()
    assert ebs.differences() == ()
    assert inside.look("ec2").get_ebs_default_kms_key_id()["KmsKeyId"] == key
    inside.look("ec2").reset_ebs_default_kms_key_id()
    assert [item.after for item in ebs.differences()] == ["alias/ebs-own"]


def test_a_key_that_is_not_there_is_refused_and_nothing_is_written(inside: Inside) -> None:
    ebs = applied(inside, EbsDefaultEncryption(), region=HOME, kms_key_id="alias/nowhere")
    with pytest.raises(Terminal, match="no KMS key 'alias/nowhere' in eu-central-1"):
        ebs.change()
    assert ebs.writes() == []
