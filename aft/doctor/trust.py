"""Whether the roles trust what GitHub's tokens say of this repository."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from aft.doctor.model import NOT_LOOKED_AT, Check, Unread, fine, unknown, warning, wrong
from aft.github.settings import RepositorySettings, SubjectSettings
from aft.values.github_subject import ISSUER, RepositorySubject

ROLES_PATH = "iam/aft-roles.cfn.yaml"
Trusted = Mapping[str, tuple[str, ...] | Unread]
"""Beginnings of the subjects that each file or role trusts; ``Unread`` where it cannot be read."""

_AGAIN = (
    f"delete {ROLES_PATH}, run aft init --github {{repository}} with the token of this check, and "
    "deploy it again; a rename or a transfer of the repository needs that too"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustFacts:
    """``issuer`` is that of the server's tokens; ``files`` by path, ``roles`` by name."""

    issuer: str = ISSUER
    subject: SubjectSettings | Unread = NOT_LOOKED_AT
    files: Trusted = field(default_factory=dict)
    roles: Trusted = field(default_factory=dict)


def check_trust(facts: TrustFacts, found: RepositorySettings) -> Iterator[Check]:
    """Every file and every role is compared with what tokens say."""
    subject = facts.subject
    if isinstance(subject, SubjectSettings) and subject.claims:
        yield wrong(
            "trust-subject",
            f"tokens have a subject made of {', '.join(subject.claims)}, which no role trusts",
            "use the default subject (the API's actions/oidc/customization/sub: use_default)",
        )
        return
    sent = RepositorySubject.parse(subject.prefix) if isinstance(subject, SubjectSettings) else None
    said = sent or _guessed(facts.issuer, found)
    if not (facts.files or facts.roles):
        yield unknown("trust", "what the roles trust", Unread(f"there is no {ROLES_PATH} here"))
    for check, what, found_in in (
        ("trust", "", facts.files),
        ("trust-deployed", "the role ", facts.roles),
    ):
        for name, trusted in found_in.items():
            if isinstance(trusted, Unread):
                yield unknown(check, f"what {what}{name} trusts", trusted)
            else:
                yield _compared(check, what + name, trusted, said)


def _guessed(issuer: str, found: RepositorySettings) -> RepositorySubject:
    """Where GitHub does not say it: with ids, as new repositories on github.com have them."""
    has_ids = issuer == ISSUER
    return RepositorySubject(
        repository=found.name,
        owner_id=found.owner_id if has_ids else 0,
        repository_id=found.id if has_ids else 0,
    )


def _compared(check: str, place: str, trusted: tuple[str, ...], said: RepositorySubject) -> Check:
    if str(said) not in trusted:
        which = ", ".join(trusted) or "no repository on GitHub"
        return wrong(
            check,
            f"{place} trusts {which}; tokens of {said.repository} say {said}",
            _AGAIN.format(repository=said.repository),
        )
    others = sorted(item for item in trusted if item != str(said))
    if others:
        return warning(
            check,
            f"{place} also trusts {', '.join(others)}, which others may come to have",
            f"remove it once tokens say {said}",
        )
    if not said.has_ids:
        return fine(check, f"{place} trusts {said}")
    return fine(check, f"{place} trusts this repository by its ids")
