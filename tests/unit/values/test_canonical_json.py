"""JSON that people and tools read holds no command to the runner, and the same values."""

from __future__ import annotations

import json

import pytest

from aft.values.canonical_json import canonical_json, digest, indented_json
from aft.values.packed import packed, unpacked


@pytest.mark.parametrize("text", ["##[error]x", "###[add-mask]", "\\##[x]", '"##[', "# #[", "##"])
def test_it_holds_no_command_and_says_the_same(text: str) -> None:
    written = indented_json({text: [text]})
    assert "##[" not in written
    assert json.loads(written) == {text: [text]}


@pytest.mark.parametrize("half", ["\ud800", "a\udfff\u00e4", "\udce4.yaml"])
def test_half_a_character_is_written_and_read_back(half: str) -> None:
    value = {half: [half, "\u00e4"]}
    for written in (canonical_json(value), indented_json(value)):
        assert json.loads(written.encode()) == value
    assert digest(value) != digest({half: [half, "a"]})
    assert unpacked(packed(half) or "") == half
