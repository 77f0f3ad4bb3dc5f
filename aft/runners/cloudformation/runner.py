"""The runner of ``*.cfn.yaml``, ``*.cfn.yml`` and ``*.cfn.json`` steps: CloudFormation stacks.

A template is rendered with Jinja2 (its only source of data: parameters without a default cannot
be given) and brought to its own stack in the account's home region. The stack's outputs are
the step's. Deleting a step's file leaves its stack alone unless its customization says otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

from aft.cloudformation.stored import stored_form
from aft.customizations.model import (
    ALL_INPUTS,
    Access,
    CustomizationStep,
    StepFile,
    StepInputs,
    StepResult,
)
from aft.customizations.render import (
    check_template,
    rendered,
    template_accesses,
    template_uses,
)
from aft.errors import NotReviewed, Terminal
from aft.findings.model import Finding, SourceRef
from aft.runners.cloudformation.gate import check_removal
from aft.runners.cloudformation.preview import compare_rendered, gains_of_rendered
from aft.runners.cloudformation.stacks import (
    LONGEST_WAIT,
    OWNER_TAG,
    REQUEST_TAG,
    Stack,
    apply_template,
    delete_stack,
)
from aft.runners.cloudformation.template_shape import check_shape, output_names
from aft.sessions import AccountSession
from aft.values.ids import AccountId
from aft.values.parts import Comparison, Gain

TEMPLATE_SUFFIXES = (".cfn.yaml", ".cfn.yml", ".cfn.json")
_WAITS = "it reads what an earlier step of this plan leaves, which only apply can know"
MAX_TEMPLATE_BYTES = 51_200
"""AWS quota: a template given in the call itself; larger ones need a bucket."""
MAX_STACK_NAME = 128


class CloudFormationRunner:
    """Carries out CloudFormation templates, and waits for their stacks."""

    kind: ClassVar[str] = "cloudformation"
    effect_version: ClassVar[int] = 1
    suffixes: ClassVar[tuple[str, ...]] = TEMPLATE_SUFFIXES
    needs_files: ClassVar[bool] = False
    stays: ClassVar[str] = "its stack stays"

    def check(self, step: CustomizationStep) -> tuple[Finding, ...]:
        path = step.file.path
        try:
            text = step.file.content.decode()
        except UnicodeDecodeError as error:
            message = f"the file is not UTF-8 at byte {error.start}"
            return (Finding(code="AFT604", source=SourceRef(path), message=message),)
        return (*check_template(text, path), *check_shape(text, path))

    def uses(self, file: StepFile) -> frozenset[str]:
        try:
            used = template_uses(file.content.decode())
        except UnicodeDecodeError:
            return ALL_INPUTS
        return used | {"home_region", "request_id"}  # where the stack is, and its tag

    def reads(self, step: CustomizationStep) -> tuple[Access, ...]:
        text = step.file.content.decode(errors="replace")
        return tuple(replace(read, file=step.file.path) for read in template_accesses(text))

    def declares(self, step: CustomizationStep) -> frozenset[str] | None:
        return output_names(step.file.content.decode(errors="replace"), step.file.path)

    def run(
        self, step: CustomizationStep, inputs: StepInputs, session: AccountSession
    ) -> StepResult:
        path = step.file.path
        template = rendered(step.file.content.decode(), path, inputs)
        size = len(template.encode())
        if size > MAX_TEMPLATE_BYTES:
            raise Terminal(
                f"{path}: the rendered template is {size:,} bytes; CloudFormation takes "
                f"{MAX_TEMPLATE_BYTES:,}",
                hint="split it into two steps",
            )
        stack = _stack(step, session)
        try:
            result = apply_template(
                stack,
                template,
                {REQUEST_TAG: inputs.account.request_id, OWNER_TAG: step.id},
                inputs.consent,
            )
        except NotReviewed as error:
            raise NotReviewed(
                f"{path}: {error.message}", hint=error.hint, code=error.code
            ) from error
        except Terminal as error:
            hint = error.hint
            if "must have values" in error.message:  # CloudFormation, about its parameters
                hint = "give the template's parameters a Default; data comes from Jinja2"
            raise Terminal(f"{path}: {error.message}", hint=hint, code=error.code) from error
        log = f"stack {stack.name}: {'changed' if result.changed else 'no changes'}"
        return replace(result, log=log)

    def kept(self, step: CustomizationStep, inputs: StepInputs) -> str:
        return stored_form(rendered(step.file.content.decode(), step.file.path, inputs)) or ""

    def compare(
        self,
        step: CustomizationStep,
        inputs: StepInputs,
        before: str | None,
        *,
        waits: bool,
    ) -> Comparison:
        try:
            after, pseudo = _rendered(step, inputs)
        except Terminal as error:
            return Comparison(unknown=(error.message,))
        found = compare_rendered(before, after, pseudo)
        if waits and before is not None:
            return replace(found, unknown=(*found.unknown, _WAITS))
        return found

    def gains(
        self, step: CustomizationStep, inputs: StepInputs, before: str | None
    ) -> tuple[Gain, ...]:
        try:
            after, pseudo = _rendered(step, inputs)
        except Terminal:
            return ()
        organization_id = inputs.account.organization_id
        return gains_of_rendered(before, after, pseudo, organization_id=organization_id)

    def destroy(
        self,
        step: CustomizationStep,
        inputs: StepInputs,
        session: AccountSession,
    ) -> StepResult:
        stack = _stack(step, session)
        check_removal(stack.name, step.id, inputs.consent)
        deleted = delete_stack(stack, owner=step.id)
        log = f"stack {stack.name}: {'deleted' if deleted else 'is not there'}"
        return StepResult(changed=deleted, log=log)


def _rendered(step: CustomizationStep, inputs: StepInputs) -> tuple[str, Mapping[str, str]]:
    """The template as it would be applied, and what is known of its stack. Raises ``Terminal``."""
    facts = inputs.account
    account_id = facts.account_id or AccountId("${AWS::AccountId}")  # it is still to be made
    known = replace(inputs, account=replace(facts, account_id=account_id))
    pseudo = {
        "AWS::AccountId": account_id,
        "AWS::Partition": "aws",
        "AWS::Region": facts.home_region,
        "AWS::StackName": stack_name(step),
        "AWS::URLSuffix": "amazonaws.com",
    }
    return rendered(step.file.content.decode(), step.file.path, known), pseudo


def _stack(step: CustomizationStep, session: AccountSession) -> Stack:
    longest = LONGEST_WAIT if step.timeout_seconds is None else float(step.timeout_seconds)
    return Stack(session.client("cloudformation"), stack_name(step), session.sleep, longest=longest)


def stack_name(step: CustomizationStep) -> str:
    """``aft-<customization>-<step>`` without its ending, in CloudFormation's characters."""
    suffix = next((item for item in TEMPLATE_SUFFIXES if step.name.endswith(item)), "")
    text = f"aft-{step.customization}-{step.name.removesuffix(suffix)}"
    return re.sub(r"[^A-Za-z0-9]+", "-", text)[:MAX_STACK_NAME].strip("-")
