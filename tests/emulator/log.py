"""A job's log as GitHub keeps it: commands taken out, secrets masked, annotations collected.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands, and the
runner's own reading of a line: src/Runner.Common/ActionCommand.cs and
src/Runner.Worker/Handlers/OutputManager.cs of github.com/actions/runner.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_COMMAND = re.compile(r"^\s*::(?P<name>[^\s:]+)(?: (?P<properties>.*?))?::(?P<data>.*)$", re.DOTALL)
_OLD_COMMAND = re.compile(
    r"##\[(?P<name>[^\s\]]+)(?: (?P<properties>[^\]]*))?\](?P<data>.*)$", re.DOTALL
)
_LINE_ENDS = re.compile(r"\r\n|\r|\n")
_LEVELS = ("error", "warning", "notice")
_KNOWN = frozenset(
    (
        *(*_LEVELS, "debug", "group", "endgroup", "echo", "add-mask", "stop-commands"),
        *("add-matcher", "remove-matcher", "set-output", "save-state", "set-env", "add-path"),
    )
)
_ESCAPES = (("%0D", "\r"), ("%0A", "\n"))
_IN_PROPERTIES = (*_ESCAPES, ("%3A", ":"), ("%2C", ","))
AT_MOST_ANNOTATIONS = 10
"""Of each level in one step; more are not shown."""


@dataclass(frozen=True, kw_only=True)
class Annotation:
    level: str
    message: str
    file: str = ""
    line: str = ""
    column: str = ""
    title: str = ""

    @property
    def place(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass
class Log:
    """``lines`` are what anybody may read afterwards."""

    masks: set[str] = field(default_factory=set)
    lines: list[str] = field(default_factory=list)
    annotations: list[Annotation] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    """The name of each that took effect."""
    _stopped: str = ""
    _shown: dict[str, int] = field(default_factory=dict)

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def begin_step(self, title: str) -> None:
        self._shown = {}
        self._stopped = ""
        self.say(f"##[group]{title}")

    def say(self, text: str) -> None:
        """A line of the runner's own."""
        self.lines += [self.masked(line) for line in text.splitlines()]

    def complain(self, message: str) -> None:
        """The runner's own complaint, which is an annotation too."""
        self.annotations.append(Annotation(level="error", message=self.masked(message)))
        self.say(f"##[error]{message}")

    def output(self, text: str) -> None:
        """What a step wrote, commands and all."""
        lines = _LINE_ENDS.split(text)
        for line in lines if lines[-1] else lines[:-1]:
            found = self._parsed(line)
            if found is None:
                self.say(line)
            elif self._stopped:
                if found["name"].lower() == self._stopped.lower():
                    self._stopped = ""
                else:
                    self.say(line)
            else:
                self.commands.append(found["name"].lower())
                self._command(found, line)

    def _parsed(self, line: str) -> re.Match[str] | None:
        """The command that the runner finds in a line, of the new kind or of the old one."""
        for found in (_COMMAND.match(line), _OLD_COMMAND.search(line)):
            if found is not None and found["name"].lower() in {*_KNOWN, self._stopped.lower()}:
                return found
        return None

    def masked(self, text: str) -> str:
        for secret in sorted(self.masks, key=len, reverse=True):
            text = text.replace(secret, "***")
        return text

    def mask(self, secret: str) -> None:
        """GitHub masks every line of a secret."""
        self.masks.update(line for line in secret.splitlines() if line.strip())

    def _command(self, found: re.Match[str], line: str) -> None:
        name, data = found["name"].lower(), _unescaped(found["data"], _ESCAPES)
        match name:
            case "add-mask":
                self.mask(data)
            case "stop-commands":
                self._stopped = data
            case "group" | "endgroup" | "debug":
                self.say(f"##[{name}]{data}")
            case "set-output" | "save-state" | "set-env" | "add-path":
                self.complain(f"The `{name}` command is disabled.")
            case _ if name in _LEVELS:
                self._annotate(name, _properties(found["properties"] or ""), data)
            case _:
                self.say(line)

    def _annotate(self, level: str, properties: Mapping[str, str], message: str) -> None:
        self.say(f"##[{level}]{message}")
        self._shown[level] = self._shown.get(level, 0) + 1
        if self._shown[level] <= AT_MOST_ANNOTATIONS:
            self.annotations.append(
                Annotation(
                    level=level,
                    message=self.masked(message),
                    file=properties.get("file", ""),
                    line=properties.get("line", ""),
                    column=properties.get("col", ""),
                    title=properties.get("title", ""),
                )
            )


def _properties(text: str) -> Mapping[str, str]:
    pairs = (item.partition("=") for item in text.split(",") if item.strip())
    return {name.strip().lower(): _unescaped(value, _IN_PROPERTIES) for name, _, value in pairs}


def _unescaped(text: str, escapes: tuple[tuple[str, str], ...]) -> str:
    for escaped, plain in escapes:
        text = text.replace(escaped, plain)
    return text.replace("%25", "%")
