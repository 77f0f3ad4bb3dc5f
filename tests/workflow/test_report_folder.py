"""``--report DIR`` and ``--reviewed FILE``: what a pull request sees of a plan and of its apply."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from builders_faults import apply
from builders_repo import CONFIG, Repo

from aft.cli.context import Session
from aft.cli.report_folder import report_folder
from aft.plan.reviewed import NOTHING_REVIEWED, reviewed_from_json, reviewed_to_json
from aft.sandbox import Rule, error


@pytest.fixture(scope="module")
def vended(tmp_path_factory: pytest.TempPathFactory) -> Repo:
    """Two accounts; to be copied."""
    root = tmp_path_factory.mktemp("vended")
    repo = Repo.standard(root / "repo")
    repo.environ["AFT_SANDBOX_STATE"] = str(root / "organization")
    repo.request("shop", "owner: {team: shop, email: shop@example.com}\nticket: PLAT-7\n")
    repo.request("lab", ou="Sandbox")
    repo.commit("Ask for two")
    repo.apply()
    return repo


@pytest.fixture
def repo(vended: Repo, tmp_path: Path) -> Repo:
    return vended.copy(tmp_path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "report"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_plan_leaves_its_four_files(repo: Repo, folder: Path) -> None:
    repo.request("shop", ou="Workloads/Prod")
    repo.write(
        "customizations/baselines/watched.yaml",
        "select: {requests: [new]}\nsettings:\n  - setting: budget\n  - setting: guardduty\n",
    )
    repo.request(
        "new", "budget: {monthly_usd: 200, alert_at: [80], subscribers: [ops@example.com]}\n"
    )
    repo.commit("Promote the shop, ask for another")
    result = repo.aft("plan", "--report", str(folder), "--changed-since", "HEAD~1")
    assert result.code == 0, result.err
    assert names(folder) == ["comment.md", "plan.json", "reviewed.json", "summary.md"]
    comment = (folder / "comment.md").read_text()
    assert comment.startswith(
        "<!-- aft:plan -->\n\n## aft plan: 1 to create, 1 to change, 1 to move"
    )
    assert "! move      Workloads/Dev → Workloads/Prod" in comment
    assert (
        "AWS bills for guardduty (the events and data analysed); budget 200 USD a month" in comment
    )
    assert f"into `{repo.git('rev-parse', 'HEAD~1')[:7]}`" in comment
    assert (
        (folder / "summary.md")
        .read_text()
        .startswith("## aft plan: 1 to create, 1 to change, 1 to move")
    )
    plan = json.loads((folder / "plan.json").read_text())
    reviewed = reviewed_from_json((folder / "reviewed.json").read_text())
    assert reviewed.plan == plan["digest"]
    assert [item.id for item in reviewed.changes] == [item["id"] for item in plan["changes"]]


def test_what_was_reviewed_is_applied_though_the_revision_is_another(
    repo: Repo, folder: Path, tmp_path: Path
) -> None:
    repo.request("shop", ou="Workloads/Prod")
    repo.commit("Promote the shop")
    repo.aft("plan", "--report", str(folder))
    repo.request("new")
    repo.commit("Ask for another, which nobody reviewed")
    out = tmp_path / "applied"
    result = repo.aft(
        "apply", "--yes", "--reviewed", str(folder / "reviewed.json"), "--report", str(out)
    )
    assert result.code == 0, result.out + result.err
    assert str(repo.accounts()["shop"].ou) == "Workloads/Prod"
    assert "new" in repo.accounts()
    assert "Not in the reviewed plan, but no risk: " in result.out
    assert names(out) == ["comment.md", "outcome.json", "summary.md"]
    comment = (out / "comment.md").read_text()
    assert comment.startswith("<!-- aft:apply -->\n\n## ✅ aft apply: all done")
    assert "### Not in the reviewed plan, but no risk\n\n- `+ new: account new <aws+new@" in comment
    outcome = json.loads((out / "outcome.json").read_text())
    assert f"Run `{outcome['run']}`" in comment
    tip = repo.git("rev-parse", "aft/ledger-sandbox")[:7]
    assert comment.rstrip().endswith(f"ledger `{tip}`</sub>")


def test_a_risk_that_nobody_reviewed_is_held_and_everything_else_is_done(
    repo: Repo, folder: Path, tmp_path: Path
) -> None:
    repo.request("new")
    repo.commit("Ask for another")
    repo.aft("plan", "--report", str(folder))
    repo.request("shop", ou="Workloads/Prod")
    repo.commit("Promote the shop meanwhile")
    out = tmp_path / "applied"
    arguments = ("apply", "--yes", "--reviewed", str(folder / "reviewed.json"))
    result = repo.aft(*arguments, "--report", str(out))
    assert result.code == 4, "nothing that was pushed since the last run may go unnoticed"
    why = "move Workloads/Dev → Workloads/Prod: not reviewed, and risky: other guardrails will hold"
    assert f"held > shop: {why}" in result.out
    assert "by the digest of what is held" in result.out
    assert str(repo.accounts()["shop"].ou) == "Workloads/Dev"
    assert str(repo.accounts()["new"].ou) == "Workloads/Dev"
    assert names(out) == ["comment.md", "outcome.json", "summary.md"]
    comment = (out / "comment.md").read_text()
    assert comment.startswith(
        "<!-- aft:apply -->\n\n<!-- aft:open -->\n\n## ⚠️ aft apply: partly done, 1 held"
    )
    assert "- ✋ `> shop: move Workloads/Dev → Workloads/Prod`: not reviewed" in comment
    rows = {row["id"]: row for row in json.loads((out / "outcome.json").read_text())["accounts"]}
    statuses = {name: row["status"] for name, row in rows.items()}
    assert statuses == {"new": "succeeded", "shop": "held"}

    (held,) = status_of(repo, "shop")["held"]
    assert (held["step"], held["reason"]) == ("account ou", rows["shop"]["reason"])
    assert "Hold back: move account of shop" in repo.aft("history", "shop").out
    ledger = repo.git("rev-parse", "aft/ledger-sandbox")
    again = repo.aft(*arguments)
    assert again.code == 0, "it stood so before"
    assert "1 unfulfilled, which this change does not cover" in again.out
    assert repo.aft(*arguments, "--strict").code == 4
    assert f"held > shop: {why}" in again.out
    assert repo.git("rev-parse", "aft/ledger-sandbox") == ledger, "it is noted once"
    release = json.loads((out / "outcome.json").read_text())["release"]
    assert release in again.out
    released = repo.aft(*arguments, "--accept", release)
    assert (released.code, str(repo.accounts()["shop"].ou)) == (0, "Workloads/Prod")

    repo.request("shop")
    repo.commit("Let the shop stay")
    repo.apply()
    assert status_of(repo, "shop")["held"] == []
    assert status_of(repo, "shop")["state"] == "active"


@pytest.mark.parametrize("is_reviewed", [False, True])
def test_a_line_of_allow_lifts_the_hold_only_if_it_was_reviewed(
    repo: Repo, folder: Path, is_reviewed: bool
) -> None:
    """Else who pushes a change past the review could push its permission with it."""
    line = "{what: move, reason: The shop may come home, until: 2099-01-01}"
    repo.aft("plan", "--report", str(folder))
    repo.request("shop", f"allow: [{line}]\n")
    repo.commit("Let the shop be moved")
    if is_reviewed:
        repo.aft("plan", "--report", str(folder))
    move_to_root(repo, "shop")
    result = repo.aft("apply", "--yes", "--reviewed", str(folder / "reviewed.json"))
    assert str(repo.accounts()["shop"].ou) == ("Workloads/Dev" if is_reviewed else "/")
    assert ("no review has seen the line of `allow`" in result.out) is not is_reviewed


def move_to_root(repo: Repo, name: str) -> None:
    account = repo.accounts()[name]
    with repo.organizations() as client:
        root = client.list_roots()["Roots"][0]["Id"]
        client.move_account(
            AccountId=account.id, SourceParentId=account.parent_id, DestinationParentId=root
        )


def status_of(repo: Repo, name: str) -> dict[str, Any]:
    rows = repo.aft("status", "--json").data["accounts"]
    found: dict[str, Any] = next(row for row in rows if row["id"] == name)
    return found


def test_the_world_moved_after_the_review(repo: Repo, folder: Path) -> None:
    """The reviewed move was from Dev; somebody has moved the account by hand since."""
    repo.request("shop", ou="Workloads/Prod")
    repo.commit("Promote the shop")
    repo.aft("plan", "--report", str(folder))
    move_to_root(repo, "shop")
    result = repo.aft("apply", "--yes", "--reviewed", str(folder / "reviewed.json"))
    assert result.code == 4
    assert "something else was reviewed" in result.out
    assert str(repo.accounts()["shop"].ou) == "/"


def test_forgetting_an_account_can_be_reviewed_in_a_plan_of_what_changed(
    repo: Repo, folder: Path
) -> None:
    """Only a full plan may conclude that an account is to be forgotten, so it becomes one."""
    repo.remove("account-requests/lab.yaml")
    repo.commit("Let the lab go")
    planned = repo.aft("plan", "--changed-since", "HEAD~1", "--report", str(folder))
    assert planned.code == 0
    assert "a request's file is gone, so this is a full plan" in planned.err
    assert "- forget    the account itself is left alone" in (folder / "comment.md").read_text()
    assert repo.aft("apply", "--yes", "--reviewed", str(folder / "reviewed.json")).code == 0
    assert "aft:request" not in repo.accounts()["lab"].tags


def test_a_renamed_request_needs_no_full_plan(repo: Repo, folder: Path) -> None:
    text = (repo.root / "account-requests/lab.yaml").read_text()
    repo.remove("account-requests/lab.yaml")
    repo.write("account-requests/attic.yaml", text + "previously: lab\n")
    repo.commit("Call the lab attic")
    planned = repo.aft("plan", "--changed-since", "HEAD~1", "--report", str(folder))
    assert "full plan" not in planned.err
    assert repo.aft("apply", "--yes", "--reviewed", str(folder / "reviewed.json")).code == 0
    assert repo.accounts()["lab"].tags["aft:request"] == "attic"


def test_without_a_pull_request_only_routine_goes_ahead(repo: Repo, tmp_path: Path) -> None:
    nothing = tmp_path / "nothing.json"
    nothing.write_text(reviewed_to_json(NOTHING_REVIEWED))
    repo.request("new")
    repo.commit("Pushed to main")
    assert repo.aft("apply", "--yes", "--reviewed", str(nothing)).code == 0
    assert "new" in repo.accounts()
    repo.remove("account-requests/lab.yaml")
    repo.commit("Also pushed")
    result = repo.aft("apply", "--yes", "--reviewed", str(nothing))
    assert result.code == 4
    assert "held - lab: forget" in result.out
    assert repo.accounts()["lab"].tags["aft:request"] == "lab"


def test_a_creation_that_failed_half_way_is_continued_without_a_review(
    repo: Repo, tmp_path: Path
) -> None:
    nothing = tmp_path / "nothing.json"
    nothing.write_text(reviewed_to_json(NOTHING_REVIEWED))
    repo.request("new")
    repo.commit("Ask for another")
    denied = Rule("organizations", "MoveAccount", error("AccessDeniedException"))
    assert apply(repo, rules=[denied], look_inside=False).outcome.exit_code == 4
    assert str(repo.accounts()["new"].ou) == "/"
    result = repo.aft("apply", "--yes", "--reviewed", str(nothing))
    assert result.code == 0, result.out + result.err
    assert str(repo.accounts()["new"].ou) == "Workloads/Dev"


ROLE = """\
select: {requests: [shop]}
settings:
  - setting: iam-roles
    parameters:
      roles:
        - {name: audit, trust: {services: [ec2.amazonaws.com]}}
