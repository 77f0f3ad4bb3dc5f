"""Reads AWS's answers with botocore, and lets nothing of one that cannot be read get out.

An AssumeRole answer holds credentials, and botocore's error about an answer that was cut quotes the
whole of it; a JSON answer that was cut it takes for an empty one, and a value of another type than
AWS's model says it takes over. All of these become our own refusal with the code ``UNREADABLE``,
which botocore sends again unless that could do something twice. What is missing from an answer that
can be read is an error with a name, too.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import botocore.session
from botocore.parsers import ResponseParserFactory

from aft.aws.error_codes import NON_IDEMPOTENT, RACES, READS, UNREADABLE
from aft.errors import AftError, Transient, UnknownOutcome
from aft.values.ids import AccountId

_SENT_AGAIN, _SENT_ONCE = 500, 599
"""Statuses that we make: botocore repeats a call after the first one alone."""
_OUTSIDE_THE_BODY = ("header", "headers", "statusCode")
_PAGES = (b"<html", b"<!doctype html")
_TYPES: Mapping[str, Any] = {
    "structure": dict,
    "list": list,
    "map": dict,
    "string": str,
    "character": str,
    "integer": (int, float),
    "long": (int, float),
    "boolean": bool,
}
"""What botocore makes of the types of AWS's models; of the rest it may make several."""
_JSON_TEXTS = frozenset({"GetBucketPolicy"})
"""Operations that answer with a JSON text where the others of their service answer with XML."""


def read_safely(session: botocore.session.Session) -> None:
    """Clients made from ``session`` from now on, also those that fetch its credentials, read their
    answers as this module does."""
    session.register_component("response_parser_factory", _Readers())
    events = session.get_component("event_emitter")
    events.register("needs-retry", _take_over_status, unique_id="aft-unreadable")


def repeat_unreadable(client: Any) -> None:
    """Let ``client``, which must be new, send again what it got no readable answer to."""
    service = client.meta.service_model.service_id.hyphenize()
    # Before botocore's own handler, which is registered for the service and so is asked first.
    client.meta.events.register_first(f"needs-retry.{service}", _take_over_status)


def without_answer(action: str, why: str, *, repeatable: bool) -> AftError:
    """The answer to ``action`` says nothing: a read is tried again, a write is in doubt."""
    if repeatable:
        return Transient(f"{action} failed: {why}", hint="the next run tries again")
    return UnknownOutcome(
        f"{action} failed: {why}, so it may or may not have happened",
        hint="run again: aft looks before it repeats",
    )


def account_id_in(text: str) -> AccountId:
    """An account id of an answer. Raises ``Transient`` for what is none."""
    try:
        return AccountId.parse(text)
    except ValueError:
        why = "an answer of AWS has no account id where one belongs"
        raise Transient(why, hint="the next run tries again") from None


class Answer(dict[str, Any]):
    """Part of an answer; to take a member that is not there raises ``aft.errors``."""

    def __init__(self, members: Mapping[str, Any], operation: str) -> None:
        super().__init__((key, _named(value, operation)) for key, value in members.items())
        self._operation = operation

    def __missing__(self, key: str) -> Any:
        raise missing_from(self._operation, key)


class Answers(list[Any]):
    """A list of an answer; to take an item that is not there raises ``aft.errors``."""

    def __init__(self, items: Iterable[Any], operation: str) -> None:
        super().__init__(_named(item, operation) for item in items)
        self._operation = operation

    def __getitem__(self, index: Any) -> Any:
        try:
            return super().__getitem__(index)
        except IndexError:
            if index < 0:  # botocore looks at the last item for the next page
                raise
            raise missing_from(self._operation, f"item {index}") from None


def missing_from(operation: str, what: str) -> AftError:
    """The answer to ``operation`` lacks ``what``."""
    repeatable = NON_IDEMPOTENT.match(operation) is None
    return without_answer(operation, f"its answer has no {what}", repeatable=repeatable)


def _named(value: Any, operation: str) -> Any:
    match value:
        case dict():
            return Answer(value, operation)
        case list():
            return Answers(value, operation)
    return value


class _Readers(ResponseParserFactory):
    def create_parser(self, protocol_name: str) -> Any:
        return _Reader(super().create_parser(protocol_name), is_json="json" in protocol_name)


