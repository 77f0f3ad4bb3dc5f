"""The runner of Terraform folders: AFT's ``terraform/`` as it is, and ``NN-name.terraform/``.

Pre-helper, init, plan, apply of exactly that plan (unless it is empty, or does more than people
agreed to: ``gate``), outputs, post-helper. The
state is where ``aft.yaml`` says, under AFT's keys; AFT's backend and the roles it assumes are not
used, nor this process's Terraform configuration (``TF_*``, ``~/.terraformrc``).
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import json
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from aft.config.model import HcpBackend, LocalBackend, StateBackend
from aft.customizations.code_changes import ComparesCode
from aft.customizations.model import (
    Access,
    Consent,
    CustomizationStep,
    StepFailed,
    StepFile,
    StepHeld,
    StepInputs,
    StepResult,
)
from aft.customizations.options import TerraformOptions
from aft.customizations.render import rendered, template_uses
from aft.errors import Terminal
from aft.findings.model import Finding
from aft.runners.process.child import ChildEnd
from aft.runners.process.workdir import Bench, parameter_texts, step_bench
from aft.runners.shell.runner import POST, PRE, has_helper, left_outputs, run_helper, script_uses
from aft.runners.terraform.binary import TerraformBinary, find_binary
from aft.runners.terraform.files import (
    check_files,
    is_template,
    outputs_declared,
    reads_of,
    terraform_files,
    without_own_role,
)
from aft.runners.terraform.gate import Verdict, held_words, verdict_of, verdict_of_removal
from aft.runners.terraform.output import error_lines, read_outputs
from aft.runners.terraform.plan_json import UnreadablePlan, read_plan
from aft.runners.terraform.state import (
    OVERRIDE_FILE,
    SHARED_STEP,
    aft_variables,
    local_file,
    override,
    state_name,
)
from aft.sessions import AccountSession
from aft.values.parts import Comparison, Preview

DEFAULT_TIMEOUT_SECONDS = 1800
GRACE_SECONDS = 60.0
"""Terraform, interrupted, writes its state and unlocks it; killed, it does neither."""
_ONLY_TERRAFORM_KNOWS = (
    "what Terraform does with this is known only from its own plan: aft plan --terraform"
)
_LOCK_FILE = ".terraform.lock.hcl"
_PLAN_FILE = "aft.tfplan"
_MAX_PLAN = 64 * 1024 * 1024
_CHANGES = 2  # plan -detailed-exitcode
_cache_in_use = threading.Lock()


class TerraformRunner(ComparesCode):
    """Carries out Terraform and OpenTofu folders; time limits count ``elapsed`` seconds."""

    kind: ClassVar[str] = "terraform"
    effect_version: ClassVar[int] = 1
    suffixes: ClassVar[tuple[str, ...]] = ()
    folders: ClassVar[tuple[str, ...]] = ("terraform", "*.terraform")
    needs_files: ClassVar[bool] = True
    takes_secrets: ClassVar[bool] = True
    stays: ClassVar[str] = "its resources and their state stay"
    shared_step: ClassVar[str] = SHARED_STEP
    state_noun: ClassVar[str] = "Terraform state"
    takes_over: ClassVar[str] = "as in AFT: Terraform destroys what only the old one had"
    own_state: ClassVar[str] = (
        "write `terraform: {state: own}` in the customization.yaml of the new one if that is not "
        "meant"
    )

    def __init__(self, *, elapsed: Callable[[], float] = time.monotonic) -> None:
        self._elapsed = elapsed

    def check(self, step: CustomizationStep) -> tuple[Finding, ...]:
        return tuple(check_files(step))

    def uses(self, file: StepFile) -> frozenset[str]:
        return self.folder_uses((file,))

    def folder_uses(self, files: tuple[StepFile, ...]) -> frozenset[str]:
        scripts = tuple(file for file in files if not file.path.endswith((".tf", ".jinja")))
        used = script_uses(scripts) | {"parameters"}  # every parameter is a variable
        for file in files:
            if file.path.endswith(".jinja"):
                used |= template_uses(file.content.decode(errors="replace"))
        return used

    def reads(self, step: CustomizationStep) -> tuple[Access, ...]:
        return reads_of(step)

    def declares(self, step: CustomizationStep) -> frozenset[str] | None:
        scripts = any(b"AFT_OUTPUTS" in file.content for file in step.support)
        return None if scripts else outputs_declared(step)

    def compare(
        self,
        step: CustomizationStep,
        inputs: StepInputs,
        before: str | None,
        *,
        waits: bool,
    ) -> Comparison:
        found = super().compare(step, inputs, before, waits=waits)
        return replace(found, unknown=(*found.unknown, _ONLY_TERRAFORM_KNOWS))

    def run(
        self, step: CustomizationStep, inputs: StepInputs, session: AccountSession
    ) -> StepResult:
        with _project(step, inputs, session, elapsed=self._elapsed) as project:
            bench = project.bench
            if has_helper(step, PRE):
                run_helper(bench, PRE)
            project.begin()
            changed = project.plan()
            accepted = ""
            if changed:
                accepted = project.check_consent(verdict_of)
                project.apply()
            outputs = dict(project.outputs())
            if has_helper(step, POST):
                run_helper(bench, POST)
            outputs |= left_outputs(bench)
            helped = has_helper(step, PRE) or has_helper(step, POST)
            return StepResult(
                outputs=outputs, changed=changed or helped, log=bench.log, accepted=accepted
            )

    def destroy(
        self, step: CustomizationStep, inputs: StepInputs, session: AccountSession
    ) -> StepResult:
        with _project(step, inputs, session, elapsed=self._elapsed) as project:
            project.begin()
            changed = project.plan("-destroy")
            accepted = ""
            if changed:
                accepted = project.check_consent(verdict_of_removal)
                project.apply()
            project.forget_state()
            return StepResult(changed=changed, log=project.bench.log, accepted=accepted)

    def preview(
        self, step: CustomizationStep, inputs: StepInputs, session: AccountSession
    ) -> Preview:
        with _project(step, inputs, session, elapsed=self._elapsed) as project:
            if has_helper(step, PRE):  # what it writes is planned, too
                run_helper(project.bench, PRE)
            project.begin()
            project.plan("-lock=false")
            return project.read_plan()


class _Project:
    """One folder in a scratch place, with the tool that works on it."""

    def __init__(
        self, bench: Bench, inputs: StepInputs, *, binary: TerraformBinary, backend: StateBackend
    ) -> None:
        self.bench = bench
        self.step = bench.step
        self.folder = bench.folder / bench.step.name
        self._inputs = inputs
        self._options: TerraformOptions = inputs.options.terraform
        self._binary = binary
        self._backend = backend
        self._name = state_name(bench.step, inputs.account.account_id or "")
        bench.environment = {**bench.environment, **self._variables()}

    def begin(self) -> None:
        """Render, override the backend, init. Raises ``StepFailed``."""
        self._render()
        content = override(self._backend, self._name, self._binary.version)
        self.bench.write(self.folder / OVERRIDE_FILE, json.dumps(content, indent=2).encode())
        options = self._options
        plugins = (f"-plugin-dir={options.plugin_dir}",) if options.plugin_dir else ()
        with _provider_cache(options, locked=(self.folder / _LOCK_FILE).is_file()) as cache:
            self._terraform("init", *plugins, more=cache)

    def plan(self, *arguments: str) -> bool:
        """Whether there is anything to change. Raises ``StepFailed``."""
        lock = () if "-lock=false" in arguments else ("-lock-timeout=60s",)
        end = self._terraform(
            "plan", "-detailed-exitcode", f"-out={_PLAN_FILE}", *lock, *arguments, allow=_CHANGES
        )
        return end.exit_code == _CHANGES

    def read_plan(self) -> Preview:
        """What the saved plan does. Raises ``StepFailed`` for one that cannot be read."""
        target = self.bench.place / "plan.json"
        self.bench.write(target, b"")  # not through what a helper may have left there
        script = f'exec "$0" show -json -no-color {_PLAN_FILE} > "$1"'
        end = self.bench.run(
            ("sh", "-c", script, self._binary.path, str(target)), cwd=self.folder, quiet=True
        )
        if end.exit_code:
            raise self._failed("show", end)
        left = self.bench.read(target, most=_MAX_PLAN) or b""
        try:
            text = left.decode(errors="replace")
            return read_plan(text, binding=self._inputs.consent.binding)
        except UnreadablePlan as error:
            why = f"{self._binary.name} {self._binary.text} writes plans that aft cannot read"
            hint = "use a version that aft knows: `terraform.version` in aft.yaml"
            raise self.bench.failed("", why, hint=hint) from error
        finally:
            self.bench.write(target, b"")  # it has the values of secrets

    def check_consent(self, judge: Callable[[Preview, Consent], Verdict]) -> str:
        """The digest of the saved plan where people accepted it, "" where none is needed. Raises
        ``StepHeld`` for a plan that may not be carried out."""
        preview = self.read_plan()
        verdict = judge(preview, self._inputs.consent)
        if not verdict.held:
            return verdict.accepted
        self.bench.note(f"held: {verdict.why}; plan {preview.digest}")
        raise StepHeld(
            f"{self.step.file.path}: nothing was changed, because {verdict.why}: "
            f"{held_words(verdict.held)}",
            hint=verdict.hint,
            code="NotReviewed",
            preview=preview,
            log=self.bench.log,
        )

    def apply(self) -> None:
        """Exactly what was planned. Raises ``StepFailed`` with Terraform's own error lines."""
        self._terraform("apply", "-lock-timeout=60s", _PLAN_FILE, grace=GRACE_SECONDS)

    def outputs(self) -> Mapping[str, str]:
        """The outputs that may be written down; the values of others are masked from now on."""
        end = self._terraform("output", "-json", quiet=True)
        try:
            found = read_outputs(end.output)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            why = type(error).__name__
            raise self.bench.failed("", f"its outputs cannot be read ({why})") from error
        self.bench.hide(*found.secret)
        self.bench.check_outputs(found.shown, "declare it with `sensitive = true`")
        return found.shown

    def forget_state(self) -> None:
        """Take an empty state of this machine away; elsewhere it does no harm."""
        if isinstance(self._backend, LocalBackend):
            file = local_file(self._backend, self._name)
            for left in (file, file.with_name(f"{file.name}.backup")):
                left.unlink(missing_ok=True)
            with contextlib.suppress(OSError):  # there may be something else
                file.parent.rmdir()

    def _terraform(
        self,
        *arguments: str,
        allow: int = 0,
        more: Mapping[str, str] | None = None,
        grace: float = 0.0,
        quiet: bool = False,
    ) -> ChildEnd:
        verb = arguments[0]
        common = () if verb == "output" else ("-input=false",)
        command = (self._binary.path, verb, *common, "-no-color", *arguments[1:])
        self.bench.note(f"{self._binary.name} {self._binary.text}: {' '.join(arguments)}")
        end = self.bench.run(command, cwd=self.folder, more=more, grace=grace, quiet=quiet)
        if end.exit_code not in (0, allow):
            raise self._failed(verb, end)
        return end

    def _failed(self, verb: str, end: ChildEnd) -> StepFailed:
        place, errors = error_lines(end.output, self.step)
        why = errors or f"{end.how}{end.tail}"
        hint = "fix the configuration; the next run tries again"
        if verb == "apply":
            hint = "what was made before the failure is in the state; the next run goes on from it"
        elif "failed to query available provider packages" in end.output.lower():
            hint = "let this machine reach the registry, or name a folder of unpacked providers "
            hint += "as `terraform.plugin_dir` in aft.yaml"
        return self.bench.failed(place, f"terraform {verb} failed: {why}", hint=hint)

    def _render(self) -> None:
        account, options = self._inputs.account, self._inputs.options
        role = f"role/{options.member_role}"
        own_role = f"arn:{options.partition}:iam::{account.account_id}:{role}"
        values = aft_variables(
            self._backend,
            name=self._name,
            home_region=account.home_region,
            own_role=own_role,
            version=self._binary.text,
        )
        for file in terraform_files(self.step):
            if is_template(file, self.step):
                content = file.content.decode()
                text = rendered(content, file.path, self._inputs, values)
                name = file.path.rsplit("/", 1)[-1].removesuffix(".jinja")
                target = self.folder / f"{name}.tf"
                before = self.bench.read(target, most=_MAX_PLAN) or b""  # AFT appends, too
                self.bench.write(target, before + without_own_role(text, own_role).encode())

    def _variables(self) -> Mapping[str, str]:
        found = {"TF_IN_AUTOMATION": "1", "TF_INPUT": "0", "CHECKPOINT_DISABLE": "1"}
        for name, text in parameter_texts(self._inputs).items():
            found[f"TF_VAR_{name}"] = text
        token = self._options.token
        if isinstance(self._backend, HcpBackend) and token:
            self.bench.hide(token)
            host = self._backend.hostname.replace("-", "__").replace(".", "_")
            found[f"TF_TOKEN_{host}"] = token
        return found


