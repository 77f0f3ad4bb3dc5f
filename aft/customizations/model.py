"""Customizations: a folder of ordered steps that one account (or every account) gets.

``customizations/global/`` goes to every account; ``customizations/accounts/<name>/`` to those
whose request names it. Steps run in file-name order. A *runner* is the plug-in (entry point
group ``aft.runners``) that carries out one kind of step.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import ClassVar, Protocol

from aft.findings import Finding, SourceRef
from aft.organization.model import AccountFacts
from aft.sessions import AccountSession

GLOBAL = "global"
"""The name of the customization every account gets first."""

ALL_INPUTS = frozenset({field.name for field in fields(AccountFacts)} | {"outputs"})
"""Every input a step may read: the fields of ``AccountFacts``, and earlier outputs."""

Outputs = Mapping[str, str]
"""What a step leaves for later ones. Kept in the ledger, so never a secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFile:
    """A file at a revision: its path in the repository and its content."""

    path: str
    content: bytes
    blob_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomizationStep:
    """One step: a file, the kind that runs it, and the folder's support files beside it.

    ``content_digest`` covers the file and ``support``; ``uses`` names the inputs it reads.
    """

    customization: str
    name: str
    kind: str
    file: StepFile
    support: tuple[StepFile, ...]
    content_digest: str
    uses: frozenset[str]

    @property
    def id(self) -> str:
        """``<customization>/<file name>``, unique in an account."""
        return f"{self.customization}/{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Customization:
    """A folder. ``source`` is the folder's path at 1:1."""

    name: str
    steps: tuple[CustomizationStep, ...]
    source: SourceRef


@dataclass(frozen=True, slots=True, kw_only=True)
class StepInputs:
    """What a step sees: the account, and earlier outputs as ``{step name: {key: value}}``.

    ``outputs`` holds the steps of this account that ran before, by ``CustomizationStep.id``.
    """

    account: AccountFacts
    outputs: Mapping[str, Outputs] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepResult:
    """What a finished step left. ``log`` is its captured output, secrets masked."""

    outputs: Outputs = field(default_factory=dict)
    changed: bool = True
    log: str = ""


class CustomizationRunner(Protocol):
    """One kind of step, such as CloudFormation.

    ``suffixes`` are the file-name endings it claims (longest wins). ``version`` goes up when the
    same content would give another result.
    """

    kind: ClassVar[str]
    version: ClassVar[int]
    suffixes: ClassVar[tuple[str, ...]]

    def check(self, step: CustomizationStep) -> tuple[Finding, ...]:
        """Offline: what can be seen wrong without an account. Executes nothing."""
        ...

    def uses(self, file: StepFile) -> frozenset[str]:
        """Offline: which inputs the file reads: ``AccountFacts`` field names, and ``outputs``.

        Only these go into the step's digest, so a change of anything else does not re-run it.
        ``ALL_INPUTS`` when it cannot be told.
        """
        ...

    def run(
        self, step: CustomizationStep, inputs: StepInputs, session: AccountSession
    ) -> StepResult:
        """Carry it out, idempotently. Raises ``Terminal`` with the tool's own reason."""
        ...
