"""What people wrote as their reason is in the ledger, beside what was done because of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from builders_repo import CONFIG, Repo

LIFTED = """\
  allow:
    - {limit: create, up_to: 3, reason: The migration of PLAT-9, until: 2999-12-31}
"""


def details(repo: Repo, subject: str, kind: str) -> dict[str, Any]:
    entries = json.loads(repo.aft("history", subject, "--json").out)
    found: dict[str, Any] = next(entry["details"] for entry in entries if entry["kind"] == kind)
    return found


def test_a_creation_says_who_asked_and_why(tmp_path: Path) -> None:
    repo = Repo.standard(tmp_path / "repo")
    repo.request("shop", "owner: {team: web, email: web@example.com}\nreason: Sells\nticket: P-1\n")
    repo.request("lab")
    repo.commit("Ask")
    repo.apply()
    assert details(repo, "shop", "intent")["why"] == {
        "owner": "web",
        "reason": "Sells",
        "ticket": "P-1",
    }
    assert "why" not in details(repo, "lab", "intent")


def test_an_adoption_says_why(tmp_path: Path) -> None:
    repo = Repo.standard(tmp_path / "repo")
    repo.request("old", 'account_id: "210987654321"\nreason: Brought under aft\n')
    repo.commit("Adopt")
    repo.aft("sandbox", "seed")
    repo.apply()
    assert details(repo, "old", "bound")["why"] == {"reason": "Brought under aft"}


def test_a_lifted_limit_is_shown_and_kept(tmp_path: Path) -> None:
    repo = Repo.standard(tmp_path / "repo")
    repo.write("aft.yaml", CONFIG.replace("{create: 25}", "\n  create: 1") + LIFTED)
    repo.request("shop")
    repo.request("lab")
    repo.commit("Ask")
    line = "2 creations are over the limit of 1; allowed up to 3 until 2999-12-31: The migration"
    comment = repo.aft("plan", "--format", "markdown").out.replace("\\", "")
    assert f"### Limits lifted\n\n- {line}" in comment
    repo.apply()
    (kept,) = details(repo, "organization", "run-started")["lifted"]
    assert kept.startswith(line)
