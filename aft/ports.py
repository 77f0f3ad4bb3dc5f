"""The doors between the core and the world. Each docstring is the contract of its adapters.

``tests/contract`` runs one suite per port against every adapter. Calls are short: they start or
look, they never wait; waiting is the core's, through ``Clock``. All raise ``aft.errors`` only.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from aft.ledger.events import AccountRecord, LedgerEvent, LedgerState
from aft.ledger.timeline import CommitInfo
from aft.organization.model import Account, OrganizationSnapshot
from aft.sessions import AccountSession
from aft.values.ids import AccountId, OrgUnitId, RequestId, Revision

# --- time -----------------------------------------------------------------------------------


class Clock(Protocol):
    """Wall time (UTC, aware) and waiting. The sandbox's clock makes waiting cost nothing."""

    def now(self) -> datetime:
        """The wall clock's time: UTC, aware."""
        ...

    def monotonic(self) -> float:
        """Seconds that only go forward; its zero means nothing."""
        ...

    def boottime(self) -> float:
        """The same, and they go on while the machine is suspended: for what may have become too
        old without this process having noticed."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait; no time passes but on this clock."""
        ...


# --- git ------------------------------------------------------------------------------------


class RequestHistory(Protocol):
    """Commits that touched a path."""

    def last_change(self, path: str, revision: Revision) -> CommitInfo | None:
        """The newest commit reachable from ``revision`` that changed ``path``."""
        ...

    def changes(self, path: str, revision: Revision) -> Sequence[CommitInfo]:
        """All of them, newest first."""
        ...

    def changed_paths(self, old: Revision, new: Revision, prefix: str) -> frozenset[str]:
        """Paths below ``prefix`` that differ between two revisions (added, removed, changed),
        found by comparing subtree ids."""
        ...


class RemoteBranch(Protocol):
    """The branch a worker watches."""

    def fetch(self) -> Revision:
        """Fetch and return the branch's tip. Raises ``Transient`` when it cannot be reached."""
        ...


class LedgerStore(Protocol):
    """The ledger on its own git branch. Safe to use from several threads."""

    def read(self) -> LedgerState:
        """The state now; fetches from the remote first when there is one."""
        ...

    def append(self, events: Sequence[LedgerEvent], *, durable: bool = False) -> str:
        """Commit ``events`` (one commit per subject) and return the ledger's new commit id. With
        ``durable`` they are also on the remote when this returns; without, they are committed
        locally and pushed by the next durable append or ``publish``.

        An intent is a lease. One is opened only where none is open and no other run has acted on
        the subject since it was last read here; an event that names a ``lease`` renews or settles
        that one alone. Raises ``Overtaken``, and has written nothing, when another run came first.
        A binding that another run has written meanwhile, to the same account, is left out."""
        ...

    def look(self, subject: str) -> AccountRecord:
        """The record of ``subject`` as it is now, empty when there is none; fetches from the remote
        first when there is one. Nothing else counts as read."""
        ...

    def publish(self) -> None:
        """Push what is not pushed yet, by compare-and-swap, merging with other runs' events.
        Raises ``Transient`` when the remote cannot be reached."""
        ...

    def events(self, subject: str) -> Sequence[LedgerEvent]:
        """Everything ever written about ``subject``, oldest first."""
        ...


class LedgerHead(Protocol):
    """The last commit of the ledger that aft pushed, kept where those who may push the branch may
    not write. A machine that was never used before remembers nothing else."""

    def last(self) -> str:
        """The commit's id; "" when none was noted, or when it may not be read. Raises
        ``UserError`` for what is no commit's id."""
        ...

    def note(self, commit: str) -> None:
        """``commit`` was pushed."""
        ...


class LedgerSigner(Protocol):
    """Signs what is pushed to the ledger, with a key that those who may push it do not have."""

    def sign(self, message: bytes) -> bytes:
        """The signature of at most 4096 bytes: ECDSA on NIST P-256 with SHA-256, as DER. Raises
        ``Denied`` where the key may not be used."""
        ...


class SecretReader(Protocol):
    """Reads secrets, right before a step that is granted them."""

    def read(self, arn: str) -> str:
        """The current value: of a secret that is text, or of a SecureString. It is kept out of
        everything that is written from now on. Raises ``Denied`` naming action, resource and who
        was refused, and ``Terminal`` for a secret that is not there, is marked for deletion, or
        cannot be kept out of text."""
        ...


class SnapshotStore(Protocol):
    """The organization as last published, for plans that have no credentials. Where the ledger
    is, but no part of it: publishing changes neither its records nor ``LedgerState.commit``."""

    def published(self) -> OrganizationSnapshot | None:
        """What was published last, equal to what was given (but ``calls`` is 0); ``None`` when
        nothing was. Raises ``UserError`` when it cannot be read by this version."""
        ...

    def publish(self, snapshot: OrganizationSnapshot) -> bool:
        """Publish it, if it differs from what is there or that was read a day or more before;
        false when nothing was written. An older one never replaces a newer one. Raises
        ``ValueError`` for a scoped snapshot, ``Transient`` when the remote cannot be reached."""
        ...


# --- AWS ------------------------------------------------------------------------------------


