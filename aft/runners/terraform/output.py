"""What Terraform says, read: its error lines with places in the repository, outputs."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import NamedTuple

from aft.customizations.model import CustomizationStep
from aft.redaction import redact

ERRORS_SHOWN = 2
_LINES_OF_ERROR = 8
_FRAME = re.compile(r"^[│╷╵ ]*")
_PLACE = re.compile(r"^(?:on|in) ([^\s,]+) line ([0-9]+)")


class TerraformOutputs(NamedTuple):
    """``shown`` may be written down, ``secret`` are values that never may."""

    shown: Mapping[str, str]
    secret: tuple[str, ...]


def error_lines(output: str, step: CustomizationStep) -> tuple[str, str]:
    """The place of the first error ("" when there is none) and the errors, in one line."""
    errors: list[list[str]] = []
    for raw in redact(output).splitlines():
        line = _FRAME.sub("", raw).rstrip()
        if line.startswith("Error:"):
            errors.append([])
        if errors and line and len(errors[-1]) < _LINES_OF_ERROR:
            errors[-1].append(line)
    place = ""
    for line in errors[0] if errors else ():
        if match := _PLACE.match(line):
            place = f"{source_of(match[1], step)}:{match[2]}"
            break
    shown = [" | ".join(lines) for lines in errors[:ERRORS_SHOWN]]
    if len(errors) > ERRORS_SHOWN:
        shown.append(f"and {len(errors) - ERRORS_SHOWN} more")
    return place, "; ".join(shown)


def source_of(file: str, step: CustomizationStep) -> str:
    """The file of the repository behind one that Terraform names."""
    known = {item.path for item in step.support}
    path = f"{step.file.path}/{file}"
    template = f"{path.removesuffix('.tf')}.jinja"
    return template if path not in known and template in known else path


def read_outputs(text: str) -> TerraformOutputs:
    """``terraform output -json``: text as it is, everything else as JSON; nothing sensitive. Raises
    ``ValueError`` for what is none."""
    found, _ = json.JSONDecoder().raw_decode(text[text.index("{") :])  # warnings may be around it
    shown: dict[str, str] = {}
    secret: list[str] = []
    for name, output in found.items():
        value = output["value"]
        if output.get("sensitive"):
            secret.extend(_texts(value))
        elif value is not None:
            shown[name] = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    return TerraformOutputs(shown=shown, secret=tuple(secret))


def _texts(value: object) -> list[str]:
    """Every text in a value."""
    match value:
        case str():
            return [value] if len(value) > 3 else []
        case list() | dict():
            parts = value.values() if isinstance(value, dict) else value
            return [text for item in parts for text in _texts(item)]
    return []
