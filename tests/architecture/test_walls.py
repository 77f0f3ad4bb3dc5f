"""The walls between the packages: import-linter's contracts, and what it cannot express."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "aft").rglob("*.py"))

ONE_IMPORTER = {
    "yaml": {"aft/yamldoc/events.py"},
    "jinja2": {"aft/customizations/render.py"},
}
KNOWS_GITHUB = {
    "aft/app/doctor/github_facts.py",  # aft doctor judges what only GitHub has
    "aft/doctor/github.py",
    "aft/cli/github_options.py",  # puts the adapter of aft.forge together
}
FORBIDDEN_WORDS = {"utils", "helpers", "common", "manager", "misc"}


def imported(path: Path, *, depth: int = 1) -> set[str]:
    """The packages a module imports, named by their first ``depth`` parts."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return {".".join(name.split(".")[:depth]) for name in names}


def test_import_contracts_are_kept() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [lint, "--config", "pyproject.toml"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("package", sorted(ONE_IMPORTER))
def test_some_packages_have_one_importer(package: str) -> None:
    importers = {str(path.relative_to(ROOT)) for path in SOURCES if package in imported(path)}
    assert importers <= ONE_IMPORTER[package], importers - ONE_IMPORTER[package]
    assert importers, f"nothing imports {package}: is this test still about something?"


def test_github_is_known_where_the_forge_is_put_together_alone() -> None:
    importers = {
        name
        for path in SOURCES
        if "aft.github" in imported(path, depth=2)
        and not (name := str(path.relative_to(ROOT))).startswith("aft/github/")
    }
    assert importers == KNOWS_GITHUB


def test_moto_is_imported_by_the_sandbox_alone() -> None:
    importers = {path.relative_to(ROOT).parts[1] for path in SOURCES if "moto" in imported(path)}
    assert importers == {"sandbox"}


def test_no_room_is_called_a_drawer() -> None:
    names = {path.stem for path in SOURCES} | {path.parent.name for path in SOURCES}
    assert not names & FORBIDDEN_WORDS


def test_the_engine_knows_no_way_of_creating_accounts() -> None:
    words = ("CreateAccount", "EMAIL_ALREADY", "ServiceCatalog")
    odd = [
        f"{path.relative_to(ROOT)}: {word}"
        for path in SOURCES
        if path.is_relative_to(ROOT / "aft/engine")
        for word in words
        if word.casefold() in path.read_text().casefold()
    ]
    assert not odd


def test_modules_stay_small() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in SOURCES
        if (lines := len(path.read_text().splitlines())) > 400
        and path != ROOT / "aft/findings/codes.py"  # a table
    }
    assert not long


def test_functions_stay_small() -> None:
    long = {
        f"{path.relative_to(ROOT)}:{node.name}": length
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef)
        and (length := (node.end_lineno or 0) - node.lineno + 1) > 60
    }
    assert not long


def test_no_dry_run_parameter() -> None:
    names = {
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.arg) and "dry" in node.arg
    }
    assert not names


@pytest.mark.parametrize("arguments", [["--help"], ["validate", "--help"], ["validate"]])
def test_help_and_validate_import_no_boto3(arguments: list[str]) -> None:
    code = (
        "import sys\n"
        "from aft.cli.main import main\n"
        f"sys.argv = ['aft', *{arguments!r}]\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert end.code == 0, end.code\n"
        "loaded = {'boto3', 'botocore', 'moto'} & set(sys.modules)\n"
        "assert not loaded, loaded\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_nothing_names_this_machine_or_a_registry() -> None:
    files = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    words = ("/" + "root/", "pypi" + ".org")  # so that this file may be looked at, too
    odd = [
        name
        for name in files
        if not name.endswith((".lock", "LICENSE"))
        and any(word in (ROOT / name).read_text(errors="replace") for word in words)
    ]
    assert not odd
