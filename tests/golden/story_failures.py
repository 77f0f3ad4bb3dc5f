"""What fails is one row; fixing the file is enough."""

from __future__ import annotations

from .driver import Hand
from .story import Scenario, Story, apply, plan, show
from .texts import SHORT_BASELINE, request, request_path, requests, standard

BROKEN = "def customize(context):\n    raise RuntimeError('the service is closed')\n"
FIXED = "def customize(context):\n    return {'Done': 'yes'}\n"
STEP = "customizations/accounts/app/10-open.py"


def _no_more_accounts(hand: Hand) -> None:
    hand.sandbox.fail_creation("aws+unlucky@example.com", "EMAIL_ALREADY_EXISTS")


STORY = Story(
    name="failures",
    scenarios=(
        Scenario(
            name="steps-failed",
            files={
                **standard(SHORT_BASELINE),
                STEP: BROKEN,
                "customizations/accounts/app/20-after.sh": "exit 3\n",
                request_path("app"): request("app", "customizations: [app]\n"),
                request_path("after"): request("after", "depends_on: [app, unlucky]\n"),
                **requests("unlucky", "lucky", ou="Sandbox"),
            },
            hand=_no_more_accounts,
            commands=(
                plan(comment=False),
                apply(),
                show("status.txt", "status"),
                show("status-json.txt", "status", "--json"),
                show("history.txt", "history", "unlucky"),
            ),
        ),
        Scenario(
            name="failed-steps-planned-again",
            commands=(plan(), apply(ledger=False), show("status.txt", "status")),
        ),
        Scenario(
            name="failed-steps-fixed",
            files={
                STEP: FIXED,
                "customizations/accounts/app/20-after.sh": "exit 0\n",
                request_path("unlucky"): request(
                    "unlucky", ou="Sandbox", email="aws+luckier@example.com"
                ),
            },
            commands=(plan(), apply(pinned="plan"), show("status.txt", "status")),
        ),
        Scenario(
            name="stopped-by-the-deadline",
            files=requests("slow", "slower", ou="Sandbox"),
            hand=lambda hand: hand.sandbox.configure(creation_seconds=(90.0, 90.0)),
            commands=(
                apply("--deadline", "60"),
                show("status.txt", "status"),
                show("status-json.txt", "status", "--json"),
            ),
        ),
        Scenario(
            name="stopped-and-continued",
            commands=(plan(), apply(), show("history.txt", "history", "slow")),
        ),
    ),
)
