"""The whole flow as people live it, executed by our own workflow files. Read it from the top."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from builders_github import Team, fork_of, repository, request
from builders_issue import GOOD, issue_text

from aft.desired.issue_form import FormChoices, form_yaml
from aft.sandbox.faults import Rule, error

MakeTeam = Callable[..., Team]


def test_from_a_pull_request_to_an_account_to_drift_and_back(make_team: MakeTeam) -> None:
    team = make_team()
    hub, github, aws = team.hub, team.github, team.hub.aws
    assert aws is not None

    # Ada asks for an account, and misspells the OU. The finding is on her line; the plan is red.
    pull, run = team.open("shop", request("shop", "Workloads/Dve"), title="An account for the shop")
    assert {name: job.result for name, job in run.jobs.items()} == {
        "plan": "failure",
        "plan-fork": "skipped",
        "comment": "success",
    }
    (found,) = run.jobs["plan"].annotations[:1]
    assert (found.level, found.place) == ("error", "account-requests/shop.yaml:2")
    assert found.title.startswith("AFT")
    (comment,) = github.state.comments_of(pull.number)
    assert comment.user.login == "github-actions[bot]"
    assert comment.body.startswith("<!-- aft:plan -->\n")
    assert "❌" in comment.body
    assert "Workloads/Dev" in comment.body, "did you mean"

    # She pushes again: the same comment now says what merging would do. Nothing is done yet.
    team.push("shop", request("shop"))
    run = team.planned(pull, "synchronize")
    assert run.conclusion == "success", run.text
    assert run.jobs["plan"].annotations == []
    assert github.state.comments_of(pull.number) == [comment]
    assert comment.edits == 1
    assert "Plan: 1 to create" in comment.body
    assert "+ account   shop <aws+shop@example.com>" in comment.body
    assert "❌" not in comment.body
    assert "Plan: 1 to create" in run.jobs["plan"].summary
    assert aws.organization.accounts() == {}
    assert team.ledger() == []

    # Grace merges. The accounts exist; the pull request says so; every step is in the ledger.
    run = team.merge(pull)
    assert run.conclusion == "success", run.text
    assert set(aws.organization.accounts()) == {"lab", "shop"}
    plan_comment, result = team.comments(pull.number)
    assert plan_comment == comment.body, "the plan stays as it was reviewed"
    assert result.startswith("<!-- aft:apply -->\n")
    assert aws.organization.accounts()["shop"] in result
    assert "2 of 2 accounts done" in run.jobs["apply"].summary
    ledger = team.ledger()
    assert any(line.endswith("for shop in Workloads/Dev") for line in ledger)
    assert any(line.startswith("Publish the organization") for line in ledger)

    assert list(hub.caches)[-1] == f"aft-parsed-{github.git.branch('main')}", "for later plans"

    # Somebody clicks in the console. The nightly look opens an issue, and only one.
    iam = aws.organization.inside(aws.organization.accounts()["shop"])("iam")
    iam.delete_account_password_policy()
    (run,) = hub.schedule("drift.yml")
    assert run.conclusion == "success", run.text
    (issue,) = [item for item in github.state.issues.values() if item.number != pull.number]
    assert issue.labels == ["aft:drift"]
    assert "iam-password-policy" in issue.body
    assert "password policy is not set" in issue.body
    assert hub.schedule("drift.yml")[0].conclusion == "success"
    assert len(github.state.issues) == 2
    assert issue.state == "open"

    # Grace has it repaired: the policy is back, and the issue is closed.
    run = hub.by_hand("drift.yml", repair=True)
    assert run.conclusion == "success", run.text
    assert run.jobs["repair"].environment == "aft-apply"
    assert iam.get_account_password_policy()["PasswordPolicy"]["MinimumPasswordLength"] >= 14
    assert issue.state == "closed", run.text

    # The next hour: nothing to do, and the result stays as it was.
    (run,) = hub.schedule("apply.yml")
    assert run.conclusion == "success", run.text
    assert "No changes. 2 accounts match" in run.text
    assert team.comments(pull.number) == [plan_comment, result]


def test_a_pull_request_from_a_fork(make_team: MakeTeam, tmp_path: Path) -> None:
    """It is planned against what was published last, without credentials of any kind."""
    team = make_team()
    aws = team.hub.aws
    assert aws is not None
    (run,) = team.hub.push("main")
    assert run.conclusion == "success", run.text
    assert aws.organization.sandbox is not None
    before = len(aws.organization.sandbox.log)

    fork = fork_of(team.hub, tmp_path / "fork")
    pull, run = team.open("shop", request("shop"), fork=fork, author="mallory")
    assert {name: job.result for name, job in run.jobs.items()} == {
        "plan": "skipped",
        "plan-fork": "success",
        "comment": "success",
    }
    assert run.jobs["plan-fork"].permissions == {"contents": "read", "pull-requests": "read"}
    assert run.jobs["plan-fork"].environment == ""
    assert len(aws.organization.sandbox.log) == before, "AWS was not asked anything"
    (comment,) = team.comments(pull.number)
    assert "Plan: 1 to create" in comment
    assert "as published at" in comment

    run = team.merge(pull)
    assert run.conclusion == "success", run.text
    assert set(aws.organization.accounts()) == {"lab", "shop"}


def test_an_issue_becomes_a_pull_request(make_team: MakeTeam) -> None:
    """Somebody who knows nothing of YAML asks, is told what to change, and gets an account."""
    units = ("Workloads/Dev", "Workloads/Prod", "Sandbox")
    form = form_yaml(FormChoices(units=units, takes_budget=False))
    team = make_team(repository({".github/ISSUE_TEMPLATE/account-request.yml": form}))
    github, hub = team.github, team.hub
    hub.by_hand("apply.yml")  # publishes the organization, as docs/how-to/github.md says

    text = issue_text(form, {**GOOD, "ou": "Workloads/Moon"})
    issue = github.open_issue("Account: x", body=text, labels=["aft:request"], author="linus")
    (run,) = hub.issue(issue)
    assert run.conclusion == "success", run.text
    assert github.state.pulls == {}
    (reply,) = github.state.comments_of(issue.number)
    assert "Workloads/Moon" in reply.body

    issue.body = issue_text(form, {**GOOD, "ou": "Workloads/Dev"})
    (run,) = hub.issue(issue, "edited")
    assert run.conclusion == "success", run.text
    assert github.state.pulls, run.text
    (pull,) = github.state.pulls.values()
    assert reply.edits == 1
    assert f"Closes #{issue.number}" in pull.issue.body
    assert "linus" in pull.issue.body
    assert "Workloads/Moon" not in reply.body

    planned = hub.runs[-1]
    assert planned.event.name == "workflow_dispatch", "nobody had to press a button"
    assert planned.conclusion == "success", planned.text
    assert "Plan: 1 to create" in team.comments(pull.number)[0]
    assert planned.jobs["plan"].result == "skipped", "who cannot push gets no live plan"
    assert planned.jobs["plan-fork"].result == "success"
    (status,) = github.state.statuses[pull.head_sha]
    assert (status.context, status.state) == ("aft/plan", "success"), "a rule can require it"

    # A writer's own request is planned live. What was approved stays, as does a reviewer's commit.
    github.state.settings.collaborators["linus"] = "write"
    issue.body = issue_text(form, {**GOOD, "ou": "Sandbox"})
    hub.issue(issue, "edited")
    assert hub.runs[-1].jobs["plan"].result == "success"
    branch = pull.head_ref
    approved = github.git.branch(branch)
    github.review(pull.number)
    issue.body = issue_text(form, {**GOOD, "ou": "Workloads/Prod"})
    runs = len(hub.runs)
    (run,) = hub.issue(issue, "edited")
    assert run.conclusion == "success", run.text
    assert github.git.branch(branch) == approved
    assert len(hub.runs) == runs + 1, "nothing is planned again"
    assert "was approved" in reply.body
    github.state.reviews.clear()
    team.clone.git("fetch", "--quiet", "origin")
    team.push(branch, {"NOTE": "checked"}, start=f"origin/{branch}")
    fixed = github.git.branch(branch)
    assert fixed != approved
    hub.issue(issue, "edited")
    assert github.git.branch(branch) == fixed
    assert "commits of people" in reply.body

    run = team.merge(pull)
    assert run.conclusion == "success", run.text
    assert hub.aws is not None
    assert GOOD["name"] in hub.aws.organization.accounts()

    other = github.open_issue("A question", body=text, author="linus")
    assert hub.issue(other)[0].jobs["request"].result == "skipped"


def test_what_failed_is_tried_again_on_schedule(make_team: MakeTeam) -> None:
    team = make_team()
    aws = team.hub.aws
    assert aws is not None
    assert aws.organization.sandbox is not None
    pull, _ = team.open("shop", request("shop"))
    rule = Rule("iam", "UpdateAccountPasswordPolicy", error("LimitExceeded", status=409))
    aws.organization.sandbox.faults.add(rule)
    run = team.merge(pull)
    assert run.jobs["apply"].result == "failure"
    assert "exit code 4" in run.text, "partly applied"
    result = team.comments(pull.number)[-1]
    assert result.startswith("<!-- aft:apply -->")
    assert "iam-password-policy" in result

    aws.organization.sandbox.faults.clear()
    (run,) = team.hub.schedule("apply.yml")
    assert run.conclusion == "success", run.text
    assert "all done" in team.comments(pull.number)[-1], "and no longer partly done"
    iam = aws.organization.inside(aws.organization.accounts()["shop"])("iam")
    assert iam.get_account_password_policy()


def test_what_nobody_reviewed_and_is_risky_is_held(make_team: MakeTeam) -> None:
    """A push past the pull request that moves an account between OUs, with its guardrails."""
    team = make_team()
    (run,) = team.hub.push("main")
    assert run.conclusion == "success", run.text
    team.push("main", {**request("lab", "Workloads/Dev"), **request("routine", "Sandbox")})
    (run,) = team.hub.push("main")
    assert run.jobs["apply"].result == "failure"
    assert "exit code 4" in run.text
    assert "- ✋ `> lab: move Sandbox → Workloads/Dev`" in run.jobs["apply"].summary
    aws = team.hub.aws
    assert aws is not None
    assert set(aws.organization.accounts()) == {"lab", "routine"}, "what is routine is done"
    assert not [line for line in team.ledger() if line.startswith("Move lab")]

    # Grace has read what it says. She lets exactly the plan of what is left through, by its digest.
    run = team.hub.by_hand("apply.yml", accept="sha256:000000000000")
    assert "exit code 5" in run.text
    digest = re.search(r'"digest": "(sha256:[0-9a-f]+)"', run.text)
    assert digest, run.text
    run = team.hub.by_hand("apply.yml", accept=digest[1])
    assert run.conclusion == "success", run.text
    assert [line for line in team.ledger() if line.startswith("Move lab")]

    # Somebody pushes the ledger back: no run goes on with it, but one that people start for that.
    team.hub.github.git.git("update-ref", "refs/heads/aft/ledger", "refs/heads/aft/ledger~1")
    (run,) = team.hub.schedule("apply.yml")
    assert "the ledger was rewritten" in run.text
    assert run.jobs["apply"].result == "failure"
    run = team.hub.by_hand("apply.yml", adopt_ledger=True)
    assert run.conclusion == "success", run.text
    assert any("Continue with a rewritten ledger" in line for line in team.ledger())


def test_open_pull_requests_see_each_other(make_team: MakeTeam) -> None:
    team = make_team()
    other, _ = team.open("one", {"account-requests/one.yaml": "name: twin\nou: Sandbox\n"})
    _, run = team.open("two", {"account-requests/two.yaml": "name: twin\nou: Sandbox\n"})
    notes = run.jobs["plan"].annotations
    assert [item.level for item in notes] == ["warning"], run.text
    assert f"#{other.number}" in notes[0].message
    assert notes[0].place == "account-requests/two.yaml:1"
