"""libgit2's and the file system's errors, reported as ours.

libgit2 has few error codes, so its English messages are read too; what is not recognised is
taken as passing when it came over the wire, and as final when it came from this disk.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator

import pygit2

from aft.errors import AftError, Denied, Terminal, Transient, UserError, system_words
from aft.git.command import GitCommandError

_USERINFO = re.compile(r"(?<=://)[^/\s]+@")
_DENIED = re.compile(
    r"authenticat|credential|\b40[13]\b|permission|access denied|certificate|hostkey|host key",
    re.IGNORECASE,
)
_WRONG = re.compile(
    r"\b404\b|failed to resolve path|could not find repository|not found|unsupported url"
    r"|malformed|no such (file|device)|invalid (argument|url)|does not appear to be"
    r"|not a git repository",
    re.IGNORECASE,
)

CREDENTIALS_HINT = (
    "set AFT_GIT_TOKEN (or GITHUB_TOKEN for GitHub) for https, or load the key into ssh-agent "
    "for ssh"
)

WRITE_HINT = (
    "the token may not write here: in a GitHub workflow give the job `permissions: {contents: "
    "write}`; elsewhere use a token that may push this branch"
)


def redacted(text: str) -> str:
    """``text`` without the user and password of any URL in it."""
    return _USERINFO.sub("", text)


def wire_error(error: Exception, *, doing: str, url: str) -> AftError:
    """What a failed talk with the remote at ``url`` means. ``doing`` completes "cannot …"."""
    if isinstance(error, AftError):
        return error
    said = " ".join(redacted(str(error)).split()) or type(error).__name__
    where = redacted(url)
    message = f"cannot {doing} {where}: {said}"
    auth = isinstance(error, (pygit2.AuthError, pygit2.CertificateError))
    if auth or _DENIED.search(said):
        may_write = "push" in doing and re.search(r"\b403\b", said)
        return Denied(message, hint=WRITE_HINT if may_write else CREDENTIALS_HINT)
    if _WRONG.search(said):
        return UserError(
            message,
            hint=f"check the remote's URL ({where}); GitHub also answers 404 without access",
        )
    return Transient(message, hint="the next run tries again")


@contextlib.contextmanager
def disk_errors(doing: str) -> Iterator[None]:
    """Translate errors of the local repository. ``doing`` completes "while …"."""
    try:
        yield
    except AftError:
        raise
    except PermissionError as error:
        raise Denied(f"not permitted while {doing}: {system_words(error)}") from error
    except KeyError as error:
        raise Terminal(
            f"git object {redacted(str(error))} is missing while {doing}",
            hint="the clone is partial, shallow or damaged; try `git fetch --unshallow` or a "
            "fresh clone",
        ) from error
    except (pygit2.GitError, GitCommandError, OSError) as error:
        raise Terminal(
            f"git failed while {doing}: {redacted(str(error))}",
            hint="`git fsck` reports whether the repository is damaged",
        ) from error
