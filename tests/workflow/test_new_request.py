"""``aft new``: from flags, from prompts, from an issue; the file is there, or nothing is."""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from builders_issue import GOOD, issue_text
from builders_repo import BASELINE, Repo, Result

from aft.desired.issue_form import FormChoices, form_yaml
from aft.text.policy import is_unseen, shown

DEFAULTS = (
    "email: aws+{id}@example.com\nname: '{id}'\nowner: {team: platform, email: p@example.com}\n"
)
PAYMENTS = "owner: {team: payments, email: payments@example.com}\ntags: {cost-center: '4711'}\n"
FORM = form_yaml(FormChoices(units=("Workloads", "Workloads/Prod", "Workloads/Dev", "Sandbox")))
SHOP = "account-requests/payments/payments-test.yaml"


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo.standard(tmp_path / "repo")
    repo.write("customizations/baselines/standard.yaml", f"{BASELINE}  - setting: budget\n")
    repo.write("account-requests/_defaults.yaml", DEFAULTS)
    repo.write("account-requests/payments/_defaults.yaml", PAYMENTS)
    repo.write("account-requests/payments/payments-prod.yaml", "ou: Workloads/Prod\n")
    repo.commit("Ask")
    return repo


def files(repo: Repo) -> dict[str, str]:
    """What is there and not committed."""
    lines = repo.git("status", "--porcelain", "--untracked-files=all").splitlines()
    return {line[3:]: (repo.root / line[3:]).read_text() for line in lines}


def test_flags_become_a_file_that_validates(repo: Repo) -> None:
    made = repo.aft(
        *("new", "payments-test", "--ou", "Workloads/Dev", "--owner-team", "payments"),
        *("--reason", "Try: the checkout", "--ticket", "PLAT-7", "--tag", "cost-center=4711"),
        *("--tag", "zip=01234", "--budget", "250"),
    )
    assert made.code == 0, made.err
    assert made.out == f"Wrote {SHOP}.\n"
    assert files(repo) == {
        SHOP: 'ou: Workloads/Dev\nreason: "Try: the checkout"\nticket: PLAT-7\n'
        'tags: {zip: "01234"}\nbudget: {monthly_usd: 250}\n'
    }
    assert repo.aft("validate").code == 0


def test_a_request_with_findings_is_not_written_and_all_are_shown(repo: Repo) -> None:
    made = repo.aft(
        *("new", "x", "--ou", "Workloads/Dve", "--baseline", "best", "--budget", "-1"),
        *("--tag", "aws:a=b"),
    )
    assert made.code == 3
    assert files(repo) == {}
    assert [line.split()[1] for line in made.err.splitlines()[:4]] == [
        "AFT306",
        "AFT204",
        "AFT204",
        "AFT311",
    ]
    assert made.err.startswith("account-requests/x.yaml:1:5: "), "places in the would-be file"
    assert "ou: Workloads/Dve" in made.out


def test_what_holds_everybody_back_comes_first(repo: Repo) -> None:
    repo.write("aft.yaml", "version: 1\nhome_region: nowhere at all\n")
    made = repo.aft("new", "x", "--ou", "Sandbox")
    assert made.code == 3
    assert "aft.yaml:2:14" in made.err
    assert "fix the repository first" in made.err
    assert not (repo.root / "account-requests/x.yaml").exists()


@pytest.mark.parametrize("name", ["payments-prod", "Payments-Prod"])
def test_an_id_that_is_taken_stays_with_its_file(repo: Repo, name: str) -> None:
    made = repo.aft("new", name, "--ou", "Sandbox", "--folder", "payments")
    assert made.code == 3
    assert "taken by account-requests/payments/payments-prod.yaml" in made.err
    assert files(repo) == {}


def test_the_folder_can_be_named_but_not_outside(repo: Repo) -> None:
    assert repo.aft("new", "x", "--ou", "Sandbox", "--folder", "lab").code == 0
    assert list(files(repo)) == ["account-requests/lab/x.yaml"]
    assert repo.aft("new", "y", "--ou", "Sandbox", "--folder", "../..").code == 1
    (repo.root / "account-requests" / "out").symlink_to(repo.root.parent)
    assert repo.aft("new", "y", "--ou", "Sandbox", "--folder", "out").code == 3
    assert not (repo.root.parent / "y.yaml").exists()


def test_a_new_team_says_how_it_can_be_reached(repo: Repo) -> None:
    made = repo.aft("new", "x", "--ou", "Sandbox", "--owner-team", "web")
    assert made.code == 1
    assert "--owner-email" in made.err
    assert files(repo) == {}


def test_print_shows_and_writes_nothing(repo: Repo) -> None:
    made = repo.aft("new", "x", "--ou", "Sandbox", "--print")
    assert (made.code, made.out) == (0, "ou: Sandbox\n")
    assert files(repo) == {}


