"""Examples in the pages are accepted by what they are examples of, and have its shape."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args, get_origin

import pytest
import yaml
from builders_repo import Repo
from docs_pages.commands import problem_of
from docs_pages.generated import DOCS
from docs_pages.pages import Block, blocks_of

from aft.baselines.parse import BaselineFile
from aft.config.model import Config
from aft.desired.defaults import FolderDefaults, check_defaults
from aft.desired.parse import check
from aft.desired.raw import NOT_ACTED_ON, RequestFile
from aft.findings.model import Finding
from aft.findings.validation import validate
from aft.organization.raw import OrganizationFile
from aft.plan.reviewed import reviewed_from_json
from aft.sandbox.http_admin import _rule
from aft.yamldoc import YamlDocument, parse_yaml

BLOCKS = [block for page in sorted(DOCS.rglob("*.md")) for block in blocks_of(page)]


def marked(remark: str) -> list[Any]:
    return [pytest.param(block, id=block.place) for block in BLOCKS if remark in block.remarks]


def one(remark: str, value: str) -> Block:
    (found,) = (block for block in BLOCKS if block.remarks.get(remark) == value)
    return found


def document_of(block: Block) -> YamlDocument:
    document, findings = parse_yaml(block.text.encode(), block.place)
    assert document is not None, findings
    assert findings == ()
    return document


def findings_of(block: Block) -> tuple[Finding, ...]:
    document = document_of(block)
    match block.remarks["check"]:
        case "request" | "later":
            return check("example", document, FolderDefaults(""))[1]
        case "defaults":
            return check_defaults(document)
        case "config":
            return validate(Config, document)[1]
        case "organization":
            return validate(OrganizationFile, document)[1]
        case "baseline":
            return validate(BaselineFile, document)[1]
    raise AssertionError(f"{block.place}: nothing checks {block.remarks['check']!r}")


@pytest.mark.parametrize("block", marked("check"))
def test_an_example_is_accepted(block: Block) -> None:
    match block.remarks["check"]:
        case "later":
            found = findings_of(block)
            assert {finding.code for finding in found} == {"AFT290"}
            assert len(found) == len(NOT_ACTED_ON) + 1, "and the state"
        case "fault":
            assert _rule(json.loads(block.text)).times == 3
        case "reviewed":
            reviewed = reviewed_from_json(block.text)
            assert all(change.risk for change in reviewed.changes)
        case "vscode":
            schemas = json.loads(block.text)["yaml.schemas"]
            names = {f"schemas/{path.name}" for path in DOCS.glob("reference/schemas/*.json")}
            assert set(schemas) == names
        case _:
            assert findings_of(block) == ()


def test_the_examples_show_every_field_of_a_request() -> None:
    shown = {
        key
        for block in BLOCKS
        if block.remarks.get("check") in ("request", "later")
        for key in document_of(block).data
    }
    assert shown == RequestFile.model_fields.keys()


def test_the_example_shows_every_key_of_the_configuration() -> None:
    """Keys with a new name are marked as such, and not recommended."""
    data = document_of(one("check", "config")).data
    assert data.keys() == Config.model_fields.keys()
    for name, value in data.items():
        model: Any = Config.model_fields[name].annotation
        section = value
        if get_origin(model) is Mapping:
            (section, *_), (_, model) = value.values(), get_args(model)
        if isinstance(section, dict):
            fields = model.model_fields
            assert section.keys() == {
                key for key in fields if fields[key].json_schema_extra is None
            }


# --- machine-readable output ------------------------------------------------------------------


def shape(value: Any) -> Any:
    """Keys and types; lists by their first item, free mappings by their value's type."""
    match value:
        case dict():
            if all("/" in key for key in value) and value:
                return {"*": shape(next(iter(value.values())))}
            return {key: shape(item) for key, item in value.items()}
        case [first, *_]:
            return [shape(first)]
        case list():
            return []
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float():
            return "number"
    return "text"


def fits(said: Any, page: Any, *, at: str = "") -> Iterator[str]:
    """Where real output and the page's example are of different shape."""
    match said, page:
        case dict(), dict():
            if at.endswith("details"):
                return
            for key in said.keys() ^ page.keys():
                yield f"{at}.{key}"
            for key in said.keys() & page.keys():
                yield from fits(said[key], page[key], at=f"{at}.{key}")
        case [one_item], [other]:
            yield from fits(one_item, other, at=f"{at}[]")
        case ([], list()) | (list(), []):
            return
        case _:
            if said != page and "null" not in (said, page):
                yield f"{at}: {said} is {page} on the page"


@pytest.fixture(scope="module")
def troubled(tmp_path_factory: pytest.TempPathFactory) -> Repo:
    """A repository in which something failed, something is adopted, something needs attention."""
    repo = Repo.standard(tmp_path_factory.mktemp("shapes") / "repo")
    repo.environ["AFT_SANDBOX_STATE"] = str(repo.root.parent / "state")
    repo.write("customizations/accounts/bad/10-bad.py", "def customize(context):\n    1 / 0\n")
    repo.request("shop", "customizations: [bad]\n")
    repo.request("old", 'account_id: "210987654321"\n')
    repo.commit("Begin")
    repo.aft("sandbox", "seed")
    return repo


