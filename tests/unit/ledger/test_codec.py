from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from builders_git import bound, event, step
from hypothesis import given
from hypothesis import strategies as st

from aft.ledger.codec import decode_event, decode_record, encode_event, encode_record
from aft.ledger.events import (
    AccountRecord,
    DoneStep,
    EventKind,
    FailedStep,
    LedgerEvent,
    OpenIntent,
)
from aft.ledger.masking import MASK, is_secret
from aft.ledger.replay import rebound, replay

ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(
    datetime(1980, 1, 1),  # noqa: DTZ001 - hypothesis wants bounds without a zone
    datetime(2100, 1, 1),  # noqa: DTZ001 - as above
    timezones=st.just(UTC) | ZONES,
)
WORDS = st.text(max_size=12)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=8,
)
EVENTS = st.builds(
    LedgerEvent,
    kind=st.sampled_from(EventKind),
    subject=WORDS,
    at=MOMENTS,
    run=WORDS,
    actor=WORDS,
    account_id=st.none() | st.just("000011112222"),
    change=WORDS,
    revision=WORDS,
    request_commit=WORDS,
    plan_digest=WORDS,
    aws_request_ids=st.lists(WORDS, max_size=3).map(tuple),
    summary=WORDS,
    data=st.dictionaries(st.sampled_from(["name", "digest", "reason", "other"]), JSON),
)
PLAIN_OUTPUTS = st.dictionaries(st.sampled_from(["VpcId", "Url", "Größe"]), WORDS)
STEPS = st.builds(DoneStep, digest=WORDS, at=MOMENTS, run=WORDS, outputs=PLAIN_OUTPUTS)
FAILURES = st.builds(
    FailedStep, at=MOMENTS, run=WORDS, reason=WORDS, hint=WORDS, attempts=st.integers(1, 99)
)
INTENTS = st.builds(
    OpenIntent,
    at=MOMENTS,
    run=WORDS,
    name=WORDS,
    email=WORDS,
    creation_id=st.none() | st.text(min_size=1, max_size=8),
)
RECORDS = st.builds(
    AccountRecord,
    subject=WORDS,
    account_id=st.none() | st.just("000011112222"),
    intent=st.none() | INTENTS,
    tag_keys=st.lists(WORDS, max_size=3).map(tuple),
    steps=st.dictionaries(WORDS, STEPS, max_size=3),
    failures=st.dictionaries(WORDS, FAILURES, max_size=3),
    allocations=st.dictionaries(WORDS, WORDS, max_size=3),
    last_run=WORDS,
    last_at=MOMENTS,
)


@given(EVENTS)
def test_events_come_back_as_they_went(given_event: LedgerEvent) -> None:
    line = encode_event(given_event)
    assert b"\n" not in line
    assert decode_event(line) == given_event
    assert encode_event(given_event) == line


@given(RECORDS)
def test_records_come_back_as_they_went(record: AccountRecord) -> None:
    text = encode_record(record.subject, record)
    assert decode_record(text) == record
    assert text.count(b"\n") == 1


def test_an_undecodable_file_name_survives() -> None:
    odd = event(data={"name": "file-\udcff.yaml"})
    assert decode_event(encode_event(odd)) == odd


def test_unknown_keys_of_a_newer_version_are_passed_over() -> None:
    line = json.loads(encode_event(step("network")))
    newer = {**line, "v": 9, "weather": {"sunny": True}}
    assert decode_event(json.dumps(newer).encode()) == step("network")
    record = replay([bound(), step("network")])
    text = json.loads(encode_record("payments-prod", record))
    newer_record = {**text, "version": 9, "weather": 1}
    assert decode_record(json.dumps(newer_record).encode()) == record


def test_a_kind_only_a_newer_version_knows_is_no_event() -> None:
    line = json.loads(encode_event(step("network")))
    assert decode_event(json.dumps({**line, "kind": "teleported"}).encode()) is None


def test_a_record_of_an_older_version_is_refused() -> None:
    text = json.loads(encode_record("a", AccountRecord(subject="a")))
    with pytest.raises(ValueError, match="older"):
        decode_record(json.dumps({**text, "version": 0}).encode())


