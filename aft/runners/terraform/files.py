"""The files of a Terraform step: AFT's templates rendered, and what can be said of them offline.

``*.jinja`` of the folder become ``*.tf`` with AFT's thirteen variables, and what templates of aft
see. The process has the account's own credentials, so blocks that would assume the account's role
once more are taken out of rendered files.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from aft.customizations.model import Access, CustomizationStep, StepFile
from aft.customizations.render import check_template, template_accesses
from aft.findings.model import Finding, SourceRef, few, finding_at
from aft.runners.process.workdir import PROFILE
from aft.runners.shell.runner import check_profiles, check_script
from aft.runners.terraform.hcl_text import HclProblem, hcl_blocks, position
from aft.values.bounded_json import BadJson, read_json

_VARIABLES = """
    timestamp tf_distribution_type provider_region region aft_admin_role_arn target_admin_role_arn
    bucket key dynamodb_table kms_key_id tf_version terraform_org_name terraform_workspace_name
"""
AFT_VARIABLES = tuple(_VARIABLES.split())
"""The variables AFT gives its templates, every one of them."""

_ROOT_MODULE = (".tf", ".tf.json", ".jinja")
_ADMIN_ROLE = "aft_admin_role_arn"
_BACKEND = re.compile(r'^[^\S\n]*(?:backend\s+"|cloud\s*\{)', re.MULTILINE)
_PROFILE = re.compile(rf'^\s*profile\s*=\s*"{PROFILE}"')


def terraform_files(step: CustomizationStep) -> tuple[StepFile, ...]:
    """The files below the step's own folder, templates and modules alike."""
    return tuple(file for file in step.support if file.path.startswith(f"{step.file.path}/"))


def is_template(file: StepFile, step: CustomizationStep) -> bool:
    """Whether AFT renders the file: those directly in the folder that end in ``.jinja``."""
    inside = _inside(file, step)
    return inside.endswith(".jinja") and "/" not in inside


def _inside(file: StepFile, step: CustomizationStep) -> str:
    """The path of a file in the step's folder."""
    return file.path.removeprefix(f"{step.file.path}/")


def check_files(step: CustomizationStep) -> Iterator[Finding]:
    """What surely does not parse, or asks for what no customization gets."""
    files = terraform_files(step)
    top = [name for file in files if "/" not in (name := _inside(file, step))]
    if not any(name.endswith(_ROOT_MODULE) for name in top):
        path = step.file.path
        message = f"there is no .tf or .jinja file in {path}"
        yield finding_at("AFT641", SourceRef(path), message, "add one, or delete the folder")
    for file in files:
        check = _check_template if is_template(file, step) else _check_of(file.path)
        if check is None:
            continue
        try:
            yield from few(check(file, file.content.decode()), file.path)
        except UnicodeDecodeError as error:
            message = f"the file is not UTF-8 at byte {error.start}"
            yield finding_at("AFT640", SourceRef(file.path), message)
    for file in step.support:
        yield from few(check_script(file), file.path)


def _check_of(path: str) -> Callable[[StepFile, str], Iterator[Finding]] | None:
    if path.endswith(".tf.json"):
        return _check_json
    return _check_hcl if path.endswith((".tf", ".tfvars")) else None


def reads_of(step: CustomizationStep) -> tuple[Access, ...]:
    """What the templates read, AFT's own variables left out."""
    return tuple(
        replace(access, file=file.path)
        for file in terraform_files(step)
        if is_template(file, step)
        for access in template_accesses(file.content.decode(errors="replace"))
        if access.path[0] not in AFT_VARIABLES
    )


def outputs_declared(step: CustomizationStep) -> frozenset[str] | None:
    """The root module's outputs, by reading its files; ``None`` when that is unknown."""
    names: set[str] = set()
    for file in terraform_files(step):
        inside = _inside(file, step)
        if "/" in inside or not inside.endswith(_ROOT_MODULE):
            continue
        text = file.content.decode(errors="replace")
        if inside.endswith(".jinja"):
            if re.search(r"^[^\S\n]*output\b", text, re.MULTILINE):
                return None
            continue
        try:
            if inside.endswith(".json"):
                names.update(read_json(text).get("output", {}))
            else:
                top = (block.words for block in hcl_blocks(text) if block.depth == 0)
                names.update(words[1] for words in top if words[:1] == ("output",) and words[1:])
        except (HclProblem, ValueError, AttributeError, TypeError):
            return None
    return frozenset(names)


def without_own_role(text: str, own_role: str) -> str:
    """``text`` without the ``assume_role`` blocks that name ``own_role``; lines keep their
    numbers. Text that does not parse is for Terraform to complain of."""
    try:
        blocks = hcl_blocks(text)
    except HclProblem:
        return text
    parts: list[str] = []
    at = 0
    for block in sorted(blocks, key=lambda item: item.start):
        if block.start < at or block.words != ("assume_role",):
            continue
        inside = text[block.start : block.end]
        if own_role in inside:
            parts += (text[at : block.start], "\n" * inside.count("\n"))
            at = block.end
    return "".join((*parts, text[at:]))


def _check_template(file: StepFile, text: str) -> Iterator[Finding]:
    yield from check_template(text, file.path, AFT_VARIABLES)
    if _BACKEND.search(text):
        return  # the state has its own way in; what AFT writes there is overridden
    for access in template_accesses(text):
        if access.path[0] == _ADMIN_ROLE:
            message = f"{_ADMIN_ROLE} is a role of the AFT management account, and no "
            message += "customization gets credentials of another account"
            hint = "read what other accounts made by `depends_on` and outputs"
            source = SourceRef(file.path, access.line, access.column)
            yield finding_at("AFT642", source, message, hint)
    yield from check_profiles(file, _PROFILE)


def _check_json(file: StepFile, _: str) -> Iterator[Finding]:
    try:
        found = read_json(file.content)
    except BadJson as error:
        place = SourceRef(file.path, error.line, error.column)
        yield finding_at("AFT640", place, f"not JSON: {error.message}")
        return
    if not isinstance(found, dict | list):
        yield finding_at("AFT640", SourceRef(file.path), "Terraform in JSON is an object")


def _check_hcl(file: StepFile, text: str) -> Iterator[Finding]:
    try:
        hcl_blocks(text)
    except HclProblem as problem:
        source = SourceRef(file.path, *position(text, problem.offset))
        hint = "fix the syntax at the line shown; `terraform fmt` says more"
        yield finding_at("AFT640", source, f"not valid Terraform: {problem.message}", hint)
    yield from check_profiles(file, _PROFILE)
