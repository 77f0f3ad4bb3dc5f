"""GitHub as a forge: the adapter, put together from one part per object of the API, and what the
environment says of it: API, repository, token, run.

GitHub Actions sets the ``GITHUB_…`` variables; elsewhere one sets them, or gives options.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from aft.errors import UserError
from aft.forge.port import User
from aft.github.address import DEFAULT_API, ApiAddress, parse_repository
from aft.github.client import PATIENCE_SECONDS, GitHubClient, Token
from aft.github.commits import GitHubCommits
from aft.github.issues import GitHubIssues
from aft.github.people import LOGIN_VARIABLE, GitHubPeople, ourselves
from aft.github.pulls import GitHubPullRequests
from aft.github.runs import GitHubRuns
from aft.ports import Clock

TOKEN_VARIABLES = ("AFT_GITHUB_TOKEN", "GITHUB_TOKEN")
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


@dataclass(frozen=True, slots=True, kw_only=True)
class GitHubContext:
    """``run_url``: the run to look at, empty where there is none; ``login``: whose the token is,
    as far as the user says."""

    address: ApiAddress
    repository: str
    token: Token | None
    login: str = ""
    in_actions: bool = False
    run_url: str = ""

    @classmethod
    def read(cls, environ: Mapping[str, str], *, repository: str = "") -> GitHubContext:
        """Options win over variables. Raises ``UserError``."""
        name = repository or environ.get("GITHUB_REPOSITORY", "")
        if not name:
            raise UserError(
                "no repository on GitHub is given",
                hint="give --repo ORG/REPO, or set GITHUB_REPOSITORY",
            )
        return cls(
            address=ApiAddress.parse(environ.get("GITHUB_API_URL") or DEFAULT_API),
            repository=parse_repository(name),
            token=_token(environ),
            login=environ.get(LOGIN_VARIABLE, ""),
            in_actions=environ.get("GITHUB_ACTIONS") == "true",
            run_url=_run_url(environ, name),
        )

    def client(self, clock: Clock, *, patience: float = PATIENCE_SECONDS) -> GitHubClient:
        """Raises ``Denied`` when there is no token."""
        return GitHubClient(
            address=self.address,
            repository=self.repository,
            token=self.token,
            clock=clock,
            patience=patience,
        )

    def forge(self, client: GitHubClient) -> GitHubForge:
        return GitHubForge(client, login=self.login, in_actions=self.in_actions)


def _token(environ: Mapping[str, str]) -> Token | None:
    """The first that is set. A line break in it would end the header, and be quoted in errors."""
    name = next((key for key in TOKEN_VARIABLES if environ.get(key)), "")
    secret = environ.get(name, "").strip()
    if secret and not re.fullmatch(r"[\x21-\x7e]+", secret):
        raise UserError(f"{name} contains more than a token", hint="set it to the token alone")
    return Token(secret) if secret else None


def _run_url(environ: Mapping[str, str], repository: str) -> str:
    server = environ.get("GITHUB_SERVER_URL", "").rstrip("/")
    run = environ.get("GITHUB_RUN_ID", "")
    if not server or not run.isdigit():
        return ""
    return f"{server}/{repository}/actions/runs/{run}"
