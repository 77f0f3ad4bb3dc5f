"""One CloudFormation stack: look, wait, read its events. Changes nothing, but deletes leftovers.

AWS (CloudFormation User Guide, "Stack status codes"): a stack whose creation failed ends in
``ROLLBACK_COMPLETE`` and can only be deleted; one whose change set was never executed stays in
``REVIEW_IN_PROGRESS``, empty. ``DescribeStacks`` gives a deleted stack only by its id. Events come
newest first; the first failure is the reason, later ones (``Resource creation cancelled``) echo it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from aft.errors import NotFound, Terminal, Transient

if TYPE_CHECKING:
    from types_boto3_cloudformation import CloudFormationClient

LEFTOVERS = ("CREATE_FAILED", "REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED")
"""What a creation that came to nothing leaves; such a stack cannot be updated."""

UPDATABLE = (
    *("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"),
    *("IMPORT_COMPLETE", "IMPORT_ROLLBACK_COMPLETE"),
)

LONGEST_WAIT = 3600.0
"""Seconds after which a run stops waiting for a stack; the next run goes on waiting."""
_FIRST_PAUSE, _LONGEST_PAUSE = 2.0, 15.0
_ECHOES = ("Resource creation cancelled", "Resource update cancelled")
_REASONS_SHOWN = 3

Sleep = Callable[[float], None]
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class StackState:
    """A stack as CloudFormation describes it."""

    id: str
    status: str
    reason: str
    outputs: Mapping[str, str]
    tags: Mapping[str, str]

    @property
    def is_steady(self) -> bool:
        """Nothing is in progress."""
        return self.status == "REVIEW_IN_PROGRESS" or not self.status.endswith("_IN_PROGRESS")


@dataclass(frozen=True, slots=True)
class Stack:
    """The stack called ``name``; waits for it at most ``longest`` seconds at a time."""

    client: CloudFormationClient
    name: str
    sleep: Sleep
    longest: float = LONGEST_WAIT

    def look(self, name: str | None = None) -> StackState | None:
        """The stack now, by its name or an id; ``None`` where there is none."""
        try:
            found = self.client.describe_stacks(StackName=name or self.name)["Stacks"]
        except NotFound:
            return None
        except Terminal as error:
            if error.code == "ValidationError" and "does not exist" in error.message:
                return None
            raise
        if not found or found[0]["StackStatus"] == "DELETE_COMPLETE":
            return None
        stack = found[0]
        return StackState(
            id=stack["StackId"],
            status=stack["StackStatus"],
            reason=stack.get("StackStatusReason", ""),
            outputs={item["OutputKey"]: item["OutputValue"] for item in stack.get("Outputs", ())},
            tags={item["Key"]: item["Value"] for item in stack.get("Tags", ())},
        )

    def wait(self) -> StackState | None:
        """The stack once nothing is in progress. Raises ``Transient`` when that takes too long."""
        return self.poll(self.look, lambda state: state is None or state.is_steady)

    def poll(self, look: Callable[[], T], is_done: Callable[[T], bool]) -> T:
        """Look again and again until ``is_done``. Raises ``Transient`` when that takes too long."""
        waited, pause = 0.0, _FIRST_PAUSE
        while True:
            seen = look()
            if is_done(seen):
                return seen
            if waited >= self.longest:
                minutes = f"{self.longest / 60:.0f} minutes"
                raise Transient(
                    f"stack {self.name} is still in progress after {minutes}",
                    hint="the next run continues to wait; look at the stack's events",
                )
            self.sleep(pause)
            waited, pause = waited + pause, min(pause * 1.5, _LONGEST_PAUSE)

    def settle(self) -> StackState | None:
        """The stack ready to be updated, or ``None`` to be created; leftovers are deleted. Raises
        ``Terminal`` where a person has to look first."""
        state = self.wait()
        if state is None or state.status in UPDATABLE:
            return state
        if state.status not in LEFTOVERS:
            hint = "look at the stack in the account, then delete it or repair it"
            if state.status == "UPDATE_ROLLBACK_FAILED":
                hint = "continue the rollback: aws cloudformation continue-update-rollback"
            raise Terminal(
                f"stack {self.name} is in {state.status}: {self.failure(state)}",
                hint=hint,
                code=state.status,
            )
        self.client.delete_stack(StackName=state.id)
        left = self.wait()
        if left is not None and left.id == state.id:
            raise Terminal(
                f"stack {self.name}, left in {state.status}, could not be deleted "
                f"({left.status}): {self.failure(left)}",
                hint="delete it in the account, then run again",
                code=left.status,
            )
        return None

    def last_event(self) -> str:
        """The id of the newest event, or an empty string."""
        try:
            events = self.client.describe_stack_events(StackName=self.name)["StackEvents"]
        except (NotFound, Terminal):
            return ""
        return str(events[0]["EventId"]) if events else ""

    def failure(self, state: StackState, *, since: str = "") -> str:
        """The stack's own first reasons, one line; ``since`` is an event before the trouble."""
        pages = self.client.get_paginator("describe_stack_events").paginate(StackName=state.id)
        newest_first = (event for page in pages for event in page["StackEvents"])
        events = list(itertools.takewhile(lambda item: item["EventId"] != since, newest_first))
        failed = [
            event
            for event in reversed(events)
            if event["ResourceStatus"].endswith("_FAILED")
            and not str(event.get("ResourceStatusReason", "")).startswith(_ECHOES)
        ]
        own = [event for event in failed if event["LogicalResourceId"] != self.name] or failed
        shown = [
            f"{event['LogicalResourceId']} ({event.get('ResourceType', '?')}) "
            f"{event['ResourceStatus']}: {event.get('ResourceStatusReason', 'no reason given')}"
            for event in own[:_REASONS_SHOWN]
        ]
        more = f"; and {len(own) - len(shown)} more" if len(own) > len(shown) else ""
        return "; ".join(shown) + more if shown else state.reason or "no reason given"