def test_a_forgotten_subject_is_a_record_that_says_so() -> None:
    assert decode_record(encode_record("a", None)) is None


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"nonsense",
        b"[]",
        b"\xff\xfe",
        b'{"version":1}',
        b'{"version":1,"subject":"a","steps":[]}',
        b'{"version":1,"subject":"a","steps":{"x":1}}',
        b'{"version":1,"subject":"a","intent":3}',
        b'{"version":1,"subject":"a","last_at":"2026-01-01T00:00:00"}',
        b'{"version":1,"subject":"a","steps":{"x":{"at":5}}}',
        b"[" * 100_000,
    ],
)
def test_damaged_records_are_value_errors(text: bytes) -> None:
    with pytest.raises(ValueError, match=r".*"):
        decode_record(text)


def test_a_time_without_a_zone_is_refused() -> None:
    naive = LedgerEvent(
        kind=EventKind.STEP_DONE,
        subject="a",
        at=datetime(2026, 1, 1),  # noqa: DTZ001 - the mistake
        run="r",
        actor="a",
    )
    with pytest.raises(ValueError, match="zone"):
        encode_event(naive)


def _written(**outputs: Any) -> Any:
    return json.loads(encode_event(step("db", outputs=outputs)))["data"]["outputs"]


def test_secrets_never_reach_the_ledger() -> None:
    outputs = _written(DbPassword="hunter2", VpcId="vpc-1", SecretArn="arn:aws:x", Port=5432)
    assert outputs == {
        "DbPassword": MASK,
        "VpcId": "vpc-1",
        "SecretArn": "arn:aws:x",
        "Port": "5432",
    }


def test_the_record_and_a_rebound_record_are_masked_too() -> None:
    record = replay([bound(), step("db", outputs={"ApiKey": "hunter2"})])
    assert record is not None
    assert record.steps["setting/db"].outputs == {"ApiKey": "hunter2"}  # this run may still use it
    assert b"hunter2" not in encode_record("payments-prod", record)
    moved = event("new", EventKind.BOUND, data=rebound(record).data)
    raw = event("new", EventKind.BOUND, data={"steps": {"db": {"outputs": {"token": "hunter2"}}}})
    assert b"hunter2" not in encode_event(moved) + encode_event(raw)


@pytest.mark.parametrize(
    "key",
    [
        "password",
        "DB_PASSWORD",
        "MasterUserPassword",
        "AdminPassword1",
        "secret",
        "ClientSecret",
        "clientsecret",
        "SecretAccessKey",
        "AWS_SECRET_ACCESS_KEY",
        "SessionToken",
        "api_key",
        "ApiKey",
        "privateKey",
        "PrivateKeyPem",
        "ssh-key",
        "credentials",
    ],
)
def test_keys_that_name_a_secret(key: str) -> None:
    assert is_secret(key, "x")


@pytest.mark.parametrize(
    "key",
    [
        "VpcId",
        "SecretArn",
        "SecretName",
        "TokenUrl",
        "AccessKeyId",
        "KmsKeyArn",
        "KeyName",
        "PublicKey",
        "TopicArn",
        "PasswordPolicy",
        "tokenization",
        "",
    ],
)
def test_keys_that_only_point_at_one(key: str) -> None:
    assert not is_secret(key, "x")


def test_a_private_key_is_a_secret_under_any_name() -> None:
    assert is_secret("VpcId", "-----BEGIN RSA PRIVATE KEY-----\nabc")


def test_an_older_aft_takes_nothing_of_a_record_for_its_own_steps() -> None:
    """It would miss their names in the files, and destroy what they made."""
    at = datetime(2026, 3, 1, tzinfo=UTC)
    step = DoneStep(digest="d", at=at, run="r", about={"on_removal": "destroy"})
    record = AccountRecord(
        subject="shop",
        account_id="111122223333",
        steps={"customization/web/10.cfn.yaml": step},
        failures={"setting/x": FailedStep(at=at, run="r", reason="no")},
    )
    written = json.loads(encode_record("shop", record))
    assert not {"steps", "failures"} & written.keys()
    assert decode_record(json.dumps(written).encode()) == record
    assert "steps" not in rebound(record).data
