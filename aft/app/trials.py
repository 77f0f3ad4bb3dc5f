"""What others wrote and what comes alone, such as a review or an issue: tried in the process apart.

What is made of it are our own types, which never come out of that process. So its reader runs
there first, within limits, and what comes of it is forgotten; only what kept the limits is read
here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from aft.app.works import CONFINEMENT
from aft.confined.answers import Answers
from aft.confined.confinement import Ended

if TYPE_CHECKING:
    from aft.desired.issue_form import FormChoices  # whose questions few verbs ask


class Trials:
    """Each says why reading takes too much, in our words; "" where it does not."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers

    def reviewed(self, text: str) -> str:
        return self._why("reviewed", None, _bytes(text))

    def previews(self, text: str) -> str:
        return self._why("previews", None, _bytes(text))

    def issue(self, body: str, choices: FormChoices) -> str:
        return self._why("issue", asdict(choices), _bytes(body))

    def policy(
        self,
        path: str,
        policy_type: str,
        content: bytes,
        limits: Mapping[str, Mapping[str, int]] | None,
    ) -> str:
        changed = None if limits is None else {name: dict(item) for name, item in limits.items()}
        return self._why("policy", [path, policy_type, changed], content)

    def story(self, subject: str, files: Mapping[bytes, bytes]) -> str:
        """Of a subject's files in the ledger."""
        names = [name.decode("latin-1") for name in files]
        sizes = list(map(len, files.values()))
        about = [subject, list(zip(names, sizes, strict=True))]
        return self._why("story", about, b"".join(files.values()))

    def published(self, name: str, content: bytes) -> str:
        """Of a file of the published organization."""
        return self._why("published", name, content)

    def _why(self, reader: str, about: Any, content: bytes) -> str:
        answer = self._answers.call("trial", [reader, about], content)
        if answer is True:
            return ""
        return answer.why if isinstance(answer, Ended) else "it is not what it seemed"


TRIALS = Trials(Answers(CONFINEMENT))
"""For files that belong to no repository."""


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
