"""Ranges of addresses: allocated, given, freed and given again."""

from __future__ import annotations

from .story import Scenario, Story, apply, plan, show
from .texts import request, request_path, requests, standard

CONFIG = """\
version: 1
home_region: eu-central-1
networks:
  pools:
    workloads: {cidr: 10.64.0.0/22}
"""
BASELINE = """\
select:
  organizational_units: [Workloads]
settings:
  - setting: network
    parameters:
      cidr_from: custom_fields.vpc.cidr
      pool: workloads
      prefix: 24
      zones: 1
      flow_logs: null
"""
GIVEN = "custom_fields: {vpc: {cidr: 10.64.1.0/24}}\n"

STORY = Story(
    name="networks",
    scenarios=(
        Scenario(
            name="addresses-allocated",
            files={
                **standard(BASELINE, CONFIG),
                **requests("shop", "desk"),
                request_path("given"): request("given", GIVEN),
            },
            commands=(
                plan(),
                apply(pinned="plan"),
                show("explain.txt", "explain", "shop"),
                show("history.txt", "history", "shop"),
            ),
        ),
        Scenario(
            name="addresses-freed",
            files={request_path("desk"): None, **requests("late", "later")},
            commands=(plan(), apply(pinned="plan")),
        ),
        Scenario(
            name="addresses-exhausted",
            files=requests("last"),
            commands=(plan(), apply()),
        ),
    ),
)
