"""Terraform plans in pull requests, executed by our own workflow files: never for forks."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from builders_github import MANAGEMENT, Team, fork_of, repository, request
from builders_repo import CONFIG
from builders_terraform import terraform

from aft.scaffold.roles import PREVIEW_READER_PATH, PREVIEW_READER_ROLE, preview_reader_template

MAIN = "customizations/accounts/web/terraform/main.tf"
OTHER = "customizations/accounts/web/terraform/other.tf"
KEPT = 'resource "terraform_data" "kept" {}\n'
GONE = 'resource "terraform_data" "gone" {}\n'
NOTE = 'resource "terraform_data" "new" {}\n'


def test_what_terraform_would_end_is_in_the_comment_and_then_happens(
    make_team: Callable[..., Team], tmp_path: Path
) -> None:
    terraform()
    roles = f"roles: {{reader: aft-reader, preview: {PREVIEW_READER_ROLE}}}\n"
    states = f"terraform: {{backend: {{local: {{directory: {tmp_path}/states}}}}}}\n"
    team = make_team(
        repository(
            {
                "aft.yaml": CONFIG + roles + states,
                PREVIEW_READER_PATH: preview_reader_template(PREVIEW_READER_ROLE, MANAGEMENT),
                MAIN: KEPT + GONE,
                OTHER: 'resource "terraform_data" "other" {}\n',
                **request("shop", more="customizations: [web]\n"),
            }
        )
    )
    team.github.environment("aft-preview", branches=("main",))
    team.hub.vars["AFT_PREVIEW_ROLE"] = f"arn:aws:iam::{MANAGEMENT}:role/aft-preview"
    (run,) = team.hub.push("main")
    assert run.conclusion == "success", run.text

    # A branch of this repository: the plan comes first, then Terraform's, and the plan once more.
    pull, run = team.open("less", {MAIN: KEPT + NOTE})
    assert run.conclusion == "success", run.text
    first, preview, again = [item for item in team.hub.runs if item.event.name != "push"]
    assert [item.path.rpartition("/")[2] for item in (first, preview, again)] == [
        "plan.yml",
        "preview.yml",
        "plan.yml",
    ]
    assert preview.conclusion == "success", preview.text
    assert preview.jobs["preview"].environment == "aft-preview"
    assert again.conclusion == "success", again.text
    (comment,) = team.comments(pull.number)
    assert "terraform_data.gone (terraform_data) is removed" in comment
    assert "terraform_data.new (terraform_data) is added" in comment

    # What was shown happens.
    assert team.merge(pull).conclusion == "success"

    # A fork: nothing of it runs, and nothing is known.
    fork = fork_of(team.hub, tmp_path / "fork")
    theirs, _ = team.open("theirs", {OTHER: "# nothing\n"}, fork=fork, author="mallory")
    run = team.hub.runs[-1]
    assert run.path.endswith("preview.yml")
    assert {job.result for job in run.jobs.values()} == {"skipped"}
    assert "is removed" not in team.comments(theirs.number)[0]

    # What was not shown is held, and the comment says how to go on.
    run = team.merge(theirs)
    assert run.conclusion == "failure"
    result = team.comments(theirs.number)[-1]
    assert "- terraform_data.other (terraform_data) is removed" in result
    (digest,) = set(re.findall(r"aft apply --accept (sha256:[0-9a-f]{64})", result))

    # Another digest lets nothing through; that one does, and only that plan.
    other = team.hub.by_hand("apply.yml", accept_terraform=f"sha256:{64 * '0'}")
    assert other.conclusion == "failure", other.text
    assert "terraform_data.other would be removed" in other.text
    done = team.hub.by_hand("apply.yml", accept_terraform=f"sha256:{64 * '1'} {digest}")
    assert done.conclusion == "success", done.text
    states = [path.read_text() for path in (tmp_path / "states").rglob("terraform.tfstate")]
    assert ["terraform_data" in text and '"other"' in text for text in states] == [False]
