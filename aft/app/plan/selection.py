"""Which requests a command looks at, by id, OU and tag; and which steps it runs again."""

from __future__ import annotations

from collections.abc import Sequence

from aft.desired.model import AccountRequest, DesiredState
from aft.errors import UserError
from aft.values.ids import OrgUnitPath, RequestId
from aft.values.suggestions import did_you_mean


def chosen(
    desired: DesiredState,
    *,
    only: Sequence[str] = (),
    only_ou: Sequence[str] = (),
    only_tag: Sequence[str] = (),
) -> tuple[RequestId, ...]:
    """The requests that any of the criteria names, by id. An OU is a path (and what is below it) or
    AWS's own id, as requests write it; a tag is ``KEY=VALUE``, or ``KEY`` for any value. Raises
    ``UserError`` for a criterion that names none."""
    found = {_known(desired, name) for name in only}
    for text in only_ou:
        found |= _some(desired, f"--only-ou {text}", [r for r in desired.requests if _in(r, text)])
    for text in only_tag:
        key, equals, value = text.partition("=")
        having = [
            request
            for request in desired.requests
            if key in request.tags and (not equals or request.tags[key] == value)
        ]
        found |= _some(desired, f"--only-tag {text}", having)
    return tuple(sorted(found))


def without(
    desired: DesiredState, scope: Sequence[RequestId] | None, exclude: Sequence[str]
) -> tuple[RequestId, ...] | None:
    """``scope`` (``None``: everything) without some requests. Raises ``UserError`` when nothing
    is left of it, or one is no request."""
    if not exclude:
        return None if scope is None else tuple(scope)
    gone = {_known(desired, name) for name in exclude}
    every = [request.id for request in desired.asked_for] if scope is None else scope
    left = tuple(sorted({name for name in every if name not in gone}))
    if not left:
        raise UserError("--exclude leaves no request", hint="exclude fewer of them")
    return left


def check_rerun(desired: DesiredState, names: Sequence[str]) -> None:
    """Raises ``UserError`` for a name that is no customization and no step of one."""
    known = {
        name
        for customization in desired.customizations.values()
        for step in customization.steps
        for name in (customization.name, step.name, step.id)
    }
    there_are = "the repository has no customizations"
    if known:
        there_are = f"there are {', '.join(sorted(known))}"
    for name in names:
        if name not in known:
            raise UserError(
                f"there is no customization or step {name!r} at {desired.revision}",
                hint=did_you_mean(name, known) or there_are,
            )


def _known(desired: DesiredState, name: str) -> RequestId:
    if not desired.has_file(name):
        raise UserError(
            f"there is no request {name!r} at {desired.revision}",
            hint=did_you_mean(name, desired.request_by_id),
        )
    return RequestId(name)


def _some(
    desired: DesiredState, criterion: str, requests: Sequence[AccountRequest]
) -> set[RequestId]:
    if not requests:
        raise UserError(
            f"{criterion} names none of the {len(desired.requests)} requests at {desired.revision}",
            hint="correct it; nothing was looked at",
        )
    return {request.id for request in requests}


def _in(request: AccountRequest, text: str) -> bool:
    if not isinstance(request.ou, OrgUnitPath):
        return request.ou == text
    try:
        return request.ou.is_within(OrgUnitPath.parse(text))
    except ValueError as error:
        raise UserError(f"--only-ou {text}: {error}") from error
