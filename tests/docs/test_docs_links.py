"""Links resolve; everything there is has its place; nothing is promised that is not there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import click
import pytest
from docs_pages.commands import problem_of
from docs_pages.generated import DOCS
from docs_pages.pages import blocks_of

import aft
from aft.cli.main import VERBS, cli
from aft.config.model import Config
from aft.desired.raw import RequestFile
from aft.findings.codes import finding_codes
from aft.ledger.events import EventKind
from aft.sandbox.faults import FaultKind

PAGES = sorted(DOCS.rglob("*.md"))
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
_FENCED = re.compile(r"^(```+).*?^\1\s*$", re.MULTILINE | re.DOTALL)


def prose(page: Path) -> str:
    """The page without its code blocks."""
    return _FENCED.sub("", page.read_text())


@cache
def anchors(page: Path) -> frozenset[str]:
    """The anchors of a page, as GitHub makes them from headings."""
    text = prose(page)
    found = set(re.findall(r'<a id="([^"]+)">', text))
    for heading in _HEADING.findall(text):
        plain = re.sub(r"<[^>]+>|\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        found.add(re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-"))
    return frozenset(found)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS)))
def test_links_and_anchors_resolve(page: Path) -> None:
    broken = []
    for link in _LINK.findall(prose(page)):
        if link.startswith(("http://", "https://", "mailto:")):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


def test_every_page_is_on_the_map() -> None:
    index = DOCS / "index.md"
    linked = {(index.parent / link).resolve() for link in _LINK.findall(prose(index))}
    missing = {page.name for page in PAGES if page != index and page not in linked}
    assert missing == set(), "link it from docs/index.md"


def test_headings_are_unique_in_a_page() -> None:
    for page in PAGES:
        headings = _HEADING.findall(prose(page))
        assert len(headings) == len(set(headings)), page


# --- everything has its place ----------------------------------------------------------------


def test_every_finding_code_has_an_anchor() -> None:
    assert {code.lower() for code in finding_codes()} <= anchors(DOCS / "reference" / "findings.md")


def test_codes_that_are_mentioned_exist() -> None:
    mentioned = {code for page in PAGES for code in re.findall(r"AFT\d{3}", page.read_text())}
    assert mentioned == finding_codes().keys()


def test_every_request_field_and_configuration_key_has_an_anchor() -> None:
    requests = anchors(DOCS / "reference" / "requests.md")
    assert {f"field-{name}" for name in RequestFile.model_fields} <= requests
    configuration = anchors(DOCS / "reference" / "configuration.md")
    assert {f"key-{name}" for name in Config.model_fields} <= configuration


def test_every_kind_of_event_and_fault_is_explained() -> None:
    ledger = (DOCS / "reference" / "ledger.md").read_text()
    assert set(re.findall(r"^\| `([a-z-]+)` \|", ledger, re.MULTILINE)) >= set(EventKind)
    sandbox = (DOCS / "reference" / "sandbox.md").read_text()
    assert set(re.findall(r"^\| `([a-z_]+)` \|", sandbox, re.MULTILINE)) >= set(FaultKind)


def test_every_package_is_in_the_architecture() -> None:
    package = Path(aft.__file__).parent
    names = {path.stem for path in package.iterdir() if path.suffix == ".py" or path.is_dir()} - {
        "__init__",
        "__main__",
        "__pycache__",
    }
    text = (DOCS / "explanation" / "architecture.md").read_text()
    assert {name for name in names if f"`aft.{name}`" not in text} == set()


# --- nothing is promised that is not there ---------------------------------------------------


def commands_written(page: Path) -> Iterator[str]:
    """Every ``aft …`` on a page: in code spans, console blocks and workflow lines."""
    text = prose(page)
    yield from re.findall(r"`(aft [^`]+)`", text)
    for block in blocks_of(page):
        pattern = r"^\$ (aft .+)$" if block.language == "console" else r"run: (aft .+)$"
        yield from re.findall(pattern, block.text, re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS)))
def test_commands_that_are_written_exist(page: Path) -> None:
    problems = {
        written: problem for written in commands_written(page) if (problem := problem_of(written))
    }
    assert problems == {}


def test_the_check_of_commands_finds_what_is_wrong() -> None:
    assert problem_of("aft sprint") == "cli has no verb 'sprint'"
    assert problem_of("aft plan --deeper") == "plan has no option --deeper"
    assert problem_of("aft -C there sandbox seed --accounts 5") == ""


def test_every_verb_and_option_is_in_the_reference() -> None:
    text = (DOCS / "reference" / "cli.md").read_text()
    context = click.Context(cli, info_name="aft")
    for verb in VERBS:
        assert f"## aft {verb}\n" in text
        command = cli.get_command(context, verb)
        assert command is not None
        for parameter in command.params:
            assert parameter.opts[-1] in text or isinstance(parameter, click.Argument)
