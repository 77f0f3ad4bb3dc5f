"""``aft.yaml`` is held to the same standard as requests."""

from __future__ import annotations

import pytest
from builders_requests import PROVIDERS, MemoryFiles

from aft.config.file import config_place, parse_config
from aft.config.model import Config
from aft.files import EntryKind
from aft.findings.model import Finding, Severity

KMS_ARN = "arn:aws:kms:eu-central-1:111122223333:key/1b4c2d90-6f5e-4f0e-9a3b-6d1f0c2a7e55"
PUBLIC_KEY = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE" + "A" * 86 + "=="


def read(files: MemoryFiles) -> tuple[Config | None, tuple[Finding, ...]]:
    return parse_config(files, providers=PROVIDERS)


def findings(text: str) -> tuple[Finding, ...]:
    config, found = read(MemoryFiles({"aft.yaml": text}))
    assert (config is None) == any(item.is_error for item in found)
    return found


def test_one_line_is_enough() -> None:
    config, found = read(MemoryFiles({"aft.yaml": "home_region: eu-central-1\n"}))
    assert found == ()
    assert config is not None
    assert config.regions == ("eu-central-1",)
    assert config.limits.creations_in_flight == 5


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        ("governed_regions: []\n", "1:1 AFT203", "home_region is missing"),
        ("home_region: eu-west-1\nregions: []\n", "2:1 AFT201", "not a known key"),
        ("home_region: eu-wset-1\n", "1:14 AFT702", "'eu-wset-1' is not an AWS region"),
        ("home_region: frankfurt\n", "1:14 AFT204", "expected text such as 'eu-central-1'"),
        ("home_region: me-south-1\n", "1:14 AFT290", "opt-in region"),
        (
            "home_region: eu-west-1\ngoverned_regions: [eu-west-2, eu-west-2]\n",
            "2:31 AFT703",
            "listed twice",
        ),
        (
            "home_region: eu-west-1\ngoverned_regions:\n  - us-gov-west-1\n",
            "3:5 AFT702",
            "partition",
        ),
        (
            "home_region: eu-west-1\nlimits: {creations_in_flight: 6}\n",
            "2:31 AFT204",
            "at most 5",
        ),
        *(
            (f"home_region: eu-west-1\nledger: {{{keys}}}\n", place, said)
            for keys, place, said in (
                ("signing_key: alias/ledger", "2:23 AFT204", "signing_key"),
                ("public_keys: [AAAA]", "2:24 AFT204", "public key"),
                (f"public_keys: [{PUBLIC_KEY}]", "2:9 AFT204", "belong together"),
                (f"signing_key: '{KMS_ARN}'", "2:9 AFT204", "belong together"),
            )
        ),
        ("home_region: eu-west-1\nledger: {branch: a..b}\n", "2:18 AFT704", "branch name"),
        ("home_region: eu-west-1\nledger: {branch: main}\n", "2:18 AFT704", "worker watches"),
        ("home_region: eu-west-1\nledger: {remote: ''}\n", "2:18 AFT704", "not the name of a"),
        *(
            (f"home_region: eu-west-1\n{key}: {{remote: {url!r}}}\n", "2:18 AFT704", "not the name")
            for key in ("ledger", "worker")
            for url in (
                "https://evil.example/x",
                "git@evil.example:x",
                "../x",
                "file:///x",
                "--upload-pack=x",
            )
        ),
        (
            "home_region: eu-west-1\nprovider: organisations\n",
            "2:11 AFT705",
            "no account provider called 'organisations' is installed",
        ),
        ("home_region: eu-west-1\nprovider: [a]\n", "2:11 AFT202", "text"),
        (
            "home_region: eu-west-1\nnetworks: {pools: {a: {cidr: 10.0.0.0}}}\n",
            "2:30 AFT730",
            "lacks its size",
        ),
        (
            (
                "home_region: eu-west-1\nnetworks:\n  pools:\n    a: {cidr: 10.0.0.0/8}\n"
                "    b: {cidr: 10.8.0.0/16}\n"
            ),
            "5:15 AFT730",
            "overlaps pool 'a' (10.0.0.0/8)",
        ),
        (
            (
                "home_region: eu-west-1\n"
                "networks: {pools: {a: {cidr: 10.0.0.0/16, reserved: [10.1.0.0/24]}}}\n"
            ),
            "2:54 AFT730",
            "not inside the pool's range",
        ),
        ("home_region: eu-west-1\nnetworks: {reserved: [10.0.0.1/8]}\n", "2:23 AFT730", "middle"),
        (
            "home_region: eu-west-1\ngithub:\n  teams:\n    payments: example/payments\n",
            "4:15 AFT204",
            "@example/payments",
        ),
        (
            "home_region: eu-west-1\ngithub: {require_signatures: 1}\n",
            "2:30 AFT202",
            "true or false",
        ),
        ("home_region: eu-west-1\ngithub: {platform_team: '@-x'}\n", "2:25 AFT204", "@-x"),
        ("home_region: [\n", "1:14 AFT101", "not YAML"),
        ("", "1:1 AFT107", "empty"),
    ],
)
def test_what_each_mistake_says(text: str, place: str, said: str) -> None:
    found = findings(text)
    found = tuple(item for item in found if item.code != "AFT203" or place.endswith("AFT203"))
    assert [f"{item.source} {item.code}" for item in found] == [f"aft.yaml:{place}"]
    assert said in found[0].message


