"""Customizations: a folder of ordered steps that one account (or every account) gets.

``customizations/global/`` goes to every account; ``customizations/accounts/<name>/`` to those
whose request names it, or which its ``customization.yaml`` selects. Steps run in name order. A
*runner* is the plug-in (entry point group ``aft.runners``) that carries out one kind of step.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, Protocol, runtime_checkable

from aft.customizations.options import RunnerOptions
from aft.errors import NotReviewed, Terminal
from aft.findings.model import Finding, SourceRef
from aft.organization.model import NOT_FOR_STEPS, AccountFacts
from aft.sessions import AccountSession
from aft.values.ids import OrgUnitPath
from aft.values.parts import Comparison, Gain, PartChange, Preview
from aft.values.refs import Ref

CUSTOMIZATION = "customization"
"""The kind of customizations' steps."""
CONTENT = "content"
"""The key, in what the ledger knows about a step that ran, of the digest of its files."""
GLOBAL = "global"
"""The name of the customization every account gets first."""

FACTS = frozenset({field.name for field in fields(AccountFacts)} - NOT_FOR_STEPS)
"""The facts of its account that a step may read."""

ALL_INPUTS = FACTS | {"outputs", "accounts", "parameters"}
"""Every input a step may read: facts, earlier outputs, other accounts', its parameters."""

Outputs = Mapping[str, str]
"""What a step leaves for later ones. Kept in the ledger, so never a secret."""


def step_ref(step_id: str) -> Ref:
    """The step ``<customization>/<file>`` of an account."""
    return Ref(CUSTOMIZATION, step_id)


