"""What people may, which team they are in, and what they say of pull requests."""

from __future__ import annotations

import re

from . import shapes
from .answers import Answer, Refusal
from .model import User
from .routing import Call, Route, route

_LOGIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,37}[A-Za-z0-9])?")
_BASE = {"triage": "read", "maintain": "write"}
"""Roles whose ``permission`` is called by the nearest of the old ones."""


def _permission(call: Call) -> Answer:
    """Of everybody GitHub could know, also of those who are no collaborators."""
    login = call.names["login"]
    if not _LOGIN.fullmatch(login):
        raise Refusal(404, "Not Found")
    settings = call.state.settings
    role = settings.collaborators.get(login.lower(), "none" if settings.private else "read")
    body = {"permission": _BASE.get(role, role), "role_name": role}
    return Answer({**body, "user": shapes.user(User.named(login))})


def _members(call: Call) -> Answer:
    """Without those who have not accepted yet."""
    logins = call.state.settings.teams.get(f"{call.names['org']}/{call.names['team']}".lower())
    if logins is None:
        raise Refusal(404, "Not Found")
    return call.page([shapes.user(User.named(login)) for login in logins])


def _reviews(call: Call) -> Answer:
    number = call.names["number"]
    if not number.isdigit() or int(number) not in call.state.pulls:
        raise Refusal(404, "Not Found")
    reviews = call.state.reviews.get(int(number), [])
    seen = [item for item in reviews if item.state != "PENDING" or item.user == call.user]
    return call.page([shapes.review(item, call.state) for item in seen])


ROUTES: tuple[Route, ...] = (
    route("GET", "/collaborators/{login}/permission", _permission, "metadata=read"),
    route("GET", "/pulls/{number}/reviews", _reviews, "pull-requests=read"),
)
ORGANIZATION_ROUTES: tuple[Route, ...] = (
    route("GET", "/orgs/{org}/teams/{team}/members", _members, "members=read"),
)
