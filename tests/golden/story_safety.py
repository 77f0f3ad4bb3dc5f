"""What is refused: by a limit, because nobody reviewed it, because the plan is stale."""

from __future__ import annotations

from .story import Scenario, Story, apply, by_hand, edit, edit_plan, plan, show
from .texts import CONFIG, SHORT_BASELINE, request, request_path, requests, standard

TIGHT = "limits: {create: 1, move: 0}\n"
LIFTED = """\
limits:
  create: 1
  move: 0
  allow:
    - {limit: create, up_to: 5, reason: The move of PLAT-9, until: 2999-12-31}
    - {limit: move, up_to: 1, reason: Once, until: 2001-01-01}
"""


def _config(limits: str) -> str:
    return CONFIG.replace("limits: {create: 25}\n", limits)


def _falsify(value: dict[str, object]) -> None:
    value["revision"] = "0" * 40


LIMITS = Story(
    name="limits",
    scenarios=(
        Scenario(
            name="limit-refused",
            files={**standard(SHORT_BASELINE, _config(TIGHT)), **requests("shop", "lab")},
            commands=(plan(), apply()),
        ),
        Scenario(
            name="limit-lifted",
            files={"aft.yaml": _config(LIFTED)},
            commands=(plan(), apply(pinned="plan")),
        ),
        Scenario(
            name="limit-lifted-too-long-ago",
            files=requests("shop", ou="Workloads/Prod"),
            commands=(plan(), apply()),
        ),
    ),
)

REVIEWED = Story(
    name="reviewed",
    scenarios=(
        Scenario(
            name="reviewed-routine",
            files={**standard(SHORT_BASELINE), **requests("shop", "lab", more="tags: {a: b}\n")},
            commands=(plan(), apply("--reviewed", "SCRATCH/report-plan/reviewed.json")),
        ),
        Scenario(
            name="reviewed-not",
            files={**requests("shop"), **requests("lab", more="tags: {a: c}\n")},
            commands=(
                apply("--reviewed", "SCRATCH/report-plan/reviewed.json", name="apply-unreviewed"),
            ),
        ),
        Scenario(
            name="reviewed-risky",
            files=requests("lab", more="tags: {a: b}\n", ou="Sandbox"),
            commands=(
                plan(),
                show("status.txt", "status"),
                apply("--reviewed", "SCRATCH/report-plan/reviewed.json"),
            ),
        ),
    ),
)

PINNED = Story(
    name="pinned",
    scenarios=(
        Scenario(
            name="pinned-altered",
            files={**standard(SHORT_BASELINE), **requests("shop")},
            commands=(plan(comment=False), edit_plan(_falsify), apply(pinned="plan")),
        ),
        Scenario(
            name="pinned-revision-moved",
            commands=(
                plan(comment=False),
                edit(requests("lab")),
                apply(pinned="plan"),
            ),
        ),
        Scenario(
            name="pinned-ledger-moved",
            hand=lambda hand: hand.seed("by-hand", "by-hand@example.com"),
            commands=(
                apply(pinned="plan", name="apply-after-by-hand"),
                plan(comment=False),
                apply("--only", "shop", name="apply-other", ledger=False, comment=False),
                apply(pinned="plan"),
            ),
        ),
        Scenario(
            name="pinned-account-moved",
            files={request_path("shop"): request("shop", "tags: {a: b}\n")},
            commands=(
                plan(comment=False),
                by_hand(lambda hand: hand.move_to_root("shop")),
                apply(pinned="plan"),
            ),
        ),
    ),
)
