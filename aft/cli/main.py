"""``aft``: the verbs, their errors and exit codes.

Exit codes: 0 nothing to do or all done · 1 error · 2 changes present (``plan
--detailed-exitcode``, ``drift``) · 3 findings · 4 partly applied · 5 refused by a safety
limit or a stale plan; nothing was done · 130 interrupted before anything began (143: by SIGTERM).
Verbs are imported when they are called, so that ``--help`` and ``validate`` start at once.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

import click

from aft import __version__
from aft.cli.context import Masking, Session, simulated_by_environment
from aft.cli.interrupts import Interrupts
from aft.cli.outlets import outlets, report_bugs_safely
from aft.cli.workflow_commands import only_own_commands
from aft.errors import AftError, FindingsError, unexpected
from aft.redaction import hold_variables
from aft.runners.process.protection import forbid_tracing
from aft.traces import trace

STOPPED_EXIT = 130

VERBS: Mapping[str, str] = {
    "init": "Write the files of a new repository.",
    "new": "Write an account request, from options, prompts or an issue.",
    "validate": "Check all files offline; report findings with file, line, column and code.",
    "plan": "Show what apply would change, computed from the live organization.",
    "apply": "Apply the changes, or exactly a saved plan.",
    "drift": "Detect changes made outside git; --repair reverts them.",
    "status": "Show the state of each request: account, OU, pending and failed steps.",
    "explain": "Show each effective value of an account, and the line it comes from.",
    "history": "Show an account's history: request commits, plans, actions, results.",
    "doctor": "Check credentials, roles, permissions, quotas and settings.",
    "worker": "Watch a branch and reconcile when it changes.",
    "policy": "Evaluate and check policies: SCPs, RCPs and IAM policies.",
    "github": "Work with comments, pull requests, reviews and issues, for workflows.",
    "sandbox": "Run a simulated AWS organization on this machine.",
    "schema": "Print JSON Schemas for editors and other tools.",
}


class VerbGroup(click.Group):
    """Loads ``aft.cli.<verb>`` when ``<verb>`` is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in VERBS:
            return None
        command = importlib.import_module(f"aft.cli.{cmd_name}").command
        if not isinstance(command, click.Command):
            raise TypeError(f"aft.cli.{cmd_name}.command is not a command")
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        from aft.values.suggestions import did_you_mean

        if args and not args[0].startswith("-") and args[0] not in VERBS:
            hint = did_you_mean(args[0], VERBS)
            ctx.fail(f"no such verb {args[0]!r}" + (f"; {hint}" if hint else ""))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Verbs"):
            formatter.write_dl(list(VERBS.items()))


@click.command(
    cls=VerbGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
    epilog="Try it without an AWS account: aft --sandbox plan, aft --sandbox apply.",
)
@click.version_option(__version__, prog_name="aft", message="%(prog)s %(version)s")
@click.option(
    "-C",
    "--directory",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=".",
    help="Run as if started in this directory.",
)
@click.option(
    "--sandbox",
    "simulated",
    is_flag=True,
    help="Use a simulated organization on this machine; same as AFT_SANDBOX=1.",
)
@click.option("-q", "--quiet", is_flag=True, help="Print only results and errors.")
@click.option("-v", "--verbose", is_flag=True, help="Print more; show tracebacks of errors.")
@click.pass_context
def cli(
    ctx: click.Context, *, directory: Path, simulated: bool, quiet: bool, verbose: bool
) -> None:
    """Git is the front door to AWS accounts.

    A request is a YAML file in account-requests/. aft checks it, plans it against the live
    organization, creates or updates the account, and records every step in a ledger in git."""
    ctx.obj = Session(
        directory=directory,
        simulated=simulated or simulated_by_environment(os.environ),
        quiet=quiet,
        verbose=verbose,
        masking=ctx.obj if isinstance(ctx.obj, Masking) else Masking(),
    )


def main() -> NoReturn:
    """The ``aft`` command."""
    forbid_tracing()  # before there is a credential to read
    report_bugs_safely()
    interrupts = Interrupts()
    interrupts.begin()
    gc.set_threshold(50_000, 20, 20)  # what a command makes mostly lives until its end
    code = run(sys.argv[1:])
    interrupts.end()
    _leave(128 + interrupts.received if code == STOPPED_EXIT and interrupts.received else code)


def _leave(code: int) -> NoReturn:
    """End the process as it is.

    Taking ten thousand requests and as many functions apart, one by one, costs a tenth of a
    second of every command. The operating system does it at once; what must happen before, a
    ``with`` or ``atexit`` has seen to.
    """
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except BrokenPipeError:
        pass  # as in ``run``
    except OSError as error:
        code = code or 1
        with contextlib.suppress(OSError):
            os.write(2, f"error: cannot write the output: {error.strerror}\n".encode())
    atexit._run_exitfuncs()  # noqa: SLF001 - what the interpreter itself would do now
    os._exit(code)


def run(arguments: Sequence[str]) -> int:
    """Carry out one command line and return its exit code; errors are shown, not raised. Nothing is
    printed that holds a credential."""
    hold_variables(os.environ)
    with outlets(), only_own_commands(os.environ):
        return _run(arguments)


def _run(arguments: Sequence[str]) -> int:
    is_verbose = "-v" in arguments or "--verbose" in arguments
    masking = Masking()
    try:
        cli.main(list(arguments), prog_name="aft", standalone_mode=False, obj=masking)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except click.ClickException as error:
        error.show()
        return 1
    except (click.Abort, KeyboardInterrupt):
        click.echo("stopped", err=True)
        return STOPPED_EXIT
    except AftError as error:
        _show(error, masking)
        if is_verbose:
            _trace(error, masking)
        return error.exit_code
    except BrokenPipeError:
        # The reader (a pager, head) went away: not our failure, and not worth a message.
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 - outlives us
        return 0
    except Exception as error:  # noqa: BLE001 - the process's boundary: a bug, said as one
        click.echo(masking.mask(f"error: {unexpected(error)}"), err=True)
        click.echo("hint: this is a bug in aft; -v shows where, for the report", err=True)
        if is_verbose:
            _trace(error, masking)
        return 1
    return 0


def _trace(error: Exception, masking: Masking) -> None:
    click.echo(masking.mask(trace(error)), err=True, nl=False)


def _show(error: AftError, masking: Masking) -> None:
    from aft.text.policy import shown_lines

    mask = masking.mask
    if isinstance(error, FindingsError) and (findings := getattr(error, "findings", ())):
        from aft.report.findings import findings_text

        click.echo(mask(findings_text(findings)), err=True)
    click.echo(mask(f"error: {shown_lines(error.message)}"), err=True)
    if error.hint:
        click.echo(mask(f"hint: {shown_lines(error.hint)}"), err=True)
