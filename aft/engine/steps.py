"""One function per kind of change; this is where a kind finds its own.

``CREATE_ACCOUNT`` has two halves (see ``creation``); what arrives here is the second.
"""

from __future__ import annotations

from typing import assert_never

from aft.engine.account_steps import (
    adopt_account,
    forget_account,
    move_account,
    rebind_account,
    rename_account,
    tag_account,
)
from aft.engine.context import RunContext
from aft.engine.creation import AskAgain, Asked, Creations
from aft.engine.customization_steps import (
    destroy_customization,
    forget_customization,
    run_customization,
)
from aft.engine.done import Done
from aft.engine.inside_steps import apply_setting
from aft.engine.organization_steps import create_unit, delete_unit, rename_unit
from aft.errors import Terminal
from aft.plan.model import Change, ChangeKind


def carry_out(  # noqa: C901, PLR0912 - a case per kind, proven complete by mypy
    context: RunContext, change: Change, *, creations: Creations, asked: Asked | None
) -> Done | AskAgain:
    """Carry out one change. Raises ``aft.errors`` when it cannot be done."""
    match change.kind:
        case ChangeKind.CREATE_OU:
            return create_unit(context, change)
        case ChangeKind.RENAME_OU:
            return rename_unit(context, change)
        case ChangeKind.DELETE_OU:
            return delete_unit(context, change)
        case ChangeKind.CREATE_ACCOUNT:
            if asked is None:
                raise Terminal(f"{change.id} was not asked for; this is a bug in aft")
            return creations.finish(change, asked)
        case ChangeKind.ADOPT_ACCOUNT:
            return adopt_account(context, change)
        case ChangeKind.REBIND_ACCOUNT:
            return rebind_account(context, change)
        case ChangeKind.MOVE_ACCOUNT:
            return move_account(context, change)
        case ChangeKind.RENAME_ACCOUNT:
            return rename_account(context, change)
        case ChangeKind.TAG_ACCOUNT:
            return tag_account(context, change)
        case ChangeKind.FORGET_ACCOUNT:
            return forget_account(context, change)
        case ChangeKind.APPLY_SETTING:
            return apply_setting(context, change)
        case ChangeKind.RUN_CUSTOMIZATION:
            return run_customization(context, change)
        case ChangeKind.DESTROY_CUSTOMIZATION:
            return destroy_customization(context, change)
        case ChangeKind.FORGET_CUSTOMIZATION:
            return forget_customization(context, change)
        case _:
            assert_never(change.kind)
