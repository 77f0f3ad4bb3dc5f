"""What somebody changed by hand; plans of a part, without credentials, and masked."""

from __future__ import annotations

from .driver import Hand
from .story import Scenario, Story, apply, plan, quietly, show, show_report
from .texts import BASELINE, BASELINE_PATH, CONFIG, request, request_path, requests, standard


def _by_hand(hand: Hand) -> None:
    hand.move_to_root("shop")
    hand.tag("shop", cost="2")
    hand.untag("shop", "aft:request")
    _alias(hand)
    hand.seed("stranger", "stranger@example.com", account_id="210000000009")


def _alias(hand: Hand) -> None:
    iam = hand.client("shop", "iam")
    for alias in iam.list_account_aliases()["AccountAliases"]:
        iam.delete_account_alias(AccountAlias=alias)
    iam.create_account_alias(AccountAlias="mine-shop")


STORY = Story(
    name="drift",
    scenarios=(
        Scenario(
            name="drift-found",
            files={**standard(), **requests("shop", "lab", "desk", more="tags: {cost: '1'}\n")},
            hand=lambda hand: hand.seed("legacy", "legacy@example.com"),
            commands=(quietly("apply", "--yes"), show("drift-none.txt", "drift")),
        ),
        Scenario(
            name="drift-repaired",
            files=requests("desk", more="tags: {cost: '9'}\n", ou="Workloads/Prod"),
            hand=_by_hand,
            commands=(
                show("drift-json.txt", "drift", "--format", "json"),
                show_report("drift", "issue.md", "drift"),
                plan(comment=False),
                show("repair.txt", "drift", "--repair", "--yes"),
                show("drift-after.txt", "drift"),
            ),
        ),
        Scenario(
            name="deep",
            hand=_alias,
            commands=(
                plan(comment=False, name="shallow", pin="shallow"),
                plan("--deep", "--only", "shop"),
                apply("--deep", "--only", "shop"),
            ),
        ),
        Scenario(
            name="only-a-part",
            files={
                BASELINE_PATH: BASELINE.replace("acme-", "corp-"),
                **requests("lab", more="tags: {cost: '1', new: tag}\n"),
            },
            commands=(
                plan("--only", "lab"),
                plan(
                    "--only-ou",
                    "Workloads/Dev",
                    "--exclude",
                    "shop",
                    name="by-ou",
                    pin="by-ou",
                    comment=False,
                ),
                plan("--changed-since", "HEAD~1", name="since", pin="since", comment=False),
                apply(pinned="plan"),
            ),
        ),
        Scenario(
            name="published",
            files={request_path("fresh"): request("fresh", "tags: {cost: '3'}\n")},
            commands=(
                plan("--published", name="not-yet", pin="not-yet", comment=False),
                quietly("drift", "--publish"),
                plan("--published"),
                apply("--publish"),
            ),
        ),
        Scenario(
            name="masked",
            files={
                "aft.yaml": CONFIG + "report: {mask: [emails, account-ids]}\n",
                **requests("lab", more="tags: {cost: '4'}\n", ou="Sandbox"),
                **requests("another"),
            },
            commands=(plan(), apply(pinned="plan", ledger=False)),
        ),
    ),
)
