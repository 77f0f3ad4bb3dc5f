"""Reading ``aft.yaml`` into a ``Config``, with findings at the lines that are wrong.

The model and its documentation are ``aft.config.model``'s. Reads one file, executes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from functools import cache
from itertools import chain

from aft.config.model import CONFIG_PATH, Config
from aft.documents import document_of
from aft.files import EntryKind, RevisionFiles, TreeEntry
from aft.findings.model import Finding, Severity, SourceRef, few, finding_at, sorted_findings
from aft.findings.validation import Loc, validate
from aft.policy_language.policy_types import AS_OF, POLICY_TYPES
from aft.values.cidrs import IPv4Network, parse_cidr
from aft.values.regions import OPT_IN, partition_of, unknown_region
from aft.values.suggestions import did_you_mean
from aft.yamldoc import YamlDocument

EXAMPLE = "home_region: eu-central-1"
"""The smallest ``aft.yaml`` that works."""

_MISSPELT = ("aft.yml", ".aft.yaml", ".aft.yml")


def parse_config(
    files: RevisionFiles, *, providers: Collection[str]
) -> tuple[Config | None, tuple[Finding, ...]]:
    """The configuration at a revision; ``None`` when it has errors or is not there. ``providers``
    are the names of the installed account providers."""
    document, findings = _read(files)
    if document is None:
        return None, findings
    config, more = validate(Config, document)
    if config is not None:
        rules = chain(_provider(config, document, providers), _rules(config, document))
        more = few(rules, document.path)
    findings = sorted_findings((*findings, *more))
    return (None if any(item.is_error for item in findings) else config), findings


def config_places(files: RevisionFiles) -> Callable[[Loc], SourceRef]:
    """``config_place`` for any number of places, whose file is read once."""
    document_of_files = cache(lambda: _read(files)[0])

    def place(loc: Loc) -> SourceRef:
        document = document_of_files()
        return document.at(loc) if document else SourceRef(CONFIG_PATH)

    return place


def config_place(files: RevisionFiles, loc: Loc, *, key: bool = False) -> SourceRef:
    """Where ``aft.yaml`` says something, for a finding of another part."""
    document, _ = _read(files)
    return document.at(loc, key=key) if document else SourceRef(CONFIG_PATH)


def _read(files: RevisionFiles) -> tuple[YamlDocument | None, tuple[Finding, ...]]:
    entry = next((item for item in files.entries(CONFIG_PATH) if item.path == CONFIG_PATH), None)
    if entry is None:
        return None, (_missing(files),)
    if entry.kind is not EntryKind.FILE:
        return None, (_not_a_file(entry),)
    return document_of(files, entry)


def _missing(files: RevisionFiles) -> Finding:
    for other in _MISSPELT:
        if any(entry.path == other for entry in files.entries(other)):
            message = f"the configuration is read from {CONFIG_PATH}, not from {other}"
            return _finding(
                "AFT701", SourceRef(other), message, f"rename the file to {CONFIG_PATH}"
            )
    message = f"there is no {CONFIG_PATH} at the top of the repository"
    hint = f"create it; one line is enough: {EXAMPLE}"
    return _finding("AFT701", SourceRef(CONFIG_PATH), message, hint)


def _not_a_file(entry: TreeEntry) -> Finding:
    code = "AFT801" if entry.kind is EntryKind.SYMLINK else "AFT802"
    message = f"{entry.path} is a {entry.kind.value}; expected a file"
    return _finding(code, SourceRef(entry.path), message, "replace it with the file itself")


def _finding(code: str, source: SourceRef, message: str, hint: str) -> Finding:
    return Finding(code=code, source=source, message=message, hint=hint)


def _provider(
    config: Config, document: YamlDocument, providers: Collection[str]
) -> Iterator[Finding]:
    if config.provider not in providers:
        hint = f"there are {', '.join(sorted(providers))}; another one is installed next to aft"
        yield _finding(
            "AFT705",
            document.at(("provider",)),
            f"no account provider called {config.provider!r} is installed",
            did_you_mean(config.provider, providers) or hint,
        )


def _rules(config: Config, document: YamlDocument) -> Iterator[Finding]:
    yield from _regions(config, document)
    yield from _ledger(config, document)
    yield from _networks(config, document)
    yield from _policies(config, document)
    if config.limits.allow:
        yield finding_at(
            "AFT706",
            document.at(("limits", "allow"), key=True),
            "limits.allow is now allow, next to limits; a later version will not read it",
            "move the lines to `allow`, and write `what` for `limit`",
            severity=Severity.WARNING,
        )


def _regions(config: Config, document: YamlDocument) -> Iterator[Finding]:
    """Regions there are, each once; all of one partition, since an organization is in one."""
    home, partition = config.home_region, partition_of(config.home_region)
    source = document.at(("home_region",))
    if unknown := unknown_region(home):
        yield _finding("AFT702", source, *unknown)
    elif home in OPT_IN:
        yield _finding(
            "AFT290",
            source,
            f"{home} is an opt-in region, where a new account cannot be reached at first; a home "
            "region that accounts opt in to is not acted on yet",
            "choose one that every account has; opt-in regions may be governed",
        )
    seen: set[str] = set()
    for number, region in enumerate(config.governed_regions):
        source = document.at(("governed_regions", number))
        if unknown := unknown_region(region):
            yield _finding("AFT702", source, *unknown)
        if region in seen:
            message = f"region {region} is listed twice"
            yield _finding("AFT703", source, message, "keep one of the two")
        seen.add(region)
        if partition_of(region) != partition:
            yield _finding(
                "AFT702",
                source,
                f"{region} is in partition {partition_of(region)}, but the home region {home} is "
                f"in {partition}; an organization has one partition",
                did_you_mean(region, (home,)),
            )


def _policies(config: Config, document: YamlDocument) -> Iterator[Finding]:
    for name in config.policies.limits:
        if name not in POLICY_TYPES:
            yield Finding(
                code="AFT735",
                source=document.at(("policies", "limits", name), key=True),
                message=f"{name} is no policy type that aft knows (as of {AS_OF})",
                hint=did_you_mean(name, POLICY_TYPES),
                severity=Severity.WARNING,
            )


def _ledger(config: Config, document: YamlDocument) -> Iterator[Finding]:
    branch, source = config.ledger.branch, document.at(("ledger", "branch"))
    odd = (
        "//" in branch
        or ".." in branch
        or branch.startswith(("/", ".", "-"))
        or branch.endswith(("/", ".", ".lock"))
        or "/." in branch
    )  # git check-ref-format
    if odd:
        message = f"{branch!r} is not a branch name git accepts"
        yield _finding("AFT704", source, message, "the default is aft/ledger")
    elif branch == config.worker.branch:
        message = f"the ledger's branch {branch!r} is also the branch the worker watches"
        hint = "give the ledger another branch, such as aft/ledger"
        yield _finding("AFT704", source, message, hint)
    for section, remote in (("ledger", config.ledger.remote), ("worker", config.worker.remote)):
        if remote is not None and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", remote):
            message = f"{remote!r} is not the name of a remote"
            hint = "write a name that `git remote` lists; an address is not accepted here"
            yield _finding("AFT704", document.at((section, "remote")), message, hint)


def _networks(config: Config, document: YamlDocument) -> Iterator[Finding]:
    """Ranges are ranges, pools do not overlap, and what is reserved in a pool is in it."""
    pools: dict[str, IPv4Network] = {}
    for name, pool in config.networks.pools.items():
        loc: Loc = ("networks", "pools", name)
        try:
            network = parse_cidr(pool.cidr)
        except ValueError as error:
            yield _range_finding(document, (*loc, "cidr"), str(error))
            continue
        other = next((key for key, value in pools.items() if value.overlaps(network)), None)
        if other is not None:
            message = f"pool {name!r} ({network}) overlaps pool {other!r} ({pools[other]})"
            yield _range_finding(document, (*loc, "cidr"), message)
        pools[name] = network
        for number, text in enumerate(pool.reserved):
            yield from _reserved(text, (*loc, "reserved", number), document, within=network)
    for number, text in enumerate(config.networks.reserved):
        yield from _reserved(text, ("networks", "reserved", number), document, within=None)


def _reserved(
    text: str, loc: Loc, document: YamlDocument, *, within: IPv4Network | None
) -> Iterator[Finding]:
    try:
        network = parse_cidr(text)
    except ValueError as error:
        yield _range_finding(document, loc, str(error))
        return
    if within is not None and not network.subnet_of(within):
        yield _range_finding(document, loc, f"{network} is not inside the pool's range {within}")


def _range_finding(document: YamlDocument, loc: Loc, message: str) -> Finding:
    hint = "write a range such as 10.64.0.0/10 that no other pool has"
    return _finding("AFT730", document.at(loc), message, hint)
