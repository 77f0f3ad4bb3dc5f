"""Notices to where people wait for them: the issue that asked for an account, and the pull request.

Delivery is repeated until a run of it has ended well, and a notice that is there already is known
by its mark, in a comment of our own account: at least once, and said once.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial

from aft.app.forge.posting import post_sticky, pull_request_of_commit
from aft.errors import AftError, Denied, NotFound, Terminal
from aft.forge.port import Forge, PullRequest, Thread, issue_thread, pull_thread
from aft.outbox.notices import Notice

REQUEST_LABEL = "aft:request"
_BRANCH = re.compile(r"request/([1-9][0-9]{0,9})-.+")
"""The branch of a request that was made from an issue, and the issue's number."""


def deliver(
    forge: Forge,
    notices: Sequence[Notice],
    *,
    to_issue: Callable[[Notice], str],
    to_pull: Callable[[Sequence[Notice]], str],
    has_result: Callable[[PullRequest, str], bool],
    note: str,
) -> Iterator[str]:
    """Say what was done with each notice, in words. ``to_issue`` and ``to_pull`` make the comments;
    ``has_result``: the pull request has the result of this run as a comment already.
    One that cannot be delivered does not keep another from it, and is raised in the end
    (``Denied``, ``Terminal``); raised at once is what may work later (``Transient``,
    ``Throttled``)."""
    failures: list[AftError] = []
    post = partial(_posted, forge, note=note, failures=failures)
    pull_of = cache(lambda commit: pull_request_of_commit(forge, commit))
    runs: dict[tuple[int, str], list[Notice]] = defaultdict(list)
    for notice in notices:
        pull = pull_of(notice.request_commit) if notice.request_commit else None
        if pull is None:
            yield f"{notice.what} of {notice.subject}: there is no pull request to say it on"
            continue
        if (issue := _issue_of(forge, pull)) is not None:
            yield post(issue_thread(issue), to_issue(notice))
        if not has_result(pull, notice.run):
            runs[pull.number, notice.run].append(notice)
    for (number, _), some in runs.items():
        yield post(pull_thread(number), to_pull(some))
    if failures:
        raise failures[0]


def _issue_of(forge: Forge, pull: PullRequest) -> int | None:
    """The issue that the request of this pull request was made from. Anyone may name a branch so;
    only an issue of the form counts, where a notice is no secret."""
    made = _BRANCH.fullmatch(pull.head_branch)
    if made is None:
        return None
    try:
        issue = forge.issue(int(made[1]))
    except NotFound:
        return None
    return issue.number if REQUEST_LABEL in issue.labels else None


def _posted(forge: Forge, thread: Thread, text: str, *, note: str, failures: list[AftError]) -> str:
    try:
        return post_sticky(forge, thread, text, note=note).words
    except NotFound as error:  # its issue was deleted
        return f"{thread}: {error.message}"
    except (Denied, Terminal) as error:
        failures.append(error)
        return f"{thread}: {error.message}"
