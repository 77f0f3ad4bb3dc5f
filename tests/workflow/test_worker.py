"""``aft worker`` as a process of its own: commits go in at a bare remote, accounts come out."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from builders_live import Live, Running, clone, live, run, running, with_remote
from builders_repo import Repo

CONFIG = """\
version: 1
home_region: eu-central-1
worker:
  review: branch
  interval_seconds: 1
  jitter_percent: 0
  retry_first_seconds: 1
  retry_most_seconds: 4
"""
TREE = "organizational_units:\n  - name: Sandbox\n"


@pytest.fixture
def people(tmp_path: Path) -> Repo:
    """Where people commit; its ``origin`` is a bare repository."""
    repo = Repo.create(tmp_path / "people")
    repo.write("aft.yaml", CONFIG)
    repo.write("customizations/organization/organization.yaml", TREE)
    repo.request("shop", ou="Sandbox")
    repo.commit("Ask for the shop")
    with_remote(repo, tmp_path / "origin.git")
    return repo


@pytest.fixture
def watched(people: Repo, tmp_path: Path) -> Repo:
    """Where the worker lives: a clone."""
    return clone(people, tmp_path / "origin.git", tmp_path / "server" / "clone")


@pytest.fixture
def organization(people: Repo, watched: Repo) -> Iterator[Live]:
    with live() as served:
        people.environ.update(served.environ)
        watched.environ.update(served.environ)
        yield served


def push(repo: Repo, message: str) -> str:
    commit = repo.commit(message)
    repo.git("push", "--quiet", "origin", "main")
    return commit


def lines(worker: Running) -> list[dict[str, Any]]:
    """The log so far; every whole line is JSON."""
    whole = worker.out[: worker.out.rfind("\n") + 1]
    return [json.loads(line) for line in whole.splitlines()]


def events(worker: Running, event: str) -> list[dict[str, Any]]:
    return [line for line in lines(worker) if line["event"] == event]


def test_a_push_becomes_an_account_and_the_log_says_how(people: Repo, watched: Repo) -> None:
    with running(watched, "--sandbox", "worker") as worker:
        worker.until(lambda: events(worker, "reconcile-finished"), "the first pass")
        people.request("lab", "tags: {team: lab}\n", ou="Sandbox")
        head = push(people, "Ask for a lab")
        worker.until(
            lambda: any(line["revision"] == head for line in events(worker, "reconcile-finished")),
            "the second pass",
        )
        worker.signal(signal.SIGTERM)
        assert worker.wait() == 0
    assert worker.err == ""
    log = lines(worker)
    assert next(line["event"] for line in log) == "worker-started"
    assert log[-1] == {**log[-1], "event": "worker-stopped", "reason": "SIGTERM received"}
    assert all(line["at"].endswith("+00:00") for line in log)

    accounts = watched.accounts()
    assert set(accounts) == {"shop", "lab"}
    moved = [line["revision"] for line in events(worker, "moved")]
    assert moved == [people.git("rev-parse", "HEAD~1"), head]
    created = {
        line["target"]: line
        for line in events(worker, "step-done")
        if line["change"].endswith("/create-account")
    }
    assert set(created) == {"shop", "lab"}
    assert created["lab"]["account_id"] == accounts["lab"].id
    runs = {line["run"] for line in events(worker, "reconcile-finished")}
    assert {line["run"] for line in created.values()} <= runs

    story = watched.ledger_log("--format=%B", "--", ":(glob)accounts/*/lab/**")
    assert f"Aft-Run: {created['lab']['run']}" in story
    assert f"Aft-Revision: {head}" in story
    assert "aft/ledger" not in people.git("ls-remote", "origin"), "a sandbox's ledger stays here"


def test_a_failed_account_is_tried_again_ever_later_until_its_file_is_fixed(
    people: Repo, watched: Repo
) -> None:
    with watched.sandbox() as sandbox:
        sandbox.fail_creation("aws+shop@", "INVALID_EMAIL")
    people.request("lab", ou="Sandbox")
    push(people, "Ask for a lab as well")
    with running(watched, "--sandbox", "worker") as worker:
        worker.until(lambda: len(events(worker, "requeued")) >= 3, "three failures")
        waits = [line["again_in_seconds"] for line in events(worker, "requeued")]
        assert waits[:3] == [1, 2, 4]
        assert {line["target"] for line in events(worker, "requeued")} == {"shop"}
        (failed, *_) = events(worker, "step-failed")
        assert failed["target"] == "shop"
        assert "INVALID_EMAIL" in failed["message"]
        again = events(worker, "reconcile-started")
        assert [line["targets"] for line in again[:3]] == ["all", ["shop"], ["shop"]]

        people.write(
            "account-requests/shop.yaml", "name: shop\nemail: shop@example.com\nou: Sandbox\n"
        )
        head = push(people, "Another address")
        worker.until(
            lambda: [
                line
                for line in events(worker, "reconcile-finished")
                if (line["revision"], line["failed"]) == (head, 0)
            ],
            "the fixed account is there",
        )
        worker.signal(signal.SIGINT)
        assert worker.wait() == 0
    assert set(watched.accounts()) == {"shop", "lab"}
    watched.git("merge", "--quiet", "--ff-only", "origin/main")
    rows = watched.aft("status", "--json").data["accounts"]
    assert {row["state"] for row in rows} == {"active"}


def test_once_makes_one_pass_and_says_by_its_exit_code_how_it_went(
    people: Repo, watched: Repo
) -> None:
    people.request("lab", ou="Sandbox")
    push(people, "Ask for a lab")
    done = run(watched, "--sandbox", "worker", "--once")
    assert done.code == 0, done.err
    assert events(done, "run-finished")
    assert set(watched.accounts()) == {"shop", "lab"}, "at the remote's tip, not the clone's"

    ledger = watched.git("rev-parse", "aft/ledger-sandbox")
    idle = watched.aft("worker", "--once")
    assert idle.code == 0
    assert watched.git("rev-parse", "aft/ledger-sandbox") == ledger, "nothing done, nothing written"

    with watched.sandbox() as sandbox:
        sandbox.fail_creation("aws+bad@", "INVALID_EMAIL")
    people.request("bad", ou="Sandbox")
    push(people, "Ask for what cannot be")
    assert watched.aft("worker", "--once").code == 4

    people.write("account-requests/bad.yaml", "name: bad\n")
    push(people, "Break a file")
    broken = watched.aft("worker", "--once")
    assert broken.code == 4
    (held,) = events(broken, "held-back")
    assert (held["target"], "account-requests/bad.yaml:1" in held["message"]) == ("bad", True)


def test_the_live_worker_pushes_its_ledger(people: Repo, watched: Repo, organization: Live) -> None:
    with running(watched, "worker") as worker:
        worker.until(lambda: events(worker, "reconcile-finished"), "the first pass")
        people.write("account-requests/shop.yaml", "name: [\n")
        head = push(people, "Break the only file")
        worker.until(
            lambda: [it for it in events(worker, "reconcile-finished") if it["revision"] == head],
            "the broken file is noticed",
        )
        held = events(worker, "reconcile-finished")[-1]["held_back"]
        assert "account-requests/shop.yaml:1" in held["shop"]
        people.request("shop", "tags: {team: shop}\n", ou="Sandbox")
        head = push(people, "Fix it")
        worker.until(
            lambda: any(line["revision"] == head for line in events(worker, "reconcile-finished")),
            "the fixed revision",
        )
        worker.signal(signal.SIGTERM)
        assert worker.wait() == 0
    assert set(organization.accounts()) == {"shop"}
    people.git("fetch", "--quiet", "origin", "aft/ledger:aft/ledger")
    story = people.git("log", "--format=%B", "aft/ledger")
    assert f"Aft-Revision: {head}" in story
    assert organization.accounts()["shop"] in story
    people.git("fetch", "--quiet", "origin")
    assert people.aft("plan", "--detailed-exitcode", sandbox=False).code == 0


def test_the_worker_goes_by_the_configuration_of_what_it_reconciles(
    people: Repo, watched: Repo, organization: Live
) -> None:
    """Its clone is old by then: nobody pulls where a worker lives."""
    people.write("aft.yaml", CONFIG + "roles: {member: Vending}\nlimits: {create: 1}\n")
    people.write(
        "customizations/baselines/all.yaml",
        "select: {organizational_units: [Sandbox]}\nsettings:\n  - setting: ssm-metadata\n",
    )
    push(people, "Use a role of our own")
    done = watched.aft("worker", "--once", sandbox=False)
    assert done.code == 0, done.out + done.err
    (account_id,) = organization.accounts().values()
    keys = organization.client("sts").assume_role(
        RoleArn=f"arn:aws:iam::{account_id}:role/Vending", RoleSessionName="look"
    )
    assert keys["Credentials"]


def test_a_bare_clone_will_do(people: Repo, tmp_path: Path) -> None:
    bare = Repo(tmp_path / "bare.git")
    people.git("clone", "--quiet", "--bare", str(tmp_path / "origin.git"), str(bare.root))
    people.request("lab", ou="Sandbox")
    push(people, "Ask for a lab")
    done = bare.aft("worker", "--once")
    assert done.code == 0, done.err
    assert set(bare.accounts()) == {"shop", "lab"}


def test_a_clone_without_the_remote_is_told_so(tmp_path: Path) -> None:
    repo = Repo.standard(tmp_path / "repo")
    result = repo.aft("worker", "--once")
    assert result.code == 1
    assert "there is no remote 'origin'" in result.err
    assert "git remote add origin" in result.err
