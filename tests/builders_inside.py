"""One member account of a simulated organization, seen from inside, as plug-ins see it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import boto3
from builders_sandbox import STILL
from recorded import calls_of

from aft.aws.adapters import connect
from aft.baselines.model import BaselineSetting, SettingDifference, SettingInputs
from aft.config.model import Config
from aft.organization.model import AccountFacts
from aft.sandbox.sandbox import Sandbox
from aft.sandbox.seed import AccountSpec
from aft.sandbox.server import serve
from aft.sessions import AccountSession
from aft.values.ids import AccountId, OrgUnitPath

HOME = "eu-central-1"


@dataclass(frozen=True, kw_only=True)
class Inside:
    """The account: ``session`` is the door plug-ins get, ``boto`` the test's own to look with;
    ``calls`` are those of plug-ins, with their parameters."""

    sandbox: Sandbox
    session: AccountSession
    account_id: AccountId
    boto: boto3.Session
    calls: list[Any] = field(default_factory=list)

    def look(self, service: str, region: str = HOME) -> Any:
        return self.boto.client(service, region_name=region)


@contextlib.contextmanager
def member_account(*, with_server: bool = False) -> Iterator[Inside]:
    """A fresh organization with one account in it; ``with_server`` for child processes."""
    with contextlib.ExitStack() as stack:
        sandbox = stack.enter_context(Sandbox.open(None, home_region=HOME, wall=STILL))
        (account_id,) = sandbox.seed_accounts(
            [AccountSpec(name="payments-prod", email="aws+payments-prod@example.com")]
        )
        url = stack.enter_context(serve(sandbox)).url if with_server else None
        session = sandbox.botocore_session()
        edge = connect(
            Config(home_region=HOME),
            clock=sandbox.clock,
            botocore_session=session,
            child_endpoint=lambda: url,
        )
        yield Inside(
            sandbox=sandbox,
            session=edge.members.session(AccountId(account_id)),
            account_id=AccountId(account_id),
            boto=sandbox.member_session(account_id),
            calls=calls_of(session),
        )


def facts(account_id: str | None = "123456789012", **changes: Any) -> AccountFacts:
    values: dict[str, Any] = {
        "request_id": "payments-prod",
        "account_id": None if account_id is None else AccountId(account_id),
        "name": "Payments (Prod)",
        "email": "aws+payments-prod@example.com",
        "ou": OrgUnitPath(("Workloads", "Prod")),
        "home_region": HOME,
        "regions": (HOME, "eu-west-1"),
        "tags": {"cost-center": "4711"},
        "owner": {"team": "payments", "email": "payments@example.com"},
    }
    return AccountFacts(**{**values, **changes})


@dataclass(frozen=True, kw_only=True)
class Applied:
    """One setting in one account, driven as a run drives it."""

    inside: Inside
    setting: BaselineSetting[Any, Any]
    inputs: SettingInputs[Any]

    def differences(self) -> tuple[SettingDifference, ...]:
        observed = self.setting.read(self.inputs, self.inside.session)
        return self.setting.compare(self.inputs, observed)

    def change(self) -> None:
        observed = self.setting.read(self.inputs, self.inside.session)
        self.setting.change(self.inputs, observed, self.inside.session)

    def writes(self) -> list[str]:
        """The operations of this process that were no reads."""
        reads = ("Describe", "Get", "Head", "List", "Assume")
        return [
            call.operation
            for call in self.inside.sandbox.log
            if not call.operation.startswith(reads)
        ]


def applied(
    inside: Inside,
    setting: BaselineSetting[Any, Any],
    *,
    region: str | None = None,
    account: AccountFacts | None = None,
    **parameters: Any,
) -> Applied:
    return Applied(
        inside=inside,
        setting=setting,
        inputs=SettingInputs(
            account=account or facts(inside.account_id),
            parameters=setting.parameters_model.model_validate_json(json.dumps(parameters)),
            region=region,
        ),
    )


def settled(applied: Applied) -> None:
    """Change once; then nothing differs, and another change writes nothing."""
    applied.change()
    assert applied.differences() == ()
    written = applied.writes()
    applied.change()
    assert applied.writes() == written


def words(applied: Applied) -> list[str]:
    return [item.description for item in applied.differences()]
