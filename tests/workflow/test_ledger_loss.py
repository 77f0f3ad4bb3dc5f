"""The ledger is lost, cannot be reached, or was rewritten: no second account, and history goes on.

Identity then comes from tags and e-mail addresses, what is inside the accounts is read, and
customizations, whose inputs only the ledger knew, run again.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from builders_faults import assert_ledger_is_sound
from builders_kinds import what_of
from builders_live import Live, clone, live, with_remote
from builders_repo import CONFIG, STACK, Repo

from aft.git.ledger import layout

BRANCH = "aft/ledger-sandbox"
TREE = "organizational_units:\n  - name: Sandbox\n"


@pytest.fixture(scope="module")
def morning(tmp_path_factory: pytest.TempPathFactory) -> Repo:
    """Two accounts with settings and customizations, applied; each test works on a copy."""
    root = tmp_path_factory.mktemp("morning")
    repo = Repo.standard(root / "repo")
    repo.environ["AFT_SANDBOX_STATE"] = str(root / "organization")
    repo.write("customizations/global/10-news.cfn.yaml", STACK)
    repo.request("shop", "tags: {team: shop}\n")
    repo.request("lab", ou="Sandbox")
    repo.commit("Ask for two")
    repo.apply()
    return repo


@pytest.fixture
def repo(morning: Repo, tmp_path: Path) -> Repo:
    return morning.copy(tmp_path)


def kinds(plan: Any) -> dict[str, list[str]]:
    """The kinds of planned changes by account."""
    found: dict[str, list[str]] = {}
    for change in plan["changes"]:
        found.setdefault(change["target"], []).append(what_of(change))
    return found


def adopt(repo: Repo, *more: str) -> None:
    """Go on with what there is of the ledger."""
    done = repo.aft("apply", "--yes", "--adopt-ledger", *more)
    assert done.code == 0, done.out + done.err
    assert "create account" not in done.out


def test_without_the_ledger_accounts_are_found_again_by_their_tags(repo: Repo) -> None:
    before = repo.accounts()
    repo.git("branch", "--delete", "--force", BRANCH)
    for verb in ("plan", "apply", "drift", "status"):
        refused = repo.aft(verb)
        assert refused.code == 1, refused.out + refused.err
        assert "the ledger was rewritten" in refused.err
        assert "--adopt-ledger" in refused.err
    plan = repo.aft("plan", "--adopt-ledger", "--format", "json").data
    assert plan["summary"]["create"] == 0
    again = ["adopt account", "run customization"]
    assert kinds(plan) == {"lab": again, "shop": again}
    assert {item["ref"][1] for item in plan["confirmations"]} == {
        "account-alias",
        "iam-password-policy",
        "ssm-metadata",
    }
    text = repo.aft("plan", "--adopt-ledger").out
    assert "the account carries the tag aft:request=shop" in " ".join(text.split())

    adopt(repo)
    assert repo.accounts() == before, "nothing about the accounts has changed"
    story = repo.aft("history", "organization", "--json").data
    (adopted,) = (event for event in story if event["kind"] == "ledger-adopted")
    assert len(adopted["details"]["expected"]) == 40
    assert repo.changes() == []
    with repo.inside("shop") as client:
        stacks = client("cloudformation").describe_stacks()["Stacks"]
    assert [stack["StackStatus"] for stack in stacks] == ["CREATE_COMPLETE"]
    assert {row["state"] for row in repo.aft("status", "--json").data["accounts"]} == {"active"}
    assert_ledger_is_sound(repo)

    repo.request("shop", "tags: {team: web}\n")
    repo.commit("Another team")
    repo.apply()
    events = [event["kind"] for event in repo.aft("history", "shop", "--json").data]
    assert events.count("commit") == 2
    done = [event for event in events if event != "commit"]
    assert (done[0], done[-1]) == ("bound", "step-done")


def test_without_ledger_and_tags_by_their_email_addresses(repo: Repo) -> None:
    before = {name: account.id for name, account in repo.accounts().items()}
    repo.git("branch", "--delete", "--force", BRANCH)
    with repo.organizations() as client:
        for account_id in before.values():
            client.untag_resource(ResourceId=account_id, TagKeys=["aft:request", "team"])
    adopt(repo)
    accounts = repo.accounts()
    assert {name: account.id for name, account in accounts.items()} == before
    assert accounts["shop"].tags == {"aft:request": "shop", "team": "shop"}
    assert repo.changes() == []


def test_a_limited_plan_without_the_ledger_creates_nothing_either(repo: Repo) -> None:
    before = repo.accounts()
    repo.git("branch", "--delete", "--force", BRANCH)
    adopt(repo, "--only", "shop")
    assert repo.accounts() == before
    assert list(kinds(repo.plan())) == ["lab"]


def forged(repo: Repo, files: dict[str, str]) -> None:
    """What anyone who may push the ledger's branch can do."""
    repo.git("checkout", "-q", BRANCH)
    for subject, state in files.items():
        path = layout.subject_path(subject).decode()
        repo.write(f"{path}/state.json", state)
    repo.commit("by hand")
    repo.git("checkout", "-q", "main")


