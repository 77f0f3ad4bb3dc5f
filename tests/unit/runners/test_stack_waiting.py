from __future__ import annotations

from typing import Any

import pytest

from aft.errors import Terminal, Transient
from aft.runners.cloudformation.stacks import LONGEST_WAIT, Stack


class OneStack:
    """CloudFormation with a stack that stays as it is, whatever is asked."""

    def __init__(self, status: str) -> None:
        self.stack = {"StackId": "arn:stack", "StackStatus": status}
        self.deleted = 0

    def describe_stacks(self, **_: str) -> dict[str, Any]:
        return {"Stacks": [self.stack]}

    def delete_stack(self, **_: str) -> None:
        self.deleted += 1
        self.stack["StackStatus"] = "DELETE_FAILED"

    def get_paginator(self, _: str) -> OneStack:
        return self

    def paginate(self, **_: str) -> list[dict[str, Any]]:
        return [
            {
                "StackEvents": [
                    event("aft-x", "DELETE_FAILED", "The following resources failed: [Bucket]"),
                    event("Queue", "DELETE_FAILED", "Resource creation cancelled"),
                ]
            },
            {"StackEvents": [event("Bucket", "DELETE_FAILED", "The bucket is not empty")]},
        ]


def event(name: str, status: str, reason: str) -> dict[str, str]:
    return {
        "EventId": f"{name}-{status}",
        "LogicalResourceId": name,
        "ResourceType": "AWS::X::Y",
        "ResourceStatus": status,
        "ResourceStatusReason": reason,
    }


def test_waiting_ends_and_says_that_the_next_run_goes_on() -> None:
    slept: list[float] = []
    stack = Stack(OneStack("CREATE_IN_PROGRESS"), "aft-x", slept.append)
    with pytest.raises(Transient, match="aft-x is still in progress after 60 minutes") as caught:
        stack.wait()
    assert LONGEST_WAIT <= sum(slept) < LONGEST_WAIT + 20
    assert "next run" in caught.value.hint


def test_a_leftover_that_cannot_be_deleted_says_why() -> None:
    stack = Stack(OneStack("ROLLBACK_COMPLETE"), "aft-x", lambda _: None)
    with pytest.raises(Terminal) as caught:
        stack.settle()
    assert caught.value.message == (
        "stack aft-x, left in ROLLBACK_COMPLETE, could not be deleted (DELETE_FAILED): "
        "Bucket (AWS::X::Y) DELETE_FAILED: The bucket is not empty"
    )


@pytest.mark.parametrize("status", ["UPDATE_ROLLBACK_FAILED", "DELETE_FAILED"])
def test_what_a_person_must_look_at_is_never_deleted(status: str) -> None:
    client = OneStack(status)
    with pytest.raises(Terminal, match=f"stack aft-x is in {status}"):
        Stack(client, "aft-x", lambda _: None).settle()
    assert client.deleted == 0
