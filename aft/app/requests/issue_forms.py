"""The issue form of a repository: made from its OUs, baselines and customizations."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from aft.app.workspace import InvalidRepository, Workspace
from aft.config.model import REQUESTS_PATH
from aft.desired.desired import load_desired_state
from aft.desired.draft import folder_defaults
from aft.desired.issue_form import FormChoices, choices_of, form_yaml
from aft.desired.model import DesiredState
from aft.desired.overlay import OverlayFiles
from aft.errors import UserError
from aft.files import RevisionFiles
from aft.plugins import PROVIDERS_GROUP, RUNNERS_GROUP, SETTINGS_GROUP, load_plugins


def form_choices(state: DesiredState, files: RevisionFiles) -> FormChoices:
    """What the form lets people choose from."""
    top = folder_defaults(files, REQUESTS_PATH)
    return choices_of(state, needs_email="email" not in top.merged)


def form_of(workspace: Workspace) -> str:
    """The form of the working tree. Raises ``InvalidRepository`` when that has errors."""
    files = workspace.files(None)
    return form_yaml(form_choices(workspace.desired(files), files))


def form_of_new(folder: Path, scaffold: Mapping[str, str]) -> str:
    """The form of a repository that ``aft init`` has just written to ``folder``: of what is
    there, or of the scaffold alone where it is no git repository yet, or has errors."""
    if (folder / ".git").exists():
        try:
            return form_of(Workspace.find(folder))
        except (InvalidRepository, UserError):
            pass
    files = OverlayFiles(None, {path: text.encode() for path, text in scaffold.items()})
    result = load_desired_state(
        files,
        settings=load_plugins(SETTINGS_GROUP, lambda plugin: plugin.name),
        runners=load_plugins(RUNNERS_GROUP, lambda plugin: plugin.kind),
        providers=load_plugins(PROVIDERS_GROUP, lambda plugin: plugin.name),
    )
    if result.state is None:
        raise InvalidRepository(result.findings, files.revision)
    return form_yaml(form_choices(result.state, files))
