"""From errors to the accounts that they hold back. What counts is in which files an error is, and
who uses these: a request itself; defaults everything below them; a baseline or customization the
accounts that get it. Anything else concerns everyone. What an error says is never looked at."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Any, TypeVar

from aft.baselines.model import Baseline, Selector
from aft.baselines.parse import BASELINES_FOLDER
from aft.config.model import DEFAULTS_NAME, REQUESTS_PATH
from aft.customizations.customization_file import CUSTOMIZATION_FILE
from aft.customizations.manifest import ACCOUNTS_FOLDER, GLOBAL_FOLDER
from aft.customizations.model import GLOBAL, AccountSelector, Customization
from aft.desired.defaults import entry_at
from aft.desired.held import HeldBack, HeldRequest
from aft.desired.model import DesiredState
from aft.desired.tree import RequestTree
from aft.documents import section_of
from aft.files import EntryKind, RevisionFiles
from aft.findings.model import Finding, SourceRef
from aft.organization.selection import SELECT, Selection, selection_in
from aft.values.ids import AccountId, EmailAddress, OrgUnitPath, RequestId

T = TypeVar("T")

Said = Mapping[str, Mapping[str, Any] | None]
"""By path, for request files with errors: the values that could be read, if any."""

_YAML = (".yaml", ".yml")


def set_aside(
    state: DesiredState,
    errors: Iterable[Finding],
    *,
    files: RevisionFiles,
    tree: RequestTree,
    said: Said,
) -> DesiredState | None:
    """``state`` with what ``errors`` hold back; ``None`` where they hold everything back."""
    held = _Held(tree)
    for error in sorted(errors, key=lambda item: item.source or SourceRef("")):
        for path in error.about or (error.path,):
            held.add(path, error)
    if held.everyone:
        return None
    ids = {item.id for item in tree.requests} | unread_ids(tree)
    selects = _Selects(files=files, units=state.organization.paths, requests=ids)
    baselines, customizations = dict(state.baselines), dict(state.customizations)
    open_baseline = open_customization = None
    for name, (path, error) in held.baselines.items():
        found = selects.of(path)
        if found is None:
            open_baseline = open_baseline or error
        else:
            baselines[name] = _with_selector(baselines.get(name), name, path, found)
    for name, (path, error) in held.customizations.items():
        found = selects.of_folder(path)
        if found is None:
            open_customization = open_customization or error
        else:
            customizations[name] = _selected(customizations.get(name), name, path, found)
    return replace(
        state,
        baselines=baselines,
        customizations=customizations,
        held=HeldBack(
            requests=_requests(held.requests, state, tree, said),
            baselines={name: error for name, (_, error) in held.baselines.items()},
            customizations={name: error for name, (_, error) in held.customizations.items()},
            open_baseline=open_baseline,
            open_customization=open_customization,
            nameless=tuple(held.nameless),
        ),
    )


def unread_ids(tree: RequestTree) -> frozenset[RequestId]:
    """Ids of requests whose files are there, and cannot be taken for request files as they are."""
    named = (_named(PurePosixPath(finding.path)) for finding in tree.findings if finding.is_error)
    return frozenset(name for name in named if isinstance(name, RequestId))


@dataclass
class _Held:
    """What the errors so far hold back; of baselines also the file, of customizations the
    folder."""

    tree: RequestTree
    requests: dict[RequestId, Finding] = field(default_factory=dict)
    baselines: dict[str, tuple[str, Finding]] = field(default_factory=dict)
    customizations: dict[str, tuple[str, Finding]] = field(default_factory=dict)
    nameless: list[str] = field(default_factory=list)
    everyone: bool = False

    def __post_init__(self) -> None:
        self._by_path = {item.entry.path: item.id for item in self.tree.requests}
        self._odd = {item.path: item for item in self.tree.odd}

    def add(self, path: str, error: Finding) -> None:
        """Hold back who uses the file at ``path``."""
        if path in self._by_path:
            self.requests.setdefault(self._by_path[path], error)
        elif (inside := _below(REQUESTS_PATH, path)) is not None:
            self._add_odd(PurePosixPath(path), error, is_top=not inside)
        elif inside := _below(BASELINES_FOLDER, path):
            file = PurePosixPath(inside)
            name = file.stem if file.suffix.lower() in _YAML else inside
            self.baselines.setdefault(name, (path, error))
        elif _below(GLOBAL_FOLDER, path) is not None:
            self.customizations.setdefault(GLOBAL, (GLOBAL_FOLDER, error))
        elif inside := _below(ACCOUNTS_FOLDER, path):
            name = inside.split("/", 1)[0]
            self.customizations.setdefault(name, (f"{ACCOUNTS_FOLDER}/{name}", error))
        else:
            self.everyone = True

    def _add_odd(self, path: PurePosixPath, error: Finding, *, is_top: bool) -> None:
        """A defaults file, or an entry that no request is read from."""
        entry = self._odd.get(str(path))
        is_file = entry is None or entry.kind is EntryKind.FILE
        name = _named(path)
        if is_top or (name is None and not is_file):
            self.everyone = True  # the link to a folder, perhaps, and so everything in it
        elif isinstance(name, RequestId):
            self.requests.setdefault(name, error)
        elif name is not None:
            self._add_folder(str(path.parent), error)
            if name != DEFAULTS_NAME:
                self.nameless.append(str(path))

    def _add_folder(self, folder: str, error: Finding) -> None:
        for item in self.tree.requests:
            if _below(folder, item.entry.path):
                self.requests.setdefault(item.id, error)


@dataclass(frozen=True, kw_only=True)
class _Selects:
    """Whom files with errors select."""

    files: RevisionFiles
    units: Collection[OrgUnitPath]
    requests: Collection[str]

    def of(self, path: str) -> Selection | None:
        """``None`` where that cannot be known."""
        entry = entry_at(self.files, path)
        if entry is None:
            return None
        section = section_of(self.files, entry, SELECT)
        return selection_in(section, units=self.units, requests=self.requests)

    def of_folder(self, path: str) -> Selection | None:
        """The same for a customization, which selects no one without a file that says so."""
        file = f"{path}/{CUSTOMIZATION_FILE}"
        found = {item.path: item for item in self.files.entries(path)}
        if path in found:  # no folder: nothing, or a link to one
            return Selection() if found[path].kind is EntryKind.FILE else None
        return self.of(file) if file in found else Selection()


def _with_selector(baseline: Baseline | None, name: str, path: str, found: Selection) -> Baseline:
    """The baseline as it selects accounts; without settings where they could not be read."""
    select = Selector(organizational_units=found.units, tags=found.tags, requests=found.requests)
    if baseline is not None:
        return replace(baseline, select=select)
    source = SourceRef(path)
    return Baseline(name=name, description="", select=select, settings=(), source=source)


def _selected(
    customization: Customization | None, name: str, path: str, found: Selection
) -> Customization:
    """The customization as it selects accounts; without steps where it has no sound one."""
    select = AccountSelector(
        organizational_units=found.units, tags=found.tags, requests=found.requests
    )
    known = customization or Customization(name=name, steps=(), source=SourceRef(path))
    return replace(known, select=select)


def _requests(
    held: Mapping[RequestId, Finding], state: DesiredState, tree: RequestTree, said: Said
) -> Mapping[RequestId, HeldRequest]:
    paths: dict[RequestId, list[str]] = defaultdict(list)
    for item in tree.requests:
        paths[item.id].append(item.entry.path)
    found: dict[RequestId, HeldRequest] = {}
    for name, error in sorted(held.items()):
        path, *others = paths.get(name) or [error.path]
        blank = HeldRequest(id=name, path=path, finding=error)
        request = state.request_by_id.get(name)
        if path in said or request is None:
            found[name] = _identified(blank, said.get(path), is_one=not others)
            continue
        found[name] = replace(
            blank,
            email=str(request.email),
            account_id=request.account_id,
            previously=request.previously,
            custom_fields=request.custom_fields,
            is_known=not others,
        )
    return found


def _identified(
    blank: HeldRequest, values: Mapping[str, Any] | None, *, is_one: bool
) -> HeldRequest:
    """With what its values say of the account it means; ``is_one`` when it has one file."""
    if values is None:
        return blank
    email = _read(EmailAddress.parse, values, "email")
    account_id = _read(AccountId.parse, values, "account_id")
    previously = _read(RequestId.parse, values, "previously")
    fields = values.get("custom_fields")
    asked = (values.get("account_id"), account_id), (values.get("previously"), previously)
    return replace(
        blank,
        email=email or "",
        account_id=account_id,
        previously=previously,
        custom_fields=fields if isinstance(fields, Mapping) else {},
        is_known=is_one and email is not None and all(raw is None or it for raw, it in asked),
    )


def _read(parse: Callable[[str], T], values: Mapping[str, Any], name: str) -> T | None:
    text = values.get(name)
    try:
        return parse(text) if isinstance(text, str) else None
    except ValueError:
        return None


def _named(path: PurePosixPath) -> RequestId | str | None:
    """The request whose file this seems to be; ``DEFAULTS_NAME`` for defaults, the name as it is
    where it may be anything, and ``None`` for what was never meant to be read."""
    if path.suffix.lower() not in _YAML:
        return None
    if path.stem == PurePosixPath(DEFAULTS_NAME).stem:
        return DEFAULTS_NAME
    try:
        return RequestId.parse(path.stem)
    except ValueError:
        return path.name


def _below(folder: str, path: str) -> str | None:
    """The path inside ``folder``: empty for itself, ``None`` for what is elsewhere."""
    if path == folder:
        return ""
    return path.removeprefix(f"{folder}/") if path.startswith(f"{folder}/") else None
