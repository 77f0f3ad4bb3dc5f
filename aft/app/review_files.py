"""Files of a pull request's plan, which came from outside: read once they were tried."""

from __future__ import annotations

from aft.app.trials import TRIALS
from aft.errors import UserError
from aft.plan.preview_file import PreviewFile, previews_from_json
from aft.plan.reviewed import Reviewed, reviewed_from_json


def read_reviewed(text: str) -> Reviewed:
    """As ``reviewed_from_json``."""
    _check_effort("the reviewed plan", TRIALS.reviewed(text))
    return reviewed_from_json(text)


def read_previews(text: str) -> PreviewFile:
    """As ``previews_from_json``."""
    _check_effort("the file of previews", TRIALS.previews(text))
    return previews_from_json(text)


def _check_effort(what: str, why: str) -> None:
    """Raises ``UserError`` where there is a reason not to read ``what``."""
    if why:
        raise UserError(f"{what} is not read: {why}", hint="aft and people write none like it")