def test_a_state_that_no_event_made_takes_over_no_account(repo: Repo) -> None:
    """The account is nobody's: made by hand, as the treasury's would be."""
    with repo.organizations() as client:
        client.create_account(Email="treasury@example.com", AccountName="treasury")
        listed = client.list_accounts()["Accounts"]
        treasury = next(item["Id"] for item in listed if item["Name"] == "treasury")
    repo.request("tools")
    repo.commit("Ask for tools")
    state = {"version": 2, "subject": "tools", "account_id": treasury}
    forged(repo, {"tools": json.dumps(state)})

    plan = repo.plan()
    found = [item for item in plan["changes"] if item["target"] == "tools"]
    assert found[0]["id"] == "account/tools/create-account"
    assert {item["account_id"] for item in found} == {None}
    (said,) = (item for item in plan["attention"] if item["code"] == "AFT964")
    assert "tools: state.json is not what its events add up to" in said["message"]
    verified = repo.aft("history", "--verify")
    assert verified.code == 1
    assert "tools: state.json is not what its events add up to" in verified.out
    repo.apply()
    assert repo.aft("history", "--verify").code == 0
    assert repo.accounts()["tools"].id != treasury
    assert repo.plan()["attention"] == []


def test_an_output_that_no_step_gave_reaches_no_other_step(repo: Repo) -> None:
    """``shop`` gets what ``lab``'s stack gives; the forged value is never planned with."""
    path = f"{layout.subject_path('lab').decode()}/state.json"
    state = repo.git("show", f"{BRANCH}:{path}")
    arn = next(iter(re.findall(r"arn:aws:sns:[^\"]+", state)))
    forged(repo, {"lab": state.replace(arn, "arn:of:an:attacker")})
    assert repo.changes() == []
    text = repo.aft("plan").out
    assert "AFT964" in text
    assert "attacker" not in text


# --- with a remote: the live code path --------------------------------------------------------


@pytest.fixture
def people(tmp_path: Path) -> Iterator[Repo]:
    """A clone with a bare ``origin``, and an organization behind an endpoint."""
    repo = Repo.create(tmp_path / "people")
    repo.write("aft.yaml", CONFIG)
    repo.write("customizations/organization/organization.yaml", TREE)
    repo.request("shop", ou="Sandbox")
    repo.commit("Ask for the shop")
    with_remote(repo, tmp_path / "origin.git")
    with live() as organization:
        repo.environ.update(organization.environ)
        yield repo


def origin(repo: Repo) -> Repo:
    return Repo(repo.root.parent / "origin.git")


def refuse_pushes(repo: Repo) -> Path:
    hook = origin(repo).root / "hooks/pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho no pushes today >&2\nexit 1\n")
    hook.chmod(0o755)
    return hook


def test_what_could_not_be_pushed_is_pushed_by_the_next_run(people: Repo) -> None:
    assert people.aft("apply", sandbox=False).code == 0
    people.request("shop", "tags: {team: shop}\n", ou="Sandbox")
    people.commit("Label the shop")
    hook = refuse_pushes(people)
    before = origin(people).git("rev-parse", "aft/ledger")
    result = people.aft("apply", sandbox=False)
    assert result.code == 4, result.out + result.err
    assert "1 of 1 account done" in result.out
    assert "the ledger is not pushed yet" in result.out
    assert origin(people).git("rev-parse", "aft/ledger") == before

    hook.unlink()
    again = people.aft("apply", sandbox=False)
    assert again.code == 0
    assert again.last_line.startswith("No changes.")
    assert origin(people).git("rev-parse", "aft/ledger") == people.git("rev-parse", "aft/ledger")
    assert "Tag shop" in origin(people).git("log", "--format=%s", "aft/ledger")


