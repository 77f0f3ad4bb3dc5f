"""GitHub's refusals, reported as ours, with the permission or setting to fix."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from aft.errors import (
    AftError,
    Conflict,
    Denied,
    NotFound,
    Terminal,
    Throttled,
    Transient,
    UnknownOutcome,
)
from aft.github.wire import Request, Response
from aft.text.policy import one_line

ACCESS_HINT = (
    "set GITHUB_TOKEN (in a workflow: ${{ github.token }}) or AFT_GITHUB_TOKEN to a token of this "
    "GitHub that has not expired"
)
_LONGEST = 500
_PULLS_SETTING = (
    "allow it under Settings > Actions > General > Workflow permissions: 'Allow GitHub Actions to "
    "create and approve pull requests'"
)


def refusal(response: Response, request: Request, *, needs: str) -> AftError:
    """The error for an answer of 400 and above. ``needs`` is the permission as a workflow writes
    it, such as ``issues: write``."""
    said = words_of(response.body)
    text = f"{request.where} failed: {said or 'no message'} [{response.status}]"
    if request_id := response.headers.get("x-github-request-id"):
        text += f" (request id {_clean(request_id)})"
    status = response.status
    if is_throttled(response):
        return Throttled(text, hint="GitHub's rate limit is reached; run again later")
    if status == 401:
        return Denied(text, hint=ACCESS_HINT, code="401")
    if status == 403:
        return Denied(text, hint=_denied_hint(said, response.headers, needs), code="403")
    if status in (404, 410):
        return NotFound(text, hint=f"GitHub also answers this to a token without {needs}")
    if status in (409, 412):
        return Conflict(text, hint="it is being changed by someone else; run again")
    if status >= 500 or status == 408:
        if request.repeatable:
            return Transient(text, hint="run again; githubstatus.com lists outages")
        return UnknownOutcome(f"{text}, so it may or may not have happened", hint="run again")
    return Terminal(text, code=str(status))


def is_throttled(response: Response) -> bool:
    """A rate limit answers 429, or 403 like a missing permission does."""
    if response.status not in (403, 429):
        return False
    return (
        response.status == 429
        or "retry-after" in response.headers
        or response.headers.get("x-ratelimit-remaining") == "0"
        or b"rate limit" in response.body[:2000].lower()
    )


def words_of(body: bytes) -> str:
    """GitHub's message and the details of its errors, on one line."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(answer, Mapping):
        return ""
    parts = [str(answer.get("message") or "")]
    errors = answer.get("errors")
    for error in errors if isinstance(errors, Sequence) and not isinstance(errors, str) else ():
        if isinstance(error, Mapping):
            detail = error.get("message") or (
                f"{error.get('resource', '')} {error.get('field', '')} {error.get('code', '')}"
            )
            parts.append(str(detail).strip())
        else:
            parts.append(str(error))
    return _clean("; ".join(part for part in parts if part))


def _denied_hint(said: str, headers: Mapping[str, str], needs: str) -> str:
    if "create or approve pull requests" in said:
        return _PULLS_SETTING
    if "locked" in said:
        return "unlock the conversation, or leave it to people"
    if headers.get("x-github-sso"):
        return "authorize the token for the organization's single sign-on"
    accepted = _clean(headers.get("x-accepted-github-permissions", ""))
    also = f" (GitHub names: {accepted})" if accepted else ""
    return f"give the job `permissions: {{{needs}}}`, or the token that permission{also}"


def _clean(text: str) -> str:
    """One line, not longer than a person reads; what they cannot see is shown by its number."""
    text = one_line(text).strip()
    return text if len(text) <= _LONGEST else text[:_LONGEST] + " …"
