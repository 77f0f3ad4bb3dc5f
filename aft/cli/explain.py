"""``aft explain ID``: each effective value of one account, and where it comes from."""

from __future__ import annotations

from typing import Any

import click

from aft.app.explain import explain_access, explain_account
from aft.cli.context import REVISION_HELP, Session, many, pass_session
from aft.plan.access import Question
from aft.plan.explanation import narrowed
from aft.policy_language.service_facts import MULTI_VALUED_KEYS
from aft.report.explain_access import access_json, access_text
from aft.report.explain_values import explanation_json, explanation_view


@click.command("explain")
@click.argument("request_id", metavar="ID")
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option("-r", "--revision", help=f"{REVISION_HELP} Default: HEAD.")
@click.option(
    "--working-tree", is_flag=True, help="Explain the files on disk, including uncommitted changes."
)
@click.option("--live", is_flag=True, help="Also read AWS: ids, the current OU, what is set.")
@click.option(
    "--short", is_flag=True, help="Show only values set in files; one line per setting and step."
)
@many(
    "--action",
    "ACTION",
    "Evaluate service:Action with the SCPs and RCPs attached now; may be repeated.",
    "actions",
)
@click.option("--resource", metavar="ARN", help="With --action: the resource; '*' for none.")
@click.option("--region", metavar="REGION", help="With --action: the region.")
@click.option(
    "--principal", metavar="WHO", help="With --action: an ARN, root, role/NAME or user/NAME."
)
@many(
    "--context",
    "KEY[=VALUE]",
    "With --action: a condition key's value; repeat it for a list; without = the key is absent.",
    "pairs",
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
    if working_tree and revision:
        raise click.UsageError("--working-tree and --revision exclude each other")
    workspace = session.workspace
    files = workspace.files(None if working_tree else revision or "HEAD")
    question = _question(**asked)
    if question is not None:
        if names or short:
            raise click.UsageError("--action goes with neither NAME nor --short")
        access = explain_access(workspace, files, request_id, question)
        click.echo(access_json(access) if as_json else access_text(access), nl=False)
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
    if not actions:
        if pairs or any(said.values()):
            raise click.UsageError("--resource, --region, --principal and --context need --action")
        return None
    values, absent = _context(pairs)
    return Question(actions=actions, context=values, absent=absent, **said)


def _context(pairs: tuple[str, ...]) -> tuple[dict[str, str | tuple[str, ...]], list[str]]:
    """Values by key, and absent keys."""
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
