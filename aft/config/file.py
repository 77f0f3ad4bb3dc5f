"""Reading ``aft.yaml`` into a ``Config``, with findings at the lines that are wrong.

The model and its documentation are ``aft.config.model``'s. Reads one file, executes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from aft.config.model import CONFIG_PATH, Config
from aft.files import EntryKind, RevisionFiles, TreeEntry
from aft.findings.model import Finding, Severity, SourceRef, sorted_findings
from aft.findings.validation import Loc, validate
from aft.policy_language.policy_types import AS_OF, POLICY_TYPES
from aft.values.cidrs import IPv4Network, parse_cidr
from aft.values.regions import OPT_IN, partition_of, unknown_region
from aft.values.suggestions import did_you_mean
from aft.yamldoc import YamlDocument, parse_yaml, too_large

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
        more = (*_provider(config, document, providers), *_rules(config, document))
    findings = sorted_findings((*findings, *more))
    return (None if any(item.is_error for item in findings) else config), findings


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
    large = too_large(entry.path, entry.size)
    if large is not None:
        return None, (large,)
    return parse_yaml(files.read(entry), entry.path)


def _missing(files: RevisionFiles) -> Finding:
    for other in _MISSPELT:
        if any(entry.path == other for entry in files.entries(other)):
            return Finding(
                code="AFT701",
                source=SourceRef(other),
                message=f"the configuration is read from {CONFIG_PATH}, not from {other}",
                hint=f"rename the file to {CONFIG_PATH}",
            )
    return Finding(
        code="AFT701",
        source=SourceRef(CONFIG_PATH),
        message=f"there is no {CONFIG_PATH} at the top of the repository",
        hint=f"create it; one line is enough: {EXAMPLE}",
    )


def _not_a_file(entry: TreeEntry) -> Finding:
    return Finding(
        code="AFT801" if entry.kind is EntryKind.SYMLINK else "AFT802",
        source=SourceRef(entry.path),
        message=f"{entry.path} is a {entry.kind.value}; expected a file",
        hint="replace it with the file itself",
    )


def _provider(
    config: Config, document: YamlDocument, providers: Collection[str]
) -> Iterator[Finding]:
    if config.provider not in providers:
        yield Finding(
            code="AFT705",
            source=document.at(("provider",)),
            message=f"no account provider called {config.provider!r} is installed",
            hint=did_you_mean(config.provider, providers)
            or f"there are {', '.join(sorted(providers))}; another one is installed beside aft",
        )


def _rules(config: Config, document: YamlDocument) -> Iterator[Finding]:
    places: list[tuple[Loc, str]] = [(("home_region",), config.home_region)]
    for number, region in enumerate(config.governed_regions):
        places.append((("governed_regions", number), region))
    seen: set[str] = set()
    for loc, region in places:
        source = document.at(loc)
        unknown = unknown_region(region)
        if unknown:
            yield Finding(code="AFT702", source=source, message=unknown[0], hint=unknown[1])
        elif region in OPT_IN and loc == ("home_region",):
            yield Finding(
                code="AFT290",
                source=source,
                message=f"{region} is an opt-in region, where a new account cannot be reached at "
                "first; a home region that accounts opt in to is not acted on yet",
                hint="choose one that every account has; opt-in regions may be governed",
            )
        if loc[0] == "governed_regions" and region in seen:
            yield Finding(
                code="AFT703",
                source=source,
                message=f"region {region} is listed twice",
                hint="keep one of the two",
            )
        if loc[0] == "governed_regions":
            seen.add(region)
    yield from _partition(config, document)
    yield from _ledger(config, document)
    yield from _networks(config, document)
    yield from _policies(config, document)


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


def _partition(config: Config, document: YamlDocument) -> Iterator[Finding]:
    """An organization lives in one partition: regions of two cannot be governed together."""
    home = partition_of(config.home_region)
    for number, region in enumerate(config.governed_regions):
        if partition_of(region) != home:
            yield Finding(
                code="AFT702",
                source=document.at(("governed_regions", number)),
                message=f"{region} is in partition {partition_of(region)}, but the home region "
                f"{config.home_region} is in {home}; an organization has one partition",
                hint=did_you_mean(region, (config.home_region,)),
            )


def _ledger(config: Config, document: YamlDocument) -> Iterator[Finding]:
    branch = config.ledger.branch
    odd = (
        "//" in branch
        or ".." in branch
        or branch.startswith(("/", ".", "-"))
        or branch.endswith(("/", ".", ".lock"))
        or "/." in branch
    )  # git check-ref-format
    if odd:
        yield Finding(
            code="AFT704",
            source=document.at(("ledger", "branch")),
            message=f"{branch!r} is not a branch name git accepts",
            hint="the default is aft/ledger",
        )
    elif branch == config.worker.branch:
        yield Finding(
            code="AFT704",
            source=document.at(("ledger", "branch")),
            message=f"the ledger's branch {branch!r} is also the branch the worker watches",
            hint="give the ledger a branch of its own, such as aft/ledger",
        )
    if "remote" in config.ledger.model_fields_set and config.ledger.remote == "":
        yield Finding(
            code="AFT704",
            source=document.at(("ledger", "remote")),
            message="the ledger's remote is empty",
            hint="name a remote, or write null to keep the ledger local",
        )


def _networks(config: Config, document: YamlDocument) -> Iterator[Finding]:
    """Ranges are ranges, pools do not overlap, and what is reserved in a pool lies in it."""
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
    return Finding(
        code="AFT730",
        source=document.at(loc),
        message=message,
        hint="write a range such as 10.64.0.0/10 that no other pool has",
    )
