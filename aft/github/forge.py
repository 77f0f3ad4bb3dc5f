"""GitHub as a forge: the adapter, put together from one part per object of the API."""

from __future__ import annotations

from functools import cached_property

from aft.forge.model import User
from aft.github.client import GitHubClient
from aft.github.commits import GitHubCommits
from aft.github.issues import GitHubIssues
from aft.github.people import GitHubPeople, ourselves
from aft.github.pulls import GitHubPullRequests
from aft.github.runs import GitHubRuns

BODY_LIMIT = 65_536
"""Characters of a comment's or issue's body; over it GitHub answers 422."""


class GitHubForge(GitHubIssues, GitHubPullRequests, GitHubCommits, GitHubRuns, GitHubPeople):
    """``aft.forge.port.Forge`` over GitHub's REST API. ``login`` is whose token it is as far as the
    user says, ``in_actions`` whether it is a workflow's own."""

    name = "GitHub"
    body_limit = BODY_LIMIT

    def __init__(self, client: GitHubClient, *, login: str = "", in_actions: bool = False) -> None:
        self.client = client
        self._login = login
        self._in_actions = in_actions

    def me(self) -> User:
        return self._me

    @cached_property
    def _me(self) -> User:
        return ourselves(self.client, login=self._login, in_actions=self._in_actions)