def test_shapes_are_those_of_real_output(troubled: Repo) -> None:
    repo = troubled
    said: dict[str, Any] = {}
    said["plan"] = repo.aft("plan", "--format", "json").data
    applied = repo.aft("apply", "--yes", "--json")
    assert applied.code == 4
    said["apply"] = applied.data
    rows = repo.aft("status", "--json").data["accounts"]
    failed = next(row for row in rows if row["failed"])
    said["status"] = {
        "accounts": [row for row in rows if row["failed"]],
        "organization": [{"id": "ou/Workloads", "failed": failed["failed"], "held": []}],
    }
    story = repo.aft("history", "shop", "--json").data
    said["history"] = [next(entry for entry in story if entry["kind"] == "bound")]
    repo.request("old", "email: other@example.com\n".replace("email", "reason"))
    text = (repo.root / "account-requests/old.yaml").read_text()
    repo.write("account-requests/old.yaml", text.replace("aws+old@", "aws+new@"))
    repo.commit("Another address")
    doubtful = repo.aft("plan", "--format", "json").data
    assert [item["code"] for item in doubtful["attention"]] == ["AFT908"]
    said["plan"]["attention"] = doubtful["attention"]
    repo.git("branch", "-D", "aft/ledger-sandbox")
    lost = repo.aft("plan", "--adopt-ledger", "--format", "json").data
    said["plan"]["confirmations"] = lost["confirmations"]
    assert lost["confirmations"]
    said["drift"] = _drift(repo)
    repo.request("typo", ou="Workloads/Dve")
    said["validate"] = repo.aft("validate", "--format", "json").data
    for name, output in said.items():
        page = json.loads(one("shape", name).text)
        if name == "history":
            page = page[1:]
        assert list(fits(shape(output), shape(page))) == [], name


def _drift(repo: Repo) -> Any:
    """Something changed by hand, and an account that nobody asked for."""
    repo.git("checkout", "-q", "-B", "drift")
    repo.remove("customizations/accounts/bad/10-bad.py")
    repo.request("shop", "tags: {team: shop}\n")
    repo.commit("Fix it")
    assert repo.aft("apply", "--yes", "--adopt-ledger").code == 4
    shop = repo.accounts()["shop"]
    with repo.organizations() as client:
        client.untag_resource(ResourceId=shop.id, TagKeys=["team"])
        client.create_account(AccountName="stranger", Email="stranger@example.com")
    found = repo.aft("drift", "--format", "json")
    assert found.code == 2, found.err
    return found.data


def test_a_worker_line_has_the_keys_the_page_shows(tmp_path: Path) -> None:
    repo = Repo.standard(tmp_path / "repo")
    config = (repo.root / "aft.yaml").read_text()
    repo.write("aft.yaml", f"{config}worker: {{review: branch}}\n")
    repo.request("shop")
    repo.commit("Ask")
    repo.git("clone", "-q", "--bare", ".", str(tmp_path / "origin.git"))
    repo.git("remote", "add", "origin", str(tmp_path / "origin.git"))
    lines = [json.loads(line) for line in repo.aft("worker", "--once").out.splitlines()]
    page = json.loads(one("shape", "worker").text)
    done = [
        line
        for line in lines
        if line["event"] == "step-done" and line["target"] == "shop" and "seconds" in line
    ]
    assert done
    assert shape(done[0]) == shape(page)
    text = (DOCS / "reference" / "exit-codes-and-output.md").read_text()
    assert {line["event"] for line in lines} <= set(re.findall(r"`([a-z]+-[a-z]+)`", text))


def test_the_steps_of_a_workflow_are_ones_that_run() -> None:
    (block,) = (block for block in BLOCKS if "workflow" in block.remarks)
    (step,) = yaml.safe_load(block.text)
    name, _, commit = step["uses"].partition("@")
    assert name.endswith("/.github/actions/aft")
    assert re.fullmatch("[0-9a-f]{40}", commit)
    action = yaml.safe_load((DOCS.parent / ".github/actions/aft/action.yml").read_text())
    assert step["with"].keys() <= action["inputs"].keys()


_GITLAB_JOB = {
    "after_script", "artifacts", "environment", "id_tokens", "resource_group", "rules", "script",
    "stage", "timeout",
}  # fmt: skip


def test_the_gitlab_pipeline_has_a_pipelines_shape() -> None:
    """Its commands are aft's own: the check of commands in test_docs_links sees them as well."""
    (block,) = (block for block in BLOCKS if "gitlab" in block.remarks)
    pipeline = yaml.safe_load(block.text)
    jobs = {
        name: body
        for name, body in pipeline.items()
        if name not in ("stages", "default", "variables")
    }
    assert [body["stage"] for body in jobs.values()] == pipeline["stages"]
    commands: list[str] = []
    for body in jobs.values():
        assert body.keys() <= _GITLAB_JOB
        assert body["rules"]
        assert body["environment"]["name"] in ("aft-plan", "aft-apply")
        assert all(isinstance(line, str) for line in body["script"])
        commands += [line for line in body["script"] if line.startswith("aft ")]
    assert [problem_of(line.partition(" || ")[0]) for line in commands] == [""] * 4
    assert "aft-apply" in jobs["apply"]["environment"]["name"]
    assert "$CI_DEFAULT_BRANCH" in str(jobs["apply"]["rules"])
    (deadline,) = re.findall(r"--deadline (\d+)", str(jobs["apply"]["script"]))
    assert int(deadline) < 3600, jobs["apply"]["timeout"]
