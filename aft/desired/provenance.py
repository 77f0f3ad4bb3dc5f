"""Where each value of one request comes from: its own file, a ``_defaults.yaml``, or none. Reads
the request's file and the defaults above it again, so that the desired state, which holds thousands
of requests, need not carry positions. Pure; for a repository without findings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from aft.desired.defaults import FolderDefaults, defaults_in, read_document, written_at
from aft.desired.model import AccountRequest
from aft.desired.raw import DEFAULT_ALERTS, RequestFile
from aft.files import RevisionFiles
from aft.findings.model import SourceRef
from aft.findings.origins import Explained, Loc, Origin, OriginKind, Overridden, dotted, leaves
from aft.findings.validation import value_at
from aft.yamldoc import YamlDocument

BUILT_IN: Mapping[Loc, Any] = {
    ("state",): "active",
    ("protect",): False,
    ("budget", "alert_at"): list(DEFAULT_ALERTS),
}
"""What a request is although no file says so."""


class RequestOrigins:
    """One request and the defaults above it. ``data`` are its effective values."""

    def __init__(self, request_id: str, document: YamlDocument, defaults: FolderDefaults) -> None:
        self.data = defaults.resolve(request_id, document.data)
        self._documents = (document, *defaults.documents)

    def of(self, loc: Loc) -> Origin:
        """Where the effective value at ``loc`` was written; no file for one that is not there."""
        found = [(item, raw) for item in self._documents for raw in written_at(item, loc)]
        if not found:
            return Origin(kind=OriginKind.BUILT_IN)
        (nearest, raw), *others = found
        is_own = nearest is self._documents[0]
        is_pattern = not is_own and isinstance(raw, str) and raw != value_at(self.data, loc)
        return Origin(
            kind=OriginKind.REQUEST if is_own else OriginKind.DEFAULTS,
            source=_place(nearest, loc),
            pattern=raw if is_pattern else "",
            over=tuple(Overridden(value=value, source=_place(item, loc)) for item, value in others),
        )

    def fields(self) -> Iterator[Explained]:
        """Every value, and what a request is although no file says so, in the reference's order."""
        for name in RequestFile.model_fields:
            for loc, value in leaves(self.data.get(name, {}), (name,)):
                yield Explained(name=dotted(loc), value=value, origin=self.of(loc), loc=loc)
            for loc, value in BUILT_IN.items():
                if loc[0] == name and self._leaves_out(loc):
                    origin = Origin(kind=OriginKind.BUILT_IN)
                    yield Explained(name=dotted(loc), value=value, origin=origin, loc=loc)

    def unset(self) -> tuple[str, ...]:
        """The fields without any value."""
        return tuple(name for name in RequestFile.model_fields if not self._has(name))

    def _has(self, name: str) -> bool:
        return any(True for _ in leaves(self.data.get(name, {})))

    def _leaves_out(self, loc: Loc) -> bool:
        """Nothing is said at ``loc``, in a part of the request that is there."""
        try:
            return loc[-1] not in value_at(self.data, loc[:-1])
        except LookupError:
            return False


def read_origins(files: RevisionFiles, request: AccountRequest) -> RequestOrigins:
    """The origins of ``request``, read from the files of the request's revision."""
    path = request.source.path
    # It was read a moment ago, so it is there.
    document = read_document(files, path) or YamlDocument(data={}, path=path, places=dict)
    return RequestOrigins(request.id, document, defaults_in(files)(path.rpartition("/")[0]))


def _place(document: YamlDocument, loc: Loc) -> SourceRef:
    return document.at(loc, key=not isinstance(loc[-1], int))
