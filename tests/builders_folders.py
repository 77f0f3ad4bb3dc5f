"""Customizations from files in memory, and what runners need to run their steps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from builders_inside import facts
from builders_requests import MemoryFiles

from aft.config.model import LocalBackend
from aft.customizations.manifest import parse_customizations
from aft.customizations.model import (
    Customization,
    CustomizationRunner,
    CustomizationStep,
    StepInputs,
)
from aft.customizations.options import RunnerOptions, TerraformOptions
from aft.findings.model import Finding
from aft.plugins import RUNNERS_GROUP, load_plugins
from aft.sessions import AccountSession
from aft.values.ids import AccountId

RUNNERS: Mapping[str, CustomizationRunner] = load_plugins(RUNNERS_GROUP, lambda item: item.kind)
KEY_ID = "ASIAQQQQQQQQEXAMPLE1"
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
TOKEN = "FwoGZXIvYXdzEXAMPLETOKEN"


class OnlyEnvironment:
    """A session for steps that call nothing."""

    account_id = AccountId("123456789012")
    home_region = "eu-central-1"

    def client(self, service: str, region: str | None = None) -> Any:
        raise AssertionError((service, region))

    def of(self, account_id: AccountId) -> AccountSession:
        raise AssertionError(account_id)

    def sleep(self, seconds: float) -> None:
        raise AssertionError(seconds)

    def environment(self) -> Mapping[str, str]:
        return {
            "AWS_ACCESS_KEY_ID": KEY_ID,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_SESSION_TOKEN": TOKEN,
            "AWS_REGION": "eu-central-1",
        }


def parsed(
    files: Mapping[str, str | bytes],
) -> tuple[Mapping[str, Customization], tuple[Finding, ...]]:
    """All customizations of a repository; paths count from ``customizations/``."""
    below = {f"customizations/{path}": content for path, content in files.items()}
    return parse_customizations(MemoryFiles(below), RUNNERS)


def only_step(files: Mapping[str, str | bytes], *, name: str = "web") -> CustomizationStep:
    """The one step of customization ``name``, whose files are given; nothing is wrong with it."""
    folder = name if name == "global" else f"accounts/{name}"
    found, findings = parsed({f"{folder}/{path}": text for path, text in files.items()})
    assert findings == (), findings
    (step,) = found[name].steps
    return step


def inputs(*, state: str = "", options: Mapping[str, Any] | None = None, **more: Any) -> StepInputs:
    """Inputs of a step; ``state`` is the folder of Terraform's states."""
    local = LocalBackend(directory=state) if state else None
    return StepInputs(
        account=facts(),
        options=RunnerOptions(terraform=TerraformOptions(backend=local, **(options or {}))),
        **more,
    )
