"""Workflows, started by hand on a branch's own file."""

from __future__ import annotations

from collections.abc import Mapping

from aft.github.client import GitHubClient

WRITE = "actions: write"


def start_workflow(
    client: GitHubClient, workflow: str, *, branch: str, inputs: Mapping[str, str]
) -> None:
    """Ask for a run of the file ``workflow`` (``plan.yml``) as it is on ``branch``.

    The one thing that a workflow's own token may start other workflows with.
    """
    path = f"/actions/workflows/{workflow}/dispatches"
    client.tell(path, {"ref": branch, "inputs": dict(inputs)}, needs=WRITE)
