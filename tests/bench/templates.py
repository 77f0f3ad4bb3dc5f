"""What planning one CloudFormation template costs for accounts that all get it alike."""

from __future__ import annotations

import time
from collections.abc import Iterator

from aft.customizations.model import StepInputs
from aft.organization.model import AccountFacts
from aft.runners.cloudformation.runner import CloudFormationRunner
from aft.values.ids import AccountId, OrgUnitPath
from tests.bench.table import Row
from tests.builders_steps import step

ACCOUNTS, ROLES = 1_000, 60
MOST = 100
ROLE = """\
  Role{number}:
    Type: AWS::IAM::Role
    Properties:
      RoleName: {prefix}-{number}
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement:
          - {{Effect: Allow, Principal: {{Service: ec2.amazonaws.com}}, Action: sts:AssumeRole}}
"""


def measure() -> Iterator[Row]:
    """One row: every account is compared with what was applied to it last."""
    runner = CloudFormationRunner()
    old, new = (step(runner, _template(prefix)) for prefix in ("reader", "viewer"))
    before = runner.kept(old, StepInputs(account=_account(0)))
    seconds = []
    for number in range(ACCOUNTS):
        inputs = StepInputs(account=_account(number))
        began = time.process_time()
        found = runner.compare(new, inputs, before, waits=False)
        seconds.append(time.process_time() - began)
        if len(found.parts) != ROLES:
            raise AssertionError(f"account {number}: {len(found.parts)} of {ROLES} roles changed")
    yield Row(
        group=f"One template of {ROLES} roles, changed for {ACCOUNTS:,} accounts that are alike",
        name=f"CPU, in comparisons of one account (at most {MOST})",
        measured=sum(seconds) / seconds[0],
        bound=MOST,
        detail=f"{sum(seconds):.2f} s in all, {seconds[0] * 1000:.0f} ms for the first",
    )


def _template(prefix: str) -> str:
    return "Resources:\n" + "".join(
        ROLE.format(number=number, prefix=prefix) for number in range(ROLES)
    )


def _account(number: int) -> AccountFacts:
    return AccountFacts(
        request_id=f"service-{number}",
        account_id=AccountId(f"{number:012}"),
        name=f"service-{number}",
        email=f"aws+service-{number}@example.com",
        ou=OrgUnitPath(("Workloads",)),
        home_region="eu-central-1",
        regions=("eu-central-1",),
        tags={},
    )