@contextlib.contextmanager
def _project(
    step: CustomizationStep,
    inputs: StepInputs,
    session: AccountSession,
    *,
    elapsed: Callable[[], float],
) -> Iterator[_Project]:
    options = inputs.options.terraform
    if options.backend is None:
        raise Terminal(
            f"{step.file.path}: aft.yaml does not say where Terraform keeps its state",
            hint="write `terraform: {backend: {s3: {bucket: …, region: …}}}` in aft.yaml",
        )
    binary = find_binary(options)
    timeout = step.timeout_seconds or DEFAULT_TIMEOUT_SECONDS
    with (
        _room(options.in_parallel),
        step_bench(step, inputs, session, timeout=timeout, elapsed=elapsed) as bench,
    ):
        yield _Project(bench, inputs, binary=binary, backend=options.backend)


@functools.cache
def _room(in_parallel: int) -> threading.BoundedSemaphore:
    """Providers are large: this many Terraforms at a time, however many accounts there are."""
    return threading.BoundedSemaphore(in_parallel)


@contextlib.contextmanager
def _provider_cache(options: TerraformOptions, *, locked: bool) -> Iterator[Mapping[str, str]]:
    """Variables for one ``init`` with a cache of providers, which only one may use at a time.
    Without the folder's own lock file Terraform would not take a provider from the cache."""
    if not options.plugin_cache_dir or options.plugin_dir:
        yield {}
        return
    cache = Path(options.plugin_cache_dir)
    cache.mkdir(parents=True, exist_ok=True, mode=0o700)
    found = {"TF_PLUGIN_CACHE_DIR": str(cache)}
    if not locked:
        found["TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE"] = "1"
    with _cache_in_use, _locked(cache):
        yield found


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """The folder itself is locked: a step could have put a pipe in place of a file in it."""
    lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)
