"""The last pushed commit of the ledger, kept in the management account."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import pytest

from aft.aws.adapters import AwsEdge, connect
from aft.aws.ledger_head import HEAD_PARAMETER
from aft.config.model import Config
from aft.errors import UserError
from aft.sandbox.faults import Rule, error
from aft.sandbox.sandbox import Sandbox

FIRST, SECOND = "a" * 40, "b" * 64


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox.open(None) as opened:
        yield opened


@pytest.fixture
def edge(sandbox: Sandbox) -> AwsEdge:
    config = Config(home_region="eu-central-1")
    return connect(config, clock=sandbox.clock, botocore_session=sandbox.botocore_session())


def test_what_was_noted_last_is_found(edge: AwsEdge) -> None:
    head = edge.ledger_head
    assert head.last() == ""
    for commit in (FIRST, SECOND):
        head.note(commit)
        assert head.last() == commit


@pytest.fixture
def said() -> Iterator[io.StringIO]:
    """What users read on standard error."""
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    logging.getLogger("aft").addHandler(handler)
    yield text
    logging.getLogger("aft").removeHandler(handler)


def test_who_may_not_read_it_goes_on_and_says_so(
    sandbox: Sandbox, edge: AwsEdge, said: io.StringIO
) -> None:
    edge.ledger_head.note(FIRST)
    sandbox.faults.add(Rule("ssm", "GetParameter", error("AccessDeniedException")))
    assert edge.ledger_head.last() == ""
    assert "it is not known whether the ledger was rewritten" in said.getvalue()
    assert "GetParameter" in said.getvalue()


def test_what_is_no_commit_is_an_error(edge: AwsEdge) -> None:
    ssm = edge.management.client("ssm")
    ssm.put_parameter(Name=HEAD_PARAMETER, Value="--upload-pack=evil", Type="String")
    with pytest.raises(UserError, match="does not hold the id of a commit"):
        edge.ledger_head.last()


def test_a_note_is_no_write_of_the_step_that_pushes(edge: AwsEdge) -> None:
    with edge.calls.recording() as made:
        edge.ledger_head.note(FIRST)
    assert made == []
