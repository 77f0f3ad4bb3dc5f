"""Previews that were made by another job."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from aft.errors import UserError
from aft.plan.model import Action, Change
from aft.plan.preview_file import PreviewFile, previews_from_json, previews_to_json
from aft.values.parts import PartChange, PartOutcome, Preview, PropertyChange

PART = PartChange(
    id="aws_iam_role.x",
    noun="aws_iam_role",
    outcome=PartOutcome.ADDED,
    properties=(PropertyChange(path="name", before=None, after="x"),),
)
CHANGE = Change(
    id="account/shop/run-customization/web/terraform",
    kind="customization",
    action=Action.RUN,
    key="web/terraform",
    target="shop",
    account_id="123456789012",
    inputs_digest="sha256:1",
    preview=Preview.of((PART,), (PART.id,), binding="sha256:1"),
)


def written(*changes: Change, failed: tuple[str, ...] = ()) -> str:
    plan: Any = SimpleNamespace(changes=changes)
    return previews_to_json(plan, failed)


def test_what_is_written_is_read_again() -> None:
    file = previews_from_json(written(CHANGE, replace(CHANGE, id="b", preview=None)))
    (only,) = file.previews
    assert file.of(CHANGE) == only
    again = Preview.of(only.parts, only.asks, binding=CHANGE.inputs_digest)
    assert again == CHANGE.preview
    assert file.of(replace(CHANGE, inputs_digest="sha256:2")) is None, "other code or inputs"
    assert file.of(replace(CHANGE, id="other")) is None


def test_a_failure_is_written_too() -> None:
    change = replace(CHANGE, preview=None, details=("cannot be planned: no",))
    (only,) = previews_from_json(written(change, failed=(change.id,))).previews
    assert (only.failure, only.parts) == ("cannot be planned: no", ())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"format": 1}',
        '{"format": 2, "previews": []}',
        '{"format": 1, "previews": [{"change": 1}]}',
        '{"format": 1, "previews": [], "digest": "x"}',
        '{"format": 1, "previews": [], "previews": []}',
    ],
)
def test_nothing_else_is_read(text: str) -> None:
    with pytest.raises(UserError, match="these are not previews that aft wrote"):
        previews_from_json(text)


def test_an_unknown_outcome_is_refused() -> None:
    values = json.loads(written(CHANGE))
    values["previews"][0]["parts"][0]["outcome"] = "sold"
    with pytest.raises(UserError):
        previews_from_json(json.dumps(values))
    assert previews_from_json('{"format": 1, "previews": []}') == PreviewFile(previews=())
