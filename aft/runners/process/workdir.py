"""What the processes of one step find: a scratch folder, an environment, one account's credentials.

The folder has the step's files from git, laid out as AFT lays them out. The environment is made
from nothing: no variable of this process but PATH and those that say how to get out of this
network. Credentials are in neither: the step's processes ask an endpoint (``credentials``), and so
does the small program behind AFT's profiles.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from aft.customizations.model import GLOBAL, CustomizationStep, StepFailed, StepInputs
from aft.customizations.step_inputs_json import encode_inputs
from aft.redaction import redact
from aft.runners.process.child import SHORTEST_SECRET, ChildEnd, masked, run_child
from aft.runners.process.credentials import (
    TOKEN_VARIABLE,
    URI_VARIABLE,
    StepCredentials,
    step_credentials,
)
from aft.runners.process.left import NotPlainError, read_left, write_over
from aft.runners.process.scratch import scratch_folder
from aft.sessions import AccountSession

FOREIGN_PROFILES = (
    *("aft-management", "aft-management-admin"),
    *("ct-management", "ct-audit", "ct-log-archive"),
)
"""AFT's profiles of other accounts; asking for one fails with the reason."""
PROFILE = f"({'|'.join(sorted(FOREIGN_PROFILES, key=len, reverse=True))})"
"""An expression for one of them."""
MAX_LOG = 256 * 1024
"""Characters of a step's log that are kept, the end."""
NETWORK_VARIABLES = frozenset(
    {
        *("HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "https_proxy", "http_proxy", "no_proxy"),
        *("SSL_CERT_FILE", "SSL_CERT_DIR", "AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"),
        "CURL_CA_BUNDLE",
    }
)
"""How to get out of this network: handed on where they are set."""

_CREDENTIAL_PROGRAM = f"""\
#!{{python}} -IS
# Answers the AWS SDKs' credential_process with what the step's own endpoint says.
import json, os, sys, urllib.request
if sys.argv[1] != "aft-target":
    sys.exit(f"aft: no customization gets credentials of profile {{{{sys.argv[1]}}}}; "
             "only aft-target is there")
asked = urllib.request.Request(os.environ["{URI_VARIABLE}"])
asked.add_header("Authorization", os.environ["{TOKEN_VARIABLE}"])
direct = urllib.request.build_opener(urllib.request.ProxyHandler({{{{}}}}))
with direct.open(asked, timeout=30) as answer:
    found = json.load(answer)
print(json.dumps({{{{
    "Version": 1, "AccessKeyId": found["AccessKeyId"], "Expiration": found["Expiration"],
    "SecretAccessKey": found["SecretAccessKey"], "SessionToken": found["Token"],
}}}}))
"""


class Bench:
    """One step's scratch folder and what its processes have in common, such as the time limit.
    ``folder`` is the customization's own folder in it."""

    def __init__(
        self,
        step: CustomizationStep,
        inputs: StepInputs,
        *,
        place: Path,
        credentials: StepCredentials,
        timeout: float,
        elapsed: Callable[[], float],
    ) -> None:
        self.step = step
        self.place = place
        self.root = place / "files"
        self.folder = self.root if step.customization == GLOBAL else self.root / step.customization
        self.timeout = timeout
        self._elapsed = elapsed
        self._until = elapsed() + timeout
        self.secrets = credentials.secrets
        self.secrets.extend((*proxy_passwords(), *secret_texts(inputs.secrets)))
        self._log: list[str] = []
        write_files(step, self.folder)
        self.environment = {
            **inputs.secrets,
            **base_environment(place / "home"),
            **_profiles(place / "aws", credentials.environment.get("AWS_REGION", "")),
            **credentials.environment,
            **self._inputs(inputs),
        }

    def run(
        self,
        command: Sequence[str],
        *,
        cwd: Path | None = None,
        more: Mapping[str, str] | None = None,
        grace: float = 0.0,
        quiet: bool = False,
    ) -> ChildEnd:
        """Run one process within what is left of the time; its output goes to the log. Raises
        ``StepFailed`` when the time is up or the command cannot be started."""
        left = self._until - self._elapsed()
        if left <= 0:
            raise self.failed("", f"not done after {self.timeout:,.0f} seconds", code="TimedOut")
        try:
            end = run_child(
                command,
                cwd=cwd or self.root,
                environment={**self.environment, **(more or {})},
                timeout=left,
                secrets=self.secrets,
                grace=grace,
                elapsed=self._elapsed,
            )
        except OSError as error:
            raise self.failed("", f"{command[0]} cannot be started: {error.strerror}") from error
        self.hide(*end.secrets)
        if not quiet:
            self._log.append(end.output)
        if end.timed_out:
            raise self.failed(
                "",
                f"not done after {self.timeout:,.0f} seconds, so it was stopped{end.tail}",
                hint="make it faster, or allow more: `timeout_seconds` in customization.yaml",
                code="TimedOut",
            )
        return end

    def check_outputs(self, outputs: Mapping[str, str], hint: str) -> None:
        """Raises ``StepFailed`` for a secret among them: outputs are kept in git."""
        if any(secret in text for secret in self.secrets for it in outputs.items() for text in it):
            raise self.failed("", "an output contains a secret; outputs are kept in git", hint=hint)

    def read(self, path: Path, *, most: int, name: str = "") -> bytes | None:
        """What the step left there, None where it left nothing. Raises ``StepFailed`` for what is
        no plain file (``name`` for people) of at most ``most`` bytes."""
        try:
            return read_left(self.place, path, most=most)
        except NotPlainError as error:
            raise self._not_plain(name or path.name, error) from error

    def write(self, path: Path, content: bytes) -> None:
        """Write a file where a step's process may have left something. Raises ``StepFailed``."""
        try:
            write_over(self.place, path, content)
        except NotPlainError as error:
            raise self._not_plain(path.name, error) from error

    def _not_plain(self, name: str, error: NotPlainError) -> StepFailed:
        hint = "leave a regular file there: no link, folder, pipe or device"
        return self.failed("", f"{name} {error.reason}", hint=hint)

    def note(self, line: str) -> None:
        """A line of aft's own in the log."""
        self._log.append(f"--- {line}\n")

    def hide(self, *values: str) -> None:
        """Mask these from now on, and in what was logged already."""
        self.secrets.extend(value for value in values if value not in self.secrets)

    @property
    def log(self) -> str:
        """All output so far, masked."""
        text = redact(masked("".join(self._log), self.secrets))
        return text if len(text) <= MAX_LOG else "[…]" + text[-MAX_LOG:]

    def failed(self, path: str, message: str, *, hint: str = "", code: str = "") -> StepFailed:
        """The error to raise: where (a file of the repository), what, and the whole log."""
        return StepFailed(
            f"{path or self.step.file.path}: {masked(message, self.secrets)}",
            hint=hint or "fix the step; the next run starts it again",
            code=code,
            log=self.log,
        )

    def check_end(self, end: ChildEnd, path: str) -> None:
        """Raises ``StepFailed`` unless the process ended well."""
        if end.exit_code:
            raise self.failed(path, f"ended with {end.how}{end.tail}")

    def _inputs(self, inputs: StepInputs) -> Mapping[str, str]:
        """The variables that say what the step is for; AFT's among them."""
        order = self.place / "inputs.json"
        order.write_text(json.dumps(encode_inputs(inputs), indent=2), encoding="utf-8")
        account_id = inputs.account.account_id or ""
        return {
            "VENDED_ACCOUNT_ID": account_id,
            "AFT_ACCOUNT_ID": account_id,
            "AFT_REQUEST_ID": inputs.account.request_id,
            "AFT_INPUTS": str(order),
            "AFT_OUTPUTS": str(self.place / "outputs"),
            "DEFAULT_PATH": str(self.root),
            "CUSTOMIZATION": "" if self.step.customization == GLOBAL else self.step.customization,
            **{
                f"AFT_PARAMETER_{name.upper()}": text
                for name, text in parameter_texts(inputs).items()
            },
        }


@contextlib.contextmanager
def step_bench(
    step: CustomizationStep,
    inputs: StepInputs,
    session: AccountSession,
    *,
    timeout: float,
    elapsed: Callable[[], float] = time.monotonic,
) -> Iterator[Bench]:
    """A bench for one run of ``step``, cleared away afterwards; ``timeout`` is in seconds."""
    with step_credentials(session) as credentials, scratch_folder() as place:
        yield Bench(
            step, inputs, place=place, credentials=credentials, timeout=timeout, elapsed=elapsed
        )


def base_environment(home: Path) -> Mapping[str, str]:
    """What every process needs, and nothing that tells of this one."""
    passed = [name for name in sorted(NETWORK_VARIABLES) if os.environ.get(name)]
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(home),
        "TMPDIR": str(home),
        "LANG": "C.UTF-8",
        # Without its own credentials a client must fail, not find those of this machine.
        "AWS_EC2_METADATA_DISABLED": "true",
        **{name: os.environ[name] for name in passed},
    }


