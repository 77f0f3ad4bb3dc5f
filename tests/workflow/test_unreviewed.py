"""Whatever is risky and no one has seen is held, each for its reason; everything else is done.

One organization, set up once, then changed in every way that is risky, and carried out by a single
run that knows of no review.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import pytest
from builders_kinds import KINDS
from builders_repo import Repo

from aft.plan.reviewed import NOTHING_REVIEWED, reviewed_to_json
from aft.sandbox import AccountSpec

CONFIG = """\
version: 1
home_region: eu-central-1
limits: {create: 60, move: 9, forget: 9, untag: 9, delete_ou: 9, destroy: 9}
"""
ORGANIZATION = """\
organizational_units:
  - name: Workloads
    children: [{name: Prod}, {name: Dev}]
"""
OWN_OUS = "  - name: Red\n  - name: Green\n  - name: Blue\n"
EMPTY_OUS = "  - name: One\n  - name: Two\n  - name: Three\n"
REMOVED = "removed: [One, Two, Three]\n"

SERVICES = {"services": ["ec2.amazonaws.com"]}
FOREIGN = {**SERVICES, "accounts": ["999999999999"]}
READER = {"name": "reader", "trust": SERVICES, "managed_policies": ["ReadOnlyAccess"]}
ADMIN = {"name": "admin", "trust": FOREIGN, "managed_policies": ["AdministratorAccess"]}
PEOPLE = ["ada@example.com", "bob@example.com"]
CONTACT = {"name": "Ada", "title": "CISO", "email": "ada@example.com", "phone": "+49 30 1"}

BASE: Mapping[str, dict[str, Any]] = {
    "iam-password-policy": {"minimum_length": 20, "maximum_age_days": 60, "hard_expiry": True},
    "s3-public-access-block": {},
    "imdsv2-defaults": {"hop_limit": 1, "enforce": "enabled", "metadata_tags": "disabled"},
    "log-retention": {"days": 365},
    "guardduty": {
        "features": {"S3_DATA_EVENTS": True},
        "publishing_frequency": "FIFTEEN_MINUTES",
    },
    "budget": {"monthly_usd": 100, "alert_at": [50, 80], "subscribers": PEOPLE},
    "oidc-provider": {"url": "https://token.actions.githubusercontent.com"},
    "iam-roles": {"roles": [READER]},
    "snapshot-public-access": {"mode": "block-all-sharing"},
    "alternate-contacts": {"security": CONTACT},
}
SETTINGS: list[tuple[str, str, dict[str, Any], str]] = [
    ("one", "iam-password-policy", {"minimum_length": 16}, "weaker"),
    ("two", "iam-password-policy", {"maximum_age_days": 90}, "weaker"),
    ("three", "iam-password-policy", {"require_symbols": False}, "weaker"),
    ("one", "s3-public-access-block", {"block_public_acls": False}, "weaker"),
    ("two", "s3-public-access-block", {"ignore_public_acls": False}, "weaker"),
    ("three", "s3-public-access-block", {"restrict_public_buckets": False}, "weaker"),
    ("one", "imdsv2-defaults", {"http_tokens": "optional"}, "weaker"),
    ("two", "imdsv2-defaults", {"hop_limit": 3}, "weaker"),
    ("three", "imdsv2-defaults", {"metadata_tags": "enabled"}, "weaker"),
    ("one", "log-retention", {"days": 30}, "weaker"),
    ("two", "log-retention", {"replace": True}, "weaker"),
    ("three", "log-retention", {"prefixes": ["/aws/"]}, "weaker"),
    ("one", "guardduty", {"features": {"S3_DATA_EVENTS": False}}, "weaker"),
    ("two", "guardduty", {"publishing_frequency": "SIX_HOURS"}, "weaker"),
    ("three", "guardduty", {"publishing_frequency": "ONE_HOUR"}, "weaker"),
    ("one", "budget", {"monthly_usd": 500}, "weaker"),
    ("two", "budget", {"alert_at": [80]}, "weaker"),
    ("three", "budget", {"subscribers": PEOPLE[:1]}, "weaker"),
    ("one", "snapshot-public-access", {"mode": "block-new-sharing"}, "weaker"),
    ("two", "alternate-contacts", {"security": {**CONTACT, "name": "Eve"}}, "weaker"),
    ("one", "oidc-provider", {"client_ids": ["sts.amazonaws.com", "other"]}, "outside"),
    ("one", "iam-roles", {"roles": [READER, ADMIN]}, "outside"),
    ("two", "iam-roles", {"roles": [{**READER, "trust": FOREIGN}]}, "outside"),
    (
        "three",
        "iam-roles",
        {"roles": [{**READER, "managed_policies": ["ReadOnlyAccess", "PowerUserAccess"]}]},
        "power",
    ),
    ("four", "iam-roles", {"roles": [READER, {**READER, "name": "other"}]}, "power"),
    ("five", "iam-roles", {"roles": [{**READER, "max_session_seconds": 7200}]}, "power"),
    ("six", "iam-roles", {"roles": [{**READER, "name": "other"}]}, "take-away"),
    ("seven", "iam-roles", {"roles": [{**READER, "managed_policies": []}]}, "take-away"),
    ("eight", "iam-roles", {"roles": []}, "take-away"),
    # Stronger, or neither.
    ("four", "iam-password-policy", {"minimum_length": 24}, ""),
    ("four", "imdsv2-defaults", {"endpoint": "disabled"}, ""),
    ("four", "budget", {"monthly_usd": 50}, ""),
]
SPEND = json.dumps(
    {
        "select": {"requests": ["spend-1", "spend-2", "spend-3"]},
        "settings": [
            {"setting": "budget", "parameters": {"monthly_usd": 900, "subscribers": PEOPLE}}
        ],
    }
)
BUDGETS: list[dict[str, Any]] = [
    {"monthly_usd": 100, "alert_at": [50, 80], "subscribers": PEOPLE}
] * 3
"""What requests say instead of the baseline; the third will say nothing."""
DROPPED = ("iam-password-policy", "log-retention", "s3-public-access-block")
"""Settings that the baseline of ``nine`` no longer has."""
TOPIC = "Type: AWS::SNS::Topic, Properties: {TopicName: %s}"
SHOWN = "Type: AWS::SNS::Topic, Properties: {TopicName: %s, DisplayName: %s}"
BUCKET = "Type: AWS::S3::Bucket, Properties: {BucketName: '{{ account.request_id }}-%s'}"
TRUSTING = """\
Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {Version: '2012-10-17', \
Statement: [{Effect: Allow, Principal: {AWS: ['%s']}, Action: 'sts:AssumeRole'}]}}"""
OWN, OTHER = "arn:aws:iam::{{ account.account_id }}:root", "arn:aws:iam::999999999999:root"
LOOKED_UP = "Parameters: {P: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /a/b}}\n"
CODE = "def customize(context):\n    return {'Note': '%s'}\n"


def stack(**resources: str) -> str:
    lines = "".join(f"  {name}: {{{text}}}\n" for name, text in resources.items())
    return f"Resources:\n{lines}"


STEPS: list[tuple[str, str, str, str]] = [
    ("new/10-a.py", "", CODE % "a", "new-code"),
    ("new/20-b.sh", "", "exit 0\n", "new-code"),
    ("new/30-c.cfn.yaml", "", stack(A=TOPIC % "c"), "new-code"),
    ("changed/10-a.py", CODE % "a", CODE % "b", "new-code"),
    ("changed/20-b.sh", "exit 0\n", "true\n", "new-code"),
    (
        "changed/30-c.cfn.yaml",
        stack(A=TOPIC % "a"),
        stack(A=TOPIC % "a", B=TOPIC % "b"),
        "new-code",
    ),
    ("ending/10-a.cfn.yaml", stack(A=BUCKET % "a"), stack(A=BUCKET % "b"), "end"),
    ("ending/20-b.cfn.yaml", stack(A=TOPIC % "d", B=TOPIC % "e"), stack(A=TOPIC % "d"), "end"),
    ("ending/30-c.cfn.yaml", stack(A=TOPIC % "f"), stack(A=TOPIC % "g"), "end"),
    ("giving/10-a.cfn.yaml", stack(A=TOPIC % "h"), stack(A=TOPIC % "h", B=TRUSTING % OWN), "power"),
    (
        "giving/20-b.cfn.yaml",
        stack(A=TOPIC % "i"),
        stack(A=TOPIC % "i", B=TRUSTING % OTHER),
        "outside",
    ),
    ("giving/30-c.cfn.yaml", stack(A=TRUSTING % OWN), stack(A=TRUSTING % OTHER), "outside"),
    (
        "vague/10-a.cfn.yaml",
        stack(A=SHOWN % ("o", "a")),
        stack(A=SHOWN % ("o", "{'Fn::Transform': {Name: Macro, Parameters: {A: b}}}")),
        "unknown-effect",
    ),
    (
        "vague/20-b.cfn.yaml",
        stack(A=SHOWN % ("p", "a")),
        stack(A=SHOWN % ("p", "{'Fn::Transform': {Name: AWS::Include}}")),
        "unknown-effect",
    ),
    (
        "vague/30-c.cfn.yaml",
        stack(A=TOPIC % "q"),
        "Transform: [Macro]\n" + stack(A=TOPIC % "q"),
        "unknown-effect",
    ),
    (
        "vague/40-d.cfn.yaml",
        stack(A=SHOWN % ("r", "a")),
        LOOKED_UP + stack(A=SHOWN % ("r", "{Ref: P}")),
        "unknown-effect",
    ),
    ("gone/10-a.cfn.yaml", stack(A=TOPIC % "k"), "", "destroy"),
    ("gone/20-b.cfn.yaml", stack(A=TOPIC % "l"), "", "destroy"),
    ("gone/30-c.cfn.yaml", stack(A=TOPIC % "m"), "", "destroy"),
    ("left/10-a.cfn.yaml", stack(A=TOPIC % "s"), stack(A=TOPIC % "s"), "weaker"),
    ("left/20-b.py", CODE % "a", CODE % "a", "weaker"),
    ("left/30-c.sh", "exit 0\n", "exit 0\n", "weaker"),
    # The same in other words.
    ("same/10-a.cfn.yaml", stack(A=TOPIC % "n"), "# A topic\n" + stack(A=TOPIC % "'n'"), ""),
]
ACCOUNTS: list[tuple[str, str]] = [
    *((f"account/move-{n}/move-account/ou", "move") for n in (1, 2, 3)),
    *((f"account/untag-{n}/update-account/tags", "untag") for n in (1, 2, 3)),
    *((f"account/forget-{n}/release-account", "forget") for n in (1, 2, 3)),
    *((f"account/adopt-{n}/adopt-account", "adopt") for n in (1, 2, 3)),
    *((f"account/after-{n}/update-account/request", "identity") for n in (1, 2, 3)),
    *((f"organization/delete-ou/{name}", "delete-ou") for name in ("One", "Three", "Two")),
    *((f"account/guard-{n}/update-account/protect", "unprotect") for n in (1, 2, 3)),
    *((f"account/nine/release-setting/{name}", "weaker") for name in DROPPED),
    *((f"organization/adopt-ou/{name}", "adopt-ou") for name in ("Blue", "Green", "Red")),
    *((f"account/spend-{n}/update-setting/budget", "weaker") for n in (1, 2, 3)),
    ("account/fresh/create-account", ""),
    ("account/fresh/run-customization/new/10-a.py", ""),
    ("account/retag/update-account/tags", ""),
    ("account/rename/update-account/name", ""),
]
ROWS: list[tuple[str, str]] = [
    *ACCOUNTS,
    *((f"account/{name}/update-setting/{setting}", risk) for name, setting, _, risk in SETTINGS),
    *(
        (f"account/{step.split('/')[0]}/{verb}-customization/{step}", risk)
        for step, _, after, risk in STEPS
        for verb in ("release" if risk == "weaker" else "run" if after else "delete",)
    ),
]


def baseline(
    name: str, changed: Mapping[str, dict[str, Any]], *, without: Collection[str] = ()
) -> str:
    settings = [
        {"setting": setting, "parameters": {**values, **changed.get(setting, {})}}
        for setting, values in BASE.items()
        if setting not in without
    ]
    return json.dumps({"select": {"requests": [name]}, "settings": settings})


def write_baselines(repo: Repo, *, changed: bool) -> None:
    for name in dict.fromkeys(row[0] for row in SETTINGS):
        changes = {row[1]: row[2] for row in SETTINGS if row[0] == name} if changed else {}
        repo.write(f"customizations/baselines/{name}.yaml", baseline(name, changes))
    nine = baseline("nine", {}, without=DROPPED if changed else ())
    repo.write("customizations/baselines/nine.yaml", nine)


def write_steps(repo: Repo, *, after: bool) -> None:
    for step, before, then, _ in STEPS:
        text = then if after else before
        if text:
            repo.write(f"customizations/accounts/{step}", text)


def begin(repo: Repo) -> None:
    repo.write("aft.yaml", CONFIG)
    repo.remove("customizations/baselines/standard.yaml")
    repo.write("customizations/organization/organization.yaml", ORGANIZATION + OWN_OUS + EMPTY_OUS)
    write_baselines(repo, changed=False)
    write_steps(repo, after=False)
    repo.write("customizations/accounts/gone/customization.yaml", "on_removal: destroy\n")
    for name in dict.fromkeys(row[0] for row in SETTINGS):
        repo.request(name)
    repo.request("nine")
    for name in ("changed", "ending", "giving", "vague", "gone", "same", "left"):
        repo.request(name, f"customizations: [{name}]\n")
    repo.request("new")
    repo.write("customizations/baselines/spend.yaml", SPEND)
    for n, budget in enumerate(BUDGETS, 1):
        repo.request(f"spend-{n}", f"budget: {json.dumps(budget)}\n")
    for n in (1, 2, 3):
        repo.request(f"move-{n}")
        repo.request(f"untag-{n}", "tags: {owner: ada}\n")
        repo.request(f"forget-{n}")
        repo.request(f"before-{n}")
        repo.request(f"guard-{n}", "protect: true\n")
    repo.request("adopt-3")
    repo.request("retag", "tags: {owner: ada}\n")
    repo.request("rename")
    repo.commit("As it was reviewed")
    repo.apply()


def push(repo: Repo) -> None:
    """What no one has reviewed: in git, and by hand."""
    organization = ORGANIZATION + OWN_OUS + REMOVED
    repo.write("customizations/organization/organization.yaml", organization)
    write_baselines(repo, changed=True)
    write_steps(repo, after=True)
    for n in (1, 2, 3):
        repo.request(f"move-{n}", ou="Workloads/Prod")
        repo.request(f"untag-{n}")
        repo.request(f"guard-{n}")
        repo.remove(f"account-requests/forget-{n}.yaml")
        repo.remove(f"account-requests/before-{n}.yaml")
        repo.request(f"after-{n}", f"previously: before-{n}\n")
        path = f"account-requests/after-{n}.yaml"
        text = (repo.root / path).read_text()
        repo.write(path, text.replace(f"aws+after-{n}@", f"aws+before-{n}@"))
    with repo.sandbox() as sandbox:
        sandbox.seed_accounts(
            [AccountSpec(name=f"adopt-{n}", email=f"aws+adopt-{n}@example.com") for n in (1, 2)]
        )
    accounts = repo.accounts()
    with repo.organizations() as client:
        another = [{"Key": "aft:request", "Value": "another"}]
        client.tag_resource(ResourceId=accounts["adopt-3"].id, Tags=another)
        root = client.list_roots()["Roots"][0]["Id"]
        for unit in client.list_organizational_units_for_parent(ParentId=root)[
            "OrganizationalUnits"
        ]:
            if unit["Name"] in ("Red", "Green", "Blue"):
                client.untag_resource(ResourceId=unit["Id"], TagKeys=["aft:ou"])
                client.update_organizational_unit(
                    OrganizationalUnitId=unit["Id"], Name=f"{unit['Name']} by hand"
                )
    repo.request("adopt-1", ou="Workloads")
    repo.request("adopt-2", f"account_id: '{accounts['adopt-2'].id}'\n", ou="Workloads")
    repo.request("gone")
    repo.request("left")
    repo.request("spend-1", f"budget: {json.dumps({**BUDGETS[0], 'monthly_usd': 500})}\n")
    repo.request("spend-2", f"budget: {json.dumps({**BUDGETS[1], 'alert_at': [100]})}\n")
    repo.request("spend-3")
    repo.request("new", "customizations: [new]\n")
    repo.request("fresh", "customizations: [new]\n")
    repo.request("retag", "tags: {owner: bob}\n")
    repo.request("rename")
    path = "account-requests/rename.yaml"
    text = (repo.root / path).read_text()
    repo.write(path, text.replace("name: rename", "name: renamed"))
    repo.commit("Pushed to main")


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, tuple[str, str]]:
    """How each change ended, and why, in one run of everything without a review."""
    folder = tmp_path_factory.mktemp("unreviewed")
    repo = Repo.apart(folder)
    begin(repo)
    push(repo)
    nothing = folder / "nothing.json"
    nothing.write_text(reviewed_to_json(NOTHING_REVIEWED))
    report = folder / "report"
    result = repo.aft("apply", "--yes", "--reviewed", str(nothing), "--report", str(report))
    assert result.code == 4, result.out + result.err
    found = json.loads((Path(report) / "outcome.json").read_text())
    return {
        step["change"]: (step["status"], step["message"])
        for row in found["accounts"]
        for step in row["steps"]
    }


def words_of(change: str, risk: str) -> str:
    verb = change.split("/")[-2] if change.startswith("organization/") else change.split("/")[2]
    kinds = [kind for kind in KINDS.values() if verb.endswith(f"-{kind.name}")]
    return next(it.words for kind in kinds for it in kind.risks if it.code == risk)


@pytest.mark.parametrize(("change", "risk"), ROWS, ids=[row[0] for row in ROWS])
def test_held_or_done(outcome: Mapping[str, tuple[str, str]], change: str, risk: str) -> None:
    status, why = outcome[change]
    if risk:
        assert (status, why) == ("held", f"not reviewed, and risky: {words_of(change, risk)}")
    else:
        assert status == "succeeded", why


def test_there_are_enough_of_each() -> None:
    counts = Counter(risk for _, risk in ROWS)
    assert sum(number for risk, number in counts.items() if risk) >= 40
    assert min(counts.values()) >= 3
