"""Names of secrets and variables, never their values; for ``aft doctor``."""

from __future__ import annotations

from aft.github.client import GitHubClient

SECRETS = "secrets: read"
VARIABLES = "variables: read"
_MOST = 1000


def secret_names(client: GitHubClient) -> tuple[str, ...]:
    """Names of its secrets for Actions. Raises ``Denied`` without ``secrets: read``."""
    pages = client.pages("/actions/secrets", needs=SECRETS, key="secrets", at_most=_MOST)
    return tuple(item.text("name") for item in pages)


def variable_names(client: GitHubClient) -> tuple[str, ...]:
    """Names of its variables. Raises ``Denied`` without ``variables: read``."""
    pages = client.pages("/actions/variables", needs=VARIABLES, key="variables", at_most=_MOST)
    return tuple(item.text("name") for item in pages)