@dataclass(frozen=True, slots=True, order=True)
class Access:
    """One name a step reads, such as ``("custom_fields", "vpc", "cidr")``. ``is_certain`` is false
    where it may not be read, or may be absent: behind ``default`` or ``is defined``, in a branch,
    in a loop. ``file`` is empty while only one file is looked at."""

    path: tuple[str, ...]
    line: int
    column: int
    is_certain: bool
    file: str = ""

    @property
    def source(self) -> SourceRef:
        """Where it is written."""
        return SourceRef(self.file, self.line, self.column)

    def __str__(self) -> str:
        return self.path[0] + "".join(
            f".{part}" if part.isidentifier() else f"[{part!r}]" for part in self.path[1:]
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFile:
    """A file at a revision: its path in the repository and its content."""

    path: str
    content: bytes


class Removal(enum.StrEnum):
    """What becomes of what a step made, once its account no longer gets the step."""

    KEEP = "keep"
    DESTROY = "destroy"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSelector:
    """Which accounts get a customization without asking: all criteria given must hold; without any,
    none does. OUs include everything below them, the tag value ``*`` matches any. ``sources`` are
    the places of the criteria in the file, by criterion and entry."""

    organizational_units: tuple[OrgUnitPath, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    requests: tuple[str, ...] = ()
    sources: Mapping[tuple[str, str], SourceRef] = field(default_factory=dict, compare=False)

    @property
    def is_empty(self) -> bool:
        return not (self.organizational_units or self.tags or self.requests)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A value that a request may (or, without a default, must) give to a customization. ``type`` is
    ``text``, ``number``, ``boolean``, ``list`` or ``mapping``."""

    name: str
    type: str
    required: bool
    default: Any = None
    choices: tuple[Any, ...] = ()
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretNeed:
    """A secret that a customization declares it needs: the variable it is for, and its ARN.
    ``source`` is where ``customization.yaml`` says so."""

    name: str
    arn: str
    source: SourceRef = field(default=SourceRef(""), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomizationStep:
    """One step: a file or folder, the kind that runs it, and its support files. Of a folder
    (``terraform/``), ``file`` has the path and no content, ``support`` what is in it.
    ``content_digest`` covers both. ``uses`` names the inputs that are read, ``reads`` where, as far
    as can be seen; ``declares`` the outputs surely left (``None``: unknown). ``timeout_seconds``
    and ``shares_state`` are those of ``customization.yaml``. ``secrets`` are what its processes
    need."""

    customization: str
    name: str
    kind: str
    file: StepFile
    support: tuple[StepFile, ...] = ()
    content_digest: str = ""
    uses: frozenset[str] = frozenset()
    reads: tuple[Access, ...] = ()
    declares: frozenset[str] | None = None
    timeout_seconds: int | None = None
    on_removal: Removal = Removal.KEEP
    shares_state: bool = True
    is_folder: bool = False
    secrets: tuple[SecretNeed, ...] = ()

    @property
    def id(self) -> str:
        """``<customization>/<name>``, unique in an account."""
        return f"{self.customization}/{self.name}"

    @property
    def folder(self) -> str:
        """The customization's folder in the repository."""
        return self.file.path.removesuffix(f"/{self.name}")

    @property
    def files(self) -> tuple[StepFile, ...]:
        """The files themselves: of a folder, what is in it."""
        return self.support if self.is_folder else (self.file, *self.support)


@dataclass(frozen=True, slots=True, kw_only=True)
class Customization:
    """A folder. ``source`` is the folder's path at 1:1, ``file`` that of ``customization.yaml``,
    empty where there is none."""

    name: str
    steps: tuple[CustomizationStep, ...]
    source: SourceRef
    description: str = ""
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    select: AccountSelector = AccountSelector()
    secrets: tuple[SecretNeed, ...] = ()
    file: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherAccount:
    """What a step may see of an account that its own depends on."""

    account_id: str | None
    outputs: Mapping[str, Outputs] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """What people agreed that a step may end of what it made before.

    ``parts`` are the changes that the plan showed; in a protected account these do not count.
    ``allowed`` are the ids of parts that a reviewed line of the configuration lets go, ``*`` for
    all; ``powers`` of those that may change who may do what. ``accepted`` are the digests of
    previews that they agreed to as a whole; the digest of one covers ``binding``, which is that of
    the step's code and inputs.
    """

    parts: tuple[PartChange, ...] = ()
    allowed: frozenset[str] = frozenset()
    is_protected: bool = False
    powers: frozenset[str] = frozenset()
    accepted: frozenset[str] = frozenset()
    binding: str = ""

    def allows(self, part: PartChange) -> bool:
        """A line of the configuration lets this part go, regardless of the plan."""
        return not self.allowed.isdisjoint({"*", part.id})

    def empowers(self, part: PartChange) -> bool:
        """A line of the configuration lets this part change who may do what."""
        return not self.powers.isdisjoint({"*", part.id})


@dataclass(frozen=True, slots=True, kw_only=True)
class StepInputs:
    """What a step sees: its account, ``outputs`` of earlier steps by their ids, ``accounts`` it
    depends on by request id, ``parameters`` with defaults filled in. ``options`` and ``consent``
    are the runner's, and no step sees them. ``secrets`` are values by variable, of a step that is
    about to run: for the environment of its processes, and nothing else."""

    account: AccountFacts
    outputs: Mapping[str, Outputs] = field(default_factory=dict)
    accounts: Mapping[str, OtherAccount] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    options: RunnerOptions = field(default_factory=RunnerOptions)
    consent: Consent = Consent()
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)


class StepFailed(Terminal):
    """A step ran and failed; ``log`` is its captured output, secrets masked."""

    def __init__(self, message: str, *, hint: str = "", code: str = "", log: str = "") -> None:
        super().__init__(message, hint=hint, code=code)
        self.log = log


class StepHeld(NotReviewed):
    """A step did not do what no one agreed to: all of it is in ``preview``. ``log`` is its captured
    output, secrets masked."""

    def __init__(
        self, message: str, *, preview: Preview, hint: str = "", code: str = "", log: str = ""
    ) -> None:
        super().__init__(message, hint=hint, code=code)
        self.preview = preview
        self.log = log


@dataclass(frozen=True, slots=True, kw_only=True)
class StepResult:
    """What a finished step left. ``log`` is its captured output, secrets masked; ``accepted`` the
    digest of the preview without which it would not have run."""

    outputs: Outputs = field(default_factory=dict)
    changed: bool = True
    log: str = ""
    accepted: str = ""


class CustomizationRunner(Protocol):
    """One kind of step, such as CloudFormation. What else a runner can do, other protocols say.
    ``suffixes`` are the file-name endings it claims (longest wins). ``effect_version`` goes up when
    the same content would give another result."""

    kind: ClassVar[str]
    effect_version: ClassVar[int]
    suffixes: ClassVar[tuple[str, ...]]

    def check(self, step: CustomizationStep) -> tuple[Finding, ...]:
        """Offline: what can be seen wrong without an account. Executes nothing."""
        ...

    def uses(self, file: StepFile) -> frozenset[str]:
        """Offline: the inputs the file reads, ``ALL_INPUTS`` if unknown: a change of another one
        does not re-run the step."""
        ...

    def run(
        self, step: CustomizationStep, inputs: StepInputs, session: AccountSession
    ) -> StepResult:
        """Carry it out, idempotently. Raises ``Terminal`` with the tool's own reason."""
        ...


@runtime_checkable
class ClaimsFolders(Protocol):
    """A runner whose steps may be whole folders. ``folders`` are names (``terraform``) or endings
    (``*.terraform``); the longest wins."""

    folders: ClassVar[tuple[str, ...]]

    def folder_uses(self, files: tuple[StepFile, ...]) -> frozenset[str]:
        """As ``uses``, for all files of the step."""
        ...


@runtime_checkable
class ReadsInputs(Protocol):
    """A runner that can tell by name what a step reads, and which outputs it leaves."""

    def reads(self, step: CustomizationStep) -> tuple[Access, ...]:
        """Offline: what is read, with ``Access.file`` set."""
        ...

    def declares(self, step: CustomizationStep) -> frozenset[str] | None:
        """Offline: all outputs the step leaves, or ``None`` when it cannot be determined."""
        ...


@runtime_checkable
class TakesSecrets(Protocol):
    """A runner whose steps have processes. ``takes_secrets``: these get ``StepInputs.secrets`` in
    their environment, and the runner shows them nowhere."""

    takes_secrets: ClassVar[bool]


@runtime_checkable
class Destroys(Protocol):
    """A runner that can take away again what a step made. With ``needs_files`` false the step's
    id is all it needs."""

    needs_files: ClassVar[bool]

    def destroy(
        self, step: CustomizationStep, inputs: StepInputs, session: AccountSession
    ) -> StepResult:
        """Take it away; what is gone already is no error. Raises ``Terminal``."""
        ...


@runtime_checkable
class Compares(Protocol):
    """A runner that can say, without an account, what a run would change."""

    def kept(self, step: CustomizationStep, inputs: StepInputs) -> str:
        """What the ledger keeps of the step as it was applied, to compare with: text without
        secrets, at most 64 KiB; empty where nothing can be kept."""
        ...

    def compare(
        self, step: CustomizationStep, inputs: StepInputs, before: str | None, *, waits: bool
    ) -> Comparison:
        """What running the step would change. ``before`` is what ``kept`` gave when it last ran:
        ``None`` for a step that never ran, empty where nothing was kept. ``waits``: it reads
        outputs that only apply can know, so those in ``inputs`` are of the last time. Never
        raises."""
        ...


@runtime_checkable
class GivesPower(Protocol):
    """A runner that can say, without an account, who gains power by a run."""

    def gains(
        self, step: CustomizationStep, inputs: StepInputs, before: str | None
    ) -> tuple[Gain, ...]:
        """Those of running the step; ``before`` as for ``compare``. None where nothing can be
        known, which ``compare`` says. Never raises."""
        ...


@runtime_checkable
class LeavesThings(Protocol):
    """A runner that can say what stays of a step that an account no longer gets, such as
    ``its stack stays``."""

    stays: ClassVar[str]


@runtime_checkable
class SharesState(Protocol):
    """A runner that keeps states (where ``terraform.backend`` of ``aft.yaml`` says), and whose
    steps of one name work on one state in all customizations of an account, unless a customization
    says otherwise (``CustomizationStep.shares_state``). ``shared_step`` is that name,
    ``state_noun`` what people call the state, ``takes_over`` what happens to what only an earlier
    step had, and ``own_state`` how to have a separate state."""

    shared_step: ClassVar[str]
    state_noun: ClassVar[str]
    takes_over: ClassVar[str]
    own_state: ClassVar[str]


@runtime_checkable
class Previews(Protocol):
    """A runner that can say what a run would change, by running its tool."""

    def preview(
        self, step: CustomizationStep, inputs: StepInputs, session: AccountSession
    ) -> Preview:
        """What a run would do now; changes nothing. Raises ``Terminal``."""
        ...
