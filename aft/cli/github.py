"""``aft github``: what the workflows do on GitHub. The only verb that talks to it."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import click

from aft.app.apply.reviewing import open_since
from aft.app.forge.posting import (
    post_sticky,
    pull_request_of_commit,
    settle_issue,
    text_to_post,
    why_not,
)
from aft.app.forge.pulls import PULLS_PREFIX, PullState, fetch_open_pulls, fetch_pull
from aft.app.forge.reviews import review_of_commit
from aft.app.forge.signatures import are_signatures_required, signature_findings
from aft.app.requests import form_of
from aft.app.text_files import read_text, write_text
from aft.app.world import open_ledger
from aft.cli.context import FILE, FOLDER, Session, pass_session
from aft.cli.github_options import APPLY_WORKFLOW, PLAN_WORKFLOW, Hub, hub_options
from aft.cli.github_previews import plan_again_command, previews_command
from aft.cli.github_requests import may_move_command, pull_request_command
from aft.cli.github_results import result_command, silent_page, status_command
from aft.cli.workflow_commands import print_commands
from aft.desired.codeowners import CODEOWNERS_PATH, codeowners, teams_without_handle
from aft.desired.issue_form import FORM_PATH
from aft.errors import AftError
from aft.forge.port import Thread, issue_thread, pull_thread
from aft.plan.model import ORGANIZATION
from aft.plan.reviewed import reviewed_to_json
from aft.report.findings import findings_github, findings_json, findings_text
from aft.report.markdown.failure import FailurePage
from aft.report.markdown.fitting import comment, summary
from aft.values.words import counted

FINDINGS_EXIT = 3
_OUT = click.option(
    "--out",
    type=FILE,
    metavar="FILE",
    help="The file to write. Default: its standard path in .github/.",
)
_CHECK = click.option(
    "--check", is_flag=True, help="Write nothing; exit 3 if the file is not up to date."
)


@click.group("github")
def command() -> None:
    """Work with comments, pull requests, reviews and issues, for workflows.

    All commands read and write files, so that other systems can run plan, apply and drift and post
    the files themselves. The token is AFT_GITHUB_TOKEN or GITHUB_TOKEN, the API is GITHUB_API_URL
    (https://HOST/api/v3 for an Enterprise Server). For the token of an app other than GitHub
    Actions, set its login in AFT_GITHUB_LOGIN."""


@command.command("comment")
@click.option("--file", type=FILE, required=True, help="The text; starts with its marker line.")
@click.option("--pull", type=click.IntRange(min=1), help="Default: the event's pull request.")
@click.option("--commit", metavar="SHA", help="Use the pull request that merged this commit.")
@click.option(
    "--head", metavar="SHA", help="The head that the comment is about. Default: the event's."
)
@click.option(
    "--verb", type=click.Choice(["plan", "apply"]), help="The command to name if FILE is empty."
)
@hub_options
def comment_command(
    hub: Hub,
    *,
    file: Path,
    pull: int | None,
    commit: str | None,
    head: str | None,
    verb: str | None,
) -> None:
    """Write a comment on a pull request, or update the existing one.

    The existing comment is the one that starts with the same marker (<!-- aft:plan -->) and was
    written by the same account; comments of others are never changed. If FILE is missing or
    empty, the comment says that the job failed. Nothing is written if the pull request has a
    newer head; the failure is not written if it is closed."""
    if pull is not None and commit is not None:
        raise click.UsageError("--pull and --commit exclude each other")
    verb = verb or ("apply" if commit else "plan")
    text = text_to_post(file)
    has_text = bool(text.strip())
    if not has_text:
        text = silent_page(hub, verb)
    if commit is not None:
        merged = pull_request_of_commit(hub.forge, commit)
        if merged is None:
            click.echo(f"{commit[:10]} came without a pull request: nothing to comment on")
            return
        number = merged.number
    else:
        number = hub.pull(pull)
        head = hub.head(head, number)
        no_need = why_not(hub.forge, number, head, has_text=has_text)
        if no_need:
            click.echo(no_need)
            return
    _post(hub, pull_thread(number), text)


@command.command("pulls", short_help="Fetch the heads of the open pull requests.")
@click.option("--exclude", metavar="N", type=int, multiple=True, help="Exclude this pull request.")
@click.option("--remote", default="origin", show_default=True, help="The remote to fetch from.")
@hub_options
def pulls_command(hub: Hub, *, exclude: tuple[int, ...], remote: str) -> None:
    """Fetch the heads of the open pull requests into refs/aft/pulls/<N>.

    Fetches only git objects; nothing is checked out or run. Refs of closed pull requests are
    removed; the event's own pull request is excluded. For aft validate --against
    'refs/aft/pulls/*'."""
    own = {hub.event.pull.number} if hub.event.pull else set()
    fetched, missing = fetch_open_pulls(hub.forge, hub.fetching(remote), exclude={*exclude, *own})
    click.echo(f"{counted(len(fetched), 'open pull request')} in {PULLS_PREFIX}")
    for number in missing:
        click.echo(f"pull request #{number} has no head that can be fetched", err=True)


@command.command("fetch-pull", short_help="Fetch the result of merging a pull request.")
@click.argument("number", metavar="[N]", type=click.IntRange(min=1), required=False)
@click.option("--head", metavar="SHA", help="The head to merge. Default: the event's.")
@click.option("--remote", default="origin", show_default=True, help="The remote to fetch from.")
@click.option(
    "--report",
    type=FOLDER,
    metavar="DIR",
    help="Folder for comment.md and summary.md if there are conflicts.",
)
@hub_options
def fetch_pull_command(
    hub: Hub, *, number: int | None, head: str | None, remote: str, report: Path | None
) -> None:
    """Fetch the result of merging pull request N into refs/aft/merge.

    Only if it merges exactly this head, so that a late run does not plan something newer. The
    step's outputs are state (ready, outdated, closed or conflict), merge and base. Exit 1 if
    there are conflicts. If the pull request is outdated or closed, this is reported with exit 0,
    and there is no ref."""
    number = hub.pull(number)
    head = hub.head(head, number)
    if not head:
        raise click.UsageError("which head? The event has none; give --head SHA")
    fetched = fetch_pull(
        hub.forge, hub.fetching(remote), number, head, pause=hub.forge.client.pace.pause
    )
    state, merge, base = fetched.state.value, fetched.merge, fetched.base
    hub.outputs({"state": state, "merge": merge, "base": base})
    click.echo(fetched.words)
    if fetched.state is PullState.CONFLICT:
        if report is not None:
            _report_conflict(hub, report, base=fetched.pull.base_branch)
        sys.exit(1)


command.add_command(previews_command)
command.add_command(plan_again_command)
command.add_command(may_move_command)
command.add_command(pull_request_command)
command.add_command(result_command)
command.add_command(status_command)


@command.command("reviewed", short_help="Fetch the reviewed changes of a merge.")
@click.option("--commit", metavar="SHA", required=True, help="The merged commit.")
@click.option(
    "--out", type=FILE, required=True, help="The file to write, for aft apply --reviewed."
)
@click.option("--workflow", default=PLAN_WORKFLOW, show_default=True)
@hub_options
def reviewed_command(hub: Hub, *, commit: str, out: Path, workflow: str) -> None:
    """Fetch the reviewed changes of the pull request that a commit merged.

    Takes reviewed.json from the artifact aft-plan-<pull>-<head> of a run of the plan's workflow;
    artifacts of other workflows and events do not count. Pull requests merged since the last
    successful full apply count too, because their changes may still be pending, and those merged
    since the ledger knows of changes that were left undone. If nothing is
    found, the file says that nothing was reviewed, and aft apply makes no risky changes.

    The step's output pulls has the numbers of these pull requests, for aft github result."""
    review = review_of_commit(
        hub.forge,
        commit,
        plan_pipeline=workflow,
        apply_pipeline=APPLY_WORKFLOW,
        open_since=_open_since(hub.session),
    )
    write_text(out, reviewed_to_json(review.reviewed))
    hub.outputs({"pulls": " ".join(map(str, review.pulls))})
    click.echo(review.words)


def _open_since(session: Session) -> str:
    """Since when the ledger knows of things left undone; nothing where there is no ledger here."""
    try:
        workspace = session.workspace
        config = workspace.config(workspace.files("HEAD"))
        return open_since(open_ledger(workspace, config).events(ORGANIZATION))
    except AftError:
        return ""


@command.command("issue")
@click.option(
    "--file",
    type=FILE,
    required=True,
    help="The issue's text; an empty or missing file closes the issue.",
)
@click.option(
    "--label", required=True, help="The label that identifies the issue, such as aft:drift."
)
@click.option("--title", required=True)
@hub_options
def issue_command(hub: Hub, *, file: Path, label: str, title: str) -> None:
    """Open, update or close the issue with a label."""
    run = hub.context.run_url
    farewell = f"Closed: it is so no longer{f' ([run]({run}))' if run else ''}."
    text, note = text_to_post(file), hub.cut_note
    click.echo(
        settle_issue(hub.forge, label=label, title=title, text=text, note=note, farewell=farewell)
    )


@command.command("issue-text", short_help="Write the text of the event's issue to a file.")
@click.option(
    "--out", type=FILE, required=True, help="The file to write, for aft new --from-issue."
)
@hub_options
def issue_text_command(hub: Hub, *, out: Path) -> None:
    """Write the text of the event's issue to a file; makes no calls to GitHub.

    The step's outputs are issue (its number) and requester (its author's login)."""
    issue = hub.event.issue
    if issue is None:
        raise click.UsageError("the event has no issue; is this an issues event?")
    write_text(out, issue.body)
    hub.outputs({"issue": str(issue.number), "requester": issue.author.login})
    click.echo(f"text of issue #{issue.number} in {out}")


@command.command("start")
@click.argument("workflow", metavar="FILE")
@click.option(
    "--branch", default="main", show_default=True, help="The branch of the workflow file."
)
@click.option("--input", "inputs", metavar="NAME=VALUE", multiple=True, help="May be repeated.")
@hub_options
def start_command(hub: Hub, *, workflow: str, branch: str, inputs: tuple[str, ...]) -> None:
    """Start a workflow by its file, such as plan.yml.

    A pull request that a workflow opened starts no workflows: GitHub requires a person to
    approve them."""
    given = dict(item.partition("=")[::2] for item in inputs)
    if not re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9._-]*\.ya?ml", workflow) or "" in given:
        raise click.UsageError("name a file of .github/workflows, and inputs as NAME=VALUE")
    hub.forge.start_pipeline(workflow, branch=branch, inputs=given)
    click.echo(f"{workflow} was started on {branch}")


