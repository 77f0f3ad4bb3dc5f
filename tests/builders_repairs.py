"""The life of an account whose settings change, for what no larger life comes to."""

from __future__ import annotations

from pathlib import Path

from builders_permissions import NO_SETTING, ROLES, As, Prepare, write_roles
from builders_repo import CONFIG, Repo

SELECT = """\
description: Changes
select:
  organizational_units: [%s]
settings:
"""
BASELINE = """\
  - setting: oidc-provider
    parameters: {url: "https://ci.example.com", client_ids: [%s], thumbprints: ["%s"]}
  - setting: service-quotas
    parameters: {quotas: [{service: vpc, quota: L-F678F1CE, at_least: 8}]}
  - setting: guardduty
  - setting: iam-roles
    parameters:
      roles:
"""
BEFORE = """\
        - name: one
          trust: {services: [ec2.amazonaws.com]}
          managed_policies: [ReadOnlyAccess]
          inline_policies:
            own:
              Version: "2012-10-17"
              Statement: [{Effect: Allow, Action: "s3:ListAllMyBuckets", Resource: "*"}]
        - name: two
          trust: {services: [ec2.amazonaws.com]}
          permissions_boundary: ReadOnlyAccess
        - name: three
          trust: {services: [ec2.amazonaws.com]}
"""
AFTER = """\
        - name: one
          trust: {services: [lambda.amazonaws.com]}
          permissions_boundary: ReadOnlyAccess
          max_session_seconds: 7200
          tags: {a: b}
        - name: two
          trust: {services: [ec2.amazonaws.com]}
"""


NETWORK = """\
  - setting: cloudtrail
    parameters: {log_file_validation: %s}
  - setting: network
    parameters:
      cidr: 10.64.16.0/20
      zones: 1
      nat: %s
      flow_logs: {traffic: %s}
      tiers: [{name: private}, {name: public, public: true}]
"""


def repairs(root: Path, runs: As, prepare: Prepare) -> None:
    """Settings are applied, and then changed in each part that has a call of its own."""
    repo = Repo.standard(root)
    repo.environ["AFT_SANDBOX_STATE"] = str(root.parent / "repairs.state")
    repo.write("aft.yaml", CONFIG + ROLES)
    repo.write("customizations/baselines/standard.yaml", NO_SETTING)
    write_roles(repo)
    repo.request("lab")
    repo.request("net", ou="Sandbox")
    repo.commit("Begin")
    repo.aft("sandbox", "seed")
    prepare(repo)
    runs.apply(repo)
    for baseline, network in (
        (BASELINE % ("a, b", "0" * 40) + BEFORE, NETWORK % ("true", "single", "ALL")),
        (BASELINE % ("b, c", "1" * 40) + AFTER, NETWORK % ("false", "none", "REJECT")),
    ):
        repo.write("customizations/baselines/standard.yaml", SELECT % "Workloads" + baseline)
        repo.write("customizations/baselines/network.yaml", SELECT % "Sandbox" + network)
        repo.commit("Change settings")
        for name in ("lab", "net"):
            runs.plan(repo, only=(name,))
            runs.apply(repo, only=(name,))