class OrganizationReader(Protocol):
    """Reads the organization by the cheapest known calls, in parallel and paced."""

    def read(self, *, fresh_tags_for: Sequence[AccountId] = ()) -> OrganizationSnapshot:
        """Everything: OU tree, accounts with state and tags, own policies and their targets. AWS's
        bulk answer about tags lags behind writes: those of ``fresh_tags_for`` are read one by one
        instead."""
        ...

    def read_scoped(
        self,
        *,
        account_ids: Sequence[AccountId],
        request_ids: Sequence[RequestId],
        unit_paths: Sequence[str],
    ) -> OrganizationSnapshot:
        """Only these accounts (three reads each), accounts tagged with these request ids, and
        the OUs on the way to ``unit_paths`` (texts of paths, or ids) and to the accounts. ``scope``
        is set."""
        ...


class OrganizationWriter(Protocol):
    """Single writes to the organization, each idempotent: asking for what is already so
    succeeds. Raises ``Conflict`` where someone else's change came between."""

    def create_unit(
        self, *, parent_id: OrgUnitId, name: str, tags: Mapping[str, str] = ...
    ) -> OrgUnitId:
        """The id of the OU ``name`` below ``parent_id``, created with ``tags`` where there was
        none. Raises ``Conflict`` when there is one without them."""
        ...

    def tag_unit(self, unit_id: OrgUnitId, tags: Mapping[str, str]) -> None:
        """Add these tags or overwrite their values; other tags stay."""
        ...

    def rename_unit(self, unit_id: OrgUnitId, name: str) -> None:
        """Raises ``Conflict`` when another OU next to it has the name."""
        ...

    def delete_unit(self, unit_id: OrgUnitId) -> None:
        """Raises ``Terminal`` when it is not empty."""
        ...

    def move_account(
        self, account_id: AccountId, *, source: OrgUnitId, destination: OrgUnitId
    ) -> None:
        """Raises ``Conflict`` when the account is in neither of the two OUs."""
        ...

    def rename_account(self, account_id: AccountId, name: str) -> None:
        """Raises ``Denied`` where the management account may not manage its members."""
        ...

    def tag_account(self, account_id: AccountId, tags: Iterable[tuple[str, str]]) -> None:
        """Add these tags or overwrite their values; other tags stay."""
        ...

    def untag_account(self, account_id: AccountId, keys: Sequence[str]) -> None:
        """Remove the tags with these keys; those that are not there are no error."""
        ...


class AccountLookup(Protocol):
    """Reads single accounts, fresh, for decisions that must not rest on an old snapshot."""

    def account(self, account_id: AccountId) -> Account:
        """Three reads: describe, parent, tags. ``Account.ou`` is resolved. Raises ``NotFound``."""
        ...

    def account_by_email(self, email: str) -> Account | None:
        """Searches all accounts of the organization; expensive, so only to settle a doubt."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessRefusal:
    """What AWS refuses where an account is not usable yet, and what to check. A run goes
    on asking: a role may still come, and a policy may be corrected in the meantime.
    ``is_callers`` where a policy of the caller's is in the way: time alone does not help."""

    message: str
    hint: str
    is_callers: bool = False


class MemberAccess(Protocol):
    """Sessions inside member accounts. The management account is never reached through it
    unless it is itself asked for by its own id."""

    def session(self, account_id: AccountId) -> AccountSession:
        """A session in the account; credentials are fetched when first needed."""
        ...

    def is_usable(self, account_id: AccountId) -> bool:
        """One probe: can the role be assumed and does the account answer in its home region?
        ``False`` means "not yet". Raises ``Terminal`` when it never will (suspended account)."""
        ...

    def refusal(self, account_id: AccountId) -> AccessRefusal | None:
        """The same probe, for why; ``None`` when nothing is refused."""
        ...


class CallRecorder(Protocol):
    """Counts and names the AWS calls made by the current thread."""

    def recording(self) -> AbstractContextManager[list[str]]:
        """Collects ``service:Operation:request-id`` of the *writes* made inside."""
        ...

    def checked(self, check: Callable[[], None]) -> AbstractContextManager[None]:
        """Inside, ``check`` is called on the current thread at the last moment before each request
        is sent; when it raises, the request is not sent, and the caller gets its error."""
        ...

    @property
    def calls(self) -> int:
        """AWS calls made so far, by all threads."""
        ...


# --- people ---------------------------------------------------------------------------------


class ProgressKind(enum.StrEnum):
    """What just happened in a run."""

    RUN_STARTED = "run-started"
    STEP_STARTED = "step-started"
    STEP_WAITING = "step-waiting"
    STEP_DONE = "step-done"
    STEP_FAILED = "step-failed"
    STEP_HELD = "step-held"
    STEP_SKIPPED = "step-skipped"
    TARGET_DONE = "target-done"
    RUN_FINISHED = "run-finished"


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """One moment of a run, for those who watch. ``step`` is the change in a few words; ``tells`` is
    true where the message of its success says more than that it is done."""

    kind: ProgressKind
    at: datetime
    run: str
    target: str = ""
    account_id: str | None = None
    change: str = ""
    step: str = ""
    message: str = ""
    tells: bool = False
    seconds: float | None = None


class StepLogs(Protocol):
    """Keeps what customization steps wrote, for people to read. Called from several threads."""

    def keep(self, log: str, *, run: str, target: str, step: str) -> None:
        """Keep one step's output, secrets masked already. Must not raise."""
        ...


class Observer(Protocol):
    """Watches a run; called from several threads; must not raise."""

    def notify(self, progress: Progress) -> None:
        """Take note of one moment of the run, in little time."""
        ...