@command.command("reply")
@click.option("--issue", "number", type=click.IntRange(min=1), help="Default: the event's issue.")
@click.option("--file", type=FILE, required=True, help="The text; starts with its marker line.")
@hub_options
def reply_command(hub: Hub, *, number: int | None, file: Path) -> None:
    """Write a comment on an issue, or update the existing one."""
    if number is None:
        if hub.event.issue is None:
            raise click.UsageError("which issue? The event has none; give --issue N")
        number = hub.event.issue.number
    text = text_to_post(file)
    if not text.strip():
        raise click.UsageError(f"{file} is missing or empty")
    _post(hub, issue_thread(number), text)


@command.command("signatures", short_help="Find commits whose signature is not verified.")
@click.option(
    "--from", "base", metavar="REV", required=True, help="Commits of this revision are not checked."
)
@click.option(
    "--to",
    "head",
    metavar="SHA",
    required=True,
    help="All other commits up to this one are checked.",
)
@click.option("--format", "form", type=click.Choice(["text", "json", "github"]), default="text")
@hub_options
def signatures_command(hub: Hub, *, base: str, head: str, form: str) -> None:
    """Find commits whose signature GitHub has not verified; exit 3 if there are any.

    Does nothing unless aft.yaml at --from sets github.require_signatures."""
    workspace = hub.session.workspace
    if not are_signatures_required(workspace, base):
        hub.session.say("aft.yaml does not ask for signatures (github.require_signatures)")
        return
    findings = signature_findings(workspace, hub.forge, base=base, head=head)
    match form:
        case "json":
            click.echo(findings_json(findings), nl=False)
        case "github":
            print_commands(findings_github(findings))
        case _:
            click.echo(findings_text(findings) or "every commit is signed")
    if findings:
        sys.exit(FINDINGS_EXIT)


