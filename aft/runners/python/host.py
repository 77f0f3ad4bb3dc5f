"""The process a Python step runs in: ``python -I -m aft.runners.python.host``.

Reads what to do as JSON from its input, imports the step's file, calls ``customize(context)``, and
writes the result as JSON to the file descriptor it was given. Never reads the repository.
"""

from __future__ import annotations

import importlib.util
import inspect
import json
import os
import select
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aft.customizations.model import OtherAccount, Outputs
from aft.customizations.step_inputs_json import decode_inputs
from aft.organization.model import AccountFacts
from aft.redaction import redact
from aft.traces import trace

MODULE_NAME = "aft_customization"
MAX_OUTPUTS = 64 * 1024
"""Characters of keys and values a step may return: they are kept in git."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What ``customize(context)`` gets.

    ``account`` holds the facts: ``account_id``, ``name``, ``email``, ``ou``, ``request_id``,
    ``home_region``, ``regions``, ``tags``, ``owner``, ``contacts``, ``custom_fields``. ``outputs``
    holds what earlier steps left: ``context.outputs["web/10-bucket.cfn.yaml"]["BucketName"]``.
    ``accounts`` holds the accounts this one depends on, by request id:
    ``context.accounts["network"].outputs["hub/10-vpc.cfn.yaml"]["VpcId"]``, and ``.account_id``.
    ``parameters`` are those of the customization, defaults filled in.
    """

    account: AccountFacts
    outputs: Mapping[str, Outputs] = field(default_factory=dict)
    accounts: Mapping[str, OtherAccount] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def client(self, service: str, region: str | None = None) -> Any:
        """A boto3 client inside the account; ``region`` defaults to the home region. It raises
        botocore's own exceptions, and retries throttling by itself."""
        import boto3  # noqa: PLC0415 - a step that calls nothing need not wait for it
        from botocore.config import Config  # noqa: PLC0415

        return boto3.client(
            service,  # type: ignore[call-overload]  # its overloads name every service
            region_name=region or self.account.home_region,
            config=Config(retries={"mode": "standard", "total_max_attempts": 8}),
        )

    def log(self, message: str) -> None:
        """Write a line to the step's log. Credentials are masked; other secrets are not."""
        print(message, flush=True)  # noqa: T201 - the output is the log


def run_step(path: Path, context: Context) -> Mapping[str, Any]:
    """``{"outputs": …}``, or ``{"error": …}`` saying what the step raised and where."""
    sys.path.insert(0, str(path.parent))  # support files: `import _names`
    try:
        returned = _function(path)(context)
    except BaseException as error:  # noqa: BLE001 - SystemExit too: the step's end is reported
        return {"error": _failure(error, path)}
    if returned is None:
        return {"outputs": {}}
    if not isinstance(returned, Mapping) or not all(
        isinstance(key, str) and isinstance(value, str) for key, value in returned.items()
    ):
        shown = repr(returned)[:200]
        message = f"customize() returned {shown}; expected None or a dict of text to text"
        return {"error": {"message": message, "line": None}}
    size = sum(len(key) + len(value) for key, value in returned.items())
    if size > MAX_OUTPUTS:
        message = f"customize() returned {size:,} characters; at most {MAX_OUTPUTS:,} are kept"
        return {"error": {"message": message, "line": None}}
    return {"outputs": dict(returned)}


def _function(path: Path) -> Callable[[Context], object]:
    spec = importlib.util.spec_from_file_location(MODULE_NAME, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path.name} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    sys.modules[MODULE_NAME] = module  # dataclasses and pickle look a module up by its name
    spec.loader.exec_module(module)
    function: Callable[[Context], object] = module.customize
    if inspect.iscoroutinefunction(function):
        raise TypeError("customize() is a coroutine; expected a plain function")
    return function


def _failure(error: BaseException, path: Path) -> Mapping[str, Any]:
    """The exception in one line, and the line of the step (or support file) nearest to it."""
    folder = str(path.parent)
    stack = traceback.extract_tb(error.__traceback__)
    frames = [frame for frame in stack if frame.filename.startswith(folder)]
    file, line = (frames[-1].filename, frames[-1].lineno) if frames else (str(path), None)
    if isinstance(error, SyntaxError) and (error.filename or "").startswith(folder):
        file, line = str(error.filename), error.lineno
    text = redact("".join(traceback.format_exception_only(error))).strip().splitlines()[-1]
    if not _speaks(error):
        text = f"{type(error).__name__}: an answer could not be read"
    sys.stderr.write(trace(error, speaks=_speaks))  # the whole story goes to the log
    return {"message": text, "file": str(Path(file).relative_to(folder)), "line": line}


def _speaks(error: BaseException) -> bool:
    """False for botocore's error about an answer that was cut, which quotes all of it, credentials
    included. Every other message is the step's own."""
    return type(error).__module__ != "botocore.parsers"


def _end_with_reader(descriptor: int) -> None:
    """Kill this process and what it started once no one can read the answer: the run was killed,
    and the next one may start the same step at any moment."""

    def watch() -> None:
        waiting = select.poll()
        waiting.register(descriptor, 0)  # errors alone: the pipe has lost its reader
        waiting.poll()
        if os.getpgrp() == os.getpid():
            os.killpg(0, signal.SIGKILL)
        os._exit(1)

    threading.Thread(target=watch, name="aft-reader-watch", daemon=True).start()


def main() -> None:
    """Read the order, run the step, write the result; exit 0 whenever a result was written."""
    order = json.loads(sys.stdin.buffer.read())
    descriptor = int(order["result_fd"])
    os.set_inheritable(descriptor, False)  # nothing the step starts may answer
    _end_with_reader(descriptor)
    inputs = decode_inputs(order["inputs"])
    context = Context(
        account=inputs.account,
        outputs=inputs.outputs,
        accounts=inputs.accounts,
        parameters=inputs.parameters,
    )
    result = run_step(Path(order["step"]), context)
    sys.stdout.flush()
    with os.fdopen(descriptor, "wb") as answer:
        answer.write(json.dumps(result).encode())
    sys.stdout.flush()
    os._exit(0)  # a thread the step left behind must not keep the process


if __name__ == "__main__":
    main()
