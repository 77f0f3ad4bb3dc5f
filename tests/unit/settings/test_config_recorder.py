from __future__ import annotations

import pytest
from botocore.exceptions import ClientError
from builders_inside import HOME, settled, words
from builders_security import Company

from aft.errors import Terminal
from aft.settings.config_recorder import ConfigRecorder

WEST = "eu-west-1"
ARCHIVE = {"log_archive": "log-archive"}
ROLE_PATH = "role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig"


def recorder(company: Company, region: str = HOME) -> dict[str, object]:
    client = company.at("payments-prod").look("config", region)
    (found,) = client.describe_configuration_recorders()["ConfigurationRecorders"]
    (status,) = client.describe_configuration_recorder_status()["ConfigurationRecordersStatus"]
    (channel,) = client.describe_delivery_channels()["DeliveryChannels"]
    return {**found, "recording": status["recording"], "bucket": channel["s3BucketName"]}


def test_alone_it_records_everything_and_global_resources_at_home(company: Company) -> None:
    bucket = f"aft-config-{company.ids['payments-prod']}-{HOME}"
    home, west = (company.applied(ConfigRecorder(), region=region) for region in (HOME, WEST))
    assert words(home) == [
        f"bucket {bucket} does not exist",
        "AWS Config recorder in eu-central-1 is missing, should be recording",
        f"AWS Config delivery channel in eu-central-1 is missing, should be to {bucket}",
    ]
    settled(west)  # whichever region comes first
    settled(home)
    for region in (HOME, WEST):
        found = recorder(company, region)
        assert found["recording"]
        assert found["bucket"] == bucket
        assert str(found["roleARN"]).endswith(ROLE_PATH)
        assert found["recordingGroup"]["allSupported"]  # type: ignore[index]  # a plain answer
        assert found["recordingGroup"]["includeGlobalResourceTypes"] == (region == HOME)  # type: ignore[index]  # same


def test_what_was_stopped_and_narrowed_is_put_back(company: Company) -> None:
    setting = company.applied(ConfigRecorder(), region=HOME)
    settled(setting)
    client = company.at("payments-prod").look("config")
    client.stop_configuration_recorder(ConfigurationRecorderName="default")
    client.put_configuration_recorder(
        ConfigurationRecorder={
            "name": "default",
            "roleARN": f"arn:aws:iam::{company.ids['payments-prod']}:{ROLE_PATH}",
            "recordingGroup": {"allSupported": False, "resourceTypes": ["AWS::S3::Bucket"]},
        }
    )
    assert words(setting) == [
        "AWS Config recorder for all supported types in eu-central-1 is off, should be on",
        "AWS Config recorder for global types in eu-central-1 is off, should be on",
        "AWS Config recording in eu-central-1 is off, should be on",
    ]
    settled(setting)


def test_another_frequency_changes_the_channel_alone(company: Company) -> None:
    settled(company.applied(ConfigRecorder(), region=HOME))
    setting = company.applied(ConfigRecorder(), region=HOME, snapshots_every="Six_Hours")
    assert [item.after for item in setting.differences()] == ["Six_Hours"]
    settled(setting)


def test_somebody_elses_recorder_is_refused_and_left_alone(company: Company) -> None:
    settled(company.applied(ConfigRecorder(), region=HOME, name="theirs"))
    setting = company.applied(ConfigRecorder(), region=HOME)
    with pytest.raises(Terminal, match="already has a recorder, 'theirs'") as caught:
        setting.change()
    assert "give `name: theirs`" in caught.value.hint
    assert recorder(company)["name"] == "theirs"
    assert recorder(company)["recording"]


def test_the_log_archive_makes_the_bucket_and_others_deliver_there(company: Company) -> None:
    for region in (HOME, WEST):
        settled(company.applied(ConfigRecorder(), "log-archive", region=region, **ARCHIVE))
        settled(company.applied(ConfigRecorder(), region=region, **ARCHIVE))
    assert recorder(company, WEST)["bucket"] == f"aft-config-{company.ids['log-archive']}-{HOME}"
    assert company.at("payments-prod").look("s3").list_buckets()["Buckets"] == []


def test_without_the_bucket_the_other_account_says_whose_it_is(company: Company) -> None:
    setting = company.applied(ConfigRecorder(), region=HOME, **ARCHIVE)
    with pytest.raises(Terminal, match="S3 bucket") as caught:
        setting.change()
    assert f"account {company.ids['log-archive']}'s" in caught.value.hint
    company.applied(ConfigRecorder(), "log-archive", region=HOME, **ARCHIVE).change()
    settled(setting)  # what was half done goes on


def test_buckets_of_the_two_log_settings_are_not_each_others(company: Company) -> None:
    company.at("log-archive").look("s3").create_bucket(
        Bucket="one-bucket", CreateBucketConfiguration={"LocationConstraint": HOME}
    )
    setting = company.applied(ConfigRecorder(), region=HOME, bucket="one-bucket", **ARCHIVE)
    with pytest.raises(Terminal, match="Insufficient delivery policy"):
        setting.change()


# --- how strict the sandbox is --------------------------------------------------------------


def test_the_parts_come_in_order_and_the_role_must_exist(company: Company) -> None:
    client = company.at("payments-prod").look("config")
    nobody = f"arn:aws:iam::{company.ids['payments-prod']}:role/nobody"
    with pytest.raises(ClientError, match="InvalidRoleException"):
        client.put_configuration_recorder(
            ConfigurationRecorder={"name": "default", "roleARN": nobody}
        )
    with pytest.raises(ClientError, match="NoAvailableConfigurationRecorderException"):
        client.put_delivery_channel(DeliveryChannel={"name": "default", "s3BucketName": "bucket"})
    company.at("payments-prod").look("iam").create_service_linked_role(
        AWSServiceName="config.amazonaws.com"
    )
    role = f"arn:aws:iam::{company.ids['payments-prod']}:{ROLE_PATH}"
    client.put_configuration_recorder(ConfigurationRecorder={"name": "default", "roleARN": role})
    with pytest.raises(ClientError, match="NoAvailableDeliveryChannelException"):
        client.start_configuration_recorder(ConfigurationRecorderName="default")
    with pytest.raises(ClientError, match="MaxNumberOfConfigurationRecordersExceeded"):
        client.put_configuration_recorder(ConfigurationRecorder={"name": "second", "roleARN": role})
    with pytest.raises(ClientError, match="NoSuchBucketException"):
        client.put_delivery_channel(DeliveryChannel={"name": "default", "s3BucketName": "bucket"})
