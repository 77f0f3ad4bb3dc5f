"""What changed in a step that is code: its files, line by line, and the inputs it reads."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from difflib import unified_diff
from typing import Any

from aft.customizations.model import CustomizationStep, StepInputs
from aft.customizations.step_inputs_json import encode_inputs
from aft.values.packed import packed, unpacked
from aft.values.parts import Comparison, PartChange, PartOutcome, PropertyChange

_NOT_KEPT = "what last ran is not in the ledger, so nothing can be compared"


class ComparesCode:
    """What runners of code have in common: their files and inputs are kept and compared."""

    def kept(self, step: CustomizationStep, inputs: StepInputs) -> str:
        return kept_code(step, inputs)

    def compare(
        self,
        step: CustomizationStep,
        inputs: StepInputs,
        before: str | None,
        *,
        waits: bool,  # noqa: ARG002 - protocol
    ) -> Comparison:
        return compare_code(step, inputs, before)


def kept_code(step: CustomizationStep, inputs: StepInputs) -> str:
    """The files and inputs of the step, packed; empty where that is too much to keep."""
    return packed(json.dumps(_parts(step, inputs), sort_keys=True, ensure_ascii=False)) or ""


def compare_code(step: CustomizationStep, inputs: StepInputs, before: str | None) -> Comparison:
    """What differs from what ``kept_code`` kept: ``None`` for a step that never ran."""
    old: dict[str, Any] = {"files": {}, "inputs": {}}
    if before is not None:
        try:
            old = json.loads(unpacked(before))
            files, given = dict(old["files"]), dict(old["inputs"])
        except (ValueError, KeyError, TypeError):
            return Comparison(unknown=(_NOT_KEPT,))
        old = {"files": files, "inputs": given}
    new = _parts(step, inputs)
    changed = tuple(
        PropertyChange(path=path, before=was, after=will)
        for path, was, will in _differing(old["inputs"], new["inputs"])
    )
    outcome = PartOutcome.ADDED if before is None else PartOutcome.CHANGED
    part = PartChange(id="what it reads", noun="", outcome=outcome, properties=changed)
    return Comparison(
        parts=(part,) if changed and before is not None else (),
        diff=tuple(_diff(old["files"], new["files"])),
    )


def _parts(step: CustomizationStep, inputs: StepInputs) -> dict[str, dict[str, Any]]:
    encoded = encode_inputs(inputs)
    flat = {**encoded["account"], **{key: encoded[key] for key in encoded if key != "account"}}
    return {
        "files": {
            file.path.removeprefix(f"{step.folder}/"): _text(file.content) for file in step.files
        },
        "inputs": dict(_leaves({name: flat[name] for name in sorted(step.uses & flat.keys())})),
    }


def _text(content: bytes) -> str:
    """The file, or its digest where it is no text: replaced bytes would hide a change."""
    try:
        return content.decode()
    except UnicodeDecodeError:
        return f"not text, sha256:{hashlib.sha256(content).hexdigest()}"


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key in sorted(value):
            yield from _leaves(value[key], f"{path}.{key}" if path else str(key))
    else:
        yield path, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _differing(
    old: Mapping[str, str], new: Mapping[str, str]
) -> Iterator[tuple[str, str | None, str | None]]:
    for path in sorted(old.keys() | new.keys()):
        if old.get(path) != new.get(path):
            yield path, old.get(path), new.get(path)


def _diff(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[str]:
    for path in sorted(old.keys() | new.keys()):
        if old.get(path) == new.get(path):
            continue
        was = path if path in old else "nothing"
        will = path if path in new else "nothing"
        before, after = (text.get(path, "").splitlines() for text in (old, new))
        lines = tuple(unified_diff(before, after, was, will, lineterm=""))
        yield from lines or (f"--- {was}", f"+++ {will}", " (no line differs, but line ends do)")
