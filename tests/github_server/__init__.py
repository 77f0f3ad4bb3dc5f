"""GitHub's REST API on loopback, for the calls aft makes, stricter rather than kinder.

    with GitHubServer(repository="example/accounts", git=bare_repository) as github:
        token = github.token(permissions={"pull-requests": "write"})
        pull = github.open_pull("topic")

What differs from GitHub: one repository; ids are small; everybody whose login could be one exists;
``mergeable`` is known at the second look; a run's ``pull_requests`` is always empty; labels are
made as issues name them.
"""

from .limits import Fault
from .model import (
    Artifact,
    CheckRun,
    Comment,
    Environment,
    Issue,
    Pull,
    Review,
    Run,
    Settings,
    State,
    Status,
    User,
)
from .server import ACTIONS, GitHubServer, zipped

__all__ = [
    "ACTIONS",
    "Artifact",
    "CheckRun",
    "Comment",
    "Environment",
    "Fault",
    "GitHubServer",
    "Issue",
    "Pull",
    "Review",
    "Run",
    "Settings",
    "State",
    "Status",
    "User",
    "zipped",
]
