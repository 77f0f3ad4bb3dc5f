"""Pull requests, and what people say of them."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from aft.errors import Terminal
from aft.forge.port import PullRefs, PullRequest, PullReview, ReviewVerdict
from aft.github.address import segment
from aft.github.answers import Answer
from aft.github.client import PAGE_SIZE, GitHubClient
from aft.github.people import user_of

READ = "pull-requests: read"
WRITE = "pull-requests: write"
MOST_OPEN = 2_000
"""Open pull requests of one repository that are looked at."""
MOST_REVIEWS = 1_000
_VERDICTS = {
    "APPROVED": ReviewVerdict.APPROVED,
    "CHANGES_REQUESTED": ReviewVerdict.CHANGES_REQUESTED,
    "COMMENTED": ReviewVerdict.COMMENTED,
    "DISMISSED": ReviewVerdict.DISMISSED,
}
"""``PENDING`` is not submitted yet."""


class GitHubPullRequests:
    """The part of the forge that is pull requests."""

    client: GitHubClient

    def pull_request(self, number: int) -> PullRequest:
        return _pull(self.client.get(f"/pulls/{number}", needs=READ))

    def open_pull_requests(self) -> tuple[PullRequest, ...]:
        query = {"state": "open", "sort": "created", "direction": "asc"}
        pages = self.client.pages("/pulls", needs=READ, query=query, at_most=MOST_OPEN)
        return tuple(map(_pull, pages))

    def open_pull_request_of(self, branch: str, *, base: str) -> PullRequest | None:
        owner = self.client.repository.partition("/")[0]
        query = {"state": "open", "head": f"{owner}:{branch}", "base": base}
        pages = self.client.pages("/pulls", needs=READ, query=query, at_most=MOST_OPEN)
        return next((pull for pull in map(_pull, pages) if pull.head_branch == branch), None)

    def pull_requests_that_brought(self, sha: str) -> tuple[PullRequest, ...]:
        """GitHub lists the merged one for a commit of the default branch; for others open ones
        too, which are left out."""
        path = f"/commits/{segment(sha)}/pulls"
        try:
            return _merged(self.client.pages(path, needs=READ, at_most=MOST_OPEN))
        except Terminal as error:
            if error.code == "422":  # GitHub does not know such a commit
                return ()
            raise

    def pull_requests_merged_into(self, base: str, *, at_most: int) -> tuple[PullRequest, ...]:
        query = {"state": "closed", "base": base, "sort": "updated", "direction": "desc"}
        most = at_most + PAGE_SIZE
        pages = self.client.pages("/pulls", needs=READ, query=query, at_most=most)
        return _merged(islice(pages, at_most))

    def pull_refs(self, number: int) -> PullRefs:
        return PullRefs(head=f"refs/pull/{number}/head", merge=f"refs/pull/{number}/merge")

    def create_pull_request(self, *, branch: str, base: str, title: str, body: str) -> PullRequest:
        content = {"head": branch, "base": base, "title": title, "body": body}
        return _pull(self.client.post("/pulls", content, needs=WRITE))

    def update_pull_request(self, number: int, *, title: str, body: str) -> PullRequest:
        content = {"title": title, "body": body}
        return _pull(self.client.patch(f"/pulls/{number}", content, needs=WRITE))

    def close_pull_request(self, number: int) -> PullRequest:
        found = self.pull_request(number)
        if not found.is_open:
            return found
        return _pull(self.client.patch(f"/pulls/{number}", {"state": "closed"}, needs=WRITE))

    def reviews(self, number: int) -> tuple[PullReview, ...]:
        path = f"/pulls/{number}/reviews"
        return tuple(
            PullReview(
                author=user_of(item.child_or_none("user")),
                verdict=_VERDICTS[item.text("state")],
                head_sha=item.text_or("commit_id"),
            )
            for item in self.client.pages(path, needs=READ, at_most=MOST_REVIEWS)
            if item.text("state") in _VERDICTS
        )


def _merged(answers: Iterable[Answer]) -> tuple[PullRequest, ...]:
    """The last merged first. A list has no ``merged``, but ``merged_at``."""
    merged = [(at, pull) for pull in map(_pull, answers) if (at := pull.merged_at) is not None]
    return tuple(pull for _, pull in sorted(merged, key=lambda item: item[0], reverse=True))


def _pull(answer: Answer) -> PullRequest:
    head = answer.child("head")
    return PullRequest(
        number=answer.number("number"),
        title=answer.text("title"),
        body=answer.lines("body"),
        is_open=answer.text("state") == "open",
        head_sha=head.text("sha"),
        head_branch=head.text("ref"),
        base_branch=answer.child("base").text("ref"),
        merge_sha=answer.text_or("merge_commit_sha"),
        merged_at=answer.instant("merged_at") if answer.text_or("merged_at") else None,
        url=answer.text_or("html_url"),
        is_mergeable=answer.flag_or_none("mergeable"),
    )
