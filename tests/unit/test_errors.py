"""What is said of exceptions that nobody expected: where, and never in their own words."""

from __future__ import annotations

import errno
from collections.abc import Callable

import pytest

from aft.errors import AftError, Terminal, system_words, trace, unexpected

CANARY = "SecretAccessKey"


def fail() -> None:
    raise ValueError(CANARY) from OSError(CANARY)


def fail_as_ours() -> None:
    try:
        fail()
    except ValueError as error:
        raise Terminal("the stack is broken") from error


def caught(call: Callable[[], None]) -> Exception:
    with pytest.raises((AftError, ValueError)) as found:
        call()
    return found.value


def test_class_and_place_are_said() -> None:
    said = unexpected(caught(fail))
    assert said.startswith("unexpected ValueError at tests/unit/test_errors.py:")
    assert CANARY not in said
    assert unexpected(ValueError(CANARY)) == "unexpected ValueError at an unknown place"


def test_a_trace_has_every_link_and_the_words_of_our_own_alone() -> None:
    said = trace(caught(fail_as_ours))
    assert said.index("OSError") < said.index("ValueError\n") < said.index("Terminal: the stack is")
    assert 'test_errors.py", line' in said
    assert f"{CANARY}\n" not in said
    everything = trace(caught(fail), speaks=lambda _: True)
    assert f"ValueError: {CANARY}" in everything


def test_the_system_s_words_and_the_file() -> None:
    missing = FileNotFoundError(errno.ENOENT, "No such file or directory", "plan.json")
    assert system_words(missing) == "No such file or directory (plan.json)"
    assert system_words(OSError(CANARY)) == "OSError"
    assert system_words(UnicodeDecodeError("utf-8", b"\xff", 0, 1, CANARY)) == "it is not UTF-8"