def write_files(step: CustomizationStep, folder: Path) -> None:
    """The step's files below ``folder``, laid out as in the customization."""
    for file in step.files:
        target = folder / file.path.removeprefix(f"{step.folder}/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.content)
        if target.suffix == ".sh":
            target.chmod(0o700)


def proxy_passwords() -> list[str]:
    """The passwords in the addresses of proxies, which a step's output must not show."""
    found = []
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy"):
        with contextlib.suppress(ValueError):
            found.append(urlsplit(os.environ.get(name, "")).password)
    return [password for password in found if password]


def secret_texts(values: Mapping[str, str]) -> list[str]:
    """What a step's output must not show of its secrets: each, and each line of it."""
    found = (part for value in values.values() for part in (value, *value.splitlines()))
    return [text for text in dict.fromkeys(found) if len(text) >= SHORTEST_SECRET]


def parameter_texts(inputs: StepInputs) -> Mapping[str, str]:
    """The parameters that have a value, for variables: text as it is, everything else as JSON."""
    return {
        name: value if isinstance(value, str) else json.dumps(value, sort_keys=True)
        for name, value in inputs.parameters.items()
        if value is not None
    }


def _profiles(folder: Path, region: str) -> Mapping[str, str]:
    """AFT's profiles in a private configuration file; no credentials are written."""
    folder.mkdir()
    program = folder / "credentials-of"
    text = _CREDENTIAL_PROGRAM.format(python=sys.executable)
    program.write_text(text, encoding="utf-8")
    program.chmod(0o700)
    lines = [f"[default]\nregion = {region}\n"]
    for name in ("aft-target", *FOREIGN_PROFILES):
        process = f"{shlex.quote(str(program))} {name}"
        lines.append(f"[profile {name}]\nregion = {region}\ncredential_process = {process}\n")
    config = folder / "config"
    config.write_text("\n".join(lines), encoding="utf-8")
    config.chmod(0o600)
    none = folder / "credentials"
    none.touch(0o600)
    return {"AWS_CONFIG_FILE": str(config), "AWS_SHARED_CREDENTIALS_FILE": str(none)}
