"""JSON that people and tools read holds no command to the runner, and the same values."""

from __future__ import annotations

import json

import pytest

from aft.values.canonical_json import indented_json


@pytest.mark.parametrize("text", ["##[error]x", "###[add-mask]", "\\##[x]", '"##[', "# #[", "##"])
def test_it_holds_no_command_and_says_the_same(text: str) -> None:
    written = indented_json({text: [text]})
    assert "##[" not in written
    assert json.loads(written) == {text: [text]}
