"""Who wrote something, who may, and who we are.

A workflow's own token writes as ``github-actions[bot]``. Another app's token cannot be asked whose
it is (``GET /user`` is for people), so its login is given in AFT_GITHUB_LOGIN.
"""

from __future__ import annotations

import re

from aft.errors import Denied, NotFound, UserError
from aft.forge.port import Permission, User
from aft.github.address import segment
from aft.github.answers import Answer
from aft.github.client import GitHubClient

ACTIONS_LOGIN = "github-actions[bot]"
LOGIN_VARIABLE = "AFT_GITHUB_LOGIN"
METADATA = "metadata: read"
MEMBERS = "members: read"
MOST_MEMBERS = 10_000

GHOST = User("ghost", is_bot=False)
"""Represents a person whose account was deleted."""

_PERMISSIONS = {"read": Permission.READ, "write": Permission.WRITE, "admin": Permission.ADMIN}
"""``triage`` counts as read and ``maintain`` as write in this key of GitHub's."""
_TEAM = re.compile(r"@([^/@]+)/([^/@]+)")


class GitHubPeople:
    """The part of the forge that is people."""

    client: GitHubClient

    def permission(self, login: str) -> Permission:
        path = f"/collaborators/{segment(login)}/permission"
        try:
            answer = self.client.get(path, needs=METADATA)
        except NotFound:
            return Permission.NONE
        return _PERMISSIONS.get(answer.text("permission"), Permission.NONE)

    def team_members(self, team: str) -> tuple[User, ...]:
        """Also those of teams below it. A workflow's own token may not see teams."""
        named = _TEAM.fullmatch(team)
        if named is None:
            raise UserError(f"{team!r} is no team: expected @ORG/TEAM")
        path = f"/orgs/{segment(named[1])}/teams/{segment(named[2])}/members"
        pages = self.client.pages(path, needs=MEMBERS, at_most=MOST_MEMBERS)
        return tuple(sorted(map(user_of, pages), key=lambda user: user.login.lower()))


def user_of(answer: Answer | None) -> User:
    """The account in GitHub's ``user``; ``GHOST`` when it was deleted."""
    if answer is None:
        return GHOST
    return User(answer.text("login"), is_bot=answer.text_or("type") == "Bot")


def ourselves(client: GitHubClient, *, login: str, in_actions: bool) -> User:
    """The account our token writes as. ``login`` is what the user says (AFT_GITHUB_LOGIN),
    ``in_actions`` whether this is a workflow, whose token is taken for its own when it is no
    person's. Raises ``Denied``."""
    if login:
        return User(login, is_bot=login.endswith("[bot]"))
    try:
        return user_of(client.get("/user", needs="a person's token"))
    except Denied as error:
        if error.code != "403":
            raise
        if in_actions:
            return User(ACTIONS_LOGIN, is_bot=True)
        raise Denied(
            "the token belongs to an app, and GitHub does not report which one",
            hint=f"set {LOGIN_VARIABLE} to the login it writes as, such as my-app[bot]",
            code=error.code,
        ) from error
