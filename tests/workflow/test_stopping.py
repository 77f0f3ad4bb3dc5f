"""Signals and the deadline end a run between two steps; the next run goes on from there.

``aft`` is a process of its own where it is stopped, the organization is served from the test's.
What is on its way when a signal arrives is held at a gate, so that nothing depends on how fast the
machine is.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from builders_live import Live, live, running, until
from builders_repo import CONFIG, Repo

from aft.sandbox import Gate, Rule, Sandbox, held

STOPPING = "\nstopping after the steps at hand; a second signal ends at once\n"


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


@pytest.fixture
def sandbox(organization: Live) -> Sandbox:
    assert organization.sandbox is not None
    return organization.sandbox


@pytest.fixture
def gate(sandbox: Sandbox) -> Iterator[Gate]:
    """Opened at the latest when the test ends: the server waits for its calls."""
    gate = Gate()
    yield gate
    gate.open()


def steps(sandbox: Sandbox, operation: str) -> int:
    return sum(call.operation == operation for call in list(sandbox.log))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda item: item.name)
def test_a_signal_while_aws_creates_an_account(
    repo: Repo, organization: Live, sandbox: Sandbox, number: signal.Signals
) -> None:
    sandbox.configure(creation_seconds=(3600.0, 3600.0))  # far longer than anything here waits
    with running(repo, "apply") as apply:
        apply.until(lambda: steps(sandbox, "ListCreateAccountStatus"), "a look at the creation")
        apply.signal(number)
        assert apply.wait() == 4
    assert f"Stopped: {number.name} received. The next run continues." in apply.out
    assert "stopped shop create account" in apply.out
    assert apply.err == STOPPING
    rows = repo.aft("status", "--json", sandbox=False).data["accounts"]
    assert [row["state"] for row in rows] == ["creating"]

    sandbox.clock.advance(3600)
    again = repo.aft("apply", sandbox=False)
    assert again.code == 0, again.out + again.err
    assert organization.creations() == [("shop", "SUCCEEDED")]
    done = repo.aft("plan", "--detailed-exitcode", sandbox=False)
    assert done.code == 0, done.out


def test_a_step_that_has_begun_is_finished_first(repo: Repo, sandbox: Sandbox, gate: Gate) -> None:
    repo.write(
        "customizations/global/10-slow.py",
        "def customize(context):\n"
        "    context.client('sns').create_topic(Name='begun')\n"
        "    return {'Slept': 'well'}\n",
    )
    repo.write("customizations/global/20-next.py", "def customize(context):\n    return {}\n")
    repo.commit("Take your time")
    sandbox.faults.add(Rule("sns", "CreateTopic", held(gate)))
    with running(repo, "apply") as apply:
        apply.until(gate.reached.is_set, "the step began")
        apply.signal(signal.SIGTERM)
        apply.until(lambda: apply.err == STOPPING, "it took notice")
        gate.open()
        assert apply.wait() == 4
    assert "run global/10-slow.py" in apply.out
    assert "stopped shop run global/20-next.py" in apply.out
    assert "0 of 1 account done, 1 stopped" in apply.out
    changes = repo.aft("plan", "--format", "json", sandbox=False).data["changes"]
    assert [change["key"] for change in changes] == ["global/20-next.py"]
    again = repo.aft("apply", sandbox=False)
    assert again.code == 0, again.out + again.err
    assert steps(sandbox, "CreateTopic") == 1


def test_a_second_signal_ends_it_there_and_then(
    repo: Repo, organization: Live, sandbox: Sandbox, gate: Gate
) -> None:
    sandbox.faults.add(Rule("organizations", "MoveAccount", held(gate)))
    with running(repo, "apply") as apply:
        apply.until(gate.reached.is_set, "it moves the account")
        apply.signal(signal.SIGTERM)
        apply.until(lambda: apply.err == STOPPING, "it took notice")
        assert not apply.has_ended, "it waits for the call"
        apply.signal(signal.SIGTERM)
        assert apply.wait() == 128 + signal.SIGTERM
    assert not steps(sandbox, "MoveAccount")
    gate.open()  # AWS does what it was asked for, although nobody waits for the answer
    until(lambda: steps(sandbox, "MoveAccount"), "the account was moved")
    again = repo.aft("apply", sandbox=False)
    assert again.code == 0, again.out + again.err
    assert organization.creations() == [("shop", "SUCCEEDED")]


@pytest.mark.parametrize("in_background", [False, True], ids=["foreground", "background"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda item: item.name)
def test_a_signal_while_reading_is_the_end_and_nothing_was_done(
    repo: Repo,
    organization: Live,
    sandbox: Sandbox,
    gate: Gate,
    number: signal.Signals,
    in_background: bool,
) -> None:
    sandbox.faults.add(Rule("organizations", "ListRoots", held(gate)))
    with running(repo, "apply", in_background=in_background) as apply:
        apply.until(gate.reached.is_set, "it reads")
        apply.signal(number)
        assert apply.wait() == 128 + number
    assert apply.err.strip() == "stopped"
    assert organization.creations() == []


def test_a_second_signal_ends_it_there_and_then_while_reading(
    repo: Repo, sandbox: Sandbox, gate: Gate
) -> None:
    """The first is noticed, but a thread waits for AWS; so people press again. (Two in the same
    moment may be one: the kernel can hand the second to a thread that Python does not ask.)"""
    sandbox.faults.add(Rule("*", "GetResources", held(gate)))
    with running(repo, "apply") as apply:
        apply.until(gate.reached.is_set, "a thread reads")
        until(lambda: apply.signal(signal.SIGINT) or apply.has_ended, "it ended")
        assert apply.wait() == 128 + signal.SIGINT
    assert apply.err.strip() == "stopped"
    assert not steps(sandbox, "GetResources")


def test_the_deadline(tmp_path: Path, repo: Repo) -> None:
    """On the sandbox's own clock, where an hour goes by at once."""
    with repo.sandbox() as sandbox:
        sandbox.configure(creation_seconds=(1500.0, 1500.0))
    result = repo.aft("apply", "--yes", "--deadline", "60")
    assert result.code == 4
    assert "Stopped: the deadline of 60 s has passed. The next run continues." in result.out
    assert "stopped shop create account" in result.out
    as_json = repo.aft("apply", "--yes", "--deadline", "5", "--json")
    assert as_json.code == 4
    assert as_json.data["counts"]["stopped"] == 1
    assert as_json.data["stop_reason"] == "the deadline of 5 s has passed"
    repo.apply()
    assert list(repo.accounts()) == ["shop"]
    assert repo.changes() == []
