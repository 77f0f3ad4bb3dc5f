"""One statement, compiled: which actions, resources, principals and contexts it is about."""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from aft.policy_language.conditions import Conditions, compile_conditions
from aft.policy_language.context import Context, Template, Unresolved, template_of
from aft.policy_language.documents import NotAPolicy, as_list, text_of
from aft.policy_language.patterns import (
    compiled,
    is_everything,
    regex_of,
    resource_regex,
    tokens_of,
)
from aft.policy_language.principals import Named, Principal
from aft.policy_language.truth import Truth, all_of, any_of

NO_RESOURCE = "*"
"""The resource of an action that has none; only a policy's ``*`` covers it."""
RESOURCE = "resource"
"""What an answer depends on when the resource is unknown."""
_UNKNOWN_RESOURCE: Truth = frozenset({RESOURCE})
_WILDCARD = re.compile(r"[*?]")


class Effect(enum.StrEnum):
    """What a statement that matches does."""

    ALLOW = "Allow"
    DENY = "Deny"


@dataclass(frozen=True, kw_only=True)
class Request:
    """One call. ``action`` is ``service:Name`` in any case; ``resource`` an ARN, ``*`` for an
    action without a resource, or ``None`` when it is unknown. ``resource_account`` owns the
    resource; without it the principal's account does."""

    principal: Principal
    action: str
    resource: str | None = NO_RESOURCE
    resource_account: str = ""
    context: Context

    @property
    def service(self) -> str:
        return self.action.partition(":")[0].lower()


@dataclass(frozen=True, eq=False, kw_only=True)
class Statement:
    """``index`` counts from 0; ``source`` is the statement as written; ``actions`` and what
    ``covers_action`` takes are in lower case; ``services`` it can be about, ``None`` for any."""

    index: int
    source: Mapping[str, Any]
    actions: tuple[str, ...]
    services: frozenset[str] | None
    sid: str
    denies: bool
    covers_action: Callable[[str], bool]
    resources: Resources
    conditions: Conditions
    principal: Named | None = None
    not_principal: Named | None = None

    @property
    def effect(self) -> Effect:
        return Effect.DENY if self.denies else Effect.ALLOW

    def truth(self, request: Request) -> Truth:
        """Does everything but the action match?"""
        if self.principal is not None and not self.principal.covers(request.principal):
            return False
        conditions = self.conditions.truth(request.context)
        if conditions is False:
            return False
        resources = self.resources.truth(request.resource, request.context)
        if self.not_principal is not None:
            named = self.not_principal.not_covered(request.principal)
            return all_of((conditions, resources, named))
        if conditions is True or resources is False:
            return resources
        return conditions if resources is True else conditions | resources


class Resources:
    """Resource or NotResource."""

    __slots__ = ("_everything", "_fixed", "_not", "_odd", "_open", "templates")

    def __init__(self, texts: list[str], *, variables: bool, negate: bool) -> None:
        self._not = negate
        self._everything = self._odd = False
        self._open: list[Template] = []
        self.templates = [_resource_template(text, variables=variables) for text in texts]
        fixed = []
        for template in self.templates:
            if template.variables:
                self._open.append(template)
            elif is_everything(template.parts):
                self._everything = True
            elif regex := resource_regex(template.parts):
                fixed.append(f"(?:{regex})")
            else:
                self._odd = True  # no ARN: fits nothing, and leaves nothing out either
        self._fixed = compiled("|".join(fixed)).fullmatch if fixed else None

    @property
    def has_variables(self) -> bool:
        return bool(self._open)

    def truth(self, resource: str | None, context: Context) -> Truth:
        """Is ``resource`` among them (or, for NotResource, not)?"""
        if self._everything:
            return not self._not
        if resource is None:
            nothing = self._fixed is None and not self._open
            return _UNKNOWN_RESOURCE if not nothing else self._not and not self._odd
        if self._not and self._odd:
            return False
        if resource != NO_RESOURCE and self._fixed is not None and self._fixed(resource):
            return not self._not
        truths = self._open_truths(resource, context)
        return all_of(truths) if self._not else any_of(truths)

    def _open_truths(self, resource: str, context: Context) -> Iterator[Truth]:
        for item in self._open:
            try:
                yield _fits(item.resolved(context), resource) is not self._not
            except Unresolved as error:
                yield error.truth


def _fits(tokens: tuple[Any, ...], resource: str) -> bool:
    regex = resource_regex(tokens)
    return (
        regex is not None
        and resource != NO_RESOURCE
        and compiled(regex).fullmatch(resource) is not None
    )


def _resource_template(text: str, *, variables: bool) -> Template:
    """Variables are read in the sixth segment alone."""
    parts = text.split(":", 5)
    if not variables or len(parts) < 6:
        return template_of(text, variables=False)
    return Template((*tokens_of(":".join(parts[:5]) + ":"), *template_of(parts[5]).parts))


def compile_statement(raw: Mapping[str, Any], *, index: int, variables: bool) -> Statement:
    """Raises ``NotAPolicy`` for what cannot be evaluated."""
    try:
        effect = Effect(raw.get("Effect", ""))
    except ValueError as error:
        raise NotAPolicy(f"statement {index + 1}: Effect is neither Allow nor Deny") from error
    if ("Action" in raw) == ("NotAction" in raw):
        raise NotAPolicy(f"statement {index + 1}: needs either Action or NotAction")
    actions = tuple(
        text_of(item).lower() for item in as_list(raw.get("Action", raw.get("NotAction")))
    )
    services = frozenset(text.partition(":")[0] for text in actions)
    is_open = "NotAction" in raw or any(map(_WILDCARD.search, services))
    # A trust policy has neither Resource nor NotResource: it is about its role.
    element = "NotResource" if "NotResource" in raw else "Resource"
    resources = [text_of(item) for item in as_list(raw.get(element, "*"))]
    return Statement(
        index=index,
        source=raw,
        actions=actions,
        services=None if is_open else services,
        sid=str(raw.get("Sid") or ""),
        denies=effect is Effect.DENY,
        covers_action=_action_test(actions, wanted="Action" in raw),
        resources=Resources(resources, variables=variables, negate=element == "NotResource"),
        conditions=compile_conditions(raw.get("Condition"), variables=variables),
        principal=Named(raw["Principal"]) if "Principal" in raw else None,
        not_principal=Named(raw["NotPrincipal"]) if "NotPrincipal" in raw else None,
    )


def _action_test(texts: tuple[str, ...], *, wanted: bool) -> Callable[[str], bool]:
    if any(is_everything(tokens_of(text)) for text in texts):
        return lambda _: wanted
    plain = frozenset(text for text in texts if not _WILDCARD.search(text))
    regex = "|".join(f"(?:{regex_of(tokens_of(text))})" for text in texts if text not in plain)
    match = compiled(regex).fullmatch if regex else None
    if wanted:
        return lambda action: action in plain or (match is not None and match(action) is not None)
    return lambda action: action not in plain and (match is None or match(action) is None)
