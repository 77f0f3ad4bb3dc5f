"""The settings that are switches of EC2 in a region: snapshots, images, instance metadata."""

from __future__ import annotations

import pytest
from builders_inside import HOME, Inside, applied
from pydantic import ValidationError

from aft.errors import Terminal
from aft.settings.ec2_defaults import ImagePublicAccess, Imdsv2Defaults, SnapshotPublicAccess
from aft.settings.shapes.values import Observed

ELSEWHERE = "eu-west-1"

# --- snapshots ------------------------------------------------------------------------------


def snapshots(inside: Inside, region: str = HOME) -> str:
    state: str = inside.look("ec2", region).get_snapshot_block_public_access_state()["State"]
    return state


def test_public_snapshots_are_blocked_in_one_region(inside: Inside) -> None:
    block = applied(inside, SnapshotPublicAccess(), region=ELSEWHERE)
    assert [item.description for item in block.differences()] == [
        f"public EBS snapshots in {ELSEWHERE}: unblocked, should be block-all-sharing"
    ]
    block.change()
    assert (snapshots(inside, ELSEWHERE), snapshots(inside)) == ("block-all-sharing", "unblocked")
    assert block.differences() == ()
    written = block.writes()
    block.change()
    assert block.writes() == written


def test_a_weaker_block_of_snapshots_is_drift(inside: Inside) -> None:
    block = applied(inside, SnapshotPublicAccess(), region=HOME)
    block.change()
    inside.look("ec2").enable_snapshot_block_public_access(State="block-new-sharing")
    assert [item.before for item in block.differences()] == ["block-new-sharing"]
    block.change()
    assert snapshots(inside) == "block-all-sharing"
    milder = applied(inside, SnapshotPublicAccess(), region=HOME, mode="block-new-sharing")
    milder.change()
    assert snapshots(inside) == "block-new-sharing"


def test_what_a_declarative_policy_says_about_snapshots_is_not_fought(inside: Inside) -> None:
    block = applied(inside, SnapshotPublicAccess(), region=HOME)
    seen = Observed(values={"": "unblocked"}, managed_by="declarative-policy")
    with pytest.raises(Terminal, match="by a declarative-policy of the organization"):
        block.setting.change(block.inputs, seen, inside.session)
    assert block.writes() == []


# --- images ---------------------------------------------------------------------------------


def test_the_block_of_images_is_waited_for(inside: Inside) -> None:
    block = applied(inside, ImagePublicAccess(), region=HOME)
    assert [item.description for item in block.differences()] == [
        f"public AMIs in {HOME}: unblocked, should be block-new-sharing"
    ]
    block.change()
    assert block.differences() == ()
    assert block.writes() == ["EnableImageBlockPublicAccess"]
    other = inside.look("ec2", ELSEWHERE).get_image_block_public_access_state()
    assert other["ImageBlockPublicAccessState"] == "unblocked"
    block.change()
    assert block.writes() == ["EnableImageBlockPublicAccess"]


def test_an_unblocked_image_switch_is_drift(inside: Inside) -> None:
    block = applied(inside, ImagePublicAccess(), region=HOME)
    block.change()
    ec2 = inside.look("ec2")
    ec2.disable_image_block_public_access()
    while ec2.get_image_block_public_access_state()["ImageBlockPublicAccessState"] != "unblocked":
        pass
    assert len(block.differences()) == 1
    block.change()
    assert block.differences() == ()


def test_what_a_declarative_policy_says_about_images_is_not_fought(inside: Inside) -> None:
    block = applied(inside, ImagePublicAccess(), region=HOME)
    seen = Observed(values={"": "unblocked"}, managed_by="declarative-policy")
    with pytest.raises(Terminal, match="by a declarative-policy of the organization"):
        block.setting.change(block.inputs, seen, inside.session)
    assert block.writes() == []


# --- instance metadata ----------------------------------------------------------------------


def test_instance_metadata_gets_its_defaults(inside: Inside) -> None:
    defaults = applied(inside, Imdsv2Defaults(), region=ELSEWHERE)
    assert [item.description for item in defaults.differences()] == [
        f"instance metadata in {ELSEWHERE}: tokens are not set, should be required",
        f"instance metadata in {ELSEWHERE}: hop limit is not set, should be 2",
    ]
    defaults.change()
    level = inside.look("ec2", ELSEWHERE).get_instance_metadata_defaults()["AccountLevel"]
    assert (level["HttpTokens"], level["HttpPutResponseHopLimit"]) == ("required", 2)
    assert "HttpEndpoint" not in level
    assert defaults.differences() == ()
    written = defaults.writes()
    defaults.change()
    assert defaults.writes() == written


def test_only_what_drifted_of_the_metadata_is_put_back(inside: Inside) -> None:
    defaults = applied(
        inside, Imdsv2Defaults(), region=HOME, metadata_tags="enabled", enforce="enabled"
    )
    defaults.change()
    ec2 = inside.look("ec2")
    ec2.modify_instance_metadata_defaults(HttpTokens="optional", HttpEndpoint="disabled")
    assert [item.description for item in defaults.differences()] == [
        f"instance metadata in {HOME}: tokens are optional, should be required"
    ]
    defaults.change()
    level = ec2.get_instance_metadata_defaults()["AccountLevel"]
    assert (level["HttpTokens"], level["HttpEndpoint"]) == ("required", "disabled")


def test_what_is_null_is_left_alone(inside: Inside) -> None:
    nothing = applied(inside, Imdsv2Defaults(), region=HOME, http_tokens=None, hop_limit=None)
    assert nothing.differences() == ()
    nothing.change()
    assert nothing.writes() == []


def test_what_a_declarative_policy_says_about_metadata_is_not_fought(inside: Inside) -> None:
    defaults = applied(inside, Imdsv2Defaults(), region=HOME)
    seen = Observed(values={"tokens are": "optional"}, managed_by="declarative-policy")
    with pytest.raises(Terminal, match="declarative-policy"):
        defaults.setting.change(defaults.inputs, seen, inside.session)


@pytest.mark.parametrize("parameters", [{"hop_limit": 65}, {"http_tokens": "maybe"}, {"hops": 1}])
def test_metadata_parameters_outside_of_awss_ranges_are_invalid(parameters: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        Imdsv2Defaults.parameters_model.model_validate(parameters)
