"""Who wrote something, and who we are.

A workflow's own token writes as ``github-actions[bot]``. Another app's token cannot be asked whose
it is (``GET /user`` is for people), so its login is given in AFT_GITHUB_LOGIN.
"""

from __future__ import annotations

from dataclasses import dataclass

from aft.errors import Denied
from aft.github.answers import Answer
from aft.github.client import GitHubClient

ACTIONS_LOGIN = "github-actions[bot]"
LOGIN_VARIABLE = "AFT_GITHUB_LOGIN"


@dataclass(frozen=True, slots=True)
class Account:
    """A person or an app. Apps' logins end with ``[bot]``, which no person's can."""

    login: str
    is_bot: bool

    def is_same(self, other: Account) -> bool:
        return (self.login.lower(), self.is_bot) == (other.login.lower(), other.is_bot)


GHOST = Account("ghost", is_bot=False)
"""Stands for somebody whose account was deleted."""


def account_of(answer: Answer | None) -> Account:
    """The account in GitHub's ``user``; nobody's when it was deleted."""
    if answer is None:
        return GHOST
    return Account(answer.text("login"), is_bot=answer.text_or("type") == "Bot")


def ourselves(client: GitHubClient, *, login: str, in_actions: bool) -> Account:
    """The account our token writes as.

    ``login`` is what the user says (AFT_GITHUB_LOGIN), ``in_actions`` whether this is a
    workflow, whose token is taken for its own when it is no person's. Raises ``Denied``.
    """
    if login:
        return Account(login, is_bot=login.endswith("[bot]"))
    try:
        return account_of(client.user())
    except Denied as error:
        if error.code != "403":
            raise
        if in_actions:
            return Account(ACTIONS_LOGIN, is_bot=True)
        raise Denied(
            "the token is an app's, and GitHub does not say which app's",
            hint=f"set {LOGIN_VARIABLE} to the login it writes as, such as my-app[bot]",
            code=error.code,
        ) from error
