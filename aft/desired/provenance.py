"""Where each value of one request comes from: its own file, a ``_defaults.yaml``, or nobody. Reads
the request's file and the defaults above it again, so that the desired state, which holds thousands
of requests, need not carry positions. Pure; for a repository without findings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, get_args

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from aft.desired.defaults import FolderDefaults, defaults_in, read_document, written_at
from aft.desired.model import AccountRequest
from aft.desired.raw import RequestFile
from aft.files import RevisionFiles
from aft.findings.model import SourceRef
from aft.findings.origins import Explained, Loc, Origin, OriginKind, Overridden, dotted, leaves
from aft.findings.validation import value_at
from aft.yamldoc import YamlDocument


class RequestOrigins:
    """One request and the defaults above it. ``data`` are its effective values."""

    def __init__(self, request_id: str, document: YamlDocument, defaults: FolderDefaults) -> None:
        self.data = defaults.resolve(request_id, document.data)
        self._documents = (document, *defaults.documents)

    def of(self, loc: Loc) -> Origin:
        """Where the effective value at ``loc`` was written; nobody's for one that is not there."""
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

    def fields(self) -> tuple[Explained, ...]:
        """Every value there is, field by field in the order of the reference."""
        return tuple(
            item for name in RequestFile.model_fields for item in self._field(name) if item.loc
        )

    def unset(self) -> tuple[str, ...]:
        """The fields without any value."""
        return tuple(name for name in RequestFile.model_fields if not self._has(name))

    def _has(self, name: str) -> bool:
        return any(True for _ in leaves(self.data.get(name, {})))

    def _field(self, name: str) -> Iterator[Explained]:
        if name not in self.data:
            return
        for loc, value in leaves(self.data[name], (name,)):
            yield Explained(name=dotted(loc), value=value, origin=self.of(loc), loc=loc)
        annotation = RequestFile.model_fields[name].annotation
        model = next((item for item in _types(annotation) if issubclass(item, BaseModel)), None)
        if model is not None and isinstance(self.data[name], Mapping):
            yield from _left_out(model, self.data[name], (name,))


def read_origins(files: RevisionFiles, request: AccountRequest) -> RequestOrigins:
    """The origins of ``request``, read from the files of its own revision."""
    path = request.source.path
    # It was read a moment ago, so it is there.
    document = read_document(files, path) or YamlDocument(data={}, path=path, text="")
    return RequestOrigins(request.id, document, defaults_in(files)(path.rpartition("/")[0]))


def _place(document: YamlDocument, loc: Loc) -> SourceRef:
    return document.at(loc, key=not isinstance(loc[-1], int))


def _left_out(model: type[BaseModel], data: Mapping[str, Any], loc: Loc) -> Iterator[Explained]:
    """What a part of the request is although nobody says so, such as a budget's alerts."""
    for name, field in model.model_fields.items():
        here = (*loc, name)
        if name not in data and field.default not in (None, PydanticUndefined, ()):
            (value,) = (item for _, item in leaves(field.default))
            origin = Origin(kind=OriginKind.BUILT_IN)
            yield Explained(name=dotted(here), value=value, origin=origin, loc=here)


def _types(annotation: Any) -> Iterator[type]:
    """The classes in an annotation such as ``Annotated[Owner, …] | None``."""
    if isinstance(annotation, type):
        yield annotation
    for item in get_args(annotation):
        yield from _types(item)