class _Reader:
    """Wraps one of botocore's parsers; ``response`` and ``shape`` are as there."""

    def __init__(self, parser: Any, *, is_json: bool) -> None:
        self._parser = parser
        self._is_json = is_json

    def parse(self, response: Mapping[str, Any], shape: Any) -> Mapping[str, Any]:
        operation = str(response.get("context", {}).get("operation_name", ""))
        is_good = response["status_code"] < 300
        try:
            document = None
            if self._is_json and _has_document(response, shape):
                document = _json_object(response["body"])
            parsed = self._parser.parse(response, shape)
            if is_good and shape is not None:
                _check_page(response["body"])
                if document is not None:  # botocore takes a text for a list of its letters
                    _check_types(document, _shape_of_body(shape), as_sent=True)
                else:
                    _check_types(parsed, shape)
                if operation in _JSON_TEXTS:
                    _json_object(response["body"])
        except Exception:  # noqa: BLE001 - any error: its text may hold the answer
            return _refusal(response, operation)
        if response["status_code"] == 400 and _names_no_code(parsed, shape):
            return _refusal(response, operation)
        if not is_good:
            return dict(parsed)
        if READS.match(operation) and _is_empty(response, shape):
            return _refusal(response, operation)
        return Answer(parsed, operation)


def _take_over_status(
    response: tuple[Any, Mapping[str, Any]] | None, operation: Any = None, **_: Any
) -> None:
    """Let botocore judge an answer by what was made of it, and ask again where a read met a
    write."""
    if response is None:
        return
    sent, parsed = response
    code = parsed.get("Error", {}).get("Code")
    if code == UNREADABLE:
        sent.status_code = parsed["ResponseMetadata"]["HTTPStatusCode"]
    elif code in RACES and operation is not None and READS.match(operation.name):
        sent.status_code = _SENT_AGAIN


def _has_document(response: Mapping[str, Any], shape: Any) -> bool:
    """Whether the body, if there is one, is to be a JSON object."""
    if not isinstance(response["body"], bytes) or not response["body"]:
        return False
    if response["status_code"] >= 300:
        return True
    return shape is not None and _shape_of_body(shape).type_name not in ("blob", "string")


def _shape_of_body(shape: Any) -> Any:
    """Of the whole body: the answer's own, or that of its one member that is the body."""
    return shape.members.get(shape.serialization.get("payload"), shape)


def _json_object(body: bytes) -> Mapping[str, Any]:
    document = json.loads(body)
    if not isinstance(document, dict):
        raise TypeError
    return document


def _check_page(body: Any) -> None:
    """A proxy's page may pass for an empty document of XML."""
    if isinstance(body, bytes) and body[:200].lstrip().lower().startswith(_PAGES):
        raise TypeError


def _check_types(value: Any, shape: Any, *, as_sent: bool = False) -> None:
    """Raises ``TypeError`` for what is not of the type that the model says. ``as_sent``: JSON that
    botocore has not looked at yet, whose members have other names and may be null."""
    if getattr(shape, "is_document_type", False) or shape.serialization.get("jsonvalue"):
        return  # any JSON there is
    kind = _TYPES.get(shape.type_name, object)
    is_truth = isinstance(value, bool) and shape.type_name in ("integer", "long")
    if is_truth or not isinstance(value, kind):
        raise TypeError
    match shape.type_name:
        case "structure":
            for name, member in shape.members.items():
                key = member.serialization.get("name", name) if as_sent else name
                if value.get(key) is not None and not member.serialization.get("location"):
                    _check_types(value[key], member, as_sent=as_sent)
        case "list":
            for item in value:
                _check_types(item, shape.member, as_sent=as_sent)
        case "map":
            for item in value.values():
                if item is not None:
                    _check_types(item, shape.value, as_sent=as_sent)


def _names_no_code(parsed: Mapping[str, Any], shape: Any) -> bool:
    """A refusal for no reason; an error's own shape has it elsewhere."""
    is_error = shape is not None and shape.metadata.get("exception", False)
    return not is_error and parsed.get("Error", {}).get("Code") in (None, "", "400")


def _is_empty(response: Mapping[str, Any], shape: Any) -> bool:
    """There is no body although the answer's members are to be in it."""
    return response["body"] == b"" and any(
        member.serialization.get("location") not in _OUTSIDE_THE_BODY
        for member in (shape.members.values() if shape is not None else ())
    )


def _refusal(response: Mapping[str, Any], operation: str) -> Mapping[str, Any]:
    """What botocore would have made of a refusal in AWS's own words."""
    headers = {name.lower(): text for name, text in response["headers"].items()}
    status, code = response["status_code"], str(response["status_code"])
    if status < 300 or status == 400:  # other statuses say enough by themselves
        code = UNREADABLE
        status = _SENT_ONCE if NON_IDEMPOTENT.match(operation) else _SENT_AGAIN
    return {
        "Error": {"Code": code, "Message": "its answer could not be read"},
        "ResponseMetadata": {
            "HTTPStatusCode": status,
            "HTTPHeaders": headers,
            "RequestId": headers.get("x-amzn-requestid") or headers.get("x-amz-request-id", ""),
        },
    }