def _report_conflict(hub: Hub, folder: Path, *, base: str) -> None:
    page = FailurePage(
        verb="plan",
        message=f"This pull request has conflicts with {base}, so there is no merge to plan.",
        hint=f"merge or rebase onto {base}, then push again",
        log=hub.log,
    )
    write_text(folder / "comment.md", comment(page))
    write_text(folder / "summary.md", summary(page))


def _post(hub: Hub, thread: Thread, text: str) -> None:
    """Write the comment or update ours; warn when the next run would not find it."""
    posted = post_sticky(hub.forge, thread, text, note=hub.cut_note)
    click.echo(posted.words)
    login, me = posted.comment.author.login, hub.forge.me().login
    if login.lower() != me.lower():
        words = f"the token writes as {login}, not as {me}; set AFT_GITHUB_LOGIN={login}"
        click.echo(words, err=True)


@command.command("codeowners", short_help="Generate CODEOWNERS from the owners in the requests.")
@_OUT
@_CHECK
@pass_session
def codeowners_command(session: Session, *, out: Path | None, check: bool) -> None:
    """Generate CODEOWNERS from the owners in the requests.

    Each team's handle is in github.teams of aft.yaml. What no team owns belongs to
    github.platform_team, as do aft.yaml, customizations/ and .github/. Makes no network calls."""
    workspace = session.workspace
    state = workspace.desired(workspace.files(None))
    unknown = teams_without_handle(state)
    if unknown:
        session.say(f"note: no handle in github.teams for {', '.join(unknown)}")
    _keep(session, codeowners(state), out, default=CODEOWNERS_PATH, check=check)


@command.command("issue-form", short_help="Generate the issue form for requesting accounts.")
@_OUT
@_CHECK
@pass_session
def issue_form_command(session: Session, *, out: Path | None, check: bool) -> None:
    """Generate the issue form "Request an AWS account", with the repository's OUs, baselines and
    customizations as choices.

    Run it again when these change; aft new --from-issue reads the answers. Makes no network
    calls."""
    _keep(session, form_of(session.workspace), out, default=FORM_PATH, check=check)


def _keep(session: Session, text: str, out: Path | None, *, default: str, check: bool) -> None:
    file = out or session.workspace.repository.path / default
    shown = out or default
    is_current = file.is_file() and read_text(file, errors="replace") == text
    if is_current or check:
        click.echo(f"{shown} is {'current' if is_current else 'not current'}")
    else:
        write_text(file, text)
        click.echo(f"wrote {shown}")
    if check and not is_current:
        sys.exit(FINDINGS_EXIT)
