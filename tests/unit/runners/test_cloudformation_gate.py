"""What a change set would lose is compared with what was reviewed."""

from __future__ import annotations

from typing import Any

import pytest

from aft.customizations.model import Consent
from aft.runners.cloudformation.gate import unreviewed_losses
from aft.values.parts import PartChange, PartOutcome

REPLACED = PartOutcome.REPLACED
MAYBE = PartOutcome.MAY_BE_REPLACED
REMOVED = PartOutcome.REMOVED


def change(action: str, replacement: str | None = None, **more: Any) -> dict[str, Any]:
    found = {"Action": action, "LogicalResourceId": "B", "ResourceType": "AWS::S3::Bucket", **more}
    if replacement:
        found["Replacement"] = replacement
    return {"Type": "Resource", "ResourceChange": found}


def part(outcome: PartOutcome, **more: Any) -> PartChange:
    return PartChange(**{"id": "B", "noun": "AWS::S3::Bucket", "outcome": outcome, **more})


CASES = [
    # (change, reviewed, what is lost unreviewed)
    (change("Add"), [], []),
    (change("Modify", "False"), [], []),
    (change("Modify", "True"), [], [REPLACED]),
    (change("Modify", "Conditional"), [], [MAYBE]),
    (change("Remove"), [], [REMOVED]),
    (change("Dynamic"), [], [MAYBE]),
    (change("Modify", "False", ResourceType="AWS::CloudFormation::Stack"), [], [MAYBE]),
    (change("Remove", PolicyAction="Delete"), [], [REMOVED]),
    (change("Remove", PolicyAction="Retain"), [], []),
    (change("Remove", PolicyAction="Snapshot"), [], [REMOVED]),
    (change("Modify", "True", PolicyAction="ReplaceAndRetain"), [], []),
    (change("Modify", "True", PolicyAction="ReplaceAndDelete"), [], [REPLACED]),
    (change("Modify", "True"), [part(REPLACED)], []),
    (change("Modify", "True"), [part(MAYBE)], []),
    (change("Modify", "Conditional"), [part(REPLACED)], []),
    (change("Remove"), [part(REMOVED)], []),
    (change("Remove"), [part(REPLACED)], [REMOVED]),
    (change("Modify", "True"), [part(REMOVED)], [REPLACED]),
    (change("Modify", "True"), [part(PartOutcome.CHANGED)], [REPLACED]),
    (change("Modify", "True"), [part(REPLACED, id="C")], [REPLACED]),
    (change("Modify", "True"), [part(REPLACED, is_kept=True)], [REPLACED]),
    (change("Modify", "True"), [part(REPLACED, noun="AWS::S3::Other")], [REPLACED]),
]


@pytest.mark.parametrize(("found", "reviewed", "lost"), CASES)
def test_what_is_lost_without_a_review(
    found: dict[str, Any], reviewed: list[PartChange], lost: list[PartOutcome]
) -> None:
    assert [
        item.outcome for item in unreviewed_losses([found], Consent(parts=tuple(reviewed)))
    ] == lost


def test_the_property_that_causes_it_is_named() -> None:
    details = [
        {"Target": {"Attribute": "Properties", "Name": "Tags", "RequiresRecreation": "Never"}},
        {
            "Target": {
                "Attribute": "Properties",
                "Name": "BucketName",
                "RequiresRecreation": "Always",
            }
        },
    ]
    (lost,) = unreviewed_losses([change("Modify", "True", Details=details)], Consent())
    assert (lost.id, lost.reason) == ("B", "BucketName")


def test_in_a_protected_account_a_review_is_not_enough() -> None:
    found = [change("Modify", "True")]
    seen = Consent(parts=(part(REPLACED),), is_protected=True)
    assert [item.id for item in unreviewed_losses(found, seen)] == ["B"]
    allowed = Consent(allowed=frozenset("B"), is_protected=True)
    assert unreviewed_losses(found, allowed) == ()


def test_a_line_of_the_configuration_lets_parts_go() -> None:
    found = [change("Modify", "True"), change("Remove", LogicalResourceId="C")]
    assert [item.id for item in unreviewed_losses(found, Consent(allowed=frozenset("C")))] == ["B"]
    assert unreviewed_losses(found, Consent(allowed=frozenset("*"))) == ()
