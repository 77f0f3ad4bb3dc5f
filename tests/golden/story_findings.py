"""Mistakes in files, each with its place: as text, JSON, SARIF and annotations."""

from __future__ import annotations

from .story import Scenario, Story, apply, plan, show, show_report
from .texts import ORGANIZATION, ORGANIZATION_PATH, SHORT_BASELINE, request, request_path, standard

BASELINE = """\
select: {organizational_units: [Workloads]}
settings:
  - setting: iam-password-policy
    parameters: {minimum_lenght: 20}
  - setting: account-alais
"""
BROKEN = """\
name: shop
emial: aws+shop@example.com
ou: Workloads/Pord
regions: [mars-1]
depends_on: [lba]
name: twice
"""

STORY = Story(
    name="findings",
    scenarios=(
        Scenario(
            name="findings",
            files={
                **standard(BASELINE),
                ORGANIZATION_PATH: ORGANIZATION + "  - name: Sandbox\n",
                request_path("shop"): BROKEN,
                request_path("lab"): request("lab", "tags: {a: [b]}\ncustomizations: [web]\n"),
                request_path("twin"): request("lab"),
                "customizations/accounts/none/10-open.cfn.yaml": "Resources: {{ account.nme }}\n",
            },
            commands=(
                show("validate.txt", "validate"),
                show("validate-json.txt", "validate", "--format", "json"),
                show("validate-github.txt", "validate", "--format", "github"),
                show("validate-sarif.txt", "validate", "--format", "sarif"),
                show_report("plan", "comment.md", "plan"),
                show("apply.txt", "apply", "--yes"),
                show("status.txt", "status"),
            ),
        ),
        Scenario(
            name="warnings-alone",
            files={
                **standard(SHORT_BASELINE),
                request_path("shop"): request("shop"),
                request_path("lab"): request("lab", ou="Sandbox"),
                "account-requests/old.bak": "To be asked for: another one.\n",
                request_path("twin"): None,
                "customizations/accounts/none": None,
            },
            commands=(show("validate.txt", "validate"), plan(), apply(pinned="plan", ledger=False)),
        ),
        Scenario(
            name="mistakes-on-the-command-line",
            commands=(
                show("unknown-verb.txt", "plna"),
                show("unknown-request.txt", "explain", "shpo"),
                show("unknown-scope.txt", "plan", "--only", "shpo"),
                show("unknown-step.txt", "plan", "--rerun", "web"),
            ),
        ),
    ),
)
