"""Vending twenty accounts in real time, against the floor that five slots allow.

The floor is ``⌈20/5⌉`` creations one after another, each as long as AWS takes for it, and twenty
moves of one call each. A second row counts one move only, as if all others had happened beside
creations: no run can be faster than that.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from aft.app.apply.applying import apply_now
from aft.app.plan.planning import plan_now
from aft.engine.model import StopToken
from aft.organization.model import Account
from aft.ports import Progress
from aft.sandbox.faults import Rule, latency
from aft.sandbox.seed import AccountSpec
from aft.values.ids import AccountId
from tests.bench.repositories import CONFIG, write_files
from tests.bench.table import Row
from tests.bench.worlds import place

ACCOUNTS, SLOTS = 20, 5
CREATION_SECONDS = 5.0
CALL_SECONDS = 0.1

WAVES_SECONDS = math.ceil(ACCOUNTS / SLOTS) * CREATION_SECONDS
FLOOR = WAVES_SECONDS + ACCOUNTS * CALL_SECONDS
LOWEST = WAVES_SECONDS + CALL_SECONDS

OU = "Workloads/Dev"
ORGANIZATION = """\
organizational_units:
  - name: Workloads
    children:
      - name: Dev
"""


class Silent:
    """An observer of a run that shows nothing."""

    def notify(self, progress: Progress) -> None:
        pass


def measure(folder: Path) -> Iterator[Row]:
    """Apply a plan of twenty creations; only the apply is timed, with all it writes to git."""
    root = folder / "vending"
    _write(root)
    with place(root, real_time=True) as made:
        made.sandbox.configure(creation_seconds=(CREATION_SECONDS, CREATION_SECONDS))
        (first,) = made.sandbox.seed_accounts(
            [AccountSpec(name="first", email="first@example.com", ou=OU)]
        )
        # The simulator's EC2 takes seconds to be loaded, once, while all other calls wait.
        made.world.edge.members.is_usable(AccountId(first))
        made.sandbox.faults.add(Rule("*", "*", latency(CALL_SECONDS)))
        desired = made.workspace.desired(made.workspace.files("HEAD"))
        planned = plan_now(made.workspace, made.world, desired)
        with made.counting() as calls:
            began = time.monotonic()
            apply_now(
                made.workspace,
                made.world,
                planned,
                observer=Silent(),
                stop=StopToken(),
                command="bench",
            )
            wall = time.monotonic() - began
        made.sandbox.faults.clear()
        made_accounts = made.world.edge.reader.read().accounts
    group = f"Vending {ACCOUNTS} accounts, {CREATION_SECONDS:.0f} s in creation, 100 ms a call"
    yield Row(
        group=group,
        name="accounts created and in their OU",
        measured=_vended(made_accounts),
        bound=ACCOUNTS,
        at_least=True,
    )
    yield Row(
        group=group,
        name=f"wall time over {WAVES_SECONDS:.0f} s and {ACCOUNTS} moves",
        measured=wall / FLOOR,
        bound=1.10,
    )
    yield Row(
        group=group,
        name=f"wall time over {WAVES_SECONDS:.0f} s and a single move",
        measured=wall / LOWEST,
        detail=f"{sum(calls.values())} calls, {calls['ListCreateAccountStatus']} of them looks at "
        "all creations in flight at once",
    )


def _vended(accounts: Sequence[Account]) -> int:
    return sum(str(account.ou) == OU for account in accounts) - 1  # the first one was there


def _write(root: Path) -> None:
    """Twenty requests and their OUs; no baseline and no customization, so nothing but vending."""
    write_files(
        root,
        {
            "aft.yaml": CONFIG,
            "customizations/organization/organization.yaml": ORGANIZATION,
            **{
                f"account-requests/account-{number:02}.yaml": f"name: account-{number:02}\n"
                f"email: aws+{number:02}@example.com\nou: {OU}\n"
                for number in range(ACCOUNTS)
            },
        },
    )
