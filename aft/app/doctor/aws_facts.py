"""The facts ``aft doctor`` judges: of this machine, and of the organization."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from aft.app.workspace import Workspace
from aft.app.world import ledger_branch, open_ledger, open_world
from aft.config.model import Config
from aft.desired.model import DesiredState
from aft.doctor.aws import AmazonFacts, Delegation, Entry, OrganizationFacts, Whoami
from aft.doctor.machine import MachineFacts
from aft.doctor.model import Unread
from aft.errors import AftError
from aft.git.command import GitCommand, is_local, is_ssh
from aft.git.conversation import conversation
from aft.ledger.events import LedgerState
from aft.plan.kind import Kinds
from aft.scaffold.permissions import APPLY, PLAN, actions_of
from aft.scaffold.roles import APPLY_ROLE, PLAN_ROLE
from aft.values.ids import AccountId

if TYPE_CHECKING:
    from aft.aws.examination import Examination

T = TypeVar("T")

_PRINCIPALS: Mapping[str, str] = {
    "guardduty": "guardduty.amazonaws.com",
    "security-hub": "securityhub.amazonaws.com",
    "access-analyzer": "access-analyzer.amazonaws.com",
}
"""Settings with an administrator account, and the service principal it is registered for."""
_NEEDS_TRUST: Mapping[str, str] = {"ram-shares": "ram.amazonaws.com"}
"""Settings that need trusted access which aft does not switch on itself."""
_REQUEST_ID = re.compile(r" \(request id [^)]*\)")
_RENAMES = ("account.amazonaws.com", "renaming accounts")


def look(question: Callable[[], T]) -> T | Unread:
    """The answer, or why there is none."""
    try:
        return question()
    except AftError as error:
        return Unread(_REQUEST_ID.sub("", error.message))


def machine_facts(workspace: Workspace, config: Config) -> MachineFacts:
    """What this machine and its clone are like. Fetches the ledger; pushes nothing."""
    result = workspace.load(workspace.files(None))
    ledger = look(lambda: open_ledger(workspace, config).read())
    records = () if isinstance(ledger, Unread) else ledger.records.values()
    known = sum(bool(record.account_id) for record in records)
    return MachineFacts(
        python=sys.version_info[:2],
        git=_git_version(workspace),
        is_shallow=workspace.repository.handle.is_shallow,
        errors=sum(item.is_error for item in result.findings),
        requests=len(result.state.requests) if result.state else 0,
        ledger_branch=ledger_branch(config, simulated=workspace.simulated),
        ledger_remote=config.ledger.remote,
        remotes=workspace.repository.remotes,
        ledger=ledger if isinstance(ledger, Unread) else known,
        push=_try_push(workspace, config),
    )


def amazon_facts(workspace: Workspace, state: DesiredState) -> AmazonFacts:
    """What the organization is like, by harmless reads."""
    from aft.aws.examination import Examination  # noqa: PLC0415 - boto3 is slow to load

    try:
        with open_world(workspace, state.config, reads_only=True) as world:
            ledger = look(world.ledger.read)
            known = LedgerState() if isinstance(ledger, Unread) else ledger
            return _amazon(Examination(world.edge.sessions), state, known, workspace.kinds)
    except AftError as error:
        return AmazonFacts(caller=Unread(error.message))


def _amazon(
    ask: Examination, state: DesiredState, ledger: LedgerState, kinds: Kinds
) -> AmazonFacts:
    caller = look(lambda: Whoami(*ask.caller()))
    if isinstance(caller, Unread):
        return AmazonFacts(caller=caller)
    reads, writes = (*PLAN, *kinds.reads), (*APPLY, *kinds.writes)
    used = {spec.setting for item in state.baselines.values() for spec in item.settings}
    needed = {
        _NEEDS_TRUST[name]: f"the setting {name}" for name in sorted(used & set(_NEEDS_TRUST))
    }
    return AmazonFacts(
        caller=caller,
        organization=look(lambda: _organization(ask)),
        plan_actions=actions_of(reads),
        apply_actions=actions_of(writes),
        permissions=look(lambda: ask.simulated(caller.arn, (*reads, *writes))),
        refused_reads=dict(_refused(ask)),
        member=_enter(ask, reading=False),
        reader=_enter(ask, reading=True)
        if state.config.roles.reader
        else Unread("roles.reader of aft.yaml names none"),
        quota=look(ask.account_quota),
        accounts=look(ask.account_count),
        to_create=sum(
            not request.account_id and not ledger.record(request.id).account_id
            for request in state.requests
        ),
        trusted=look(ask.trusted_services),
        trusted_needed={**needed, _RENAMES[0]: _RENAMES[1]},
        delegations=look(lambda: tuple(_delegations(ask, state, ledger))),
        skew_seconds=look(ask.clock_skew),
        roles_trust={
            role: found
            for role in (PLAN_ROLE, APPLY_ROLE)
            if (found := look(partial(ask.trusted_subjects, role))) is not None
        },
    )


def _organization(ask: Examination) -> OrganizationFacts:
    found = ask.organization()
    return OrganizationFacts(
        id=found["Id"],
        management_account_id=found["MasterAccountId"],
        has_all_features=found["FeatureSet"] == "ALL",
    )


def _refused(ask: Examination) -> Iterator[tuple[str, str]]:
    for action, question in ask.reads().items():
        answer = look(question)
        if isinstance(answer, Unread):
            yield action, answer.why


def _enter(ask: Examination, *, reading: bool) -> Entry | Unread:
    account_id = look(ask.a_member)
    if isinstance(account_id, Unread):
        return account_id
    if account_id is None:
        return Unread("there is no member account yet")
    member = AccountId(account_id)
    role = ask.role_name(reading=reading)
    entered = look(lambda: ask.enter(member, reading=reading))
    problem = entered.why if isinstance(entered, Unread) else ""
    return Entry(role=role, account_id=member, problem=problem)


def _delegations(
    ask: Examination, state: DesiredState, ledger: LedgerState
) -> Iterator[Delegation]:
    wanted = {
        (spec.setting, str(spec.parameters["administrator"]))
        for baseline in state.baselines.values()
        for spec in baseline.settings
        if spec.setting in _PRINCIPALS and spec.parameters.get("administrator")
    }
    for setting, name in sorted(wanted):
        account_id = ledger.record(name).account_id or (name if name.isdecimal() else None)
        if account_id is None:
            continue  # an account that is yet to be made administers nothing
        principal = _PRINCIPALS[setting]
        found = ask.administrators(principal)
        yield Delegation(service=principal, setting=setting, wanted=account_id, found=found)


def _git_version(workspace: Workspace) -> str | None:
    git = shutil.which("git", path=workspace.environ.get("PATH"))
    if git is None:
        return None
    done = subprocess.run(
        [git, "--version"], capture_output=True, text=True, check=False, timeout=30
    )
    found = re.search(r"[0-9]+(?:\.[0-9]+)+", done.stdout)
    return found[0] if found else None


def _try_push(workspace: Workspace, config: Config) -> str | Unread:
    """Git asks the remote, and changes nothing there."""
    remote = config.ledger.remote
    if workspace.simulated:
        return Unread("the sandbox's ledger is never pushed")
    if remote is None or remote not in workspace.repository.remotes:
        return Unread("it stays on this machine")
    with conversation(workspace.repository) as handle:
        url = handle.remotes[remote].push_url or handle.remotes[remote].url or ""
        if not (is_local(url) or is_ssh(url)):
            return Unread("over https only the first write tells")
        git = GitCommand(Path(handle.path), workspace.environ)
        if not git.is_installed:
            return Unread("there is no git command")
        ref = f"refs/heads/{ledger_branch(config, simulated=False)}"
        head = workspace.repository.resolve
        return look(lambda: git.try_push(remote, commit=head("HEAD"), ref=ref))
