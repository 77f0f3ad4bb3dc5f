"""Two machines apply the same repository at the same time: nobody's account is created twice."""

from __future__ import annotations

import signal
from collections import Counter
from pathlib import Path

import pytest
from builders_faults import assert_ledger_is_sound
from builders_live import Live, clone, live, running, with_remote
from builders_repo import CONFIG, Repo
from waiting import until

from aft.sandbox import Gate, Rule, Sandbox, held


@pytest.fixture
def here(tmp_path: Path) -> Repo:
    repo = Repo.create(tmp_path / "here" / "clone")
    repo.write("aft.yaml", CONFIG)
    repo.write(
        "customizations/organization/organization.yaml",
        "organizational_units:\n  - name: Workloads\n    children:\n      - name: Prod\n",
    )
    repo.write(
        "customizations/baselines/all.yaml",
        "select: {organizational_units: [Workloads]}\nsettings:\n  - setting: ssm-metadata\n",
    )
    repo.request("shop", "tags: {team: shop}\n", ou="Workloads/Prod")
    repo.request("lab", ou="Workloads")
    repo.commit("Ask for two")
    with_remote(repo, tmp_path / "origin.git")
    return repo


@pytest.fixture
def there(here: Repo, tmp_path: Path) -> Repo:
    return clone(here, tmp_path / "origin.git", tmp_path / "there" / "clone")


def assert_two_accounts(organization: Live, origin: Repo) -> None:
    assert set(organization.accounts()) == {"lab", "shop"}
    assert organization.creations() == [("lab", "SUCCEEDED"), ("shop", "SUCCEEDED")]
    client = organization.client("organizations")
    root = client.list_roots()["Roots"][0]["Id"]
    units = client.list_organizational_units_for_parent(ParentId=root)["OrganizationalUnits"]
    assert [unit["Name"] for unit in units] == ["Workloads"]
    assert_ledger_is_sound(origin, "aft/ledger")


def looks(sandbox: Sandbox) -> int:
    """How often runs have asked what became of creations."""
    return sum("CreateAccountStatus" in call.operation for call in list(sandbox.log))


def test_two_runs_that_begin_together(here: Repo, there: Repo) -> None:
    with live() as organization:
        sandbox = organization.sandbox
        assert sandbox is not None
        gate = Gate()
        sandbox.faults.add(Rule("organizations", "ListRoots", held(gate)))
        with (
            running(here, "apply", **organization.environ) as one,
            running(there, "apply", **organization.environ) as two,
        ):
            until(lambda: gate.arrived == 2, "both read")
            gate.open()
            for run in (one, two):
                run.wait()
        said = one.out + one.err + two.out + two.err
        assert "Traceback" not in said
        # Which run comes first is settled for each account: the other one waits for what it does.
        assert (one.code, two.code) == (0, 0), said
        for repo in (here, there):
            repo.environ.update(organization.environ)
        again = there.aft("apply", sandbox=False)
        assert again.code == 0, again.out + again.err
        rows = there.aft("status", "--json", sandbox=False).data["accounts"]
        assert [row["state"] for row in rows] == ["active", "active"]
        for request in ("shop", "lab"):
            events = there.aft("history", request, "--json", sandbox=False).data
            kinds = Counter(event["kind"] for event in events)
            assert (kinds["intent"], kinds["bound"]) == (1, 1), events
        assert here.aft("plan", "--detailed-exitcode", sandbox=False).code == 0
        assert_two_accounts(organization, Repo(here.root.parents[1] / "origin.git"))


def test_a_run_that_comes_while_another_waits_for_aws(here: Repo, there: Repo) -> None:
    """The second one finds the first one's intents and waits for the same creations."""
    with live() as organization:
        sandbox = organization.sandbox
        assert sandbox is not None
        sandbox.configure(creation_seconds=(3600.0, 3600.0))
        with running(here, "apply", **organization.environ) as one:
            one.until(lambda: len(organization.creations()) == 2, "both creations are begun")
            one.signal(signal.SIGSTOP)
            before = looks(sandbox)
            with running(there, "apply", **organization.environ) as two:
                # The first one may have had a look on its way.
                two.until(lambda: looks(sandbox) >= before + 2, "it waits as well")
                one.signal(signal.SIGCONT)
                sandbox.clock.advance(3600)
                codes = (one.wait(), two.wait())
        assert codes == (0, 0), one.out + one.err + two.out + two.err
        there.environ.update(organization.environ)
        assert there.aft("plan", "--detailed-exitcode", sandbox=False).code == 0
        assert_two_accounts(organization, Repo(here.root.parents[1] / "origin.git"))


def test_both_ask_for_more_at_the_same_time(here: Repo, there: Repo) -> None:
    """Different branches of work: each clone is at another commit."""
    there.request("there", ou="Workloads")
    there.commit("Ask for one more there")
    with live() as organization:
        with (
            running(here, "apply", **organization.environ) as one,
            running(there, "apply", "--only", "there", **organization.environ) as two,
        ):
            codes = (one.wait(), two.wait())
        assert codes == (0, 0), one.out + one.err + two.out + two.err
        assert set(organization.accounts()) == {"lab", "shop", "there"}
        assert {state for _, state in organization.creations()} == {"SUCCEEDED"}
        origin = Repo(here.root.parents[1] / "origin.git")
        assert_ledger_is_sound(origin, "aft/ledger")
        story = origin.git("log", "--format=%s", "aft/ledger")
        assert "Intend to create account there for there" in story
        assert "Intend to create account lab for lab" in story
