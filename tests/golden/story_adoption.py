"""Accounts that exist already come under the repository; some are suspended, some nobody knows."""

from __future__ import annotations

from .driver import Hand
from .story import Scenario, Story, apply, plan, show
from .texts import SHORT_BASELINE, request, request_path, standard

BY_ID = 'account_id: "210000000001"\ntags: {team: one}\n'


def _seed(hand: Hand) -> None:
    hand.seed("one", "one@example.com", account_id="210000000001")
    hand.seed("old two", "Two@Example.com", account_id="210000000002", ou="Legacy")
    hand.seed(
        "three",
        "three@example.com",
        account_id="210000000003",
        tags={"aft:request": "three", "cost": "1"},
    )
    hand.seed("stranger", "stranger@example.com", account_id="210000000004", ou="Legacy")
    hand.seed("locked", "locked@example.com", account_id="210000000005", access_role=None)


def _close(hand: Hand) -> None:
    hand.organizations().close_account(AccountId="210000000003")


def _lose_the_tag(hand: Hand) -> None:
    hand.untag("one", "aft:request")
    hand.tag("two", **{"aft:request": "somebody-else"})


STORY = Story(
    name="adoption",
    scenarios=(
        Scenario(
            name="adopted-by-id-email-tag",
            files={
                **standard(SHORT_BASELINE),
                request_path("one"): request("one", BY_ID, email="one@example.com"),
                request_path("two"): request("two", ou="Sandbox", email="two@example.com"),
                request_path("three"): request("three", email="three@example.com"),
            },
            hand=_seed,
            commands=(plan(), apply(pinned="plan"), show("status.txt", "status")),
        ),
        Scenario(
            name="adoption-refused",
            files={
                request_path("four"): request(
                    "four", 'account_id: "299999999999"\n', email="four@example.com"
                ),
                request_path("five"): request("five", email="locked@example.com"),
            },
            commands=(plan(), apply(pinned="plan"), show("status.txt", "status")),
        ),
        Scenario(
            name="account-suspended",
            files={request_path("four"): None, request_path("five"): None},
            hand=_close,
            commands=(
                plan(),
                apply(),
                show("status-json.txt", "status", "--json"),
                show("drift.txt", "drift"),
            ),
        ),
        Scenario(
            name="tag-lost",
            hand=_lose_the_tag,
            commands=(plan(), apply(pinned="plan")),
        ),
        Scenario(
            name="state-closed",
            files={
                request_path("one"): request(
                    "one", BY_ID + "state: closed\n", email="one@example.com"
                )
            },
            commands=(plan(), apply()),
        ),
    ),
)
