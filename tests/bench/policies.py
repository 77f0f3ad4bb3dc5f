"""What two hundred accounts may do, before and after a change of their SCPs."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from aft.policy_language.ceiling import Ceiling, Chain, ceiling
from aft.policy_language.context import Context
from aft.policy_language.evaluate import Level
from aft.policy_language.policy import Policy
from aft.policy_language.principals import Principal
from aft.policy_language.statements import Request
from tests.bench.table import Row

ACCOUNTS, SERVICES, VERBS = 200, 20, 20
SECONDS = 5.0
FULL = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}


def measure() -> Iterator[Row]:
    """One row: every chain has a root, an OU and an account with a policy of its own each; only
    FullAWSAccess is the same everywhere, as it is on AWS."""
    began = time.process_time()
    full = Policy.of(FULL, "FullAWSAccess")
    sides = [[_chain(number, side, full) for number in range(ACCOUNTS)] for side in ("old", "new")]
    answers = Counter(_answers(sides))
    seconds = time.process_time() - began
    if len(answers) < 3:
        raise AssertionError(f"the cases are too much alike: {answers}")
    yield Row(
        group=f"What {ACCOUNTS} accounts may do, {SERVICES * VERBS} actions, before and after",
        name="CPU",
        measured=seconds,
        bound=SECONDS,
        unit=" s",
        detail=f"{sum(answers.values()):,} answers; "
        + ", ".join(f"{number:,} {word}" for word, number in sorted(answers.items())),
    )


def _answers(sides: Sequence[Sequence[Chain]]) -> Iterator[str]:
    actions = [f"service{one}:Do{two}" for one in range(SERVICES) for two in range(VERBS)]
    for chains in zip(*sides, strict=True):
        account = chains[0].account
        principal = Principal(f"arn:aws:iam::{account}:role/app")
        context = Context(
            {"aws:PrincipalArn": principal.name, "aws:RequestedRegion": "eu-central-1"}, ["*"]
        )
        for action in actions:
            request = Request(principal=principal, action=action, resource=None, context=context)
            for chain in chains:
                yield ceiling(Ceiling(principal=chain), request).decision.value


def _chain(number: int, side: str, full: Policy) -> Chain:
    account = f"{number:012}"
    ids = ("root", f"ou-{number}", account)
    return Chain(account=account, scps=tuple(_level(item, number, side, full) for item in ids))


def _level(level_id: str, number: int, side: str, full: Policy) -> Level:
    return Level("scp", level_id, (full, Policy.of(_guard(number, side), f"guard-{number}")))


def _guard(number: int, side: str) -> Mapping[str, Any]:
    """Four statements that differ from chain to chain."""
    exempt = {"ArnNotLike": {"aws:PrincipalArn": f"arn:aws:iam::*:role/exempt-{number}"}}
    service = f"service{number % SERVICES}"
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Deny",
                "Action": [f"{service}:Do{item}*" for item in range(number % 7, 9)],
                "Resource": "*",
                "Condition": exempt,
            },
            {
                "Effect": "Deny",
                "NotAction": [f"service{item}:*" for item in range(SERVICES)],
                "Resource": "*",
                "Condition": {"StringNotEquals": {"aws:RequestedRegion": ["eu-central-1"]}},
            },
            {
                "Effect": "Deny",
                "Action": f"service{(number + 1) % SERVICES}:*",
                "Resource": f"arn:aws:*:*:*:{side}-{number}/*",
            },
            {
                "Effect": "Deny",
                "Action": f"service{(number + 2) % SERVICES}:Do1?",
                "Resource": "*",
                "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
            },
        ],
    }
