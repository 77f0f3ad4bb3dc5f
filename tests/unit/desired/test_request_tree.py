"""What may lie in the folders aft reads: odd entries are findings, and are never read."""

from __future__ import annotations

import pytest
from builders_requests import REPOSITORY, MemoryFiles, lines, load, load_files, request_text

from aft.files import EntryKind
from aft.findings.model import Severity


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("account-requests/shop.yml", "AFT806"),
        ("account-requests/_defaults.yml", "AFT806"),
        ("account-requests/shop.YAML", "AFT806"),
        ("account-requests/-shop.yaml", "AFT805"),
        ("account-requests/_shop.yaml", "AFT805"),
        ("account-requests/my shop.yaml", "AFT805"),
        ("account-requests/shöp.yaml", "AFT805"),
        (f"account-requests/{'x' * 64}.yaml", "AFT805"),
        ("account-requests/a:b/shop.yaml", "AFT805"),
        ("account-requests/prod /shop.yaml", "AFT805"),
        ("account-requests/a\nb/shop.yaml", "AFT805"),
        ("customizations/accounts/pci/con?.sh", "AFT805"),
    ],
)
def test_names_that_cannot_be_used(path: str, code: str) -> None:
    result = load({path: request_text("shop")})
    assert f"{path}:1:1 {code}" in lines(result)
    assert result.state is None


def test_a_misspelt_defaults_file_says_so() -> None:
    result = load({"account-requests/_default.yaml": "ou: Workloads/Prod\n"})
    assert result.findings[0].hint == "did you mean '_defaults.yaml'?"


def test_files_that_nobody_reads_are_a_warning() -> None:
    result = load({"account-requests/notes.json": "{}", "account-requests/shop": "x"})
    assert lines(result) == [
        "account-requests/notes.json:1:1 AFT807",
        "account-requests/shop:1:1 AFT807",
    ]
    assert {item.severity for item in result.findings} == {Severity.WARNING}
    assert result.state is not None


@pytest.mark.parametrize(
    "name", ["README.md", ".gitkeep", ".hidden.yaml", "CODEOWNERS", "sub/notes.txt"]
)
def test_documentation_and_dotfiles_are_fine(name: str) -> None:
    result = load({f"account-requests/{name}": "anything: [\n"})
    assert result.findings == ()
    assert result.state is not None
    assert result.state.requests == ()


@pytest.mark.parametrize(
    ("kind", "code"), [(EntryKind.SYMLINK, "AFT801"), (EntryKind.SUBMODULE, "AFT802")]
)
@pytest.mark.parametrize(
    "path",
    [
        "account-requests/shop.yaml",
        "account-requests/_defaults.yaml",
        "customizations/accounts/pci/20-link.sh",
    ],
)
def test_links_and_submodules_are_refused_unread(path: str, kind: EntryKind, code: str) -> None:
    files = MemoryFiles({**REPOSITORY, path: "name: /etc/passwd\n"}, kinds={path: kind})
    result = load_files(files)
    assert f"{path}:1:1 {code}" in lines(result)
    assert {item.code for item in result.findings} == {code}
    assert result.state is None


def test_a_path_that_is_not_utf_8() -> None:
    path = "account-requests/sh\\xf6p.yaml"
    result = load_files(MemoryFiles({**REPOSITORY, path: request_text("shop")}, odd_paths=[path]))
    assert lines(result) == [f"{path}:1:1 AFT803"]


def test_an_enormous_request_is_not_read() -> None:
    path = "account-requests/shop.yaml"
    files = MemoryFiles({**REPOSITORY, path: b"#" * 300_000})
    reads = MemoryFiles(REPOSITORY)
    load_files(reads)
    assert lines(load_files(files)) == [f"{path}:1:1 AFT112"]
    assert files.reads == reads.reads


def test_an_enormous_file_of_a_customization() -> None:
    path = "customizations/accounts/pci/lib/data.bin"
    assert f"{path}:1:1 AFT804" in lines(load({path: b"\0" * (1024 * 1024 + 1)}))


def test_a_request_that_is_not_text() -> None:
    result = load({"account-requests/shop.yaml": b"name: sh\xf6p\n"})
    assert lines(result) == ["account-requests/shop.yaml:1:9 AFT109"]
