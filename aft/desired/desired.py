"""From the files of a revision to the ``DesiredState``, or to everything wrong with it. The one way
in: configuration, organization, baselines, customizations and requests are read, then what must
hold between them is checked. Nothing stops at the first finding."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from typing import Any, Protocol

from aft.baselines.parse import check_requests, parse_baselines
from aft.baselines.select import Settings
from aft.config.file import config_place, config_places, parse_config
from aft.config.model import CUSTOMIZATIONS_PATH, REQUESTS_PATH, Config
from aft.config.trust import WITHHELD_HINT, with_trusted, withheld, withheld_message
from aft.customizations.manifest import parse_customizations
from aft.customizations.model import GLOBAL, CustomizationRunner
from aft.desired import rules
from aft.desired.account_rules import AccountRules, check_opt_in
from aft.desired.allowance_rules import AllowanceRules
from aft.desired.cache import ParseCache
from aft.desired.customization_rules import check_customizations
from aft.desired.defaults import MergedDocument, check_defaults, defaults_by_folder
from aft.desired.grant_rules import check_grants
from aft.desired.isolation import set_aside, unread_ids
from aft.desired.model import AccountRequest, DesiredState
from aft.desired.networks import check_networks
from aft.desired.parse import build, build_sound, check
from aft.desired.raw import REQUIRED
from aft.desired.reference_rules import reference_cycles
from aft.desired.role_rules import unmade_writer
from aft.desired.tree import RequestEntry, RequestTree, check_customizations_tree, read_request_tree
from aft.documents import Parsed, document_of, documents_of
from aft.files import RevisionFiles
from aft.findings.model import Finding, Severity, SourceRef, finding_at, sorted_findings
from aft.findings.validation import Loc
from aft.organization.parse import parse_organization
from aft.values.ids import RequestId
from aft.yamldoc import YamlDocument


class Part(Protocol):
    """The owners of keys of ``organization.yaml``; every installed kind is asked, also when none of
    its ``sections`` is there. The members are those of ``aft.plan.kind.Kind``."""

    @property
    def name(self) -> str: ...

    @property
    def sections(self) -> Mapping[str, Mapping[str, Any]]: ...

    @property
    def risk_codes(self) -> Iterable[str]: ...

    @property
    def limit_names(self) -> Iterable[str]: ...

    def parse(
        self, document: YamlDocument, values: Mapping[str, Any]
    ) -> tuple[Any, Sequence[Finding]]:
        """What is under these keys, for ``DesiredState.parts``, and what is wrong with it."""
        ...

    def check(self, desired: DesiredState) -> Iterable[Finding]:
        """What is wrong only next to the rest of the desired state."""
        ...


@dataclass(frozen=True, kw_only=True)
class LoadResult:
    """``state`` is ``None`` when there is an error among the findings; ``usable`` is what then
    remains to be acted on, with all that errors hold back set aside, and ``None`` when that is
    everything. Accounts that no one could receive mail for are set aside, too."""

    state: DesiredState | None
    usable: DesiredState | None
    findings: tuple[Finding, ...]


def load_desired_state(
    files: RevisionFiles,
    *,
    settings: Settings,
    runners: Mapping[str, CustomizationRunner],
    providers: Collection[str],
    cache: ParseCache | None = None,
    trusted: Config | None = None,
    parts: Iterable[Part] = (),
    today: date = date.min,
    is_real: bool = False,
) -> LoadResult:
    """Read everything the repository says at this revision. Never raises for bad content.
    ``providers`` are the installed ones' names. With ``trusted`` its sections of ``aft.yaml`` that
    say as whom and where to hold (``aft.config.trust``); a difference warns. ``parts`` read their
    own keys of ``organization.yaml``, and say which risks and limits lines of ``allow`` may name;
    ``today`` (UTC) says which of these have ended. ``is_real``: AWS will write to the accounts'
    addresses."""
    config, config_findings, kept_back = _read_config(files, providers, trusted)
    parts, found_parts = tuple(parts), dict[str, Any]()
    owners = {key: partial(_read_part, found_parts, it) for it in parts for key in it.sections}
    organization, organization_findings = parse_organization(files, owners)
    known = None if organization_findings else organization
    baselines, baseline_findings = parse_baselines(files, settings, known)
    customizations, customization_findings = parse_customizations(files, runners)
    tree = read_request_tree(files.entries(REQUESTS_PATH))
    others = tuple(files.entries(CUSTOMIZATIONS_PATH))
    reader = _Reader(files, tree, cache or ParseCache())
    requests = reader.read()
    findings = [*config_findings, *organization_findings, *baseline_findings]
    findings += [*customization_findings, *tree.findings, *reader.findings]
    findings += check_customizations_tree(others)
    ready = DesiredState(
        revision=files.revision,
        config=config or _NO_CONFIG,
        organization=organization,
        requests=requests,
        baselines=baselines,
        customizations=customizations,
        withheld=tuple(map(".".join, kept_back)),
        parts=found_parts,
        has_folder=tree.is_there,
    )
    findings += _across(
        ready,
        tree,
        files=files,
        runners=runners,
        names=frozenset(item.path for item in others),
        places=reader,
        is_organization_known=not any(item.is_error for item in organization_findings),
    )
    if config is not None:
        findings += _with_config(ready, settings, reader)
        findings += check_grants(ready, config_places(files))
        findings += _allowances(ready, parts, files, reader, today=today)
    findings += (finding for part in parts for finding in part.check(ready))
    reserved = tuple(rules.reserved_addresses(requests, reader)) if is_real else ()
    return _result(ready, findings, reserved, partial(set_aside, files=files, tree=tree), reader)


def _result(
    ready: DesiredState,
    findings: Sequence[Finding],
    reserved: Sequence[Finding],
    aside: Callable[..., DesiredState | None],
    reader: _Reader,
) -> LoadResult:
    """``reserved`` are warnings that hold accounts back as errors do."""
    errors = [item for item in findings if item.is_error]
    held = [*errors, *reserved]
    usable = aside(ready, held, said=reader.said) if held else ready
    return LoadResult(
        state=None if errors else ready,
        usable=usable,
        findings=sorted_findings([*findings, *reserved]),
    )


def _read_part(
    found: dict[str, Any], part: Part, document: YamlDocument, values: Mapping[str, Any]
) -> Sequence[Finding]:
    found[part.name], findings = part.parse(document, values)
    return findings


def _read_config(
    files: RevisionFiles, providers: Collection[str], trusted: Config | None
) -> tuple[Config | None, tuple[Finding, ...], tuple[tuple[str, ...], ...]]:
    """``aft.yaml`` with the trusted sections, its findings, and where the two differ."""
    config, findings = parse_config(files, providers=providers)
    if config is None or trusted is None:
        return config, findings, ()
    places = withheld(config, trusted)
    for place in places:
        source, message = config_place(files, place), withheld_message(".".join(place))
        warning = finding_at("AFT720", source, message, WITHHELD_HINT, severity=Severity.WARNING)
        findings = (*findings, warning)
    return with_trusted(config, trusted), findings, places


_NO_CONFIG = Config(home_region="us-east-1")
"""Used while aft.yaml has errors, so that the rest is still checked."""


def _across(
    state: DesiredState,
    tree: RequestTree,
    *,
    files: RevisionFiles,
    runners: Mapping[str, CustomizationRunner],
    names: frozenset[str],
    places: rules.Places,
    is_organization_known: bool,
) -> Iterator[Finding]:
    """Everything that must hold between the files; ``names`` are those of customizations/."""
    requests = state.requests
    # A request whose file cannot be read does exist.
    ids = frozenset(item.id for item in tree.requests) | unread_ids(tree)
    yield from rules.unique_ids(tree.requests)
    yield from rules.unique_fields(requests, places)
    if is_organization_known:
        yield from rules.organizational_units(requests, state.organization, places)
    # A baseline or customization that has findings does exist.
    folders = _folders(names, f"{CUSTOMIZATIONS_PATH}/accounts/") | state.customizations.keys()
    baselines = _stems(names, f"{CUSTOMIZATIONS_PATH}/baselines/") | state.baselines.keys()
    yield from rules.references(
        requests,
        ids=ids,
        baselines=baselines,
        customizations=folders,
        places=places,
    )
    yield from check_customizations(
        state,
        ids,
        runners=runners,
        names=folders,
        organization=state.organization if is_organization_known else None,
        places=places,
    )
    yield from rules.cycles(requests, places)
    yield from rules.earlier_ids(requests, ids, places)
    yield from check_requests(state.baselines, ids)
    yield from reference_cycles(state)
    yield from _quota(state.config, len(tree.requests), files)
    has_global = any(name.startswith(f"{CUSTOMIZATIONS_PATH}/{GLOBAL}/") for name in names)
    if folders | ({GLOBAL} if has_global else set()) <= state.customizations.keys() and (
        baselines <= state.baselines.keys()
    ):  # else what creates it may be in a file that has findings
        yield from unmade_writer(state, config_places(files))


def _with_config(state: DesiredState, settings: Settings, reader: _Reader) -> Iterator[Finding]:
    """What depends on the pools and regions that aft.yaml says."""
    yield from check_networks(state, settings, reader)
    yield from check_opt_in(state, settings, reader)
    yield from reader.check_accounts(AccountRules(state, settings, reader), state.requests)


def _allowances(
    state: DesiredState,
    parts: Sequence[Part],
    files: RevisionFiles,
    reader: _Reader,
    *,
    today: date,
) -> Iterator[Finding]:
    """What is wrong with lines of ``allow``; only the installed kinds can tell."""
    if parts:
        yield from AllowanceRules(
            state=state,
            risks=frozenset(code for part in parts for code in part.risk_codes),
            limits=frozenset(name for part in parts for name in part.limit_names),
            config_place=config_places(files),
            places=reader,
            today=today,
        ).check()


def _quota(config: Config, count: int, files: RevisionFiles) -> Iterator[Finding]:
    limit = config.limits.accounts
    if limit is not None and count > limit:
        message = (
            f"there are {count:,} requests, but the organization's quota is {limit:,} accounts"
        )
        hint = "ask AWS for a higher quota (Service Quotas, Organizations), then raise it here"
        yield finding_at("AFT316", config_place(files, ("limits", "accounts")), message, hint)


def _stems(paths: Iterable[str], prefix: str) -> frozenset[str]:
    return frozenset(
        path.removeprefix(prefix).removesuffix(".yaml")
        for path in paths
        if path.startswith(prefix) and path.endswith(".yaml")
    )


def _folders(paths: Iterable[str], prefix: str) -> frozenset[str]:
    return frozenset(
        path.removeprefix(prefix).split("/", 1)[0]
        for path in paths
        if path.startswith(prefix) and path.count("/") > prefix.count("/")
    )


class _Reader:
    """Reads every request over its defaults, from the cache where the content is known."""

    def __init__(self, files: RevisionFiles, tree: RequestTree, cache: ParseCache) -> None:
        self.findings: list[Finding] = []
        # By path, of files with findings: the values, where they could be read.
        self.said: dict[str, Mapping[str, Any] | None] = {}
        # Wrong in a defaults file, for all that inherit it.
        self._reported: set[SourceRef | None] = set()
        self._files = files
        self._tree = tree
        self._cache = cache
        self._entries: dict[RequestId, RequestEntry] = {}
        self._keys: dict[RequestId, str] = {}
        self._documents: dict[str, YamlDocument | None] = {}  # defaults, by folder
        self._defaults_of = defaults_by_folder(self._defaults_file)
        self._last: tuple[str, YamlDocument | None] = ("", None)  # read again, for its places

    def read(self) -> tuple[AccountRequest, ...]:
        """The requests without findings, sorted by id; of two with one id, the first."""
        self._read_defaults()
        found: dict[RequestId, AccountRequest] = {}
        files, rows = self._files, []
        for item in self._tree.requests:
            self._entries.setdefault(item.id, item)
            key = f"{item.entry.blob_id} {self._defaults_of(item.folder).key} {item.id}"
            rows.append((item, key, self._cache.get(key)))
        documents = documents_of(files, (item.entry for item, _, kept in rows if kept is None))
        for item, key, values in rows:
            request = self._kept(item, values)
            if request is None:
                parsed = next(documents) if values is None else document_of(files, item.entry)
                request = self._request(item, key, parsed)
            if request is not None and item.id not in found:
                found[item.id] = request
                self._keys[item.id] = key
        return tuple(found[request_id] for request_id in sorted(found))

    def at(self, request_id: RequestId, loc: Loc, *, key: bool = False) -> SourceRef:
        """Where a request says something. Reads its file again, once for all findings that follow
        each other: only findings ask."""
        item = self._entries[request_id]
        if self._last[0] != item.entry.path:
            document, _ = document_of(self._files, item.entry)
            self._last = item.entry.path, document
        document = self._last[1]
        if document is None:
            return SourceRef(item.entry.path)
        defaults = self._defaults_of(item.folder)
        return MergedDocument(document, defaults, data=document.data).at(loc, key=key)

    def check_accounts(
        self, account_rules: AccountRules, requests: Iterable[AccountRequest]
    ) -> Iterator[Finding]:
        """What is wrong with single accounts; remembered for those with which nothing is."""
        environment = account_rules.environment
        for request in requests:
            key = self._keys[request.id]
            if self._cache.has_passed(key, environment):
                continue
            findings = tuple(account_rules.check(request))
            if not findings:
                self._cache.note_passed(key, environment)
            yield from findings

    def _read_defaults(self) -> None:
        for entry in self._tree.defaults:
            folder, _, _ = entry.path.rpartition("/")
            document = self._document(document_of(self._files, entry))
            self._documents[folder] = document
            if document is not None:
                findings = check_defaults(document)
                self.findings.extend(findings)
                self._reported.update(finding.source for finding in findings)

    def _defaults_file(self, folder: str) -> tuple[YamlDocument | None, bool]:
        found = self._documents.get(folder)
        return found, found is not None or folder not in self._documents

    def _document(self, parsed: Parsed) -> YamlDocument | None:
        document, findings = parsed
        self.findings.extend(findings)
        return document

    def _kept(self, item: RequestEntry, values: Mapping[str, Any] | None) -> AccountRequest | None:
        """The request from the cache; ``None`` where it has none, or a damaged one."""
        try:
            return None if values is None else build(item.id, item.entry, values)
        except (AttributeError, KeyError, TypeError, ValueError):
            return None

    def _request(self, item: RequestEntry, key: str, parsed: Parsed) -> AccountRequest | None:
        before = len(self.findings)
        document = self._document(parsed)
        if document is None:
            self.said[item.entry.path] = None
            return None
        values, findings = check(item.id, document, self._defaults_of(item.folder))
        self.findings.extend(
            replace(finding, about=(item.entry.path,))
            for finding in findings
            if finding.source not in self._reported
        )
        if not findings and len(self.findings) == before and REQUIRED.keys() <= values.keys():
            self._cache.put(key, values)
            return build(item.id, item.entry, values)
        self.said[item.entry.path] = values
        # Good enough to see what else is wrong with it; nothing is done for it.
        return build_sound(item.id, item.entry, values)
