"""Who gains power by a template: resources of IAM that are new or allow more, and policies of any
resource that name someone more. Pure.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from aft.cloudformation.compare import Resource, resources_of
from aft.cloudformation.resolve import Scope, Symbol
from aft.cloudformation.template import Template
from aft.policy_language.compare import Verdict, wider
from aft.policy_language.documents import NotAPolicy, as_list
from aft.policy_language.policy import Policy
from aft.policy_language.principals import Principal, PrincipalKind
from aft.values.parts import Gain

_IAM = "AWS::IAM::"
_WORDS = frozenset({"Tags", "Description", "Path", "RoleName", "PolicyName", "UserName"})
"""Properties of IAM's resources that allow nothing."""
_LISTS = frozenset({"ManagedPolicyArns", "Policies", "Roles", "Users", "Groups"})
"""Those of which one item fewer allows nothing more."""
_NAMING = frozenset({"Principal", "Principals", "AllowedPrincipals"})
"""Properties that name someone without a policy document: ``AWS::Lambda::Permission``,
``AWS::Events::EventBusPolicy``, ``AWS::RAM::ResourceShare``,
``AWS::EC2::VPCEndpointServicePermissions``."""

Documents = Mapping[str, Mapping[str, Any]]


def gains_in(
    before: Template, after: Template, pseudo: Mapping[str, str], *, organization_id: str
) -> Iterator[Gain]:
    """What ``after`` gives that ``before`` (``EMPTY`` for a new stack) did not."""
    was, will = (resources_of(Scope(template=item, pseudo=pseudo)) for item in (before, after))
    for name, resource in sorted(will.items()):
        old = was.get(name)
        if old is not None and old.type != resource.type:
            old = None
        yield from _gains(name, resource, old, organization_id)


def _gains(
    name: str, resource: Resource, old: Resource | None, organization_id: str
) -> Iterator[Gain]:
    new = _plain(resource.properties)
    known = _plain(old.properties) if old is not None else {}
    if new == known and old is not None:
        return
    named, before = ([*_everyone(found, organization_id)] for found in (new, known))
    added = tuple(dict.fromkeys(who for who in named if who not in before))
    is_iam = resource.type.startswith(_IAM)
    if is_iam and old is None:
        yield Gain(part=name, words=f"{resource.type} is new", principals=added)
    elif is_iam and _allows_more(new, known):
        yield Gain(part=name, words=f"{resource.type} allows more", principals=added)
    elif added:
        yield Gain(part=name, words=f"{resource.type} names someone more", principals=added)
    elif old is not None and _changes_to_wider(known, new):
        yield Gain(part=name, words=f"{resource.type} allows more", principals=())


def _allows_more(new: Mapping[str, Any], known: Mapping[str, Any]) -> bool:
    """A property says more than words, and is not proven to allow less."""
    for key in (new.keys() | known.keys()) - _WORDS:
        will, was = new.get(key), known.get(key)
        if will == was:
            continue
        if key in _LISTS and all(item in as_list(was) for item in as_list(will)):
            continue
        documents, before = (dict(_documents(item, "")) for item in (will, was))
        if not documents or _rest(will) != _rest(was) or _is_wider(before, documents):
            return True
    return False


def _changes_to_wider(known: Any, new: Any) -> bool:
    was, will = dict(_documents(known, "")), dict(_documents(new, ""))
    return was != will and _is_wider(was, will)


def _is_wider(before: Documents, after: Documents) -> bool:
    try:
        old, new = (
            [Policy.of(document, name) for name, document in found.items()]
            for found in (before, after)
        )
    except NotAPolicy:
        return True
    return wider(old, new).verdict is not Verdict.NO


def _everyone(properties: Mapping[str, Any], organization_id: str) -> Iterator[str]:
    """Whom the policy documents of a resource name, and its properties themselves."""
    for _, document in _documents(properties, ""):
        yield from _named(document, organization_id)
    own = organization_id and properties.get("PrincipalOrgID") == organization_id
    for key in sorted(_NAMING & properties.keys()) if not own else ():
        for who in as_list(properties[key]):
            is_own = bool(organization_id) and organization_id in str(who).split("/")
            if Principal(str(who)).kind is not PrincipalKind.SERVICE and not is_own:
                yield Principal(str(who)).account or str(who)


def _documents(value: Any, path: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every policy document in a value, by its place; also one that is written as JSON text."""
    if isinstance(value, str) and value.lstrip().startswith("{"):
        with contextlib.suppress(ValueError, RecursionError):
            value = json.loads(value)
    if isinstance(value, dict):
        if _is_document(value):
            yield path, value
        else:
            for key, item in value.items():
                yield from _documents(item, f"{path}/{key}")
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _documents(item, f"{path}/{number}")


def _is_document(value: Mapping[str, Any]) -> bool:
    """Whether it is a policy; rules of a firewall have a ``Statement`` as well."""
    found = as_list(value.get("Statement"))
    return any(isinstance(item, dict) and "Effect" in item for item in found)


def _rest(value: Any) -> Any:
    """The value without its policy documents."""
    if isinstance(value, dict):
        return {} if _is_document(value) else {key: _rest(item) for key, item in value.items()}
    return [_rest(item) for item in value] if isinstance(value, list) else value


def _named(document: Mapping[str, Any], organization_id: str) -> Iterator[str]:
    """Whom its statements allow something: ``*``, account ids, what else they name. Those that
    hold for the organization alone name no one else."""
    for statement in as_list(document.get("Statement")):
        if not isinstance(statement, dict) or statement.get("Effect") != "Allow":
            continue
        if organization_id and _is_for_organization(statement, organization_id):
            continue
        if "NotPrincipal" in statement:
            yield "*"
        principal = statement.get("Principal")
        groups = principal if isinstance(principal, dict) else {"AWS": principal}
        for kind, found in groups.items():
            for who in as_list(found) if kind != "Service" else ():
                yield Principal(str(who)).account or str(who)


def _is_for_organization(statement: Mapping[str, Any], organization_id: str) -> bool:
    conditions = statement.get("Condition")
    found = conditions.get("StringEquals") if isinstance(conditions, dict) else None
    if not isinstance(found, dict):
        return False
    values = [item for key, item in found.items() if str(key).lower() == "aws:principalorgid"]
    return any(as_list(value) == [organization_id] for value in values)


def _plain(value: Any) -> Any:
    """What only AWS knows as text that is no policy variable."""
    if isinstance(value, Symbol):
        return value.text.replace("${", "<").replace("}", ">")
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value
