"""A changed template, from the plan that people review to the stack: nothing ends unseen."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from builders_repo import CONFIG, Repo

TEMPLATE = """\
Parameters:
  Kind: {Type: String, Default: artifacts}
Resources:
  Artifacts:
    Type: AWS::S3::Bucket
    Properties: {BucketName: !Sub "{{ account.request_id }}-${Kind}"}
  Alarms:
    Type: AWS::SNS::Topic
    Properties: {TopicName: alarms, DisplayName: Alarms}
"""
PATH = "customizations/accounts/web/10-artifacts.cfn.yaml"
CODE = """\
def customize(context):
    return {'Note': 'one', 'Team': context.account.tags.get('team', '')}
"""


@pytest.fixture(scope="module")
def vended(tmp_path_factory: pytest.TempPathFactory) -> Repo:
    """A precious account, a plain one, and a stack in each; to be copied."""
    root = tmp_path_factory.mktemp("stacks")
    repo = Repo.standard(root / "repo")
    repo.environ["AFT_SANDBOX_STATE"] = str(root / "organization")
    repo.write(PATH, TEMPLATE)
    repo.write("customizations/accounts/web/20-note.py", CODE)
    repo.request("precious", "customizations: [web]\nprotect: true\n")
    repo.request("plain", "customizations: [web]\n")
    repo.commit("Two accounts with a bucket each")
    repo.apply()
    return repo


@pytest.fixture
def repo(vended: Repo, tmp_path: Path) -> Repo:
    return vended.copy(tmp_path)


def change(repo: Repo, before: str, after: str) -> None:
    assert before in TEMPLATE
    repo.write(PATH, TEMPLATE.replace(before, after))
    repo.commit("Change the template")


def buckets(repo: Repo) -> dict[str, list[str]]:
    found = {}
    for name in ("plain", "precious"):
        with repo.inside(name) as client:
            found[name] = [item["Name"] for item in client("s3").list_buckets()["Buckets"]]
    return found


BEFORE = {"plain": ["plain-artifacts"], "precious": ["precious-artifacts"]}
RENAME = ("Default: artifacts", "Default: artifax")


def reviewed(repo: Repo, folder: Path) -> str:
    assert repo.aft("plan", "--report", str(folder)).code == 0
    return str(folder / "reviewed.json")


def test_a_replacement_is_named_and_risky_in_every_form_of_the_plan(
    repo: Repo, tmp_path: Path
) -> None:
    change(repo, *RENAME)
    found = {item["target"]: item for item in repo.plan()["changes"] if "10-" in item["key"]}
    assert {name: item["risk"] for name, item in found.items()} == {
        "plain": "end",
        "precious": "end",
    }
    (part,) = found["plain"]["comparison"]["parts"]
    assert (part["id"], part["noun"], part["outcome"]) == (
        "Artifacts",
        "AWS::S3::Bucket",
        "replaced",
    )
    shown = " ".join(repo.aft("plan").out.split())
    assert "! precious: the account is protected, so web/10-artifacts.cfn.yaml will not be" in shown
    assert "items: [web/10-artifacts.cfn.yaml/Artifacts]" in shown
    assert "-/+ Artifacts (AWS::S3::Bucket) is replaced: BucketName cannot be changed" in shown
    assert "· BucketName: plain-artifacts → plain-artifax" in shown
    reviewed(repo, tmp_path / "report")
    comment = (tmp_path / "report" / "comment.md").read_text()
    assert "Risky: something a customization made is replaced or removed." in comment
    assert "-/+ Artifacts (AWS::S3::Bucket) is replaced: BucketName cannot be changed" in comment


def test_a_replacement_that_nobody_reviewed_is_held(repo: Repo, tmp_path: Path) -> None:
    seen = reviewed(repo, tmp_path / "report")
    change(repo, *RENAME)
    result = repo.aft("apply", "--yes", "--reviewed", seen)
    assert result.code == 4
    said = " ".join(result.out.partition("held ~ ")[2].split())
    assert said.startswith(
        "plain, precious: run web/10-artifacts.cfn.yaml: not reviewed, and risky"
    )
    assert "something a customization made is replaced or removed" in said
    assert buckets(repo) == BEFORE


def test_what_was_reviewed_is_replaced_and_in_a_protected_account_is_not(
    repo: Repo, tmp_path: Path
) -> None:
    change(repo, *RENAME)
    result = repo.aft("apply", "--yes", "--reviewed", reviewed(repo, tmp_path / "report"))
    assert result.code == 4
    assert buckets(repo) == {**BEFORE, "plain": ["plain-artifax"]}
    assert "because the account is protected: Artifacts (AWS::S3::Bucket)" in result.out
    rows = {row["id"]: row["state"] for row in repo.aft("status", "--json").data["accounts"]}
    assert rows["precious"] != "active"


@pytest.mark.parametrize(
    "line",
    [
        "{what: end, items: [web/10-artifacts.cfn.yaml/Artifacts], reason: why, until: 2099-01-01}",
        "{what: end, items: [web/10-artifacts.cfn.yaml], reason: PLAT-9, until: 2099-01-01}",
        "{what: end, reason: PLAT-9, until: 2099-01-01}",
    ],
)
@pytest.mark.parametrize("place", ["request", "configuration"])
def test_a_reviewed_line_lets_a_protected_resource_go(repo: Repo, line: str, place: str) -> None:
    if place == "request":
        allowed(repo, line)
    else:
        repo.write("aft.yaml", f"{CONFIG}allow:\n  - {line.replace('{', '{target: precious, ')}\n")
    change(repo, *RENAME)
    assert repo.aft("apply", "--yes").code == 0
    assert buckets(repo)["precious"] == ["precious-artifax"]


@pytest.mark.parametrize(
    "line",
    [
        "{what: end, items: [web/10-artifacts.cfn.yaml/Alarms], reason: PLAT-9, until: 2099-01-01}",
        "{what: end, items: [web/20-note.py], reason: PLAT-9, until: 2099-01-01}",
        "{what: end, reason: PLAT-9, until: 2001-01-01}",
    ],
)
def test_a_line_for_something_else_or_of_the_past_lets_nothing_go(repo: Repo, line: str) -> None:
    allowed(repo, line)
    change(repo, *RENAME)
    assert repo.aft("apply", "--yes").code == 4
    assert buckets(repo)["precious"] == ["precious-artifacts"]


def allowed(repo: Repo, line: str) -> None:
    repo.request("precious", f"customizations: [web]\nprotect: true\nallow:\n  - {line}\n")


def test_a_review_of_one_replacement_is_none_of_another(repo: Repo, tmp_path: Path) -> None:
    change(repo, *RENAME)
    seen = reviewed(repo, tmp_path / "report")
    change(repo, "Default: artifacts", "Default: antefacts")
    assert repo.aft("apply", "--yes", "--reviewed", seen).code == 4
    assert buckets(repo) == BEFORE


@pytest.mark.parametrize(
    ("before", "after", "outcome", "risk"),
    [
        ("DisplayName: Alarms", "DisplayName: Bells", "changed", "new-code"),
        ("TopicName: alarms", "TopicName: bells", "replaced", "end"),
        ("Type: AWS::SNS::Topic\n    Properties: {TopicName: alarms", "", "removed", "end"),
        ("  Alarms:\n", "  New: {Type: AWS::SQS::Queue}\n  Alarms:\n", "added", "new-code"),
    ],
)
def test_what_a_change_of_the_template_is(
    repo: Repo, before: str, after: str, outcome: str, risk: str
) -> None:
    if outcome == "removed":
        repo.write(PATH, TEMPLATE[: TEMPLATE.index("  Alarms:")])
        repo.commit("No alarms")
    else:
        change(repo, before, after)
    (found,) = [
        item
        for item in repo.plan()["changes"]
        if item["target"] == "plain" and item["key"].startswith("web/10-")
    ]
    assert [part["outcome"] for part in found["comparison"]["parts"]] == [outcome]
    assert found["risk"] == risk


def test_a_template_that_only_looks_otherwise_says_that_nothing_changes(repo: Repo) -> None:
    change(repo, "Resources:", "# what we build\nResources:")
    (found, *_) = [item for item in repo.plan()["changes"] if item["target"] == "plain"]
    assert found["comparison"]["parts"] == found["comparison"]["unknown"] == []
    assert found["risk"] == ""
    repo.apply()
    assert buckets(repo) == BEFORE


def test_the_code_and_the_inputs_that_changed_are_in_the_plan(repo: Repo, tmp_path: Path) -> None:
    repo.write("customizations/accounts/web/20-note.py", CODE.replace("'one'", "'two'"))
    repo.request("plain", "customizations: [web]\ntags: {team: red}\n")
    repo.commit("Another note, and another team")
    shown = repo.aft("plan", "--report", str(tmp_path / "report")).out
    comment = (tmp_path / "report" / "comment.md").read_text()
    for text in (shown, comment):
        assert "-    return {'Note': 'one', " in text
        assert "+    return {'Note': 'two', " in text
        assert "~ what it reads is changed" in text
        assert "tags.team: nothing → red" in text


def test_what_is_kept_is_not_in_the_history_that_people_read(repo: Repo) -> None:
    events = repo.aft("history", "plain", "--json").data
    assert events
    assert "kept" not in json.dumps(events)
    assert repo.git("grep", "-c", '"kept"', "aft/ledger-sandbox").count("events.jsonl") >= 1


def test_without_what_was_applied_the_change_is_unknown_and_risky(
    repo: Repo, tmp_path: Path
) -> None:
    """As after an upgrade: the ledger of an older version keeps no templates."""
    forget_what_was_kept(repo, tmp_path)
    change(repo, "DisplayName: Alarms", "DisplayName: Bells")
    found = [item for item in repo.plan()["changes"] if item["key"].startswith("web/10-")]
    assert [item["risk"] for item in found] == ["unknown-effect", "unknown-effect"]
    assert "not in the ledger" in found[0]["comparison"]["unknown"][0]
    repo.apply()  # a change in place ends nothing: AWS's own change set says so
    change(repo, *RENAME)
    assert {item["risk"] for item in repo.plan()["changes"] if "10-" in item["key"]} == {"end"}


def test_what_nobody_could_foresee_is_held_at_the_change_set(repo: Repo, tmp_path: Path) -> None:
    forget_what_was_kept(repo, tmp_path)
    change(repo, *RENAME)
    result = repo.aft("apply", "--yes")
    assert result.code == 4
    assert "no review has seen what would happen: Artifacts" in result.out
    assert "items: [web/10-artifacts.cfn.yaml/Artifacts], reason: …" in result.out
    assert buckets(repo) == BEFORE


def forget_what_was_kept(repo: Repo, tmp_path: Path) -> None:
    """Take every template out of the ledger's events."""
    tree = tmp_path / "ledger"
    repo.git("worktree", "add", "--force", str(tree), "aft/ledger-sandbox")
    for path in tree.rglob("events.jsonl"):
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        for line in lines:
            line.get("data", {}).pop("kept", None)
        path.write_text("".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines))
    repo.git("-C", str(tree), "commit", "--quiet", "--all", "--message", "Older")
    repo.git("worktree", "remove", "--force", str(tree))
    adopted = repo.aft("apply", "--yes", "--adopt-ledger")
    assert adopted.code == 0, adopted.out + adopted.err
