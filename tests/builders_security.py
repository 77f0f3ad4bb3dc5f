"""Three accounts of one simulated organization, for settings that reach from one into another."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
from builders_inside import HOME, Applied, Inside, facts
from builders_sandbox import STILL

from aft.aws.adapters import AwsEdge, connect
from aft.baselines.model import BaselineSetting, SettingInputs
from aft.config.model import Config
from aft.organization.model import AccountFacts, Surroundings
from aft.sandbox.sandbox import Sandbox
from aft.sandbox.seed import AccountSpec
from aft.values.ids import AccountId

NAMES = ("payments-prod", "audit", "log-archive")


@dataclass(frozen=True, kw_only=True)
class Company:
    """``ids`` by request id; ``at`` gives an account as a run and a test see it."""

    sandbox: Sandbox
    edge: AwsEdge
    ids: dict[str, AccountId]

    def at(self, name: str) -> Inside:
        account_id = self.ids[name]
        return Inside(
            sandbox=self.sandbox,
            session=self.edge.members.session(account_id),
            account_id=account_id,
            boto=self.sandbox.member_session(account_id),
        )

    def management(self, service: str, region: str = HOME) -> Any:
        session = boto3.Session(botocore_session=self.sandbox.botocore_session())
        return session.client(service, region_name=region)

    def facts(self, name: str = "payments-prod", **changes: Any) -> AccountFacts:
        around = Surroundings(
            organization_id=self.sandbox.organization_id,
            management_account_id=AccountId(self.sandbox.management_account_id),
            accounts=self.ids,
        )
        values: dict[str, Any] = {
            "request_id": name,
            "name": name,
            "email": f"aws+{name}@example.com",
            "around": around,
        }
        return facts(self.ids.get(name), **{**values, **changes})

    def applied(
        self,
        setting: BaselineSetting[Any, Any],
        name: str = "payments-prod",
        /,
        *,
        region: str | None = None,
        account: AccountFacts | None = None,
        **parameters: Any,
    ) -> Applied:
        return Applied(
            inside=self.at(name),
            setting=setting,
            inputs=SettingInputs(
                account=account or self.facts(name),
                parameters=setting.parameters_model.model_validate_json(json.dumps(parameters)),
                region=region,
            ),
        )


@contextlib.contextmanager
def company() -> Iterator[Company]:
    """A fresh organization with the three accounts."""
    with Sandbox.open(None, home_region=HOME, wall=STILL) as sandbox:
        ids = sandbox.seed_accounts(
            [
                AccountSpec(
                    name=name, email=f"aws+{name}@example.com", tags={"cost-center": "4711"}
                )
                for name in NAMES
            ]
        )
        edge = connect(
            Config(home_region=HOME),
            clock=sandbox.clock,
            botocore_session=sandbox.botocore_session(),
        )
        yield Company(
            sandbox=sandbox,
            edge=edge,
            ids={name: AccountId(item) for name, item in zip(NAMES, ids, strict=True)},
        )
