"""``aft explain ID``: each effective value of one account, and where it comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from aft.cli.context import REVISION_HELP, Session, pass_session

if TYPE_CHECKING:
    from aft.files import RevisionFiles
    from aft.plan.access import Question


@click.command("explain")
@click.argument("request_id", metavar="ID")
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option("-r", "--revision", help=f"{REVISION_HELP} Default: HEAD.")
@click.option(
    "--working-tree", is_flag=True, help="Explain the files on disk, including uncommitted changes."
)
@click.option("--live", is_flag=True, help="Also read AWS: the ids and the current OU.")
@click.option(
    "--short", is_flag=True, help="Show only values set in files; one line per setting and step."
)
@click.option(
    "--action",
    "actions",
    metavar="ACTION",
    multiple=True,
    help="Evaluate service:Action with the SCPs and RCPs attached now; may be repeated.",
)
@click.option("--resource", metavar="ARN", help="With --action: the resource; '*' for none.")
@click.option("--region", metavar="REGION", help="With --action: the region.")
@click.option(
    "--principal", metavar="WHO", help="With --action: an ARN, root, role/NAME or user/NAME."
)
@click.option(
    "--context",
    "pairs",
    metavar="KEY[=VALUE]",
    multiple=True,
    help="With --action: a condition key's value; repeat it for a list; without = the key is "
    "absent.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON for tools.")
@pass_session
def command(
    session: Session,
    *,
    request_id: str,
    names: tuple[str, ...],
    revision: str | None,
    working_tree: bool,
    live: bool,
    short: bool,
    as_json: bool,
    **asked: Any,
) -> None:
    """Show every effective value of an account, with the file and line that it comes from.

    Values come from the request, a _defaults.yaml above it, aft.yaml, the baseline, a setting's own
    default or the ledger; a replaced value is shown below the one that replaces it. NAME limits the
    output to a field, a setting, a parameter (budget.forecast_at) or a customization. Needs no
    credentials, except with --live.

    With --action, it reads from AWS what is allowed in the account instead. The answer is denied,
    allowed by the ceiling of SCPs and RCPs (IAM must still grant it), or what it depends on: the
    resource and condition keys that you did not give. Every answer names the level, policy and
    statement.
    """
    from aft.app.explain import explain_account
    from aft.plan.explanation import narrowed
    from aft.report.explain_values import explanation_json, explanation_view

    if working_tree and revision:
        raise click.UsageError("--working-tree and --revision exclude each other")
    workspace = session.workspace
    files = workspace.files(None if working_tree else revision or "HEAD")
    question = _question(**asked)
    if question is not None:
        if names or short:
            raise click.UsageError("--action goes with neither NAME nor --short")
        _answer(session, files, request_id, question, as_json=as_json)
        return
    explanation = narrowed(explain_account(workspace, files, request_id, live=live), names)
    if as_json:
        click.echo(explanation_json(explanation), nl=False)
    else:
        session.console.print(
            explanation_view(explanation, width=session.console.width, short=short), soft_wrap=True
        )


def _question(*, actions: tuple[str, ...], pairs: tuple[str, ...], **said: Any) -> Question | None:
    """What --action asks, if it is there."""
    from aft.plan.access import Question

    if not actions:
        if pairs or any(said.values()):
            raise click.UsageError("--resource, --region, --principal and --context need --action")
        return None
    values, absent = _context(pairs)
    return Question(actions=actions, context=values, absent=absent, **said)


def _answer(
    session: Session, files: RevisionFiles, request_id: str, question: Question, *, as_json: bool
) -> None:
    """What may be done in the account, as of now."""
    from aft.app.explain_access import explain_access
    from aft.report.explain_access import access_json, access_text

    access = explain_access(session.workspace, files, request_id, question)
    click.echo(access_json(access) if as_json else access_text(access), nl=False)


def _context(pairs: tuple[str, ...]) -> tuple[dict[str, str | tuple[str, ...]], list[str]]:
    """Values by key, and absent keys."""
    from aft.policy_language.service_facts import MULTI_VALUED_KEYS

    found: dict[str, list[str]] = {}
    absent: list[str] = []
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not key:
            raise click.UsageError(f"--context {pair!r} has no key")
        if equals:
            found.setdefault(key, []).append(value)
        else:
            absent.append(key)
    values: dict[str, str | tuple[str, ...]] = {}
    for key, items in found.items():
        is_list = len(items) > 1 or key.lower() in MULTI_VALUED_KEYS
        values[key] = tuple(items) if is_list else items[0]
    return values, absent