"""


def test_a_role_that_would_be_deleted_has_to_be_seen(repo: Repo, folder: Path) -> None:
    repo.write(
        "customizations/baselines/roles.yaml", ROLE + ROLE.splitlines()[-1].replace("audit", "ops")
    )
    repo.commit("Two roles")
    repo.apply()
    repo.write("customizations/baselines/roles.yaml", ROLE)
    repo.commit("One role less")
    nothing = folder.with_suffix(".json")
    nothing.write_text(reviewed_to_json(NOTHING_REVIEWED))
    held = repo.aft("apply", "--yes", "--reviewed", str(nothing))
    assert held.code == 4
    assert "something in the account is removed" in held.out
    repo.aft("plan", "--report", str(folder))
    assert "Risky: something in the account is removed." in (folder / "comment.md").read_text()
    applied = repo.aft("apply", "--yes", "--reviewed", str(folder / "reviewed.json"))
    assert applied.code == 0, applied.out + applied.err
    with repo.inside("shop") as client:
        names = {role["RoleName"] for role in client("iam").list_roles()["Roles"]}
    assert "audit" in names
    assert "ops" not in names


def test_a_published_plan_says_so(repo: Repo, folder: Path) -> None:
    assert repo.aft("apply", "--yes", "--publish").code == 0
    repo.request("new")
    base = repo.git("rev-parse", "HEAD")
    repo.commit("Ask for another")
    repo.state_file.unlink()
    result = repo.aft("plan", "--published", "--config-from", base, "--report", str(folder))
    assert result.code == 0, result.err
    comment = (folder / "comment.md").read_text()
    assert "> Planned without credentials, against the organization as it was published" in comment
    footer = comment.rstrip().splitlines()[-1]
    assert f"into `{base[:7]}`" in footer
    assert "as published at" in footer
    (created, *_) = reviewed_from_json((folder / "reviewed.json").read_text()).changes
    assert created.id == "account/new/create-account"


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"{}", "is missing"), (b"\xff\xfe", "cannot read"), (b"not json", "not JSON")],
)
def test_a_strange_reviewed_file_stops_before_aws(
    repo: Repo, folder: Path, tmp_path: Path, content: bytes, says: str
) -> None:
    file = tmp_path / "reviewed.json"
    file.write_bytes(content)
    repo.request("new")
    repo.commit("Ask for another")
    result = repo.aft("apply", "--yes", "--reviewed", str(file), "--report", str(folder))
    assert result.code == 1
    assert says in result.err
    assert "## ❌ aft apply failed" in (folder / "comment.md").read_text()
    assert "new" not in repo.accounts()


def test_a_failed_plan_is_red_and_leaves_nothing_of_an_earlier_one(
    repo: Repo, folder: Path
) -> None:
    assert repo.aft("plan", "--report", str(folder)).code == 0
    assert "✅ aft plan: no changes" in (folder / "comment.md").read_text()
    repo.write("customizations/organization/organization.yaml", "organizational_unit: []\n")
    repo.write("aft.yaml", "home_region: [\n")
    repo.commit("Break it")
    result = repo.aft("plan", "--report", str(folder))
    assert result.code == 3
    assert names(folder) == ["comment.md", "summary.md"]
    for name in names(folder):
        text = (folder / name).read_text()
        assert "## ❌ aft plan failed: 2 errors in 2 files" in text
        assert "`customizations/organization/organization.yaml:1:1` **AFT" in text
        assert "→ did you mean 'organizational\\_units'?" in text
        assert "no changes" not in text.casefold()


def test_errors_in_a_request_are_shown_and_hold_back_that_one(repo: Repo, folder: Path) -> None:
    base = repo.git("rev-parse", "HEAD").strip()
    repo.request("shop", "tgs: {}\n", ou="Workloads/Prd")
    repo.request("new")
    repo.commit("Ask for one account, and misspell another")
    result = repo.aft("plan", "--report", str(folder))
    assert result.code == 3
    text = (folder / "comment.md").read_text()
    assert "## ⚠️ aft plan: 1 to create, 1 account held back by errors" in text
    assert "### Errors" in text
    assert "`account-requests/shop.yaml:3:5` **AFT306** OU 'Workloads/Prd'" in text
    assert "→ did you mean 'Workloads/Prod'?" in text
    assert "1 account held back by errors in their files.**" in text
    own = repo.aft("plan", "--config-from", base)
    assert own.code == 3, "the change itself has them"
    others = repo.aft("plan", "--config-from", "HEAD")
    assert others.code == 0, "they were there before"
    elsewhere = repo.aft("plan", "--only", "new")
    assert elsewhere.code == 0, "what is looked at has none"

    reviewed = folder.parent / "reviewed.json"
    shutil.copy(folder / "reviewed.json", reviewed)
    applied = repo.aft("apply", "--yes", "--reviewed", str(reviewed), "--report", str(folder))
    assert applied.code == 4, "what was reviewed is done, but the review covers the broken file"
    assert applied.last_line.endswith("1 account held back by errors in their files.")
    comment = (folder / "comment.md").read_text().replace("\\", "")
    assert "## ⚠️ aft apply: partly done, 1 account held back by errors" in comment
    assert "shop: held back by an error: account-requests/shop.yaml:3:5" in comment.replace("`", "")
    assert json.loads((folder / "outcome.json").read_text())["held_back"][0]["id"] == "shop"
    assert {"new", "shop", "lab"} <= repo.accounts().keys()


def test_warnings_are_in_the_comment(repo: Repo, folder: Path) -> None:
    repo.write("account-requests/notes.csv", "not a request")
    repo.commit("Leave something that is not read")
    result = repo.aft("plan", "--report", str(folder))
    warnings = repo.aft("validate", "--format", "json").data["findings"]
    assert result.code == 0
    assert warnings
    comment = (folder / "comment.md").read_text()
    assert "### Findings" in comment
    assert all(f"**{item['code']}**" in comment for item in warnings)


def break_state(repo: Repo) -> None:
    repo.state_file.write_bytes(b"not a state")


@pytest.mark.parametrize("verb", ["plan", "apply"])
@pytest.mark.parametrize(
    ("breaks", "arguments"),
    [
        (break_state, ()),
        (None, ("--revision", "nowhere")),
        (None, ("--only", "nobody")),
        (None, ("--changed-since", "HEAD", "--only", "shop")),
    ],
)
def test_any_failure_is_told(
    repo: Repo,
    folder: Path,
    breaks: Callable[[Repo], None] | None,
    arguments: tuple[str, ...],
    verb: str,
) -> None:
    if breaks is not None:
        breaks(repo)
    result = repo.aft(verb, "--report", str(folder), *arguments)
    assert result.code == 1
    comment = (folder / "comment.md").read_text()
    state = "<!-- aft:open -->\n\n" if verb == "apply" else ""
    assert comment.startswith(f"<!-- aft:{verb} -->\n\n{state}## ❌ aft {verb} failed")
    assert "> [!CAUTION]" in comment
    assert names(folder) == ["comment.md", "summary.md"]


def test_without_credentials_it_is_a_failure(repo: Repo, folder: Path) -> None:
    result = repo.aft("plan", "--report", str(folder), sandbox=False)
    assert result.code == 1
    assert "## ❌ aft plan failed" in (folder / "comment.md").read_text()


def test_over_a_safety_limit(repo: Repo, folder: Path, tmp_path: Path) -> None:
    repo.write("aft.yaml", CONFIG.replace("create: 25", "create: 0"))
    repo.request("new")
    repo.commit("Allow nothing, ask for another")
    assert repo.aft("plan", "--report", str(folder)).code == 5
    comment = (folder / "comment.md").read_text()
    assert "## ⛔ aft plan: over a safety limit" in comment
    assert "**On merge:** nothing would be applied" in comment
    out = tmp_path / "applied"
    assert repo.aft("apply", "--yes", "--report", str(out)).code == 5
    applied = (out / "comment.md").read_text()
    assert "## ⛔ aft apply refused: nothing was done" in applied
    assert "**AFT950**" in applied


def test_a_killed_run_has_said_that_it_did_not_finish(repo: Repo, folder: Path) -> None:
    """What stands there while the run goes on is what is left when nobody can write any more."""
    session = Session(directory=repo.root, simulated=True, quiet=True, verbose=False)
    while_it_ran: list[str] = []

    def run() -> None:
        with report_folder(session, folder, "apply"):
            while_it_ran.append((folder / "comment.md").read_text())
            raise ZeroDivisionError("account 123456789012")

    with pytest.raises(ZeroDivisionError):
        run()
    assert "## ❌ aft apply failed" in while_it_ran[0]
    assert "did not finish" in while_it_ran[0]
    after = (folder / "comment.md").read_text().replace("\\", "")
    assert "unexpected ZeroDivisionError at tests/workflow/test_report_folder.py:" in after
    assert "9012" not in after, "what it says stays here"
    assert "this is a bug in aft" in after


def test_a_report_folder_that_cannot_be_written_is_an_error(repo: Repo, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = repo.aft("plan", "--report", str(tmp_path / "file" / "report"))
    assert result.code == 1
    assert "cannot write the report folder" in result.err


def test_stopped_by_its_deadline_and_continued(repo: Repo, folder: Path) -> None:
    with repo.sandbox() as sandbox:
        sandbox.configure(creation_seconds=(1500.0, 1500.0))
    repo.request("new")
    repo.commit("Ask for another")
    result = repo.aft("apply", "--yes", "--deadline", "60", "--report", str(folder))
    assert result.code == 4
    comment = (folder / "comment.md").read_text()
    assert "## ⏸️ aft apply: partly done" in comment
    assert "Stopped: the deadline of 60 s has passed. The next run continues there." in comment
    assert "- ⏸️ `new` stopped at `create account`" in comment
    assert repo.aft("apply", "--yes", "--report", str(folder)).code == 0
    assert "## ✅ aft apply: all done" in (folder / "comment.md").read_text()


# --- masking --------------------------------------------------------------------------------


MASKED = CONFIG + "report: {mask: [emails, account-ids]}\n"
TOLD = re.compile(r"(?<![0-9a-f:])[0-9]{12}(?![0-9a-f])|[a-z+-]{4,}\\?@\u200b?example\.com")


def test_everything_people_see_is_masked(repo: Repo, folder: Path, tmp_path: Path) -> None:
    repo.write("aft.yaml", MASKED)
    repo.request("shop", "tags: {contact: someone@example.com}\n", ou="Workloads/Prod")
    repo.request("new")
    repo.commit("Mask, and change something")
    out = tmp_path / "applied"
    planned = repo.aft("plan", "--report", str(folder))
    shown = repo.aft("plan", "--format", "markdown")
    applied = repo.aft("apply", "--yes", "--report", str(out))
    assert (planned.code, applied.code) == (0, 0)
    assert names(folder) == ["comment.md", "reviewed.json", "summary.md"]
    texts = [
        *(path.read_text() for path in (*folder.iterdir(), *out.iterdir())),
        *(item for result in (planned, shown, applied) for item in (result.out, result.err)),
    ]
    for text in texts:
        assert TOLD.findall(re.sub(r"sha256:[0-9a-f]+", "", text)) == []
    assert f"••••••••{repo.accounts()['shop'].id[-4:]}" in planned.out
    assert "s•••@example.com" in planned.out


def test_what_a_tool_asks_for_is_not_masked(repo: Repo) -> None:
    repo.write("aft.yaml", MASKED)
    repo.request("shop", ou="Workloads/Prod")
    repo.commit("Mask")
    plan = repo.plan()
    assert plan["changes"][0]["account_id"] == repo.accounts()["shop"].id


def test_findings_are_masked_in_text_and_annotations(repo: Repo) -> None:
    repo.write("aft.yaml", MASKED)
    repo.write(
        "account-requests/twin.yaml", "name: twin\nemail: aws+shop@example.com\nou: Sandbox\n"
    )
    repo.commit("Take the same address")
    for arguments in ((), ("--format", "github")):
        result = repo.aft("validate", *arguments)
        assert result.code == 3
        assert "a•••@example.com" in result.out
        assert TOLD.findall(result.out) == []
    failed = repo.aft("plan")
    assert failed.code == 3
    assert TOLD.findall(failed.err) == []
    assert "aws+shop@example.com" in repo.aft("validate", "--format", "json").out


def test_while_the_configuration_cannot_be_read_everything_is_masked(
    repo: Repo, folder: Path
) -> None:
    repo.write("aft.yaml", "home_region: [someone@example.com]\n")
    repo.commit("Break the configuration")
    result = repo.aft("plan", "--report", str(folder))
    assert result.code == 3
    assert TOLD.findall(result.err + (folder / "comment.md").read_text()) == []
