"""Accounts for which nothing is done because of errors in files, as a plan says it."""

from __future__ import annotations

from aft.findings.model import Condition, Finding, finding_about
from aft.ledger.events import AccountRecord
from aft.values.ids import OrgUnitPath

_HINT = "nothing is done for the account until then; aft validate lists every error"


def held_back(target: str, error: Finding) -> Finding:
    """``error`` as the reason why nothing is done for ``target``."""
    hint = f"{error.hint or 'fix the file'}; {_HINT}"
    message = f"held back by an error: {error.where}: {error.code} {error.message}"
    return finding_about("AFT926", target, message, hint, Condition.HELD_BACK)


def held_elsewhere(target: str, *, here: OrgUnitPath | None, wanted: OrgUnitPath) -> Finding:
    """It is not where its request wants it, and is not moved."""
    message = (
        f"the account is held back by an error, so it stays in {here or '?'} and is not moved "
    )
    hint = "fix the error; the next run moves it"
    return finding_about("AFT928", target, f"{message}to {wanted}", hint, Condition.ACCOUNT_KEPT)


def is_finished(record: AccountRecord) -> bool:
    """As far as the ledger can tell, nothing was left to do when files were last right."""
    return record.account_id is not None and record.intent is None and not record.failures
