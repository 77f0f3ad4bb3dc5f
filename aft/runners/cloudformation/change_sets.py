"""Bring a CloudFormation stack to a template, through a change set. Idempotent.

AWS (CloudFormation API, ``CreateChangeSet``): creating is asynchronous; a change set without
changes *fails*, with a reason (``_NO_CHANGE``) and no code. One for a new stack leaves that stack
in ``REVIEW_IN_PROGRESS`` until it is executed. Names are unique per stack, so one left by a run
that died is deleted first. A client token tells a call that is sent again from a second one.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from aft.customizations.model import Consent
from aft.errors import AftError, NotFound, Terminal
from aft.runners.cloudformation.gate import check_consent
from aft.runners.cloudformation.stacks import UPDATABLE, Stack, StackState

CHANGE_SET = "aft"
OWNER_TAG = "aft:customization"
REQUEST_TAG = "aft:request"
CAPABILITIES: Final = ("CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND")
_NO_CHANGE = ("didn't contain changes", "No updates are to be performed")


@dataclass(frozen=True, slots=True, kw_only=True)
class StackResult:
    """What the stack was left as."""

    outputs: Mapping[str, str]
    changed: bool


def apply_template(
    stack: Stack, template: str, tags: Mapping[str, str], consent: Consent
) -> StackResult:
    """Create or update ``stack``. Raises ``Terminal`` with the stack's own reasons, and
    ``NotReviewed``, before anything is changed, where it would end what nobody agreed to end."""
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
            return StackResult(outputs=before.outputs, changed=False)
        raise Terminal(
            f"CloudFormation refuses the template of stack {stack.name}: {reason}",
            hint="fix the template",
            code="ChangeSetFailed",
        )
    try:
        check_consent(stack.name, _changes(stack, described), consent)
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
    return StackResult(outputs=after.outputs, changed=True)


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
