"""What a run knows: the ledger as it began, and its own events on top."""

from __future__ import annotations

from builders_plan import desired, request
from builders_reconcile import WHEN, stage

from aft.engine.journal import Journal
from aft.engine.model import RunInfo
from aft.ledger.events import AccountRecord, DoneStep, LedgerState
from aft.ledger.payloads import Bound, StepDone, StepRemoved
from aft.values.refs import Ref


def journal(**records: AccountRecord) -> Journal:
    state = desired(request("app"))
    run = RunInfo(id="r2", actor="a", revision=state.revision, plan_digest="", command="apply")
    book = {record.subject: record for record in records.values()}
    return Journal(stage().tools, run, state, LedgerState(records=book))


def made(name: str) -> DoneStep:
    return DoneStep(digest="", at=WHEN, run="r1", outputs={"id": name})


def test_what_is_written_is_known_at_once() -> None:
    book = journal()
    book.write(Bound(how="adopted", tag_keys=("team",)), "app", "Bind", account_id="1" * 12)
    assert (book.record("app").account_id, book.record("app").tag_keys) == ("1" * 12, ("team",))
    secret = {"password": "hunter2"}
    done = StepDone(kind="customization", action="run", key="global/1.py", outputs=secret)
    book.write(done, "app", "Run")
    assert book.record("app").steps["customization/global/1.py"].outputs == secret
    assert set(book.records()) == {"app"}


def test_ids_made_by_an_earlier_run_are_known_within_an_account_and_of_no_account() -> None:
    book = journal(
        app=AccountRecord(subject="app", steps={"probe/p": made("p-1")}),
        policy=AccountRecord(subject="policy/deny", steps={"policy/deny": made("p-2")}),
    )
    assert book.output_of(Ref("probe", "app/p"), "id") == "p-1"
    assert book.output_of(Ref("policy", "deny"), "id") == "p-2"
    assert book.output_of(Ref("policy", "other"), "id") is None
    gone = StepRemoved(kind="policy", action="delete", key="deny")
    book.write(gone, "policy/deny", "Delete")
    assert book.output_of(Ref("policy", "deny"), "id") is None