def test_no_account_is_asked_for_while_the_intent_cannot_be_pushed(people: Repo) -> None:
    hook = refuse_pushes(people)
    result = people.aft("apply", sandbox=False)
    assert result.code == 4
    assert "failed shop create account" in result.out
    assert "refused" in result.out
    assert "Traceback" not in result.out + result.err
    assert Live(people.environ).creations() == []
    hook.unlink()
    assert people.aft("apply", sandbox=False).code == 0
    assert Live(people.environ).creations() == [("shop", "SUCCEEDED")]


def test_a_remote_that_is_gone_stops_everything_before_it_begins(people: Repo) -> None:
    assert people.aft("apply", sandbox=False).code == 0
    people.request("lab", ou="Sandbox")
    people.commit("Ask for a lab")
    gone = origin(people).root.rename(origin(people).root.with_name("away.git"))
    for verb in (["plan"], ["apply", "--yes"]):
        result = people.aft(*verb, sandbox=False)
        assert result.code == 1, result.out
        assert "origin.git" in result.err
        assert "hint:" in result.err
        assert "Traceback" not in result.err
    assert set(Live(people.environ).accounts()) == {"shop"}
    assert "shop" in people.aft("history", "shop", sandbox=False).out, "what is here is shown"
    gone.rename(origin(people).root)
    assert people.aft("apply", sandbox=False).code == 0
    assert set(Live(people.environ).accounts()) == {"shop", "lab"}


def test_a_rewritten_branch_is_refused_and_put_right_by_a_clone_that_has_it(
    people: Repo, tmp_path: Path
) -> None:
    """A fresh clone knows by the head in the management account, another one by itself."""
    assert people.aft("apply", sandbox=False).code == 0
    other = clone(people, origin(people).root, tmp_path / "other")
    last = origin(people).git("rev-parse", "aft/ledger")
    first = origin(people).git("rev-list", "--max-parents=0", "aft/ledger")
    origin(people).git("update-ref", "refs/heads/aft/ledger", first)

    for repo in (other, people):
        for verb in ("plan", "apply"):
            refused = repo.aft(verb, sandbox=False)
            assert refused.code == 1
            assert f"{last[:10]} was pushed" in refused.err
    assert origin(people).git("rev-parse", "aft/ledger") == first

    people.git("push", "-q", "origin", f"{last}:refs/heads/aft/ledger")
    again = other.aft("apply", sandbox=False)
    assert again.code == 0, again.out + again.err
    assert again.last_line.startswith("No changes.")
    assert Live(people.environ).creations() == [("shop", "SUCCEEDED")]


def test_a_hostile_root_is_not_built_upon(people: Repo, tmp_path: Path) -> None:
    assert people.aft("apply", sandbox=False).code == 0
    evil = people.git("commit-tree", "HEAD^{tree}", "-m", "evil")
    people.git("push", "-q", "--force", "origin", f"{evil}:refs/heads/aft/ledger")
    people.request("lab", ou="Sandbox")
    people.commit("Ask for a lab")
    refused = people.aft("apply", sandbox=False)
    assert refused.code == 1
    assert origin(people).git("rev-parse", "aft/ledger") == evil
    assert set(Live(people.environ).accounts()) == {"shop"}


def test_a_deleted_branch_comes_back_if_that_is_accepted(people: Repo, tmp_path: Path) -> None:
    assert people.aft("apply", sandbox=False).code == 0
    origin(people).git("branch", "--delete", "--force", "aft/ledger")
    fresh = clone(people, origin(people).root, tmp_path / "fresh")
    assert fresh.aft("apply", sandbox=False).code == 1
    assert fresh.aft("apply", "--adopt-ledger", sandbox=False).code == 0
    assert_ledger_is_sound(origin(people), "aft/ledger")
    assert Live(people.environ).creations() == [("shop", "SUCCEEDED")]
    done = fresh.aft("plan", "--detailed-exitcode", sandbox=False)
    assert done.code == 0
    refused = people.aft("plan", sandbox=False)
    assert refused.code == 1, "this clone has seen more"
    assert people.aft("apply", "--adopt-ledger", sandbox=False).code == 0
    assert "Intend to create account shop for shop" in people.git(
        "log", "--format=%s", "origin/aft/ledger"
    ), "the lost part is back"
    subprocess.run(["git", "fsck", "--strict"], cwd=fresh.root, check=True, capture_output=True)
