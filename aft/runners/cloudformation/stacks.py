"""One CloudFormation stack: look, wait, read its events; bring it to a template, or delete it.

AWS (CloudFormation User Guide, "Stack status codes"): a stack whose creation failed ends in
``ROLLBACK_COMPLETE`` and can only be deleted; one whose change set was never executed stays in
``REVIEW_IN_PROGRESS``, empty. ``DescribeStacks`` gives a deleted stack only by its id. Events come
newest first; the first failure is the reason, later ones (``Resource creation cancelled``) echo it.
Creating a change set is asynchronous; one without changes *fails*, with a reason (``_NO_CHANGE``)
and no code. Its name is unique per stack, so one left by a run that died is deleted first. A client
token tells a call that is sent again from a second one.
"""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

from aft.customizations.model import Consent, StepResult
from aft.errors import AftError, NotFound, Terminal, Transient
from aft.runners.cloudformation.gate import check_consent

if TYPE_CHECKING:
    from types_boto3_cloudformation import CloudFormationClient

CHANGE_SET = "aft"
OWNER_TAG = "aft:customization"
REQUEST_TAG = "aft:request"
CAPABILITIES: Final = ("CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND")
_NO_CHANGE = ("didn't contain changes", "No updates are to be performed")

LEFTOVERS = ("CREATE_FAILED", "REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED")
"""What a creation that failed leaves; such a stack cannot be updated."""

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


def apply_template(
    stack: Stack, template: str, tags: Mapping[str, str], consent: Consent
) -> StepResult:
    """Create or update ``stack``. Raises ``Terminal`` with the stack's own reasons, and
    ``NotReviewed``, before anything is changed, where it would end what no one agreed to end."""
    _check_owner(stack, tags)
    before = stack.settle()
    _discard(stack, before)
    try:
        described = _prepare(stack, template, tags, is_new=before is None)
    except AftError:
        _forget_review(stack, is_new=before is None)
        raise
    if described["Status"] == "FAILED":
        reason = described.get("StatusReason", "no reason given")
        _discard(stack, stack.look())
        _forget_review(stack, is_new=before is None)
        if before is not None and any(words in reason for words in _NO_CHANGE):
            return StepResult(outputs=before.outputs, changed=False)
        raise Terminal(
            f"CloudFormation refuses the template of stack {stack.name}: {reason}",
            hint="fix the template",
            code="ChangeSetFailed",
        )
    try:
        check_consent(stack.name, _changes(stack, described), consent, step=tags.get(OWNER_TAG, ""))
    except AftError:
        _discard(stack, before)
        _forget_review(stack, is_new=before is None)
        raise
    since = stack.last_event() if before is not None else ""
    _execute(stack)
    after = stack.wait()
    if after is None:
        raise Terminal(f"stack {stack.name} is gone after its creation failed")
    if after.status not in UPDATABLE or "ROLLBACK" in after.status:
        raise Terminal(
            f"stack {stack.name} failed ({after.status}): {stack.failure(after, since=since)}",
            hint="fix the template or what the reason names; the next run tries again",
            code=after.status,
        )
    return StepResult(outputs=after.outputs, changed=True)


def delete_stack(stack: Stack, *, owner: str) -> bool:
    """Delete ``stack`` if it is there and ``owner``'s; ``False`` when there is none. Raises
    ``Terminal`` with the stack's own reasons, such as a bucket that is not empty."""
    before = stack.wait()
    if before is None:
        return False
    if before.tags.get(OWNER_TAG) != owner:
        raise Terminal(
            f"stack {stack.name} belongs to customization step "
            f"{before.tags.get(OWNER_TAG, '(unknown)')}, not {owner}",
            hint="delete it manually if it is to go",
        )
    since = stack.last_event()
    stack.client.delete_stack(StackName=before.id)
    left = stack.poll(lambda: stack.look(before.id), lambda state: state is None or state.is_steady)
    if left is not None:
        raise Terminal(
            f"stack {stack.name} could not be deleted ({left.status}): "
            f"{stack.failure(left, since=since)}",
            hint="remove the reason in the account; the next run tries again",
            code=left.status,
        )
    return True


def _check_owner(stack: Stack, tags: Mapping[str, str]) -> None:
    """Two steps whose names differ only in odd characters would share one stack, in turns."""
    state = stack.look()
    owner = state.tags.get(OWNER_TAG) if state is not None else None
    if owner is not None and owner != tags[OWNER_TAG]:
        raise Terminal(
            f"stack {stack.name} belongs to customization step {owner}, not {tags[OWNER_TAG]}",
            hint="rename one of the two steps; if this one was renamed, delete the old stack first",
        )


def _prepare(
    stack: Stack, template: str, tags: Mapping[str, str], *, is_new: bool
) -> Mapping[str, Any]:
    stack.client.create_change_set(
        StackName=stack.name,
        ChangeSetName=CHANGE_SET,
        ChangeSetType="CREATE" if is_new else "UPDATE",
        TemplateBody=template,
        Capabilities=list(CAPABILITIES),
        Tags=[{"Key": key, "Value": value} for key, value in sorted(tags.items())],
        ClientToken=uuid.uuid4().hex,
    )
    return stack.poll(
        lambda: stack.client.describe_change_set(StackName=stack.name, ChangeSetName=CHANGE_SET),
        lambda answer: answer["Status"] in {"CREATE_COMPLETE", "FAILED"},
    )


def _changes(stack: Stack, described: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """All changes of the change set, of which AWS gives a page at a time."""
    while True:
        yield from described.get("Changes", ())
        token = described.get("NextToken")
        if not token:
            return
        described = stack.client.describe_change_set(
            StackName=stack.name, ChangeSetName=CHANGE_SET, NextToken=token
        )


def _execute(stack: Stack) -> None:
    try:
        stack.client.execute_change_set(
            StackName=stack.name, ChangeSetName=CHANGE_SET, ClientRequestToken=uuid.uuid4().hex
        )
    except Terminal as error:
        if error.code != "TokenAlreadyExistsException":  # else it is in progress already
            raise


def _discard(stack: Stack, state: StackState | None) -> None:
    """Delete our change set, if one is left."""
    try:
        if state is not None:
            stack.client.delete_change_set(StackName=stack.name, ChangeSetName=CHANGE_SET)
    except NotFound:
        return
    except Terminal as error:
        if error.code not in {"ChangeSetNotFound", "ChangeSetNotFoundException"}:
            raise


def _forget_review(stack: Stack, *, is_new: bool) -> None:
    """Delete the empty stack that a change set for a new one leaves behind."""
    state = stack.look() if is_new else None
    if state is not None and state.status == "REVIEW_IN_PROGRESS":
        stack.client.delete_stack(StackName=state.id)
        stack.wait()