def test_an_absent_file_says_what_to_write() -> None:
    config, found = read(MemoryFiles({"README.md": "x"}))
    assert config is None
    assert [(str(item.source), item.code) for item in found] == [("aft.yaml:1:1", "AFT701")]
    assert "home_region: eu-central-1" in found[0].hint


@pytest.mark.parametrize(
    ("name", "hint"),
    [("organisations", "did you mean 'organizations'?"), ("vending", "there are organizations;")],
)
def test_a_provider_that_is_not_installed_comes_with_those_that_are(name: str, hint: str) -> None:
    (found,) = findings(f"home_region: eu-west-1\nprovider: {name}\n")
    assert found.hint.startswith(hint)


def test_the_example_of_the_finding_is_a_valid_file() -> None:
    _, found = read(MemoryFiles({}))
    config, _ = read(MemoryFiles({"aft.yaml": found[0].hint.rpartition("enough: ")[2]}))
    assert config is not None


def test_another_suffix_is_named() -> None:
    _, found = read(MemoryFiles({"aft.yml": "home_region: eu-west-1\n"}))
    assert [(str(item.source), item.code) for item in found] == [("aft.yml:1:1", "AFT701")]


@pytest.mark.parametrize(
    ("kind", "code"), [(EntryKind.SYMLINK, "AFT801"), (EntryKind.SUBMODULE, "AFT802")]
)
def test_what_is_no_file_is_not_read(kind: EntryKind, code: str) -> None:
    files = MemoryFiles({"aft.yaml": "/etc/passwd"}, kinds={"aft.yaml": kind})
    config, found = read(files)
    assert config is None
    assert [item.code for item in found] == [code]
    assert files.reads == 0


def test_places_for_findings_of_others() -> None:
    files = MemoryFiles({"aft.yaml": "home_region: eu-west-1\nlimits:\n  accounts: 3\n"})
    assert str(config_place(files, ("limits", "accounts"))) == "aft.yaml:3:13"
    assert str(config_place(MemoryFiles({}), ("limits",))) == "aft.yaml:1:1"


OLD = "limits: {allow: [{limit: move, up_to: 4, reason: why, until: 2099-01-01}]}\n"
NEW = "allow: [{what: move, up_to: 4, reason: why, until: 2099-01-01}]\n"


def test_the_former_place_of_exceptions_is_read_with_a_warning() -> None:
    older, (warning,) = read(MemoryFiles({"aft.yaml": f"home_region: eu-central-1\n{OLD}"}))
    newer, none = read(MemoryFiles({"aft.yaml": f"home_region: eu-central-1\n{NEW}"}))
    assert (warning.code, warning.severity, none) == ("AFT706", Severity.WARNING, ())
    assert str(warning.source) == "aft.yaml:2:10"
    assert older is not None
    assert newer is not None
    assert older.effective_limits == newer.effective_limits


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("what: move, up_to: 3, target: a, reason: why", "expected target and items only without"),
        ("what: move, up_to: 3, items: [a], reason: why", "expected target and items only without"),
        ("what: end, reason: why, until: tomorrow", "until"),
    ],
)
def test_an_exception_says_what_its_sort_needs(line: str, said: str) -> None:
    until = "" if "until" in line else ", until: 2099-01-01"
    (finding,) = findings(f"home_region: eu-central-1\nallow:\n  - {{{line}{until}}}\n")
    assert said in finding.message
    assert finding.source is not None
    assert finding.source.line == 3
