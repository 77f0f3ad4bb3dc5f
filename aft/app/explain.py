"""One account, explained: from the files of a revision, the ledger and, if asked, AWS."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from aft.app.plan.planning import read_snapshot
from aft.app.plan.selection import chosen
from aft.app.workspace import InvalidRepository, Workspace
from aft.app.world import open_ledger, open_world
from aft.aws.attached_policies import read_attached
from aft.errors import UserError
from aft.files import RevisionFiles
from aft.organization.model import AttachedPolicies
from aft.plan.access import Explained, ExplainedAccess, Question
from aft.plan.draft import Look
from aft.plan.explain import explain
from aft.plan.explanation import Explanation
from aft.plan.model import LiveSetting
from aft.policy_language.ceiling import RCP, SCP, UNBOUND, Ceiling, Chain, ceiling
from aft.policy_language.context import Context, Value
from aft.policy_language.evaluate import Level
from aft.policy_language.policy import policy_of_text
from aft.policy_language.principals import Principal
from aft.policy_language.service_facts import ALWAYS_ALLOWED
from aft.policy_language.statements import Request
from aft.values.ids import AccountId


def explain_account(
    workspace: Workspace,
    files: RevisionFiles,
    request_id: str,
    *,
    live: bool = False,
    inside: bool = True,
) -> Explanation:
    """Needs no credentials unless ``live``, which reads this one account in AWS, and with
    ``inside`` what is set in it. Raises ``UserError`` for an id that is no request's, and
    ``InvalidRepository`` where an error in its files leaves open what holds for it."""
    desired = workspace.desired(files)
    (known,) = chosen(desired, only=[request_id])
    request = desired.request_by_id.get(known)
    if request is None:
        raise InvalidRepository((desired.held.requests[known].finding,), files.revision)
    error = desired.held_by(request, request.ou_path)
    if error is not None and error.is_error:
        raise InvalidRepository((error,), files.revision)
    if not live:
        book = open_ledger(workspace, desired.config)
        state, events = book.read(), book.events(known)
        return explain(files, desired, request, state, settings=workspace.settings, events=events)
    with open_world(workspace, desired.config, reads_only=True) as world:
        ledger = world.ledger.read()

        def look(looks: Sequence[Look]) -> Mapping[tuple[str, str], LiveSetting]:
            at_once = desired.config.limits.accounts_in_parallel
            if not looks:
                return {}
            effects = world.effects[looks[0].ref.kind]
            return effects.look(looks, world.edge.members, in_parallel=at_once)

        return explain(
            files,
            desired,
            request,
            ledger,
            settings=workspace.settings,
            snapshot=read_snapshot(world, desired, ledger, [known]),
            events=world.ledger.events(known),
            look=look if inside else None,
        )


_NAMED = re.compile(r"(root|(?:role|user)/.+)")


def explain_access(
    workspace: Workspace, files: RevisionFiles, request_id: str, question: Question
) -> ExplainedAccess:
    """Asks AWS. Raises ``UserError`` for a request without an account."""
    for action in question.actions:
        if not re.fullmatch(r"[A-Za-z0-9-]+:[A-Za-z0-9]+", action):
            raise UserError(
                f"{action!r} is no action", hint="write service:Action, such as s3:DeleteBucket"
            )
    explanation = explain_account(workspace, files, request_id, live=True, inside=False)
    if explanation.account_id is None:
        raise UserError(
            f"{request_id} has no account yet, so nothing is attached to it",
            hint="aft plan says when apply creates it",
        )
    account_id = AccountId.parse(explanation.account_id)
    config = workspace.config(files)
    with open_world(workspace, config, reads_only=True) as world:
        attached = read_attached(world.edge.sessions, account_id)
    principal = _principal(question, account_id)
    return ExplainedAccess(
        request_id=request_id,
        account_id=account_id,
        ou=explanation.ou,
        principal=principal,
        resource=question.resource,
        is_management=account_id == attached.management_account_id,
        answers=tuple(_answer(it, question, attached, principal) for it in question.actions),
    )


def _answer(
    action: str, question: Question, attached: AttachedPolicies, principal: str | None
) -> Explained:
    if action.lower() in ALWAYS_ALLOWED:
        return Explained(action=action, answer=UNBOUND, always=True)
    account, owner = attached.account_id, _owner(question.resource, attached)
    chain = Chain(account=account, scps=_levels(attached, SCP), rcps=_levels(attached, RCP))
    above = Ceiling(
        principal=chain,
        # Which RCPs bind in another account is not known from here.
        resource=chain if owner == account else Chain(account=owner),
        management_account=attached.management_account_id,
    )
    request = Request(
        principal=Principal(principal or f"arn:aws:iam::{account}:role/any"),
        action=action,
        resource=question.resource,
        resource_account=owner,
        context=_context(question, attached, owner, principal),
    )
    return Explained(action=action, answer=ceiling(above, request))


def _levels(attached: AttachedPolicies, source: str) -> tuple[Level, ...] | None:
    found = []
    for item in attached.levels:
        policies = item.scps if source == SCP else item.rcps
        if policies is None:
            return None
        compiled = (policy_of_text(policy.content, policy.name) for policy in policies)
        found.append(Level(source, item.id, compiled))
    return tuple(found)


def _principal(question: Question, account_id: AccountId) -> str | None:
    """``root``, ``role/NAME`` and ``user/NAME`` are those of the account."""
    name = question.principal
    if name is not None and _NAMED.fullmatch(name):
        return f"arn:aws:iam::{account_id}:{name}"
    return name


def _owner(resource: str | None, attached: AttachedPolicies) -> str:
    parts = (resource or "").split(":", 5)
    own = len(parts) < 6 or not re.fullmatch(r"\d{12}", parts[4])
    return str(attached.account_id) if own else parts[4]


def _context(
    question: Question, attached: AttachedPolicies, owner: str, principal: str | None
) -> Context:
    values: dict[str, Value] = {
        "aws:PrincipalAccount": str(attached.account_id),
        "aws:PrincipalOrgID": attached.organization_id,
        "aws:PrincipalOrgPaths": (attached.path,),
        "aws:PrincipalIsAWSService": "false",
        "aws:ViaAWSService": "false",
    }
    if owner == attached.account_id and question.resource is not None:
        values["aws:ResourceAccount"] = owner
        values["aws:ResourceOrgID"] = attached.organization_id
        values["aws:ResourceOrgPaths"] = (attached.path,)
    if principal is not None:
        values["aws:PrincipalArn"] = principal
    if question.region is not None:
        values["aws:RequestedRegion"] = question.region
    return Context({**values, **question.context}, ["*"], absent=question.absent)
