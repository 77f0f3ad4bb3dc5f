"""The branch a worker watches."""

from __future__ import annotations

import os
from collections.abc import Mapping

from aft.errors import UserError
from aft.git.repository import Repository
from aft.git.wire import RemoteBranchRef
from aft.values.ids import Revision


class GitRemoteBranch:
    """``aft.ports.RemoteBranch``. Raises ``UserError`` when the remote is not configured."""

    def __init__(
        self,
        repository: Repository,
        *,
        remote: str,
        branch: str,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        self._branch = branch
        self._wire = RemoteBranchRef(repository, remote=remote, branch=branch, environ=environ)

    def fetch(self) -> Revision:
        tip = self._wire.fetch()
        if tip is None:
            raise UserError(
                f"{self._wire.url} has no branch {self._branch!r}",
                hint="push the branch, or name another one (worker.branch in aft.yaml)",
            )
        return Revision(tip)