def test_without_a_terminal_nothing_is_asked(repo: Repo) -> None:
    assert "ID" in repo.aft("new").err
    made = repo.aft("new", "x")
    assert made.code == 3
    assert "ou is missing" in made.err


# --- prompts ----------------------------------------------------------------------------------


class Terminal(io.StringIO):
    """Somebody who has typed everything ahead."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def typing() -> Iterator[Any]:
    before = sys.stdin

    def type_ahead(*lines: str) -> None:
        sys.stdin = Terminal("".join(f"{line}\n" for line in lines))

    yield type_ahead
    sys.stdin = before


def test_prompts_ask_what_neither_flags_nor_defaults_say(repo: Repo, typing: Any) -> None:
    typing("payments-test", "4", "Try it", "", "9", "standard")
    made = repo.aft("new", "--owner-team", "payments")
    assert made.code == 0, made.err
    assert files(repo) == {SHOP: "ou: Sandbox\nreason: Try it\nbaseline: standard\n"}
    said = made.out + made.err
    assert "Workloads/Dev" in said, "the OUs to choose from"
    assert "aws+payments-test@example.com" in said, "what the defaults give"
    assert "E-mail" not in said, "nothing is asked that the defaults give"
    assert "'9' is not in the list" in said


def test_prompts_can_be_turned_off(repo: Repo, typing: Any) -> None:
    typing("never read")
    assert repo.aft("new", "x", "--yes", "--ou", "Sandbox").code == 0


# --- issues -----------------------------------------------------------------------------------


def from_issue(repo: Repo, *more: str, **answers: Any) -> tuple[Result, Path]:
    issue = repo.root.parent / "issue.md"
    issue.write_text(issue_text(FORM, {**GOOD, **answers}), encoding="utf-8")
    report = repo.root.parent / "report"
    return repo.aft("new", "--from-issue", str(issue), "--report", str(report), *more), report


def test_good_answers_become_a_file_and_what_a_pull_request_needs(repo: Repo) -> None:
    made, report = from_issue(repo, "--issue", "12", "--requested-by", "ada")
    assert made.code == 0, made.err
    assert files(repo) == {
        SHOP: "# Asked for in issue #12 by ada.\nou: Workloads/Dev\n"
        "reason: We want to test the new checkout.\n"
    }
    assert json.loads((report / "request.json").read_text()) == {
        "id": "payments-test",
        "path": SHOP,
        "title": "Account payments-test: We want to test the new checkout.",
        "branch": "request/12-payments-test",
    }
    reply = (report / "reply.md").read_text()
    assert reply.startswith("<!-- aft:request -->\n")
    assert SHOP in reply
    assert "Closes #12." in (report / "pull-request.md").read_text()


def test_bad_answers_become_a_reply_and_nothing_else(repo: Repo) -> None:
    from_issue(repo)  # leaves files of an earlier run
    repo.remove(SHOP)
    made, report = from_issue(repo, name="../x", owner_email="nobody", budget="much")
    assert made.code == 3
    assert files(repo) == {}
    assert [path.name for path in report.iterdir()] == ["reply.md"]
    reply = (report / "reply.md").read_text()
    assert reply.startswith("<!-- aft:request -->\n")
    assert [line[:30] for line in reply.splitlines() if line.startswith("- ")] == [
        "- **What should the account be",
        "- **How can we reach the team?",
        "- **How much may it cost each ",
    ]


def test_what_only_the_repository_can_know_is_told_by_its_question(repo: Repo) -> None:
    made, report = from_issue(repo, name="payments-prod")
    assert made.code == 3
    reply = (report / "reply.md").read_text()
    assert "**What should the account be called?** request id" in reply
    assert files(repo) == {}


def test_a_broken_repository_is_not_the_requester_s_fault(repo: Repo) -> None:
    repo.write("aft.yaml", "version: 1\nhome_region: nowhere at all\n")
    made, report = from_issue(repo)
    assert made.code == 3
    assert "Nothing is wrong with your answers" in (report / "reply.md").read_text()
    assert not (report / "request.json").exists()


BROKEN = {
    "a request": ("account-requests/odd.yaml", "ou: Nowhere\n"),
    "a request that cannot be read": ("account-requests/odd.yaml", "ou: [\n"),
    "defaults of another folder": ("account-requests/other/_defaults.yaml", "ou: [\n"),
    "a baseline": ("customizations/baselines/odd.yaml", "settings: 1\n"),
    "a customization": ("customizations/accounts/odd/10-a.cfn.yaml", "{{ nothing\n"),
}


@pytest.mark.parametrize(("path", "text"), BROKEN.values(), ids=BROKEN)
def test_an_error_in_somebody_else_s_file_is_no_obstacle(repo: Repo, path: str, text: str) -> None:
    repo.write(path, text)
    repo.commit("Break something of somebody else")
    assert repo.aft("validate").code == 3
    made = repo.aft("new", "payments-test", "--ou", "Workloads/Dev", "--owner-team", "payments")
    assert made.code == 0, made.err
    assert list(files(repo)) == [SHOP]
    assert "odd" not in made.err
    (repo.root / SHOP).unlink()
    made, report = from_issue(repo)
    assert made.code == 0, made.err
    assert (report / "request.json").exists()


OWN = {
    "the id of a file with errors": ("account-requests/payments-test.yaml", "ou: Nowhere\n", ""),
    "the defaults that it takes": ("account-requests/payments/_defaults.yaml", "owner: 1\n", ""),
    "the address of a file with errors": (
        "account-requests/odd.yaml",
        "email: AWS+odd@example.com\nou: Nowhere\n",
        "aws+odd@example.com",
    ),
}


@pytest.mark.parametrize(("path", "text", "email"), OWN.values(), ids=OWN)
def test_what_the_request_itself_runs_into_is_an_obstacle(
    repo: Repo, path: str, text: str, email: str
) -> None:
    repo.write(path, text)
    repo.commit("Break something that the request needs")
    more = ("--email", email) if email else ()
    where = ("--ou", "Workloads/Dev", "--owner-team", "payments", "--owner-email", "a@example.com")
    made = repo.aft("new", "payments-test", *where, *more, "--folder", "account-requests/payments")
    assert made.code != 0
    assert path in made.err
    assert files(repo) == {}


HOSTILE = [
    "@everyone [click](https://evil.example) <img src=x> ```\n# big\n```",
    "<!-- aft:plan -->\n<!-- aft:request -->",
    "${{ github.token }} $(id) `id`",
    "| a | b |\n|---|---|",
    "x\n---\nname: stolen\nou: Workloads/Prod",
    "Fixes #1, closes org/repo#2 and GH-3",
    '"; ou: Workloads/Prod #',
    "{{ 7 * 7 }} {id}",
    "&anchor *alias !!python/object:os.system",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_answers_stay_text(repo: Repo, text: str) -> None:
    made, report = from_issue(repo, reason=text, team=text.split("\n", maxsplit=1)[0], ticket=text)
    assert made.code == 0, made.err
    ((path, content),) = files(repo).items()
    assert path == "account-requests/payments-test.yaml"
    assert yaml.safe_load(content) == {
        "ou": "Workloads/Dev",
        "owner": {"team": text.split("\n", maxsplit=1)[0], "email": "payments@example.com"},
        "reason": " ".join(text.split()),
        "ticket": " ".join(text.split()),
    }
    reply = (report / "reply.md").read_text()
    outside = re.sub(r"^(`{3,})yaml\n.*?^\1$", "", reply, flags=re.DOTALL | re.MULTILINE)
    assert outside.count("<!--") == 1, "what is of theirs stands in a fence that it cannot end"
    body = (report / "pull-request.md").read_text()
    for sign in ("@everyone", " [click](", " <img", "<!--", "closes org/repo#2", "Fixes #1"):
        assert sign not in body, sign
    values = json.loads((report / "request.json").read_text())
    assert values["branch"] == "request/payments-test"
    assert "\n" not in values["title"]


UNSEEN = {
    "a zero-width space": {"team": "pay\u200bments"},
    "a filler": {"team": "pay\u3164ments"},
    "tag characters": {"reason": "x" + "".join(chr(0xE0000 + ord(it)) for it in "ou: Prod")},
    "an override": {"reason": "x \u202egnihton\u202c"},
    "a joiner in a name": {"team": "pay\u200dments"},
    "an emoji selector in a name": {"team": "pay\ufe0f"},
    "a mark for a direction": {"owner_email": "payments\u200f@example.com"},
    "a soft hyphen in an address": {"owner_email": "pay\u00adments@example.com"},
    "an address in Cyrillic": {"owner_email": "pаyments@example.com"},
    "an unassigned character": {"ticket": "X-\u0378"},
    "a private character": {"ticket": "X-\ue000"},
    "a decomposed letter": {"team": "cafe\u0301"},
    "a stack of marks": {"reason": "x" + "\u0315\u0323" * 200},
    "a tag's blank": {"tags": "team=a\u00a0b"},
    "a line end for some": {"reason": "a\x85b"},
    "a label's twin": {"team": "a\u2028### Reason"},
}


@pytest.mark.parametrize("answers", UNSEEN.values(), ids=UNSEEN)
def test_answers_that_no_one_can_read_are_shown_and_refused(
    repo: Repo, answers: dict[str, str]
) -> None:
    made, report = from_issue(repo, **answers)
    assert made.code == 3
    assert files(repo) == {}
    said = made.out + made.err + (report / "reply.md").read_text()
    assert not [letter for letter in set(said) - {"\u200b"} if is_unseen(letter)]
    (answer,) = answers.values()
    assert answer not in said or shown(answer) == answer
    assert any(words in said for words in ("U+", "combining marks", "an e-mail address")), said
