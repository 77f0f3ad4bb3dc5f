"""The OU tree follows its file."""

from __future__ import annotations

from .story import Scenario, Story, apply, plan, show
from .texts import CONFIG, ORGANIZATION, ORGANIZATION_PATH, requests

MOVED = """\
organizational_units:
  - name: Workloads
    children:
      - name: Production
        previously: Workloads/Prod
  - name: Dev
removed: [Sandbox, Workloads/Dev]
"""
OCCUPIED = """\
organizational_units:
  - name: Workloads
    children:
      - name: Production
removed: [Dev]
"""

STORY = Story(
    name="units",
    scenarios=(
        Scenario(
            name="ou-created",
            files={"aft.yaml": CONFIG, ORGANIZATION_PATH: ORGANIZATION, **requests("shop")},
            commands=(plan(), apply(pinned="plan"), show("history.txt", "history", "organization")),
        ),
        Scenario(
            name="ou-renamed-moved-deleted",
            files={ORGANIZATION_PATH: MOVED, **requests("shop", ou="Dev")},
            commands=(plan(), apply(pinned="plan")),
        ),
        Scenario(
            name="ou-not-empty",
            files={ORGANIZATION_PATH: OCCUPIED, **requests("shop", ou="Workloads")},
            hand=lambda hand: hand.seed("ada", "ada@example.com", ou="Dev"),
            commands=(plan(), apply(pinned="plan")),
        ),
    ),
)
