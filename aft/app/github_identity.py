"""Who a repository is in the tokens that GitHub gives its jobs, as far as GitHub can be asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aft.clock import SystemClock
from aft.errors import AftError, Denied, NotFound, UserError
from aft.github import settings
from aft.github.client import GitHubClient
from aft.github.forge import GitHubContext
from aft.values.github_subject import ISSUER, RepositorySubject

PATIENCE_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class GitHubIdentity:
    """``issuer`` is that of the tokens, without ``https://``. ``by_ids`` is what a role should
    trust: with ids where there are any. ``sent`` is what tokens say today. ``unread``: why GitHub
    could not be asked; empty if it was."""

    issuer: str
    by_ids: RepositorySubject
    sent: RepositorySubject
    unread: str = ""


def identity_of(
    environ: Mapping[str, str], repository: str, *, owner_id: int = 0, repository_id: int = 0
) -> GitHubIdentity:
    """Of ``ORG/REPO``; the ids are asked for where they are not given. Raises ``UserError`` when
    the environment or the name is odd, or the subject has another form than GitHub's own."""
    context = GitHubContext.read(environ, repository=repository)
    issuer = context.address.token_issuer
    given = RepositorySubject(
        repository=context.repository, owner_id=owner_id, repository_id=repository_id
    )
    if given.has_ids:
        return GitHubIdentity(issuer=issuer, by_ids=given, sent=given)
    try:
        client = context.client(SystemClock(), patience=PATIENCE_SECONDS)
        found = settings.repository_settings(client)
        subject = _subject(client)
    except UserError:
        raise
    except AftError as error:
        return GitHubIdentity(issuer=issuer, by_ids=given, sent=given, unread=error.message)
    if subject.claims:
        raise UserError(
            f"tokens of {found.name} have a subject that an administrator chose: "
            f"{', '.join(subject.claims)}",
            hint="use the default (the API's actions/oidc/customization/sub with use_default), "
            "which the roles trust",
        )
    return _identity(issuer, found, subject)


def _identity(
    issuer: str, found: settings.RepositorySettings, subject: settings.SubjectSettings
) -> GitHubIdentity:
    sent = RepositorySubject.parse(subject.prefix)
    has_ids = issuer == ISSUER or (sent is not None and sent.has_ids)
    by_ids = RepositorySubject(
        repository=found.name,
        owner_id=found.owner_id if has_ids else 0,
        repository_id=found.id if has_ids else 0,
    )
    return GitHubIdentity(issuer=issuer, by_ids=by_ids, sent=sent or by_ids)


def _subject(client: GitHubClient) -> settings.SubjectSettings:
    """Nothing is known of it where it cannot be read."""
    try:
        return settings.subject_settings(client)
    except (Denied, NotFound):
        return settings.SubjectSettings()
