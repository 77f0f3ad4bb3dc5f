"""The last pushed commit of the ledger, in a parameter of the management account: who may push the
ledger's branch, which in a hosted repository are many, has no access to it.
"""

from __future__ import annotations

import contextvars
import logging
import re

from aft.aws.session import AwsSessions
from aft.errors import Denied, NotFound, UserError

HEAD_PARAMETER = "/aft/ledger/head"
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_log = logging.getLogger(__name__)


class AwsLedgerHead:
    """Implements ``aft.ports.LedgerHead`` in the home region of the management account."""

    def __init__(self, sessions: AwsSessions) -> None:
        self._client = sessions.management

    def last(self) -> str:
        try:
            found = self._client("ssm").get_parameter(Name=HEAD_PARAMETER)
        except NotFound:
            return ""
        except Denied as error:
            _log.warning("it is not known whether the ledger was rewritten: %s", error.message)
            return ""
        commit = found["Parameter"]["Value"]
        if not _COMMIT.fullmatch(commit):
            raise UserError(
                f"the SSM parameter {HEAD_PARAMETER} does not hold the id of a commit",
                hint="find out who wrote it; then delete the parameter: the next apply writes it",
            )
        return commit

    def note(self, commit: str) -> None:
        # Not a write of the step that happens to push: the run's records of calls leave it out.
        contextvars.Context().run(self._note, commit)

    def _note(self, commit: str) -> None:
        self._client("ssm").put_parameter(
            Name=HEAD_PARAMETER,
            Description="The last commit of the ledger that aft pushed",
            Value=commit,
            Type="String",
            Overwrite=True,
        )
