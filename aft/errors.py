"""The errors aft raises, sorted by what to do next.

    AftError                   anything aft says on purpose; never a bug
    ├── UserError              change a file, a flag or a setting, then run again
    │   └── FindingsError      the files have findings (exit 3)
    ├── Refused                a safety limit or a moved world stopped the run (exit 5)
    ├── Transient              the same call may succeed later
    │   └── Throttled          ... after slowing down
    ├── Conflict               someone else changed it meanwhile: read again, then decide
    │   └── Overtaken          ... another run of aft, which is in the ledger
    ├── Denied                 credentials or permissions are missing; retrying cannot help
    ├── NotFound               the thing named is not there
    ├── Terminal               the same call will fail permanently
    │   └── NotReviewed        ... until people agree to what it would do
    ├── UnknownOutcome         the call may or may not have happened: look before repeating
    └── Stopped                a signal or the deadline ended the work between two steps

Vendor exceptions are translated at the edge (``aft.aws.errors``, ``aft.git``, ``aft.github``) and
kept as the cause. A message says which file or object and what to change; it never holds a secret.
What another's exception says never gets out, since it may quote what it stumbled over: the
answer that holds credentials, say. So ``unexpected`` and ``aft.traces`` name its class and its
place.
"""

from __future__ import annotations

from pathlib import PurePath


def is_ours(error: BaseException) -> bool:
    """True when the text of ``error`` was written by aft."""
    return isinstance(error, AftError)


def unexpected(error: BaseException) -> str:
    """What to say of an exception that was not translated."""
    return f"unexpected {type(error).__name__} at {place_of(error)}"


def place_of(error: BaseException) -> str:
    """``package/file.py:line`` where it was raised."""
    frame = error.__traceback__
    if frame is None:
        return "an unknown place"
    while frame.tb_next is not None:
        frame = frame.tb_next
    parts = PurePath(frame.tb_frame.f_code.co_filename).parts[-3:]
    return f"{'/'.join(parts)}:{frame.tb_lineno}"


def system_words(error: OSError | UnicodeError) -> str:
    """Why a file could not be read or written, in the operating system's own words."""
    if isinstance(error, UnicodeError):
        return "it is not UTF-8"
    named = f" ({error.filename})" if error.filename else ""
    return f"{error.strerror or type(error).__name__}{named}"


class AftError(Exception):
    """Base of every deliberate error. ``hint`` says what to do, in one sentence."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UserError(AftError):
    """Something the user wrote or asked for is wrong; nothing was changed."""


class FindingsError(UserError):
    """The desired state has findings; the caller shows them."""

    exit_code = 3


class Refused(AftError):
    """A safety limit, or a world that moved since the plan, stopped the run."""

    exit_code = 5


class LedgerRewritten(UserError):
    """The ledger's branch has lost commits that aft had pushed; nothing was changed."""


class Transient(AftError):
    """The call failed for a reason that passes. ``retry_after`` is in seconds, if known."""

    def __init__(self, message: str, *, hint: str = "", retry_after: float | None = None) -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after


class Throttled(Transient):
    """AWS or GitHub asked us to slow down."""


class Conflict(AftError):
    """The object changed between our read and our write."""


class Overtaken(Conflict):
    """Another run came first: what it did is in the ledger, and nothing of ours was written."""


class _Coded(AftError):
    """``code`` is the vendor's error code, if any."""

    def __init__(self, message: str, *, hint: str = "", code: str = "") -> None:
        super().__init__(message, hint=hint)
        self.code = code


class Denied(_Coded):
    """Missing credentials or permissions. ``lacks`` is the action that AWS says a policy does not
    allow: waiting does not help then."""

    def __init__(self, message: str, *, hint: str = "", code: str = "", lacks: str = "") -> None:
        super().__init__(message, hint=hint, code=code)
        self.lacks = lacks


class NotFound(AftError):
    """The object named by the call does not exist."""


class Terminal(_Coded):
    """The call cannot succeed as it is."""


class NotReviewed(Terminal):
    """The step would do more than people agreed to, so it was not done. ``shown`` are the lines of
    what it would do, for those who are to agree."""

    def __init__(
        self, message: str, *, hint: str = "", code: str = "", shown: tuple[str, ...] = ()
    ) -> None:
        super().__init__(message, hint=hint, code=code)
        self.shown = shown


class UnknownOutcome(AftError):
    """The reply was lost: the call may have taken effect. Look before repeating it."""


class Stopped(AftError):
    """A signal or the deadline asked for an orderly stop; the next run continues."""

    exit_code = 4
