"""Signals and the deadline end a run between two steps; the next run goes on from there.

``aft`` is a process of its own here, the organization is served from the test's, in real time.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from builders_live import Live, live, run, running
from builders_repo import CONFIG, Repo

from aft.sandbox import Rule, Sandbox, latency


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo.create(tmp_path / "repo")
    repo.write("aft.yaml", CONFIG)
    repo.write(
        "customizations/organization/organization.yaml",
        "organizational_units:\n  - name: Sandbox\n",
    )
    repo.request("shop", "tags: {team: shop}\n", ou="Sandbox")
    repo.commit("Ask for one")
    return repo


@pytest.fixture
def organization(repo: Repo) -> Iterator[Live]:
    with live() as served:
        repo.environ.update(served.environ)
        yield served


def sandbox_of(organization: Live) -> Sandbox:
    assert organization.sandbox is not None
    return organization.sandbox


def steps(sandbox: Sandbox, operation: str) -> int:
    return sum(call.operation == operation for call in list(sandbox.log))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda item: item.name)
def test_a_signal_while_aws_creates_an_account(
    repo: Repo, organization: Live, number: signal.Signals
) -> None:
    sandbox = sandbox_of(organization)
    sandbox.configure(creation_seconds=(3600.0, 3600.0))
    with running(repo, "apply") as apply:
        apply.until(lambda: steps(sandbox, "ListCreateAccountStatus"), "a look at the creation")
        sent = time.monotonic()
        apply.signal(number)
        assert apply.wait() == 4
        assert time.monotonic() - sent < 10
    assert f"Stopped: {number.name} received. The next run continues." in apply.out
    assert "stopped shop create-account" in apply.out
    assert apply.err == "\nstopping after the steps at hand; a second signal ends at once\n"
    rows = repo.aft("status", "--json", sandbox=False).data["accounts"]
    assert [row["state"] for row in rows] == ["creating"]

    sandbox.clock.advance(3600)
    again = run(repo, "apply")
    assert again.code == 0, again.out + again.err
    assert organization.creations() == [("shop", "SUCCEEDED")]
    done = run(repo, "plan", "--detailed-exitcode")
    assert done.code == 0, done.out


def test_a_step_that_has_begun_is_finished_first(repo: Repo, organization: Live) -> None:
    sandbox = sandbox_of(organization)
    repo.write(
        "customizations/global/10-slow.py",
        "import time\ndef customize(context):\n"
        "    context.client('ssm').put_parameter(Name='/begun', Value='1', Type='String')\n"
        "    time.sleep(2)\n"
        "    return {'Slept': 'well'}\n",
    )
    repo.write("customizations/global/20-next.py", "def customize(context):\n    return {}\n")
    repo.commit("Take your time")
    with running(repo, "apply") as apply:
        apply.until(lambda: steps(sandbox, "PutParameter"), "the step began")
        apply.signal(signal.SIGTERM)
        assert apply.wait() == 4
    assert "run global/10-slow.py" in apply.out
    assert "stopped shop run-customization global/20-next.py" in apply.out
    assert "0 of 1 account done, 1 stopped" in apply.out
    changes = repo.aft("plan", "--format", "json", sandbox=False).data["changes"]
    assert [change["subject"] for change in changes] == ["global/20-next.py"]
    again = run(repo, "apply")
    assert again.code == 0, again.out + again.err
    assert steps(sandbox, "PutParameter") == 1


def test_a_second_signal_ends_it_there_and_then(repo: Repo, organization: Live) -> None:
    sandbox = sandbox_of(organization)
    sandbox.faults.add(Rule("organizations", "MoveAccount", latency(20), times=1))
    with running(repo, "apply") as apply:
        apply.until_says("create ou Sandbox")
        apply.until(lambda: steps(sandbox, "DescribeRegions"), "the account is there")
        time.sleep(0.5)
        apply.signal(signal.SIGTERM)
        time.sleep(0.5)
        assert apply.process.poll() is None, "it waits for the call"
        sent = time.monotonic()
        apply.signal(signal.SIGTERM)
        assert apply.wait() == 128 + signal.SIGTERM
        assert time.monotonic() - sent < 5
    again = run(repo, "apply")
    assert again.code == 0, again.out + again.err
    assert organization.creations() == [("shop", "SUCCEEDED")]


def test_a_signal_while_reading_is_the_end_and_nothing_was_done(
    repo: Repo, organization: Live
) -> None:
    sandbox = sandbox_of(organization)
    sandbox.faults.add(Rule("organizations", "ListRoots", latency(4)))
    with running(repo, "apply") as apply:
        apply.until(lambda: steps(sandbox, "DescribeOrganization"), "it reads")
        # Python drops an interrupt that comes while an object is finalised; people press again.
        while apply.process.poll() is None:
            apply.signal(signal.SIGINT)
            time.sleep(0.3)
        assert apply.wait() == 130
    assert "Traceback" not in apply.err
    assert apply.err.strip() == "stopped"
    assert organization.creations() == []


def test_the_deadline(tmp_path: Path, repo: Repo) -> None:
    """On the sandbox's own clock, where an hour goes by at once."""
    with repo.sandbox() as sandbox:
        sandbox.configure(creation_seconds=(1500.0, 1500.0))
    result = repo.aft("apply", "--yes", "--deadline", "60")
    assert result.code == 4
    assert "Stopped: the deadline of 60 s has passed. The next run continues." in result.out
    assert "stopped shop create-account" in result.out
    as_json = repo.aft("apply", "--yes", "--deadline", "5", "--json")
    assert as_json.code == 4
    assert as_json.data["counts"]["stopped"] == 1
    assert as_json.data["stop_reason"] == "the deadline of 5 s has passed"
    repo.apply()
    assert list(repo.accounts()) == ["shop"]
    assert repo.changes() == []
