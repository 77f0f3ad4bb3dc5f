"""Parts of ``organization.yaml`` that belong to somebody: a kind reads its own keys. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from aft.findings.model import Finding
from aft.yamldoc import YamlDocument

if TYPE_CHECKING:
    from aft.desired.model import DesiredState


class Part(Protocol):
    """Whoever owns keys of ``organization.yaml``; every installed kind is asked."""

    @property
    def name(self) -> str:
        """Under which ``DesiredState.parts`` holds what ``parse`` makes of them."""
        ...

    @property
    def sections(self) -> Mapping[str, Mapping[str, Any]]:
        """The keys at the top of the file, each with the JSON schema of its value."""
        ...

    def parse(
        self, document: YamlDocument, values: Mapping[str, Any]
    ) -> tuple[Any, Sequence[Finding]]:
        """What stands under these keys, and what is wrong with it, at its place. Also asked when
        none of them is there."""
        ...

    def check(self, desired: DesiredState) -> Iterable[Finding]:
        """What is wrong only beside the rest of the desired state."""
        ...
